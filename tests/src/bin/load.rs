//! Load on the built program with a large team's data: `load BINARY`, on SQLite and, where
//! `GAMETAPE_TEST_POSTGRES_URL` says, on PostgreSQL. Sizes come from `GAMETAPE_LOAD_CALLS`, `_COMMENTS`,
//! `_SCORES`, `_CLIENTS` and `_SECONDS` (for each measurement); `GAMETAPE_LOAD_ENGINE` takes one engine alone.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to the terminal"
)]

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use gametape_core::Clock;
use gametape_tests::{
    backends::Many,
    load::{Deed, head, moment_filters, number, press, tokens},
    program::{Client, Workspace, json},
    seed::{Seeded, Size, seed},
};
use reqwest::Method;
use serde_json::json as value;

#[tokio::main]
async fn main() -> Result<()> {
    let binary = std::env::args().nth(1).context("usage: load BINARY")?;
    let calls = number("CALLS", 10_000)?;
    let size = Size {
        calls,
        comments: number("COMMENTS", 1_000_000)?,
        scores: number("SCORES", 500_000)?,
        comments_of_first: 2_000,
    };
    let engine = std::env::var("GAMETAPE_LOAD_ENGINE").ok();
    let wanted = |name: &str| engine.as_deref().is_none_or(|engine| engine == name);
    if wanted("sqlite") {
        let workspace = Workspace::of_binary(Path::new(&binary), &[])?;
        let file = format!("sqlite:{}", workspace.dir.path().join("gametape.db").display());
        measure("SQLite", &workspace, &file, size).await?;
    }
    if wanted("postgres") && std::env::var_os("GAMETAPE_TEST_POSTGRES_URL").is_some() {
        let url = Many::database("load").await?;
        let workspace = Workspace::of_binary(Path::new(&binary), &[("GAMETAPE_DATABASE_URL", &url)])?;
        measure("PostgreSQL", &workspace, &url, size).await?;
    }
    Ok(())
}

async fn measure(engine: &str, workspace: &Workspace, url: &str, size: Size) -> Result<()> {
    let begun = std::time::Instant::now();
    let seeded = seed(url, size, Clock::System.now_ms(), |done| {
        if done % 1_000 == 0 {
            eprintln!("{engine}: {done} of {} calls", size.calls);
        }
    })
    .await?;
    eprintln!("{engine}: filled in {:.0} s", begun.elapsed().as_secs_f64());
    // The administrator sees everything and is no measure for the others.
    let others = seeded.people[1..].iter().cycle();
    let clients: Vec<_> = others.take(number("CLIENTS", 50)?).cloned().collect();
    let tokens = tokens(url, &clients).await?;
    let server = workspace.serve(&["--no-worker"])?;
    let clients: Vec<Client> = tokens.iter().map(|token| server.client(token)).collect();
    let limit = Duration::from_secs(number("SECONDS", 5)? as u64);

    println!(
        "\n{engine}: {} calls, {} comments, {} scores, {} clients",
        size.calls,
        size.comments,
        size.scores,
        clients.len()
    );
    println!("{}", head());
    for filter in moment_filters(&seeded) {
        let path = format!("/moments?limit=50&{filter}");
        let waits = press(&clients, limit, Get { paths: vec![path] }).await?;
        let shown = filter.replace(seeded.criterion.as_str(), "…");
        println!("{}", waits.line(&format!("moments {shown}")));
    }
    let call = &seeded.open_calls[0];
    let open = vec![
        format!("/calls/{call}"),
        format!("/calls/{call}/transcript"),
        format!("/calls/{call}/comments?limit=200"),
        format!("/calls/{call}/reviews"),
    ];
    println!(
        "{}",
        press(&clients, limit, Get { paths: open })
            .await?
            .line("open a call with 2,000 comments")
    );
    let post = Post {
        seeded: seeded.clone(),
    };
    println!("{}", press(&clients, limit, post).await?.line("post a comment"));
    let search = vec!["/search?q=discount%20warehouse&limit=20".to_owned()];
    println!(
        "{}",
        press(&clients, limit, Get { paths: search })
            .await?
            .line("search two words")
    );
    println!(
        "server: {} MB at most",
        server.process.peak_memory_bytes()? / 1_000_000
    );
    Ok(())
}

/// Gets some paths one after the other.
struct Get {
    paths: Vec<String>,
}

impl Deed for Get {
    async fn run(&self, client: &Client, _: usize) -> Result<()> {
        for path in &self.paths {
            let answer = client.request(Method::GET, path).send().await?;
            ensure!(
                answer.status() == 200,
                "{path}: {}: {}",
                answer.status(),
                answer.text().await?
            );
            answer.bytes().await?;
        }
        Ok(())
    }
}

/// Writes comments on calls that everybody sees.
struct Post {
    seeded: Seeded,
}

impl Deed for Post {
    async fn run(&self, client: &Client, turn: usize) -> Result<()> {
        let call = &self.seeded.open_calls[turn % self.seeded.open_calls.len()];
        let start_ms = turn as i64 * 7_919 % 1_700_000;
        let body = value!({
            "kind": "note", "body": "that is where it turned", "start_ms": start_ms, "end_ms": start_ms + 4_000,
        });
        let path = format!("/calls/{call}/comments");
        let answer = client.request(Method::POST, &path).json(&body).send().await?;
        json(answer).await.map(|_| ())
    }
}
