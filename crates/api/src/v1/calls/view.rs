//! How calls and transcripts look from outside.

use gametape_core::{
    call::{Call, CallProblem, Progress},
    transcript::{Segment, Speaker, Transcript, Word},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    consent::ConsentView,
    details::{DealView, ParticipantView, TalkView, VisibilityName},
    hold::HoldView,
    priority::PriorityName,
};

/// One recorded conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(crate) struct CallView {
    /// Which.
    #[schema(example = "call_01JZ8Q4W9V7N3T5K2M6R8X0B1C")]
    id: String,
    /// As shown in lists.
    title: String,
    /// The rep whose call it is.
    owner_id: String,
    /// Where it stands.
    #[schema(value_type = CallStateName)]
    state: &'static str,
    /// How far it is, while it is being worked on.
    progress: Option<ProgressView>,
    /// How soon the work on it is done.
    priority: PriorityName,
    /// Why it failed.
    problem: Option<CallProblemView>,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
    /// Language asked for; null to detect it.
    requested_language: Option<String>,
    /// Language of the transcript, as a two-letter code.
    language: Option<String>,
    /// Length of the recording.
    duration_ms: Option<i64>,
    /// Channels that carry speakers: 1, or 2 when each side has its own.
    channels: Option<i64>,
    /// Model asked for; null for the worker's default.
    requested_model: Option<String>,
    /// Its upload, until that is complete.
    upload_id: Option<String>,
    /// Whether there is a transcript to read, complete or growing.
    has_transcript: bool,
    /// An older call with the very same recording.
    duplicate_of: Option<String>,
    /// Whose team's it is.
    team_id: Option<String>,
    /// Who sees it.
    visibility: VisibilityName,
    /// Labels.
    tags: Vec<String>,
    /// Who took part.
    participants: Vec<ParticipantView>,
    /// People who see it whatever its visibility is.
    invited: Vec<String>,
    /// What it is about to sell.
    deal: DealView,
    /// Whether those who are heard agreed to be recorded.
    consent: ConsentView,
    /// What keeps it from being deleted; null where nothing does.
    hold: Option<HoldView>,
    /// When its recording was deleted, in milliseconds since 1970, if that went before the call.
    recording_deleted_at: Option<i64>,
    /// How the talking was shared.
    talk: TalkView,
    /// Comments and answers that everybody sees who sees the call.
    comment_count: i64,
    /// Numbers of cards and accounts that were taken out of what is said.
    redactions: i64,
    /// When it was made here, in milliseconds since 1970.
    created_at: i64,
    /// When anything about it last changed, in milliseconds since 1970.
    updated_at: i64,
    /// Number of the last event that this shows: whoever listens to the call's events after it misses none.
    last_event: i64,
}

/// State of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallState)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum CallStateName {
    /// Its file is still coming in.
    Uploading,
    /// Its file is here, no worker has it yet.
    Queued,
    /// It is being worked on.
    Processing,
    /// Its transcript is complete.
    Ready,
    /// It can't be processed; the problem says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// How far a call is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(crate) struct ProgressView {
    /// The step under way.
    #[schema(value_type = StageName)]
    stage: &'static str,
    /// Share of that step that is done, 0 to 100.
    percent: f64,
    /// Estimate of the time left until the call is ready, once it is known.
    eta_ms: Option<i64>,
}

/// Steps of the work on a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stage)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum StageName {
    /// The parts of the upload are joined.
    Store,
    /// The recording is decoded and its speech found.
    Analyze,
    /// Speech becomes words.
    Transcribe,
    /// Statistics are made.
    Publish,
}

/// Why a call failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallProblem)]
pub(crate) struct CallProblemView {
    /// Stable name.
    #[schema(example = "no_audio_track")]
    code: String,
    /// What happened and what to do.
    detail: String,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        Self {
            stage: progress.stage.as_str(),
            percent: progress.percent,
            eta_ms: progress.eta_ms,
        }
    }
}

