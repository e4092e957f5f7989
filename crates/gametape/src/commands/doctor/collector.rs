//! Whether spans would arrive.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpStream;
use url::Url;

/// A collector that does not take a connection by then is away.
const PATIENCE: Duration = Duration::from_secs(3);

/// Connects to the collector at `traces_url`, and sends nothing.
pub(super) async fn reach(traces_url: &str) -> anyhow::Result<()> {
    let url = Url::parse(traces_url).with_context(|| format!("traces_url '{traces_url}' is no address"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("traces_url '{traces_url}' must begin with http:// or https://");
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        bail!("traces_url '{traces_url}' names no host");
    };
    let host = host.trim_matches(['[', ']']);
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await;
    match connected {
        Ok(connected) => connected.map(drop).with_context(|| {
            format!("nobody answers at {host}:{port}: start the collector, or leave traces_url out")
        }),
        Err(_) => bail!("{host}:{port} did not answer within 3 seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn collectors_that_can_be_reached_are_told_from_others() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        reach(&format!("http://{address}/v1/traces")).await.unwrap();
        drop(listener);
        for wrong in [
            format!("http://{address}/v1/traces"),
            "collector:4318".to_owned(),
            "grpc://127.0.0.1:4317".to_owned(),
            "no address".to_owned(),
        ] {
            assert!(reach(&wrong).await.is_err(), "{wrong}");
        }
    }
}
