//! The restore drill: a backup made under load comes back on the other engine, and from there on the first one, with
//! the same answers to everything people ask.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use gametape_core::id::CallId;
use gametape_tests::{
    backends::Many,
    load::{moment_filters, tokens},
    program::{Client, Server, Workspace, json},
    seed::{Seeded, Size, seed},
    truth::Sample,
};
use reqwest::Method;
use serde_json::{Value, json as value};

/// 21 November 2026.
const NOW_MS: i64 = 1_795_219_200_000;
const SIZE: Size = Size {
    calls: 60,
    comments: 900,
    scores: 400,
    comments_of_first: 120,
};

/// Everything that is asked on every machine.
fn questions(seeded: &Seeded, uploaded: &str) -> Vec<String> {
    let mut questions: Vec<String> = moment_filters(seeded)
        .into_iter()
        .map(|filter| format!("/moments?limit=100&{filter}"))
        .collect();
    for call in seeded
        .open_calls
        .iter()
        .take(4)
        .map(CallId::as_str)
        .chain([uploaded])
    {
        for part in [
            "",
            "/comments",
            "/reviews",
            "/speakers",
            "/edits",
            "/stats",
            "/tracker-hits",
        ] {
            questions.push(format!("/calls/{call}{part}"));
        }
    }
    questions.extend(
        [
            "/calls?limit=200&sort=created",
            "/calls?q=renewal",
            "/people",
            "/users",
            "/teams",
            "/rubrics",
            "/trackers",
            "/invitations",
            "/audit?limit=200",
            "/search?q=discount",
            "/search?q=disc*",
            "/inbox",
        ]
        .map(ToOwned::to_owned),
    );
    questions.push(format!("/calls/{uploaded}/transcript"));
    questions
}

/// The answers, one after the other; also to people who see less.
async fn answers(server: &Server, tokens: &[String], questions: &[String]) -> Result<Vec<Value>> {
    let mut answers = Vec::new();
    for token in tokens {
        let client = server.client(token);
        for question in questions {
            let response = client.request(Method::GET, question).send().await?;
            let status = response.status().as_u16();
            ensure!(status < 500, "{question}: {status}");
            let body: Value = serde_json::from_str(&response.text().await?)?;
            // What is forbidden has the number of the request in it.
            let body = if status < 400 { body } else { Value::Null };
            answers.push(value!({"question": question, "status": status, "body": body}));
        }
    }
    Ok(answers)
}

fn compare(expected: &[Value], found: &[Value]) -> Result<()> {
    for (expected, found) in expected.iter().zip(found) {
        ensure!(
            expected == found,
            "before: {}\nafter: {}",
            serde_json::to_string_pretty(expected)?,
            serde_json::to_string_pretty(found)?
        );
    }
    let told = found.iter().filter(|answer| answer["status"] == 200).count();
    ensure!(told * 2 > found.len(), "most questions were refused");
    Ok(())
}

async fn post(client: &Client, call: &str, body: &str) -> Result<String> {
    let comment = value!({"kind": "note", "body": body, "start_ms": 1_000, "end_ms": 4_000});
    let path = format!("/calls/{call}/comments");
    let made = json(client.request(Method::POST, &path).json(&comment).send().await?).await?;
    Ok(made["id"].as_str().context("no id")?.to_owned())
}

