//! The rules of the house that can be checked: arrows between crates, sizes of files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Lines a file may have before its tests.
const MOST_LINES: usize = 400;
/// Lines a file of tests may have: cases stand one below the other.
const MOST_TEST_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lie in the workspace")
        .to_owned()
}

/// The arrows that the code has: crate → crates of ours that it depends on.
fn arrows_of_the_code() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut arrows = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("crates"))? {
        let dir = entry?.path();
        let manifest = std::fs::read_to_string(dir.join("Cargo.toml"))?;
        let dependencies = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        let ours = dependencies
            .lines()
            .filter_map(|line| line.strip_prefix("gametape-"))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .map(ToOwned::to_owned)
            .collect();
        let name = dir.file_name().context("no name")?.to_string_lossy().into_owned();
        arrows.insert(name, ours);
    }
    Ok(arrows)
}

/// The arrows that `docs/ARCHITECTURE.md` shows: lines of its table such as ``| `api` | `core`, `store` | … |``.
fn arrows_of_the_picture() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md"))?;
    let names = |cell: &str| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(ToOwned::to_owned)
            .collect()
    };
    let mut arrows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').collect();
        let [name] = &names(cells[1])[..] else { continue };
        arrows.insert(name.clone(), names(cells[2]).into_iter().collect());
    }
    Ok(arrows)
}

#[test]
fn the_architecture_is_as_its_document_says() -> Result<()> {
    let code = arrows_of_the_code()?;
    assert!(code.len() >= 8, "the crates were not found: {code:?}");
    assert_eq!(
        code,
        arrows_of_the_picture()?,
        "change docs/ARCHITECTURE.md or the dependencies"
    );
    Ok(())
}

#[test]
fn arrows_never_lead_in_a_circle_and_api_and_ingest_do_not_see_each_other() -> Result<()> {
    let code = arrows_of_the_code()?;
    let mut left = code.clone();
    while !left.is_empty() {
        let names: BTreeSet<_> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, to| to.iter().any(|name| names.contains(name)));
        assert!(left.len() < before, "a circle among {names:?}");
    }
    assert!(!code["api"].contains("ingest") && !code["ingest"].contains("api"));
    assert!(code["core"].is_empty());
    Ok(())
}

#[test]
fn files_stay_short() -> Result<()> {
    let mut long = Vec::new();
    let mut seen = 0;
    let mut folders = vec![root().join("crates"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)?;
                let lines = text
                    .split("\n#[cfg(test)]")
                    .next()
                    .unwrap_or_default()
                    .lines()
                    .count();
                seen += 1;
                let inside = path.strip_prefix(root())?;
                let is_test = inside.components().any(|part| part.as_os_str() == "tests");
                if lines > if is_test { MOST_TEST_LINES } else { MOST_LINES } {
                    long.push(format!("{}: {lines}", path.display()));
                }
            }
        }
    }
    assert!(seen > 50, "the sources were not found");
    assert!(long.is_empty(), "split these: {long:#?}");
    Ok(())
}
