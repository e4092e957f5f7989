//! All routes, as the document lists them, against everybody who might come along.

use gametape_api::{ApiConfig, PUBLIC_ROUTES, RequestRates, openapi};
use gametape_core::{
    id::{
        CallId, CommentId, CriterionId, EditId, EvidenceId, InvitationId, MomentId, ReviewId, RubricId,
        SegmentId, SessionId, TeamId, TemplateId, TokenId, TrackerId, UploadId, UserId,
    },
    user::{Role, Scope},
};
use serde_json::{Value, json};

use crate::support::{App, Ask, NOW_MS, Reply};

/// Methods and paths of the whole interface, with ids filled in.
fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    let user_id = UserId::new(NOW_MS).to_string();
    for (path, item) in document["paths"].as_object().unwrap() {
        let id = match path.as_str() {
            path if path.contains("/calls/") => CallId::new(NOW_MS).to_string(),
            path if path.contains("/uploads/") => UploadId::new(NOW_MS).to_string(),
            path if path.contains("/moments/") => MomentId::new(NOW_MS).to_string(),
            path if path.contains("/trackers/") => TrackerId::new(NOW_MS).to_string(),
            path if path.contains("/tokens/") => TokenId::new(NOW_MS).to_string(),
            path if path.contains("/teams/") => TeamId::new(NOW_MS).to_string(),
            path if path.contains("/sessions/") => SessionId::new(NOW_MS).to_string(),
            path if path.contains("/invitations/") => InvitationId::new(NOW_MS).to_string(),
            path if path.contains("/comments/") => CommentId::new(NOW_MS).to_string(),
            path if path.contains("/comment-templates/") => TemplateId::new(NOW_MS).to_string(),
            path if path.contains("/rubrics/") => RubricId::new(NOW_MS).to_string(),
            path if path.contains("/reviews/") => ReviewId::new(NOW_MS).to_string(),
            _ => UserId::new(NOW_MS).to_string(),
        };
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let path = path
                .replace("{id}", &id)
                .replace("{user_id}", &user_id)
                .replace("{segment_id}", SegmentId::new(NOW_MS).as_str())
                .replace("{edit_id}", EditId::new(NOW_MS).as_str())
                .replace("{reaction}", "%F0%9F%91%8D")
                .replace("{criterion_id}", CriterionId::new(NOW_MS).as_str())
                .replace("{evidence_id}", EvidenceId::new(NOW_MS).as_str())
                .replace("{version}", "1");
            routes.push((method.clone(), path));
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}

fn is_public(method: &str, path: &str) -> bool {
    PUBLIC_ROUTES.contains(&(method, path))
}

#[tokio::test]
async fn nobody_gets_in_without_credentials() {
    // One address asks for everything here, five times.
    let app = App::with(ApiConfig {
        rates: RequestRates {
            address: 0,
            ..RequestRates::default()
        },
        ..ApiConfig::default()
    })
    .await;
    for (method, path) in routes() {
        let wrong_token = format!("gt_{}", "A".repeat(43));
        for ask in [
            Ask::new(&method, &path),
            Ask::new(&method, &path).bearer(&wrong_token),
            Ask::new(&method, &path).bearer(""),
            Ask::new(&method, &path).header("authorization", "Basic YTpi"),
            Ask::new(&method, &path).header("cookie", "gametape_session=AAAA"),
        ] {
            let reply = app.send(ask).await;
            if is_public(&method, &path) {
                assert_ne!(reply.status, 401, "{method} {path}");
            } else if method == "head" {
                assert_eq!(reply.status, 401, "{method} {path}");
            } else {
                reply.is_problem(401, "unauthenticated");
            }
        }
    }
}

