//! People who upload, comment, score, correct and read, whatever happens, and remember what they were told is done.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json as value};
use sha2::{Digest, Sha256};

use super::{
    asking::{Answer, Asker, Outcome},
    memory::{Remembered, Said, Uploaded},
};
use crate::{program::Client, sound::distinct};

/// What people know together.
pub struct Board {
    /// Calls that were uploaded: id and owner.
    pub calls: Mutex<Vec<(String, String)>>,
    /// The sound that every recording has.
    pub sound: Vec<u8>,
    /// When it began, and how often a new recording may come: workers should keep up.
    pub begun: Instant,
    /// Time between two recordings, of all people together.
    pub upload_every: Duration,
    uploads: AtomicUsize,
}

impl Board {
    /// An empty one.
    pub fn new(sound: Vec<u8>, upload_every: Duration) -> Self {
        Self {
            calls: Mutex::default(),
            sound,
            begun: Instant::now(),
            upload_every,
            uploads: AtomicUsize::new(0),
        }
    }

    /// Whether somebody may upload now; that counts.
    fn may_upload(&self) -> bool {
        let due = 2 + (self.begun.elapsed().as_secs_f64() / self.upload_every.as_secs_f64()) as usize;
        let begin = |begun| (begun < due).then_some(begun + 1);
        let taken = self
            .uploads
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, begin);
        taken.is_ok()
    }

    fn known(&self) -> Vec<(String, String)> {
        self.calls
            .lock()
            .map_or_else(|_| Vec::new(), |calls| calls.clone())
    }
}

/// One of them.
pub struct Visitor {
    name: String,
    asker: Asker,
    board: Arc<Board>,
    count: usize,
    /// What they were told.
    pub memory: Remembered,
}

impl Visitor {
    /// Somebody; nobody else has their name.
    pub fn new(name: &str, asker: Asker, board: Arc<Board>) -> Self {
        Self {
            name: name.to_owned(),
            asker,
            board,
            count: 0,
            memory: Remembered::default(),
        }
    }

    /// Lives until the doors close; gives what they remember.
    pub async fn live(mut self, pause: Duration) -> Result<Remembered> {
        while !self.asker.weather().closing() {
            self.do_something().await.with_context(|| self.name.clone())?;
            let wait = self.asker.random().below(pause.as_millis().max(1) as u64 * 2);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(self.memory)
    }

    async fn do_something(&mut self) -> Result<()> {
        let what = self.asker.random().below(100);
        let (name, done) = match what {
            0..20 => ("uploads", self.upload().await?),
            20..40 => ("comments", self.comment().await?),
            40..48 => ("answers", self.reply().await?),
            48..58 => ("changed comments", self.change_comment().await?),
            58..78 => ("scores", self.score().await?),
            78..84 => ("places under scores", self.place().await?),
            84..92 => ("corrections", self.correct().await?),
            _ => ("readings", self.read().await?),
        };
        if done {
            self.asker.weather().count(&format!("done: {name}"));
        }
        Ok(())
    }

    /// A word that nobody has used.
    fn mark(&mut self) -> String {
        self.count += 1;
        format!("{}n{}z", self.name, self.count)
    }

    /// Posts under a key of its own until it is done.
    async fn create(&mut self, what: &str, path: &str, body: &Value) -> Result<Answer> {
        self.count += 1;
        let key = format!("{}-{}", self.name, self.count);
        let make = |client: &Client| {
            let request = client.request(Method::POST, path);
            request.header("idempotency-key", &key).json(body)
        };
        let answer = self.asker.must(what, make).await?;
        ensure!(answer.status == 201, "{what}: {}", answer.status);
        Ok(answer)
    }

    async fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self
            .asker
            .must(path, |client| client.request(Method::GET, path))
            .await?;
        Ok(answer.body)
    }

    fn some_call(&mut self) -> Option<(String, String)> {
        let known = self.board.known();
        (!known.is_empty()).then(|| self.asker.random().one_of(&known).clone())
    }

