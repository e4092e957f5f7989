//! A call: one recorded conversation, and where it stands on its way to a transcript.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{CallId, RecordingId, TeamId, TranscriptId, UploadId, UserId},
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody.
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
    /// How the talking was shared.
    pub talk: TalkFigures,
    /// Comments and answers that everybody sees who sees the call.
    pub comment_count: i64,
    /// When the call was made here.
    pub created_at: TimeMs,
    /// When anything about it last changed.
    pub updated_at: TimeMs,
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
    /// When it was uploaded.
    pub created_at: TimeMs,
}
