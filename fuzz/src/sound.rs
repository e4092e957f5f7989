//! Recordings.

use std::{io::Cursor, ops::ControlFlow, panic, sync::Once};

use gametape_audio::{Limits, Pcm16k, Peaks, Source, analyze, cut_clip};

/// Longest recording that is taken: what is small but claims to be long would only take time.
const MAX_MS: i64 = 20_000;

/// Lets decoders panic: the program catches that, and says that the recording is damaged. libFuzzer would end at any
/// panic, whoever catches it, and should at those of our own.
fn contain_decoders() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let end = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map_or("", |location| location.file());
            if !place.contains("/symphonia") {
                end(info);
            }
        }));
    });
}

/// Goes every way through the decoder.
pub fn decode(data: &[u8]) {
    contain_decoders();
    let limits = Limits {
        max_duration_ms: MAX_MS,
    };
    let mut heard = |decoded_ms, _| {
        assert!(decoded_ms <= MAX_MS + 60_000, "{decoded_ms} ms were decoded");
        ControlFlow::Continue(())
    };
    let clip = cut_clip(
        Source::from_bytes(data),
        None,
        300,
        900,
        &mut Cursor::new(Vec::new()),
    );
    if let Err(error) = clip {
        assert!(!error.to_string().is_empty() && !error.code().is_empty());
    }
    let Ok((analysis, peaks)) = analyze(Source::from_bytes(data), None, &limits, &mut heard) else {
        return;
    };
    assert!(
        (0..=MAX_MS + 1_000).contains(&analysis.duration_ms),
        "{analysis:?}"
    );
    for spans in &analysis.speech {
        let mut last_ms = 0;
        for span in spans {
            assert!(
                span.start_ms >= last_ms && span.end_ms > span.start_ms,
                "{spans:?}"
            );
            assert!(span.end_ms <= analysis.duration_ms, "{analysis:?}");
            last_ms = span.end_ms;
        }
    }
    assert_eq!(Peaks::from_bytes(&peaks.to_bytes()).ok(), Some(peaks));
    let Ok(mut samples) = Pcm16k::open(Source::from_bytes(data), None, analysis.plan()) else {
        return;
    };
    let mut total = 0;
    while let Ok(Some(block)) = samples.next_block() {
        assert!(block.iter().all(|channel| channel.len() == block[0].len()));
        assert!(
            block.iter().flatten().all(|sample| sample.is_finite()),
            "a sample is no number"
        );
        total += block[0].len() as i64;
    }
    assert!(
        total <= (analysis.duration_ms + 1_000) * 16,
        "{total} samples, {analysis:?}"
    );
}
