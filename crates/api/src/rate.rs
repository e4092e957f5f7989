//! How often somebody may ask: an account, a token, and an address that shows neither.
//!
//! Each has a bucket that holds a minute's worth of requests and fills evenly. Of a bucket, one number is kept:
//! the time at which it will be full again (the "generic cell rate algorithm" of ATM networks). Each process
//! counts for itself, so with several of them somebody may ask that many times as often.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use gametape_core::{
    TimeMs,
    id::{TokenId, UserId},
};
use http::{HeaderValue, header};

use crate::{
    ApiState,
    problem::{Code, Problem, Result},
    state::ClientAddress,
};

/// How much time's worth of requests may come at once.
const WINDOW_US: i64 = 60_000_000;
/// So that inventing addresses does not fill the memory.
const MAX_BUCKETS: usize = 100_000;

/// Requests a minute; 0 stands for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRates {
    /// Of a person, with all their browsers and tokens together.
    pub account: u32,
    /// Of a token: fewer, so that a script that runs wild leaves its owner a way in.
    pub token: u32,
    /// Of an address, that show no session or token which is good.
    pub address: u32,
}

impl Default for RequestRates {
    fn default() -> Self {
        Self {
            account: 3_000,
            token: 2_000,
            address: 600,
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    Account(UserId),
    Token(TokenId),
    Address(Option<IpAddr>),
}

impl Asker {
    /// Whoever shows nothing that is good.
    pub(crate) fn unknown(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(network))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Token(_) => "token",
            Self::Address(_) => "address",
        }
    }
}

/// What stands for an address where tries are counted: with IPv6 its network, because whoever has one address there
/// has all 2⁶⁴ of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The buckets of all who asked lately.
#[derive(Debug)]
pub(crate) struct Rates {
    rates: RequestRates,
    /// When each bucket is full again, in microseconds since 1970.
    full_at: Mutex<HashMap<Asker, i64>>,
}

impl Rates {
    pub(crate) fn new(rates: RequestRates) -> Self {
        Self {
            rates,
            full_at: Mutex::default(),
        }
    }

    /// Takes a request out of the asker's bucket; a problem that says how long to wait when it is empty.
    pub(crate) fn take(&self, asker: Asker, now: TimeMs) -> Result<()> {
        let per_minute = match asker {
            Asker::Account(_) => self.rates.account,
            Asker::Token(_) => self.rates.token,
            Asker::Address(_) => self.rates.address,
        };
        if per_minute == 0 {
            return Ok(());
        }
        let name = asker.name();
        match self.wait_us(asker, per_minute, now.saturating_mul(1_000)) {
            None => Ok(()),
            Some(wait_us) => {
                metrics::counter!("gametape_requests_refused_total", "limit" => name).increment(1);
                Err(too_often(name, per_minute, wait_us))
            }
        }
    }

    /// How long to wait for the next request, if it may not come now.
    fn wait_us(&self, asker: Asker, per_minute: u32, now_us: i64) -> Option<i64> {
        let each_us = WINDOW_US / i64::from(per_minute).min(WINDOW_US);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MAX_BUCKETS {
            full_at.retain(|_, at| *at > now_us);
        }
        if full_at.len() >= MAX_BUCKETS {
            full_at.clear();
        }
        let at = full_at.entry(asker).or_insert(now_us);
        // Behind now it is full; further ahead than a whole bucket only when the clock was set back.
        if !(now_us..=now_us + WINDOW_US).contains(at) {
            *at = now_us;
        }
        let wait_us = *at + each_us - (now_us + WINDOW_US);
        if wait_us > 0 {
            return Some(wait_us);
        }
        *at += each_us;
        None
    }
}

fn too_often(name: &str, per_minute: u32, wait_us: i64) -> Problem {
    let seconds = (wait_us + 999_999) / 1_000_000;
    let detail = format!(
        "no more than {per_minute} requests a minute are answered for one {name}: go on in {seconds} seconds"
    );
    Problem::new(Code::TooManyRequests, detail).header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Counts requests to what lets everybody in.
pub(crate) async fn count_unknown(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let address = ClientAddress::of(request.extensions());
    state.rates.take(Asker::unknown(address), state.now_ms())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(address: u32) -> Rates {
        Rates::new(RequestRates {
            address,
            ..RequestRates::default()
        })
    }

    fn asker(text: &str) -> Asker {
        Asker::unknown(Some(text.parse().unwrap()))
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_evenly() {
        let (rates, ann) = (rates(60), asker("198.51.100.1"));
        for _ in 0..60 {
            rates.take(ann.clone(), 0).unwrap();
        }
        let refused = rates.take(ann.clone(), 0).unwrap_err();
        assert_eq!(refused.code(), Code::TooManyRequests);
        assert!(rates.take(ann.clone(), 999).is_err());
        rates.take(ann.clone(), 1_000).unwrap();
        assert!(rates.take(ann.clone(), 1_000).is_err());
        rates.take(asker("198.51.100.2"), 1_000).unwrap();
        for _ in 0..60 {
            rates.take(ann.clone(), 61_000).unwrap();
        }
        assert!(rates.take(ann, 61_000).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (rates, ann) = (rates(2), asker("198.51.100.1"));
        let later = 86_400_000;
        rates.take(ann.clone(), later).unwrap();
        rates.take(ann.clone(), later).unwrap();
        assert!(rates.take(ann.clone(), later).is_err());
        rates.take(ann, 0).unwrap();
    }

    #[test]
    fn zero_is_no_limit_and_large_numbers_do_no_harm() {
        for per_minute in [0, u32::MAX] {
            let rates = rates(per_minute);
            for _ in 0..10_000 {
                rates.take(asker("198.51.100.1"), 0).unwrap();
            }
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        assert_eq!(asker("2001:db8::1"), asker("2001:db8::ffff:2"));
        assert_ne!(asker("2001:db8::1"), asker("2001:db8:0:1::1"));
        assert_eq!(asker("::ffff:198.51.100.1"), asker("198.51.100.1"));
        assert_ne!(asker("198.51.100.1"), asker("198.51.100.2"));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let rates = rates(1);
        for n in 0..(MAX_BUCKETS as u32 + 10) {
            let address = IpAddr::from(n.to_be_bytes());
            rates.take(Asker::unknown(Some(address)), 0).unwrap();
        }
        assert!(rates.full_at.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
