//! A week of four people, over HTTP against the built program: Rosa sells, Peter sells and reviews, Carla
//! coaches, Ada runs the installation. On SQLite with one process, and on PostgreSQL with two that take turns.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use gametape_tests::{
    backends::Many,
    person::{Person, text},
    program::{Client, PASSWORD, Server, Workspace, json},
    truth::Sample,
};
use reqwest::Method;
use serde_json::{Value, json as value};

const LIMIT: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_week_on_one_machine() -> Result<()> {
    let workspace = Workspace::new(&[])?;
    let ada = workspace.person("ada@example.com", "admin")?;
    let server = workspace.serve(&[])?;
    live_through(&workspace, &[server], &ada).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_with_two_processes() -> Result<()> {
    let many = Many::new("week").await?;
    let workspace = Workspace::new(&many.environment())?;
    workspace.run(&["migrate"], "")?;
    let ada = workspace.person("ada@example.com", "admin")?;
    let servers = [
        workspace.serve(&["--no-worker"])?,
        workspace.serve(&["--no-worker"])?,
    ];
    let _worker = workspace.worker()?;
    live_through(&workspace, &servers, &ada).await
}

/// The team, the call, and what the days leave behind for the next.
struct Week {
    ada: Person,
    rosa: Person,
    peter: Person,
    carla: Person,
    call: String,
}

async fn live_through(workspace: &Workspace, servers: &[Server], ada: &str) -> Result<()> {
    let week = monday(workspace, servers, ada).await?;
    let praise = tuesday(&week).await?;
    let (peters, carlas) = wednesday(&week).await?;
    thursday(&week, &peters, &carlas).await?;
    friday(&week, &praise).await?;
    weekend(&week, &praise).await
}

/// People come in; Rosa uploads a call.
async fn monday(workspace: &Workspace, servers: &[Server], ada: &str) -> Result<Week> {
    let ada = Person::new(servers, ada).await?;
    let team = ada.post("/teams", value!({"name": "North"})).await?;
    let team = text(&team, "id")?;
    let rosa = Person::new(servers, &workspace.person("rosa@example.com", "rep")?).await?;
    let carla = Person::new(servers, &workspace.person("carla@example.com", "coach")?).await?;
    for person in [&rosa, &carla] {
        ada.put(&format!("/teams/{team}/members/{}", person.id), value!({}))
            .await?;
    }
    let peter = invited(&ada, servers, &team).await?;

    let sample = Sample::load("bakery-discovery")?;
    let meta = value!({
        "title": "Bakery, first talk", "team_id": team, "visibility": "team", "tags": ["Discovery", "north"],
        "participants": [{"name": "Rosa", "user_id": rosa.id}, {"name": "Tom Baker", "company": "Bakery"}],
        "deal": {"name": "Ovens", "stage": "Discovery", "amount_minor": 1_250_000, "currency": "EUR", "outcome": "open"},
    });
    let part = reqwest::multipart::Part::bytes(std::fs::read(&sample.audio)?).file_name("bakery.opus");
    let form = reqwest::multipart::Form::new()
        .text("meta", meta.to_string())
        .part("file", part);
    let call = json(
        rosa.client()
            .request(Method::POST, "/calls")
            .multipart(form)
            .send()
            .await?,
    )
    .await?;
    let call = text(&call, "id")?;
    let ready = rosa.client().wait(&call, LIMIT).await?;
    ensure!(ready["state"] == "ready", "{ready}");
    for person in [&peter, &carla] {
        let found = person
            .items("/calls?tag=discovery&deal_stage=Discovery&participant=tom")
            .await?;
        ensure!(found.len() == 1 && found[0]["id"] == call.as_str(), "{found:?}");
    }
    Ok(Week {
        ada,
        rosa,
        peter,
        carla,
        call,
    })
}

/// Peter comes by an invitation, which works once.
async fn invited(ada: &Person, servers: &[Server], team: &str) -> Result<Person> {
    let offer = value!({"email": "peter@example.com", "role": "rep", "team_ids": [team]});
    let invitation = ada.post("/invitations", offer).await?;
    let accept = value!({
        "token": text(&invitation, "token")?, "name": "Peter", "email": "peter@example.com", "password": PASSWORD,
    });
    let url = |path: &str| format!("{}/api/v1{path}", servers[0].address);
    let http = reqwest::Client::new();
    let accepted = http.post(url("/invitations/accept")).json(&accept).send().await?;
    let cookie = accepted
        .headers()
        .get("set-cookie")
        .context("no session")?
        .clone();
    json(accepted).await?;
    let again = http.post(url("/invitations/accept")).json(&accept).send().await?;
    ensure!(
        again.status().is_client_error(),
        "an invitation works once: {}",
        again.status()
    );
    let token = http
        .post(url("/tokens"))
        .header("cookie", cookie.to_str()?.split(';').next().unwrap_or_default())
        .json(&value!({"name": "script", "scope": "write"}))
        .send()
        .await?;
    Person::new(servers, &text(&json(token).await?, "token")?).await
}

/// Comments and answers; everybody hears what is for them, at once.
async fn tuesday(week: &Week) -> Result<String> {
    let Week {
        rosa,
        peter,
        carla,
        call,
        ..
    } = week;
    let path = format!("/calls/{call}/comments");
    let seq = last_event(rosa, call).await?;
    let heard = tokio::spawn(hear_comment(rosa.clients[0].clone(), call.clone(), seq));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let praise = value!({
        "kind": "praise", "body": "Good open question.", "situation": "First minute", "behaviour": "Asked, then waited",
        "impact": "Tom told the whole story", "start_ms": 4_000, "end_ms": 12_000, "mentions": [rosa.id],
    });
    let begun = Instant::now();
    let post = peter
        .clients
        .last()
        .context("no client")?
        .request(Method::POST, &path);
    let post = post.header("idempotency-key", "praise-1").json(&praise);
    let again = post.try_clone().context("a body that can be sent twice")?;
    let comment = json(post.send().await?).await?;
    let id = text(&comment, "id")?;
    ensure!(heard.await?? == id, "Rosa hears of it");
    ensure!(
        begun.elapsed() < Duration::from_secs(3),
        "it took {:?}",
        begun.elapsed()
    );
    ensure!(
        json(again.send().await?).await?["id"] == id.as_str(),
        "sent twice, written once"
    );
    ensure!(
        !comment["anchor"]["quote"].as_str().unwrap_or_default().is_empty(),
        "{comment}"
    );

    rosa.post(&format!("/comments/{id}/replies"), value!({"body": "Thank you!"}))
        .await?;
    rosa.put(&format!("/comments/{id}/reactions/%F0%9F%91%8D"), value!({}))
        .await?;
    let note = value!({"kind": "note", "body": "for me", "audience": "author", "start_ms": 30_000, "end_ms": 31_000});
    rosa.post(&path, note).await?;
    let aside = value!({"kind": "question", "body": "Peter, shall we?", "audience": "mentioned", "mentions": [peter.id]});
    let aside = text(&carla.post(&path, aside).await?, "id")?;
    ensure!(peter.items(&path).await?.len() == 2, "praise and the aside");
    ensure!(rosa.items(&path).await?.len() == 2, "praise and her note");
    ensure!(week.ada.items(&path).await?.len() == 1, "praise alone");
    ensure!(
        rosa.status(Method::GET, &format!("/comments/{aside}"), None)
            .await?
            == 404
    );

    // Two edit at once: the second is told.
    let read = peter.send(Method::GET, &format!("/comments/{id}"), None).await?;
    let etag = read.headers()["etag"].clone();
    let edit = |body: &str| {
        let request = peter.client().request(Method::PATCH, &format!("/comments/{id}"));
        request
            .header("if-match", etag.clone())
            .json(&value!({"body": body}))
            .send()
    };
    ensure!(edit("Very good open question.").await?.status() == 200);
    ensure!(edit("No.").await?.status() == 412);
    Ok(id)
}

async fn last_event(person: &Person, call: &str) -> Result<i64> {
    let mut stream = person
        .client()
        .request(Method::GET, &format!("/calls/{call}/events?after=0"))
        .send()
        .await?
        .bytes_stream();
    let mut seen = 0;
    while let Ok(Some(piece)) = tokio::time::timeout(Duration::from_secs(1), stream.next()).await {
        for line in std::str::from_utf8(&piece?)?.lines() {
            if let Some(id) = line.strip_prefix("id:") {
                seen = id.trim().parse()?;
            }
        }
    }
    Ok(seen)
}

/// The id of the next comment that is told of behind event `after`.
async fn hear_comment(client: Client, call: String, after: i64) -> Result<String> {
    let path = format!("/calls/{call}/events?after={after}");
    let mut stream = client.request(Method::GET, &path).send().await?.bytes_stream();
    let mut text = String::new();
    while let Some(piece) = tokio::time::timeout(Duration::from_secs(20), stream.next()).await? {
        text.push_str(std::str::from_utf8(&piece?)?);
        let mut lines = text.lines();
        if lines.any(|line| line == "event: comment")
            && let Some(data) = lines.next().and_then(|line| line.strip_prefix("data: "))
        {
            return gametape_tests::person::text(&serde_json::from_str(data)?, "id");
        }
    }
    anyhow::bail!("the stream ended: {text}")
}

/// Peter and Carla review blind.
async fn wednesday(week: &Week) -> Result<(String, String)> {
    let Week {
        rosa,
        peter,
        carla,
        call,
        ..
    } = week;
    let path = format!("/calls/{call}/reviews");
    let peters = text(&peter.post(&path, value!({})).await?, "id")?;
    let carlas = text(&carla.post(&path, value!({})).await?, "id")?;
    ensure!(rosa.items(&path).await?.is_empty(), "drafts are their authors'");
    fill(carla, &carlas, &[5, 4, 4, 4, 4], 4_000).await?;
    carla
        .post(&format!("/reviews/{carlas}/submit"), value!({}))
        .await?;

    ensure!(
        peter
            .status(Method::GET, &format!("/reviews/{carlas}"), None)
            .await?
            == 404,
        "Peter is blind"
    );
    ensure!(peter.items(&path).await?.len() == 1, "Peter sees his own alone");
    ensure!(
        rosa.items(&path).await?.len() == 1,
        "Rosa sees what was handed to her"
    );
    let early = peter
        .send(Method::POST, &format!("/reviews/{peters}/submit"), None)
        .await?;
    ensure!(early.status() == 422);
    let problem: Value = early.json().await?;
    ensure!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("Discovery")),
        "{problem}"
    );
    fill(peter, &peters, &[2, 4, 3, 4, 4], 6_000).await?;
    peter
        .post(&format!("/reviews/{peters}/submit"), value!({}))
        .await?;
    Ok((peters, carlas))
}

