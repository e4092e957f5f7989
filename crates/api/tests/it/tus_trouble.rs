//! Resumable uploads where something goes wrong.

use axum::body::Body;
use gametape_core::user::Role;
use gametape_store::{NewPart, Store};
use http::{HeaderMap, HeaderValue};

use crate::support::{App, Ask, Person, bytes, sha256_hex};

async fn begin(app: &App, person: &Person, size: usize) -> String {
    let ask = Ask::post("/api/v1/uploads")
        .by(person)
        .tus()
        .header("upload-length", size);
    app.send(ask).await.header("location").to_owned()
}

#[tokio::test]
async fn wrong_requests_are_refused_with_their_reason() {
    let app = App::new().await;
    let ann = app.ann().await;
    let create = || Ask::post("/api/v1/uploads").by(&ann);
    let old = app.send(create().header("upload-length", 5)).await;
    old.is_problem(412, "unsupported_tus_version");
    assert_eq!(old.header("tus-version"), "1.0.0");
    let old = create()
        .header("tus-resumable", "0.2.2")
        .header("upload-length", 5);
    app.send(old).await.is_problem(412, "unsupported_tus_version");
    let too_large = app.send(create().tus().header("upload-length", 1_000_001)).await;
    too_large.is_problem(413, "too_large");
    assert_eq!(too_large.header("tus-max-size"), "1000000");
    app.send(create().tus().header("upload-length", 0))
        .await
        .is_problem(422, "empty_file");
    for length in ["-1", "x", "+5", "99999999999999999999", "1.5"] {
        app.send(create().tus().header("upload-length", length))
            .await
            .is_problem(400, "invalid_request");
    }
    app.send(create().tus()).await.is_problem(400, "invalid_request");
    let both = create()
        .tus()
        .header("upload-length", 5)
        .header("upload-defer-length", 1);
    app.send(both).await.is_problem(400, "invalid_request");
    let metadata = create()
        .tus()
        .header("upload-length", 5)
        .header("upload-metadata", "filename %%");
    app.send(metadata).await.is_problem(400, "invalid_request");

    let path = begin(&app, &ann, 100).await;
    let append = || Ask::new("PATCH", &path).by(&ann).tus();
    let json = append()
        .header("upload-offset", 0)
        .header("content-type", "application/json");
    app.send(json).await.is_problem(415, "unsupported_media_type");
    let nowhere = append().header("content-type", "application/offset+octet-stream");
    app.send(nowhere).await.is_problem(400, "invalid_request");
    app.send(append().at(7).body(bytes(5)))
        .await
        .is_problem(409, "offset_mismatch");
    app.send(append().at(0).body(bytes(101)))
        .await
        .is_problem(413, "too_large");
    let said = append().at(0).header("content-length", 101).body(bytes(101));
    app.send(said).await.is_problem(413, "too_large");
    let longer = append().at(0).header("upload-length", 200).body(bytes(5));
    app.send(longer).await.is_problem(409, "conflict");
    assert_eq!(app.objects().await, Vec::<String>::new());
}

#[tokio::test]
async fn uploads_are_nobody_elses_business() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 100).await;
    for other in [
        app.person("bob@example.com", Role::Rep).await,
        app.person("r@x", Role::Admin).await,
    ] {
        assert_eq!(
            app.send(Ask::new("HEAD", &path).by(&other).tus()).await.status,
            404
        );
        app.send(Ask::new("PATCH", &path).by(&other).tus().at(0).body("x"))
            .await
            .is_problem(404, "not_found");
        app.send(Ask::new("DELETE", &path).by(&other).tus())
            .await
            .is_problem(404, "not_found");
        let body = serde_json::json!({"upload_id": path.rsplit('/').next().unwrap()});
        app.send(Ask::post("/api/v1/calls").by(&other).json(&body))
            .await
            .is_problem(404, "not_found");
    }
}

/// A body that breaks off with an error, as when a client is lost.
fn broken(content: Vec<u8>) -> Body {
    let pieces = [
        Ok(bytes::Bytes::from(content)),
        Err(std::io::Error::other("connection reset")),
    ];
    Body::from_stream(futures::stream::iter(pieces))
}

#[tokio::test]
async fn what_arrived_before_a_client_was_lost_is_kept() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(4_000);
    let path = begin(&app, &ann, content.len()).await;
    let ask = Ask::new("PATCH", &path)
        .by(&ann)
        .tus()
        .at(0)
        .body(broken(content[..2_345].to_vec()));
    app.send(ask).await.is_problem(408, "client_gone");
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-offset"), "2345");
    let ask = Ask::new("PATCH", &path)
        .by(&ann)
        .tus()
        .at(2_345)
        .body(content[2_345..].to_vec());
    assert_eq!(app.send(ask).await.status, 204);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let done = app
        .store
        .upload_complete(&id, &sha256_hex(&content))
        .await
        .unwrap();
    assert_eq!(done.recording.sha256, sha256_hex(&content));
    assert_eq!(done.recording.size_bytes, 4_000);
}

