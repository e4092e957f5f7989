//! The main job on the built program, as a rep does it: upload, watch, read, play, export, delete. On SQLite
//! with local files, and on PostgreSQL with S3 and workers of their own.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result};
use futures::StreamExt;
use gametape_tests::{
    backends::Many,
    program::{Client, Server, Workspace, json},
    truth::Sample,
};
use reqwest::Method;
use serde_json::{Value, json as value};

const LIMIT: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn one_machine() -> Result<()> {
    let workspace = Workspace::new(&[])?;
    let token = workspace.person("ana@example.com", "rep")?;
    let server = workspace.serve(&[])?;
    load_pages(&server).await?;
    act(&workspace, &server, &token).await?;
    let found = workspace.run(&["doctor"], "")?;
    assert!(
        found.lines().count() >= 5 && found.lines().all(|line| line.starts_with("ok")),
        "{found}"
    );
    let stored = std::fs::read_dir(workspace.dir.path().join("media"));
    let left = stored.map_or(0, Iterator::count);
    assert_eq!(left, 0, "the media folder is empty when all calls are deleted");
    let took = server.process.terminate()?;
    assert!(took < Duration::from_secs(10), "shutdown took {took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_machines() -> Result<()> {
    let many = Many::new("journey").await?;
    let workspace = Workspace::new(&many.environment())?;
    workspace.run(&["migrate"], "")?;
    let token = workspace.person("ana@example.com", "rep")?;
    let server = workspace.serve(&["--no-worker"])?;
    let workers = [workspace.worker()?, workspace.worker()?];
    act(&workspace, &server, &token).await?;
    assert_eq!(
        many.objects().await?,
        Vec::<String>::new(),
        "the bucket is empty when all calls are deleted"
    );
    for worker in workers {
        let took = worker.terminate()?;
        assert!(took < Duration::from_secs(10), "shutdown took {took:?}");
    }
    Ok(())
}

/// The pages come with the program: small on the way, strict about what they load, and not twice.
async fn load_pages(server: &Server) -> Result<()> {
    let http = reqwest::Client::new();
    let ask = || http.get(&server.address).header("accept-encoding", "gzip");
    let page = ask().send().await?;
    let header = |name: &str| page.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(
        (page.status().as_u16(), header("content-encoding")),
        (200, Some("gzip"))
    );
    let policy = header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let tag = header("etag").context("no tag")?.to_owned();
    assert_eq!(ask().header("if-none-match", tag).send().await?.status(), 304);
    Ok(())
}

async fn act(workspace: &Workspace, server: &Server, token: &str) -> Result<()> {
    let sample = Sample::load("clinic-pricing")?;
    let data = std::fs::read(&sample.audio)?;
    let client = server.client(token);
    let call_id = client.create_call("clinic-pricing.opus", data.clone()).await?;
    let seen = watch(&client, &call_id).await?;
    assert!(
        seen.contains("segment") && seen.contains("progress") && seen.contains("state"),
        "{seen:?}"
    );

    let call = client.wait(&call_id, LIMIT).await?;
    assert_eq!(
        (call["state"].as_str(), call["channels"].as_i64()),
        (Some("ready"), Some(2)),
        "{call}"
    );
    read(&client, &call_id).await?;
    play(&client, &call_id, &data).await?;
    strangers(workspace, server, &call_id).await?;
    again(&client, &call_id, data).await?;

    let gone = client
        .request(Method::DELETE, &format!("/calls/{call_id}"))
        .send()
        .await?;
    assert_eq!(gone.status(), 204);
    let missing = client
        .request(Method::GET, &format!("/calls/{call_id}"))
        .send()
        .await?;
    assert_eq!(missing.status(), 404);
    // What was stored is deleted by a job, a moment later.
    tokio::time::sleep(Duration::from_secs(4)).await;
    Ok(())
}

/// Follows the events of a call until it is ready; gives the kinds that came.
async fn watch(client: &Client, call_id: &str) -> Result<BTreeSet<String>> {
    let path = format!("/calls/{call_id}/events?after=0");
    let mut stream = client
        .request(Method::GET, &path)
        .send()
        .await?
        .error_for_status()?
        .bytes_stream();
    let mut text = String::new();
    let follow = async {
        while let Some(piece) = stream.next().await {
            text.push_str(std::str::from_utf8(&piece?)?);
            if text.contains(r#""state":"ready""#) || text.contains(r#""state":"failed""#) {
                break;
            }
        }
        Ok::<(), anyhow::Error>(())
    };
    tokio::time::timeout(LIMIT, follow)
        .await
        .context("the call did not become ready")??;
    let ids = text.lines().filter_map(|line| line.strip_prefix("id:"));
    let ids: Vec<i64> = ids.map(|id| id.trim().parse()).collect::<Result<_, _>>()?;
    // Progress that is out of date may be left out; nothing comes twice or out of order.
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let segments = text
        .lines()
        .filter(|line| line.trim() == "event: segment")
        .count();
    let transcript = client.get(&format!("/calls/{call_id}/transcript")).await?;
    assert_eq!(
        transcript["segments"].as_array().map(Vec::len),
        Some(segments),
        "every segment came, once"
    );
    let kinds = text.lines().filter_map(|line| line.strip_prefix("event:"));
    Ok(kinds.map(|kind| kind.trim().to_owned()).collect())
}

async fn read(client: &Client, call_id: &str) -> Result<()> {
    let path = format!("/calls/{call_id}/transcript");
    let transcript = client.get(&path).await?;
    assert_eq!(transcript["language"], "en");
    assert_eq!(transcript["model"], "tiny.en");
    let segments = transcript["segments"].as_array().context("no segments")?;
    let starts: Vec<_> = segments
        .iter()
        .map(|segment| segment["start_ms"].as_i64())
        .collect();
    assert!(starts.is_sorted() && starts.len() > 20, "{starts:?}");
    let roles: BTreeSet<_> = segments
        .iter()
        .filter_map(|segment| segment["speaker"]["role"].as_str())
        .collect();
    assert_eq!(roles, BTreeSet::from(["customer", "rep"]));
    assert!(
        segments
            .iter()
            .all(|segment| !segment["words"].as_array().is_none_or(Vec::is_empty))
    );

    let vtt = client.get_text(&path, "text/vtt").await?;
    assert!(
        vtt.starts_with("WEBVTT") && vtt.contains("-->") && vtt.contains("<v Rep>"),
        "{vtt}"
    );
    let srt = client.get_text(&path, "application/x-subrip").await?;
    assert!(srt.starts_with("1\n") && srt.contains("-->"), "{srt}");
    let text = client.get_text(&path, "text/plain").await?;
    assert!(text.lines().count() > 20, "{text}");

    let talk = client.get(&format!("/calls/{call_id}/stats")).await?;
    let shares: f64 = talk["speakers"]
        .as_array()
        .context("no speakers")?
        .iter()
        .filter_map(|s| s["talk_share"].as_f64())
        .sum();
    assert!((shares - 1.0).abs() < 0.01, "{talk}");
    Ok(())
}

async fn play(client: &Client, call_id: &str, data: &[u8]) -> Result<()> {
    let path = format!("/calls/{call_id}/audio");
    let part = client
        .request(Method::GET, &path)
        .header("range", "bytes=100-199")
        .send()
        .await?;
    assert_eq!(part.status(), 206);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 100-199/{}", data.len())
    );
    assert_eq!(part.bytes().await?.as_ref(), &data[100..200]);
    let whole = client.request(Method::GET, &path).send().await?.bytes().await?;
    assert!(whole.as_ref() == data, "the original comes back as it was");
    let beyond = client
        .request(Method::GET, &path)
        .header("range", "bytes=99999999-")
        .send()
        .await?;
    assert_eq!(beyond.status(), 416);

    let peaks = client.get(&format!("/calls/{call_id}/peaks")).await?;
    let points = peaks["length"].as_i64().context("no length")?;
    assert_eq!(
        peaks["data"].as_array().map(Vec::len),
        Some((points * 4) as usize),
        "two numbers a point and channel"
    );

    let clip = format!("/calls/{call_id}/clip?start_ms=5000&end_ms=7500");
    let clip = client
        .request(Method::GET, &clip)
        .send()
        .await?
        .error_for_status()?
        .bytes()
        .await?;
    assert_eq!((&clip[..4], &clip[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    let bytes_a_second = u32::from_le_bytes(clip[28..32].try_into()?) as usize;
    let length_ms = (clip.len() - 44) * 1_000 / bytes_a_second;
    assert!((2_490..=2_510).contains(&length_ms), "{length_ms} ms");
    Ok(())
}

/// Who is not signed in, or is somebody else, sees nothing; an admin sees it.
async fn strangers(workspace: &Workspace, server: &Server, call_id: &str) -> Result<()> {
    let other = workspace.person("luis@example.com", "rep")?;
    let admin = workspace.person("robin@example.com", "admin")?;
    for path in [
        "",
        "/transcript",
        "/audio",
        "/peaks",
        "/events",
        "/clip?start_ms=0&end_ms=1000",
        "/stats",
    ] {
        let path = format!("/calls/{call_id}{path}");
        let ask = |token: &str| {
            let request = server.client(token).request(Method::GET, &path);
            async move { request.send().await.map(|response| response.status().as_u16()) }
        };
        assert_eq!(ask("gt_wrong").await?, 401, "{path}");
        assert_eq!(ask(&other).await?, 404, "{path}");
        assert_eq!(ask(&admin).await?, 200, "{path}");
    }
    let list = server.client(&other).get("/calls").await?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(0));
    Ok(())
}

/// The same recording once more is recognised; another model's turn makes a new version.
async fn again(client: &Client, call_id: &str, data: Vec<u8>) -> Result<()> {
    let twin = json(client.upload("same.opus", data).await?).await?;
    assert_eq!(twin["duplicate_of"].as_str(), Some(call_id), "{twin}");
    let twin_id = twin["id"].as_str().context("no id")?;
    let cancelled = client
        .request(Method::POST, &format!("/calls/{twin_id}/cancel"))
        .send()
        .await?;
    assert!(cancelled.status().is_success(), "{:?}", cancelled.text().await?);
    assert_eq!(client.wait(twin_id, LIMIT).await?["state"], "cancelled");
    let gone = client
        .request(Method::DELETE, &format!("/calls/{twin_id}"))
        .send()
        .await?;
    assert_eq!(gone.status(), 204);

    let asked = client
        .request(Method::POST, &format!("/calls/{call_id}/retranscribe"))
        .json(&value!({}))
        .send()
        .await?;
    assert!(asked.status().is_success(), "{}", asked.text().await?);
    let during: Value = client.get(&format!("/calls/{call_id}/transcript")).await?;
    assert!(
        during["segments"].as_array().is_some_and(|s| s.len() > 20),
        "the old words stay until the new are there"
    );
    assert_eq!(client.wait(call_id, LIMIT).await?["state"], "ready");
    Ok(())
}
