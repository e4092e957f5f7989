//! A call: one recorded conversation, and where it stands on its way to a transcript.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    consent::ConsentRecord,
    id::{CallId, RecordingId, TeamId, TranscriptId, UploadId, UserId},
    job::Priority,
    page::Order,
    redact::RedactionState,
    retention::Hold,
    stats::TalkStats,
    transcript::SpeakerRole,
    user::names,
};

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Its file is still coming in.
    Uploading,
    /// Its file is here, no worker has it yet.
    Queued,
    /// A worker has it, or a later stage waits for one.
    Processing,
    /// Its transcript is complete.
    Ready,
    /// It can't be processed; the problem says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}
names!(
    CallState,
    "call state",
    Uploading = "uploading",
    Queued = "queued",
    Processing = "processing",
    Ready = "ready",
    Failed = "failed",
    Cancelled = "cancelled",
);

impl CallState {
    /// Whether no work is left to do on it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Failed | Self::Cancelled)
    }
}

/// The steps that a recording takes, in order. Each is a job of its own with its own retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The parts of the upload are joined into one object.
    Store,
    /// Decoded once: length, channels, speech, waveform.
    Analyze,
    /// Speech becomes words.
    Transcribe,
    /// Statistics are made and the call becomes ready.
    Publish,
}
names!(
    Stage,
    "stage",
    Store = "store",
    Analyze = "analyze",
    Transcribe = "transcribe",
    Publish = "publish",
);

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The step under way.
    pub stage: Stage,
    /// Share of that step that is done, 0 to 100.
    pub percent: f64,
    /// Estimate of the time left until the call is ready, in milliseconds, once it is known.
    pub eta_ms: Option<i64>,
}

/// Why a call failed, in words for the person who uploaded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallProblem {
    /// Stable name, e.g. `no_audio_track`.
    pub code: String,
    /// What happened and what to do.
    pub detail: String,
}

/// Who sees a call beside its owner and the people who were invited to it one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Its team.
    Team,
    /// Everybody with an account.
    Org,
}
names!(
    Visibility,
    "visibility",
    Private = "private",
    Team = "team",
    Org = "org"
);

/// How a deal ended, or has not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealOutcome {
    /// Still being worked on.
    Open,
    /// They bought.
    Won,
    /// They did not.
    Lost,
}
names!(
    DealOutcome,
    "deal outcome",
    Open = "open",
    Won = "won",
    Lost = "lost"
);

/// What a call is about to sell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deal {
    /// As the team calls it.
    pub name: Option<String>,
    /// Where it stands, in the team's own words.
    pub stage: Option<String>,
    /// What it is worth, in the smallest unit of `currency`.
    pub amount_minor: Option<i64>,
    /// Currency, as three capital letters (ISO 4217).
    pub currency: Option<String>,
    /// How it ended.
    pub outcome: Option<DealOutcome>,
    /// Its id in another system.
    pub external_id: Option<String>,
}

/// Somebody who took part in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Their name.
    pub name: String,
    /// Their account, for colleagues.
    pub user_id: Option<UserId>,
    /// Where they work, for others.
    pub company: Option<String>,
}

/// Figures out of the talk statistics that lists filter and sort by; `None` until the call is ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TalkFigures {
    /// The rep's share of the talking, in thousandths.
    pub rep_talk_permille: Option<i64>,
    /// The rep's longest turn.
    pub rep_longest_monologue_ms: Option<i64>,
    /// Questions that the rep asks.
    pub rep_question_count: Option<i64>,
    /// Interruptions by anybody.
    pub interruption_count: Option<i64>,
    /// How long the rep waits before answering, as a median.
    pub patience_ms: Option<i64>,
}

