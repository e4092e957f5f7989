//! Resumable uploads that go well, with pauses.

use base64::{Engine, prelude::BASE64_STANDARD};
use gametape_core::call::CallState;
use serde_json::json;

use crate::support::{App, Ask, Person, Reply, bytes, sha256_hex};

async fn begin(app: &App, person: &Person, size: usize) -> String {
    let name = BASE64_STANDARD.encode("Discovery call.mp3");
    let ask = Ask::post("/api/v1/uploads")
        .by(person)
        .tus()
        .header("upload-length", size);
    let reply = app
        .send(ask.header("upload-metadata", format!("filename {name}")))
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("tus-resumable"), "1.0.0");
    reply.header("location").to_owned()
}

async fn patch(app: &App, person: &Person, path: &str, offset: usize, content: &[u8]) -> Reply {
    app.send(
        Ask::new("PATCH", path)
            .by(person)
            .tus()
            .at(offset)
            .body(content.to_vec()),
    )
    .await
}

fn upload_id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn the_server_says_what_it_can_do() {
    let app = App::new().await;
    let ann = app.ann().await;
    let reply = app.send(Ask::new("OPTIONS", "/api/v1/uploads").by(&ann)).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("tus-version"), "1.0.0");
    assert_eq!(reply.header("tus-max-size"), "1000000");
    assert_eq!(reply.header("tus-checksum-algorithm"), "sha1,sha256,md5");
    for extension in [
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "termination",
    ] {
        assert!(
            reply.header("tus-extension").split(',').any(|it| it == extension),
            "{extension}"
        );
    }
}

