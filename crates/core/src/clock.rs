//! Time as a dependency, so that leases, expiry and backoff can be tested without waiting.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Milliseconds since the Unix epoch.
pub type TimeMs = i64;

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Manual(ManualClock),
}

impl Clock {
    /// The time now.
    pub fn now_ms(&self) -> TimeMs {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
            Self::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_millis() as TimeMs),
            Self::Manual(clock) => clock.0.load(Ordering::SeqCst),
        }
    }
}

/// A clock that a test sets. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that reads `now_ms`.
    pub fn at(now_ms: TimeMs) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Moves the time on.
    pub fn advance_ms(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// This clock as what the product takes.
    pub fn clock(&self) -> Clock {
        Clock::Manual(self.clone())
    }
}
