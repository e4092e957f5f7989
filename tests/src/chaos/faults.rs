//! What goes wrong: one fault after the other, chosen by a seed, each counted.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Result;
use sqlx::Executor as _;

use super::{
    keeper::Keeper,
    proxy::Mode,
    town::{Engine, LEASE_SECONDS, Town},
};
use crate::random::Random;

/// Farthest that the clock goes back on one machine, in seconds.
const FARTHEST_S: i64 = 6 * 3_600;
/// The same where an object store checks when a request was signed: S3 allows for 15 minutes.
const FARTHEST_SIGNED_S: i64 = 600;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL.
    WorkerKilled,
    /// SIGKILL.
    ServerKilled,
    /// SIGSTOP for longer than its lease, then SIGCONT.
    WorkerPaused,
    /// SIGSTOP, then SIGCONT.
    ServerPaused,
    /// Connections to the database end.
    DatabaseCut,
    /// The database takes no connections.
    DatabaseGone,
    /// The database takes connections and says nothing.
    DatabaseHangs,
    /// The database is slow.
    DatabaseSlow,
    /// Somebody else holds the lock of the SQLite file.
    DatabaseLocked,
    /// The object store takes no connections.
    ObjectsGone,
    /// The object store is slow.
    ObjectsSlow,
    /// The object store answers 500.
    ObjectsBroken,
    /// The object store answers 507 to whatever is to be written.
    ObjectsFull,
    /// Connections to the object store end in the middle.
    ObjectsCut,
    /// No room on the disk that database and recordings lie on.
    DiskFull,
    /// The clock goes back.
    ClockBack,
    /// The clock goes on to where it was before it went back.
    ClockOn,
}

impl Fault {
    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkerKilled => "worker killed",
            Self::ServerKilled => "server killed",
            Self::WorkerPaused => "worker paused for longer than its lease",
            Self::ServerPaused => "server paused",
            Self::DatabaseCut => "connections to the database cut",
            Self::DatabaseGone => "database gone",
            Self::DatabaseHangs => "database hangs",
            Self::DatabaseSlow => "database slow",
            Self::DatabaseLocked => "database locked by another program",
            Self::ObjectsGone => "object store gone",
            Self::ObjectsSlow => "object store slow",
            Self::ObjectsBroken => "object store answers 500",
            Self::ObjectsFull => "object store full (507)",
            Self::ObjectsCut => "object store cut off in the middle",
            Self::DiskFull => "disk full",
            Self::ClockBack => "clock stepped back",
            Self::ClockOn => "clock stepped forward",
        }
    }

    /// What can happen to a town; what comes twice comes twice as often.
    pub fn possible(town: &Town) -> Vec<Self> {
        let mut all = vec![
            Self::WorkerKilled,
            Self::WorkerKilled,
            Self::ServerKilled,
            Self::ServerKilled,
            Self::WorkerPaused,
            Self::ServerPaused,
        ];
        match town.engine {
            Engine::Sqlite => all.push(Self::DatabaseLocked),
            Engine::Postgres => all.extend([
                Self::DatabaseCut,
                Self::DatabaseCut,
                Self::DatabaseGone,
                Self::DatabaseHangs,
                Self::DatabaseSlow,
                Self::ObjectsGone,
                Self::ObjectsSlow,
                Self::ObjectsBroken,
                Self::ObjectsFull,
                Self::ObjectsCut,
            ]),
        }
        if town.disk.is_some() {
            all.extend([Self::DiskFull, Self::DiskFull]);
        }
        if town.clock.is_some() {
            all.extend([Self::ClockBack, Self::ClockOn]);
        }
        all
    }
}

/// How often each kind happened.
pub type Counts = BTreeMap<Fault, usize>;

/// Lets things go wrong until `until`; each kind at least once, if there is time.
pub async fn rage(town: &Town, random: &mut Random, until: Instant) -> Result<Counts> {
    let mut counts = Counts::new();
    let possible = Fault::possible(town);
    let mut first: Vec<Fault> = possible.clone();
    first.dedup();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50 + random.below(500))).await;
        let fault = if first.is_empty() {
            *random.one_of(&possible)
        } else {
            first.swap_remove(random.below(first.len() as u64) as usize)
        };
        let left = until.saturating_duration_since(Instant::now());
        let lasts = lasts(fault, random, left);
        if happen(town, fault, lasts, random).await? {
            *counts.entry(fault).or_default() += 1;
        }
    }
    town.calm()?;
    Ok(counts)
}