#[tokio::test]
async fn a_file_arrives_in_pieces_and_becomes_a_call() {
    let mut app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(5_500);
    let path = begin(&app, &ann, content.len()).await;
    let mut offset = 0;
    for size in [1, 1_499, 2_500, 1_500] {
        let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
        assert_eq!(head.header("upload-offset"), offset.to_string());
        assert_eq!(head.header("upload-length"), "5500");
        assert_eq!(head.header("cache-control"), "no-store");
        assert!(head.header("upload-expires").ends_with("GMT"));
        let reply = patch(&app, &ann, &path, offset, &content[offset..offset + size]).await;
        assert_eq!(reply.status, 204, "{reply:?}");
        offset += size;
        assert_eq!(reply.header("upload-offset"), offset.to_string());
        // The server may die at any time; the hash goes on from the database.
        app.restart();
    }
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-offset"), "5500");
    assert!(head.header("upload-metadata").starts_with("filename "));

    let body = json!({"upload_id": upload_id(&path), "occurred_at": 1_600_000_000_000_i64, "language": "en"});
    let made = app.send(Ask::post("/api/v1/calls").by(&ann).json(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let call = made.json();
    assert_eq!(call["title"], "Discovery call.mp3");
    assert_eq!(call["state"], "queued");
    assert_eq!(call["requested_language"], "en");
    assert_eq!(
        made.header("location"),
        format!("/api/v1/calls/{}", call["id"].as_str().unwrap())
    );
    let id = call["id"].as_str().unwrap().parse().unwrap();
    let stored = app.store.call_get(&id).await.unwrap().unwrap();
    let recording = app
        .store
        .recording_get(&stored.recording_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(recording.sha256, sha256_hex(&content));
    assert_eq!(recording.filename, "Discovery call.mp3");

    let again = app.send(Ask::post("/api/v1/calls").by(&ann).json(&body)).await;
    again.is_problem(409, "conflict");
}

#[tokio::test]
async fn a_call_may_wait_for_its_upload() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(2_000);
    let path = begin(&app, &ann, content.len()).await;
    let body = json!({"upload_id": upload_id(&path), "title": "Waiting"});
    let made = app
        .send(Ask::post("/api/v1/calls").by(&ann).json(&body))
        .await
        .json();
    assert_eq!(made["state"], "uploading");
    assert_eq!(made["upload_id"], upload_id(&path));
    assert_eq!(patch(&app, &ann, &path, 0, &content).await.status, 204);
    let call = app
        .get(&ann, &format!("/api/v1/calls/{}", made["id"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(call["state"], "queued");
}

#[tokio::test]
async fn the_first_bytes_may_come_along_and_the_length_later() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(3_000);
    let ask = Ask::post("/api/v1/uploads")
        .by(&ann)
        .tus()
        .header("upload-defer-length", 1);
    let ask = ask
        .header("content-type", "application/offset+octet-stream")
        .body(content[..1_200].to_vec());
    let made = app.send(ask).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("upload-offset"), "1200");
    let path = made.header("location").to_owned();
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-defer-length"), "1");
    assert!(!head.headers.contains_key("upload-length"));

    let ask = Ask::new("PATCH", &path)
        .by(&ann)
        .tus()
        .at(1_200)
        .header("upload-length", 3_000);
    let reply = app.send(ask.body(content[1_200..].to_vec())).await;
    assert_eq!(reply.status, 204, "{reply:?}");
    let upload = app
        .store
        .upload_get(&upload_id(&path).parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(upload.completed_at.is_some());
}

#[tokio::test]
async fn checksums_are_verified_before_anything_counts() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(4_000);
    let path = begin(&app, &ann, content.len()).await;
    let send = |checksum: String| {
        let ask = Ask::new("PATCH", &path)
            .by(&ann)
            .tus()
            .at(0)
            .header("upload-checksum", checksum);
        ask.body(content[..3_500].to_vec())
    };
    let wrong = BASE64_STANDARD.encode([0; 32]);
    app.send(send(format!("sha256 {wrong}")))
        .await
        .is_problem(460, "checksum_mismatch");
    assert_eq!(app.objects().await, Vec::<String>::new());
    app.send(send("crc32 AAAA".to_owned()))
        .await
        .is_problem(400, "invalid_request");
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-offset"), "0");

    let right = BASE64_STANDARD.encode(hex::decode(sha256_hex(&content[..3_500])).unwrap());
    let reply = app.send(send(format!("sha256 {right}"))).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("upload-offset")),
        (204, "3500")
    );
    assert_eq!(
        patch(&app, &ann, &path, 3_500, &content[3_500..]).await.status,
        204
    );
    let body = json!({"upload_id": upload_id(&path)});
    let id = app
        .send(Ask::post("/api/v1/calls").by(&ann).json(&body))
        .await
        .json()["id"]
        .clone();
    let call = app
        .store
        .call_get(&id.as_str().unwrap().parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let recording = app
        .store
        .recording_get(&call.recording_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(recording.sha256, sha256_hex(&content));
}

#[tokio::test]
async fn an_upload_can_be_thrown_away() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 3_000).await;
    patch(&app, &ann, &path, 0, &bytes(1_500)).await;
    let body = json!({"upload_id": upload_id(&path)});
    let call = app
        .send(Ask::post("/api/v1/calls").by(&ann).json(&body))
        .await
        .json()["id"]
        .clone();
    assert_eq!(
        app.send(Ask::new("DELETE", &path).by(&ann).tus()).await.status,
        204
    );
    let gone = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(gone.status, 404);
    let call = app
        .store
        .call_get(&call.as_str().unwrap().parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(call.state, CallState::Failed);
    assert_eq!(call.problem.unwrap().code, "upload_terminated");
}

#[tokio::test]
async fn an_upload_that_stands_still_expires() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 3_000).await;
    app.clock.advance_ms(23 * 3_600_000);
    assert_eq!(patch(&app, &ann, &path, 0, &bytes(10)).await.status, 204);
    app.clock.advance_ms(23 * 3_600_000);
    assert_eq!(app.send(Ask::new("HEAD", &path).by(&ann).tus()).await.status, 200);
    app.clock.advance_ms(2 * 3_600_000);
    assert_eq!(app.send(Ask::new("HEAD", &path).by(&ann).tus()).await.status, 404);
    patch(&app, &ann, &path, 10, &bytes(10))
        .await
        .is_problem(404, "not_found");
    assert_eq!(app.store.upload_sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn clients_behind_narrow_proxies_may_use_post() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 100).await;
    let ask = Ask::post(&path)
        .by(&ann)
        .tus()
        .at(0)
        .header("x-http-method-override", "PATCH");
    assert_eq!(app.send(ask.body(bytes(50))).await.status, 204);
    let ask = Ask::post(&path)
        .by(&ann)
        .tus()
        .header("x-http-method-override", "DELETE");
    assert_eq!(app.send(ask).await.status, 204);
    let ask = Ask::post(&path).by(&ann).tus();
    app.send(ask).await.is_problem(405, "method_not_allowed");
}
