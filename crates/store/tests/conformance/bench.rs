//! What the tests work on: an empty database of their own, a clock that stands still, and shorthands for
//! the way of a call.

use gametape_core::{
    ManualClock,
    call::{Call, CallState, Progress, Recording, Stage},
    id::{CallId, UploadId, UserId},
    job::{Job, JobKind, Priority},
    user::{Role, User},
};
use gametape_store::{
    Actor, CallDetails, DeletePayload, Fence, JobEnd, NewCall, NewPart, NewSegment, NewUpload, NewUser,
    Store, StoreError, UploadDone, UploadLimits, Windows,
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

/// When the tests take place.
pub(crate) const START_MS: i64 = 1_750_000_000_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// The lease that tests ask for.
pub(crate) const LEASE_MS: i64 = 30_000;

/// Who does what nobody in particular does.
pub(crate) const CLI: &Actor = &Actor {
    user_id: None,
    address: None,
};

/// Stages of a call and the deletion of objects: what an ordinary worker takes.
pub(crate) const ALL: &[JobKind] = JobKind::ALL;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Where {
    Memory,
    File,
    Postgres,
}

#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) store: Store,
    /// The same database as another process sees it.
    pub(crate) other: Store,
    pub(crate) clock: ManualClock,
    pub(crate) url: String,
    pub(crate) place: Where,
}

