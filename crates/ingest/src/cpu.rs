//! Work for the processor, kept off the threads that answer requests.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::sync::{Semaphore, oneshot};

/// How much threads that hear and decode yield to those that answer people, who wait for milliseconds: the scheduler
/// gives a thread that is 10 nicer about a tenth of the time where both want the same core, and all of it otherwise.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Runs blocking work on threads of its own, a bounded number at a time. They give way to others.
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
        let (sender, receiver) = oneshot::channel();
        // A thread that has become nice stays so: it is no thread for others to use.
        std::thread::Builder::new()
            .name("cpu".to_owned())
            .spawn(move || {
                let _permit = permit;
                give_way();
                let done = catch_unwind(AssertUnwindSafe(|| span.in_scope(work)));
                // The caller may have gone away.
                let _ = sender.send(done);
            })
            .map_err(|e| Panicked(format!("no thread could be started: {e}")))?;
        let done = receiver.await.map_err(|e| Panicked(e.to_string()))?;
        done.map_err(|payload| Panicked(panic_message(payload.as_ref())))
    }
}

/// Lets other threads go first; those that this one starts do the same. It is no harm where that is not possible.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "the thread does not give way to others");
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
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
