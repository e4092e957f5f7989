//! Searching over HTTP.

use gametape_core::user::Role;
use serde_json::{Value, json};

use crate::support::App;

#[tokio::test]
async fn excerpts_are_marked_and_lead_to_the_second() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "price talk.wav", b"bytes").await;
    app.finish(
        &call,
        10_000,
        &[
            (0, 0, 2_000, "Our price is fair."),
            (1, 2_000, 4_000, "The price?"),
        ],
    )
    .await;
    let find = async |query: &str| {
        let reply = app.get(&ann, &format!("/api/v1/search?{query}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["items"].as_array().unwrap().clone()
    };
    let hits = find("q=price").await;
    let kinds: Vec<&Value> = hits.iter().map(|hit| &hit["kind"]).collect();
    assert_eq!(kinds, ["title", "segment", "segment"]);
    assert_eq!(hits[0]["url"], format!("/calls/{call}"));
    assert_eq!(hits[1]["url"], format!("/calls/{call}?t=0.000,2.000"));
    assert_eq!(
        (&hits[1]["speaker_role"], &hits[2]["speaker_role"]),
        (&json!("rep"), &json!("customer"))
    );
    assert_eq!(
        hits[1]["excerpt"],
        json!([
            {"text": "Our ", "match": false}, {"text": "price", "match": true}, {"text": " is fair.", "match": false}
        ])
    );
    assert_eq!(hits[1]["call"]["id"], call.as_str());
    assert_eq!(find("q=price&role=customer").await, hits[2..]);
    assert_eq!(find("q=price&kind=title").await, hits[..1]);
    assert_eq!(find("q=price%20-fair&kind=segment").await, hits[2..]);
    assert!(
        find(&format!("q=price&rep={}&until=5", ann.user.id))
            .await
            .is_empty()
    );

    let page = app.get(&ann, "/api/v1/search?q=price&limit=2").await.json();
    let after = page["next"].as_str().unwrap();
    let rest = app
        .get(&ann, &format!("/api/v1/search?q=price&after={after}"))
        .await
        .json();
    assert_eq!((&rest["items"], &rest["next"]), (&json!(hits[2..]), &Value::Null));
}

#[tokio::test]
async fn nobody_finds_what_they_do_not_see() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Coach).await);
    let call = app.call(&ann, "secret.wav", b"bytes").await;
    app.finish(&call, 10_000, &[(0, 0, 2_000, "A secret.")]).await;
    let count = async |person| {
        let reply = app.get(person, "/api/v1/search?q=secret").await;
        reply.json()["items"].as_array().unwrap().len()
    };
    assert_eq!((count(&ann).await, count(&bob).await), (2, 0));
}

#[tokio::test]
async fn odd_queries_are_answered_or_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    for query in ["", "q=", "q=%22%22", "q=-a", "q=%E2%80%A6"] {
        let reply = app.get(&ann, &format!("/api/v1/search?{query}")).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{query}: {reply:?}");
    }
    let long = "a".repeat(201);
    let many = "a%20".repeat(40);
    for query in [long.as_str(), many.as_str()] {
        let reply = app.get(&ann, &format!("/api/v1/search?q={query}")).await;
        reply.is_problem(422, "invalid_value");
    }
    for query in [
        "a%00b",
        "%27%20OR%201%3D1",
        "%22%22a*%22",
        "AND",
        "NOT%20a",
        "NEAR(a%20b)",
        "words%3Aa",
        "a%3A*%20%26%20!b",
        "%5C",
        "a%5C%27",
    ] {
        let reply = app.get(&ann, &format!("/api/v1/search?q={query}")).await;
        let fine = reply.status == 200 || query == "%5C";
        assert!(fine, "{query}: {reply:?}");
    }
}
