//! A database and files in a folder, people, their calls, and workers.

use std::{sync::Arc, time::Duration};

use gametape_asr::Transcriber;
use gametape_audio::Limits;
use gametape_core::{
    Clock,
    call::{Call, CallState},
    id::{CallId, UserId},
    job::{JobKind, Priority},
    user::Role,
};
use gametape_ingest::{Engines, Worker, WorkerConfig};
use gametape_media::{Media, MediaKey, S3Options};
use gametape_store::{Actor, CallDetails, NewCall, NewPart, NewUpload, NewUser, Store, UploadLimits};
use sha2::{Digest, Sha256};

pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) media: Media,
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/tape.db", folder.path().display());
        let store = Store::connect(&url, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        let objects = folder.path().join("media").display().to_string();
        let media = Media::open(&objects, &S3Options::default()).unwrap();
        Self { store, media, folder }
    }

    pub(crate) fn worker<Ear: Transcriber + Copy + Sync + 'static>(
        &self,
        name: &str,
        kinds: &[JobKind],
        redact: bool,
        ear: Ear,
    ) -> Worker {
        let config = WorkerConfig {
            name: name.to_owned(),
            lease: Duration::from_mins(1),
            kinds: kinds.to_vec(),
            transcriptions: 1,
            quick_jobs: 1,
            limits: Limits {
                max_duration_ms: 3_600_000,
            },
            redact,
            grace: Duration::from_secs(1),
        };
        let model = ear.model().to_owned();
        let load = move |_: &str| Ok(Box::new(ear) as Box<dyn Transcriber>);
        let engines = Engines::new(model, 20_000, Arc::new(load));
        Worker::new(config, self.store.clone(), self.media.clone(), engines)
    }

    pub(crate) async fn person(&self, name: &str) -> UserId {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            role: Role::Rep,
            password_hash: String::new(),
        };
        self.store.user_create(&Actor::default(), new).await.unwrap().id
    }

    /// A call whose recording has been uploaded, and which nobody has worked on.
    pub(crate) async fn call(&self, owner: &UserId, filename: &str, recording: Vec<u8>) -> CallId {
        let upload = NewUpload {
            owner_id: owner.clone(),
            size_bytes: Some(recording.len() as i64),
            filename: filename.to_owned(),
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
            title: filename.to_owned(),
            occurred_at: None,
            language: None,
            model: None,
            priority: Priority::Normal,
            upload_id: upload.id,
            details: CallDetails::default(),
        };
        self.store.call_create(new).await.unwrap().id
    }

    /// The call as it stands, which must not have failed.
    pub(crate) async fn sound_call(&self, id: &CallId) -> Call {
        let call = self.store.call_get(id).await.unwrap().unwrap();
        assert_ne!(call.state, CallState::Failed, "{:?}", call.problem);
        call
    }
}
