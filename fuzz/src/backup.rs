//! A backup as somebody finds it. The module that reads it belongs to the program itself, which is no library, so it
//! is built in as it stands.

use std::fs;

use gametape_media::MediaKey;

#[expect(dead_code, reason = "nothing is written here")]
#[path = "../../crates/gametape/src/archive.rs"]
mod archive;

/// Reads a manifest and, behind a zero byte, the rows of its tables.
pub fn read(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (manifest, rows) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let dir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder");
    let root = dir.path().join("backup");
    fs::create_dir_all(root.join("tables-1")).expect("a folder");
    fs::write(root.join("backup.json"), manifest).expect("written");
    fs::write(root.join("tables-1/users.jsonl"), rows).expect("written");
    // Beside the backup: nothing in it may lead there.
    fs::write(dir.path().join("outside.jsonl"), "[]\n").expect("written");
    let Ok((archive, manifest)) = archive::Archive::open(&root) else {
        return;
    };
    for table in manifest.tables.iter().take(4) {
        let Ok(mut reader) = archive.table_reader(manifest.made_at, table, 100) else {
            continue;
        };
        assert!(
            !table.shape.name.contains(['/', '\\']),
            "{} was opened",
            table.shape.name
        );
        let mut lines = 0;
        while let Ok(batch) = reader.next_batch() {
            if batch.is_empty() {
                break;
            }
            assert!(batch.len() <= 100);
            lines += batch.len() as u64;
        }
        if reader.check(table).is_ok() {
            assert_eq!(lines, table.rows);
        }
    }
    for file in manifest.media.iter().take(16) {
        if let Ok(key) = MediaKey::from_stored(&file.key) {
            let path = archive.media_path(&key);
            assert!(
                path.starts_with(root.join("media")) && !file.key.contains(".."),
                "{}",
                path.display()
            );
            let _ = archive.has_media(file);
        }
    }
}
