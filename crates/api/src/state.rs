//! What handlers work with.

use std::{net::IpAddr, sync::Arc};

use gametape_media::Media;
use gametape_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    RequestRates,
    auth::{password::Passwords, throttle::Throttle},
    events::EventHub,
    inbox_hub::InboxHub,
    open_streams::OpenStreams,
    rate::Rates,
};

/// Settings of the HTTP interface.
#[derive(Clone)]
pub struct ApiConfig {
    /// Longest file that may be uploaded, in bytes.
    pub max_upload_bytes: u64,
    /// Size of the pieces in which uploads are stored, in bytes; each upload under way holds up to two of
    /// them in memory.
    pub part_bytes: usize,
    /// Uploads that receive bytes at the same time; more wait.
    pub max_concurrent_uploads: usize,
    /// Uploads of one person that may be under way at a time; 0 stands for any number.
    pub max_open_uploads: u32,
    /// Bytes that the recordings of one person may take together; 0 stands for any number.
    pub person_quota_bytes: u64,
    /// Bytes that the recordings of a team's calls may take together; 0 stands for any number.
    pub team_quota_bytes: u64,
    /// Requests a minute.
    pub rates: RequestRates,
    /// An upload that stands still for longer is thrown away.
    pub upload_expiry_ms: i64,
    /// A client that sends nothing for longer counts as gone.
    pub upload_idle_ms: u64,
    /// Longest clip, in milliseconds.
    pub max_clip_ms: i64,
    /// Threads for clips and passwords together.
    pub cpu_threads: usize,
    /// A session ends this long after signing in.
    pub session_ttl_ms: i64,
    /// Whoever has a stream of events open is looked at again this often: may they still listen?
    pub look_again_ms: u64,
    /// Whether cookies are sent over HTTPS only. Set it wherever people reach the server by HTTPS.
    pub secure_cookies: bool,
    /// Whether a proxy that sets `X-Forwarded-For` stands in front, so that its last entry is the client.
    pub behind_proxy: bool,
    /// Token that `/metrics` wants; without one it answers to this machine only.
    pub metrics_token: Option<String>,
    /// Whether workers take numbers of cards and accounts out: then nothing is heard that they have not looked through.
    pub redact: bool,
    /// Model that workers use unless asked for another, as `/api/v1/server` shows it.
    pub default_model: String,
}

impl std::fmt::Debug for ApiConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            max_upload_bytes,
            part_bytes,
            secure_cookies,
            behind_proxy,
            default_model,
            ..
        } = self;
        f.debug_struct("ApiConfig")
            .field("max_upload_bytes", max_upload_bytes)
            .field("part_bytes", part_bytes)
            .field("secure_cookies", secure_cookies)
            .field("behind_proxy", behind_proxy)
            .field("default_model", default_model)
            .finish_non_exhaustive()
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            max_upload_bytes: 4 * 1024 * 1024 * 1024,
            part_bytes: 8 * 1024 * 1024,
            max_concurrent_uploads: 32,
            max_open_uploads: 100,
            person_quota_bytes: 0,
            team_quota_bytes: 0,
            rates: RequestRates::default(),
            upload_expiry_ms: 24 * 3_600_000,
            upload_idle_ms: 60_000,
            max_clip_ms: 10 * 60_000,
            cpu_threads: 2,
            session_ttl_ms: 14 * 24 * 3_600_000,
            look_again_ms: 10_000,
            secure_cookies: false,
            behind_proxy: false,
            metrics_token: None,
            redact: false,
            default_model: "tiny.en".to_owned(),
        }
    }
}

/// What handlers work with. Clones share everything.
#[derive(Clone)]
pub struct ApiState {
    pub(crate) store: Store,
    pub(crate) media: Media,
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) rates: Arc<Rates>,
    pub(crate) events: EventHub,
    pub(crate) inboxes: InboxHub,
    /// Event streams that people have open.
    pub(crate) open_streams: OpenStreams,
    /// Permits for work that keeps a thread busy.
    pub(crate) cpu: Arc<Semaphore>,
    /// Permits for uploads under way.
    pub(crate) uploads: Arc<Semaphore>,
}

impl ApiState {
    /// Makes the state. Times come from the store's clock.
    pub fn new(store: Store, media: Media, config: ApiConfig) -> Self {
        let cpu = Arc::new(Semaphore::new(config.cpu_threads.max(1)));
        Self {
            events: EventHub::new(store.clone()),
            inboxes: InboxHub::new(store.clone()),
            open_streams: OpenStreams::default(),
            passwords: Passwords::new(Arc::clone(&cpu)),
            throttle: Arc::default(),
            rates: Arc::new(Rates::new(config.rates)),
            uploads: Arc::new(Semaphore::new(config.max_concurrent_uploads.max(1))),
            shutdown: CancellationToken::new(),
            metrics: None,
            cpu,
            store,
            media,
            config: Arc::new(config),
        }
    }

    /// Serves these measurements at `/metrics`.
    #[must_use]
    pub fn with_metrics(mut self, handle: PrometheusHandle) -> Self {
        self.metrics = Some(handle);
        self
    }

    /// Ends open event streams when this is cancelled, so that a graceful shutdown need not wait for them.
    #[must_use]
    pub fn with_shutdown(mut self, shutdown: CancellationToken) -> Self {
        self.shutdown = shutdown;
        self
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiState")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The address a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    /// The address that was noted with a request, if it is known.
    pub(crate) fn of(extensions: &http::Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().and_then(|noted| noted.0)
    }
}
