//! What every object store has to do, run on local files and on a real S3 server, with keys and without.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{Read, Seek, SeekFrom},
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use gametape_core::id::{RecordingId, UploadId};
use gametape_media::{Keys, Media, MediaError, MediaKey, MediaPrefix, PART_BYTES, S3Options, Sealing};

/// A store of its own for one test.
struct Opened {
    media: Media,
    folder: Option<tempfile::TempDir>,
    /// How much longer an object of a few bytes is where it is stored.
    longer_by: u64,
}

impl Opened {
    /// The same, with keys.
    fn with_keys(self) -> Self {
        let keys = Keys::parse(&Keys::make("test").unwrap()).unwrap();
        Self {
            media: self.media.with_keys(keys),
            longer_by: 64,
            ..self
        }
    }
}

fn local() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("media").display().to_string();
    let media = Media::open(&url, &S3Options::default()).unwrap();
    Opened {
        media,
        folder: Some(folder),
        longer_by: 0,
    }
}

fn s3_options() -> (String, S3Options) {
    let variable = |name: &str| {
        std::env::var(format!("GAMETAPE_TEST_S3_{name}")).unwrap_or_else(|_| {
            panic!("GAMETAPE_TEST_S3_{name} is not set: run the tests as `scripts/test-s3 cargo test -p gametape-media`")
        })
    };
    let options = S3Options {
        endpoint: Some(variable("ENDPOINT")),
        region: Some("us-east-1".to_owned()),
        access_key_id: Some(variable("ACCESS_KEY")),
        secret_access_key: Some(variable("SECRET_KEY")),
        allow_http: true,
        virtual_hosted_style: false,
    };
    (variable("BUCKET"), options)
}

fn s3() -> Opened {
    let (bucket, options) = s3_options();
    let prefix = UploadId::new(0);
    let media = Media::open(&format!("s3://{bucket}/test/{prefix}"), &options).unwrap();
    Opened {
        media,
        folder: None,
        longer_by: 0,
    }
}

/// Bytes that differ at every position that a mix-up of blocks could exchange.
fn bytes(count: usize) -> Bytes {
    (0..count)
        .map(|n| (n ^ (n >> 8) ^ (n >> 16) ^ (n >> 20)) as u8)
        .collect()
}

fn chunks(data: &Bytes, size: usize) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + use<> {
    let data = data.clone();
    let count = data.len().div_ceil(size);
    futures::stream::iter(0..count).map(move |n| Ok(data.slice(n * size..((n + 1) * size).min(data.len()))))
}

async fn read(media: &Media, key: &MediaKey, range: std::ops::Range<u64>) -> Result<Vec<u8>, MediaError> {
    let parts: Vec<Bytes> = media.get_range(key, range).await?.try_collect().await?;
    Ok(parts.concat())
}

async fn what_is_put_is_read_back(store: Opened) {
    let media = &store.media;
    let key = MediaKey::upload_part(&UploadId::new(1), 0, 1);
    assert!(matches!(media.get(&key).await, Err(MediaError::NotFound { .. })));
    assert!(matches!(
        media.get_range(&key, 0..5).await,
        Err(MediaError::NotFound { .. })
    ));
    assert_eq!(media.size(&key).await.unwrap(), None);

    let data = bytes(1_000_003);
    media.put(&key, data.clone()).await.unwrap();
    assert_eq!(media.get(&key).await.unwrap(), data);
    assert_eq!(media.size(&key).await.unwrap(), Some(1_000_003));
    media.put(&key, Bytes::from_static(b"other")).await.unwrap();
    assert_eq!(media.get(&key).await.unwrap(), &b"other"[..]);
    media.put(&key, Bytes::new()).await.unwrap();
    assert_eq!(media.size(&key).await.unwrap(), Some(0));
}

