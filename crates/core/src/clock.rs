//! Time as a dependency, so that leases, expiry and backoff can be tested without waiting.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Milliseconds since the Unix epoch.
pub type TimeMs = i64;

/// A time as RFC 3339 and XML Schema write it, between the years 1970 and 9999: `2000-02-29T12:34:56.789Z`. The
/// calendar is computed from the day count of Howard Hinnant's `civil_from_days`.
pub fn iso_date(time_ms: TimeMs) -> String {
    let time_ms = time_ms.clamp(0, 253_402_300_799_999);
    let (seconds, millis) = (time_ms / 1_000, time_ms % 1_000);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let shifted = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month < 3);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

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
