//! Talk statistics of a call.

use axum::extract::State;
use gametape_core::{
    id::CallId,
    stats::{SpeakerStats, TalkStats, talk_stats},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{not_ready, view::SpeakerView};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json},
    problem::Result,
};

/// How the time of a call was shared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TalkStats)]
pub(super) struct StatsView {
    /// One entry for each channel, in order.
    speakers: Vec<SpeakerStatsView>,
    /// Median time from the end of a customer's turn to the start of the rep's answer.
    patience_ms: Option<i64>,
    /// Interruptions by anybody.
    interruptions: i64,
    /// Time in which nobody speaks.
    silence_ms: i64,
}

/// One speaker's share.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpeakerStats)]
pub(super) struct SpeakerStatsView {
    /// Channel, counted from 0.
    channel: usize,
    /// Who it is.
    speaker: SpeakerView,
    /// Time in which they speak.
    talk_ms: i64,
    /// That time as a share of everybody's, 0 to 1.
    talk_share: f64,
    /// Their longest turn.
    longest_monologue_ms: i64,
    /// Sentences that end in a question mark.
    questions: i64,
    /// Words they say.
    words: i64,
    /// Words for each minute in which they speak.
    words_per_minute: f64,
    /// Times they talk over somebody and go on.
    interruptions: i64,
}

impl From<SpeakerStats> for SpeakerStatsView {
    fn from(stats: SpeakerStats) -> Self {
        Self {
            channel: stats.channel,
            speaker: stats.speaker.into(),
            talk_ms: stats.talk_ms,
            talk_share: stats.talk_share,
            longest_monologue_ms: stats.longest_monologue_ms,
            questions: stats.questions,
            words: stats.words,
            words_per_minute: stats.words_per_minute,
            interruptions: stats.interruptions,
        }
    }
}

impl From<TalkStats> for StatsView {
    fn from(stats: TalkStats) -> Self {
        Self {
            speakers: stats.speakers.into_iter().map(Into::into).collect(),
            patience_ms: stats.patience_ms,
            interruptions: stats.interruptions,
            silence_ms: stats.silence_ms,
        }
    }
}

/// Talk statistics of a call whose transcript is complete.
#[utoipa::path(
    get, path = "/calls/{id}/stats", operation_id = "getStats", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = StatsView))
)]
pub(super) async fn stats(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<StatsView>> {
    let call = visible_call(&state, &current, &id).await?;
    let transcript = state
        .store
        .transcript_read(&id)
        .await?
        .filter(|transcript| transcript.complete);
    let transcript = transcript.ok_or_else(|| not_ready("the transcript is not complete yet"))?;
    // Made anew rather than read: who is rep and who customer may have changed since the call was published.
    let channels = call.channels.unwrap_or(1).max(1) as usize;
    Ok(Json(
        talk_stats(&transcript.segments, transcript.duration_ms, channels).into(),
    ))
}
