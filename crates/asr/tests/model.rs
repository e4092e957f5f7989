//! The real models, as `gametape model get` installs them.

use std::path::PathBuf;

use gametape_asr::{
    Whisper,
    model::{Expected, Silent, get, list, verify},
};

/// Where the models for tests are.
fn models_dir() -> PathBuf {
    let dir = std::env::var_os("GAMETAPE_TEST_MODELS");
    dir.expect("set GAMETAPE_TEST_MODELS to a folder with models, as `make test` does")
        .into()
}

#[test]
fn installed_models_have_their_pinned_bytes_and_load() {
    let dir = models_dir();
    get("tiny.en", &dir, &Silent).unwrap();
    let mut seen = 0;
    for model in list(&dir).unwrap() {
        let Some(path) = model.path.filter(|_| model.catalogued) else {
            continue;
        };
        let verified = verify(&path, &Silent).unwrap();
        assert_eq!(verified.expected, Expected::Catalogue, "{}", model.name);
        assert_eq!(
            verified.description.multilingual,
            !model.name.contains(".en"),
            "{}",
            model.name
        );
        Whisper::load(&path, 1).unwrap();
        seen += 1;
    }
    assert!(seen > 0);
}