async fn ranges_are_exact_and_stop_at_the_end(store: Opened) {
    let media = &store.media;
    let key = MediaKey::recording_original(&RecordingId::new(1));
    let data = bytes(700_001);
    media.put(&key, data.clone()).await.unwrap();
    for range in [0..1, 0..700_001, 1..2, 300_000..600_000, 700_000..700_001] {
        let wanted = &data[range.start as usize..range.end as usize];
        assert!(
            read(media, &key, range.clone()).await.unwrap() == wanted,
            "{range:?}"
        );
    }
    assert_eq!(read(media, &key, 5..5).await.unwrap(), b"");
    assert_eq!(
        read(media, &key, 699_999..800_000).await.unwrap(),
        &data[699_999..]
    );
    let whole: Vec<Bytes> = media.get_stream(&key).await.unwrap().try_collect().await.unwrap();
    assert!(whole.concat() == data);
}

async fn streams_of_any_length_are_stored(store: Opened) {
    let media = &store.media;
    let recording = RecordingId::new(1);
    let key = MediaKey::recording_original(&recording);
    for size in [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 77_777] {
        let data = bytes(size);
        let stored = media.put_stream(&key, chunks(&data, 100_000)).await.unwrap();
        assert_eq!(stored, size as u64);
        assert!(media.get(&key).await.unwrap() == data, "{size}");
    }
    let listed = media.list(Some(&MediaPrefix::recording(&recording)));
    assert_eq!(listed.count().await, 1);
}

async fn a_stream_that_breaks_off_leaves_nothing(store: Opened) {
    let media = &store.media;
    let key = MediaKey::recording_original(&RecordingId::new(1));
    for size in [10, PART_BYTES * 2 + 10] {
        let broken = chunks(&bytes(size), 1_000_000).chain(futures::stream::iter([Err(
            std::io::Error::other("the line is cut"),
        )]));
        let error = media.put_stream(&key, broken).await.unwrap_err();
        assert!(matches!(error, MediaError::Source { .. }), "{error}");
        assert_eq!(media.size(&key).await.unwrap(), None);
    }
    // The abort runs beside us.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(media.list(None).count().await, 0);
    assert_eq!(files(&store), Vec::<String>::new());
}

async fn deleting_takes_what_was_named_and_no_more(store: Opened) {
    let media = &store.media;
    let (first, second) = (UploadId::new(1), UploadId::new(2));
    for upload in [&first, &second] {
        for n in 0..3 {
            let key = MediaKey::upload_part(upload, n, n);
            media.put(&key, Bytes::from_static(b"part")).await.unwrap();
        }
    }
    let key = MediaKey::upload_part(&first, 0, 0);
    media.delete(&key).await.unwrap();
    media.delete(&key).await.unwrap();
    assert_eq!(media.size(&key).await.unwrap(), None);
    assert_eq!(
        media.delete_prefix(&MediaPrefix::upload(&first)).await.unwrap(),
        2
    );
    assert_eq!(
        media.delete_prefix(&MediaPrefix::upload(&first)).await.unwrap(),
        0
    );

    let mut left: Vec<_> = media.list(None).map(|entry| entry.unwrap()).collect().await;
    left.sort_by(|a, b| a.path.cmp(&b.path));
    let keys: Vec<_> = left.iter().map(|entry| entry.key.clone().unwrap()).collect();
    assert_eq!(keys, [0, 1, 2].map(|n| MediaKey::upload_part(&second, n, n)));
    assert!(
        left.iter()
            .all(|entry| entry.size_bytes == 4 + store.longer_by && entry.modified_ms > 1_600_000_000_000)
    );
    let of_second = media.list(Some(&MediaPrefix::upload(&second)));
    assert_eq!(of_second.count().await, 3);

    media.delete_prefix(&MediaPrefix::upload(&second)).await.unwrap();
    assert_eq!(media.list(None).count().await, 0);
    assert_eq!(files(&store), Vec::<String>::new());
}

