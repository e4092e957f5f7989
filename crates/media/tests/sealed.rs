//! What somebody can do who gets at the files of encrypted objects: nothing that goes unnoticed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use bytes::Bytes;
use futures::TryStreamExt;
use gametape_core::id::RecordingId;
use gametape_media::{Keys, Media, MediaError, MediaKey, S3Options, Sealing};

const HEAD: usize = 48;
const PIECE: usize = 64 * 1024;
const SEALED: usize = PIECE + 16;

struct Place {
    media: Media,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plain = Media::open(&folder.path().display().to_string(), &S3Options::default()).unwrap();
        let keys = Keys::parse(&Keys::make("test").unwrap()).unwrap();
        Self {
            media: plain.with_keys(keys),
            folder,
        }
    }

    fn file(&self, key: &MediaKey) -> PathBuf {
        self.folder.path().join(key.as_str())
    }

    async fn read(&self, key: &MediaKey, range: std::ops::Range<u64>) -> Result<Vec<u8>, MediaError> {
        let pieces: Vec<Bytes> = self.media.get_range(key, range).await?.try_collect().await?;
        Ok(pieces.concat())
    }

    async fn damaged(&self, key: &MediaKey, range: std::ops::Range<u64>, what: &str) {
        let outcome = self.read(key, range).await;
        assert!(
            matches!(outcome, Err(MediaError::Damaged { .. })),
            "{what}: {outcome:?}"
        );
    }
}

/// A recording as one finds it: a RIFF header, and sound in which every piece differs.
fn recording(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect();
    let name = b"RIFF....WAVE";
    let end = name.len().min(length);
    bytes[..end].copy_from_slice(&name[..end]);
    bytes
}

fn key(number: i64) -> MediaKey {
    MediaKey::recording_original(&RecordingId::new(number))
}

#[tokio::test]
async fn nothing_of_a_recording_shows() {
    let place = Place::new();
    let (key, data) = (key(1), recording(3 * PIECE + 5));
    place.media.put(&key, data.clone().into()).await.unwrap();
    let stored = std::fs::read(place.file(&key)).unwrap();
    assert_eq!(stored.len(), HEAD + data.len() + 4 * 16);
    for window in [&data[..4], &data[8..16], &data[PIECE..PIECE + 16]] {
        assert!(
            !stored.windows(window.len()).any(|found| found == window),
            "{window:?}"
        );
    }
    place.media.put(&key, data.into()).await.unwrap();
    let again = std::fs::read(place.file(&key)).unwrap();
    assert_ne!(stored[HEAD..], again[HEAD..], "twice the same is not the same");
}

#[tokio::test]
async fn ranges_at_the_edges_of_pieces_are_exact() {
    let place = Place::new();
    let piece = PIECE as u64;
    for length in [1, piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 7] {
        let (key, data) = (key(length as i64), recording(length as usize));
        place.media.put(&key, data.clone().into()).await.unwrap();
        assert_eq!(place.media.size(&key).await.unwrap(), Some(length));
        let edges = [
            0,
            1,
            piece - 1,
            piece,
            piece + 1,
            2 * piece - 1,
            2 * piece,
            2 * piece + 7,
            9 * piece,
        ];
        for (n, from) in edges.iter().enumerate() {
            for to in &edges[n..] {
                let end = (*to).min(length) as usize;
                let wanted = &data[(*from as usize).min(end)..end];
                assert!(
                    place.read(&key, *from..*to).await.unwrap() == wanted,
                    "{length}: {from}..{to}"
                );
            }
        }
    }
}

#[tokio::test]
async fn changed_bytes_are_noticed_where_they_are() {
    let place = Place::new();
    let (key, data) = (key(1), recording(2 * PIECE + 100));
    place.media.put(&key, data.clone().into()).await.unwrap();
    let stored = std::fs::read(place.file(&key)).unwrap();
    let piece = PIECE as u64;
    // In the middle of the second piece, and in what proves it.
    for at in [HEAD + SEALED + 1_000, HEAD + 2 * SEALED - 1] {
        let mut changed = stored.clone();
        changed[at] ^= 0x40;
        std::fs::write(place.file(&key), changed).unwrap();
        place.damaged(&key, piece..piece + 1, "the piece").await;
        place.damaged(&key, 0..data.len() as u64, "all").await;
        assert_eq!(place.read(&key, 0..10).await.unwrap(), data[..10]);
        assert_eq!(
            place.read(&key, 2 * piece..2 * piece + 5).await.unwrap(),
            data[2 * PIECE..][..5]
        );
        let error = place.media.get(&key).await.unwrap_err();
        assert!(matches!(error, MediaError::Damaged { .. }), "{error}");
    }
    let mut other_salt = stored;
    other_salt[20] ^= 1;
    std::fs::write(place.file(&key), other_salt).unwrap();
    place.damaged(&key, 0..1, "the head").await;
}

