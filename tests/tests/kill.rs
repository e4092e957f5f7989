//! A worker that is killed at any moment loses nothing and doubles nothing.
//!
//! `GAMETAPE_TEST_KILLS` says how often (12 unless given; `make kill-test` takes 100).

use std::time::Duration;

use anyhow::{Context, Result};
use gametape_tests::{
    backends::{Many, files},
    program::{Client, Workspace},
    random::Random,
    sound::{beginning, distinct, words},
    truth::Sample,
};
use reqwest::Method;

/// Calls under way at a time.
const CALLS_AT_A_TIME: usize = 3;
const LIMIT: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
async fn kills_on_sqlite() -> Result<()> {
    let workspace = Workspace::new(&[("GAMETAPE_LEASE_SECONDS", "3")])?;
    run(&workspace).await
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_on_postgresql() -> Result<()> {
    let database = Many::database("kills").await?;
    let workspace = Workspace::new(&[
        ("GAMETAPE_LEASE_SECONDS", "3"),
        ("GAMETAPE_DATABASE_URL", &database),
    ])?;
    run(&workspace).await
}

#[expect(clippy::print_stdout, reason = "the figure is what the test is for")]
async fn run(workspace: &Workspace) -> Result<()> {
    let kills: usize = std::env::var("GAMETAPE_TEST_KILLS").map_or(Ok(12), |text| text.parse())?;
    workspace.run(&["migrate"], "")?;
    let token = workspace.person("ana@example.com", "rep")?;
    let server = workspace.serve(&["--no-worker"])?;
    let client = server.client(&token);
    let recording = beginning(&Sample::load("bakery-discovery")?.audio, 30)?;

    // What an undisturbed worker makes of it.
    let worker = workspace.worker()?;
    let first = client.create_call("first.opus", distinct(&recording, 0)).await?;
    assert_eq!(client.wait(&first, LIMIT).await?["state"], "ready");
    let expected = words(&client, &first).await?;
    worker.kill()?;

    let mut random = Random::new(0x9e37_79b9);
    let mut calls = vec![first];
    let mut open = 0;
    for kill in 0..kills {
        let mut worker = workspace.worker()?;
        while open < CALLS_AT_A_TIME {
            calls.push(
                client
                    .create_call("call.opus", distinct(&recording, calls.len()))
                    .await?,
            );
            open += 1;
        }
        tokio::time::sleep(Duration::from_millis(100 + random.below(2_900))).await;
        assert!(
            worker.is_alive(),
            "kill {kill}: the worker died by itself: {}",
            worker.log()
        );
        worker.kill()?;
        open = 0;
        for call_id in &calls {
            let call = client.get(&format!("/calls/{call_id}")).await?;
            assert!(
                !matches!(call["state"].as_str(), Some("failed" | "cancelled")),
                "kill {kill}: {call}"
            );
            open += usize::from(call["state"] != "ready");
        }
    }

    let worker = workspace.worker()?;
    for call_id in &calls {
        let call = client.wait(call_id, LIMIT).await?;
        assert_eq!(call["state"], "ready", "{call}");
        assert_eq!(
            words(&client, call_id).await?,
            expected,
            "{call_id} reads as if nothing had happened"
        );
    }
    println!("{kills} kills, {} calls, all ready and equal", calls.len());
    tidy(workspace, &client, &calls).await?;
    drop(worker);
    Ok(())
}

/// Nothing is stored but what the calls need, and nothing at all when they are deleted.
async fn tidy(workspace: &Workspace, client: &Client, calls: &[String]) -> Result<()> {
    let media = workspace.dir.path().join("media");
    settle(|| files(&media).map(|files| files.len() == 2 * calls.len()))
        .await
        .with_context(|| {
            format!(
                "for {} calls there should be an original and peaks each: {:#?}",
                calls.len(),
                files(&media)
            )
        })?;
    for call_id in calls {
        client
            .request(Method::DELETE, &format!("/calls/{call_id}"))
            .send()
            .await?
            .error_for_status()?;
    }
    settle(|| files(&media).map(|files| files.is_empty()))
        .await
        .with_context(|| format!("left behind: {:#?}", files(&media)))
}

async fn settle(done: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..150 {
        if done()? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("it did not come to rest in 30 s")
}
