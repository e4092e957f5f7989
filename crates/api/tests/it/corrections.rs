//! Corrections of transcripts.

use gametape_core::{
    id::{CallId, EditId, SegmentId},
    user::Role,
};
use serde_json::{Value, json};

use crate::support::{App, Ask, NOW_MS, Person, Reply, bytes};

async fn ready(app: &App, ann: &Person) -> CallId {
    let call = app.call(ann, "a.wav", &bytes(10)).await;
    let said = [(0, 0, 900, "how are you?"), (1, 1_000, 1_900, "fine.")];
    app.finish(&call, 5_000, &said).await;
    call
}

async fn correct(app: &App, who: &Person, path: &str, segment: &Value, body: Value) -> Reply {
    let id = segment["id"].as_str().unwrap();
    app.send(
        Ask::new("PATCH", &format!("{path}/segments/{id}"))
            .by(who)
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn a_segment_is_corrected_read_so_everywhere_and_taken_back() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let call = ready(&app, &ann).await;
    let path = format!("/api/v1/calls/{call}");
    let read = async |query: &str| app.get(&ann, &format!("{path}/transcript{query}")).await.json();
    let machine = read("").await;
    assert_eq!(machine["segments"][0]["edited"], false);
    let segment = &machine["segments"][0];
    let reply = correct(
        &app,
        &ann,
        &path,
        segment,
        json!({"text": "Who are you?", "was": "how are you?"}),
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let shown = reply.json();
    assert_eq!(
        (&shown["text"], &shown["edited"]),
        (&json!("Who are you?"), &json!(true))
    );
    assert_eq!(read("").await["segments"], json!([shown, machine["segments"][1]]));
    assert_eq!(read("?machine=true").await, machine);
    assert_eq!(read("?version=1").await, machine);
    for format in ["vtt", "srt", "txt"] {
        let text = app
            .get(&ann, &format!("{path}/transcript?format={format}"))
            .await
            .text();
        assert!(text.contains("Who are you?"), "{text}");
    }
    let versions = app.get(&ann, &format!("{path}/transcript/versions")).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&versions["items"][0]["version"], &versions["items"][0]["current"]),
        (&json!(1), &json!(true))
    );

    let edits = app.get(&ann, &format!("{path}/edits")).await.json();
    let edit = &edits["items"][0];
    assert_eq!(
        (
            &edit["before"],
            &edit["after"],
            &edit["status"],
            &edit["reverted"]
        ),
        (
            &json!("how are you?"),
            &json!("Who are you?"),
            &json!("exact"),
            &json!(false)
        )
    );
    assert_eq!(
        (&edit["author_id"], &edit["channel"]),
        (&json!(ann.user.id), &json!(0))
    );
    let revert = format!("{path}/edits/{}", edit["id"].as_str().unwrap());
    app.send(Ask::new("DELETE", &revert).by(&bob))
        .await
        .is_problem(404, "not_found");
    for _ in 0..2 {
        assert_eq!(app.send(Ask::new("DELETE", &revert).by(&ann)).await.status, 204);
    }
    assert_eq!(read("").await, machine);
    let edits = app.get(&ann, &format!("{path}/edits")).await.json();
    assert_eq!(
        (&edits["items"][0]["reverted"], &edits["items"][0]["reverted_by"]),
        (&json!(true), &json!(ann.user.id))
    );
}

#[tokio::test]
async fn what_can_not_be_corrected_is_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = ready(&app, &ann).await;
    let path = format!("/api/v1/calls/{call}");
    let transcript = app.get(&ann, &format!("{path}/transcript")).await.json();
    let segment = &transcript["segments"][1];
    for body in [
        json!({}),
        json!({"text": "a\u{0}"}),
        json!({"text": "x".repeat(5_001)}),
        json!({"text": 5}),
    ] {
        correct(&app, &ann, &path, segment, body)
            .await
            .is_problem(422, "invalid_value");
    }
    correct(
        &app,
        &ann,
        &path,
        segment,
        json!({"text": "Fine.", "was": "Good."}),
    )
    .await
    .is_problem(412, "precondition_failed");
    let unknown = json!({"id": SegmentId::new(NOW_MS)});
    correct(&app, &ann, &path, &unknown, json!({"text": "x"}))
        .await
        .is_problem(404, "not_found");
    let edit = format!("{path}/edits/{}", EditId::new(NOW_MS));
    app.send(Ask::new("DELETE", &edit).by(&ann))
        .await
        .is_problem(404, "not_found");
    for version in ["0", "2", "9223372036854775807"] {
        app.get(&ann, &format!("{path}/transcript?version={version}"))
            .await
            .is_problem(404, "not_found");
    }
    // Nothing said is a correction, too.
    let emptied = correct(&app, &ann, &path, segment, json!({"text": ""}))
        .await
        .json();
    assert_eq!((&emptied["text"], &emptied["words"]), (&json!(""), &json!([])));
}
