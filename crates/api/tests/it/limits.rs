//! What is refused because it is too much: requests, uploads, bytes, headers, depth.

use axum::body::Body;
use bytes::Bytes;
use gametape_api::{ApiConfig, RequestRates};
use gametape_core::user::{Role, Scope};
use serde_json::{Value, json};

use crate::support::{App, Ask, Form, PASSWORD, Person, Reply, bytes, wav};

async fn with_rates(account: u32, token: u32, address: u32) -> App {
    App::with(ApiConfig {
        rates: RequestRates {
            account,
            token,
            address,
        },
        ..ApiConfig::default()
    })
    .await
}

#[track_caller]
fn is_too_often(reply: &Reply, seconds: &str, whose: &str) {
    reply.is_problem(429, "too_many_requests");
    assert_eq!(reply.header("retry-after"), seconds);
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(whose), "{detail}");
}

#[tokio::test]
async fn a_token_may_ask_so_often_and_leaves_its_owner_a_way_in() {
    let app = with_rates(5, 3, 0).await;
    let ann = app.ann().await;
    let other = app.token(&ann.user, Scope::Read).await;
    let me = |token: &str| Ask::get("/api/v1/me").bearer(token);
    for _ in 0..3 {
        assert_eq!(app.send(me(&ann.token)).await.status, 200);
    }
    is_too_often(&app.send(me(&ann.token)).await, "20", "one token");
    assert_eq!(app.send(me(&other)).await.status, 200);
    assert_eq!(app.send(me(&other)).await.status, 200);
    // All of them together: what the first token was refused did not count.
    is_too_often(&app.send(me(&other)).await, "12", "one account");
    let bob = app.person("bob@example.com", Role::Rep).await;
    assert_eq!(app.get(&bob, "/api/v1/me").await.status, 200);
    app.clock.advance_ms(60_000);
    assert_eq!(app.send(me(&ann.token)).await.status, 200);
}

#[tokio::test]
async fn an_address_that_shows_nothing_good_may_ask_so_often() {
    let app = with_rates(0, 0, 3).await;
    let ann = app.ann().await;
    let wrong = || Ask::get("/api/v1/me").bearer("gt_wrong");
    app.send(wrong()).await.is_problem(401, "unauthenticated");
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let sign_in = || Ask::post("/api/v1/session").json(&body);
    assert_eq!(app.send(sign_in()).await.status, 201);
    assert_eq!(app.send(Ask::get("/readyz")).await.status, 200);
    is_too_often(&app.send(wrong()).await, "20", "one address");
    is_too_often(&app.send(sign_in()).await, "20", "one address");
    is_too_often(&app.send(Ask::get("/readyz")).await, "20", "one address");
    // Who shows a good token is not kept out by others at the same address; nor are probes of the process.
    for _ in 0..5 {
        assert_eq!(app.get(&ann, "/api/v1/me").await.status, 200);
        assert_eq!(app.send(Ask::get("/healthz")).await.status, 200);
    }
    app.clock.advance_ms(20_000);
    assert_eq!(app.send(sign_in()).await.status, 201);
}

#[tokio::test]
async fn an_address_cannot_be_invented() {
    for behind_proxy in [false, true] {
        let app = App::with(ApiConfig {
            behind_proxy,
            rates: RequestRates {
                address: 2,
                ..RequestRates::default()
            },
            ..ApiConfig::default()
        })
        .await;
        let from = |addresses: &str| Ask::get("/readyz").header("x-forwarded-for", addresses);
        for n in 0..2 {
            // The client writes what it likes; the proxy adds where it really comes from.
            let ask = from(&format!("203.0.113.{n}, 198.51.100.1"));
            assert_eq!(app.send(ask).await.status, 200);
        }
        let ask = from("203.0.113.9, 198.51.100.1");
        is_too_often(&app.send(ask).await, "30", "one address");
        let elsewhere = app.send(from("198.51.100.2")).await;
        assert_eq!(elsewhere.status == 200, behind_proxy);
    }
}

fn begin(person: &Person, size: usize) -> Ask {
    Ask::post("/api/v1/uploads")
        .by(person)
        .tus()
        .header("upload-length", size)
}

#[tokio::test]
async fn a_person_has_so_many_uploads_under_way() {
    let app = App::with(ApiConfig {
        max_open_uploads: 2,
        ..ApiConfig::default()
    })
    .await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let first = app.send(begin(&ann, 10)).await.header("location").to_owned();
    app.send(begin(&ann, 10)).await;
    let refused = app.send(begin(&ann, 10)).await;
    refused.is_problem(429, "too_many_uploads");
    assert_eq!(refused.header("retry-after"), "60");
    let form = Form::new().file("a.wav", &wav(100));
    let form = app.send(Ask::post("/api/v1/calls").by(&ann).form(form)).await;
    form.is_problem(429, "too_many_uploads");
    assert_eq!(app.send(begin(&bob, 10)).await.status, 201);
    let mine = app.get(&ann, "/api/v1/me/storage").await.json();
    assert_eq!(
        mine,
        json!({
            "recordings_bytes": 0, "uploads_bytes": 20, "quota_bytes": null, "open_uploads": 2, "max_open_uploads": 2,
        })
    );
    let done = Ask::new("PATCH", &first).by(&ann).tus().at(0).body(bytes(10));
    assert_eq!(app.send(done).await.status, 204);
    assert_eq!(app.send(begin(&ann, 10)).await.status, 201);
}

