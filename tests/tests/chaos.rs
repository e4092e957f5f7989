//! The short form of the chaos run: for a minute and a half everything breaks that can break, on both engines at the
//! same time, and then all that people were told is done is there, once. `make chaos` runs for half an hour.
//!
//! `GAMETAPE_TEST_SEED` repeats a run, as far as time lets it: the seed is printed.

use std::time::Duration;

use anyhow::{Result, ensure};
use gametape_tests::{
    chaos::{Plan, run, town::Engine},
    program::binary,
};

#[tokio::test(flavor = "multi_thread")]
async fn everything_breaks_and_nothing_is_lost_on_sqlite() -> Result<()> {
    live_through(Engine::Sqlite).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_breaks_and_nothing_is_lost_on_postgresql() -> Result<()> {
    live_through(Engine::Postgres).await
}

#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn live_through(engine: Engine) -> Result<()> {
    let plan = Plan {
        binary: binary(),
        engine,
        seed: std::env::var("GAMETAPE_TEST_SEED").map_or(Ok(20_261_122), |text| text.parse())?,
        lasts: Duration::from_secs(80),
        faults: true,
        people: 5,
        upload_every: Duration::from_secs(12),
        pause: Duration::from_millis(250),
        limit: Duration::from_secs(100),
        tell: |_| {},
    };
    let report = run(&plan).await?;
    println!("{report}");
    ensure!(report.wrong.is_empty(), "{report}");
    ensure!(report.outer_fault_count() >= 20, "hardly anything broke");
    Ok(())
}