#[tokio::test]
async fn what_arrives_while_the_handler_is_gone_is_kept_too() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 4_000).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
    let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let request = app.send(Ask::new("PATCH", &path).by(&ann).tus().at(0).body(body));
    // The server drops the handler when the connection closes.
    tokio::select! {
        _ = request => panic!("nothing was sent yet"),
        sent = async {
            sender.send(Ok(bytes(1_234).into())).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        } => sent,
    }
    drop(sender);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    for _ in 0..100 {
        if app.store.upload_get(&id).await.unwrap().unwrap().offset_bytes == 1_234 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the bytes were lost");
}

#[tokio::test]
async fn a_client_that_falls_silent_is_not_waited_for() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 4_000).await;
    let first = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from(bytes(10)))]);
    let silent = futures::StreamExt::chain(first, futures::stream::pending());
    let ask = Ask::new("PATCH", &path)
        .by(&ann)
        .tus()
        .at(0)
        .body(Body::from_stream(silent));
    app.send(ask).await.is_problem(408, "client_gone");
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-offset"), "10");
}

#[tokio::test]
async fn of_two_clients_that_send_the_same_bytes_one_wins() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(800);
    let path = begin(&app, &ann, content.len()).await;
    let send = || {
        app.send(
            Ask::new("PATCH", &path)
                .by(&ann)
                .tus()
                .at(0)
                .body(content.clone()),
        )
    };
    let replies = futures::future::join_all((0..6).map(|_| send())).await;
    let won = replies.iter().filter(|reply| reply.status == 204).count();
    assert_eq!(won, 1, "{replies:?}");
    for reply in replies.iter().filter(|reply| reply.status != 204) {
        reply.is_problem(409, "offset_mismatch");
    }
    assert_eq!(app.objects().await.len(), 1);
}

#[tokio::test]
async fn the_loser_of_a_race_deletes_what_it_stored() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 4_000).await;
    let id: gametape_core::id::UploadId = path.rsplit('/').next().unwrap().parse().unwrap();
    let store: Store = app.store.clone();
    // Another server takes the offset after the first look and before the first part is full.
    let body = Body::from_stream(async_stream::stream! {
        yield Ok::<_, std::io::Error>(bytes::Bytes::from(bytes(500)));
        let part = NewPart { media_key: format!("uploads/{id}/0000000000000000-other"), size_bytes: 7 };
        let upload = store.upload_get(&id).await.unwrap().unwrap();
        store.upload_append(&id, 0, part, &upload.hash_state, upload.expires_at).await.unwrap();
        yield Ok(bytes::Bytes::from(bytes(500)));
    });
    let ask = Ask::new("PATCH", &path).by(&ann).tus().at(0).body(body);
    app.send(ask).await.is_problem(409, "offset_mismatch");
    assert_eq!(app.objects().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_end_that_was_missed_is_made_up_for() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(100);
    let path = begin(&app, &ann, 200).await;
    let ask = Ask::new("PATCH", &path)
        .by(&ann)
        .tus()
        .at(0)
        .body(content.clone());
    assert_eq!(app.send(ask).await.status, 204);
    // As if the server had gone down between the last byte and the end.
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let upload = app.store.upload_get(&id).await.unwrap().unwrap();
    let part = NewPart {
        media_key: format!("uploads/{id}/0000000000000100-last"),
        size_bytes: 100,
    };
    app.store
        .upload_append(&id, 100, part, &upload.hash_state, upload.expires_at)
        .await
        .unwrap();
    assert!(
        app.store
            .upload_get(&id)
            .await
            .unwrap()
            .unwrap()
            .completed_at
            .is_none()
    );
    let head = app.send(Ask::new("HEAD", &path).by(&ann).tus()).await;
    assert_eq!(head.header("upload-offset"), "200");
    assert!(
        app.store
            .upload_get(&id)
            .await
            .unwrap()
            .unwrap()
            .completed_at
            .is_some()
    );
}

#[tokio::test]
async fn odd_headers_do_no_harm() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 100).await;
    let mut headers = HeaderMap::new();
    headers.insert("upload-offset", HeaderValue::from_bytes(b"\xff").unwrap());
    let request = http::Request::patch(&path)
        .header("authorization", format!("Bearer {}", ann.token))
        .header("tus-resumable", "1.0.0")
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", HeaderValue::from_bytes(b"\xff").unwrap())
        .body(Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(app.router.clone(), request)
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

/// Over a real connection: what the server does when it is closed is not ours to choose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_costs_nothing_that_arrived() {
    use tokio::io::AsyncWriteExt;
    let app = App::new().await;
    let ann = app.ann().await;
    let path = begin(&app, &ann, 100_000).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(axum::serve(listener, app.router.clone()).into_future());

    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 100000\r\n\r\n",
        ann.token
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&bytes(34_567)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(connection);

    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let mut offset_bytes = 0;
    for _ in 0..200 {
        offset_bytes = app.store.upload_get(&id).await.unwrap().unwrap().offset_bytes;
        if offset_bytes == 34_567 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(offset_bytes, 34_567);
    serving.abort();
}
