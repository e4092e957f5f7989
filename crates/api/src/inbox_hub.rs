//! Noticing changes in people's inboxes, for as many listeners as want them.
//!
//! Notices are written by other processes, too, so they are looked for in the database: with one statement for
//! everybody who listens to this process, every 400 ms, and none while nobody does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gametape_core::{id::UserId, inbox::InboxMark};
use gametape_store::Store;
use tokio::sync::watch;

const POLL_EVERY: Duration = Duration::from_millis(400);

/// What is known of a person's inbox; `None` before the first look.
type Seen = Option<InboxMark>;

/// Watches the inboxes of those who listen. Clones share the watch.
#[derive(Clone)]
pub(crate) struct InboxHub {
    store: Store,
    people: Arc<Mutex<People>>,
}

#[derive(Default)]
struct People {
    listening: HashMap<UserId, watch::Sender<Seen>>,
    /// Whether a task is looking.
    watched: bool,
}

impl InboxHub {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            people: Arc::default(),
        }
    }

    /// Begins to listen to somebody's inbox; leaving is dropping what is answered.
    pub(crate) fn listen(&self, user_id: &UserId) -> watch::Receiver<Seen> {
        let mut people = self.lock();
        let sender = people.listening.entry(user_id.clone()).or_default();
        let receiver = sender.subscribe();
        if !std::mem::replace(&mut people.watched, true) {
            tokio::spawn(self.clone().watch());
        }
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who still listen; without any, the watch is over.
    fn listening(&self) -> Option<Vec<UserId>> {
        let mut people = self.lock();
        people.listening.retain(|_, sender| sender.receiver_count() > 0);
        people.watched = !people.listening.is_empty();
        people.watched.then(|| people.listening.keys().cloned().collect())
    }

    async fn watch(self) {
        while let Some(ids) = self.listening() {
            match self.store.inbox_marks(&ids).await {
                Ok(mut marks) => {
                    let people = self.lock();
                    for id in &ids {
                        if let Some(sender) = people.listening.get(id) {
                            let seen = Some(marks.remove(id).unwrap_or_default());
                            sender.send_if_modified(|last| {
                                let changed = *last != seen;
                                *last = seen;
                                changed
                            });
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot look for new notices"),
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}
