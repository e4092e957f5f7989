//! Trackers over HTTP.

use gametape_core::user::Role;
use serde_json::json;

use crate::support::{App, Ask};

#[tokio::test]
async fn coaches_keep_trackers_and_everybody_reads_them() {
    let app = App::new().await;
    let (ann, coach) = (
        app.ann().await,
        app.person("coach@example.com", Role::Coach).await,
    );
    let defaults = app.get(&ann, "/api/v1/trackers").await.json()["items"]
        .as_array()
        .unwrap()
        .len();
    assert!(defaults >= 8);
    let body = json!({"title": "Fruit", "phrases": [" apple ", "pear*"], "speaker_role": "customer"});
    app.send(Ask::post("/api/v1/trackers").by(&ann).json(&body))
        .await
        .is_problem(403, "forbidden");
    let made = app
        .send(Ask::post("/api/v1/trackers").by(&coach).json(&body))
        .await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"1\""));
    let tracker = made.json();
    assert_eq!(tracker["phrases"], json!(["apple", "pear*"]));
    assert_eq!(
        (&tracker["speaker_role"], &tracker["enabled"]),
        (&json!("customer"), &json!(true))
    );
    let path = format!("/api/v1/trackers/{}", tracker["id"].as_str().unwrap());
    assert_eq!(app.get(&ann, &path).await.json(), tracker);

    let change = json!({"speaker_role": null, "enabled": false});
    app.send(Ask::new("PATCH", &path).by(&ann).json(&change))
        .await
        .is_problem(403, "forbidden");
    let changed = app
        .send(
            Ask::new("PATCH", &path)
                .by(&coach)
                .header("if-match", "\"1\"")
                .json(&change),
        )
        .await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["speaker_role"], json!(null));
    assert_eq!(changed.json()["enabled"], false);
    for method in ["PATCH", "DELETE"] {
        let stale = Ask::new(method, &path)
            .by(&coach)
            .header("if-match", "\"1\"")
            .json(&json!({}));
        app.send(stale).await.is_problem(412, "precondition_failed");
    }
    app.send(Ask::new("DELETE", &path).by(&ann))
        .await
        .is_problem(403, "forbidden");
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&coach)).await.status, 204);
    app.get(&ann, &path).await.is_problem(404, "not_found");
    app.send(Ask::new("DELETE", &path).by(&ann))
        .await
        .is_problem(404, "not_found");
    app.get(&ann, &format!("{path}/hits"))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused() {
    let app = App::new().await;
    let coach = app.person("coach@example.com", Role::Coach).await;
    let long = "a".repeat(101);
    for body in [
        json!({"title": "", "phrases": ["a"]}),
        json!({"title": "x", "phrases": []}),
        json!({"title": "x", "phrases": ["*"]}),
        json!({"title": "x", "phrases": [""]}),
        json!({"title": "x", "phrases": ["a\u{0}"]}),
        json!({"title": "x", "phrases": [long]}),
        json!({"title": "x", "phrases": vec!["a"; 201]}),
        json!({"title": "x", "phrases": ["a"], "speaker_role": "boss"}),
        json!({"title": "x", "phrases": ["a"], "more": 1}),
    ] {
        let reply = app
            .send(Ask::post("/api/v1/trackers").by(&coach).json(&body))
            .await;
        reply.is_problem(422, "invalid_value");
    }
}

#[tokio::test]
async fn hits_are_for_those_who_see_the_call() {
    let app = App::new().await;
    let (ann, coach) = (
        app.ann().await,
        app.person("coach@example.com", Role::Coach).await,
    );
    let body = json!({"title": "Fruit", "phrases": ["an apple"]});
    let tracker = app
        .send(Ask::post("/api/v1/trackers").by(&coach).json(&body))
        .await
        .json();
    let id = tracker["id"].as_str().unwrap();
    let call = app.call(&ann, "a.wav", b"bytes").await;
    app.finish(&call, 10_000, &[(0, 1_000, 2_000, "An apple.")]).await;

    let of_call = format!("/api/v1/calls/{call}/tracker-hits");
    let hits = app.get(&ann, &of_call).await.json();
    let hit = hits["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["tracker_id"] == id)
        .unwrap();
    assert_eq!(
        (&hit["start_ms"], &hit["end_ms"], &hit["phrase"]),
        (&json!(1_000), &json!(2_000), &json!("an apple"))
    );
    assert_eq!(hit["url"], format!("/calls/{call}?t=1.000,2.000"));
    app.get(&coach, &of_call).await.is_problem(404, "not_found");

    let of_tracker = format!("/api/v1/trackers/{id}/hits");
    let hits = app.get(&ann, &of_tracker).await.json();
    assert_eq!(
        (&hits["items"][0]["text"], &hits["items"][0]["call"]["id"]),
        (&json!("An apple."), &json!(call))
    );
    assert_eq!(app.get(&coach, &of_tracker).await.json()["items"], json!([]));
}
