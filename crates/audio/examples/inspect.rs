//! Prints what the analysis finds in a file, and how fast: `cargo run --release -p gametape-audio --example
//! inspect -- FILE`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{error::Error, fs::File, ops::ControlFlow, time::Instant};

use gametape_audio::{Limits, Pcm16k, Source, analyze};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let started = Instant::now();
        let source = Source::from_file(File::open(&path)?)?;
        let limits = Limits {
            max_duration_ms: i64::MAX / 2,
        };
        let (analysis, peaks) =
            match analyze(
                source,
                Some(&path),
                &limits,
                &mut |_, _| ControlFlow::Continue(()),
            ) {
                Ok(found) => found,
                Err(error) => {
                    println!("{path}: {}: {error}", error.code());
                    continue;
                }
            };
        let analyzed_s = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let mut pcm = Pcm16k::open(
            Source::from_file(File::open(&path)?)?,
            Some(&path),
            analysis.plan(),
        )?;
        while pcm.next_block()?.is_some() {}
        let read_s = started.elapsed().as_secs_f64();
        let length_s = analysis.duration_ms as f64 / 1000.0;
        println!("{path}");
        println!(
            "  {} {} {} Hz, {} channels, {length_s:.3} s, truncated: {}",
            analysis.content_type,
            analysis.codec,
            analysis.sample_rate_hz,
            analysis.source_channels,
            analysis.truncated
        );
        println!(
            "  {:?}, channel {:?}; {} samples at 16 kHz; {} peaks of {} ms, {} bytes",
            analysis.layout,
            analysis.source_channel,
            pcm.position_samples(),
            peaks.len(),
            peaks.ms_per_point,
            peaks.to_bytes().len()
        );
        for (channel, spans) in analysis.speech.iter().enumerate() {
            let speech_s = spans.iter().map(|span| span.duration_ms()).sum::<i64>() as f64 / 1000.0;
            println!(
                "  channel {channel}: {speech_s:.1} s of speech in {} stretches",
                spans.len()
            );
            for span in spans.iter().take(40) {
                print!(
                    " {:.2}-{:.2}",
                    span.start_ms as f64 / 1000.0,
                    span.end_ms as f64 / 1000.0
                );
            }
            println!();
        }
        println!(
            "  analysis {analyzed_s:.2} s ({:.0} times real time), second reading {read_s:.2} s ({:.0} times), peak memory {} kB",
            length_s / analyzed_s,
            length_s / read_s,
            peak_memory_kb().unwrap_or_default()
        );
    }
    Ok(())
}

/// Largest resident set of this process so far, where the system tells.
fn peak_memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
