//! Many clients at once, and how long each had to wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use gametape_api::Secret;
use gametape_core::{Clock, id::UserId, user::Scope};
use gametape_store::{Actor, NewToken, Store};

use crate::{program::Client, seed::Seeded};

/// The number that `GAMETAPE_LOAD_<name>` says, if it says one.
pub fn number(name: &str, default: usize) -> Result<usize> {
    match std::env::var(format!("GAMETAPE_LOAD_{name}")) {
        Ok(text) => text
            .parse()
            .with_context(|| format!("GAMETAPE_LOAD_{name} must be a number")),
        Err(_) => Ok(default),
    }
}

/// What clients do again and again.
pub trait Deed: Send + Sync + 'static {
    /// Does it once, as the `turn`-th of all.
    fn run(&self, client: &Client, turn: usize) -> impl Future<Output = Result<()>> + Send;
}

/// How long things took.
#[derive(Debug, Clone)]
pub struct Waits {
    /// Each of them, the shortest first.
    sorted: Vec<Duration>,
    /// How long all of them together took.
    took: Duration,
}

impl Waits {
    /// Those that `took` so long all together; an error when there is none.
    pub fn of(mut waits: Vec<Duration>, took: Duration) -> Result<Self> {
        ensure!(!waits.is_empty(), "nothing was done");
        waits.sort();
        Ok(Self { sorted: waits, took })
    }

    /// The wait that `percent` of all don't exceed, in milliseconds.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let index = (self.sorted.len() * percent / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted
            .get(index)
            .map_or(0.0, |wait| wait.as_secs_f64() * 1_000.0)
    }

    /// How many were done in a second.
    pub fn per_second(&self) -> f64 {
        self.sorted.len() as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// A line of a table.
    pub fn line(&self, name: &str) -> String {
        format!(
            "{name:<44} {:>7} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
            self.sorted.len(),
            self.percentile_ms(50),
            self.percentile_ms(95),
            self.percentile_ms(99),
            self.per_second()
        )
    }
}

/// The head of the table that [`Waits::line`] writes lines of.
pub fn head() -> String {
    format!(
        "{:<44} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "", "count", "p50 ms", "p95 ms", "p99 ms", "per s"
    )
}

/// Lets all clients do `deed` until `limit` is over.
pub async fn press<D: Deed>(clients: &[Client], limit: Duration, deed: D) -> Result<Waits> {
    let (deed, turn) = (Arc::new(deed), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = clients
        .iter()
        .cloned()
        .map(|client| {
            let (deed, turn) = (Arc::clone(&deed), Arc::clone(&turn));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while begun.elapsed() < limit {
                    let started = Instant::now();
                    deed.run(&client, turn.fetch_add(1, Ordering::Relaxed)).await?;
                    waits.push(started.elapsed());
                }
                anyhow::Ok(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.context("a client died")??);
    }
    Waits::of(waits, begun.elapsed())
}

/// Every filter and every order of the list of moments.
pub fn moment_filters(seeded: &Seeded) -> Vec<String> {
    let criterion = &seeded.criterion;
    let (team, person) = (&seeded.teams[1], &seeded.people[7]);
    vec![
        "sort=newest".to_owned(),
        "sort=highest".to_owned(),
        "sort=lowest".to_owned(),
        "sort=discussed".to_owned(),
        format!("criterion={criterion}"),
        format!("criterion={criterion}&min_score=4&max_score=5&sort=highest"),
        "kind=praise".to_owned(),
        format!("rep={person}"),
        format!("team={team}"),
        format!("author={person}"),
        "tag=pricing".to_owned(),
        "deal_stage=Closing".to_owned(),
        "deal_outcome=won&sort=lowest".to_owned(),
        "q=discount".to_owned(),
        "disputed=true".to_owned(),
        format!("team={team}&tag=pricing&deal_outcome=won&criterion={criterion}&sort=lowest"),
        format!("from=0&until={}", i64::from(u32::MAX) * 1_000),
    ]
}

/// Lets some people in; their tokens, one each.
pub async fn tokens(url: &str, people: &[UserId]) -> Result<Vec<String>> {
    let store = Store::connect(url, Clock::System).await?;
    let mut tokens = Vec::new();
    for person in people {
        let secret = Secret::api_token();
        let new = NewToken {
            user_id: person.clone(),
            name: "load".to_owned(),
            token_hash: secret.hash,
            scope: Scope::Write,
            expires_at: None,
        };
        store.token_create(&Actor::default(), new).await?;
        tokens.push(secret.text);
    }
    store.close().await;
    Ok(tokens)
}