/// Runs a test on an empty database, and removes that also when the test fails.
pub(crate) async fn run<F>(place: Where, test: impl FnOnce(Bench) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let home = Home::make(place).await;
    let clock = ManualClock::at(START_MS);
    let store = Store::connect(&home.url, clock.clock())
        .await
        .expect("open the database");
    let other = match place {
        Where::Memory => store.clone(),
        _ => Store::connect(&home.url, clock.clock())
            .await
            .expect("open the database again"),
    };
    store.migrate().await.expect("make the tables");
    let bench = Bench {
        store: store.clone(),
        other: other.clone(),
        clock,
        url: home.url.clone(),
        place,
    };
    let outcome = tokio::spawn(test(bench)).await;
    store.close().await;
    other.close().await;
    home.remove().await;
    if let Err(error) = outcome {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Where a database is kept during a test.
pub(crate) struct Home {
    pub(crate) url: String,
    /// Admin address and name of a database to drop.
    database: Option<(String, String)>,
    /// Removed when dropped.
    _folder: Option<TempDir>,
}

impl Home {
    pub(crate) async fn make(place: Where) -> Self {
        match place {
            Where::Memory => Self {
                url: "sqlite::memory:".to_owned(),
                database: None,
                _folder: None,
            },
            Where::File => {
                let folder = tempfile::tempdir().expect("make a folder");
                Self {
                    // Characters that mean something in addresses must not.
                    url: format!("sqlite:{}/game tape#1.db", folder.path().display()),
                    database: None,
                    _folder: Some(folder),
                }
            }
            Where::Postgres => Self::make_postgres().await,
        }
    }

    async fn make_postgres() -> Self {
        let admin = std::env::var("GAMETAPE_TEST_POSTGRES_URL").expect(
            "GAMETAPE_TEST_POSTGRES_URL is not set, and these tests need a real PostgreSQL: run them as \
             'scripts/test-postgres cargo test -p gametape-store', or with 'make test'",
        );
        sqlx::any::install_default_drivers();
        let name = UserId::new(START_MS)
            .to_string()
            .to_lowercase()
            .replace("user", "gametape_test");
        admin_statement(&admin, format!("CREATE DATABASE {name}")).await;
        let (server, _) = admin.rsplit_once('/').expect("an address with a database");
        Self {
            url: format!("{server}/{name}"),
            database: Some((admin, name)),
            _folder: None,
        }
    }

    pub(crate) async fn remove(self) {
        if let Some((admin, name)) = &self.database {
            admin_statement(admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn admin_statement(url: &str, sql: String) {
    let mut connection = AnyConnection::connect(url).await.expect("reach PostgreSQL");
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .expect("make or drop a database");
    connection.close().await.expect("close the connection");
}

impl Bench {
    pub(crate) fn now(&self) -> i64 {
        self.store.clock().now_ms()
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            role: Role::Rep,
            password_hash: format!("hash of {name}'s password"),
        };
        self.store.user_create(CLI, new).await.unwrap()
    }

    /// An upload that nothing has arrived of.
    pub(crate) async fn upload(&self, owner: &UserId, size_bytes: Option<i64>) -> UploadId {
        let new = NewUpload {
            owner_id: owner.clone(),
            size_bytes,
            filename: "talk.wav".to_owned(),
            metadata: "filename dGFsay53YXY=".to_owned(),
            hash_state: vec![0, 1, 255],
            expires_at: self.now() + HOUR_MS,
        };
        self.store
            .upload_create(new, UploadLimits::default())
            .await
            .unwrap()
            .id
    }

    pub(crate) async fn append(
        &self,
        id: &UploadId,
        offset: i64,
        size_bytes: i64,
    ) -> Result<i64, StoreError> {
        let part = NewPart {
            media_key: format!("uploads/{id}/{offset:016}-x"),
            size_bytes,
        };
        let state = [offset as u8];
        let upload = self
            .store
            .upload_append(id, offset, part, &state, self.now() + HOUR_MS)
            .await?;
        Ok(upload.offset_bytes)
    }

    /// An upload of 10 bytes that hash to `sha256`, complete.
    pub(crate) async fn complete_upload(&self, owner: &UserId, sha256: &str) -> (UploadId, Recording) {
        let id = self.upload(owner, Some(10)).await;
        let done = self.finish_upload(&id, sha256).await;
        (id, done.recording)
    }

    pub(crate) async fn finish_upload(&self, id: &UploadId, sha256: &str) -> UploadDone {
        self.append(id, 0, 10).await.unwrap();
        self.store.upload_complete(id, sha256).await.unwrap()
    }

    pub(crate) async fn call_of(&self, owner: &UserId, title: &str, upload_id: &UploadId) -> Call {
        self.store
            .call_create(new_call(owner, title, upload_id))
            .await
            .unwrap()
    }

    /// A call whose file is here; its contents differ from those of calls with other titles.
    pub(crate) async fn call(&self, owner: &UserId, title: &str) -> Call {
        let (upload_id, _) = self.complete_upload(owner, &format!("sha of {title}")).await;
        self.call_of(owner, title, &upload_id).await
    }

    pub(crate) async fn get(&self, id: &CallId) -> Call {
        self.store.call_get(id).await.unwrap().expect("the call")
    }

    /// Claims what must be a job of this kind.
    pub(crate) async fn claim(&self, kind: JobKind) -> (Job, Fence) {
        self.claim_as("worker-1", kind).await
    }

    pub(crate) async fn claim_as(&self, worker: &str, kind: JobKind) -> (Job, Fence) {
        let job = self
            .store
            .job_claim(worker, &[kind], LEASE_MS)
            .await
            .unwrap()
            .expect("a job");
        let fence = Fence::of(&job, worker);
        (job, fence)
    }

    /// Takes the call that is next through `call.store`.
    pub(crate) async fn store_next(&self) {
        let (_, fence) = self.claim(JobKind::CallStore).await;
        self.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    }

    /// Takes the call that is next through `call.analyze`: two channels, a minute.
    pub(crate) async fn analyze_next(&self) {
        let (_, fence) = self.claim(JobKind::CallAnalyze).await;
        self.store.job_finish(&fence, analyzed()).await.unwrap();
    }

    /// Takes a call that waits for `call.transcribe` to the end, with one window of two segments.
    pub(crate) async fn transcribe_and_publish(&self, id: &CallId) {
        let segments = [segment(0, 0, "Hello."), segment(1_000, 1, "Hi there.")];
        self.transcribe_saying(id, &segments).await;
    }

    /// Takes a call that waits for `call.transcribe` to the end, with one window of these segments.
    pub(crate) async fn transcribe_saying(&self, id: &CallId, segments: &[NewSegment]) {
        let (_, fence) = self.claim(JobKind::CallTranscribe).await;
        let begun = self
            .store
            .transcript_begin(&fence, id, "tiny.en", None, windows(1))
            .await
            .unwrap();
        self.store
            .transcript_append(
                &fence,
                &begun.transcript_id,
                0,
                Some("en"),
                segments,
                &progress(100.0),
            )
            .await
            .unwrap();
        let end = JobEnd::Transcribed {
            language: Some("en".to_owned()),
        };
        self.store.job_finish(&fence, end).await.unwrap();
        let (_, fence) = self.claim(JobKind::CallPublish).await;
        self.store.job_finish(&fence, published()).await.unwrap();
    }

    /// Transcribes a call again with these segments, all the way to the end.
    pub(crate) async fn transcribe_again(&self, id: &CallId, segments: &[NewSegment]) {
        self.clock.advance_ms(10);
        self.store
            .call_retranscribe(id, None, None, Priority::Normal)
            .await
            .unwrap();
        let (_, fence) = self.claim(JobKind::CallTranscribe).await;
        let begun = self
            .store
            .transcript_begin(&fence, id, "base", None, windows(1))
            .await
            .unwrap();
        self.store
            .transcript_append(
                &fence,
                &begun.transcript_id,
                0,
                Some("en"),
                segments,
                &progress(100.0),
            )
            .await
            .unwrap();
        let end = JobEnd::Transcribed { language: None };
        self.store.job_finish(&fence, end).await.unwrap();
        let (_, fence) = self.claim(JobKind::CallPublish).await;
        self.store.job_finish(&fence, published()).await.unwrap();
    }

    /// A call that is ready and in which this is said.
    pub(crate) async fn call_saying(&self, owner: &UserId, title: &str, segments: &[NewSegment]) -> Call {
        let call = self.call(owner, title).await;
        self.store_next().await;
        self.analyze_next().await;
        self.transcribe_saying(&call.id, segments).await;
        self.get(&call.id).await
    }

    /// A call that is ready.
    pub(crate) async fn ready_call(&self, owner: &UserId, title: &str) -> Call {
        let call = self.call(owner, title).await;
        self.store_next().await;
        self.analyze_next().await;
        self.transcribe_and_publish(&call.id).await;
        let call = self.get(&call.id).await;
        assert_eq!(call.state, CallState::Ready);
        call
    }

    /// Does something to the database behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        assert!(self.place != Where::Memory, "memory can't be opened twice");
        sqlx::any::install_default_drivers();
        let url = self.url.replace(' ', "%20").replace('#', "%23");
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let outcome = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await;
        connection.close().await.unwrap();
        outcome.map(|done| done.rows_affected())
    }

    /// What the `media.delete` jobs that may run now would delete; they are done afterwards.
    pub(crate) async fn deletions(&self) -> Vec<String> {
        let mut prefixes = Vec::new();
        while let Some(job) = self
            .store
            .job_claim("sweeper", &[JobKind::MediaDelete], LEASE_MS)
            .await
            .unwrap()
        {
            let payload: DeletePayload = serde_json::from_value(job.payload.clone()).unwrap();
            assert!(payload.keys.is_empty());
            prefixes.extend(payload.prefixes);
            self.store
                .job_finish(&Fence::of(&job, "sweeper"), JobEnd::Deleted)
                .await
                .unwrap();
        }
        prefixes.sort();
        prefixes
    }

    /// A connection behind the store's back.
    async fn raw(&self) -> AnyConnection {
        assert!(self.place != Where::Memory, "memory can't be opened twice");
        sqlx::any::install_default_drivers();
        let url = self.url.replace(' ', "%20").replace('#', "%23");
        AnyConnection::connect(&url).await.unwrap()
    }

    /// How many rows a table has, read behind the store's back.
    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let mut connection = self.raw().await;
        let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        count
    }

    /// Runs statements behind the store's back, in one transaction: rows of what other parts write.
    pub(crate) async fn write(&self, statements: &[String]) {
        let mut connection = self.raw().await;
        let mut tx = connection.begin().await.unwrap();
        for statement in statements {
            tx.execute(AssertSqlSafe(statement.clone()))
                .await
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
        tx.commit().await.unwrap();
        connection.close().await.unwrap();
    }

    /// The first column of what a statement finds, behind the store's back; it must be text.
    pub(crate) async fn texts(&self, statement: &str) -> Vec<String> {
        let mut connection = self.raw().await;
        let texts = sqlx::query_scalar(AssertSqlSafe(statement.to_owned()))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        texts
    }
}

/// Somebody at their desk.
pub(crate) fn by(user: &User) -> Actor {
    Actor {
        user_id: Some(user.id.clone()),
        address: Some("192.0.2.7".to_owned()),
    }
}

pub(crate) fn new_call(owner: &UserId, title: &str, upload_id: &UploadId) -> NewCall {
    NewCall {
        owner_id: owner.clone(),
        title: title.to_owned(),
        occurred_at: Some(START_MS - HOUR_MS),
        language: None,
        model: None,
        priority: Priority::Normal,
        upload_id: upload_id.clone(),
        details: CallDetails::default(),
    }
}

pub(crate) fn analyzed() -> JobEnd {
    JobEnd::Analyzed {
        duration_ms: MINUTE_MS,
        channels: 2,
        content_type: "audio/wav".to_owned(),
        analysis_json: r#"{"speech":[]}"#.to_owned(),
        ahead: None,
    }
}

pub(crate) fn published() -> JobEnd {
    JobEnd::Published {
        stats_json: r#"{"talk_share":[0.5,0.5]}"#.to_owned(),
    }
}

pub(crate) fn progress(percent: f64) -> Progress {
    Progress {
        stage: Stage::Transcribe,
        percent,
        eta_ms: Some(1_000),
    }
}

/// So many windows of the usual length.
pub(crate) fn windows(total: i64) -> Windows {
    Windows {
        total,
        length_ms: 20_000,
    }
}

pub(crate) fn segment(start_ms: i64, channel: usize, text: &str) -> NewSegment {
    let word = |(i, text): (usize, &str)| gametape_core::transcript::Word {
        start_ms: start_ms + 100 * i as i64,
        end_ms: start_ms + 100 * i as i64 + 90,
        text: text.to_owned(),
        confidence: 0.5,
    };
    NewSegment {
        start_ms,
        end_ms: start_ms + 900,
        channel,
        text: text.to_owned(),
        words: text.split(' ').enumerate().map(word).collect(),
    }
}

#[track_caller]
pub(crate) fn assert_conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Conflict { .. }) => {}
        other => panic!("no conflict: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_stale<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Stale { .. }) => {}
        other => panic!("not stale: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_not_found<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::NotFound { .. }) => {}
        other => panic!("found: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_lease_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::LeaseLost { .. }) => {}
        other => panic!("not fenced: {other:?}"),
    }
}
