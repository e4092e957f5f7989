//! Many people who read, listen and write at their own pace, while a worker transcribes.
//!
//! Each person does something, thinks, and does the next thing; the time to think is exponentially distributed, so
//! that requests come as they do from many people who don't know of each other. Every request is timed by itself.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::{Method, header};
use serde_json::{Value, json as value};

use crate::{
    load::Waits,
    program::{Client, json},
    random::Random,
    seed::Seeded,
    sound::distinct,
};

/// What a browser asks for at a time when it plays.
const PLAYED_BYTES: u64 = 256 * 1024;
/// A call is given to the worker this long after the one before was, at most.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Town {
    /// What there is to read and to comment on.
    pub seeded: Seeded,
    /// A call with a recording, to play.
    pub played: String,
    /// Its length in bytes.
    pub played_bytes: u64,
}

/// How long people waited, by what they did.
#[derive(Debug)]
pub struct Day {
    /// Lists, calls, transcripts, comments, reviews, moments, the inbox, search.
    pub reads: Waits,
    /// Pieces of recordings, and waveforms.
    pub plays: Waits,
    /// Comments and answers.
    pub writes: Waits,
    /// The reads of each kind.
    pub kinds: BTreeMap<&'static str, Waits>,
}

impl Day {
    /// Requests in a second, all together.
    pub fn per_second(&self) -> f64 {
        self.reads.per_second() + self.plays.per_second() + self.writes.per_second()
    }
}

#[derive(Default)]
struct Diary {
    reads: BTreeMap<&'static str, Vec<Duration>>,
    plays: Vec<Duration>,
    writes: Vec<Duration>,
}

/// Lets each of `clients` live for `length`, with `pause` between two things to do, on average.
pub async fn live(clients: &[Client], town: &Town, pause: Duration, length: Duration) -> Result<Day> {
    let begun = Instant::now();
    let tasks: Vec<_> = clients
        .iter()
        .cloned()
        .zip(1..)
        .map(|(client, number)| {
            let town = town.clone();
            tokio::spawn(async move {
                let mut person = Person {
                    client,
                    town,
                    random: Random::new(number * 7_919),
                    diary: Diary::default(),
                };
                loop {
                    tokio::time::sleep(person.thought(pause)).await;
                    if begun.elapsed() >= length {
                        return anyhow::Ok(person.diary);
                    }
                    person.act().await?;
                }
            })
        })
        .collect();
    let mut all = Diary::default();
    for task in tasks {
        let diary = task.await.context("a person died")??;
        for (kind, waits) in diary.reads {
            all.reads.entry(kind).or_default().extend(waits);
        }
        all.plays.extend(diary.plays);
        all.writes.extend(diary.writes);
    }
    let took = begun.elapsed();
    Ok(Day {
        reads: Waits::of(all.reads.values().flatten().copied().collect(), took)?,
        plays: Waits::of(all.plays, took)?,
        writes: Waits::of(all.writes, took)?,
        kinds: all
            .reads
            .into_iter()
            .map(|(kind, waits)| Ok((kind, Waits::of(waits, took)?)))
            .collect::<Result<_>>()?,
    })
}

struct Person {
    client: Client,
    town: Town,
    random: Random,
    diary: Diary,
}

impl Person {
    /// How long to think; ten times the average at most.
    fn thought(&mut self, average: Duration) -> Duration {
        let share = (self.random.below(1_000_000) + 1) as f64 / 1_000_001.0;
        average.mul_f64((-share.ln()).min(10.0))
    }

    async fn act(&mut self) -> Result<()> {
        match self.random.below(100) {
            0..25 => self.open_a_call().await,
            25..40 => self.read("calls", "/calls?limit=50").await,
            40..50 => self.read("moments", "/moments?limit=20").await,
            50..55 => {
                let team = self.random.one_of(&self.town.seeded.teams).clone();
                self.read(
                    "moments of a team",
                    &format!("/moments?limit=20&team={team}&kind=praise"),
                )
                .await
            }
            55..65 => self.read("inbox", "/inbox?limit=50").await,
            65..70 => {
                self.read("search", "/search?q=discount%20warehouse&limit=20")
                    .await
            }
            70..90 => self.play().await,
            _ => self.write().await,
        }
    }

    async fn open_a_call(&mut self) -> Result<()> {
        // Most look at what is new.
        let calls = &self.town.seeded.open_calls;
        let newest = (calls.len() as u64 / 20).max(1);
        let among = if self.random.chance(80) {
            newest
        } else {
            calls.len() as u64
        };
        let call = calls[self.random.below(among) as usize].clone();
        for (kind, part) in [
            ("call", ""),
            ("transcript", "/transcript"),
            ("comments", "/comments?limit=200"),
            ("reviews", "/reviews"),
        ] {
            self.read(kind, &format!("/calls/{call}{part}")).await?;
        }
        Ok(())
    }

    async fn read(&mut self, kind: &'static str, path: &str) -> Result<()> {
        let begun = Instant::now();
        let answer = self.client.request(Method::GET, path).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        self.diary.reads.entry(kind).or_default().push(begun.elapsed());
        ensure!(
            status == 200,
            "{path}: {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(())
    }

    async fn play(&mut self) -> Result<()> {
        let start = self.random.below(self.town.played_bytes);
        let path = format!("/calls/{}/audio", self.town.played);
        let range = format!("bytes={start}-{}", start + PLAYED_BYTES - 1);
        let begun = Instant::now();
        let request = self.client.request(Method::GET, &path);
        let answer = request.header(header::RANGE, range).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        self.diary.plays.push(begun.elapsed());
        ensure!(status == 206, "{path}: {status}");
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        let call = self.random.one_of(&self.town.seeded.open_calls).clone();
        let start_ms = self.random.below(1_700_000);
        let comment = value!({
            "kind": "note", "body": "that is where it turned", "start_ms": start_ms, "end_ms": start_ms + 4_000,
        });
        let made = self.send(&format!("/calls/{call}/comments"), &comment).await?;
        if self.random.chance(30) {
            let id = made["id"].as_str().context("no id")?;
            let path = format!("/comments/{id}/replies");
            self.send(&path, &value!({"body": "it did"})).await?;
        }
        Ok(())
    }

    async fn send(&mut self, path: &str, body: &Value) -> Result<Value> {
        let begun = Instant::now();
        let answer = self.client.request(Method::POST, path).json(body).send().await?;
        let made = json(answer).await?;
        self.diary.writes.push(begun.elapsed());
        Ok(made)
    }
}

/// Keeps a worker busy: gives it the same sound again and again, the next call as soon as one is done.
pub struct Feeder {
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Feeder {
    /// Begins; `client` owns the calls.
    pub fn start(client: Client, recording: Vec<u8>) -> Self {
        let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&done), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let mut waiting = std::collections::VecDeque::new();
            for number in 0.. {
                // One is worked on, the next one waits.
                let data = distinct(&recording, number);
                waiting.push_back(client.create_call(&format!("{number}.opus"), data).await?);
                if waiting.len() == 2 {
                    let call = waiting.pop_front().context("no call")?;
                    client.wait(&call, PATIENCE).await?;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
            }
            Ok(())
        });
        Self { done, stop, task }
    }

    /// How many calls were transcribed so far; an error when that failed.
    pub async fn done(&mut self) -> Result<usize> {
        if self.task.is_finished() {
            (&mut self.task).await.context("the feeder died")??;
        }
        Ok(self.done.load(Ordering::Relaxed))
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}