/// Gives every criterion a value and a place that it rests on.
async fn fill(person: &Person, review: &str, values: &[i64], start_ms: i64) -> Result<()> {
    let shown = person.get(&format!("/reviews/{review}")).await?;
    let criteria = shown["rubric"]["criteria"].as_array().context("no criteria")?;
    ensure!(criteria.len() == values.len(), "{shown}");
    for (criterion, level) in criteria.iter().zip(values) {
        let path = format!("/reviews/{review}/scores/{}", text(criterion, "id")?);
        person
            .put(&path, value!({"value": level, "note": "heard it"}))
            .await?;
        let place = value!({"start_ms": start_ms, "end_ms": start_ms + 5_000});
        person.post(&format!("{path}/evidence"), place).await?;
    }
    let filled = person.get(&format!("/reviews/{review}")).await?;
    ensure!(filled["result"]["permille"].is_i64(), "{filled}");
    Ok(())
}

/// Rosa disagrees, then shows both around; the coach browses moments.
async fn thursday(week: &Week, peters: &str, carlas: &str) -> Result<()> {
    let Week {
        rosa,
        peter,
        carla,
        call,
        ..
    } = week;
    let answer = |response: &str, note: &str| value!({"response": response, "note": note});
    let respond = format!("/reviews/{peters}/respond");
    ensure!(
        rosa.status(Method::POST, &respond, Some(answer("disagree", "")))
            .await?
            == 422,
        "wants a reason"
    );
    rosa.post(&respond, answer("disagree", "I asked twice before."))
        .await?;
    rosa.post(&format!("/reviews/{carlas}/respond"), answer("thank", ""))
        .await?;
    ensure!(
        peter
            .status(Method::GET, &format!("/reviews/{carlas}"), None)
            .await?
            == 404,
        "not shown around yet"
    );
    ensure!(
        peter
            .status(Method::POST, &format!("/reviews/{peters}/release"), None)
            .await?
            == 403
    );
    for review in [peters, carlas] {
        rosa.post(&format!("/reviews/{review}/release"), value!({}))
            .await?;
    }
    let revealed = peter.get(&format!("/reviews/{carlas}")).await?;
    ensure!(revealed["state"] == "released", "{revealed}");

    let criterion = text(&revealed["rubric"]["criteria"][0], "id")?;
    let disputed = carla
        .items(&format!(
            "/moments?disputed=true&criterion={criterion}&sort=highest"
        ))
        .await?;
    ensure!(disputed.len() == 1, "{disputed:?}");
    let moment = &disputed[0];
    ensure!(
        moment["call"]["id"] == call.as_str()
            && moment["url"].as_str().is_some_and(|url| url.contains("?t=4")),
        "{moment}"
    );
    ensure!(
        !moment["excerpt"].as_str().unwrap_or_default().is_empty(),
        "{moment}"
    );
    for (filter, count) in [
        ("min_score=5", 0),
        ("kind=praise&tag=NORTH&deal_outcome=open", 1),
        ("kind=improve", 0),
        ("disputed=true&deal_stage=Closing", 0),
    ] {
        let path = format!("/moments?call={call}&criterion={criterion}&{filter}");
        let found = carla.items(&path).await?.len();
        let wanted = if filter == "min_score=5" { 1 } else { count };
        ensure!(found == wanted, "{filter}: {found}");
    }
    // Who begins a review of their own is blind again: the scores are gone from the moments.
    let own = text(
        &rosa.post(&format!("/calls/{call}/reviews"), value!({})).await?,
        "id",
    )?;
    ensure!(
        rosa.items(&format!("/moments?call={call}&disputed=true"))
            .await?
            .is_empty()
    );
    ensure!(
        rosa.status(Method::GET, &format!("/reviews/{carlas}"), None)
            .await?
            == 404
    );
    rosa.post(&format!("/reviews/{own}/withdraw"), value!({})).await?;
    ensure!(
        rosa.items(&format!("/moments?call={call}&disputed=true"))
            .await?
            .len()
            == 1
    );
    Ok(())
}