    /// Uploads a recording, as a form or in pieces.
    pub async fn upload(&mut self) -> Result<bool> {
        if !self.board.may_upload() {
            return Ok(false);
        }
        let title = self.mark();
        let number = title.bytes().fold(7_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        let data = distinct(&self.board.sound, number);
        let meta = value!({"title": title, "visibility": "org"});
        let answer = if self.asker.random().chance(40) {
            self.send_form(&title, &data, &meta).await?
        } else {
            let upload = self.send_pieces(&title, &data).await?;
            let mut body = meta;
            body["upload_id"] = Value::from(upload);
            self.create(&format!("the call '{title}'"), "/calls", &body)
                .await?
        };
        let call = answer.text("id")?;
        self.memory.uploads.push(Uploaded {
            title,
            call: call.clone(),
            hash: hash(&data),
        });
        if let Ok(mut calls) = self.board.calls.lock() {
            calls.push((call, self.asker.id().to_owned()));
        }
        Ok(true)
    }

    async fn send_form(&mut self, title: &str, data: &[u8], meta: &Value) -> Result<Answer> {
        let make = |client: &Client| {
            let part = reqwest::multipart::Part::bytes(data.to_vec()).file_name("talk.opus");
            let form = reqwest::multipart::Form::new()
                .text("meta", meta.to_string())
                .part("file", part);
            let request = client.request(Method::POST, "/calls");
            request.header("idempotency-key", title).multipart(form)
        };
        self.asker.must(&format!("the form '{title}'"), make).await
    }

    /// By tus, with cuts; gives the upload's id.
    async fn send_pieces(&mut self, title: &str, data: &[u8]) -> Result<String> {
        let key = format!("{title}-tus");
        let creation = |client: &Client| {
            let request = client.request(Method::POST, "/uploads");
            request
                .header("tus-resumable", "1.0.0")
                .header("upload-length", data.len())
                // talk.opus
                .header("upload-metadata", "filename dGFsay5vcHVz")
                .header("idempotency-key", &key)
        };
        let begun = self
            .asker
            .must(&format!("the upload '{title}'"), creation)
            .await?;
        let place = begun.header("location")?.trim_start_matches("/api/v1").to_owned();
        let id = place.rsplit('/').next().context("no id")?.to_owned();
        loop {
            let look = |client: &Client| {
                client
                    .request(Method::HEAD, &place)
                    .header("tus-resumable", "1.0.0")
            };
            let stands = self
                .asker
                .must(&format!("the upload '{title}' at {place}"), look)
                .await?;
            let offset: usize = stands.header("upload-offset")?.parse()?;
            ensure!(offset <= data.len(), "{title} stands at {offset}");
            if offset == data.len() {
                return Ok(id);
            }
            self.send_piece(&place, &data[offset..], offset).await?;
        }
    }

    /// One piece, which may break off in the middle. What it came to is asked for afterwards.
    async fn send_piece(&mut self, place: &str, rest: &[u8], offset: usize) -> Result<()> {
        let size =
            (rest.len() / 3 + self.asker.random().below(rest.len() as u64) as usize).clamp(1, rest.len());
        let piece = rest[..size].to_vec();
        let cut = (!self.asker.weather().closing() && self.asker.random().chance(20))
            .then(|| self.asker.random().below(size as u64) as usize);
        let send = |client: &Client| {
            let request = client
                .request(Method::PATCH, place)
                .header("tus-resumable", "1.0.0")
                .header("upload-offset", offset)
                .header("content-type", "application/offset+octet-stream");
            match cut {
                None => request.body(piece.clone()),
                Some(at) => {
                    let sent = vec![
                        Ok(piece[..at].to_vec()),
                        Err(std::io::Error::other("the line is cut")),
                    ];
                    let body = reqwest::Body::wrap_stream(futures::stream::iter(sent));
                    request.header("content-length", size).body(body)
                }
            }
        };
        if cut.is_some() {
            self.asker.weather().count("pieces of uploads cut off");
        }
        match self.asker.ask(send).await {
            Outcome::Unknown => self.asker.rest("a piece of an upload").await,
            // Somebody else's write at the same place is an earlier try of our own.
            Outcome::Answered(answer) => {
                let fine = answer.status.is_success() || answer.status == 409 || cut.is_some();
                ensure!(
                    fine,
                    "a piece was refused with {}: {}",
                    answer.status,
                    answer.body
                );
                Ok(())
            }
        }
    }

    async fn comment(&mut self) -> Result<bool> {
        let Some((call, _)) = self.some_call() else {
            return Ok(false);
        };
        let (mark, start_ms) = (self.mark(), self.asker.random().below(2_000));
        let body = format!("{mark} as it was said first");
        // The place of a call that was not looked into yet is not known to be in it.
        let new = value!({"kind": "note", "body": body, "start_ms": start_ms, "end_ms": start_ms + 900});
        let made = self
            .create(
                &format!("the comment '{mark}'"),
                &format!("/calls/{call}/comments"),
                &new,
            )
            .await?;
        self.memory.said.push(Said {
            mark,
            id: made.text("id")?,
            body,
        });
        Ok(true)
    }

    async fn reply(&mut self) -> Result<bool> {
        let Some((call, _)) = self.some_call() else {
            return Ok(false);
        };
        let list = self.get(&format!("/calls/{call}/comments?limit=20")).await?;
        let Some(parent) = list["items"].as_array().and_then(|items| items.last()) else {
            return Ok(false);
        };
        let parent = crate::person::text(parent, "id")?;
        let mark = self.mark();
        let body = format!("{mark} I agree");
        let path = format!("/comments/{parent}/replies");
        let made = self
            .create(&format!("the answer '{mark}'"), &path, &value!({"body": body}))
            .await?;
        self.memory.said.push(Said {
            mark,
            id: made.text("id")?,
            body,
        });
        Ok(true)
    }

    async fn change_comment(&mut self) -> Result<bool> {
        if self.memory.said.is_empty() {
            return Ok(false);
        }
        let at = self.asker.random().below(self.memory.said.len() as u64) as usize;
        let said = self.memory.said[at].clone();
        self.count += 1;
        let body = format!("{} as changed by {}", said.mark, self.count);
        let path = format!("/comments/{}", said.id);
        let change = value!({"body": body});
        let make = |client: &Client| client.request(Method::PATCH, &path).json(&change);
        self.asker
            .must(&format!("the change of '{}'", said.mark), make)
            .await?;
        self.memory.said[at].body = body;
        Ok(true)
    }

    /// The review of a call, begun if there is none: its id and criteria.
    async fn review(&mut self) -> Result<Option<(String, Vec<String>)>> {
        let Some((call, _)) = self.some_call() else {
            return Ok(None);
        };
        let mine = self.memory.reviews.iter().find(|(_, on)| **on == call);
        let review = if let Some((review, _)) = mine {
            review.clone()
        } else {
            let what = format!("a review of {call}");
            let made = self
                .create(&what, &format!("/calls/{call}/reviews"), &value!({}))
                .await?;
            let review = made.text("id")?;
            self.memory.reviews.insert(review.clone(), call);
            review
        };
        let shown = self.get(&format!("/reviews/{review}")).await?;
        let criteria = shown["rubric"]["criteria"].as_array().context("no criteria")?;
        let ids = criteria
            .iter()
            .map(|criterion| crate::person::text(criterion, "id"));
        Ok(Some((review, ids.collect::<Result<_>>()?)))
    }

    async fn score(&mut self) -> Result<bool> {
        let Some((review, criteria)) = self.review().await? else {
            return Ok(false);
        };
        let criterion = self.asker.random().one_of(&criteria).clone();
        let score = 2 + self.asker.random().below(4) as i64;
        let path = format!("/reviews/{review}/scores/{criterion}");
        let body = value!({"value": score, "note": "heard it"});
        let make = |client: &Client| client.request(Method::PUT, &path).json(&body);
        self.asker.must(&path, make).await?;
        self.memory.scores.insert((review, criterion), score);
        Ok(true)
    }

    async fn place(&mut self) -> Result<bool> {
        let scored: Vec<_> = self.memory.scores.keys().cloned().collect();
        if scored.is_empty() {
            return Ok(false);
        }
        let (review, criterion) = self.asker.random().one_of(&scored).clone();
        if self
            .memory
            .evidence
            .iter()
            .filter(|(on, _)| *on == review)
            .count()
            > 20
        {
            return Ok(false);
        }
        let start_ms = self.asker.random().below(2_000);
        let path = format!("/reviews/{review}/scores/{criterion}/evidence");
        let body = value!({"start_ms": start_ms, "end_ms": start_ms + 900});
        let made = self.create(&path, &path, &body).await?;
        self.memory.evidence.push((review, made.text("id")?));
        Ok(true)
    }

    /// Puts a word of one's own before a segment of a call of one's own.
    async fn correct(&mut self) -> Result<bool> {
        if self.memory.uploads.is_empty() {
            return Ok(false);
        }
        let call = self.asker.random().one_of(&self.memory.uploads).call.clone();
        if self.get(&format!("/calls/{call}")).await?["state"] != "ready" {
            return Ok(false);
        }
        let transcript = self.get(&format!("/calls/{call}/transcript")).await?;
        let segments = transcript["segments"].as_array().context("no segments")?;
        if segments.is_empty() {
            return Ok(false);
        }
        let segment = self.asker.random().one_of(segments).clone();
        let (id, said) = (
            crate::person::text(&segment, "id")?,
            crate::person::text(&segment, "text")?,
        );
        let mark = self.mark();
        let rest = said.split_once(' ').map_or("", |(_, rest)| rest);
        let corrected = format!("{mark} {rest}").trim().to_owned();
        let path = format!("/calls/{call}/segments/{id}");
        let body = value!({"text": corrected});
        let make = |client: &Client| client.request(Method::PATCH, &path).json(&body);
        self.asker.must(&format!("the correction '{mark}'"), make).await?;
        self.memory.corrections.insert((call, id), (mark, corrected));
        Ok(true)
    }

    /// Reads what everybody reads, and what they wrote themselves: it is there at once.
    async fn read(&mut self) -> Result<bool> {
        self.get("/calls?limit=20").await?;
        self.get("/moments?limit=20").await?;
        if let Some(said) = self.memory.said.last().cloned() {
            let shown = self.get(&format!("/comments/{}", said.id)).await?;
            ensure!(shown["body"] == said.body, "'{}' reads {shown}", said.body);
        }
        Ok(true)
    }
}

/// Ids of all places under a review.
pub fn evidence_of(review: &Value) -> Vec<String> {
    let scores = review["scores"].as_array().into_iter().flatten();
    let places = scores.flat_map(|score| score["evidence"].as_array().into_iter().flatten());
    places
        .filter_map(|place| place["id"].as_str().map(ToOwned::to_owned))
        .collect()
}

/// SHA-256 of a file, in hexadecimal digits.
pub fn hash(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}
