//! An installation for one test, and a client for it.

use std::sync::LazyLock;

use axum::{Router, body::Body};
use bytes::Bytes;
use futures::TryStreamExt;
use gametape_api::{ApiConfig, ApiState, Secret, hash_password, router};
use gametape_core::{
    Clock, ManualClock,
    call::{Progress, Stage},
    id::{CallId, RecordingId, TeamId},
    job::{Job, JobKind},
    stats::talk_stats,
    transcript::Word,
    user::{Role, Scope, User},
};
use gametape_media::{Media, MediaKey, S3Options};
use gametape_store::{Actor, Fence, JobEnd, NewSegment, NewToken, NewUser, Store, UserPatch, Windows};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const PASSWORD: &str = "correct horse battery";
const WORKER: &str = "worker-1";

static PASSWORD_HASH: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD).unwrap());

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) media: Media,
    pub(crate) clock: ManualClock,
    pub(crate) config: ApiConfig,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_str()
            .unwrap()
    }

    /// Checks that it is a problem of this status and code.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_eq!(problem["type"], format!("urn:gametape:problem:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
    }
}

/// Somebody with an account and a token of the widest scope that they can use.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: User,
    pub(crate) token: String,
}

/// A way behind the store's back.
pub(crate) struct Rows {
    url: String,
    folder: tempfile::TempDir,
}

impl Rows {
    /// Where the database's files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) async fn write(&self, statements: &[String]) {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        let mut connection = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        for statement in statements {
            connection
                .execute(AssertSqlSafe(statement.clone()))
                .await
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
        connection.close().await.unwrap();
    }
}

impl App {
    pub(crate) async fn new() -> Self {
        let config = ApiConfig {
            max_upload_bytes: 1_000_000,
            part_bytes: 1_000,
            upload_idle_ms: 2_000,
            ..ApiConfig::default()
        };
        Self::with(config).await
    }

    pub(crate) async fn with(config: ApiConfig) -> Self {
        Self::on(config, "sqlite::memory:").await
    }

