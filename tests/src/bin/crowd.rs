//! 200 people on one server that transcribes meanwhile: `crowd BINARY [SETTING=VALUE…]`, on SQLite and, where
//! `GAMETAPE_TEST_POSTGRES_URL` says, on PostgreSQL. They act ever faster, until more than one request in a hundred
//! waits longer than 50 ms (reading) or 100 ms (writing). Sizes come from `GAMETAPE_LOAD_CALLS`, `_COMMENTS`,
//! `_SCORES`, `_CLIENTS` and `_SECONDS` (for each pace); `GAMETAPE_LOAD_ENGINE` takes one engine alone. Settings, as
//! `GAMETAPE_ENGINE=native`, are the server's.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to the terminal"
)]

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use gametape_core::Clock;
use gametape_tests::{
    backends::Many,
    crowd::{Feeder, Town, live},
    load::{Waits, head, number, tokens},
    program::{Client, Workspace},
    seed::{Size, seed},
    truth::samples_dir,
};

/// What may be waited for, but by one in a hundred, in milliseconds.
const READ_MS: f64 = 50.0;
const WRITE_MS: f64 = 100.0;
/// Before anything is measured.
const WARMING: Duration = Duration::from_secs(20);
/// Seconds between two things that a person does, on average.
const PAUSES_S: [f64; 7] = [5.0, 3.0, 2.0, 1.0, 0.5, 0.25, 0.12];

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().context("usage: crowd BINARY [SETTING=VALUE…]")?;
    let settings: Vec<String> = arguments.collect();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|setting| setting.split_once('=').context("a setting is NAME=VALUE"))
        .collect::<Result<_>>()?;
    let engine = std::env::var("GAMETAPE_LOAD_ENGINE").ok();
    let wanted = |name: &str| engine.as_deref().is_none_or(|engine| engine == name);
    if wanted("sqlite") {
        let workspace = Workspace::of_binary(Path::new(&binary), &settings)?;
        let file = format!("sqlite:{}", workspace.dir.path().join("gametape.db").display());
        measure("SQLite", &workspace, &file).await?;
    }
    if wanted("postgres") && std::env::var_os("GAMETAPE_TEST_POSTGRES_URL").is_some() {
        let url = Many::database("crowd").await?;
        let settings = [&[("GAMETAPE_DATABASE_URL", url.as_str())], &settings[..]].concat();
        let workspace = Workspace::of_binary(Path::new(&binary), &settings)?;
        measure("PostgreSQL", &workspace, &url).await?;
    }
    Ok(())
}

async fn measure(engine: &str, workspace: &Workspace, url: &str) -> Result<()> {
    let size = Size {
        calls: number("CALLS", 2_000)?,
        comments: number("COMMENTS", 40_000)?,
        scores: number("SCORES", 20_000)?,
        comments_of_first: 200,
    };
    eprintln!("{engine}: filling");
    let seeded = seed(url, size, Clock::System.now_ms(), |_| {}).await?;
    // The administrator sees everything and is no measure for the others.
    let others = seeded.people[1..].iter().cycle();
    let people: Vec<_> = others.take(number("CLIENTS", 200)?).cloned().collect();
    let tokens = tokens(url, &people).await?;
    let server = workspace.serve(&[])?;
    let clients: Vec<Client> = tokens.iter().map(|token| server.client(token)).collect();
    let recording = std::fs::read(samples_dir().join("clinic-pricing.opus"))?;
    let uploader = clients.first().context("no people")?.clone();
    let played = uploader.create_call("played.opus", recording.clone()).await?;
    uploader.wait(&played, Duration::from_mins(10)).await?;
    let town = Town {
        seeded,
        played_bytes: recording.len() as u64,
        played: share(&uploader, played).await?,
    };
    let mut feeder = Feeder::start(uploader, recording);
    // The database has just been filled, and nobody has asked it anything.
    live(&clients, &town, Duration::from_secs(3), WARMING).await?;
    let length = Duration::from_secs(number("SECONDS", 45)? as u64);
    println!(
        "\n{engine}: {} calls, {} comments, {} people",
        size.calls,
        size.comments,
        clients.len()
    );
    println!(
        "{:>8} {:>9} {:>18} {:>18} {:>18} {:>12}",
        "pause s", "requests", "reads p50 p99 ms", "plays p50 p99 ms", "writes p50 p99 ms", "transcribed"
    );
    for pause_s in PAUSES_S {
        let before = feeder.done().await?;
        let day = live(&clients, &town, Duration::from_secs_f64(pause_s), length).await?;
        let both = |waits: &Waits| format!("{:.1} {:.1}", waits.percentile_ms(50), waits.percentile_ms(99));
        println!(
            "{pause_s:>8} {:>9.0} {:>18} {:>18} {:>18} {:>12}",
            day.per_second(),
            both(&day.reads),
            both(&day.plays),
            both(&day.writes),
            feeder.done().await? - before
        );
        let gave_way = [
            ("reading", day.reads.percentile_ms(99), READ_MS),
            ("playing", day.plays.percentile_ms(99), READ_MS),
            ("writing", day.writes.percentile_ms(99), WRITE_MS),
        ];
        let gave_way = gave_way.iter().filter(|(_, waited, most)| waited > most);
        let gave_way: Vec<_> = gave_way
            .map(|(what, _, most)| format!("{what} over {most} ms"))
            .collect();
        if !gave_way.is_empty() {
            println!("gave way: {}", gave_way.join(", "));
            println!("{}", head());
            for (kind, waits) in &day.kinds {
                println!("{}", waits.line(kind));
            }
            break;
        }
    }
    let peak = server.process.peak_memory_bytes()? / 1_000_000;
    println!("server: {peak} MB at most");
    Ok(())
}

/// Lets everybody see a call.
async fn share(client: &Client, call: String) -> Result<String> {
    let body = serde_json::json!({"visibility": "org"});
    let path = format!("/calls/{call}");
    let answer = client
        .request(reqwest::Method::PATCH, &path)
        .json(&body)
        .send()
        .await?;
    gametape_tests::program::json(answer).await?;
    Ok(call)
}
