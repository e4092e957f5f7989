//! Fills an empty database with people, calls, comments and reviews as a large team has them after years:
//! what benchmarks measure with. The same numbers give the same contents.

mod rows;
mod text;

use std::fmt::Write as _;

use anyhow::{Context, Result};
use gametape_core::user::Role;
use gametape_core::{
    Clock, TimeMs,
    id::{
        AnchorId, CallId, CommentId, CriterionId, EvidenceId, JobId, ReviewId, SegmentId, TeamId,
        TranscriptId, UserId,
    },
    rubric::{Definition, Scale},
};
use gametape_store::{Actor, NewUser, Store};
use rows::{Cell, Rows};
use serde_json::json;

/// How much to make.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Calls.
    pub calls: usize,
    /// Comments and answers, over all calls.
    pub comments: usize,
    /// Scores, over all calls.
    pub scores: usize,
    /// Comments of the first call, which is the one that everybody talks about.
    pub comments_of_first: usize,
}

/// What is in the database afterwards.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// People who may see everything that teams share, the first of them an administrator.
    pub people: Vec<UserId>,
    /// Calls that everybody sees, the newest first; the first of them is the one with the most comments.
    pub open_calls: Vec<CallId>,
    /// The teams.
    pub teams: Vec<TeamId>,
    /// A criterion that is scored in every review.
    pub criterion: CriterionId,
}

const PEOPLE: usize = 60;
const TEAMS: usize = 6;
const SEGMENTS_OF_CALL: usize = 24;
const CALL_MS: i64 = 30 * 60_000;
const SCORES_OF_REVIEW: usize = 5;
const DAY_MS: i64 = 24 * 3_600_000;
const STAGES: [&str; 4] = ["Discovery", "Demo", "Proposal", "Closing"];
const OUTCOMES: [&str; 3] = ["open", "won", "lost"];
const TAGS: [&str; 8] = [
    "pricing",
    "renewal",
    "inbound",
    "outbound",
    "competitor",
    "security",
    "pilot",
    "churn",
];
const KINDS: [&str; 4] = ["praise", "improve", "question", "note"];

/// A small generator of numbers that look random (Marsaglia's xorshift64).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// What is made of a call at a time, so that memory stays small.
struct Maker {
    dice: Dice,
    now: TimeMs,
    people: Vec<UserId>,
    teams: Vec<TeamId>,
    open_calls: Vec<CallId>,
    rubric: (String, i64),
    definition: Definition,
}

/// Fills the database at `url`, which has its tables and nothing else, with two years that end `now`; `progress`
/// is told how many calls are done.
pub async fn seed(url: &str, size: Size, now: TimeMs, mut progress: impl FnMut(usize)) -> Result<Seeded> {
    let store = Store::connect(url, Clock::System).await?;
    store.migrate().await?;
    let people = people(&store).await?;
    let mut rows = Rows::open(url).await?;
    let teams = teams(&mut rows, &people, now).await?;
    let (rubric, definition) = rows.rubric().await?;
    let mut maker = Maker {
        dice: Dice(0x9E37_79B9_7F4A_7C15),
        now,
        people,
        teams,
        open_calls: Vec::new(),
        rubric,
        definition,
    };
    let mut calls = Vec::new();
    let rest = size.comments.saturating_sub(size.comments_of_first);
    for number in 0..size.calls {
        let comments = match number {
            0 => size.comments_of_first,
            _ => share(rest, size.calls - 1, number - 1),
        };
        let reviews = share(size.scores / SCORES_OF_REVIEW, size.calls, number);
        let id = maker.call(&mut rows, number, size.calls, comments, reviews);
        calls.push(id);
        if number % 100 == 99 {
            rows.commit().await?;
            for id in &calls[number - 99..] {
                store.moment_rebuild(id, None).await?;
            }
            progress(number + 1);
        }
    }
    rows.commit().await?;
    for id in &calls[size.calls / 100 * 100..] {
        store.moment_rebuild(id, None).await?;
    }
    rows.analyze().await?;
    store.close().await;
    let criterion = maker
        .definition
        .criteria
        .first()
        .context("the rubric has no criteria")?;
    Ok(Seeded {
        criterion: criterion.id.clone(),
        people: maker.people,
        teams: maker.teams,
        open_calls: maker.open_calls,
    })
}

/// The part of `total` that falls to `index` of `count`.
fn share(total: usize, count: usize, index: usize) -> usize {
    let count = count.max(1);
    total * (index + 1) / count - total * index / count
}

async fn people(store: &Store) -> Result<Vec<UserId>> {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let new = NewUser {
            email: format!("person{number}@example.com"),
            name: format!("Person {number}"),
            role: match number {
                0 => Role::Admin,
                n if n % 10 == 1 => Role::Coach,
                _ => Role::Rep,
            },
            password_hash: "!".to_owned(),
        };
        people.push(store.user_create(&Actor::default(), new).await?.id);
    }
    Ok(people)
}

