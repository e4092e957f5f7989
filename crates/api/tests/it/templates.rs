//! Templates for comments.

use gametape_core::{id::TemplateId, user::Role};
use serde_json::{Value, json};

use crate::support::{App, Ask, NOW_MS, Person};

const PATH: &str = "/api/v1/comment-templates";

fn path_of(template: &Value) -> String {
    format!("{PATH}/{}", template["id"].as_str().unwrap())
}

#[tokio::test]
async fn templates_are_made_shared_changed_and_deleted() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let coach = app.person("coach@example.com", Role::Coach).await;
    let ask = |method: &str, path: &str, who: &Person, body: Value| {
        let ask = Ask::new(method, path).by(who);
        let body = Some(body).filter(|body| !body.is_null());
        let ask = match body {
            Some(body) => ask.json(&body),
            None => ask,
        };
        app.send(ask)
    };
    let own = ask(
        "POST",
        PATH,
        &ann,
        json!({"title": "Open", "kind": "praise", "body": "Good question."}),
    )
    .await;
    assert_eq!((own.status.as_u16(), own.header("etag")), (201, "\"1\""));
    let own = own.json();
    ask(
        "POST",
        PATH,
        &ann,
        json!({"title": "All", "body": "x", "shared": true}),
    )
    .await
    .is_problem(403, "forbidden");
    app.clock.advance_ms(1);
    let shared = ask(
        "POST",
        PATH,
        &coach,
        json!({"title": "All", "impact": "x", "shared": true}),
    )
    .await
    .json();
    for odd in [
        json!({"title": "", "body": "x"}),
        json!({"title": "t"}),
        json!({"title": "t", "body": "\u{0}"}),
    ] {
        ask("POST", PATH, &ann, odd)
            .await
            .is_problem(422, "invalid_value");
    }
    for (who, expected) in [(&ann, json!([own, shared])), (&bob, json!([shared]))] {
        assert_eq!(app.get(who, PATH).await.json()["items"], expected);
    }

    // Another's own is not there; a shared one is, but for coaches to change.
    for (method, body) in [("PATCH", json!({"title": "x"})), ("DELETE", Value::Null)] {
        ask(method, &path_of(&own), &bob, body.clone())
            .await
            .is_problem(404, "not_found");
        ask(method, &path_of(&own), &coach, body.clone())
            .await
            .is_problem(404, "not_found");
        ask(method, &path_of(&shared), &bob, body.clone())
            .await
            .is_problem(403, "forbidden");
        let unknown = format!("{PATH}/{}", TemplateId::new(NOW_MS));
        ask(method, &unknown, &bob, body)
            .await
            .is_problem(404, "not_found");
    }
    ask("PATCH", &path_of(&own), &ann, json!({"shared": true}))
        .await
        .is_problem(403, "forbidden");
    let changed = ask(
        "PATCH",
        &path_of(&own),
        &ann,
        json!({"body": "Good!", "situation": "S"}),
    )
    .await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(
        (
            &changed.json()["title"],
            &changed.json()["body"],
            &changed.json()["situation"]
        ),
        (&json!("Open"), &json!("Good!"), &json!("S"))
    );
    let late = Ask::new("PATCH", &path_of(&own))
        .by(&ann)
        .header("if-match", "\"1\"");
    app.send(late.json(&json!({"body": "Late"})))
        .await
        .is_problem(412, "precondition_failed");
    assert_eq!(ask("DELETE", &path_of(&own), &ann, Value::Null).await.status, 204);
    assert_eq!(app.get(&ann, PATH).await.json()["items"], json!([shared]));
}
