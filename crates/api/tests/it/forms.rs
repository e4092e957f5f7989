//! Files that come in a form.

use axum::body::Body;
use gametape_store::under_key;
use serde_json::json;

use crate::support::{App, Ask, Form, bytes, sha256_hex};

fn post(app_form: Form) -> Ask {
    Ask::post("/api/v1/calls").form(app_form)
}

#[tokio::test]
async fn meta_may_stand_before_or_behind_the_file_or_be_missing() {
    let app = App::new().await;
    let ann = app.ann().await;
    let meta = json!({"title": " Acme ", "occurred_at": 5, "language": "auto", "model": "base"}).to_string();
    for (n, form) in [
        Form::new().field("meta", &meta).file("a.mp3", &bytes(2_500)),
        Form::new().file("a.mp3", &bytes(2_501)).field("meta", &meta),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = app.send(post(form).by(&ann)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let call = reply.json();
        assert_eq!(
            (&call["title"], &call["state"]),
            (&json!("Acme"), &json!("queued")),
            "{n}"
        );
        assert_eq!(
            (&call["requested_model"], &call["requested_language"]),
            (&json!("base"), &json!(null))
        );
        assert_eq!(call["occurred_at"], 5);
        assert_eq!(reply.header("etag"), format!("\"{}\"", call["updated_at"]));
    }
    let plain = app
        .send(post(Form::new().file("folder/Über uns.wav", &bytes(10))).by(&ann))
        .await
        .json();
    assert_eq!(plain["title"], "Über uns.wav");
    let id = plain["id"].as_str().unwrap().parse().unwrap();
    let call = app.store.call_get(&id).await.unwrap().unwrap();
    let recording = app
        .store
        .recording_get(&call.recording_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(recording.sha256, sha256_hex(&bytes(10)));
}

#[tokio::test]
async fn the_same_file_twice_is_recognised() {
    let app = App::new().await;
    let ann = app.ann().await;
    let first = app.call(&ann, "a.mp3", &bytes(1_500)).await;
    let second = app.call(&ann, "b.mp3", &bytes(1_500)).await;
    let second = app.get(&ann, &format!("/api/v1/calls/{second}")).await.json();
    assert_eq!(second["duplicate_of"], first.as_str());
}

#[tokio::test]
async fn forms_that_are_not_as_wanted_leave_nothing_behind() {
    let app = App::new().await;
    let ann = app.ann().await;
    let file = |form: Form| form.file("a.mp3", &bytes(2_500));
    for (form, status, code) in [
        (Form::new(), 422, "invalid_value"),
        (Form::new().field("meta", "{}"), 422, "invalid_value"),
        (Form::new().file("a.mp3", b""), 422, "empty_file"),
        (file(Form::new().field("meta", "{")), 422, "invalid_value"),
        (
            file(Form::new().field("meta", "{\"titel\": 1}")),
            422,
            "invalid_value",
        ),
        (
            file(Form::new()).field("meta", "{\"language\": \"klingon\"}"),
            422,
            "invalid_value",
        ),
        (
            file(Form::new()).field("meta", "{\"model\": \"../x\"}"),
            422,
            "invalid_value",
        ),
        (file(Form::new()).field("other", "x"), 422, "invalid_value"),
        (file(file(Form::new())), 422, "invalid_value"),
        (
            file(Form::new().field("meta", &" ".repeat(70_000))),
            413,
            "too_large",
        ),
        (Form::new().file("a.mp3", &bytes(1_000_001)), 413, "too_large"),
    ] {
        app.send(post(form).by(&ann)).await.is_problem(status, code);
    }
    let cut = file(Form::new()).cut();
    let content_type = "multipart/form-data; boundary=------------------------d74496d66958873e";
    let ask = Ask::post("/api/v1/calls")
        .by(&ann)
        .header("content-type", content_type);
    app.send(ask.body(cut)).await.is_problem(400, "invalid_request");
    let ask = Ask::post("/api/v1/calls")
        .by(&ann)
        .header("content-type", "multipart/form-data");
    app.send(ask.body("x")).await.is_problem(400, "invalid_request");

    assert_eq!(app.get(&ann, "/api/v1/calls").await.json()["items"], json!([]));
    // Bytes that came before the fault are for the deleting job; no upload is left to expire.
    assert!(app.store.uploads_all_ids(None, 10).await.unwrap().is_empty());
    assert!(app.store.recordings_all_ids(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_form_whose_answer_was_lost_makes_nothing_twice() {
    let app = App::new().await;
    let ann = app.ann().await;
    app.store
        .idempotency_begin(&ann.user.id, "k", "form")
        .await
        .unwrap();
    let try_once = async || {
        let form = Form::new()
            .field("meta", r#"{"title": "Acme"}"#)
            .file("a.mp3", &bytes(2_500));
        let reply = under_key(&ann.user.id, "k", app.send(post(form).by(&ann))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].clone()
    };
    let first = try_once().await;
    assert_eq!(try_once().await, first);
    let calls = app.get(&ann, "/api/v1/calls").await.json();
    assert_eq!(calls["items"].as_array().unwrap().len(), 1);
    assert_eq!(app.store.uploads_all_ids(None, 10).await.unwrap().len(), 1);
    assert_eq!(app.store.recordings_all_ids(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_that_is_too_long_is_refused_before_it_is_read() {
    let app = App::new().await;
    let ann = app.ann().await;
    let endless = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let ask = Ask::post("/api/v1/calls")
        .by(&ann)
        .header("content-type", "multipart/form-data; boundary=x")
        .header("content-length", 9_000_000)
        .body(endless);
    app.send(ask).await.is_problem(413, "too_large");
}

#[tokio::test]
async fn json_bodies_stay_small() {
    let app = App::new().await;
    let ann = app.ann().await;
    let body = json!({"upload_id": "x".repeat(100_000)});
    app.send(Ask::post("/api/v1/calls").by(&ann).json(&body))
        .await
        .is_problem(413, "too_large");
    let ask = Ask::post("/api/v1/calls").by(&ann).body("x");
    app.send(ask).await.is_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn files_may_be_longer_than_other_bodies() {
    let config = gametape_api::ApiConfig {
        max_upload_bytes: 5_000_000,
        ..gametape_api::ApiConfig::default()
    };
    let app = App::with(config).await;
    let ann = app.ann().await;
    let content = bytes(4_900_000);
    let call = app.call(&ann, "a.wav", &content).await;
    let whole = app.get(&ann, &format!("/api/v1/calls/{call}/audio")).await;
    assert!(whole.body[..] == content);
}
