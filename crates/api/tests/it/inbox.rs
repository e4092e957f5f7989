//! What waits for people, and asking them for reviews.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use gametape_core::{id::CallId, user::Role};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{App, Ask, Person, bytes};

async fn team(app: &App) -> (Person, Person, CallId) {
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let team = app.team("team", &[&ann, &bob]).await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let shared = json!({"visibility": "team", "team_id": team});
    let path = format!("/api/v1/calls/{call}");
    let reply = app.send(Ask::new("PATCH", &path).by(&ann).json(&shared)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    (ann, bob, call)
}

async fn inbox(app: &App, person: &Person, query: &str) -> Value {
    app.get(person, &format!("/api/v1/inbox{query}")).await.json()
}

async fn post(app: &App, person: &Person, path: &str, body: &Value) -> Value {
    let reply = app
        .send(Ask::post(&format!("/api/v1{path}")).by(person).json(body))
        .await;
    assert!(reply.status.is_success(), "{path}: {reply:?}");
    reply.json()
}

#[tokio::test]
async fn a_mention_waits_until_it_is_read_and_settled() {
    let app = App::new().await;
    let (ann, bob, call) = team(&app).await;
    let comments = format!("/calls/{call}/comments");
    let body = json!({"body": "**What** now?", "mentions": [ann.user.id], "start_ms": 100, "end_ms": 900});
    let comment = post(&app, &bob, &comments, &body).await;

    let shown = inbox(&app, &ann, "?unread=true").await;
    let notice = &shown["items"][0];
    assert_eq!((&shown["unread"], &shown["next"]), (&json!(1), &Value::Null));
    let expected = json!({
        "id": notice["id"], "kind": "mention", "at": crate::support::NOW_MS, "read_at": null, "waiting": true,
        "due_at": null, "actor_id": bob.user.id, "call": {"id": call, "title": notice["call"]["title"]},
        "comment_id": comment["id"], "review_id": null, "request_id": null, "start_ms": 100,
        "excerpt": "**What** now?", "note": null,
    });
    assert_eq!(notice, &expected);
    assert_eq!(inbox(&app, &bob, "").await["items"], json!([]));

    let read = format!("/api/v1/inbox/{}/read", notice["id"].as_str().unwrap());
    for (method, unread) in [("PUT", 0), ("DELETE", 1), ("PUT", 0)] {
        assert_eq!(app.send(Ask::new(method, &read).by(&ann)).await.status, 204);
        assert_eq!(inbox(&app, &ann, "").await["unread"], unread);
        let other = app.send(Ask::new(method, &read).by(&bob)).await;
        other.is_problem(404, "not_found");
    }
    assert_eq!(inbox(&app, &ann, "?unread=true").await["items"], json!([]));
    assert_eq!(
        inbox(&app, &ann, "?waiting=true").await["items"][0]["waiting"],
        true
    );
    let resolve = format!("/comments/{}/resolve", comment["id"].as_str().unwrap());
    post(&app, &bob, &resolve, &json!({})).await;
    assert_eq!(inbox(&app, &ann, "?waiting=true").await["items"], json!([]));
}

#[tokio::test]
async fn pages_follow_each_other_and_all_can_be_read_at_once() {
    let app = App::new().await;
    let (ann, bob, call) = team(&app).await;
    for _ in 0..3 {
        post(
            &app,
            &bob,
            &format!("/calls/{call}/comments"),
            &json!({"body": "so"}),
        )
        .await;
    }
    let first = inbox(&app, &ann, "?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let second = inbox(&app, &ann, &format!("?limit=2&after={next}")).await;
    assert_eq!(
        (second["items"].as_array().unwrap().len(), &second["unread"]),
        (1, &json!(3))
    );
    let all = app.send(Ask::post("/api/v1/inbox/read-all").by(&ann)).await;
    assert_eq!(all.status, 204);
    assert_eq!(inbox(&app, &ann, "").await["unread"], 0);
    app.get(&ann, "/api/v1/inbox?limit=0")
        .await
        .is_problem(422, "invalid_value");
}

#[tokio::test]
async fn people_are_asked_for_reviews_of_what_they_see() {
    let app = App::new().await;
    let (ann, bob, call) = team(&app).await;
    let stranger = app.person("eve@example.com", Role::Rep).await;
    let path = format!("/calls/{call}/review-requests");
    let full = format!("/api/v1{path}");
    for (who, words) in [(&stranger, "don't see this call"), (&ann, "ask somebody else")] {
        let ask = Ask::post(&full).by(&ann).json(&json!({"user_id": who.user.id}));
        let refused = app.send(ask).await;
        refused.is_problem(422, "invalid_value");
        assert!(refused.text().contains(words), "{refused:?}");
    }
    let body = json!({"user_id": bob.user.id, "note": " the price part ", "due_at": 1_800_000_000_000_i64});
    let keyed = || {
        Ask::post(&full)
            .by(&ann)
            .json(&body)
            .header("idempotency-key", "k1")
    };
    let made = app.send(keyed()).await;
    assert_eq!(made.status, 201);
    assert_eq!(app.send(keyed()).await.json(), made.json());
    let made = made.json();
    assert_eq!(
        (&made["note"], &made["state"]),
        (&json!("the price part"), &json!("open"))
    );
    let twice = app.send(Ask::post(&full).by(&ann).json(&body)).await;
    twice.is_problem(409, "conflict");
    let notice = inbox(&app, &bob, "?waiting=true").await["items"][0].clone();
    assert_eq!(
        (
            &notice["kind"],
            &notice["note"],
            &notice["request_id"],
            &notice["due_at"]
        ),
        (
            &json!("review_requested"),
            &json!("the price part"),
            &made["id"],
            &body["due_at"]
        )
    );
    let back = format!("/review-requests/{}/hand-back", made["id"].as_str().unwrap());
    let empty = app
        .send(
            Ask::post(&format!("/api/v1{back}"))
                .by(&bob)
                .json(&json!({"reason": " "})),
        )
        .await;
    empty.is_problem(422, "invalid_value");
    let handed = post(&app, &bob, &back, &json!({"reason": "on leave"})).await;
    assert_eq!(
        (&handed["state"], &handed["reason"]),
        (&json!("handed_back"), &json!("on leave"))
    );
    let told = inbox(&app, &ann, "").await["items"][0].clone();
    assert_eq!(
        (&told["kind"], &told["note"]),
        (&json!("review_handed_back"), &json!("on leave"))
    );

    let again = post(&app, &ann, &path, &json!({"user_id": bob.user.id})).await;
    assert_eq!(
        app.get(&ann, &full).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let delete = format!("/api/v1/review-requests/{}", again["id"].as_str().unwrap());
    assert_eq!(app.send(Ask::new("DELETE", &delete).by(&ann)).await.status, 204);
    assert_eq!(inbox(&app, &bob, "?waiting=true").await["items"], json!([]));
}

/// An open stream of events, read as they come.
struct Stream(BodyDataStream);

impl Stream {
    async fn open(app: &App, person: &Person) -> Self {
        let request =
            Request::get("/api/v1/events").header("authorization", format!("Bearer {}", person.token));
        let request = request.body(Body::empty()).unwrap();
        let response = app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> String {
        let chunk = tokio::time::timeout(Duration::from_secs(5), self.0.next()).await;
        String::from_utf8(chunk.expect("an event").unwrap().unwrap().to_vec()).unwrap()
    }
}

#[tokio::test]
async fn the_count_comes_at_once_and_with_every_change() {
    let app = App::new().await;
    let (ann, bob, call) = team(&app).await;
    let mut streams = [Stream::open(&app, &ann).await, Stream::open(&app, &ann).await];
    let expected = |unread: i64| format!("event: inbox\ndata: {{\"unread\":{unread}}}\n\n");
    for stream in &mut streams {
        assert_eq!(stream.next().await, expected(0));
    }
    for unread in 1..3 {
        post(
            &app,
            &bob,
            &format!("/calls/{call}/comments"),
            &json!({"body": "so"}),
        )
        .await;
        for stream in &mut streams {
            assert_eq!(stream.next().await, expected(unread));
        }
    }
    // Another process shares nothing but the database.
    app.store.inbox_read_all(&ann.user.id).await.unwrap();
    for stream in &mut streams {
        assert_eq!(stream.next().await, expected(0));
    }
}
