//! `call.transcribe`: speech becomes words, window by window, each written as soon as it is heard.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use gametape_asr::{AsrError, Transcriber};
use gametape_audio::{Analysis, Source, window::WindowPlan};
use gametape_core::{
    call::{Progress, Stage},
    id::TranscriptId,
};
use gametape_media::{BlockReader, MediaKey};
use gametape_store::{JobEnd, StoreError, Windows};
use tokio::sync::mpsc;

use super::{
    Attempt, StageError, chain, missing,
    redact::{Masker, look_through},
    sentence,
};
use crate::hear::{HearError, HeardWindow, Hearing, windows};

pub(crate) async fn run(attempt: Attempt) -> Result<JobEnd, StageError> {
    let (call, recording) = attempt.subject().await?;
    let store = attempt.tools.store.clone();
    let analysis = store
        .recording_analysis(&recording.id)
        .await?
        .ok_or_else(|| missing("analysis"))?;
    let analysis: Analysis = serde_json::from_str(&analysis).map_err(|e| StageError::Retry(e.to_string()))?;
    let window_ms = attempt.tools.engines.window_ms();
    let plans = windows(&analysis, window_ms);
    let model = attempt.model(&call);
    let language = call.requested_language.as_deref();
    let begun = store
        .transcript_begin(
            &attempt.fence,
            &call.id,
            &model,
            language,
            Windows {
                total: plans.len() as i64,
                length_ms: window_ms,
            },
        )
        .await?;

    let done: HashSet<usize> = begun.windows_done.iter().map(|&index| index as usize).collect();
    if done.is_empty() {
        let pace = store.pace(&model).await?;
        let eta_ms = pace.map(|pace| pace.takes_ms(analysis.duration_ms));
        attempt.progress(Stage::Transcribe, 0.0, eta_ms).await?;
    }
    let mut pace = Pace::new(&plans, &done);
    let reader = attempt
        .tools
        .media
        .reader(&MediaKey::recording_original(&recording.id))
        .await?;
    let known_language = begun.language.clone();
    let work = Work {
        reader,
        analysis,
        plans,
        done,
        language: known_language,
        model,
        enough: None,
    };
    let seat = attempt.tools.hearing.acquire().await;
    let language = hear_and_write(&attempt, work, &begun.transcript_id, |window| pace.after(window)).await?;
    drop(seat);
    // Before it is complete: then it can be found, and is quoted.
    look_through(&attempt, &call, &recording).await?;
    Ok(JobEnd::Transcribed {
        language: language.or(begun.language),
    })
}

/// What the hearing thread needs.
pub(super) struct Work {
    pub(super) reader: BlockReader,
    pub(super) analysis: Analysis,
    pub(super) plans: Vec<WindowPlan>,
    pub(super) done: HashSet<usize>,
    pub(super) language: Option<String>,
    pub(super) model: String,
    /// After how many windows in which something is said to stop.
    pub(super) enough: Option<usize>,
}

