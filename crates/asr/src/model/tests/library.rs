use std::{fs, path::Path};

use super::fixture::{self, Store};
use crate::model::{
    Expected, ModelError, Precision, Silent, convert, inspect, library::Sidecar, list, resolve, verify,
};

/// A ggml file of some kilobytes.
pub(super) fn small_model(path: &Path) -> String {
    let dir = tempfile::tempdir().unwrap();
    fixture::plain(dir.path(), Store::F16);
    convert(dir.path(), path, Precision::F16, &Silent).unwrap().sha256
}

#[test]
fn a_cut_or_padded_file_is_refused_wherever_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ggml-own.bin");
    small_model(&path);
    let whole = fs::read(&path).unwrap();
    let tenths = (0..10).map(|tenth| whole.len() * tenth / 10);
    for len in tenths.chain(0..60).chain(whole.len() - 60..whole.len()) {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(
            matches!(inspect(&path), Err(ModelError::Malformed { .. })),
            "{len} bytes"
        );
    }
    fs::write(&path, [whole.as_slice(), &[0; 7]].concat()).unwrap();
    assert!(matches!(inspect(&path), Err(ModelError::Malformed { .. })));
}

#[test]
fn any_bit_of_the_head_may_lie_without_harm() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ggml-own.bin");
    small_model(&path);
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    for index in 0..56 {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[index] ^= 1 << bit;
            fs::write(&path, &changed).unwrap();
            refused += u32::from(inspect(&path).is_err());
        }
    }
    // The numbers of heads and the version of the format may be others; everything else has to fit.
    assert!(refused > 56 * 8 - 30, "only {refused} were noticed");
}

#[test]
fn an_own_model_is_verified_by_structure_and_by_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ggml-own.v2.bin");
    let sha256 = small_model(&path);
    let verified = verify(&path, &Silent).unwrap();
    assert_eq!(
        (verified.expected, verified.sha256.as_str()),
        (Expected::Nothing, sha256.as_str())
    );

    Sidecar::new("own.v2", &sha256, "made here", None)
        .write(&path)
        .unwrap();
    assert!(dir.path().join("ggml-own.v2.json").is_file());
    let verified = verify(&path, &Silent).unwrap();
    assert_eq!(
        (verified.expected, verified.source.as_deref()),
        (Expected::Record, Some("made here"))
    );

    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = verify(&path, &Silent).unwrap_err();
    let ModelError::WrongHash { expected, found, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*expected, sha256);
    assert!(*found != sha256 && error.to_string().contains(found) && error.to_string().contains(expected));
}

#[test]
fn a_file_with_a_pinned_name_must_be_that_model() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ggml-tiny.en.bin");
    small_model(&path);
    let error = verify(&path, &Silent).unwrap_err().to_string();
    assert!(
        error.contains("921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"),
        "{error}"
    );
}

#[test]
fn the_list_shows_what_is_here_and_what_can_be_had() {
    let dir = tempfile::tempdir().unwrap();
    small_model(&dir.path().join("ggml-own.bin"));
    fs::write(dir.path().join("ggml-broken.bin"), b"nothing").unwrap();
    fs::write(dir.path().join("notes.txt"), b"nothing").unwrap();
    let all = list(dir.path()).unwrap();
    let of = |name: &str| all.iter().find(|model| model.name == name).unwrap();
    assert!(of("own").structure.as_ref().unwrap().is_ok() && !of("own").catalogued);
    assert!(of("broken").structure.as_ref().unwrap().is_err());
    assert!(of("base").path.is_none() && of("base").size_bytes == 147_951_465);
    assert!(all.is_sorted_by(|a, b| a.name < b.name));
    let empty = list(&dir.path().join("none")).unwrap();
    assert_eq!(empty.len(), all.len() - 2);
}

#[test]
fn names_and_paths_are_resolved() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    let own = models.join("ggml-own.bin");
    small_model(&own);
    assert_eq!(resolve(&models, "own").unwrap(), own);
    assert_eq!(resolve(dir.path(), own.to_str().unwrap()).unwrap(), own);
    let error = resolve(&models, "tiny.en").unwrap_err().to_string();
    assert!(
        error.contains("gametape model get tiny.en") && error.contains("own"),
        "{error}"
    );
    for wrong in ["", "other", "../own", "own/", "models"] {
        assert!(
            matches!(resolve(&models, wrong), Err(ModelError::Missing { .. })),
            "{wrong}"
        );
    }
}