async fn teams(rows: &mut Rows, people: &[UserId], now: TimeMs) -> Result<Vec<TeamId>> {
    let teams: Vec<TeamId> = (0..TEAMS).map(|_| TeamId::new(now)).collect();
    for (number, id) in teams.iter().enumerate() {
        let name = format!("Team {number}");
        rows.add(
            "teams",
            &["id", "name", "name_folded", "created_at"],
            vec![
                id.as_str().into(),
                name.as_str().into(),
                name.to_lowercase().into(),
                now.into(),
            ],
        );
    }
    for (number, person) in people.iter().enumerate() {
        rows.add(
            "team_members",
            &["team_id", "user_id", "created_at"],
            vec![
                teams[number % TEAMS].as_str().into(),
                person.as_str().into(),
                now.into(),
            ],
        );
    }
    rows.commit().await?;
    Ok(teams)
}

impl Maker {
    /// A call with its transcript, comments and reviews.
    fn call(
        &mut self,
        rows: &mut Rows,
        number: usize,
        count: usize,
        comments: usize,
        reviews: usize,
    ) -> CallId {
        // Two years of calls, the first made today.
        let at = self.now - (number as i64 * 730 * DAY_MS) / count.max(1) as i64;
        let id = CallId::new(at);
        let transcript = TranscriptId::new(at);
        let owner = self.dice.roll(PEOPLE);
        let team = self.teams[owner % TEAMS].clone();
        let tag = *self.dice.pick(&TAGS);
        let title = format!("{} with {}", text::topic(number), text::company(number));
        let visible = if number == 0 {
            "org"
        } else {
            *self.dice.pick(&["team", "team", "org"])
        };
        if visible == "org" {
            self.open_calls.push(id.clone());
        }
        let id_text = id.as_str();
        rows.add(
            "calls",
            &[
                "id",
                "owner_id",
                "title",
                "title_folded",
                "state",
                "occurred_at",
                "duration_ms",
                "channels",
                "language",
                "transcript_id",
                "event_seq",
                "created_at",
                "updated_at",
                "team_id",
                "visibility",
                "tags",
                "deal_name",
                "deal_name_folded",
                "deal_stage",
                "deal_amount_minor",
                "deal_currency",
                "deal_outcome",
                "rep_talk_permille",
                "comment_count",
            ],
            vec![
                id_text.into(),
                self.people[owner].as_str().into(),
                title.as_str().into(),
                title.to_lowercase().into(),
                "ready".into(),
                at.into(),
                CALL_MS.into(),
                2.into(),
                "en".into(),
                transcript.as_str().into(),
                0.into(),
                at.into(),
                at.into(),
                team.as_str().into(),
                visible.into(),
                json!([tag]).to_string().into(),
                text::company(number).into(),
                text::company(number).to_lowercase().into(),
                (*self.dice.pick(&STAGES)).into(),
                (self.dice.roll(5_000_000) as i64).into(),
                "EUR".into(),
                (*self.dice.pick(&OUTCOMES)).into(),
                (300 + self.dice.roll(500) as i64).into(),
                (comments as i64).into(),
            ],
        );
        rows.add(
            "call_tags",
            &["tag_folded", "call_id"],
            vec![tag.into(), id_text.into()],
        );
        rows.add_findable("title", id_text, id_text, None, &title);
        self.transcript(rows, &id, &transcript, at);
        self.comments(rows, &id, &transcript, at, comments);
        // Nobody reviews a call twice.
        let first = self.dice.roll(PEOPLE);
        for number in 0..reviews {
            self.review(rows, &id, &transcript, (first + number) % PEOPLE, at);
        }
        id
    }

    fn transcript(&mut self, rows: &mut Rows, call: &CallId, id: &TranscriptId, at: TimeMs) {
        rows.add(
            "transcripts",
            &[
                "id",
                "call_id",
                "job_id",
                "version",
                "model",
                "language",
                "windows_total",
                "completed_at",
                "created_at",
            ],
            vec![
                id.as_str().into(),
                call.as_str().into(),
                JobId::new(at).as_str().into(),
                1.into(),
                "tiny.en".into(),
                "en".into(),
                0.into(),
                at.into(),
                at.into(),
            ],
        );
        for number in 0..SEGMENTS_OF_CALL {
            let start_ms = number as i64 * CALL_MS / SEGMENTS_OF_CALL as i64;
            let said = text::sentence(&mut self.dice);
            let mut words = String::from("[");
            for (i, word) in said.split(' ').enumerate() {
                let from = start_ms + i as i64 * 400;
                let comma = if i == 0 { "" } else { "," };
                let _ = write!(
                    words,
                    r#"{comma}{{"start_ms":{from},"end_ms":{},"text":"{word}","confidence":0.9}}"#,
                    from + 350
                );
            }
            words.push(']');
            let segment = SegmentId::new(at);
            let end_ms = start_ms + 400 * said.split(' ').count() as i64;
            let role = if number % 2 == 0 { "rep" } else { "customer" };
            rows.add_findable(
                "segment",
                segment.as_str(),
                call.as_str(),
                Some((start_ms, end_ms, role)),
                &said,
            );
            rows.add(
                "segments",
                &[
                    "id",
                    "transcript_id",
                    "window_no",
                    "start_ms",
                    "end_ms",
                    "channel",
                    "text",
                    "words",
                ],
                vec![
                    segment.as_str().into(),
                    id.as_str().into(),
                    0.into(),
                    start_ms.into(),
                    end_ms.into(),
                    ((number % 2) as i64).into(),
                    said.into(),
                    words.into(),
                ],
            );
        }
    }

