//! How soon the work on calls is done, and who may say so.

use gametape_core::{job::JobKind, user::Role};
use serde_json::json;

use crate::support::{App, Ask, Form, Person, Reply, bytes, wav};

async fn put(app: &App, person: &Person, call: &str, priority: &str) -> Reply {
    let ask = Ask::new("PUT", &format!("/api/v1/calls/{call}/priority")).by(person);
    let reply = app.send(ask.json(&json!({"priority": priority}))).await;
    // What is asked next is asked later, in the log too.
    app.clock.advance_ms(1);
    reply
}

async fn upload(app: &App, person: &Person, meta: &serde_json::Value, length_ms: usize) -> Reply {
    let form = Form::new()
        .field("meta", &meta.to_string())
        .file("a.wav", &wav(length_ms));
    app.send(Ask::post("/api/v1/calls").by(person).form(form)).await
}

#[tokio::test]
async fn owners_wait_and_coaches_hurry() {
    let app = App::new().await;
    let ann = app.ann().await;
    let coach = app.person("coach@example.com", Role::Coach).await;
    let elsewhere = app.person("other@example.com", Role::Coach).await;
    let team = app.team("ours", &[&ann, &coach]).await;
    let meta = json!({"team_id": team, "visibility": "team"});
    let made = upload(&app, &ann, &meta, 100).await.json();
    assert_eq!(made["priority"], "normal");
    let call = made["id"].as_str().unwrap();
    assert_eq!(put(&app, &ann, call, "low").await.json()["priority"], "low");
    put(&app, &ann, call, "high").await.is_problem(403, "forbidden");
    put(&app, &elsewhere, call, "high")
        .await
        .is_problem(404, "not_found");
    let reply = put(&app, &coach, call, "high").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["priority"]),
        (200, &json!("high"))
    );
    assert!(!reply.header("etag").is_empty());
    let shown = app.get(&ann, &format!("/api/v1/calls/{call}")).await.json();
    assert_eq!(shown["priority"], "high");
    // Its owner may take it back.
    assert_eq!(put(&app, &ann, call, "normal").await.json()["priority"], "normal");
    let root = app.person("root@example.com", Role::Admin).await;
    let log = app.get(&root, "/api/v1/audit?action=call.priority").await.json();
    let changes: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["detail"])
        .collect();
    assert_eq!(
        changes,
        [
            &json!({"before": "high", "after": "normal"}),
            &json!({"before": "low", "after": "high"}),
            &json!({"before": "normal", "after": "low"}),
        ]
    );
}

#[tokio::test]
async fn the_urgent_call_is_claimed_first() {
    let app = App::new().await;
    let ann = app.ann().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let mut calls = Vec::new();
    for n in 0..4 {
        calls.push(app.call(&ann, &format!("{n}.wav"), &bytes(10 + n)).await);
        app.clock.advance_ms(1);
    }
    put(&app, &root, calls[3].as_str(), "high").await;
    put(&app, &ann, calls[0].as_str(), "low").await;
    for expected in [3, 1, 2, 0] {
        let (job, _) = app.claim(JobKind::CallStore).await;
        assert_eq!(job.call_id.as_ref(), Some(&calls[expected]));
    }
}

#[tokio::test]
async fn priorities_come_with_uploads_and_new_transcripts() {
    let app = App::new().await;
    let ann = app.ann().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let low = upload(&app, &ann, &json!({"priority": "low"}), 100).await;
    assert_eq!(
        (low.status.as_u16(), &low.json()["priority"]),
        (201, &json!("low"))
    );
    let high = json!({"priority": "high"});
    upload(&app, &ann, &high, 200).await.is_problem(403, "forbidden");
    let urgent = upload(&app, &root, &high, 300).await.json();
    assert_eq!(urgent["priority"], "high");
    let cancel = format!("/api/v1/calls/{}/cancel", urgent["id"].as_str().unwrap());
    assert_eq!(app.send(Ask::post(&cancel).by(&root)).await.status, 200);
    let unknown = upload(&app, &ann, &json!({"priority": "highest"}), 400).await;
    assert!(unknown.status.is_client_error(), "{unknown:?}");

    let call = low.json()["id"].as_str().unwrap().to_owned();
    app.finish(&call.parse().unwrap(), 100, &[(0, 0, 90, "Hello.")])
        .await;
    put(&app, &ann, &call, "normal").await.is_problem(409, "conflict");
    let again = |body: serde_json::Value| {
        Ask::post(&format!("/api/v1/calls/{call}/retranscribe"))
            .by(&ann)
            .json(&body)
    };
    app.send(again(high)).await.is_problem(403, "forbidden");
    let queued = app.send(again(json!({"priority": "low"}))).await;
    assert_eq!(
        (queued.status.as_u16(), &queued.json()["priority"]),
        (202, &json!("low"))
    );
    let unknown = Ask::new("PUT", &format!("/api/v1/calls/{call}/priority")).by(&ann);
    let reply = app
        .send(unknown.json(&json!({"priority": "low", "also": 1})))
        .await;
    assert!(reply.status.is_client_error(), "{reply:?}");
}
