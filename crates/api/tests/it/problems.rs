//! What goes wrong, and how it is said.

use serde_json::json;

use crate::support::{App, Ask, Reply};

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let app = App::new().await;
    let ann = app.ann().await;
    for path in [
        "/nothing",
        "/api",
        "/api/v2/calls",
        "/api/v1/nothing",
        "/api/v1/calls/x/y/z",
    ] {
        let reply = app.get(&ann, path).await;
        if path == "/api" {
            assert_eq!(reply.status, 303);
        } else {
            reply.is_problem(404, "not_found");
        }
    }
    app.send(Ask::new("PUT", "/api/v1/calls").by(&ann))
        .await
        .is_problem(405, "method_not_allowed");
    app.send(Ask::post("/healthz"))
        .await
        .is_problem(405, "method_not_allowed");
    app.get(&ann, "/api/v1/calls/no-id")
        .await
        .is_problem(404, "not_found");
    app.get(&ann, "/api/v1/calls/%2e%2e%2f")
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn bodies_and_queries_that_make_no_sense_are_explained() {
    let app = App::new().await;
    let ann = app.ann().await;
    let post = || Ask::post("/api/v1/tokens").by(&ann);
    let json_type = |ask: Ask| ask.header("content-type", "application/json");
    app.send(json_type(post()).body("{"))
        .await
        .is_problem(400, "invalid_request");
    app.send(json_type(post()).body("{}"))
        .await
        .is_problem(422, "invalid_value");
    app.send(post().body("{}"))
        .await
        .is_problem(415, "unsupported_media_type");
    let extra = json!({"name": "x", "scope": "read", "extra": 1});
    app.send(post().json(&extra))
        .await
        .is_problem(422, "invalid_value");
    let huge = json!({"name": "x".repeat(3_000_000), "scope": "read"});
    app.send(post().json(&huge)).await.is_problem(413, "too_large");
    for query in ["limit=x", "state=nonsense", "after=%21", "owner=me"] {
        let reply = app.get(&ann, &format!("/api/v1/calls?{query}")).await;
        reply.is_problem(400, "invalid_request");
    }
    for query in ["limit=0", "limit=201"] {
        app.get(&ann, &format!("/api/v1/calls?{query}"))
            .await
            .is_problem(422, "invalid_value");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_without_our_types() {
    let app = App::new().await;
    let ann = app.ann().await;
    let post = |body: &'static str| {
        let ask = Ask::post("/api/v1/tokens").by(&ann);
        ask.header("content-type", "application/json").body(body)
    };
    let detail = |reply: &Reply| reply.json()["detail"].as_str().unwrap().to_owned();
    let scope = app.send(post(r#"{"name": "x", "scope": "all"}"#)).await;
    assert!(
        detail(&scope).starts_with("scope: unknown variant `all`"),
        "{}",
        detail(&scope)
    );
    let cut = app.send(post("{")).await;
    assert!(
        detail(&cut).starts_with("the body is no JSON: EOF"),
        "{}",
        detail(&cut)
    );
    let state = app.get(&ann, "/api/v1/calls?state=nonsense").await;
    assert!(
        detail(&state).starts_with("state: unknown variant `nonsense`"),
        "{}",
        detail(&state)
    );
    for reply in [scope, cut, state] {
        assert!(!reply.text().contains("eserialize"), "{}", reply.text());
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_is_guarded() {
    let app = App::new().await;
    let reply = app
        .send(Ask::get("/healthz").header("x-request-id", "abc-123"))
        .await;
    assert_eq!(reply.header("x-request-id"), "abc-123");
    let forged = app
        .send(Ask::get("/nothing").header("x-request-id", "a b\""))
        .await;
    assert_eq!(forged.header("x-request-id").len(), 24);
    forged.is_problem(404, "not_found");

    let ann = app.ann().await;
    let reply = app.get(&ann, "/api/v1/me").await;
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(
        reply
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    let docs = app.send(Ask::get("/api/docs/")).await;
    assert_eq!(docs.status, 200);
    assert!(
        docs.header("content-security-policy").contains("script-src")
            || docs.header("content-security-policy").contains("'self'")
    );
}

#[tokio::test]
async fn what_fails_inside_is_not_told_outside() {
    let app = App::new().await;
    let ann = app.ann().await;
    app.store.close().await;
    let reply = app.get(&ann, "/api/v1/calls").await;
    reply.is_problem(503, "unavailable");
    assert_eq!(reply.header("retry-after"), "5");
    assert!(
        !reply.text().contains("sqlx") && !reply.text().contains("pool"),
        "{}",
        reply.text()
    );
}
