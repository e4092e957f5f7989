//! Asking a server that may be away: until there is an answer, always with the same key.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::{person::Person, program::Client, random::Random};

/// How long somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of a hundred requests, so many are given up after a moment while faults happen: the answer is lost.
const HASTE_PERCENT: u64 = 8;

/// What all people share: whether faults happen, and what became of requests.
#[derive(Debug, Default)]
pub struct Weather {
    /// Set when faults have ended.
    calm: AtomicBool,
    calm_since: Mutex<Option<Instant>>,
    /// Set when people should finish what they are at and go home.
    closing: AtomicBool,
    counts: Mutex<BTreeMap<String, usize>>,
}

impl Weather {
    /// No more faults.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
        if let Ok(mut since) = self.calm_since.lock() {
            since.get_or_insert_with(Instant::now);
        }
    }

    /// Nobody begins anything new.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether nobody begins anything new.
    pub fn closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// How long there have been no faults.
    fn calm_for(&self) -> Duration {
        let since = self.calm_since.lock().ok().and_then(|since| *since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Counts something under a name.
    pub fn count(&self, name: &str) {
        if let Ok(mut counts) = self.counts.lock() {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// What was counted.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.counts
            .lock()
            .map_or_else(|_| BTreeMap::new(), |counts| counts.clone())
    }
}

/// An answer that says something.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its JSON; null where it has none.
    pub body: Value,
}

/// What one request came to.
pub enum Outcome {
    /// An answer that says something.
    Answered(Answer),
    /// None, or one that says to come again: nobody knows whether it was done.
    Unknown,
}

/// Somebody who asks.
pub struct Asker {
    person: Person,
    weather: Arc<Weather>,
    random: Random,
    /// How long after the last fault everything has to be answered.
    limit: Duration,
    /// When they were left without an answer, if they are.
    waits_since: Option<Instant>,
}

impl Asker {
    /// Somebody with these ways to the servers.
    pub fn new(person: Person, weather: Arc<Weather>, random: Random, limit: Duration) -> Self {
        Self {
            person,
            weather,
            random,
            limit,
            waits_since: None,
        }
    }

    /// Their id.
    pub fn id(&self) -> &str {
        &self.person.id
    }

    /// Where their decisions come from.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// What all share.
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// Asks once; now and then without the patience to wait for the answer.
    pub async fn ask(&mut self, make: impl Fn(&Client) -> RequestBuilder) -> Outcome {
        let request = make(self.person.client());
        let hasty = !self.weather.is_calm() && self.random.chance(HASTE_PERCENT);
        let patience = if hasty {
            Duration::from_millis(1 + self.random.below(60))
        } else {
            PATIENCE
        };
        let asked = async {
            let response = request.send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.text().await?))
        };
        let Ok(asked) = tokio::time::timeout(patience, asked).await else {
            self.weather.count(if hasty {
                "answer lost: caller hung up"
            } else {
                "no answer in time"
            });
            return Outcome::Unknown;
        };
        let Ok((status, headers, text)) = asked else {
            self.weather.count("no answer: connection failed");
            return Outcome::Unknown;
        };
        let later = status == StatusCode::TOO_MANY_REQUESTS
            || (status == StatusCode::CONFLICT && headers.contains_key("retry-after"));
        if status.is_server_error() || later {
            self.weather.count(&format!("told to come again: {status}"));
            return Outcome::Unknown;
        }
        Outcome::Answered(Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        })
    }

    /// Asks until there is an answer, and gives it.
    pub async fn insist(&mut self, what: &str, make: impl Fn(&Client) -> RequestBuilder) -> Result<Answer> {
        loop {
            if let Outcome::Answered(answer) = self.ask(&make).await {
                self.waits_since = None;
                return Ok(answer);
            }
            self.rest(what).await?;
        }
    }

    /// Asks until it is done; a refusal is an error.
    pub async fn must(&mut self, what: &str, make: impl Fn(&Client) -> RequestBuilder) -> Result<Answer> {
        let answer = self.insist(what, make).await?;
        if !answer.status.is_success() {
            bail!("{what} was refused with {}: {}", answer.status, answer.body);
        }
        Ok(answer)
    }

    /// Waits a little before the next try; an error when there was more than enough time for an answer.
    pub async fn rest(&mut self, what: &str) -> Result<()> {
        // Where there never are faults it is calm for long before somebody hangs up themselves.
        let waits = self.waits_since.get_or_insert_with(Instant::now).elapsed();
        if self.weather.calm_for().min(waits) > self.limit {
            bail!("{what} has no answer {:?} after the last fault", self.limit);
        }
        let wait = 100 + self.random.below(400);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        Ok(())
    }
}

impl Answer {
    /// A text field of its JSON.
    pub fn text(&self, field: &str) -> Result<String> {
        crate::person::text(&self.body, field)
    }

    /// A header.
    pub fn header(&self, name: &str) -> Result<&str> {
        let header = self.headers.get(name).and_then(|value| value.to_str().ok());
        header.with_context(|| format!("{} without {name}", self.status))
    }
}