async fn with_quotas(person_quota_bytes: u64, team_quota_bytes: u64) -> App {
    App::with(ApiConfig {
        person_quota_bytes,
        team_quota_bytes,
        part_bytes: 1_000,
        ..ApiConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_person_has_so_much_room() {
    let app = with_quotas(5_000, 0).await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    app.call(&ann, "a.wav", &bytes(2_000)).await;
    let refused = app.send(begin(&ann, 3_001)).await;
    refused.is_problem(413, "quota_exceeded");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("2000 of the 5000 bytes"), "{detail}");
    let upload = app.send(begin(&ann, 2_000)).await;
    assert_eq!(upload.status, 201);

    // A form says only at its end how long its file is; what it has sent goes again.
    let before = app.objects().await;
    let form = Form::new().file("b.wav", &bytes(3_500));
    app.send(Ask::post("/api/v1/calls").by(&ann).form(form))
        .await
        .is_problem(413, "quota_exceeded");
    assert_eq!(
        app.get(&ann, "/api/v1/calls").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(app.objects().await.len() <= before.len() + 1);

    // So does an upload whose length comes later.
    let deferred = Ask::post("/api/v1/uploads")
        .by(&ann)
        .tus()
        .header("upload-defer-length", 1);
    let deferred = app.send(deferred).await.header("location").to_owned();
    let length = Ask::new("PATCH", &deferred)
        .by(&ann)
        .tus()
        .at(0)
        .header("upload-length", 1_001);
    app.send(length.body(bytes(10)))
        .await
        .is_problem(413, "quota_exceeded");
    let rest = Ask::new("PATCH", &deferred)
        .by(&ann)
        .tus()
        .at(0)
        .body(bytes(1_500));
    app.send(rest).await.is_problem(413, "quota_exceeded");

    assert_eq!(app.send(begin(&bob, 5_000)).await.status, 201);
    let root = app.person("root@example.com", Role::Admin).await;
    let storage = app.get(&root, "/api/v1/storage").await.json();
    assert_eq!(
        (&storage["person_quota_bytes"], &storage["team_quota_bytes"]),
        (&json!(5_000), &Value::Null)
    );
    let shares = app.get(&root, "/api/v1/storage/shares").await.json();
    assert_eq!(shares["people"], json!([{"id": ann.user.id, "bytes": 2_000}]));
}

#[tokio::test]
async fn a_team_has_so_much_room() {
    let app = with_quotas(0, 3_000).await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let team = app.team("team", &[&ann, &bob]).await;
    app.call(&ann, "a.wav", &bytes(2_000)).await;
    let form = || Form::new().file("b.wav", &bytes(1_001));
    let call = |form| Ask::post("/api/v1/calls").by(&bob).form(form);
    app.send(call(form())).await.is_problem(413, "quota_exceeded");
    let upload = app.send(begin(&bob, 1_001)).await.header("location").to_owned();
    let id = upload.rsplit('/').next().unwrap();
    let of_upload = |team: Value| {
        let body = json!({"upload_id": id, "team_id": team, "visibility": "team"});
        Ask::post("/api/v1/calls").by(&bob).json(&body)
    };
    app.send(of_upload(json!(team)))
        .await
        .is_problem(413, "quota_exceeded");

    let dora = app.person("dora@example.com", Role::Rep).await;
    let other = app.call(&dora, "c.wav", &bytes(1_001)).await;
    let member = format!("/api/v1/teams/{team}/members/{}", dora.user.id);
    let root = app.person("root@example.com", Role::Admin).await;
    app.send(Ask::new("PUT", &member).by(&root).json(&json!({})))
        .await;
    let moved = Ask::new("PATCH", &format!("/api/v1/calls/{other}")).by(&dora);
    app.send(moved.json(&json!({"team_id": team})))
        .await
        .is_problem(413, "quota_exceeded");
    let fits = app.call(&bob, "d.wav", &bytes(1_000)).await;
    let shares = app.get(&root, "/api/v1/storage/shares").await.json();
    assert_eq!(shares["teams"], json!([{"id": team, "bytes": 3_000}]));
    // Changing something else about a call of a full team is no matter.
    let renamed = Ask::new("PATCH", &format!("/api/v1/calls/{fits}")).by(&bob);
    let renamed = renamed.json(&json!({"title": "D", "team_id": team}));
    assert_eq!(app.send(renamed).await.status, 200);
}

#[tokio::test]
async fn long_heads_are_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    let long = format!("/api/v1/calls?q={}", "a".repeat(9_000));
    app.get(&ann, &long).await.is_problem(414, "address_too_long");
    let head = Ask::get("/api/v1/me")
        .by(&ann)
        .header("x-long", "a".repeat(33_000));
    app.send(head).await.is_problem(431, "headers_too_large");
    let head = Ask::get("/healthz").header("x-long", "a".repeat(33_000));
    app.send(head).await.is_problem(431, "headers_too_large");
}

#[tokio::test]
async fn deep_and_long_bodies_are_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    let post = |path: &str, body: String| {
        let ask = Ask::post(path)
            .by(&ann)
            .header("content-type", "application/json");
        ask.body(body)
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for path in [
            "/api/v1/tokens",
            "/api/v1/calls",
            "/api/v1/rubrics",
            "/api/v1/trackers",
        ] {
            let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
            let reply = app.send(post(path, deep)).await;
            assert!(
                [400, 403, 413, 422].contains(&reply.status.as_u16()),
                "{path}: {reply:?}"
            );
        }
    }
    let deep = format!(
        "{{\"name\":{}0{},\"scope\":\"read\"}}",
        "[".repeat(1_000),
        "]".repeat(1_000)
    );
    let reply = app.send(post("/api/v1/tokens", deep)).await;
    assert!([400, 422].contains(&reply.status.as_u16()), "{reply:?}");
    let long = format!("{{\"name\":\"{}\"}}", "a".repeat(1_100_000));
    app.send(post("/api/v1/tokens", long))
        .await
        .is_problem(413, "too_large");
}

/// A form of which one thing never ends.
fn endless(person: &Person, beginning: &str, piece: &'static str) -> Ask {
    let first = futures::stream::iter([Bytes::from(beginning.to_owned())]);
    let rest = futures::stream::repeat_with(move || Bytes::from_static(piece.as_bytes()));
    let body = futures::StreamExt::chain(first, rest);
    let body = futures::StreamExt::map(body, Ok::<_, std::io::Error>);
    Ask::post("/api/v1/calls")
        .by(person)
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(Body::from_stream(body))
}

#[tokio::test]
async fn forms_without_end_are_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    for (beginning, piece) in [
        ("", "no boundary in sight "),
        ("--XX\r\n", "x-header: without end\r\n"),
        (
            "--XX\r\nContent-Disposition: form-data; name=\"",
            "name without end ",
        ),
        (
            "--XX\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n",
            "{{{{{{{{",
        ),
        (
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n",
            "more than a megabyte of sound",
        ),
    ] {
        let reply = app.send(endless(&ann, beginning, piece)).await;
        assert!(
            [400, 413].contains(&reply.status.as_u16()),
            "{beginning}: {reply:?}"
        );
    }
    assert!(
        app.get(&ann, "/api/v1/calls").await.json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_named() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    for path in [
        "/calls",
        "/moments",
        "/search?q=a",
        "/people",
        "/teams",
        "/rubrics",
        "/reviews",
        "/reviews.csv",
        "/inbox",
        "/trackers",
        "/comment-templates",
        "/tokens",
        "/sessions",
        "/me",
        "/server",
    ] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let reply = app.get(&ann, &format!("/api/v1{path}{sign}ownr=x")).await;
        reply.is_problem(400, "invalid_request");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("`ownr`"), "{path}: {detail}");
    }
    for path in ["/users", "/audit", "/jobs", "/invitations", "/storage"] {
        let reply = app.get(&root, &format!("/api/v1{path}?ownr=x")).await;
        reply.is_problem(400, "invalid_request");
    }
    let posted = Ask::post("/api/v1/session?x=1").json(&json!({"email": "a@b", "password": "x"}));
    app.send(posted).await.is_problem(400, "invalid_request");
    let helped = app.get(&ann, "/api/v1/rubrics?archved=true").await.json();
    assert!(
        helped["detail"]
            .as_str()
            .unwrap()
            .ends_with("there are: archived, limit, after")
    );
    assert_eq!(app.get(&ann, "/api/v1/calls?").await.status, 200);
    assert_eq!(app.get(&ann, "/api/v1/calls?limit=1").await.status, 200);
}

#[tokio::test]
async fn a_person_has_so_many_tokens() {
    let app = App::new().await;
    let ann = app.ann().await;
    let make = || {
        let body = json!({"name": "script", "scope": "read"});
        Ask::post("/api/v1/tokens").by(&ann).json(&body)
    };
    let mut last = Value::Null;
    for _ in 0..99 {
        let reply = app.send(make()).await;
        assert_eq!(reply.status, 201);
        last = reply.json()["id"].clone();
    }
    app.send(make()).await.is_problem(409, "conflict");
    let path = format!("/api/v1/tokens/{}", last.as_str().unwrap());
    app.send(Ask::new("DELETE", &path).by(&ann)).await;
    assert_eq!(app.send(make()).await.status, 201);
}
