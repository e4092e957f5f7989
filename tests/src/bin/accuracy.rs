//! Prints word error rates, start errors and speed on the sample calls: `accuracy PROGRAM [MODEL] [THREADS] [ENGINE]`.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, Result};
use gametape_tests::{accuracy::measure, truth::samples};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(
        arguments
            .next()
            .context("usage: accuracy PROGRAM [MODEL] [THREADS] [ENGINE]")?,
    );
    let model = arguments.next().unwrap_or_else(|| "tiny.en".to_owned());
    let threads = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let engine = arguments.next().unwrap_or_else(|| "whisper".to_owned());
    let mut out = std::io::stdout().lock();
    writeln!(out, "{model}, engine {engine}, {threads} threads")?;
    writeln!(
        out,
        "| sample | rep | customer | start error, median | starts > 1 s off | seconds | times real time |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for sample in samples()? {
        let seen = measure(&program, &sample, (&engine, &model), threads)?;
        let rates: Vec<_> = seen
            .channels
            .iter()
            .map(|errors| format!("{:.1} %", errors.rate() * 100.0))
            .collect();
        writeln!(
            out,
            "| {} | {} | {} ms | {:.0} % | {:.1} | {:.0} |",
            seen.sample,
            rates.join(" | "),
            seen.median_start_error_ms,
            seen.late_starts * 100.0,
            seen.seconds,
            seen.length_s / seen.seconds,
        )?;
    }
    Ok(())
}