/// Hears on a thread of its own while this task writes what comes, with the progress that `progress` makes of it;
/// gives the language.
pub(super) async fn hear_and_write(
    attempt: &Attempt,
    work: Work,
    transcript_id: &TranscriptId,
    mut progress: impl FnMut(&HeardWindow) -> Progress,
) -> Result<Option<String>, StageError> {
    let mut language = work.language.clone();
    let mut masker = attempt
        .tools
        .redact
        .then(|| Masker::new(work.analysis.speech.clone()));
    // One window ahead of the database: the processor never waits for it, and little is lost in a crash.
    let (sender, mut receiver) = mpsc::channel::<HeardWindow>(1);
    let thread = attempt.clone();
    let heard = attempt.tools.cpu.run(move || hear(&thread, work, &sender));
    let written = async {
        while let Some(mut window) = receiver.recv().await {
            if let Some(masker) = &mut masker {
                let found = masker.window(&mut window.segments);
                if let Err(error) = attempt.tools.store.redactions_add(&attempt.fence, &found).await {
                    attempt.stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            if language.is_none() && !window.segments.is_empty() {
                language = Some(window.language.clone());
            }
            let progress = progress(&window);
            let index = window.index as i64;
            let append = attempt.tools.store.transcript_append(
                &attempt.fence,
                transcript_id,
                index,
                language.as_deref(),
                &window.segments,
                &progress,
            );
            if let Err(error) = append.await {
                attempt.stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
            if let Some(flaw) = window.repaired {
                metrics::counter!("gametape_windows_repaired_total", "flaw" => flaw).increment(1);
                tracing::info!(job.id = %attempt.job.id, window = index, flaw, "heard window {index} again");
            }
            count_speech(window.speech_ms);
        }
        Ok::<(), StoreError>(())
    };
    let (heard, written) = tokio::join!(heard, written);
    written?;
    match heard? {
        Ok(Ended::Complete) => Ok(language),
        Ok(Ended::Early) => Err(StageError::Returned),
        Err(HearError::Audio(error)) => Err(error.into()),
        Err(HearError::Asr(error)) => Err(refused(&error)),
    }
}

/// Counts speech that was turned into words. Counters are whole, and measurements in seconds.
fn count_speech(speech_ms: i64) {
    static HEARD_MS: AtomicU64 = AtomicU64::new(0);
    let speech_ms = u64::try_from(speech_ms).unwrap_or(0);
    let heard_ms = HEARD_MS.fetch_add(speech_ms, Ordering::Relaxed) + speech_ms;
    metrics::counter!("gametape_speech_transcribed_seconds_total").absolute(heard_ms / 1_000);
}

fn refused(error: &AsrError) -> StageError {
    match error {
        AsrError::Cancelled => StageError::Returned,
        AsrError::Language { .. } => StageError::problem("unknown_language", sentence(&error.to_string())),
        AsrError::Model { .. } => StageError::problem("model_unusable", sentence(&error.to_string())),
        AsrError::TooLong { .. } | AsrError::Engine(_) => StageError::Retry(chain(error)),
    }
}

/// How the hearing came to its end.
enum Ended {
    Complete,
    Early,
}

/// Runs on a thread of its own.
fn hear(attempt: &Attempt, work: Work, sender: &mpsc::Sender<HeardWindow>) -> Result<Ended, HearError> {
    let engines = &attempt.tools.engines;
    let mut engine: Box<dyn Transcriber> = engines.take(&work.model)?;
    let length_bytes = work.reader.byte_len();
    let hearing = Hearing {
        source: Source::new(work.reader, length_bytes),
        analysis: &work.analysis,
        plans: &work.plans,
        done: &work.done,
        language: work.language,
        cancel: &attempt.stop,
    };
    let mut ended = Ended::Complete;
    let mut with_words = 0;
    let outcome = hearing.run(engine.as_mut(), |window| {
        with_words += usize::from(!window.segments.is_empty());
        // A closed channel means that writing failed; the reason is reported there.
        if sender.blocking_send(window).is_err() || attempt.finish.is_cancelled() {
            ended = Ended::Early;
            return ControlFlow::Break(());
        }
        if work.enough.is_some_and(|enough| with_words >= enough) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    engines.give_back(work.model, engine);
    outcome.map(|()| ended)
}

/// How fast it goes.
struct Pace {
    begun: Instant,
    all_ms: i64,
    done_before_ms: i64,
    done_ms: i64,
}

impl Pace {
    fn new(plans: &[WindowPlan], done: &HashSet<usize>) -> Self {
        let speech_ms = |wanted: &dyn Fn(&WindowPlan) -> bool| -> i64 {
            plans
                .iter()
                .filter(|plan| wanted(plan))
                .map(WindowPlan::speech_ms)
                .sum()
        };
        let done_before_ms = speech_ms(&|plan| done.contains(&plan.index));
        Self {
            begun: Instant::now(),
            all_ms: speech_ms(&|_| true),
            done_before_ms,
            done_ms: done_before_ms,
        }
    }

    /// Progress once this window is written.
    fn after(&mut self, window: &HeardWindow) -> Progress {
        self.done_ms += window.speech_ms;
        let done_now_ms = (self.done_ms - self.done_before_ms).max(1);
        let left_ms = (self.all_ms - self.done_ms).max(0);
        let elapsed_ms = self.begun.elapsed().as_millis() as i64;
        Progress {
            stage: Stage::Transcribe,
            percent: self.done_ms as f64 * 100.0 / self.all_ms.max(1) as f64,
            eta_ms: Some(elapsed_ms * left_ms / done_now_ms),
        }
    }
}
