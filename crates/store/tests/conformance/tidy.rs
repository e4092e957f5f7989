//! What the compiler can't check: migrations come in pairs, and every function of the store is tested here.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn migrations(engine: &str) -> BTreeSet<String> {
    let folder = here().join("../../migrations").join(engine);
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn both_engines_have_the_same_migrations() {
    let sqlite = migrations("sqlite");
    assert_eq!(sqlite, migrations("postgres"));
    assert!(!sqlite.is_empty());
    for name in &sqlite {
        let numbered = name.split_once('_').is_some_and(|(number, _)| number.len() == 4);
        let sql = Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "sql");
        assert!(numbered && sql, "{name} is not called NNNN_name.sql");
    }
}

/// What follows this line in a migration has no counterpart in the other engine's: triggers, text indexes.
const OWN: &str = "-- From here on each engine has its own.";

/// The statements of a migration without comments, spaces and the spellings that differ between engines.
fn shape(engine: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(here().join("../../migrations").join(engine).join(name)).unwrap();
    let bare = |line: &str| {
        line.split("--")
            .next()
            .unwrap_or_default()
            .replace("COLLATE \"C\"", "")
    };
    let shared = text.split(OWN).next().unwrap_or_default();
    shared
        .lines()
        .map(bare)
        .map(|line| {
            line.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .replace("BYTEA", "BLOB")
                .replace("BIGINT GENERATED ALWAYS AS IDENTITY", "INTEGER")
                .replace(" ,", ",")
                .replace(" ;", ";")
        })
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn both_engines_have_the_same_tables() {
    for name in migrations("sqlite") {
        let (sqlite, postgres) = (shape("sqlite", &name), shape("postgres", &name));
        for (one, other) in sqlite.iter().zip(&postgres) {
            assert_eq!(one, other, "{name}");
        }
        assert_eq!(sqlite.len(), postgres.len(), "{name}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn text_of(folder: &str) -> String {
    let mut files = Vec::new();
    sources(&here().join(folder), &mut files);
    files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

#[test]
fn every_function_of_the_store_is_used_in_this_suite() {
    let (source, tests) = (text_of("src"), text_of("tests/conformance"));
    let names: Vec<&str> = source
        .match_indices("\n    pub async fn ")
        .filter_map(|(at, found)| source[at + found.len()..].split(['(', '<']).next())
        .collect();
    assert!(names.len() > 40, "only {} functions found", names.len());
    let unused: Vec<_> = names
        .iter()
        .filter(|name| !tests.contains(&format!(".{name}(")) && !tests.contains(&format!("::{name}(")))
        .collect();
    assert!(unused.is_empty(), "not tested on every engine: {unused:?}");
}