/// The comments of a call, and how many the call itself says that it has.
async fn comments(client: &Client, call: &str) -> Result<(Vec<String>, usize)> {
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let page = client
            .get(&format!("/calls/{call}/comments?limit=200{after}"))
            .await?;
        for comment in page["items"].as_array().context("no items")? {
            ids.push(comment["id"].as_str().context("no id")?.to_owned());
            for reply in comment["replies"].as_array().into_iter().flatten() {
                ids.push(reply["id"].as_str().context("no id")?.to_owned());
            }
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let said = client.get(&format!("/calls/{call}")).await?["comment_count"].as_u64();
    Ok((ids, said.context("no count")? as usize))
}

fn back_up(workspace: &Workspace, folder: &Path) -> Result<String> {
    workspace.run(&["backup", &folder.display().to_string()], "")
}

fn restore(workspace: &Workspace, folder: &Path) -> Result<String> {
    workspace.run(&["restore", &folder.display().to_string()], "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_comes_back_on_either_engine() -> Result<()> {
    let backups = tempfile::tempdir()?;
    let (first, second) = (backups.path().join("first"), backups.path().join("second"));

    let sqlite = Workspace::new(&[])?;
    let file = format!("sqlite:{}", sqlite.dir.path().join("gametape.db").display());
    let seeded = seed(&file, SIZE, NOW_MS, |_| ()).await?;
    let asking = [0, 1, 7].map(|number| seeded.people[number].clone());
    let tokens = tokens(&file, &asking).await?;
    let server = sqlite.serve(&[])?;
    let (admin, rep) = (server.client(&tokens[0]), server.client(&tokens[2]));
    let sample = std::fs::read(&Sample::load("clinic-pricing")?.audio)?;
    let uploaded = rep.create_call("talk.opus", sample.clone()).await?;
    rep.wait(&uploaded, Duration::from_mins(3)).await?;

    // Somebody keeps writing while the copy is made.
    let busy = seeded.open_calls[5].to_string();
    let before = post(&admin, &busy, "before the backup").await?;
    let questions = questions(&seeded, &uploaded);
    let expected = answers(&server, &tokens, &questions).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (client, busy, stop) = (admin.clone(), busy.clone(), Arc::clone(&stop));
        async move {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                post(&client, &busy, "meanwhile").await?;
                written += 1;
            }
            anyhow::Ok(written)
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let said = back_up(&sqlite, &first);
    stop.store(true, Ordering::Relaxed);
    ensure!(said?.contains("rows"), "the backup says nothing");
    ensure!(writing.await?? > 3, "hardly anything was written meanwhile");
    server.process.terminate()?;

    // On the other engine, with another kind of object store.
    let many = Many::new("restore").await?;
    let postgres = Workspace::new(&many.environment())?;
    restore(&postgres, &first)?;
    let refused = restore(&postgres, &first)
        .err()
        .context("a second restore went through")?;
    ensure!(format!("{refused:#}").contains("empty"), "{refused:#}");
    let server = postgres.serve(&["--no-worker"])?;
    let admin = server.client(&tokens[0]);
    let (ids, said) = comments(&admin, &busy).await?;
    ensure!(ids.contains(&before), "a comment from before the backup is lost");
    ensure!(
        ids.len() == said,
        "{} comments, and the call says {said}",
        ids.len()
    );
    compare(
        &settled(&expected),
        &settled(&answers(&server, &tokens, &questions).await?),
    )?;
    let audio = format!("/calls/{uploaded}/audio");
    let bytes = admin.request(Method::GET, &audio).send().await?.bytes().await?;
    ensure!(bytes == sample, "the recording is another");
    post(&admin, &busy, "life goes on").await?;
    let expected = answers(&server, &tokens, &questions).await?;
    let (ids, _) = comments(&admin, &busy).await?;
    server.process.terminate()?;

    // And back; a second backup into the same folder takes the place of the first.
    back_up(&postgres, &second)?;
    back_up(&postgres, &second)?;
    let back = Workspace::new(&[])?;
    restore(&back, &second)?;
    let server = back.serve(&["--no-worker"])?;
    compare(&expected, &answers(&server, &tokens, &questions).await?)?;
    ensure!(
        comments(&server.client(&tokens[0]), &busy).await?.0 == ids,
        "comments differ"
    );
    server.process.terminate()?;
    damaged_backups_are_refused(&second)
}

/// Without what the busy call changes: lists of moments, figures of calls, the audit log.
fn settled(answers: &[Value]) -> Vec<Value> {
    let moves = |answer: &&Value| {
        let question = answer["question"].as_str().unwrap_or_default();
        !["/moments", "/calls?", "/inbox", "/audit", "/search"]
            .iter()
            .any(|part| question.starts_with(part))
    };
    answers.iter().filter(moves).cloned().collect()
}

fn damaged_backups_are_refused(folder: &Path) -> Result<()> {
    let tables = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.is_dir() && path.file_name().is_some_and(|name| name != "media"))
        .context("no tables")?;
    let users = tables.join("users.jsonl");
    let sound = std::fs::read(&users)?;
    std::fs::write(&users, &sound[..sound.len() / 2])?;
    let target = Workspace::new(&[])?;
    let refused = restore(&target, folder)
        .err()
        .context("a damaged table went through")?;
    ensure!(format!("{refused:#}").contains("damaged"), "{refused:#}");
    std::fs::write(&users, sound)?;
    // The same place takes the backup once it is whole again.
    restore(&target, folder)?;
    let elsewhere = restore(&Workspace::new(&[])?, target.dir.path());
    let refused = elsewhere
        .err()
        .context("a folder that is no backup went through")?;
    ensure!(
        format!("{refused:#}").contains("no finished backup"),
        "{refused:#}"
    );
    Ok(())
}
