//! Model files, which people put into the models folder. The module that reads them is built in as it stands: the
//! crate around it brings whisper.cpp along, which is not ours to test here.

use std::{fs, path::Path};

#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "downloads and lists are not called here"
)]
#[path = "../../crates/asr/src/model/mod.rs"]
pub(crate) mod model;

#[allow(dead_code)]
#[path = "../../crates/asr/src/model/tests/fixture.rs"]
pub(crate) mod fixture;

use model::{Contents, Precision, Silent, inspect};

/// A folder in memory, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}

/// A faster-whisper model, to be converted.
pub fn convert(model_bin: &[u8]) {
    let dir = folder();
    fixture::write_folder(dir.path(), model_bin);
    read(dir.path());
}

/// The list of tokens beside a good model: the first byte says in which form.
pub fn vocabulary(data: &[u8]) {
    let Some((form, list)) = data.split_first() else {
        return;
    };
    let dir = folder();
    fixture::plain(dir.path(), fixture::Store::F16);
    let names = ["vocabulary.txt", "vocabulary.json"];
    fs::remove_file(dir.path().join(names[0])).expect("removed");
    fs::write(dir.path().join(names[usize::from(form % 2)]), list).expect("written");
    read(dir.path());
}

fn read(dir: &Path) {
    let out = dir.join("ggml-out.bin");
    for precision in [Precision::F16, Precision::Q8_0] {
        match model::convert(dir, &out, precision, &Silent) {
            // What we write, we read.
            Ok(_) => drop(inspect(&out).expect("a converted model is a model")),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(!out.exists(), "a failed conversion left something");
            }
        }
        let _ = fs::remove_file(&out);
    }
}

/// A ggml file.
pub fn ggml(data: &[u8]) {
    let dir = folder();
    let path = dir.path().join("ggml-x.bin");
    fs::write(&path, data).expect("written");
    let described = inspect(&path);
    if let Ok(mut contents) = Contents::open(&path) {
        assert!(described.is_ok());
        for name in [
            "encoder.conv1.weight",
            "decoder.token_embedding.weight",
            "encoder.ln_post.bias",
            "none",
        ] {
            let _ = contents.floats(name);
        }
    }
}

/// A small model in both forms: a faster-whisper `model.bin`, and a ggml file.
pub fn samples() -> [(&'static str, Vec<u8>); 5] {
    let dir = folder();
    let ggml = |precision| {
        fixture::plain(dir.path(), fixture::Store::F16);
        let out = dir.path().join("out.bin");
        model::convert(dir.path(), &out, precision, &Silent).expect("converted");
        fs::read(out).expect("read")
    };
    let bin = |store| fixture::model_bin(store, &|_, _, value| value);
    [
        ("ggml/f16", ggml(Precision::F16)),
        ("ggml/q8_0", ggml(Precision::Q8_0)),
        ("ct2/f16", bin(fixture::Store::F16)),
        ("ct2/i8", bin(fixture::Store::I8)),
        ("ct2/f32", bin(fixture::Store::F32)),
    ]
}
