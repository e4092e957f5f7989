//! Slowing down whoever guesses passwords.
//!
//! Failures are counted in memory: for an account from one address, for an address altogether, and for an
//! account from all addresses together. The last is there for guesses that come from everywhere at once. By
//! itself it would let anybody lock anybody out, so it allows many more, and does not hold for an address that
//! the account's owner has signed in from before: see `v1::session`. Each process counts for itself.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use gametape_core::TimeMs;

use super::secret;
use crate::rate::network;

/// Failures are forgotten after this long without another.
const WINDOW_MS: i64 = 15 * 60_000;
const MAX_FOR_ACCOUNT: u32 = 5;
const MAX_FOR_ADDRESS: u32 = 50;
const MAX_FOR_ACCOUNT_EVERYWHERE: u32 = 100;
/// So that inventing accounts does not fill the memory.
const MAX_ENTRIES: usize = 50_000;

/// Counts of failed tries.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

/// What failures are counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// An account from an address.
    Account(String, Option<IpAddr>),
    /// An address.
    Address(Option<IpAddr>),
    /// An account from all addresses.
    Everywhere(String),
}

impl Key {
    fn max(&self) -> u32 {
        match self {
            Self::Account(..) => MAX_FOR_ACCOUNT,
            Self::Address(_) => MAX_FOR_ADDRESS,
            Self::Everywhere(_) => MAX_FOR_ACCOUNT_EVERYWHERE,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_at: TimeMs,
}

impl Throttle {
    /// How long to wait at `address` before the next try for `account`, if it may not be made now.
    pub(crate) fn wait_ms(&self, account: &str, address: Option<IpAddr>, now: TimeMs) -> Option<i64> {
        let [of_account, of_address, _] = keys(account, address);
        self.longest_wait_ms(&[of_account, of_address], now)
    }

    /// How long to wait before the next try for `account` from an address that its owner is not known at.
    pub(crate) fn wait_everywhere_ms(&self, account: &str, now: TimeMs) -> Option<i64> {
        let [.., everywhere] = keys(account, None);
        self.longest_wait_ms(&[everywhere], now)
    }

    /// How long to wait at `address` before the next try of anything.
    pub(crate) fn wait_at_ms(&self, address: Option<IpAddr>, now: TimeMs) -> Option<i64> {
        self.longest_wait_ms(&[Key::Address(address.map(network))], now)
    }

    fn longest_wait_ms(&self, keys: &[Key], now: TimeMs) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter_map(|key| counts.get(key).filter(|failures| failures.count >= key.max()))
            // A failure of tomorrow was counted before the clock was set back.
            .filter(|failures| failures.last_at <= now)
            .map(|failures| failures.last_at + WINDOW_MS - now)
            .filter(|wait_ms| *wait_ms > 0)
            .max()
    }

    /// Counts a try before its outcome is known, so that many at once can't slip through.
    pub(crate) fn begin(&self, account: &str, address: Option<IpAddr>, now: TimeMs) {
        self.count(keys(account, address), now);
    }

    /// Counts a try of something that belongs to no account.
    pub(crate) fn begin_at(&self, address: Option<IpAddr>, now: TimeMs) {
        self.count([Key::Address(address.map(network))], now);
    }

    fn count(&self, keys: impl IntoIterator<Item = Key>, now: TimeMs) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_ENTRIES {
            counts.retain(|_, failures| now - failures.last_at < WINDOW_MS);
        }
        if counts.len() >= MAX_ENTRIES {
            counts.clear();
        }
        for key in keys {
            let failures = counts.entry(key).or_insert(Failures {
                count: 0,
                last_at: now,
            });
            if !(0..WINDOW_MS).contains(&(now - failures.last_at)) {
                failures.count = 0;
            }
            failures.count += 1;
            failures.last_at = now;
        }
    }

    /// Takes back what [`begin`](Self::begin) counted: the try succeeded. What others tried everywhere stays.
    pub(crate) fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let [of_account, of_address, everywhere] = keys(account, address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&of_account);
        for key in [of_address, everywhere] {
            take_back(&mut counts, &key);
        }
    }

    /// Takes back what [`begin_at`](Self::begin_at) counted.
    pub(crate) fn succeeded_at(&self, address: Option<IpAddr>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        take_back(&mut counts, &Key::Address(address.map(network)));
    }
}

fn take_back(counts: &mut HashMap<Key, Failures>, key: &Key) {
    if let Some(failures) = counts.get_mut(key) {
        failures.count = failures.count.saturating_sub(1);
    }
}

/// Accounts are counted by a hash, so that long names take no more memory than short ones.
fn keys(account: &str, address: Option<IpAddr>) -> [Key; 3] {
    let account = secret::hash(&account.trim().to_lowercase());
    let address = address.map(network);
    [
        Key::Account(account.clone(), address),
        Key::Address(address),
        Key::Everywhere(account),
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
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            throttle.begin("ann@x", HERE, 10 * WINDOW_MS);
        }
        assert!(throttle.wait_ms("ann@x", HERE, 10 * WINDOW_MS).is_some());
        assert_eq!(throttle.wait_ms("ann@x", HERE, 0), None);
        throttle.begin("ann@x", HERE, 0);
        assert_eq!(throttle.wait_ms("ann@x", HERE, 0), None);
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

    #[test]
    fn guesses_from_everywhere_are_slowed_down_together() {
        let throttle = Throttle::default();
        let address = |n: u8| Some(IpAddr::from([198, 51, 100, n]));
        for n in 0..100 {
            assert_eq!(throttle.wait_everywhere_ms("ann@x", 0), None);
            throttle.begin("ann@x", address(n), 0);
        }
        assert_eq!(throttle.wait_everywhere_ms("Ann@X", 1), Some(WINDOW_MS - 1));
        assert_eq!(throttle.wait_everywhere_ms("bob@x", 1), None);
        // Her own success does not make room for the others.
        throttle.begin("ann@x", HERE, 1);
        throttle.succeeded("ann@x", HERE);
        assert!(throttle.wait_everywhere_ms("ann@x", 1).is_some());
        assert_eq!(throttle.wait_ms("ann@x", HERE, 1), None);
        assert_eq!(throttle.wait_everywhere_ms("ann@x", 1 + WINDOW_MS), None);
    }

    #[test]
    fn tries_without_an_account_count_for_their_address() {
        let throttle = Throttle::default();
        for _ in 0..50 {
            assert_eq!(throttle.wait_at_ms(HERE, 0), None);
            throttle.begin_at(HERE, 0);
        }
        assert!(throttle.wait_at_ms(HERE, 0).is_some());
        assert!(throttle.wait_ms("ann@x", HERE, 0).is_some());
        assert_eq!(throttle.wait_at_ms(None, 0), None);
        throttle.succeeded_at(HERE);
        assert_eq!(throttle.wait_at_ms(HERE, 0), None);
    }
}
