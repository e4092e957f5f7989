//! Requests that are sent again.

use gametape_core::user::Role;
use serde_json::json;

use crate::support::{App, Ask, Person, Reply};

async fn post(app: &App, person: &Person, key: &str, path: &str, body: &serde_json::Value) -> Reply {
    let ask = Ask::post(path)
        .by(person)
        .header("idempotency-key", key)
        .json(body);
    app.send(ask).await
}

async fn users(app: &App, admin: &Person) -> usize {
    let list = app.get(admin, "/api/v1/users").await.json();
    list["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_retried_request_does_not_double() {
    let app = App::new().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let new = json!({"email": "bob@example.com", "name": "Bob", "role": "rep", "password": "long enough 1"});
    let first = post(&app, &root, "k1", "/api/v1/users", &new).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = post(&app, &root, "k1", "/api/v1/users", &new).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(users(&app, &root).await, 2);
    // Without the key it is done again, and fails honestly.
    app.send(Ask::post("/api/v1/users").by(&root).json(&new))
        .await
        .is_problem(409, "conflict");
    let other =
        json!({"email": "eve@example.com", "name": "Eve", "role": "rep", "password": "long enough 1"});
    post(&app, &root, "k1", "/api/v1/users", &other)
        .await
        .is_problem(422, "invalid_value");
    assert_eq!(users(&app, &root).await, 2);
}

#[tokio::test]
async fn a_request_that_failed_may_be_mended_under_its_key() {
    let app = App::new().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let bad = json!({"email": "no address", "name": "Bob", "role": "rep", "password": "long enough 1"});
    post(&app, &root, "k", "/api/v1/users", &bad)
        .await
        .is_problem(422, "invalid_value");
    let good = json!({"email": "bob@example.com", "name": "Bob", "role": "rep", "password": "long enough 1"});
    assert_eq!(post(&app, &root, "k", "/api/v1/users", &good).await.status, 201);
    for key in ["", &"x".repeat(256)] {
        post(&app, &root, key, "/api/v1/users", &good)
            .await
            .is_problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn secrets_are_not_kept_to_be_shown_again() {
    let app = App::new().await;
    let ann = app.ann().await;
    let body = json!({"name": "script", "scope": "read"});
    let first = post(&app, &ann, "k", "/api/v1/tokens", &body).await;
    assert!(first.json()["token"].as_str().unwrap().starts_with("gt_"));
    post(&app, &ann, "k", "/api/v1/tokens", &body)
        .await
        .is_problem(409, "conflict");
    let tokens = app.get(&ann, "/api/v1/tokens").await.json();
    assert_eq!(
        tokens["items"].as_array().unwrap().len(),
        2,
        "that of the test, and one more"
    );
}
