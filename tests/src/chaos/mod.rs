//! People who go on working while everything around the program breaks, and what must hold in the end: nothing that
//! they were told is done is lost or doubled, and everything comes to rest by itself.

pub mod asking;
pub mod faults;
pub mod finding;
pub mod keeper;
pub mod memory;
pub mod people;
pub mod proxy;
pub mod report;
pub mod soak;
pub mod town;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use self::{
    asking::{Asker, Weather},
    memory::{Remembered, Uploaded},
    people::{Board, Visitor, hash},
    report::Report,
    soak::Samples,
    town::{Engine, Town},
};
use crate::{
    person::Person,
    program::Client,
    random::Random,
    sound::{beginning, distinct, words},
    truth::Sample,
};

/// Seconds of speech in a recording.
const SPEECH_SECONDS: u32 = 8;

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// On which engine.
    pub engine: Engine,
    /// What decides which faults come and what people do.
    pub seed: u64,
    /// How long people work, and faults come.
    pub lasts: Duration,
    /// Whether faults come. Without, memory and handles are watched.
    pub faults: bool,
    /// How many people.
    pub people: usize,
    /// Time between two recordings, of all people together.
    pub upload_every: Duration,
    /// How long each rests between two deeds, on average.
    pub pause: Duration,
    /// How long after the last fault everything must be answered, and how long after that all work be done.
    pub limit: Duration,
    /// Is told how far it is.
    pub tell: fn(&str),
}

/// Runs it; an error where it could not be run. What was found wrong is in the report.
pub async fn run(plan: &Plan) -> Result<Report> {
    let town = Town::new(plan.engine, &plan.binary, plan.faults).await?;
    let admin = Client::new(&town.addresses[0], &town.person("ada@example.com", "admin")?);
    let weather = Arc::new(Weather::default());
    let sound = beginning(&Sample::load("bakery-discovery")?.audio, SPEECH_SECONDS)?;
    let board = Arc::new(Board::new(sound, plan.upload_every));
    let (first, expected) = first_call(&admin, &board).await?;

    let (mut clients, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..plan.people {
        let token = town.person(&format!("p{number}@example.com"), "rep")?;
        let ways: Vec<Client> = town
            .addresses
            .iter()
            .map(|address| Client::new(address, &token))
            .collect();
        let person = Person::of(ways.clone()).await?;
        clients.extend(ways.into_iter().next());
        let random = Random::new(plan.seed.wrapping_mul(31).wrapping_add(number as u64 + 1));
        let asker = Asker::new(person, Arc::clone(&weather), random, plan.limit);
        let visitor = Visitor::new(&format!("p{number}"), asker, Arc::clone(&board));
        tasks.push(tokio::spawn(visitor.live(plan.pause)));
    }

    let tell = |what: &str| (plan.tell)(&format!("{:?}: {what}", plan.engine));
    tell("everything runs");
    let mut report = Report::new(plan);
    let until = Instant::now() + plan.lasts;
    if plan.faults {
        report.faults = faults::rage(&town, &mut Random::new(plan.seed), until).await?;
    } else {
        weather.calm_down();
        report.samples = Samples::take(&town, until).await?;
    }
    tell("no more faults; people finish what they are at");
    weather.calm_down();
    weather.close();
    let quiet = Instant::now();
    let mut memories = vec![first];
    for task in tasks {
        match task.await.context("a person died")? {
            Ok(memory) => memories.push(memory),
            Err(error) => report.wrong.push(format!("{error:#}")),
        }
    }
    report.answered_after = quiet.elapsed();
    tell("people are done; waiting for all work to be done");
    match finding::rest(&admin, &town, plan.limit).await {
        Ok(_) => report.at_rest_after = quiet.elapsed(),
        Err(error) => report.wrong.push(format!("{error:#}")),
    }
    report.counts = weather.counts();
    tell("looking at what is there");
    match finding::find(&admin, &clients, &town, expected).await {
        Ok(found) => report.wrong.extend(memory::check(&memories, &found)),
        Err(error) => report
            .wrong
            .push(format!("what is there can't be read: {error:#}")),
    }
    report.wrong.extend(report.samples.wrong());
    report.remember(&memories);
    for keeper in town.servers.iter().chain(&town.workers) {
        for (line, count) in keeper.complaints() {
            *report.complaints.entry(line).or_default() += count;
        }
        let times = keeper.ended_by_itself();
        if times > 0 {
            let line = format!(
                "{} ended {times} times by itself: {}",
                keeper.name,
                keeper.last_words()
            );
            report.wrong.push(line);
        }
    }
    Ok(report)
}

/// A call before anything goes wrong, and what is heard in it.
async fn first_call(admin: &Client, board: &Board) -> Result<(Remembered, Vec<(i64, i64, String)>)> {
    let data = distinct(&board.sound, 0);
    let meta = serde_json::json!({"title": "first", "visibility": "org"});
    let part = reqwest::multipart::Part::bytes(data.clone()).file_name("talk.opus");
    let form = reqwest::multipart::Form::new()
        .text("meta", meta.to_string())
        .part("file", part);
    let request = admin.request(reqwest::Method::POST, "/calls").multipart(form);
    let made = crate::program::json(request.send().await?).await?;
    let call = crate::person::text(&made, "id")?;
    let ready = admin.wait(&call, Duration::from_mins(2)).await?;
    ensure!(ready["state"] == "ready", "{ready}");
    let mut heard = Vec::new();
    for (start_ms, channel, text) in words(admin, &call).await? {
        heard.push((channel, start_ms, text));
    }
    ensure!(!heard.is_empty(), "nothing is heard in the sample");
    if let Ok(mut calls) = board.calls.lock() {
        calls.push((call.clone(), String::new()));
    }
    let upload = Uploaded {
        title: "first".to_owned(),
        call,
        hash: hash(&data),
    };
    let memory = Remembered {
        uploads: vec![upload],
        ..Remembered::default()
    };
    Ok((memory, heard))
}