/// For how long; now and then for the minute that a server takes to be started again, if there is time for it.
fn lasts(fault: Fault, random: &mut Random, left: Duration) -> Duration {
    let away = matches!(
        fault,
        Fault::DatabaseGone | Fault::ObjectsGone | Fault::ObjectsBroken
    );
    if away && left > Duration::from_mins(3) && random.chance(5) {
        return Duration::from_mins(1);
    }
    match fault {
        Fault::WorkerPaused => Duration::from_millis(LEASE_SECONDS * 1_000 + 500 + random.below(1_500)),
        Fault::WorkerKilled | Fault::ServerKilled | Fault::DatabaseCut => Duration::ZERO,
        _ => Duration::from_millis(200 + random.below(1_800)),
    }
}

/// Lets one thing go wrong for a while; whether it did.
async fn happen(town: &Town, fault: Fault, lasts: Duration, random: &mut Random) -> Result<bool> {
    let wait = tokio::time::sleep(lasts);
    let slow = Mode::Slow(Duration::from_millis(20 + random.below(180)));
    match fault {
        Fault::WorkerKilled => Ok(random.one_of(&town.workers).signal("KILL")),
        Fault::ServerKilled => Ok(random.one_of(&town.servers).signal("KILL")),
        Fault::WorkerPaused => Ok(pause(random.one_of(&town.workers), lasts).await),
        Fault::ServerPaused => Ok(pause(random.one_of(&town.servers), lasts).await),
        Fault::DatabaseCut => {
            if let Some(proxy) = &town.database {
                proxy.cut();
            }
            Ok(town.database.is_some())
        }
        Fault::DatabaseGone | Fault::DatabaseHangs | Fault::DatabaseSlow => {
            let mode = match fault {
                Fault::DatabaseGone => Mode::Refuse,
                Fault::DatabaseHangs => Mode::Hang,
                _ => slow,
            };
            let Some(proxy) = &town.database else {
                return Ok(false);
            };
            proxy.set(mode);
            wait.await;
            proxy.set(Mode::Through);
            Ok(true)
        }
        Fault::DatabaseLocked => lock(town, lasts).await,
        Fault::ObjectsGone
        | Fault::ObjectsSlow
        | Fault::ObjectsBroken
        | Fault::ObjectsFull
        | Fault::ObjectsCut => {
            let mode = match fault {
                Fault::ObjectsGone => Mode::Refuse,
                Fault::ObjectsSlow => slow,
                Fault::ObjectsBroken => Mode::Answer(500),
                Fault::ObjectsFull => Mode::RefuseWrites(507),
                _ => Mode::CutAfter(1 + random.below(60_000) as usize),
            };
            let Some(proxy) = &town.objects else {
                return Ok(false);
            };
            proxy.set(mode);
            wait.await;
            proxy.set(Mode::Through);
            Ok(true)
        }
        Fault::DiskFull => {
            let Some(disk) = &town.disk else { return Ok(false) };
            disk.fill()?;
            wait.await;
            disk.empty()?;
            Ok(true)
        }
        Fault::ClockBack | Fault::ClockOn => set_clock(town, fault, random),
    }
}

async fn pause(keeper: &Keeper, lasts: Duration) -> bool {
    let paused = keeper.signal("STOP");
    tokio::time::sleep(lasts).await;
    keeper.signal("CONT");
    paused
}

/// Holds the lock that SQLite's writers wait for.
async fn lock(town: &Town, lasts: Duration) -> Result<bool> {
    let Ok(mut sql) = town.sql().await else {
        return Ok(false);
    };
    if sql.execute("BEGIN IMMEDIATE").await.is_err() {
        return Ok(false);
    }
    tokio::time::sleep(lasts).await;
    // The lock goes with the connection in any case.
    Ok(sql.execute("ROLLBACK").await.is_ok())
}

fn set_clock(town: &Town, fault: Fault, random: &mut Random) -> Result<bool> {
    let Some(clock) = &town.clock else {
        return Ok(false);
    };
    let farthest = match town.engine {
        Engine::Sqlite => FARTHEST_S,
        Engine::Postgres => FARTHEST_SIGNED_S,
    };
    let now = clock.offset_s();
    let to = match fault {
        Fault::ClockOn => 0,
        // Often by little, now and then by much.
        _ if random.chance(50) => now - 1 - random.below(30) as i64,
        _ => now - 1 - random.below(farthest.unsigned_abs()) as i64,
    };
    let to = to.max(-farthest);
    clock.set(to)?;
    Ok(to != now)
}
