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
use gametape_api::RequestRates;
use gametape_asr::Engine;
use gametape_core::job::JobKind;
use gametape_media::{Keys, S3Options};
use serde::{Deserialize, Deserializer, de::Error};

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
    /// What runs the model: `whisper` (whisper.cpp) or `native`.
    #[serde(deserialize_with = "engine")]
    pub(crate) engine: Engine,
    /// Threads to transcribe with; 0 takes one for each core.
    pub(crate) threads: usize,
    /// Calls a worker transcribes at a time.
    pub(crate) transcriptions: usize,
    /// Other jobs that a worker does at a time.
    pub(crate) quick_jobs: usize,
    /// The jobs that a worker takes, between commas; all of them if it is empty.
    pub(crate) jobs: String,
    /// Longest file that may be uploaded.
    pub(crate) max_upload_bytes: u64,
    /// Longest recording.
    pub(crate) max_duration_minutes: u32,
    /// Uploads of one person that may be under way at a time; 0 for any number.
    pub(crate) max_open_uploads: u32,
    /// Bytes that the recordings of one person may take together; 0 for any number.
    pub(crate) person_quota_bytes: u64,
    /// Bytes that the recordings of a team's calls may take together; 0 for any number.
    pub(crate) team_quota_bytes: u64,
    /// Requests a minute that one person, one token, and one address that shows neither may send; 0 for any
    /// number.
    pub(crate) account_requests_per_minute: u32,
    pub(crate) token_requests_per_minute: u32,
    pub(crate) address_requests_per_minute: u32,
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
    /// Address and port where a `worker` answers `/healthz`, `/readyz` and `/metrics`; nowhere unless set.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where spans are sent, by OTLP over HTTP, e.g. `http://127.0.0.1:4318/v1/traces`; nowhere unless set.
    pub(crate) traces_url: Option<String>,
    /// Share of requests and jobs that are traced, 0 to 1.
    pub(crate) traces_share: f64,
    /// `text` or `json`.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written, as `RUST_LOG` has it, e.g. `info,sqlx=warn`.
    pub(crate) log: String,
    /// What is taken out of what is said: `off`, or `numbers` of cards and accounts.
    redact: Redact,
    /// File with the keys that recordings are encrypted with, the current one first.
    media_keys_file: Option<PathBuf>,
    /// The same keys themselves, for environments.
    media_keys: Option<Secret>,
    /// How to reach the S3 server, for media at `s3://…`.
    pub(crate) s3: S3Options,
}

/// What must not show where the configuration is shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What is taken out of transcripts and recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Redact {
    Off,
    Numbers,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

fn engine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Engine, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
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
            engine: Engine::default(),
            threads: 0,
            transcriptions: 1,
            quick_jobs: 2,
            jobs: String::new(),
            max_upload_bytes: 4 << 30,
            max_duration_minutes: 6 * 60,
            max_open_uploads: 100,
            person_quota_bytes: 0,
            team_quota_bytes: 0,
            account_requests_per_minute: RequestRates::default().account,
            token_requests_per_minute: RequestRates::default().token,
            address_requests_per_minute: RequestRates::default().address,
            upload_expiry_hours: 24,
            session_days: 14,
            lease_seconds: 30,
            secure_cookies: false,
            behind_proxy: false,
            metrics_token: None,
            metrics_listen: None,
            traces_url: None,
            traces_share: 1.0,
            log_format: LogFormat::Text,
            log: "info,symphonia=off,whisper_rs=warn".to_owned(),
            redact: Redact::Off,
            media_keys_file: None,
            media_keys: None,
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

    /// Refuses what can't work.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.max_upload_bytes == 0 || self.max_duration_minutes == 0 {
            bail!("max_upload_bytes and max_duration_minutes must be more than 0");
        }
        if self
            .metrics_token
            .as_deref()
            .is_some_and(|token| token.trim().is_empty())
        {
            bail!("metrics_token is empty: set one, or leave it out");
        }
        if !(0.0..=1.0).contains(&self.traces_share) {
            bail!("traces_share must be between 0 and 1");
        }
        if self.lease_seconds < 3 {
            bail!("lease_seconds must be at least 3: workers report every third of it");
        }
        if self.transcriptions == 0 || self.quick_jobs == 0 {
            bail!(
                "transcriptions and quick_jobs must be at least 1; `serve --no-worker` is a server that works on \
                 nothing, and `jobs` says what a worker takes"
            );
        }
        self.worker_kinds()?;
        Ok(())
    }

    /// The jobs that a worker takes.
    pub(crate) fn worker_kinds(&self) -> anyhow::Result<Vec<JobKind>> {
        let names = self
            .jobs
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let kinds = names.map(|name| {
            let found = JobKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
            found.with_context(|| {
                let all: Vec<_> = JobKind::ALL.iter().map(ToString::to_string).collect();
                format!("there is no job '{name}'; jobs are: {}", all.join(", "))
            })
        });
        let kinds: Vec<JobKind> = kinds.collect::<anyhow::Result<_>>()?;
        Ok(if kinds.is_empty() {
            JobKind::ALL.to_vec()
        } else {
            kinds
        })
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

    /// The keys that recordings are encrypted with, if they are.
    pub(crate) fn media_keys(&self) -> anyhow::Result<Option<Keys>> {
        let keys = match (&self.media_keys_file, &self.media_keys) {
            (Some(_), Some(_)) => bail!("media_keys_file and media_keys are both set: keep one"),
            (Some(path), None) => Keys::read(path)?,
            (None, Some(Secret(text))) => Keys::parse(text)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(keys))
    }

    /// The file with the keys, where others than its owner and their group may read it.
    pub(crate) fn open_keys_file(&self) -> Option<&Path> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.media_keys_file.as_deref()?;
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o007 != 0).then_some(path)
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

    /// How many requests a minute are answered.
    pub(crate) fn rates(&self) -> RequestRates {
        RequestRates {
            account: self.account_requests_per_minute,
            token: self.token_requests_per_minute,
            address: self.address_requests_per_minute,
        }
    }

    /// Whether numbers of cards and accounts are taken out.
    pub(crate) fn redacts(&self) -> bool {
        self.redact == Redact::Numbers
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_jobs(jobs: &str) -> Config {
        Config {
            jobs: jobs.to_owned(),
            ..Config::default()
        }
    }

    #[test]
    fn workers_take_the_jobs_that_are_named() {
        assert_eq!(with_jobs(" ").worker_kinds().unwrap(), JobKind::ALL);
        let kinds = with_jobs("call.publish, call.transcribe,")
            .worker_kinds()
            .unwrap();
        assert_eq!(kinds, [JobKind::CallPublish, JobKind::CallTranscribe]);
        let error = with_jobs("call.transcribe,transcribe")
            .check()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("'transcribe'") && error.contains("media.delete"),
            "{error}"
        );
    }

    #[test]
    fn keys_come_from_one_place_and_do_not_show() {
        let line = Keys::make("now").unwrap();
        let given = Config {
            media_keys: Some(Secret(line.clone())),
            ..Config::default()
        };
        assert_eq!(given.media_keys().unwrap().unwrap().current(), "now");
        assert!(!format!("{given:?}").contains(&line[4..]), "a key shows");
        let both = Config {
            media_keys_file: Some(PathBuf::from("media.keys")),
            ..given
        };
        assert!(both.media_keys().is_err());
        assert!(Config::default().media_keys().unwrap().is_none());
    }
}
