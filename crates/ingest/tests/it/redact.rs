//! Numbers that are said: no trace of them in what is written, and silence where they are heard.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{path::Path, sync::Arc, sync::atomic::AtomicBool, time::Duration};

use gametape_asr::{AsrError, Heard, HeardWord, Request, Transcriber};
use gametape_audio::Limits;
use gametape_core::{
    Clock,
    call::{CallState, Recording},
    id::{CallId, UserId},
    job::{JobKind, Priority},
    redact::{NumberKind, RedactedObject},
    user::Role,
};
use gametape_ingest::{Engines, Worker, WorkerConfig};
use gametape_media::{Media, MediaKey, S3Options};
use gametape_store::{Actor, CallDetails, NewCall, NewPart, NewUpload, NewUser, Store, UploadLimits};
use sha2::{Digest, Sha256};

/// A recording with a speaker on each channel.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/bakery-discovery.opus");

/// Hears the same number in every window.
struct Teller;

impl Transcriber for Teller {
    fn model(&self) -> &'static str {
        "teller"
    }

    fn is_multilingual(&self) -> bool {
        false
    }

    fn transcribe(&mut self, samples: &[f32], _: &Request, _: &AtomicBool) -> Result<Heard, AsrError> {
        let length_ms = samples.len() as i64 / 16;
        let text = "Sure, my card is 4242 4242 4242 4242. Did you get it?";
        let count = text.split(' ').count() as i64;
        let word = |(index, text): (i64, &str)| HeardWord {
            text: text.to_owned(),
            start_ms: index * length_ms / count,
            end_ms: (index + 1) * length_ms / count,
            confidence: 0.9,
            spaced: true,
        };
        Ok(Heard {
            language: "en".to_owned(),
            words: (0..).zip(text.split(' ')).map(word).collect(),
            last_timestamp_ms: Some(length_ms),
            cut_off: false,
        })
    }
}

struct Place {
    store: Store,
    media: Media,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/tape.db", folder.path().display());
        let store = Store::connect(&url, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        let objects = folder.path().join("media").display().to_string();
        let media = Media::open(&objects, &S3Options::default()).unwrap();
        Self { store, media, folder }
    }

    fn worker(&self, redact: bool) -> Worker {
        let config = WorkerConfig {
            name: "w".to_owned(),
            lease: Duration::from_mins(1),
            kinds: JobKind::ALL.to_vec(),
            transcriptions: 1,
            quick_jobs: 1,
            limits: Limits {
                max_duration_ms: 3_600_000,
            },
            redact,
            grace: Duration::from_secs(1),
        };
        let load = |_: &str| -> Result<Box<dyn Transcriber>, AsrError> { Ok(Box::new(Teller)) };
        let engines = Engines::new("teller".to_owned(), 20_000, Arc::new(load));
        Worker::new(config, self.store.clone(), self.media.clone(), engines)
    }

    async fn person(&self) -> UserId {
        let new = NewUser {
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            role: Role::Rep,
            password_hash: String::new(),
        };
        self.store.user_create(&Actor::default(), new).await.unwrap().id
    }

    async fn call(&self, owner: &UserId) -> CallId {
        let recording = std::fs::read(Path::new(SAMPLE)).unwrap();
        let new = NewUpload {
            owner_id: owner.clone(),
            size_bytes: Some(recording.len() as i64),
            filename: "a.opus".to_owned(),
            metadata: String::new(),
            hash_state: Vec::new(),
            expires_at: i64::MAX,
        };
        let upload = self
            .store
            .upload_create(new, UploadLimits::default())
            .await
            .unwrap();
        let key = MediaKey::upload_part(&upload.id, 0, 0);
        let part = NewPart {
            media_key: key.as_str().to_owned(),
            size_bytes: recording.len() as i64,
        };
        let sha256 = hex::encode(Sha256::digest(&recording));
        self.media.put(&key, recording.into()).await.unwrap();
        self.store
            .upload_append(&upload.id, 0, part, &[], i64::MAX)
            .await
            .unwrap();
        self.store.upload_complete(&upload.id, &sha256).await.unwrap();
        let new = NewCall {
            owner_id: owner.clone(),
            title: "call".to_owned(),
            occurred_at: None,
            language: None,
            model: None,
            priority: Priority::Normal,
            upload_id: upload.id,
            details: CallDetails::default(),
        };
        self.store.call_create(new).await.unwrap().id
    }

