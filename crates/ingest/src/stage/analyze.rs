//! `call.analyze`: one pass over the sound tells its length, its channels, where speech is, and its waveform.

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use gametape_audio::{Analysis, Peaks, Source, analyze};
use gametape_core::{
    call::{Recording, Stage},
    job::Pace,
};
use gametape_media::MediaKey;
use gametape_store::JobEnd;
use tokio::sync::watch;

use super::{Attempt, StageError, ahead::first_words};

/// Progress is written this often at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn run(attempt: &Attempt) -> Result<JobEnd, StageError> {
    let (call, recording) = attempt.subject().await?;
    let mut ahead = None;
    let (analysis, peaks) = if let Some(known) = attempt.tools.store.recording_analysis(&recording.id).await?
    {
        let known: Analysis = serde_json::from_str(&known).map_err(|e| StageError::Retry(e.to_string()))?;
        (known, None)
    } else {
        let pace = attempt.tools.store.pace(&attempt.model(&call)).await?;
        ahead = first_words(attempt, &call, &recording, pace).await?;
        let (analysis, peaks) = look_into(attempt, &recording, pace).await?;
        (analysis, Some(peaks))
    };
    let window_ms = attempt.tools.engines.window_ms();
    let ahead = ahead.and_then(|heard| heard.place_in(&analysis, window_ms));
    if let Some(peaks) = peaks {
        let key = MediaKey::recording_peaks(&recording.id);
        attempt.tools.media.put(&key, peaks.to_bytes().into()).await?;
    }
    tracing::info!(
        call.id = %call.id,
        duration_ms = analysis.duration_ms,
        speech_ms = analysis.speech_ms(),
        layout = ?analysis.layout,
        windows_ahead = ahead.as_ref().map_or(0, |ahead| ahead.numbers.len()),
        codec = %analysis.codec,
        "analyzed {}", call.id
    );
    Ok(JobEnd::Analyzed {
        duration_ms: analysis.duration_ms,
        channels: analysis.plan().channels() as i64,
        content_type: analysis.content_type.clone(),
        analysis_json: serde_json::to_string(&analysis).map_err(|e| StageError::Retry(e.to_string()))?,
        ahead,
    })
}

/// `pace` is how fast calls are transcribed here, which is most of the time that is left.
async fn look_into(
    attempt: &Attempt,
    recording: &Recording,
    pace: Option<Pace>,
) -> Result<(Analysis, Peaks), StageError> {
    let reader = attempt
        .tools
        .media
        .reader(&MediaKey::recording_original(&recording.id))
        .await?;
    let length_bytes = reader.byte_len();
    let source = Source::new(reader, length_bytes);
    let filename = recording.filename.clone();
    let limits = attempt.tools.limits;
    let stop = Arc::clone(&attempt.stop);
    let finish = attempt.finish.clone();
    let (sender, mut receiver) = watch::channel((0.0_f64, None));
    let mut told = Instant::now();

    let work = attempt.tools.cpu.run(move || {
        analyze(
            source,
            Some(&filename),
            &limits,
            &mut |decoded_ms, declared_ms| {
                if stop.load(Ordering::Relaxed) || finish.is_cancelled() {
                    return ControlFlow::Break(());
                }
                if told.elapsed() >= PROGRESS_EVERY {
                    told = Instant::now();
                    let share = declared_ms.map_or(0.0, |all| decoded_ms as f64 / all.max(1) as f64);
                    sender.send_replace(((share * 100.0).min(99.0), declared_ms));
                }
                ControlFlow::Continue(())
            },
        )
    });
    tokio::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome?,
            Ok(()) = receiver.changed() => {
                let (percent, declared_ms) = *receiver.borrow_and_update();
                let eta_ms = pace.zip(declared_ms).map(|(pace, declared_ms)| pace.takes_ms(declared_ms));
                attempt.progress(Stage::Analyze, percent, eta_ms).await?;
            }
        }
    };
    match outcome {
        // An analysis takes seconds to a minute and has no half result worth keeping.
        Err(gametape_audio::AudioError::Cancelled) => Err(StageError::Returned),
        other => Ok(other?),
    }
}
