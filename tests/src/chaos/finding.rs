//! What is there in the end, asked from outside: by HTTP as an administrator, and in SQL what HTTP does not tell.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;
use sqlx::Row as _;

use super::{
    memory::{Found, FoundCall},
    people::{evidence_of, hash},
    town::Town,
};
use crate::{
    person::text,
    program::{Client, json},
};

/// Every page of a list.
async fn all(client: &Client, path: &str) -> Result<Vec<Value>> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{separator}limit=100{after}")).await?;
        items.extend(page["items"].as_array().context("no items")?.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(items),
        }
    }
}

/// Waits until nothing is left to be done; how long that took. What keeps it from rest is the error, once nothing was
/// done for as long as `limit`: how much has come together while workers were killed is nobody's fault.
pub async fn rest(admin: &Client, town: &Town, limit: Duration) -> Result<Duration> {
    let begun = Instant::now();
    let (mut least, mut since) = (usize::MAX, Instant::now());
    loop {
        let left = match busy(admin, town).await {
            Ok(left) if left.is_empty() => return Ok(begun.elapsed()),
            Ok(left) => {
                if left.len() < least {
                    (least, since) = (left.len(), Instant::now());
                }
                left.join("; ")
            }
            Err(error) => format!("{error:#}"),
        };
        if since.elapsed() > limit {
            bail!("nothing was done for {limit:?} after everything, and it is not at rest: {left}");
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// What is still to be done.
async fn busy(admin: &Client, town: &Town) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for call in all(admin, "/calls").await? {
        let state = call["state"].as_str().unwrap_or_default();
        if !matches!(state, "ready" | "failed" | "cancelled") {
            left.push(format!("{} is {state}", call["title"]));
        }
    }
    let open = open_jobs(town).await?;
    left.extend(
        open.iter()
            .map(|(kind, state)| format!("a job {kind} is {state}")),
    );
    Ok(left)
}

async fn open_jobs(town: &Town) -> Result<Vec<(String, String)>> {
    let mut sql = town.sql().await?;
    let open = "SELECT kind, state, attempt, failures, COALESCE(last_error, '') FROM jobs \
                WHERE state IN ('queued', 'running')";
    let read = |row: &sqlx::any::AnyRow| -> Result<(String, String)> {
        let (state, attempt, failures): (String, i64, i64) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let error: String = row.try_get(4)?;
        let state = format!("{state} (attempt {attempt}, {failures} failures, last {error:?})");
        Ok((row.try_get(0)?, state))
    };
    sqlx::query(open)
        .fetch_all(&mut sql)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Ids of recordings and of uploads.
async fn owners(town: &Town) -> Result<BTreeSet<String>> {
    let mut sql = town.sql().await?;
    let mut owners = BTreeSet::new();
    for query in ["SELECT id FROM recordings", "SELECT id FROM uploads"] {
        for row in sqlx::query(query).fetch_all(&mut sql).await? {
            owners.insert(row.try_get(0)?);
        }
    }
    Ok(owners)
}

/// Looks at everything; `expected` is what was heard in the same sound before.
pub async fn find(
    admin: &Client,
    people: &[Client],
    town: &Town,
    expected: Vec<(i64, i64, String)>,
) -> Result<Found> {
    let mut found = Found {
        expected,
        ..Found::default()
    };
    for call in all(admin, "/calls").await? {
        let call = find_call(admin, &text(&call, "id")?).await?;
        find_comments(admin, &call.id, &mut found).await?;
        found.calls.push(call);
    }
    for person in people {
        find_reviews(person, &mut found).await?;
    }
    found.open_jobs = open_jobs(town).await?;
    found.owners = owners(town).await?;
    found.objects = town.stored().await?;
    match town.doctor() {
        Ok(lines) => {
            let bad = lines.lines().filter(|line| !line.starts_with("ok"));
            found.doctor = bad.map(ToOwned::to_owned).collect();
        }
        Err(error) => found.doctor.push(format!("{error:#}")),
    }
    Ok(found)
}

async fn find_call(admin: &Client, id: &str) -> Result<FoundCall> {
    let call = admin.get(&format!("/calls/{id}")).await?;
    let audio = admin
        .request(Method::GET, &format!("/calls/{id}/audio"))
        .send()
        .await?;
    let audio = audio.bytes().await?;
    let state = text(&call, "state")?;
    let state = if call["problem"].is_null() {
        state
    } else {
        format!("{state}: {}", call["problem"])
    };
    let mut found = FoundCall {
        id: id.to_owned(),
        title: text(&call, "title")?,
        state,
        hash: hash(&audio),
        comment_count: call["comment_count"].as_u64().context("no count")? as usize,
        ..FoundCall::default()
    };
    let answer = admin
        .request(Method::GET, &format!("/calls/{id}/transcript"))
        .send()
        .await?;
    if answer.status().is_success() {
        let transcript = json(answer).await?;
        for segment in transcript["segments"].as_array().into_iter().flatten() {
            let place = segment["channel"].as_i64().zip(segment["start_ms"].as_i64());
            let (channel, start_ms) = place.context("a segment without a place")?;
            found
                .segments
                .insert(text(segment, "id")?, (channel, start_ms, text(segment, "text")?));
        }
    }
    for edit in all(admin, &format!("/calls/{id}/edits")).await? {
        if edit["reverted"] == false {
            found.corrections.push(text(&edit, "after")?);
        }
    }
    let jobs = admin.get(&format!("/calls/{id}/jobs")).await?;
    for job in jobs["items"].as_array().into_iter().flatten() {
        found.jobs.push((text(job, "kind")?, text(job, "state")?));
    }
    Ok(found)
}

async fn find_comments(admin: &Client, call: &str, found: &mut Found) -> Result<()> {
    for comment in all(admin, &format!("/calls/{call}/comments")).await? {
        let replies = comment["replies"].as_array().cloned().unwrap_or_default();
        for said in std::iter::once(&comment).chain(&replies) {
            let line = (call.to_owned(), text(said, "id")?, text(said, "body")?);
            found.comments.push(line);
        }
    }
    Ok(())
}

/// Somebody's own reviews: nobody else sees drafts.
async fn find_reviews(person: &Client, found: &mut Found) -> Result<()> {
    for listed in all(person, "/reviews?relation=by_me").await? {
        let id = text(&listed, "id")?;
        found.reviews.push((id.clone(), text(&listed, "call_id")?));
        let review = person.get(&format!("/reviews/{id}")).await?;
        for score in review["scores"].as_array().into_iter().flatten() {
            if let Some(value) = score["value"].as_i64() {
                found
                    .scores
                    .insert((id.clone(), text(score, "criterion_id")?), value);
            }
        }
        let places = evidence_of(&review).into_iter();
        found.evidence.extend(places.map(|place| (id.clone(), place)));
    }
    Ok(())
}
