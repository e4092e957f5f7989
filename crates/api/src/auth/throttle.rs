//! Slowing down whoever guesses passwords.
//!
//! Failures are counted in memory, for an account from one address and for an address altogether. The
//! account alone is not counted: then anybody could lock anybody out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use gametape_core::TimeMs;

use super::secret;

/// Failures are forgotten after this long without another.
const WINDOW_MS: i64 = 15 * 60_000;
const MAX_FOR_ACCOUNT: u32 = 5;
const MAX_FOR_ADDRESS: u32 = 50;
/// So that inventing accounts does not fill the memory.
const MAX_ENTRIES: usize = 50_000;

/// Counts of failed sign-ins.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<(String, Option<IpAddr>), Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_at: TimeMs,
}

impl Throttle {
    /// How long to wait before the next try, if it may not be made now.
    pub(crate) fn wait_ms(&self, account: &str, address: Option<IpAddr>, now: TimeMs) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys(account, address)
            .into_iter()
            .filter_map(|(key, max)| counts.get(&key).filter(|failures| failures.count >= max))
            .map(|failures| failures.last_at + WINDOW_MS - now)
            .filter(|wait_ms| *wait_ms > 0)
            .max()
    }

    /// Counts a try before its outcome is known, so that many at once can't slip through.
    pub(crate) fn begin(&self, account: &str, address: Option<IpAddr>, now: TimeMs) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_ENTRIES {
            counts.retain(|_, failures| now - failures.last_at < WINDOW_MS);
        }
        if counts.len() >= MAX_ENTRIES {
            counts.clear();
        }
        for (key, _) in keys(account, address) {
            let failures = counts.entry(key).or_insert(Failures {
                count: 0,
                last_at: now,
            });
            if now - failures.last_at >= WINDOW_MS {
                failures.count = 0;
            }
            failures.count += 1;
            failures.last_at = now;
        }
    }

    /// Takes back what [`begin`](Self::begin) counted: the try succeeded.
    pub(crate) fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [(of_account, _), (of_address, _)] = keys(account, address);
        counts.remove(&of_account);
        if let Some(failures) = counts.get_mut(&of_address) {
            failures.count = failures.count.saturating_sub(1);
        }
    }
}

/// Accounts are counted by a hash, so that long names take no more memory than short ones.
fn keys(account: &str, address: Option<IpAddr>) -> [((String, Option<IpAddr>), u32); 2] {
    let account = secret::hash(&account.trim().to_lowercase());
    [
        ((account, address), MAX_FOR_ACCOUNT),
        ((String::new(), address), MAX_FOR_ADDRESS),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn the_sixth_try_has_to_wait_and_others_do_not() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(throttle.wait_ms("ann@x", HERE, 0), None);
            throttle.begin("ann@x", HERE, 0);
        }
        assert_eq!(throttle.wait_ms("Ann@X ", HERE, 60_000), Some(WINDOW_MS - 60_000));
        assert_eq!(throttle.wait_ms("bob@x", HERE, 0), None);
        assert_eq!(throttle.wait_ms("ann@x", None, 0), None);
        assert_eq!(throttle.wait_ms("ann@x", HERE, WINDOW_MS), None);
        throttle.begin("ann@x", HERE, WINDOW_MS);
        assert_eq!(throttle.wait_ms("ann@x", HERE, WINDOW_MS), None);
    }

    #[test]
    fn success_starts_the_count_again() {
        let throttle = Throttle::default();
        for _ in 0..40 {
            throttle.begin("ann@x", HERE, 0);
            throttle.succeeded("ann@x", HERE);
        }
        assert_eq!(throttle.wait_ms("ann@x", HERE, 0), None);
    }

    #[test]
    fn an_address_that_tries_many_accounts_has_to_wait() {
        let throttle = Throttle::default();
        for n in 0..50 {
            throttle.begin(&format!("{n}@x"), HERE, 0);
        }
        assert!(throttle.wait_ms("new@x", HERE, 0).is_some());
    }
}
