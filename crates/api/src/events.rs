//! Live events of calls, for as many listeners as want them.
//!
//! Events are written by workers, often in other processes, so they are looked for in the database: one
//! look a call every 300 ms while anybody listens to it, however many listen, and none when nobody does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use gametape_core::id::CallId;
use gametape_store::Store;
use tokio::sync::watch;

const POLL_EVERY: Duration = Duration::from_millis(300);

/// Watches the calls that somebody listens to. Clones share the watch.
#[derive(Clone)]
pub(crate) struct EventHub {
    store: Store,
    calls: Arc<Mutex<HashMap<CallId, Weak<Watched>>>>,
}

struct Watched {
    last_seq: watch::Receiver<i64>,
}

/// A place among the listeners of a call; leaving is dropping it.
pub(crate) struct Listener {
    watched: Arc<Watched>,
    last_seq: watch::Receiver<i64>,
}

impl Listener {
    /// Waits until the call may have new events; `false` when it was deleted.
    pub(crate) async fn changed(&mut self) -> bool {
        self.last_seq.changed().await.is_ok()
    }
}

impl EventHub {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            calls: Arc::default(),
        }
    }

    /// Begins to listen to a call.
    pub(crate) fn listen(&self, call_id: &CallId) -> Listener {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = calls
            .get(call_id)
            .and_then(Weak::upgrade)
            .filter(|it| it.last_seq.has_changed().is_ok());
        let watched = watched.unwrap_or_else(|| {
            let (sender, last_seq) = watch::channel(-1);
            let watched = Arc::new(Watched { last_seq });
            calls.insert(call_id.clone(), Arc::downgrade(&watched));
            let poll = poll(
                self.store.clone(),
                Arc::clone(&self.calls),
                call_id.clone(),
                Arc::downgrade(&watched),
                sender,
            );
            tokio::spawn(poll);
            watched
        });
        let last_seq = watched.last_seq.clone();
        Listener { watched, last_seq }
    }
}

async fn poll(
    store: Store,
    calls: Arc<Mutex<HashMap<CallId, Weak<Watched>>>>,
    call_id: CallId,
    watched: Weak<Watched>,
    sender: watch::Sender<i64>,
) {
    while watched.strong_count() > 0 {
        match store.event_last_seq(&call_id).await {
            Ok(0) if matches!(store.call_get(&call_id).await, Ok(None)) => break,
            Ok(seq) => {
                sender.send_if_modified(|last| std::mem::replace(last, seq) != seq);
            }
            Err(error) => tracing::warn!(%error, call.id = %call_id, "cannot look for new events"),
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    // By now somebody else may have begun to listen, with a task of their own.
    if calls
        .get(&call_id)
        .is_some_and(|current| Weak::ptr_eq(current, &watched))
    {
        calls.remove(&call_id);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        tracing::trace!(left = Arc::strong_count(&self.watched) - 1, "a listener left");
    }
}
