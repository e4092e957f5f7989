//! What happens to a call, as it happens.

use std::time::Duration;

use futures::StreamExt;
use gametape_core::{id::CallId, job::JobKind};

use crate::support::{App, Ask, Person, bytes};

/// An open stream of events, read as they come.
pub(crate) struct Events {
    body: axum::body::BodyDataStream,
    buffer: String,
}

impl Events {
    async fn open(app: &App, person: &Person, call: &CallId, query: &str, last: Option<i64>) -> Self {
        let ask = Ask::get(&format!("/api/v1/calls/{call}/events{query}")).by(person);
        Self::of(
            app,
            match last {
                Some(last) => ask.header("last-event-id", last),
                None => ask,
            },
        )
        .await
    }

    /// The stream that a request opens.
    pub(crate) async fn of(app: &App, ask: Ask) -> Self {
        let response = app.open(ask).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            buffer: String::new(),
        }
    }

    /// The next event: its number, kind and data; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<(i64, String, serde_json::Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(&prefix))
                        .map(str::to_owned)
                };
                if let (Some(id), Some(kind), Some(data)) = (field("id"), field("event"), field("data")) {
                    return Some((id.parse().unwrap(), kind, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.body.next())
                .await
                .expect("an event");
            self.buffer
                .push_str(std::str::from_utf8(&chunk?.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn segments_are_seen_as_they_are_written() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    app.join(&call).await;
    app.analyze(5_000).await;
    let (_, fence) = app.claim(JobKind::CallTranscribe).await;

    let mut events = Events::open(&app, &ann, &call, "", None).await;
    let mut last = 0;
    let path = format!("/api/v1/calls/{call}");
    let shown = app.send(Ask::get(&path).by(&ann)).await.json();
    let so_far = shown["last_event"].as_i64().unwrap();
    while last < so_far {
        let (seq, _, _) = events.next().await.unwrap();
        assert!(seq > last);
        last = seq;
    }
    let writing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        app.transcribe_window(&call, &fence, &[(0, 0, 900, "Hello.")])
            .await;
    };
    let reading = async {
        loop {
            let (seq, kind, data) = events.next().await.unwrap();
            assert!(seq > last);
            if kind == "segment" {
                return (seq, data);
            }
        }
    };
    let ((), (seq, segment)) = tokio::join!(writing, reading);
    assert_eq!(segment["text"], "Hello.");
    assert_eq!(segment["speaker"]["role"], "rep");

    // A client that lost its line goes on behind the last event it saw, by header or by query.
    for (query, last) in [("", Some(seq - 1)), (&*format!("?after={}", seq - 1), None)] {
        let mut again = Events::open(&app, &ann, &call, query, last).await;
        let (first, kind, data) = again.next().await.unwrap();
        assert_eq!(
            (first, kind.as_str(), &data["text"]),
            (seq, "segment", &segment["text"])
        );
    }
}

#[tokio::test]
async fn people_hear_what_is_for_them() {
    let app = App::new().await;
    let (ann, root) = (
        app.ann().await,
        app.person("root@example.com", gametape_core::user::Role::Admin)
            .await,
    );
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let seq = app.store.event_last_seq(&call).await.unwrap();
    let path = format!("/api/v1/calls/{call}/comments");
    let mut ids = Vec::new();
    for body in [
        serde_json::json!({"body": "to myself", "audience": "author"}),
        serde_json::json!({"body": "to root", "audience": "mentioned", "mentions": [root.user.id]}),
        serde_json::json!({"body": "to all"}),
    ] {
        let reply = app.send(Ask::post(&path).by(&ann).json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        ids.push(reply.json()["id"].clone());
    }
    let other = app
        .person("boss@example.com", gametape_core::user::Role::Admin)
        .await;
    for (person, expected) in [(&ann, vec![1, 2, 3]), (&root, vec![2, 3]), (&other, vec![3])] {
        let mut events = Events::open(&app, person, &call, "", Some(seq)).await;
        for number in expected {
            let (id, kind, data) = events.next().await.unwrap();
            assert_eq!((id, kind.as_str()), (seq + number, "comment"));
            assert_eq!(
                data,
                serde_json::json!({"id": ids[number as usize - 1], "parent_id": null})
            );
        }
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_call_is_deleted() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let seq = app.store.event_last_seq(&call).await.unwrap();
    let mut first = Events::open(&app, &ann, &call, "", Some(seq)).await;
    let mut second = Events::open(&app, &ann, &call, "", Some(seq)).await;
    app.store
        .call_delete(&gametape_store::Actor::default(), &call)
        .await
        .unwrap();
    assert!(first.next().await.is_none());
    assert!(second.next().await.is_none());
}

#[tokio::test]
async fn an_id_that_is_no_number_is_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let ask = Ask::get(&format!("/api/v1/calls/{call}/events")).by(&ann);
    app.send(ask.header("last-event-id", "x"))
        .await
        .is_problem(400, "invalid_request");
}
