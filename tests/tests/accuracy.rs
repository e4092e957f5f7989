//! The sample calls are heard well enough. The figures themselves are printed by `make bench`.

use std::{fs::File, ops::ControlFlow, sync::atomic::AtomicBool};

use anyhow::{Context, Result};
use gametape_asr::{Request, Transcriber, Whisper};
use gametape_audio::{Limits, Pcm16k, SAMPLE_RATE_HZ, Source, analyze};
use gametape_tests::{
    accuracy::measure_built,
    program::models_dir,
    truth::{Sample, samples},
};

/// Word error rate of a channel with tiny.en.
const MOST_WORD_ERRORS: f64 = 0.10;
/// Median error of segment starts.
const MEDIAN_START_ERROR_MS: i64 = 300;

#[test]
fn whisper_hears_sample_calls_on_both_channels_and_at_the_right_time() -> Result<()> {
    hear("whisper")
}

#[test]
fn our_own_engine_hears_them_as_well() -> Result<()> {
    hear("native")
}

/// A call that is transcribed again, by another worker or later, comes to the same words, those windows too in which
/// they are chosen at random.
#[test]
fn words_do_not_depend_on_what_was_heard_before() -> Result<()> {
    let audio = Sample::load("bakery-discovery")?.audio;
    let source = || File::open(&audio).and_then(Source::from_file);
    let limits = Limits {
        max_duration_ms: 3_600_000,
    };
    let (analysis, _) = analyze(source()?, None, &limits, &mut |_, _| ControlFlow::Continue(()))?;
    let mut pcm = Pcm16k::open(source()?, None, analysis.plan())?;
    let mut samples = Vec::new();
    while samples.len() < 6 * SAMPLE_RATE_HZ as usize {
        let block = pcm.next_block()?.context("the sample is too short")?;
        samples.extend_from_slice(&block[0]);
    }
    let mut whisper = Whisper::load(&models_dir().join("ggml-tiny.en.bin"), 2)?;
    let at_random = Request {
        temperature: 1.0,
        ..Request::default()
    };
    let mut hear = |request: &Request| whisper.transcribe(&samples, request, &AtomicBool::new(false));
    let certain = hear(&Request::default())?.words;
    let first = hear(&at_random)?.words;
    assert_ne!(first, certain, "nothing was chosen at random");
    assert_eq!(hear(&at_random)?.words, first);
    assert_eq!(hear(&Request::default())?.words, certain);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "figures stand in the log of tests")]
fn hear(engine: &str) -> Result<()> {
    for sample in samples()? {
        let seen = measure_built(&sample, engine)?;
        for (channel, errors) in seen.channels.iter().enumerate() {
            println!(
                "{} channel {channel}: {:.1} % {errors:?}",
                seen.sample,
                errors.rate() * 100.0
            );
            assert!(
                errors.rate() <= MOST_WORD_ERRORS,
                "{} channel {channel}: {errors:?}",
                seen.sample
            );
        }
        println!(
            "{}: median start error {} ms",
            seen.sample, seen.median_start_error_ms
        );
        assert!(seen.median_start_error_ms <= MEDIAN_START_ERROR_MS, "{seen:?}");
    }
    Ok(())
}