    /// The recording of a call that must be ready.
    async fn recording(&self, id: &CallId) -> Recording {
        let call = self.store.call_get(id).await.unwrap().unwrap();
        assert_eq!(call.state, CallState::Ready, "{:?}", call.problem);
        let found = self
            .store
            .recording_get(&call.recording_id.unwrap())
            .await
            .unwrap();
        found.unwrap()
    }

    /// The words of a call, and all that was told about it.
    async fn said(&self, id: &CallId) -> String {
        let transcript = self.store.transcript_read(id).await.unwrap().unwrap();
        let mut said = serde_json::to_string(&transcript).unwrap();
        for event in self.store.events_after(id, 0, 10_000).await.unwrap() {
            said.push_str(&event.data.to_string());
        }
        said
    }

    async fn stored(&self, recording: &Recording, object: &RedactedObject) -> Vec<u8> {
        let key = MediaKey::recording_redacted(&recording.id, object.version);
        self.media.get(&key).await.unwrap().to_vec()
    }

    /// Whether the number is anywhere in the files of the database.
    fn is_on_disk(&self) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let files = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file());
        files.into_iter().any(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(9).any(|bytes| bytes == b"4242 4242")
        })
    }
}

/// Whether all samples of both channels from one time to another are silence; 44 bytes of header, 16 kHz.
fn is_silent(wav: &[u8], start_ms: i64, end_ms: i64) -> bool {
    let at = |ms: i64| (44 + ms.max(0) as usize * 16 * 4).min(wav.len());
    wav[at(start_ms)..at(end_ms)].iter().all(|byte| *byte == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_written_nowhere_and_heard_nowhere() {
    let place = Place::new().await;
    let ann = place.person().await;
    let call = place.call(&ann).await;
    place.worker(true).drain().await.unwrap();

    let said = place.said(&call).await;
    assert!(said.contains("my card is •••• •••• •••• ••••. Did"));
    assert!(!said.contains("4242"));
    assert!(!place.is_on_disk());

    let recording = place.recording(&call).await;
    let (version, found) = place.store.redactions_list(&recording.id).await.unwrap();
    let object = recording.redaction.object.clone().unwrap();
    assert_eq!((object.version, recording.redaction.version), (version, version));
    assert!(recording.redaction.looked_at.is_some());
    let wav = place.stored(&recording, &object).await;
    assert_eq!(wav.len() as i64, object.size_bytes);
    assert_eq!(hex::encode(Sha256::digest(&wav)), object.sha256);
    assert!(found.len() > 4 && found.iter().any(|one| one.channel == 1));
    for one in &found {
        assert_eq!(one.number.kind, NumberKind::Card);
        assert!(
            is_silent(&wav, one.number.start_ms - 400, one.number.end_ms + 200),
            "{one:?}"
        );
    }
    let spoken = found.windows(2).filter(|pair| pair[0].channel == pair[1].channel);
    let kept =
        spoken.filter(|pair| !is_silent(&wav, pair[0].number.end_ms + 200, pair[1].number.start_ms - 400));
    assert!(kept.count() > 4, "all of it is silent");

    // Heard again, with masking switched off since: what was found stays silent.
    place
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    place.worker(false).drain().await.unwrap();
    assert_eq!(place.recording(&call).await.redaction, recording.redaction);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_from_before_is_masked_when_it_is_heard_again() {
    let place = Place::new().await;
    let ann = place.person().await;
    let call = place.call(&ann).await;
    place.worker(false).drain().await.unwrap();
    assert!(place.said(&call).await.contains("4242"));
    let before = place.recording(&call).await.redaction;
    assert_eq!((before.version, before.object, before.looked_at), (0, None, None));

    place
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    place.worker(true).drain().await.unwrap();
    assert!(!place.said(&call).await.contains("4242"));
    let old = place
        .store
        .transcript_read_version(&call, 1)
        .await
        .unwrap()
        .unwrap();
    assert!(old.segments.iter().all(|segment| !segment.text.contains("4242")));
    assert!(place.recording(&call).await.redaction.object.is_some());

    place.store.call_delete(&Actor::default(), &call).await.unwrap();
    place.worker(true).drain().await.unwrap();
    assert!(!place.folder.path().join("media/recordings").exists());
}
