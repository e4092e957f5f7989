//! How well the program hears the sample calls, measured through its command line.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};
use gametape_core::transcript::Transcript;

use crate::{
    program::{binary, models_dir},
    truth::{Sample, segment_start_errors},
    wer::{WordErrors, word_errors},
};

/// What was measured on one sample.
#[derive(Debug, Clone)]
pub struct Accuracy {
    /// Name of the sample.
    pub sample: String,
    /// Word errors of each channel.
    pub channels: Vec<WordErrors>,
    /// Median error of the segments' starts.
    pub median_start_error_ms: i64,
    /// Share of segments whose start is more than a second off.
    pub late_starts: f64,
    /// Seconds it took, loading included.
    pub seconds: f64,
    /// Length of the sample in seconds.
    pub length_s: f64,
}

/// Transcribes a file with the built program and one of its engines.
pub fn transcribe(program: &Path, file: &Path, with: (&str, &str), threads: usize) -> Result<Transcript> {
    let output = transcribe_command(program, with, threads).arg(file).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}: {said}", file.display());
    serde_json::from_slice(&output.stdout).context("the transcript is no JSON of the right shape")
}

/// The command that prints the transcript of the file that is to be added.
pub fn transcribe_command(program: &Path, (engine, model): (&str, &str), threads: usize) -> Command {
    let mut command = Command::new(program);
    command
        .args([
            "transcribe",
            "--format",
            "json",
            "--engine",
            engine,
            "--model",
            model,
            "--threads",
            &threads.to_string(),
        ])
        .arg("--models-dir")
        .arg(models_dir());
    command
}

/// What one channel of a transcript says.
pub fn channel_text(transcript: &Transcript, channel: usize) -> String {
    let own = transcript
        .segments
        .iter()
        .filter(|segment| segment.channel == channel);
    own.map(|segment| segment.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Transcribes a sample and holds it against its truth.
pub fn measure(program: &Path, sample: &Sample, with: (&str, &str), threads: usize) -> Result<Accuracy> {
    let begun = std::time::Instant::now();
    let transcript = transcribe(program, &sample.audio, with, threads)?;
    let seconds = begun.elapsed().as_secs_f64();
    let channels = (0..sample.truth.channels.len())
        .map(|channel| {
            word_errors(
                &sample.truth.channel_text(channel),
                &channel_text(&transcript, channel),
            )
        })
        .collect();
    let mut errors = segment_start_errors(&sample.truth.utterances, &transcript.segments);
    errors.sort_unstable();
    let late = errors.iter().filter(|&&error| error > 1_000).count();
    Ok(Accuracy {
        sample: sample.name.clone(),
        channels,
        median_start_error_ms: errors.get(errors.len() / 2).copied().unwrap_or(i64::MAX),
        late_starts: late as f64 / errors.len().max(1) as f64,
        seconds,
        length_s: transcript.duration_ms as f64 / 1_000.0,
    })
}

/// [`measure`] with the program beside the tests, and tiny.en.
pub fn measure_built(sample: &Sample, engine: &str) -> Result<Accuracy> {
    measure(&binary(), sample, (engine, "tiny.en"), 1)
}
