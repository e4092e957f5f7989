//! Configuration: flags, then `GAMETAPE_*` variables, then `gametape.toml`; all have defaults that work.
//!
//! In variables two underscores stand for a dot: `GAMETAPE_S3__ENDPOINT` is `endpoint` in the section `[s3]`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use gametape_media::S3Options;
use serde::Deserialize;

use crate::cli::Options;

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where database, media and models are, unless placed elsewhere.
    pub(crate) data_dir: PathBuf,
    /// Address and port to listen on.
    pub(crate) listen: SocketAddr,
    database_url: Option<String>,
    media_url: Option<String>,
    models_dir: Option<PathBuf>,
    /// Whisper model for calls that ask for none.
    pub(crate) model: String,
    /// Threads to transcribe with; 0 takes one for each core.
    pub(crate) threads: usize,
    /// Calls a worker transcribes at a time.
    pub(crate) transcriptions: usize,
    /// Longest file that may be uploaded.
    pub(crate) max_upload_bytes: u64,
    /// Longest recording.
    pub(crate) max_duration_minutes: u32,
    /// Hours after which an unfinished upload is thrown away.
    pub(crate) upload_expiry_hours: u32,
    /// Days after which a person has to sign in again.
    pub(crate) session_days: u32,
    /// Seconds of silence after which a worker counts as dead.
    pub(crate) lease_seconds: u32,
    /// Whether people reach the server by HTTPS: cookies are then sent that way only.
    pub(crate) secure_cookies: bool,
    /// Whether a proxy that sets `X-Forwarded-For` stands in front.
    pub(crate) behind_proxy: bool,
    /// Token that `/metrics` wants; without one it answers to this machine only.
    pub(crate) metrics_token: Option<String>,
    /// `text` or `json`.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written, as `RUST_LOG` has it, e.g. `info,sqlx=warn`.
    pub(crate) log: String,
    /// How to reach the S3 server, for media at `s3://…`.
    pub(crate) s3: S3Options,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 7400)),
            database_url: None,
            media_url: None,
            models_dir: None,
            model: "tiny.en".to_owned(),
            threads: 0,
            transcriptions: 1,
            max_upload_bytes: 4 << 30,
            max_duration_minutes: 6 * 60,
            upload_expiry_hours: 24,
            session_days: 14,
            lease_seconds: 30,
            secure_cookies: false,
            behind_proxy: false,
            metrics_token: None,
            log_format: LogFormat::Text,
            log: "info,symphonia=off,whisper_rs=warn".to_owned(),
            s3: S3Options::default(),
        }
    }
}

impl Config {
    /// Reads and checks the configuration; nothing is connected to yet.
    pub(crate) fn load(options: &Options) -> anyhow::Result<Self> {
        let file = match &options.config {
            Some(path) if !path.is_file() => bail!("there is no configuration file {}", path.display()),
            Some(path) => path.clone(),
            None => PathBuf::from("gametape.toml"),
        };
        let config: Self = Figment::new()
            .merge(Toml::file(file))
            // These belong to tests and to the command line itself.
            .merge(
                Env::prefixed("GAMETAPE_")
                    .ignore(&["config"])
                    .filter(|key| !key.starts_with("test_"))
                    .split("__"),
            )
            .merge(Serialized::defaults(options))
            .extract()
            .context("the configuration can't be used")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.max_upload_bytes == 0 || self.max_duration_minutes == 0 {
            bail!("max_upload_bytes and max_duration_minutes must be more than 0");
        }
        if self.lease_seconds < 3 {
            bail!("lease_seconds must be at least 3: workers report every third of it");
        }
        if self.transcriptions == 0 {
            bail!(
                "transcriptions must be at least 1; use `serve --no-worker` for a server that transcribes nothing"
            );
        }
        Ok(())
    }

    /// The database's address.
    pub(crate) fn database_url(&self) -> String {
        let in_data = || format!("sqlite:{}", self.data_dir.join("gametape.db").display());
        self.database_url.clone().unwrap_or_else(in_data)
    }

    /// Where recordings are kept.
    pub(crate) fn media_url(&self) -> String {
        let in_data = || self.data_dir.join("media").display().to_string();
        self.media_url.clone().unwrap_or_else(in_data)
    }

    /// Where model files are.
    pub(crate) fn models_dir(&self) -> PathBuf {
        self.models_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("models"))
    }

    /// Threads to transcribe with.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        }
    }

    /// What recordings are accepted.
    pub(crate) fn limits(&self) -> gametape_audio::Limits {
        gametape_audio::Limits {
            max_duration_ms: i64::from(self.max_duration_minutes) * 60_000,
        }
    }

    /// Makes the folder that everything lies in by default.
    pub(crate) fn prepare_data_dir(&self) -> anyhow::Result<()> {
        let made = |dir: &Path| {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("the folder {} can't be made", dir.display()))
        };
        made(&self.data_dir)?;
        made(&self.models_dir())
    }
}
