//! The first words of a long recording, heard before the rest of it is looked into: that takes a quarter of a minute
//! for an hour, which nobody wants to wait for something to read.
//!
//! What the channels are is known for sure only at the end. If it turns out otherwise than the beginning seemed, what
//! was heard is dropped, and the recording is heard from its start; else transcribing goes on behind it.

use std::collections::HashSet;

use gametape_audio::{
    Analysis, ChannelPlan, Source, analyze_head,
    window::{WindowPlan, plan_head},
};
use gametape_core::{
    call::{Call, Progress, Recording, Stage},
    job::Pace,
};
use gametape_media::{BlockReader, MediaKey};
use gametape_store::{Ahead, Windows};

use super::{
    Attempt, StageError,
    transcribe::{Work, hear_and_write},
};
use crate::hear::windows;

/// How much is looked into beforehand. People who take turns fill a window each within it.
const HEAD_MS: i64 = 120_000;
/// Shorter recordings are looked into within a second.
const LONG_MS: i64 = 300_000;
/// A window that takes longer than this to hear would hold up the rest.
const SOON_MS: i64 = 5_000;

/// What was heard ahead.
pub(super) struct HeardAhead {
    plan: ChannelPlan,
    /// Those windows of the beginning of which it is written what is said in them.
    windows: Vec<WindowPlan>,
}

impl HeardAhead {
    /// The place of these windows in the whole; `None` when they are no part of it.
    pub(super) fn place_in(&self, whole: &Analysis, window_ms: i64) -> Option<Ahead> {
        let plans = windows(whole, window_ms);
        let place = |window: &WindowPlan| {
            let same = |plan: &&WindowPlan| plan.channel == window.channel && plan.pieces == window.pieces;
            Some((window.index as i64, plans.iter().find(same)?.index as i64))
        };
        let numbers = self.windows.iter().map(place).collect::<Option<_>>()?;
        (self.plan == whole.plan()).then_some(Ahead {
            windows: Windows {
                total: plans.len() as i64,
                length_ms: window_ms,
            },
            numbers,
        })
    }
}

/// Hears a long recording up to its first words and writes them; `None` when it is short, when all engines are taken,
/// or when the model would take too long. What fails here is left to the stages whose work it is.
pub(super) async fn first_words(
    attempt: &Attempt,
    call: &Call,
    recording: &Recording,
    pace: Option<Pace>,
) -> Result<Option<HeardAhead>, StageError> {
    let window_ms = attempt.tools.engines.window_ms();
    if pace.is_some_and(|pace| pace.takes_ms(window_ms) > SOON_MS) {
        return Ok(None);
    }
    let Ok(_seat) = attempt.tools.hearing.try_acquire() else {
        return Ok(None);
    };
    match hear_head(attempt, call, recording).await {
        Err(StageError::Retry(error) | StageError::Outage(error)) => {
            tracing::info!("could not hear the first words ahead: {error}");
            Ok(None)
        }
        Err(StageError::Final(_)) => Ok(None),
        other => other,
    }
}

async fn hear_head(
    attempt: &Attempt,
    call: &Call,
    recording: &Recording,
) -> Result<Option<HeardAhead>, StageError> {
    let limits = attempt.tools.limits;
    let (reader, filename) = (open(attempt, recording).await?, recording.filename.clone());
    let look = move || {
        let length_bytes = reader.byte_len();
        analyze_head(
            Source::new(reader, length_bytes),
            Some(&filename),
            &limits,
            HEAD_MS,
            LONG_MS,
        )
    };
    let Some(analysis) = attempt.tools.cpu.run(look).await?? else {
        return Ok(None);
    };
    let window_ms = attempt.tools.engines.window_ms();
    let plans = plan_head(&analysis.speech, window_ms);
    if plans.is_empty() {
        return Ok(None);
    }
    let (plan, model) = (analysis.plan(), attempt.model(call));
    let language = call.requested_language.as_deref();
    let cut = Windows {
        total: plans.len() as i64,
        length_ms: window_ms,
    };
    let beginning = attempt.tools.store.transcript_begin_ahead(
        &attempt.fence,
        &model,
        language,
        cut,
        plan.channels() as i64,
    );
    let Some(begun) = beginning.await? else {
        return Ok(None);
    };
    let work = Work {
        reader: open(attempt, recording).await?,
        analysis,
        plans: plans.clone(),
        done: HashSet::new(),
        language: begun.language,
        model,
        // A window is what one channel says: with one for each there is a conversation to read.
        enough: Some(plan.channels()),
    };
    let mut heard = Vec::new();
    hear_and_write(attempt, work, &begun.transcript_id, |window| {
        heard.push(window.index);
        Progress {
            stage: Stage::Analyze,
            percent: 0.0,
            eta_ms: None,
        }
    })
    .await?;
    let windows = plans
        .into_iter()
        .filter(|plan| heard.contains(&plan.index))
        .collect();
    Ok(Some(HeardAhead { plan, windows }))
}

async fn open(attempt: &Attempt, recording: &Recording) -> Result<BlockReader, StageError> {
    let key = MediaKey::recording_original(&recording.id);
    Ok(attempt.tools.media.reader(&key).await?)
}