/// Search, corrections, and a second transcription that loses nothing.
async fn friday(week: &Week, praise: &str) -> Result<()> {
    let Week {
        rosa, peter, call, ..
    } = week;
    let transcript = rosa.get(&format!("/calls/{call}/transcript")).await?;
    let segments = transcript["segments"].as_array().context("no segments")?;
    let segment = segments
        .iter()
        .find(|s| s["words"].as_array().is_some_and(|w| w.len() > 4))
        .context("no words")?;
    let said = text(segment, "text")?;
    let word = said
        .split(' ')
        .nth(2)
        .context("no word")?
        .trim_matches(|c: char| !c.is_alphanumeric());
    ensure!(
        !peter
            .items(&format!("/search?q={word}&kind=segment"))
            .await?
            .is_empty(),
        "{word}"
    );
    ensure!(
        peter
            .items("/search?q=%22open%20question%22&kind=comment")
            .await?
            .len()
            == 1
    );
    ensure!(peter.items("/search?q=bak*&kind=title").await?.len() == 1);
    ensure!(
        week.carla.items("/search?q=%22for%20me%22").await?.is_empty(),
        "notes to oneself are found by oneself"
    );

    let corrected = said.replacen(word, "Xylophone", 1);
    let path = format!("/calls/{call}/segments/{}", text(segment, "id")?);
    ensure!(
        peter
            .status(Method::PATCH, &path, Some(value!({"text": corrected})))
            .await?
            == 403
    );
    rosa.patch(&path, value!({"text": corrected})).await?;
    let vtt = peter
        .client()
        .get_text(&format!("/calls/{call}/transcript"), "text/vtt")
        .await?;
    ensure!(vtt.contains("Xylophone"), "{vtt}");
    ensure!(peter.items("/search?q=xylophone").await?.len() == 1);

    rosa.post(&format!("/calls/{call}/retranscribe"), value!({}))
        .await?;
    ensure!(rosa.client().wait(call, LIMIT).await?["state"] == "ready");
    let comment = peter.get(&format!("/comments/{praise}")).await?;
    ensure!(
        comment["anchor"]["status"] == "exact",
        "the same model hears the same: {comment}"
    );
    let vtt = peter
        .client()
        .get_text(&format!("/calls/{call}/transcript"), "text/vtt")
        .await?;
    ensure!(vtt.contains("Xylophone"), "the correction is carried over: {vtt}");
    let hits = rosa.items(&format!("/calls/{call}/tracker-hits")).await?;
    ensure!(!hits.is_empty(), "a discovery call has discovery questions");
    Ok(())
}