async fn a_decoder_reads_and_seeks_as_in_a_file(store: Opened) {
    let media = &store.media;
    let key = MediaKey::recording_original(&RecordingId::new(1));
    let data = bytes(3_500_000);
    media.put(&key, data.clone()).await.unwrap();
    let mut reader = media.reader(&key).await.unwrap();
    assert_eq!(reader.byte_len(), 3_500_000);
    let read = std::thread::spawn(move || {
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert!(whole == data);
        for (position, length) in [(3_400_000, 100_000), (0, 10), (1_048_570, 12), (2_097_152, 1)] {
            reader.seek(SeekFrom::Start(position)).unwrap();
            let mut piece = vec![0; length];
            reader.read_exact(&mut piece).unwrap();
            assert!(
                piece == data[position as usize..position as usize + length],
                "{position}"
            );
        }
        assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 3_499_999);
        assert_eq!(reader.seek(SeekFrom::Current(-9)).unwrap(), 3_499_990);
        assert!(reader.seek(SeekFrom::Current(-4_000_000)).is_err());
        reader.seek(SeekFrom::Start(9_000_000)).unwrap();
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    });
    while !read.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    read.join().unwrap();
    let missing = MediaKey::recording_peaks(&RecordingId::new(1));
    assert!(matches!(
        media.reader(&missing).await,
        Err(MediaError::NotFound { .. })
    ));
}

async fn it_says_whether_it_can_be_used(store: Opened) {
    store.media.ping().await.unwrap();
    store.media.check_write().await.unwrap();
    assert_eq!(store.media.list(None).count().await, 0);
    assert_eq!(files(&store), Vec::<String>::new());
}

async fn many_writers_do_not_disturb_each_other(store: Opened) {
    let upload = UploadId::new(1);
    let writes = (0..24).map(|n| {
        let (media, key) = (store.media.clone(), MediaKey::upload_part(&upload, n, n));
        async move {
            media.put(&key, bytes(10_000 + n as usize)).await.unwrap();
            if n % 2 == 0 {
                media.delete(&key).await.unwrap();
            }
        }
    });
    futures::future::join_all(writes).await;
    assert_eq!(
        store
            .media
            .delete_prefix(&MediaPrefix::upload(&upload))
            .await
            .unwrap(),
        12
    );
}

async fn objects_get_the_current_key_while_they_are_read(store: Opened) {
    let (recording, data) = (RecordingId::new(1), bytes(3_200_000));
    let key = MediaKey::recording_original(&recording);
    store.media.put(&key, data.clone()).await.unwrap();
    let mut keys = String::new();
    for round in ["one", "two"] {
        keys = format!("{},{keys}", Keys::make(round).unwrap());
        // What was written at first is under no key, or under one that is not among these.
        let media = store.media.clone().with_keys(Keys::parse(&keys).unwrap());
        if store.longer_by > 0 && round == "one" {
            assert!(matches!(
                media.sealing_of(&key).await.unwrap(),
                Sealing::Unknown(_)
            ));
            let error = media.get(&key).await.unwrap_err();
            assert!(matches!(error, MediaError::MissingKey { .. }), "{error}");
            assert!(matches!(
                media.reader(&key).await,
                Err(MediaError::MissingKey { .. })
            ));
            media.put(&key, data.clone()).await.unwrap();
            continue;
        }
        let mut reader = media.reader(&key).await.unwrap();
        let (mut reader, half) = on_a_thread(move || {
            let mut half = vec![0; 1_500_000];
            reader.read_exact(&mut half).unwrap();
            (reader, half)
        })
        .await;
        assert_eq!(media.reseal(&key).await.unwrap(), Some(data.len() as u64));
        assert_eq!(media.reseal(&key).await.unwrap(), None);
        assert_eq!(
            media.sealing_of(&key).await.unwrap(),
            Sealing::Key(round.to_owned())
        );
        assert_eq!(media.size(&key).await.unwrap(), Some(data.len() as u64));
        assert!(media.get(&key).await.unwrap() == data);
        let rest = on_a_thread(move || {
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).map(|_| rest)
        })
        .await;
        assert!([half, rest.unwrap()].concat() == data, "{round}");
    }
}

