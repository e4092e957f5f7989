//! The built program while everything around it breaks: `chaos BINARY`, on SQLite and on PostgreSQL with S3 at the
//! same time; `chaos BINARY soak` leaves the faults away and watches memory and handles. Settings come from
//! `GAMETAPE_CHAOS_MINUTES`, `_SECONDS` (more than the minutes), `_SEED`, `_PEOPLE`, `_FAULTS` (how many there must be, of
//! both together), `_LIMIT` (seconds after which all must be answered, and as many again for all work) and `_ENGINE`
//! (`sqlite` or `postgres`, for one of them alone).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to the terminal"
)]

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use gametape_core::Clock;
use gametape_tests::chaos::{Plan, report::Report, run, town::Engine};

fn number(name: &str) -> Result<Option<u64>> {
    match std::env::var(format!("GAMETAPE_CHAOS_{name}")) {
        Ok(text) => {
            let number = text.parse();
            let number = number.with_context(|| format!("GAMETAPE_CHAOS_{name} must be a number"))?;
            Ok(Some(number))
        }
        Err(_) => Ok(None),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: chaos BINARY [soak]";
    let binary = PathBuf::from(arguments.next().context(usage)?);
    let faults = match arguments.next().as_deref() {
        None => true,
        Some("soak") => false,
        Some(_) => anyhow::bail!(usage),
    };
    // A seed that nobody gave is the time.
    let now = Clock::System.now_ms().unsigned_abs();
    let plan = |engine| -> Result<Plan> {
        Ok(Plan {
            binary: binary.clone(),
            engine,
            seed: number("SEED")?.unwrap_or(now),
            lasts: Duration::from_secs(
                60 * number("MINUTES")?.unwrap_or(if faults { 30 } else { 60 })
                    + number("SECONDS")?.unwrap_or(0),
            ),
            faults,
            people: number("PEOPLE")?.unwrap_or(8) as usize,
            upload_every: Duration::from_secs(6),
            pause: Duration::from_millis(150),
            limit: Duration::from_secs(number("LIMIT")?.unwrap_or(180)),
            tell: |what| eprintln!("{what}"),
        })
    };
    let engine = std::env::var("GAMETAPE_CHAOS_ENGINE").ok();
    let wanted = |name: &str| engine.as_deref().is_none_or(|engine| engine == name);
    let (sqlite, postgres) = (plan(Engine::Sqlite)?, plan(Engine::Postgres)?);
    println!("seed {}", sqlite.seed);
    let one = async |name: &str, plan: &Plan| -> Result<Option<Report>> {
        if !wanted(name) {
            return Ok(None);
        }
        let report = run(plan).await?;
        println!("{report}");
        Ok(Some(report))
    };
    let (one, other) = tokio::try_join!(one("sqlite", &sqlite), one("postgres", &postgres))?;
    let reports: Vec<Report> = one.into_iter().chain(other).collect();
    let wrong: usize = reports.iter().map(|report| report.wrong.len()).sum();
    ensure!(wrong == 0, "{wrong} things are wrong");
    let happened: usize = reports.iter().map(Report::outer_fault_count).sum();
    let least = number("FAULTS")?.unwrap_or(0) as usize;
    ensure!(
        happened >= least,
        "{happened} faults only, and {least} were wanted"
    );
    Ok(())
}
