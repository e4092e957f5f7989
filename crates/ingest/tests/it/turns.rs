//! Whose turn it is, as a worker with its lanes carries it out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{sync::Arc, sync::atomic::AtomicBool, time::Duration};

use gametape_asr::{AsrError, Heard, Request, Transcriber};
use gametape_audio::Limits;
use gametape_core::{
    Clock,
    call::{Call, CallState},
    id::{CallId, UserId},
    job::{JobKind, JobState, Priority},
    user::Role,
};
use gametape_ingest::{Engines, Worker, WorkerConfig};
use gametape_media::{Media, MediaKey, S3Options};
use gametape_store::{Actor, CallDetails, NewCall, NewPart, NewUpload, NewUser, Store, UploadLimits};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Hears nothing, and takes its time over it.
struct Deaf;

impl Transcriber for Deaf {
    fn model(&self) -> &'static str {
        "deaf"
    }

    fn is_multilingual(&self) -> bool {
        false
    }

    fn transcribe(&mut self, _: &[f32], _: &Request, _: &AtomicBool) -> Result<Heard, AsrError> {
        std::thread::sleep(Duration::from_millis(20));
        Ok(Heard::default())
    }
}

struct Place {
    store: Store,
    media: Media,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::connect("sqlite::memory:", Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        let media = Media::open(&folder.path().display().to_string(), &S3Options::default()).unwrap();
        Self {
            store,
            media,
            _folder: folder,
        }
    }

    fn worker(&self, name: &str, kinds: &[JobKind]) -> Worker {
        let config = WorkerConfig {
            name: name.to_owned(),
            lease: Duration::from_secs(30),
            kinds: kinds.to_vec(),
            transcriptions: 1,
            quick_jobs: 1,
            limits: Limits {
                max_duration_ms: 60_000,
            },
            redact: false,
            grace: Duration::from_secs(1),
        };
        let load = |_: &str| -> Result<Box<dyn Transcriber>, AsrError> { Ok(Box::new(Deaf)) };
        let engines = Engines::new("deaf".to_owned(), 20_000, Arc::new(load));
        Worker::new(config, self.store.clone(), self.media.clone(), engines)
    }

    async fn person(&self, name: &str) -> UserId {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            role: Role::Rep,
            password_hash: String::new(),
        };
        self.store.user_create(&Actor::default(), new).await.unwrap().id
    }

    /// A call of a second of sound that no other call has.
    async fn call(&self, owner: &UserId, number: u8) -> Call {
        let recording = wav(number);
        let upload = NewUpload {
            owner_id: owner.clone(),
            size_bytes: Some(recording.len() as i64),
            filename: "a.wav".to_owned(),
            metadata: String::new(),
            hash_state: Vec::new(),
            expires_at: i64::MAX,
        };
        let upload = self
            .store
            .upload_create(upload, UploadLimits::default())
            .await
            .unwrap();
        let key = MediaKey::upload_part(&upload.id, 0, 0);
        self.media.put(&key, recording.clone().into()).await.unwrap();
        let part = NewPart {
            media_key: key.as_str().to_owned(),
            size_bytes: recording.len() as i64,
        };
        self.store
            .upload_append(&upload.id, 0, part, &[], i64::MAX)
            .await
            .unwrap();
        let sha256 = hex::encode(Sha256::digest(&recording));
        self.store.upload_complete(&upload.id, &sha256).await.unwrap();
        let new = NewCall {
            owner_id: owner.clone(),
            title: format!("call {number}"),
            occurred_at: None,
            language: None,
            model: None,
            priority: Priority::Normal,
            upload_id: upload.id,
            details: CallDetails::default(),
        };
        self.store.call_create(new).await.unwrap()
    }

    /// When work on the transcript of a call began.
    async fn begun_at(&self, id: &CallId) -> i64 {
        let history = self.store.job_history(id).await.unwrap();
        let (_, attempts) = history
            .iter()
            .find(|(job, _)| job.kind == JobKind::CallTranscribe)
            .unwrap();
        attempts[0].started_at
    }

    async fn until(&self, what: &str, done: impl AsyncFn(&Store) -> bool) {
        for _ in 0..1_200 {
            if done(&self.store).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{what} took more than a minute");
    }

    async fn until_ready(&self, calls: &[CallId]) {
        self.until("the work", async |store| {
            for id in calls {
                let call = store.call_get(id).await.unwrap().unwrap();
                assert_ne!(call.state, CallState::Failed, "{:?}", call.problem);
                if call.state != CallState::Ready {
                    return false;
                }
            }
            true
        })
        .await;
    }
}

/// A second of noise, mono, 16 bit, 8 kHz.
fn wav(seed: u8) -> Vec<u8> {
    const RATE: u32 = 8_000;
    let samples: Vec<u8> = (0..RATE)
        .flat_map(|n| {
            ((n.wrapping_mul((3 + u32::from(seed)) * 7_919) % 20_000) as i16 - 10_000).to_le_bytes()
        })
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(RATE.to_le_bytes());
    file.extend((2 * RATE).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend((samples.len() as u32).to_le_bytes());
    file.extend(samples);
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_upload_does_not_starve_a_single_call() {
    let place = Place::new().await;
    let (ann, ben) = (place.person("ann").await, place.person("ben").await);
    let mut calls = Vec::new();
    for number in 0..12 {
        calls.push(place.call(&ann, number).await.id);
    }
    let single = place.call(&ben, 200).await.id;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(place.worker("w", JobKind::ALL).run(shutdown.clone()));
    calls.push(single.clone());
    place.until_ready(&calls).await;
    shutdown.cancel();
    working.await.unwrap();

    let its_turn = place.begun_at(&single).await;
    let mut before = 0;
    for id in calls.iter().filter(|id| **id != single) {
        before += usize::from(place.begun_at(id).await < its_turn);
    }
    // Made last, it is heard second; third, where the first was through before the worker saw it.
    assert!(before <= 2, "{before} of 12 calls went before it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_takes_the_kinds_it_is_there_for() {
    let place = Place::new().await;
    let ann = place.person("ann").await;
    let call = place.call(&ann, 1).await.id;
    let shutdown = CancellationToken::new();
    let others = [JobKind::CallStore, JobKind::CallAnalyze, JobKind::MediaDelete];
    let quick = tokio::spawn(place.worker("quick", &others).run(shutdown.clone()));
    let waits = (JobKind::CallTranscribe, JobState::Queued, 1);
    place
        .until("the quick work", async |store| {
            store.job_counts().await.unwrap().contains(&waits)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(
        place.store.job_counts().await.unwrap().contains(&waits),
        "it was left alone"
    );
    let rest = [JobKind::CallTranscribe, JobKind::CallPublish];
    let slow = tokio::spawn(place.worker("slow", &rest).run(shutdown.clone()));
    place.until_ready(std::slice::from_ref(&call)).await;
    shutdown.cancel();
    quick.await.unwrap();
    slow.await.unwrap();
    for (job, attempts) in place.store.job_history(&call).await.unwrap() {
        let expected = if rest.contains(&job.kind) { "slow" } else { "quick" };
        assert_eq!(attempts[0].worker, expected, "{}", job.kind);
    }
}