impl TalkFigures {
    /// The figures out of the statistics of a call. Where several speakers are reps, they count as one.
    pub fn of(stats: &TalkStats) -> Self {
        let reps = || {
            stats
                .speakers
                .iter()
                .filter(|stats| stats.speaker.role == SpeakerRole::Rep)
        };
        let share: f64 = reps().map(|rep| rep.talk_share).sum();
        let has_rep = reps().next().is_some();
        Self {
            rep_talk_permille: has_rep.then(|| (share * 1_000.0).round() as i64),
            rep_longest_monologue_ms: reps().map(|rep| rep.longest_monologue_ms).max(),
            rep_question_count: has_rep.then(|| reps().map(|rep| rep.questions).sum()),
            interruption_count: Some(stats.interruptions),
            patience_ms: stats.patience_ms,
        }
    }
}

/// What a list of calls is sorted by. Calls that lack it come last, whichever way the list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSort {
    /// When they were made here.
    #[default]
    Created,
    /// When the conversation took place.
    Occurred,
    /// Their title, without regard to case.
    Title,
    /// Length of the recording.
    Duration,
    /// What their deal is worth, whatever the currency.
    DealAmount,
    /// The rep's share of the talking.
    RepTalk,
    /// Questions that the rep asks.
    Questions,
    /// Comments and answers that everybody sees.
    Comments,
}
names!(
    CallSort,
    "sort",
    Created = "created",
    Occurred = "occurred",
    Title = "title",
    Duration = "duration",
    DealAmount = "deal_amount",
    RepTalk = "rep_talk",
    Questions = "questions",
    Comments = "comments",
);

/// What a call is sorted by, in the form that a cursor keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// A time, a length, an amount or a count.
    Number(i64),
    /// A title in lower case.
    Text(String),
}

/// Where a page of calls ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallCursor {
    /// What the list is sorted by.
    pub sort: CallSort,
    /// Which way.
    pub order: Order,
    /// What the last call is sorted by; `None` where it lacks that.
    pub key: Option<SortKey>,
    /// The last call.
    pub id: String,
}

impl CallCursor {
    /// Whether it was given by a list that is sorted like this.
    pub fn fits(&self, sort: CallSort, order: Order) -> bool {
        let kind_fits = match (sort, &self.key) {
            (CallSort::Title, key) => matches!(key, Some(SortKey::Text(_))),
            (CallSort::Created | CallSort::Comments, key) => matches!(key, Some(SortKey::Number(_))),
            (_, key) => matches!(key, None | Some(SortKey::Number(_))),
        };
        self.sort == sort && self.order == order && kind_fits
    }
}

/// One recorded conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which.
    pub id: CallId,
    /// As shown in lists.
    pub title: String,
    /// The rep whose call it is.
    pub owner_id: UserId,
    /// Where it stands.
    pub state: CallState,
    /// How far it is, while it is being worked on.
    pub progress: Option<Progress>,
    /// How soon the work on it is done.
    pub priority: Priority,
    /// Why it failed.
    pub problem: Option<CallProblem>,
    /// When the conversation took place, if known.
    pub occurred_at: Option<TimeMs>,
    /// Language asked for, as a two-letter code; `None` to detect it.
    pub requested_language: Option<String>,
    /// Language of the transcript.
    pub language: Option<String>,
    /// Length of the recording, once decoded.
    pub duration_ms: Option<i64>,
    /// Channels that carry speakers: 1, or 2 when each side has its own.
    pub channels: Option<i64>,
    /// Model asked for; `None` for the worker's default.
    pub requested_model: Option<String>,
    /// Its media, once the upload is complete.
    pub recording_id: Option<RecordingId>,
    /// Its upload, until that is complete.
    pub upload_id: Option<UploadId>,
    /// The transcript that people read.
    pub transcript_id: Option<TranscriptId>,
    /// An older call of the same owner with the very same recording.
    pub duplicate_of: Option<CallId>,
    /// Whose team's it is.
    pub team_id: Option<TeamId>,
    /// Who sees it.
    pub visibility: Visibility,
    /// Labels, as they were written.
    pub tags: Vec<String>,
    /// Who took part.
    pub participants: Vec<Participant>,
    /// People who see it whatever its visibility is.
    pub invited: Vec<UserId>,
    /// What it is about to sell.
    pub deal: Deal,
    /// Whether those who are heard agreed to be recorded.
    pub consent: ConsentRecord,
    /// What keeps it from being deleted.
    pub hold: Option<Hold>,
    /// When its recording went, if that went before the call.
    pub recording_deleted_at: Option<TimeMs>,
    /// How the talking was shared.
    pub talk: TalkFigures,
    /// Comments and answers that everybody sees who sees the call.
    pub comment_count: i64,
    /// Numbers of cards and accounts that were taken out of its recording.
    pub redaction_count: i64,
    /// When the call was made here.
    pub created_at: TimeMs,
    /// When anything about it last changed.
    pub updated_at: TimeMs,
    /// Number of the last thing that happened to it; 0 when nothing has.
    pub last_event: i64,
}