#[tokio::test]
async fn public_routes_are_there() {
    let app = App::new().await;
    for (method, path) in PUBLIC_ROUTES {
        let reply = app.send(Ask::new(method, path)).await;
        assert!(
            ![401, 403, 404, 405].contains(&reply.status.as_u16()),
            "{method} {path}: {reply:?}"
        );
    }
    let documented = routes();
    let outside = ["/healthz", "/readyz", "/api/docs/", "/api/openapi.json"];
    for (method, path) in PUBLIC_ROUTES.iter().filter(|(_, path)| !outside.contains(path)) {
        assert!(
            documented.contains(&((*method).to_owned(), (*path).to_owned())),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn scopes_and_roles_limit_what_is_done() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let reader = app.token(&root.user, Scope::Read).await;
    let writer = app.token(&root.user, Scope::Write).await;
    for (method, path) in routes()
        .into_iter()
        .filter(|(method, path)| !is_public(method, path))
    {
        let safe = ["get", "head", "options"].contains(&method.as_str());
        let for_admins = ["/v1/users", "/v1/jobs", "/v1/audit", "/v1/invitations"]
            .iter()
            .any(|prefix| path.contains(prefix))
            || (path.contains("/v1/teams") && !safe);
        if !safe {
            app.send(Ask::new(&method, &path).bearer(&reader))
                .await
                .is_problem(403, "insufficient_scope");
        }
        if for_admins {
            app.send(Ask::new(&method, &path).bearer(&writer))
                .await
                .is_problem(403, "insufficient_scope");
            app.send(Ask::new(&method, &path).by(&ann))
                .await
                .is_problem(403, "forbidden");
        }
    }
}

/// A body that a route takes, so that the answer tells about the call and not about the body.
fn body_for(method: &str, path: &str) -> Option<Value> {
    match (method, path.rsplit('/').next().unwrap()) {
        ("put", "speakers") => Some(json!([{"role": "rep", "name": "A"}, {"role": "customer", "name": "B"}])),
        ("put", "hold") => Some(json!({"reason": "library"})),
        ("put", "priority") => Some(json!({"priority": "high"})),
        ("post", "retranscribe" | "reviews") => Some(json!({})),
        ("post", "comments") => Some(json!({"body": "Well done."})),
        ("post", "review-requests") => Some(json!({"user_id": UserId::new(1)})),
        ("patch", id) if id.starts_with("seg_") => Some(json!({"text": "mine now"})),
        ("patch", id) if id.starts_with("call_") => Some(json!({"title": "mine now"})),
        _ => None,
    }
}

#[tokio::test]
async fn other_peoples_calls_are_as_good_as_missing() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let coach = app.person("coach@example.com", Role::Coach).await;
    let root = app.person("root@example.com", Role::Admin).await;
    let call = app.call(&ann, "a.wav", b"not really a wav file").await;

    let mut walked = 0;
    for (method, path) in routes()
        .into_iter()
        .filter(|(_, path)| path.contains("/calls/call_"))
    {
        let (head, tail) = path.split_at(path.find("call_").unwrap());
        let tail = tail
            .split_once('/')
            .map_or(String::new(), |(_, rest)| format!("/{rest}"));
        let mut path = format!("{head}{call}{tail}");
        if path.ends_with("/clip") {
            path.push_str("?start_ms=0&end_ms=10");
        }
        let ask = |token: &str| {
            let ask = Ask::new(&method, &path).bearer(token);
            match body_for(&method, &path) {
                Some(body) => ask.json(&body),
                None => ask,
            }
        };
        for stranger in [&bob, &coach] {
            app.send(ask(&stranger.token)).await.is_problem(404, "not_found");
        }
        if method == "get" && !path.ends_with("/events") {
            let reply: Reply = app.send(ask(&root.token)).await;
            assert_ne!(reply.status, 404, "{path}");
        }
        walked += 1;
    }
    assert!(walked > 12, "{walked}");
    assert_eq!(app.get(&bob, "/api/v1/calls").await.json()["items"], json!([]));
    assert_eq!(app.get(&coach, "/api/v1/calls").await.json()["items"], json!([]));
    assert_eq!(
        app.get(&root, "/api/v1/calls").await.json()["items"][0]["id"],
        call.as_str()
    );
    assert_eq!(
        app.get(&ann, &format!("/api/v1/calls/{call}")).await.json()["title"],
        "a.wav"
    );
}

#[test]
fn the_document_is_complete() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{method} {path}"));
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["responses"]["default"].is_object(), "{id}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{id}");
        }
    }
    // Every schema that is referred to is there.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
