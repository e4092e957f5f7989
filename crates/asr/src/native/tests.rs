//! The engine with a real model, where there is one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use super::*;
use crate::model::blank_model;

const JFK: &str = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country";

/// The model for tests; says so where it is missing.
fn model() -> Option<PathBuf> {
    let dir = env::var_os("GAMETAPE_TEST_MODELS")?;
    let path = Path::new(&dir).join("ggml-tiny.en.bin");
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
        return None;
    }
    Some(path)
}

fn small_model(dir: &Path) -> PathBuf {
    let path = dir.join("ggml-small-test.bin");
    fs::write(&path, blank_model(DIMENSIONS, 1)).unwrap();
    path
}

/// One layer of one head on each side.
const DIMENSIONS: [u32; 10] = [51_864, 1500, 64, 1, 1, 448, 64, 1, 1, 80];

fn samples() -> Vec<f32> {
    (0..20_000).map(|i| (i as f32 * 0.05).sin() * 0.2).collect()
}

/// A known piece of speech, where the environment says.
fn jfk() -> Option<Vec<f32>> {
    let path = env::var_os("GAMETAPE_TEST_JFK")?;
    let bytes = fs::read(path).ok()?;
    Some(
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
    )
}

fn texts(heard: &Heard) -> Vec<&str> {
    heard.words.iter().map(|word| word.text.as_str()).collect()
}

#[test]
fn speech_is_heard_alone_and_beside_others() {
    let (Some(model), Some(speech)) = (model(), jfk()) else {
        println!(
            "skipped: set GAMETAPE_TEST_MODELS, and GAMETAPE_TEST_JFK to the speech as raw 32-bit floats"
        );
        return;
    };
    let mut native = Native::load(&model, 2).unwrap();
    let go_on = AtomicBool::new(false);
    let alone = native.transcribe(&speech, &Request::default(), &go_on).unwrap();
    assert_eq!(texts(&alone).join(" ").replace(',', ""), JFK);
    assert!(alone.words.is_sorted_by_key(|word| word.start_ms));
    assert!(
        (7_500..9_500).contains(&alone.words[13].start_ms),
        "{:?}",
        alone.words[13]
    );
    let windows = [&speech[..], &speech[..50_000], &samples(), &speech];
    let together = native
        .transcribe_batch(&windows, &Request::default(), &go_on)
        .unwrap();
    assert_eq!((&together[0], &together[3]), (&alone, &alone));
}

#[test]
fn a_window_may_be_empty_or_short() {
    let dir = tempfile::tempdir().unwrap();
    let mut native = Native::load(&small_model(dir.path()), 2).unwrap();
    assert_eq!((native.model(), native.is_multilingual()), ("small-test", false));
    let windows = [&[][..], &[0.1], &samples()];
    let heard = native
        .transcribe_batch(&windows, &Request::default(), &AtomicBool::new(false))
        .unwrap();
    assert_eq!(heard.len(), 3);
    let request = Request {
        temperature: 0.4,
        after_sentences: true,
        ..Request::default()
    };
    assert!(
        native
            .transcribe(&samples(), &request, &AtomicBool::new(false))
            .is_ok()
    );
}

#[test]
fn requests_that_cannot_be_met_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut native = Native::load(&small_model(dir.path()), 1).unwrap();
    let (go_on, stop) = (AtomicBool::new(false), AtomicBool::new(true));
    let stopped = native.transcribe(&samples(), &Request::default(), &stop);
    assert!(matches!(stopped, Err(AsrError::Cancelled)));
    let long = vec![0.0; 16 * 29_441];
    assert!(matches!(
        native.transcribe(&long, &Request::default(), &go_on),
        Err(AsrError::TooLong { samples: 471_056, .. })
    ));
    let german = Request {
        language: Some("de".to_owned()),
        ..Request::default()
    };
    assert!(matches!(
        native.transcribe(&samples(), &german, &go_on),
        Err(AsrError::Language { .. })
    ));
}

#[test]
fn damaged_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ggml-damaged.bin");
    let good = blank_model(DIMENSIONS, 1);
    for cut in [0, 3, 50, 5_000, 64_400, 70_000, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(
            matches!(Native::load(&path, 1), Err(AsrError::Model { .. })),
            "cut at {cut}"
        );
    }
    for at in (0..48).chain((64_376..64_700).step_by(4)) {
        let mut bad = good.clone();
        bad[at] ^= 0x81;
        fs::write(&path, &bad).unwrap();
        // Some of what can change means nothing here, such as a token's text.
        if let Err(error) = Native::load(&path, 1) {
            assert!(matches!(error, AsrError::Model { .. }), "{error} at {at}");
        }
    }
    fs::write(&path, blank_model([51_864, 1500, 96, 1, 1, 448, 96, 1, 1, 80], 1)).unwrap();
    let Err(error) = Native::load(&path, 1) else {
        panic!("heads of 96")
    };
    assert!(error.to_string().contains("64 wide"), "{error}");
    fs::write(&path, blank_model(DIMENSIONS, 2)).unwrap();
    let Err(error) = Native::load(&path, 1) else {
        panic!("q4_0")
    };
    assert!(error.to_string().contains("q4_0"), "{error}");
}