/// What goes out; Peter leaves and is forgotten.
async fn weekend(week: &Week, praise: &str) -> Result<()> {
    let Week {
        ada,
        rosa,
        peter,
        carla,
        call,
    } = week;
    let comments = format!("/calls/{call}/comments");
    let vtt = rosa.client().get_text(&comments, "text/vtt").await?;
    ensure!(
        vtt.starts_with("WEBVTT") && vtt.contains("open question"),
        "{vtt}"
    );
    let annotations = rosa.client().get_text(&comments, "application/ld+json").await?;
    ensure!(
        annotations.contains("anno.jsonld") && annotations.contains("TextQuoteSelector"),
        "{annotations}"
    );
    let csv = carla.client().get_text("/reviews.csv", "text/csv").await?;
    ensure!(csv.lines().count() > 10, "two reviews of five scores: {csv}");
    let whole = rosa.get(&format!("/calls/{call}/export")).await?;
    let lengths = ["comments", "reviews", "edits"].map(|part| whole[part].as_array().map_or(0, Vec::len));
    ensure!(
        whole["call"]["id"] == call.as_str() && whole["transcript"]["segments"][0]["words"].is_array(),
        "{whole}"
    );
    ensure!(
        lengths.iter().all(|length| *length > 0),
        "comments, reviews, edits: {lengths:?}"
    );
    let own = peter.get("/me/export").await?;
    ensure!(
        own["comments"].as_array().is_some_and(|all| !all.is_empty()),
        "{own}"
    );
    let same = ada.get(&format!("/users/{}/export", peter.id)).await?;
    ensure!(
        same["comments"] == own["comments"] && same["reviews"] == own["reviews"],
        "{same}"
    );

    let erase = format!("/users/{}/erase", peter.id);
    ensure!(
        carla
            .status(Method::POST, &erase, Some(value!({"calls": "delete"})))
            .await?
            == 403
    );
    ada.post(&erase, value!({"calls": "delete"})).await?;
    ensure!(
        peter.status(Method::GET, "/me", None).await? == 401,
        "his token is gone"
    );
    let comment = rosa.get(&format!("/comments/{praise}")).await?;
    ensure!(
        comment["author_id"] == peter.id.as_str() && comment["body"] == "Very good open question.",
        "{comment}"
    );
    let people = rosa.get("/people").await?.to_string();
    ensure!(
        !people.contains("Peter") && people.contains("Former colleague"),
        "{people}"
    );

    let audit = ada.items("/audit?limit=200").await?;
    for action in [
        "call.export",
        "user.export",
        "user.erase",
        "review.release",
        "review.export",
        "invitation.create",
    ] {
        ensure!(
            audit.iter().any(|entry| entry["action"] == action),
            "{action} is in the log"
        );
    }
    ensure!(rosa.status(Method::GET, "/audit", None).await? == 403);
    Ok(())
}
