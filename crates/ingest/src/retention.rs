//! Sweeps by the rules for how long calls are kept: every worker does them, and none does anything twice.

use std::time::Duration;

use gametape_store::{RetentionSwept, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::stage::chain;

/// Rest between two sweeps.
const EVERY: Duration = Duration::from_mins(10);

/// One sweep through all calls that are old enough.
pub(crate) async fn sweep(store: &Store) -> Result<RetentionSwept, StoreError> {
    let mut all = RetentionSwept::default();
    loop {
        let step = store.retention_sweep(all.next.as_ref()).await?;
        all.calls += step.calls;
        all.recordings += step.recordings;
        all.told += step.told;
        all.next = step.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

/// Sweeps again and again until `shutdown`.
pub(crate) async fn keep_sweeping(store: Store, shutdown: CancellationToken) {
    loop {
        match sweep(&store).await {
            Ok(RetentionSwept {
                calls: 0,
                recordings: 0,
                told: 0,
                ..
            }) => {}
            Ok(swept) => tracing::info!(
                calls = swept.calls,
                recordings = swept.recordings,
                told = swept.told,
                "retention: {} calls and {} recordings deleted by rules",
                swept.calls,
                swept.recordings
            ),
            Err(error) => tracing::warn!("could not go through the rules of retention: {}", chain(&error)),
        }
        if let Err(error) = store.erasure_sweep().await {
            tracing::warn!("could not clear old erasures: {}", chain(&error));
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
