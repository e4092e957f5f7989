//! Hears the same windows with whisper.cpp and with the native engine, in turn, and compares.
//!
//! `cargo run --release -p gametape-asr --features native --example compare -- MODEL RAW [BATCH] [THREADS] [ROUNDS]`
//!
//! With 0 rounds whisper.cpp is left out. `RAW` holds 32-bit floats, mono at 16 kHz: `ffmpeg -i CALL -ac 1 -ar 16000 -f f32le RAW`.
#![expect(clippy::print_stdout, reason = "it is a program to be read")]

use std::{
    path::PathBuf,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use gametape_asr::{Heard, HeardWord, Native, Request, SAMPLE_RATE_HZ, Transcriber, Whisper};

const WINDOW_S: usize = 20;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, raw, rest @ ..] = arguments.as_slice() else {
        return Err("usage: compare MODEL RAW [BATCH] [THREADS] [ROUNDS]".into());
    };
    let number = |at: usize, other: usize| rest.get(at).map_or(Ok(other), |text| text.parse());
    let (batch, threads, rounds) = (number(0, 8)?, number(1, 2)?, number(2, 2)?);
    let model = PathBuf::from(model);
    let samples: Vec<f32> = std::fs::read(raw)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let windows: Vec<&[f32]> = samples.chunks(WINDOW_S * SAMPLE_RATE_HZ).collect();
    println!(
        "{} windows of {WINDOW_S} s, batches of {batch}, {threads} threads",
        windows.len()
    );

    let start = Instant::now();
    let mut native = Native::load(&model, threads)?;
    println!(
        "native loads in {:?}, peak memory {} MiB",
        start.elapsed(),
        peak_mib()
    );
    let request = Request {
        language: Some("en".to_owned()),
        ..Request::default()
    };
    let mut found = Vec::new();
    for _ in 0..2 {
        found = run_native(&mut native, &windows, batch, &request)?;
    }
    println!("  peak memory {} MiB", peak_mib());
    if rounds == 0 {
        println!("native text: {}", all_text(&found));
        return Ok(());
    }
    let mut whisper = Whisper::load(&model, threads)?;
    let mut expected = Vec::new();
    for _ in 0..rounds {
        expected = run("whisper.cpp", &mut whisper, &windows, 1, &request)?;
        found = run_native(&mut native, &windows, batch, &request)?;
    }
    println!("  peak memory of both {} MiB", peak_mib());
    compare(&found, &expected);
    println!("native text: {}", all_text(&found));
    println!("whisper.cpp text: {}", all_text(&expected));
    Ok(())
}

fn all_text(heard: &[Heard]) -> String {
    heard.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// Runs the native engine and says where its time went.
fn run_native(
    native: &mut Native,
    windows: &[&[f32]],
    batch: usize,
    request: &Request,
) -> Result<Vec<Heard>, Failure> {
    let before = native.times();
    let found = run("native", native, windows, batch, request)?;
    let times = native.times();
    let count = (times.windows - before.windows) as u32;
    println!(
        "  a window: encode {:?}, decode {:?}, align {:?}; {} tokens in all",
        times.encode.saturating_sub(before.encode) / count,
        times.decode.saturating_sub(before.decode) / count,
        times.align.saturating_sub(before.align) / count,
        times.tokens - before.tokens,
    );
    Ok(found)
}

fn run(
    name: &str,
    engine: &mut dyn Transcriber,
    windows: &[&[f32]],
    batch: usize,
    request: &Request,
) -> Result<Vec<Heard>, Failure> {
    let (start, processor) = (Instant::now(), processor_time());
    let mut heard = Vec::new();
    for windows in windows.chunks(batch.max(1)) {
        heard.extend(engine.transcribe_batch(windows, request, &AtomicBool::new(false))?);
    }
    let wall = start.elapsed();
    let words: usize = heard.iter().map(|heard| heard.words.len()).sum();
    println!(
        "{name}: wall {wall:?}, processor {:?}, {words} words",
        processor_time().saturating_sub(processor)
    );
    Ok(heard)
}

fn compare(found: &[Heard], expected: &[Heard]) {
    let (mut edits, mut words) = (0, 0);
    let mut shifts_ms = Vec::new();
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let pairs = pair(&found.words, &expected.words);
        let same = pairs
            .iter()
            .filter(|(a, b)| found.words[*a].text == expected.words[*b].text)
            .count();
        let differing = found.words.len().max(expected.words.len()) - same;
        words += expected.words.len();
        edits += differing;
        for (a, b) in &pairs {
            if found.words[*a].text == expected.words[*b].text {
                shifts_ms.push(found.words[*a].start_ms - expected.words[*b].start_ms);
            }
        }
        if differing > 0 {
            println!(
                "window {index}:\n  native      {}\n  whisper.cpp {}",
                text(found),
                text(expected)
            );
        }
    }
    println!("{edits} words differ of {words}");
    shifts_ms.sort_unstable();
    let at = |percent: usize| {
        shifts_ms
            .get(shifts_ms.len() * percent / 100)
            .copied()
            .unwrap_or(0)
    };
    println!(
        "native starts later by (ms): 10 % {}, median {}, 90 % {}",
        at(10),
        at(50),
        at(90)
    );
    let mut sizes: Vec<i64> = shifts_ms.iter().map(|shift| shift.abs()).collect();
    sizes.sort_unstable();
    println!(
        "size of the difference (ms): median {}",
        sizes.get(sizes.len() / 2).unwrap_or(&0)
    );
}

fn text(heard: &Heard) -> String {
    let words: Vec<&str> = heard.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

/// Pairs of words with the fewest edits between them, unequal ones in the same place included.
fn pair(found: &[HeardWord], expected: &[HeardWord]) -> Vec<(usize, usize)> {
    let (n, m) = (found.len(), expected.len());
    let mut cost = vec![vec![0; m + 1]; n + 1];
    for i in (0..=n).rev() {
        for j in (0..=m).rev() {
            cost[i][j] = match (i == n, j == m) {
                (true, _) => m - j,
                (_, true) => n - i,
                _ => {
                    let differs = usize::from(found[i].text != expected[j].text);
                    (cost[i + 1][j + 1] + differs)
                        .min(cost[i + 1][j] + 1)
                        .min(cost[i][j + 1] + 1)
                }
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < n && j < m {
        let differs = usize::from(found[i].text != expected[j].text);
        if cost[i][j] == cost[i + 1][j + 1] + differs {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if cost[i][j] == cost[i + 1][j] + 1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// The most memory that this process has held, in MiB; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// Processor time of this process; 0 where the system does not say. Linux counts in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks: u64 = [11, 12]
        .iter()
        .filter_map(|&at| fields.get(at)?.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