    /// An anchor of a few seconds somewhere in a call.
    fn anchor(&mut self, rows: &mut Rows, call: &CallId, transcript: &TranscriptId, at: TimeMs) -> AnchorId {
        let id = AnchorId::new(at);
        let start_ms = self.dice.roll(CALL_MS as usize - 20_000) as i64;
        let end_ms = start_ms + 2_000 + self.dice.roll(10_000) as i64;
        rows.add(
            "anchors",
            &[
                "id",
                "call_id",
                "transcript_id",
                "start_ms",
                "end_ms",
                "quote",
                "prefix",
                "suffix",
                "status",
                "created_at",
            ],
            vec![
                id.as_str().into(),
                call.as_str().into(),
                transcript.as_str().into(),
                start_ms.into(),
                end_ms.into(),
                text::sentence(&mut self.dice).into(),
                "so what".into(),
                "and then".into(),
                "exact".into(),
                at.into(),
            ],
        );
        id
    }

    fn comments(
        &mut self,
        rows: &mut Rows,
        call: &CallId,
        transcript: &TranscriptId,
        at: TimeMs,
        count: usize,
    ) {
        let mut parents: Vec<CommentId> = Vec::new();
        for number in 0..count {
            let at = at + number as i64 * 1_000;
            let id = CommentId::new(at);
            // Three of ten are answers.
            let parent = (number % 10 >= 7).then(|| self.dice.pick(&parents).clone());
            let anchor = match parent {
                None => Some(self.anchor(rows, call, transcript, at)),
                Some(_) => None,
            };
            let (author, kind) = (self.dice.roll(PEOPLE), *self.dice.pick(&KINDS));
            let body = text::sentence(&mut self.dice);
            rows.add_findable("comment", id.as_str(), call.as_str(), None, &body);
            rows.add(
                "comments",
                &[
                    "id",
                    "call_id",
                    "parent_id",
                    "author_id",
                    "anchor_id",
                    "kind",
                    "audience",
                    "body",
                    "mentions",
                    "version",
                    "created_at",
                ],
                vec![
                    id.as_str().into(),
                    call.as_str().into(),
                    Cell::text_or_null(parent.as_ref().map(CommentId::as_str)),
                    self.people[author].as_str().into(),
                    Cell::text_or_null(anchor.as_ref().map(AnchorId::as_str)),
                    kind.into(),
                    "call".into(),
                    body.into(),
                    "[]".into(),
                    1.into(),
                    at.into(),
                ],
            );
            if parent.is_none() {
                parents.push(id);
            }
        }
    }

    fn review(
        &mut self,
        rows: &mut Rows,
        call: &CallId,
        transcript: &TranscriptId,
        reviewer: usize,
        at: TimeMs,
    ) {
        let id = ReviewId::new(at);
        let released = self.dice.roll(10) < 8;
        let (state, end) = if released {
            ("released", Cell::from(at))
        } else {
            ("withdrawn", Cell::NullInt)
        };
        rows.add(
            "reviews",
            &[
                "id",
                "call_id",
                "reviewer_id",
                "rubric_id",
                "rubric_version",
                "state",
                "summary",
                "result_permille",
                "submitted_at",
                "released_at",
                "version",
                "created_at",
            ],
            vec![
                id.as_str().into(),
                call.as_str().into(),
                self.people[reviewer].as_str().into(),
                self.rubric.0.as_str().into(),
                self.rubric.1.into(),
                state.into(),
                text::sentence(&mut self.dice).into(),
                (self.dice.roll(1_000) as i64).into(),
                at.into(),
                end,
                5.into(),
                at.into(),
            ],
        );
        let lines: Vec<(CriterionId, Scale)> = self
            .definition
            .criteria
            .iter()
            .map(|line| (line.id.clone(), line.scale))
            .collect();
        for (criterion, scale) in lines.into_iter().take(SCORES_OF_REVIEW) {
            let levels = (scale.highest() - scale.lowest() + 1) as usize;
            let value = scale.lowest() + self.dice.roll(levels) as i64;
            rows.add(
                "scores",
                &["review_id", "criterion_id", "value", "note", "updated_at"],
                vec![
                    id.as_str().into(),
                    criterion.as_str().into(),
                    value.into(),
                    "heard it".into(),
                    at.into(),
                ],
            );
            let anchor = self.anchor(rows, call, transcript, at);
            rows.add(
                "evidence",
                &["id", "review_id", "criterion_id", "anchor_id", "created_at"],
                vec![
                    EvidenceId::new(at).as_str().into(),
                    id.as_str().into(),
                    criterion.as_str().into(),
                    anchor.as_str().into(),
                    at.into(),
                ],
            );
        }
    }
}
