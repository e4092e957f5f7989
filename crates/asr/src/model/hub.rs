//! Downloading a file over HTTPS.

use std::time::Duration;

use super::{ModelError, Progress, Step, files::Draft};

/// Where files come from, and how long a silent server is waited for.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    /// What stands before `/ggml-NAME.bin`.
    pub(super) base_url: String,
    pub(super) connect_timeout: Duration,
    /// Longest pause within a download.
    pub(super) idle_timeout: Duration,
}

impl Hub {
    /// The public hub.
    pub(super) fn public() -> Self {
        Self {
            base_url: super::catalogue::HUB.to_owned(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
        }
    }

    pub(super) fn url(&self, file_name: &str) -> String {
        format!("{}/{file_name}", self.base_url)
    }

    /// Streams a file of a known length into a draft. Blocks; may be called from async code too, since
    /// the client runs on a thread of its own.
    pub(super) fn download(
        &self,
        file_name: &str,
        size_bytes: u64,
        file: &mut Draft,
        progress: &dyn Progress,
    ) -> Result<(), ModelError> {
        let url = self.url(file_name);
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|e| failed(&url, e.to_string()))?;
            runtime.block_on(self.stream(&url, size_bytes, file, progress))
        };
        let outcome = std::thread::scope(|scope| scope.spawn(run).join());
        outcome.unwrap_or_else(|_panic| Err(failed(&url, "the download stopped unexpectedly")))
    }

    async fn stream(
        &self,
        url: &str,
        size_bytes: u64,
        file: &mut Draft,
        progress: &dyn Progress,
    ) -> Result<(), ModelError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("gametape/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.idle_timeout)
            .build()
            .map_err(|e| failed(url, reason(&e)))?;
        let response = client
            .get(url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        let mut response = response.map_err(|e| failed(url, reason(&e)))?;
        let wrong_length =
            |found: u64| failed(url, format!("it has {found} bytes and should have {size_bytes}"));
        if let Some(found) = response.content_length().filter(|&found| found != size_bytes) {
            return Err(wrong_length(found));
        }
        let mut done = 0;
        while let Some(bytes) = response.chunk().await.map_err(|e| failed(url, reason(&e)))? {
            done += bytes.len() as u64;
            if done > size_bytes {
                return Err(wrong_length(done));
            }
            file.write(&bytes)?;
            progress.bytes(Step::Download, done, size_bytes);
        }
        if done < size_bytes {
            Err(wrong_length(done))
        } else {
            Ok(())
        }
    }
}

fn failed(url: &str, reason: impl Into<String>) -> ModelError {
    ModelError::Download {
        url: url.to_owned(),
        reason: reason.into(),
    }
}

/// The innermost cause, which is what says something: the outer ones repeat the address.
fn reason(error: &reqwest::Error) -> String {
    if let Some(status) = error.status() {
        return format!("the server answered {status}");
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the transfer broke off"
    };
    format!("{kind} ({cause})")
}