#[tokio::test]
async fn what_is_cut_off_added_or_moved_is_noticed() {
    let place = Place::new();
    let (key, data) = (key(1), recording(3 * PIECE));
    place.media.put(&key, data.into()).await.unwrap();
    let stored = std::fs::read(place.file(&key)).unwrap();
    let at = |piece: usize| HEAD + piece * SEALED;
    let pieces = |order: &[usize]| {
        let pieces = order.iter().map(|piece| &stored[at(*piece)..at(*piece + 1)]);
        [&stored[..HEAD]]
            .into_iter()
            .chain(pieces)
            .collect::<Vec<_>>()
            .concat()
    };
    for (what, bytes) in [
        ("the last piece is gone", pieces(&[0, 1])),
        ("all but the first are gone", pieces(&[0])),
        ("all pieces are gone", pieces(&[])),
        ("the end of the last is gone", stored[..stored.len() - 1].to_vec()),
        ("pieces are exchanged", pieces(&[1, 0, 2])),
        ("a piece is there twice", pieces(&[0, 1, 1, 2])),
        ("a piece is left out", pieces(&[0, 2])),
        ("something is added", [&stored[..], &[0; 20]].concat()),
    ] {
        std::fs::write(place.file(&key), bytes).unwrap();
        place.damaged(&key, 0..3 * PIECE as u64, what).await;
    }
}

#[tokio::test]
async fn objects_cannot_take_each_others_places() {
    let place = Place::new();
    let (one, two) = (key(1), key(2));
    place.media.put(&one, recording(100).into()).await.unwrap();
    place.media.put(&two, recording(100).into()).await.unwrap();
    std::fs::copy(place.file(&one), place.file(&two)).unwrap();
    place.damaged(&two, 0..100, "another recording").await;
    assert_eq!(place.read(&one, 0..100).await.unwrap(), recording(100));
    let peaks = MediaKey::recording_peaks(&RecordingId::new(3));
    place.media.put(&peaks, recording(10).into()).await.unwrap();
    std::fs::copy(place.file(&one), place.file(&peaks)).unwrap();
    place.damaged(&peaks, 0..10, "another kind").await;
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_says_so() {
    let place = Place::new();
    let key = key(1);
    place.media.put(&key, recording(100).into()).await.unwrap();
    let other = Keys::parse(&Keys::make("test").unwrap()).unwrap();
    let strange = place.media.clone().with_keys(other);
    let error = strange.get(&key).await.unwrap_err();
    assert!(
        matches!(error, MediaError::MissingKey { .. }) && !error.is_transient(),
        "{error}"
    );
    assert!(matches!(
        strange.sealing_of(&key).await.unwrap(),
        Sealing::Unknown(_)
    ));
    assert!(strange.reseal(&key).await.is_err());
    // Its length is no secret.
    assert_eq!(strange.size(&key).await.unwrap(), Some(100));
    let none = Media::open(&place.folder.path().display().to_string(), &S3Options::default()).unwrap();
    assert!(matches!(
        none.reader(&key).await,
        Err(MediaError::MissingKey { .. })
    ));
}

#[tokio::test]
async fn what_was_stored_before_there_were_keys_is_read_and_then_encrypted() {
    let place = Place::new();
    let (key, data) = (key(1), recording(PIECE + 1));
    let plain = Media::open(&place.folder.path().display().to_string(), &S3Options::default()).unwrap();
    plain.put(&key, data.clone().into()).await.unwrap();
    assert_eq!(place.media.sealing_of(&key).await.unwrap(), Sealing::Plain);
    assert_eq!(place.read(&key, 5..PIECE as u64 + 1).await.unwrap(), data[5..]);
    assert_eq!(place.media.reseal(&key).await.unwrap(), Some(data.len() as u64));
    assert!(std::fs::read(place.file(&key)).unwrap().starts_with(b"GTMEDIA"));
    assert_eq!(place.media.get(&key).await.unwrap(), data);
    assert_eq!(plain.reseal(&key).await.unwrap(), None);
}
