//! The sample calls are heard well enough. The figures themselves are printed by `make bench`.

use anyhow::Result;
use gametape_tests::{accuracy::measure_built, truth::samples};

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