    /// With a database in a file, into which tests can write rows that other parts of the product write.
    pub(crate) async fn on_disk() -> (Self, Rows) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/tape.db", folder.path().display());
        let app = Self::on(ApiConfig::default(), &url).await;
        (app, Rows { url, folder })
    }

    async fn on(config: ApiConfig, url: &str) -> Self {
        let clock = ManualClock::at(NOW_MS);
        let store = Store::connect(url, Clock::Manual(clock.clone())).await.unwrap();
        store.migrate().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(&folder.path().display().to_string(), &S3Options::default()).unwrap();
        let router = router(ApiState::new(store.clone(), media.clone(), config.clone()));
        Self {
            router,
            store,
            media,
            clock,
            config,
            _folder: folder,
        }
    }

    /// What a restart does: all that is in memory is new.
    pub(crate) fn restart(&mut self) {
        self.router = router(ApiState::new(
            self.store.clone(),
            self.media.clone(),
            self.config.clone(),
        ));
    }

    pub(crate) async fn person(&self, email: &str, role: Role) -> Person {
        let new = NewUser {
            email: email.to_owned(),
            name: email.to_owned(),
            role,
            password_hash: PASSWORD_HASH.clone(),
        };
        let user = self.store.user_create(&Actor::default(), new).await.unwrap();
        let scope = if role == Role::Admin {
            Scope::Admin
        } else {
            Scope::Write
        };
        let token = self.token(&user, scope).await;
        Person { user, token }
    }

    /// Shuts somebody's account.
    pub(crate) async fn shut(&self, person: &Person) {
        let patch = UserPatch {
            disabled: Some(true),
            ..UserPatch::default()
        };
        self.store
            .user_update(&Actor::default(), &person.user.id, patch)
            .await
            .unwrap();
    }

    pub(crate) async fn token(&self, user: &User, scope: Scope) -> String {
        let secret = Secret::api_token();
        let new = NewToken {
            user_id: user.id.clone(),
            name: "test".to_owned(),
            token_hash: secret.hash,
            scope,
            expires_at: None,
        };
        self.store.token_create(&Actor::default(), new).await.unwrap();
        secret.text
    }

    /// Shuts an account, or opens it again.
    pub(crate) async fn disable(&self, person: &Person, disabled: bool) {
        let patch = UserPatch {
            disabled: Some(disabled),
            ..UserPatch::default()
        };
        self.store
            .user_update(&Actor::default(), &person.user.id, patch)
            .await
            .unwrap();
    }

    /// A team of these people.
    pub(crate) async fn team(&self, name: &str, people: &[&Person]) -> TeamId {
        let actor = Actor::default();
        let team = self.store.team_create(&actor, name).await.unwrap();
        for person in people {
            self.store
                .team_add_member(&actor, &team.id, &person.user.id)
                .await
                .unwrap();
        }
        team.id
    }

    pub(crate) async fn ann(&self) -> Person {
        self.person("ann@example.com", Role::Rep).await
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: Ask) -> Reply {
        let response = self.router.clone().oneshot(request.build()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a request and gives the answer with its body unread.
    pub(crate) async fn open(&self, request: Ask) -> Response<Body> {
        self.router.clone().oneshot(request.build()).await.unwrap()
    }

    /// Sends a request and looks at the head of the answer only.
    pub(crate) async fn status(&self, request: Ask) -> StatusCode {
        self.open(request).await.status()
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Reply {
        self.send(Ask::get(path).by(person)).await
    }

    /// Paths of all stored objects.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .media
            .list(None)
            .map_ok(|entry| entry.path)
            .try_collect()
            .await
            .unwrap();
        paths.sort();
        paths
    }

    /// Makes a call of a file by a form.
    pub(crate) async fn call(&self, person: &Person, filename: &str, content: &[u8]) -> CallId {
        let form = Form::new().file(filename, content);
        let reply = self.send(Ask::post("/api/v1/calls").by(person).form(form)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn claim(&self, kind: JobKind) -> (Job, Fence) {
        let job = self
            .store
            .job_claim(WORKER, &[kind], 60_000)
            .await
            .unwrap()
            .expect("a job is queued");
        let fence = Fence::of(&job, WORKER);
        (job, fence)
    }

    /// Joins the parts of a call's recording, as the first stage does.
    pub(crate) async fn join(&self, call: &CallId) -> RecordingId {
        let (_, fence) = self.claim(JobKind::CallStore).await;
        let call = self.store.call_get(call).await.unwrap().unwrap();
        let recording = self
            .store
            .recording_get(&call.recording_id.unwrap())
            .await
            .unwrap()
            .unwrap();
        let mut whole = Vec::new();
        for part in self
            .store
            .upload_parts(&recording.parts_upload_id.unwrap())
            .await
            .unwrap()
        {
            whole.extend(
                self.media
                    .get(&MediaKey::from_stored(&part.media_key).unwrap())
                    .await
                    .unwrap(),
            );
        }
        let key = MediaKey::recording_original(&recording.id);
        self.media.put(&key, whole.into()).await.unwrap();
        self.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
        recording.id
    }

    pub(crate) async fn analyze(&self, duration_ms: i64) {
        let (_, fence) = self.claim(JobKind::CallAnalyze).await;
        let end = JobEnd::Analyzed {
            duration_ms,
            channels: 2,
            content_type: "audio/wav".to_owned(),
            analysis_json: "{}".to_owned(),
            ahead: None,
        };
        self.store.job_finish(&fence, end).await.unwrap();
    }

    /// Writes one window with these segments: channel, start, end, text.
    pub(crate) async fn transcribe_window(
        &self,
        call: &CallId,
        fence: &Fence,
        segments: &[(usize, i64, i64, &str)],
    ) {
        let begun = self
            .store
            .transcript_begin(
                fence,
                call,
                "tiny.en",
                Some("en"),
                Windows {
                    total: 1,
                    length_ms: 20_000,
                },
            )
            .await
            .unwrap();
        let segments: Vec<NewSegment> = segments
            .iter()
            .map(|&(channel, start_ms, end_ms, text)| NewSegment {
                start_ms,
                end_ms,
                channel,
                text: text.to_owned(),
                words: vec![Word {
                    start_ms,
                    end_ms,
                    text: text.to_owned(),
                    confidence: 0.9,
                }],
            })
            .collect();
        let progress = Progress {
            stage: Stage::Transcribe,
            percent: 100.0,
            eta_ms: Some(0),
        };
        let id = &begun.transcript_id;
        self.store
            .transcript_append(fence, id, 0, Some("en"), &segments, &progress)
            .await
            .unwrap();
    }

    /// Takes a call all the way.
    pub(crate) async fn finish(&self, call: &CallId, duration_ms: i64, segments: &[(usize, i64, i64, &str)]) {
        self.join(call).await;
        self.analyze(duration_ms).await;
        let (_, fence) = self.claim(JobKind::CallTranscribe).await;
        self.transcribe_window(call, &fence, segments).await;
        let end = JobEnd::Transcribed {
            language: Some("en".to_owned()),
        };
        self.store.job_finish(&fence, end).await.unwrap();
        let (_, fence) = self.claim(JobKind::CallPublish).await;
        let transcript = self.store.transcript_read(call).await.unwrap().unwrap();
        let stats = talk_stats(&transcript.segments, duration_ms, 2);
        let end = JobEnd::Published {
            stats_json: serde_json::to_string(&stats).unwrap(),
        };
        self.store.job_finish(&fence, end).await.unwrap();
    }
}

/// A request under construction.
pub(crate) struct Ask {
    builder: http::request::Builder,
    body: Body,
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let method: Method = method.to_ascii_uppercase().parse().unwrap();
        Self {
            builder: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass numbers and texts alike"
    )]
    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.builder = self.builder.header(name, value.to_string());
        self
    }

    pub(crate) fn by(self, person: &Person) -> Self {
        let token = person.token.clone();
        self.bearer(&token)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        let mut ask = self.header("content-type", "application/json");
        ask.body = Body::from(value.to_string());
        ask
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn form(self, form: Form) -> Self {
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.header("content-type", content_type).body(form.finish())
    }

    /// As a tus client sends it, with a body of bytes at an offset.
    pub(crate) fn tus(self) -> Self {
        self.header("tus-resumable", "1.0.0")
    }

    pub(crate) fn at(self, offset: usize) -> Self {
        self.header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
    }

    fn build(self) -> Request<Body> {
        self.builder.body(self.body).unwrap()
    }
}

const BOUNDARY: &str = "------------------------d74496d66958873e";

/// A form under construction.
#[derive(Default)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.extend(part.as_bytes());
        self
    }

    pub(crate) fn file(mut self, filename: &str, content: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        self.0.extend(head.as_bytes());
        self.0.extend(content);
        self.0.extend(b"\r\n");
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }

    /// Without its end, as when the line is cut.
    pub(crate) fn cut(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes without a pattern that repeats within a part.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n ^ (n >> 7) ^ (n >> 13)) as u8).collect()
}

/// A WAV file, 8 kHz, 16 bits, two channels that hold a ramp: every sample tells where it is.
pub(crate) fn wav(duration_ms: usize) -> Vec<u8> {
    let samples: Vec<i16> = (0..duration_ms * 8)
        .map(|frame| (frame % 20_000) as i16)
        .flat_map(|value| [value, -value])
        .collect();
    gametape_audio::wav_file(8_000, 2, &samples)
}

pub(crate) fn sha256_hex(content: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(content))
}