/// Reads as those do who may block.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || sender.send(work()).ok());
    receiver.await.expect("the thread comes to its end")
}

async fn what_is_stored_can_be_carried_to_another_store(store: Opened) {
    let (recording, data) = (RecordingId::new(1), bytes(200_000));
    let key = MediaKey::recording_original(&recording);
    store.media.put(&key, data.clone()).await.unwrap();
    let stored: Vec<Bytes> = store
        .media
        .get_stored(&key)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let stored = Bytes::from(stored.concat());
    assert_eq!(stored == data, store.longer_by == 0);
    let head = store.media.stored_head(&key).await.unwrap();
    assert_eq!(head, (store.longer_by > 0).then(|| stored.slice(..48)));
    store.media.delete(&key).await.unwrap();
    let length = stored.len() as u64;
    let written = store.media.put_stored_stream(&key, chunks(&stored, 70_000)).await;
    assert_eq!(written.unwrap(), length);
    assert!(store.media.get(&key).await.unwrap() == data);
}

/// Every file and folder below the root of a store on local files.
fn files(store: &Opened) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.display().to_string());
            if path.is_dir() {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    if let Some(folder) = &store.folder {
        walk(&folder.path().join("media"), &mut found);
    }
    found
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_local_files {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::local()).await;
            })+
        }
        mod on_local_files_with_keys {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::local().with_keys()).await;
            })+
        }
        mod on_s3_with_keys {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::s3().with_keys()).await;
            })+
        }
        mod on_s3 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::s3()).await;
            })+
        }
    };
}

on_both!(
    what_is_put_is_read_back,
    ranges_are_exact_and_stop_at_the_end,
    streams_of_any_length_are_stored,
    a_stream_that_breaks_off_leaves_nothing,
    deleting_takes_what_was_named_and_no_more,
    a_decoder_reads_and_seeks_as_in_a_file,
    it_says_whether_it_can_be_used,
    many_writers_do_not_disturb_each_other,
    objects_get_the_current_key_while_they_are_read,
    what_is_stored_can_be_carried_to_another_store,
);

#[tokio::test]
async fn wrong_s3_credentials_and_buckets_are_noticed() {
    let (bucket, mut options) = s3_options();
    let missing = Media::open("s3://there-is-no-such-bucket", &options).unwrap();
    assert!(missing.ping().await.is_err());
    options.secret_access_key = Some("wrong".to_owned());
    let refused = Media::open(&format!("s3://{bucket}"), &options).unwrap();
    assert!(refused.ping().await.is_err());
}

#[test]
fn addresses_that_cannot_work_are_refused_with_a_reason() {
    for url in ["", "ftp://host/x", "s3://", "file://host/x", "gs://bucket"] {
        let error = Media::open(url, &S3Options::default()).unwrap_err();
        assert!(matches!(error, MediaError::InvalidUrl { .. }), "{url}: {error}");
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let options = S3Options {
        secret_access_key: Some("hush".to_owned()),
        ..S3Options::default()
    };
    assert!(!format!("{options:?}").contains("hush"));
}

#[tokio::test]
async fn half_written_files_of_a_killed_process_are_cleared() {
    let store = local();
    let recording = RecordingId::new(1);
    let key = MediaKey::recording_original(&recording);
    let root = store.folder.as_ref().unwrap().path().join("media");
    let folder = root.join(MediaPrefix::recording(&recording).as_str());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("original#1"), b"half").unwrap();

    store
        .media
        .put_stream(&key, chunks(&bytes(10), 10))
        .await
        .unwrap();
    assert!(!folder.join("original#1").exists());
    std::fs::write(folder.join("peaks#1"), b"half").unwrap();
    store
        .media
        .delete_prefix(&MediaPrefix::recording(&recording))
        .await
        .unwrap();
    assert!(!folder.exists());
}