/// The media of a call: the file as it was uploaded, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Which.
    pub id: RecordingId,
    /// Who uploaded it.
    pub owner_id: UserId,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// Length in bytes.
    pub size_bytes: i64,
    /// The name it had on the uploader's machine.
    pub filename: String,
    /// Media type found by looking into it, e.g. `audio/mpeg`; known after the first stage.
    pub content_type: Option<String>,
    /// The upload whose parts hold the bytes until they are joined; `None` once they are.
    pub parts_upload_id: Option<UploadId>,
    /// What was done about numbers of cards and accounts in it.
    pub redaction: RedactionState,
    /// When it was uploaded.
    pub created_at: TimeMs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        stats::talk_stats,
        transcript::{Segment, Speaker},
    };

    fn segment(channel: usize, start_ms: i64, end_ms: i64, role: SpeakerRole, text: &str) -> Segment {
        Segment {
            id: None,
            start_ms,
            end_ms,
            channel,
            speaker: Speaker {
                role,
                name: "x".to_owned(),
            },
            text: text.to_owned(),
            words: Vec::new(),
            edited: false,
        }
    }

    #[test]
    fn figures_are_the_reps() {
        let customer = segment(0, 0, 4_000, SpeakerRole::Customer, "Why? How?");
        let rep = segment(1, 6_000, 8_000, SpeakerRole::Rep, "Which one?");
        let figures = TalkFigures::of(&talk_stats(&[customer.clone(), rep.clone()], 9_000, 2));
        let expected = TalkFigures {
            rep_talk_permille: Some(333),
            rep_longest_monologue_ms: Some(2_000),
            rep_question_count: Some(1),
            interruption_count: Some(0),
            patience_ms: Some(2_000),
        };
        assert_eq!(figures, expected);
        let nobody = segment(1, 6_000, 8_000, SpeakerRole::Other, "Which one?");
        let figures = TalkFigures::of(&talk_stats(&[customer, nobody], 9_000, 2));
        assert_eq!(
            (figures.rep_talk_permille, figures.rep_question_count),
            (None, None)
        );
        let other_rep = segment(0, 0, 6_000, SpeakerRole::Rep, "Why? How?");
        let both = TalkFigures::of(&talk_stats(&[other_rep, rep], 9_000, 2));
        assert_eq!(
            (
                both.rep_talk_permille,
                both.rep_longest_monologue_ms,
                both.rep_question_count
            ),
            (Some(1_000), Some(6_000), Some(3))
        );
    }

    #[test]
    fn cursors_fit_their_own_list_only() {
        let cursor = |key| CallCursor {
            sort: CallSort::Duration,
            order: Order::Asc,
            key,
            id: "call_1".to_owned(),
        };
        assert!(cursor(Some(SortKey::Number(1))).fits(CallSort::Duration, Order::Asc));
        assert!(cursor(None).fits(CallSort::Duration, Order::Asc));
        assert!(!cursor(None).fits(CallSort::Duration, Order::Desc));
        assert!(!cursor(None).fits(CallSort::Occurred, Order::Asc));
        assert!(!cursor(Some(SortKey::Text("1".to_owned()))).fits(CallSort::Duration, Order::Asc));
        let never_null = CallCursor {
            sort: CallSort::Created,
            ..cursor(None)
        };
        assert!(!never_null.fits(CallSort::Created, Order::Asc));
    }
}
