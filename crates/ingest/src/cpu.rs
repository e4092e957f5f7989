//! Work for the processor, kept off the threads that answer requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Runs blocking work on threads of its own, a bounded number at a time.
#[derive(Debug, Clone)]
pub struct CpuPool(Arc<Semaphore>);

/// The work panicked.
#[derive(Debug, thiserror::Error)]
#[error("the work panicked: {0}")]
pub struct Panicked(String);

impl CpuPool {
    /// A pool that runs at most `slots` pieces of work at a time.
    pub fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots.max(1))))
    }

    /// Runs `work` as soon as a slot is free. When the caller goes away while waiting, it never starts.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let permit = Arc::clone(&self.0)
            .acquire_owned()
            .await
            .map_err(|e| Panicked(e.to_string()))?;
        let span = tracing::Span::current();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the bounded place that others are sent to"
        )]
        let handle = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        handle.await.map_err(|e| Panicked(panic_message(e)))
    }
}

fn panic_message(error: tokio::task::JoinError) -> String {
    if !error.is_panic() {
        return error.to_string();
    }
    let payload = error.into_panic();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_its_slot_is_free_again() {
        let pool = CpuPool::new(1);
        let error = pool.run(|| panic!("boom")).await.unwrap_err();
        assert_eq!(error.to_string(), "the work panicked: boom");
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }
}
