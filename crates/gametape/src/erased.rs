//! Files that name what was deleted for good: a line of JSON each. They lie beside backups, so that restoring one brings
//! nothing back.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, BufWriter, ErrorKind, Write},
    path::Path,
};

use anyhow::Context;
use gametape_core::erasure::{Erasure, ErasureKind};
use gametape_store::Store;

/// Entries that are read from the database at a time.
const BATCH: i64 = 10_000;

/// What a file names; nothing where there is none.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Erasure>> {
    let file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let mut erasures = Vec::new();
    for (number, line) in file.lines().enumerate() {
        let line = line.with_context(|| path.display().to_string())?;
        let erasure = serde_json::from_str(&line)
            .with_context(|| format!("line {} of {} names no erasure", number + 1, path.display()))?;
        erasures.push(erasure);
    }
    Ok(erasures)
}

/// Adds what the database knows of to a file, which keeps what it named before; says how much it names now.
pub(crate) async fn update(path: &Path, store: &Store) -> anyhow::Result<usize> {
    let mut all: BTreeMap<String, Erasure> = BTreeMap::new();
    for erasure in read(path)? {
        add(&mut all, erasure);
    }
    let mut after = String::new();
    loop {
        let batch = store.erasure_list(&after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after.clone_from(&last.id);
        for erasure in batch {
            add(&mut all, erasure);
        }
    }
    write(path, all.values()).with_context(|| path.display().to_string())?;
    Ok(all.len())
}

/// A call that went takes the place of its recording, which went before.
fn add(all: &mut BTreeMap<String, Erasure>, erasure: Erasure) {
    let known = all.get(&erasure.id).map(|known| known.kind);
    if known.is_none_or(|kind| kind == ErasureKind::Recording) {
        all.insert(erasure.id.clone(), erasure);
    }
}

/// Puts a file in its place, whole or not at all.
fn write<'a>(path: &Path, erasures: impl Iterator<Item = &'a Erasure>) -> anyhow::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let mut file = BufWriter::new(File::create(&draft)?);
    for erasure in erasures {
        serde_json::to_writer(&mut file, erasure)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    file.get_ref().sync_all()?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(id: &str, kind: ErasureKind, erased_at: i64) -> Erasure {
        Erasure {
            id: id.to_owned(),
            kind,
            erased_at,
        }
    }

    #[test]
    fn a_call_takes_the_place_of_its_recording() {
        let mut all = BTreeMap::new();
        for (kind, at) in [
            (ErasureKind::Recording, 1),
            (ErasureKind::Call, 2),
            (ErasureKind::Recording, 3),
            (ErasureKind::Call, 4),
        ] {
            add(&mut all, erasure("call_1", kind, at));
        }
        assert_eq!(all["call_1"], erasure("call_1", ErasureKind::Call, 2));
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erased.jsonl");
        assert_eq!(read(&path).unwrap(), []);
        let all = [
            erasure("call_1", ErasureKind::Call, 1),
            erasure("user_1", ErasureKind::Person, 2),
        ];
        write(&path, all.iter()).unwrap();
        assert_eq!(read(&path).unwrap(), all);
        std::fs::write(&path, "{\"id\":\"x\"}\n").unwrap();
        let refused = format!("{:#}", read(&path).unwrap_err());
        assert!(refused.contains("line 1"), "{refused}");
    }
}