impl From<CallProblem> for CallProblemView {
    fn from(problem: CallProblem) -> Self {
        Self {
            code: problem.code,
            detail: problem.detail,
        }
    }
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        Self {
            id: call.id.into(),
            title: call.title,
            owner_id: call.owner_id.into(),
            state: call.state.as_str(),
            progress: call.progress.map(Into::into),
            priority: call.priority.into(),
            problem: call.problem.map(Into::into),
            occurred_at: call.occurred_at,
            requested_language: call.requested_language,
            language: call.language,
            duration_ms: call.duration_ms,
            channels: call.channels,
            requested_model: call.requested_model,
            upload_id: call.upload_id.map(Into::into),
            has_transcript: call.transcript_id.is_some(),
            duplicate_of: call.duplicate_of.map(Into::into),
            team_id: call.team_id.map(Into::into),
            visibility: call.visibility.into(),
            tags: call.tags,
            participants: call.participants.into_iter().map(Into::into).collect(),
            invited: call.invited.into_iter().map(Into::into).collect(),
            deal: call.deal.into(),
            consent: call.consent.into(),
            hold: call.hold.map(Into::into),
            recording_deleted_at: call.recording_deleted_at,
            talk: call.talk.into(),
            comment_count: call.comment_count,
            redactions: call.redaction_count,
            created_at: call.created_at,
            updated_at: call.updated_at,
            last_event: call.last_event,
        }
    }
}

/// The words of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transcript)]
pub(crate) struct TranscriptView {
    /// Language, as a two-letter code.
    language: Option<String>,
    /// Length of the recording.
    duration_ms: i64,
    /// Model that made it.
    model: String,
    /// Whether no more segments are to come.
    complete: bool,
    /// Segments ordered by `start_ms`, then channel.
    segments: Vec<SegmentView>,
}

/// One speaker's stretch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentView {
    /// Which.
    id: Option<String>,
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// Channel, counted from 0.
    channel: usize,
    /// Who speaks.
    speaker: SpeakerView,
    /// The words as a sentence.
    text: String,
    /// The words one by one, in order.
    words: Vec<WordView>,
    /// Whether somebody corrected it.
    edited: bool,
}

/// Who speaks.
#[derive(Debug, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Speaker)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpeakerView {
    /// Their side.
    pub(super) role: SpeakerRoleName,
    /// Their name.
    pub(super) name: String,
}

/// Which side of the conversation somebody is on.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = SpeakerRole)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpeakerRoleName {
    /// Sells.
    Rep,
    /// Is sold to.
    Customer,
    /// Anybody else, or not known.
    Other,
}

/// One word with the time at which it is heard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Word)]
pub(crate) struct WordView {
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// The word with its punctuation.
    text: String,
    /// The model's probability of it, 0 to 1.
    confidence: f32,
}

impl From<Speaker> for SpeakerView {
    fn from(speaker: Speaker) -> Self {
        use gametape_core::transcript::SpeakerRole;
        let role = match speaker.role {
            SpeakerRole::Rep => SpeakerRoleName::Rep,
            SpeakerRole::Customer => SpeakerRoleName::Customer,
            SpeakerRole::Other => SpeakerRoleName::Other,
        };
        Self {
            role,
            name: speaker.name,
        }
    }
}

impl From<Word> for WordView {
    fn from(word: Word) -> Self {
        Self {
            start_ms: word.start_ms,
            end_ms: word.end_ms,
            text: word.text,
            confidence: word.confidence,
        }
    }
}

impl From<Segment> for SegmentView {
    fn from(segment: Segment) -> Self {
        Self {
            id: segment.id.map(Into::into),
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            channel: segment.channel,
            speaker: segment.speaker.into(),
            text: segment.text,
            words: segment.words.into_iter().map(Into::into).collect(),
            edited: segment.edited,
        }
    }
}

impl From<Transcript> for TranscriptView {
    fn from(transcript: Transcript) -> Self {
        Self {
            language: transcript.language,
            duration_ms: transcript.duration_ms,
            model: transcript.model,
            complete: transcript.complete,
            segments: transcript.segments.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gametape_core::id::SegmentId;

    use super::*;

    #[test]
    fn transcripts_look_the_same_here_and_on_the_command_line() {
        let transcript = Transcript {
            language: Some("en".to_owned()),
            duration_ms: 5,
            model: "tiny.en".to_owned(),
            complete: false,
            segments: vec![Segment {
                id: Some(SegmentId::new(1)),
                start_ms: 1,
                end_ms: 2,
                channel: 1,
                speaker: Speaker::default_for(1, 2),
                text: "Hello.".to_owned(),
                words: vec![Word {
                    start_ms: 1,
                    end_ms: 2,
                    text: "Hello.".to_owned(),
                    confidence: 0.5,
                }],
                edited: false,
            }],
        };
        let core = serde_json::to_string(&transcript).unwrap();
        // The command line knows no corrections, and says nothing of them.
        let view = serde_json::to_string(&TranscriptView::from(transcript)).unwrap();
        assert_eq!(view.replace(",\"edited\":false", ""), core);
    }
}
