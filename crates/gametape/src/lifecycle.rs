//! Being told to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first interrupt or terminate signal. The second one ends the process at
/// once, for people who don't want to wait.
pub(crate) fn shutdown_signal() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let told = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        tracing::info!("stopping: finishing what is under way");
        told.cancel();
        next().await;
        tracing::warn!("stopping at once; what was under way will be taken up again");
        std::process::exit(1);
    });
    Ok(token)
}
