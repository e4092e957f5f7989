//! Rubrics: drafted, published, archived.

use gametape_core::{rubric::default_rubric_id, user::Role};
use serde_json::{Value, json};

use crate::support::{App, Ask, Person, Reply};

async fn post(app: &App, person: &Person, path: &str, body: Value) -> Reply {
    app.send(Ask::post(path).by(person).json(&body)).await
}

async fn patch(app: &App, person: &Person, path: &str, body: Value) -> Reply {
    app.send(Ask::new("PATCH", path).by(person).json(&body)).await
}

/// A criterion that is complete, on the scale yes or no.
fn yes_no(title: &str) -> Value {
    json!({
        "title": title, "scale": "yes_no", "evidence_required": false,
        "levels": [
            {"value": 0, "label": "No", "description": "It is not heard."},
            {"value": 1, "label": "Yes", "description": "It is heard."},
        ],
    })
}

#[tokio::test]
async fn the_default_rubric_is_ready_to_use() {
    let app = App::new().await;
    let ann = app.ann().await;
    let rubrics = app.get(&ann, "/api/v1/rubrics").await.json();
    assert_eq!(rubrics["items"].as_array().unwrap().len(), 1);
    assert_eq!(rubrics["items"][0]["current_version"], 1);
    let path = format!("/api/v1/rubrics/{}", default_rubric_id());
    let rubric = app.get(&ann, &path).await;
    assert_eq!(
        (rubric.header("etag"), &rubric.json()["draft"]),
        ("\"1\"", &json!(null))
    );
    let version = app.get(&ann, &format!("{path}/versions/1")).await.json();
    let criteria = version["criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), 5);
    for criterion in criteria {
        assert_eq!(criterion["scale"], "1-5");
        assert_eq!(criterion["evidence_required"], true);
        let values: Vec<_> = criterion["levels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["value"])
            .collect();
        assert_eq!(values, [1, 2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn a_coach_drafts_and_publishes() {
    let app = App::new().await;
    let coach = app.person("coach@example.com", Role::Coach).await;
    let body = json!({"title": " Cold calls ", "draft": {"criteria": [{"title": "", "scale": "yes_no"}]}});
    let made = post(&app, &coach, "/api/v1/rubrics", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let rubric = made.json();
    assert_eq!(
        (&rubric["title"], &rubric["current_version"]),
        (&json!("Cold calls"), &json!(null))
    );
    assert!(!rubric["flaws"].as_array().unwrap().is_empty());
    let path = format!("/api/v1/rubrics/{}", rubric["id"].as_str().unwrap());
    let refused = app.send(Ask::post(&format!("{path}/publish")).by(&coach)).await;
    refused.is_problem(422, "incomplete");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("its title is empty") && detail.contains("from 0 to 1"),
        "{detail}"
    );

    let body = json!({"draft": {"criteria": [yes_no("Opening"), yes_no("Close")]}, "description": "a\nb"});
    let changed = patch(&app, &coach, &path, body).await.json();
    assert_eq!(
        (&changed["flaws"], &changed["description"]),
        (&json!([]), &json!("a\nb"))
    );
    let id = &changed["draft"]["criteria"][0]["id"];
    let published = app.send(Ask::post(&format!("{path}/publish")).by(&coach)).await;
    assert_eq!(published.status, 200, "{published:?}");
    assert_eq!(published.json()["current_version"], 1);
    app.send(Ask::post(&format!("{path}/publish")).by(&coach))
        .await
        .is_problem(409, "conflict");

    // The criterion stays the same one when it is sent back with its id.
    let mut again = yes_no("The opening");
    again["id"] = id.clone();
    let body = json!({"draft": {"criteria": [again, yes_no("Another")]}, "title": "Warm calls"});
    let changed = patch(&app, &coach, &path, body).await.json();
    assert_eq!(&changed["draft"]["criteria"][0]["id"], id);
    assert_ne!(&changed["draft"]["criteria"][1]["id"], id);
    app.send(Ask::post(&format!("{path}/publish")).by(&coach)).await;
    let versions = app.get(&coach, &format!("{path}/versions")).await.json();
    let titles: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["title"])
        .collect();
    assert_eq!(titles, ["Warm calls", "Cold calls"]);
    let first = app.get(&coach, &format!("{path}/versions/1")).await.json();
    assert_eq!(first["criteria"][0]["title"], "Opening");
    for missing in ["3", "0", "x", "99999999999999999999"] {
        app.get(&coach, &format!("{path}/versions/{missing}"))
            .await
            .is_problem(404, "not_found");
    }

    let body = json!({"draft": {"criteria": []}});
    patch(&app, &coach, &path, body).await;
    let thrown = patch(&app, &coach, &path, json!({"draft": null})).await.json();
    assert_eq!(
        (&thrown["draft"], &thrown["has_draft"]),
        (&json!(null), &json!(false))
    );
    let archived = app
        .send(Ask::post(&format!("{path}/archive")).by(&coach))
        .await
        .json();
    assert!(archived["archived_at"].is_i64());
    let list = async |query: &str| {
        let list = app.get(&coach, &format!("/api/v1/rubrics{query}")).await.json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((list("").await, list("?archived=true").await), (1, 1));
    app.send(Ask::post(&format!("{path}/unarchive")).by(&coach)).await;
    assert_eq!((list("").await, list("?archived=true").await), (2, 0));
}

#[tokio::test]
async fn only_coaches_and_administrators_set_standards() {
    let app = App::new().await;
    let ann = app.ann().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let path = format!("/api/v1/rubrics/{}", default_rubric_id());
    post(&app, &ann, "/api/v1/rubrics", json!({"title": "Mine"}))
        .await
        .is_problem(403, "forbidden");
    patch(&app, &ann, &path, json!({"title": "Mine"}))
        .await
        .is_problem(403, "forbidden");
    for step in ["publish", "archive", "unarchive"] {
        app.send(Ask::post(&format!("{path}/{step}")).by(&ann))
            .await
            .is_problem(403, "forbidden");
    }
    let stale = Ask::new("PATCH", &path).by(&root).header("if-match", "\"7\"");
    app.send(stale.json(&json!({"title": "Ours"})))
        .await
        .is_problem(412, "precondition_failed");
    let known = Ask::new("PATCH", &path).by(&root).header("if-match", "\"1\"");
    let changed = app.send(known.json(&json!({"title": "Ours"}))).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
}

#[tokio::test]
async fn what_keeps_no_bounds_is_refused() {
    let app = App::new().await;
    let coach = app.person("coach@example.com", Role::Coach).await;
    let with = |field: &str, value: Value| {
        let mut criterion = yes_no("One");
        criterion[field] = value;
        json!({"title": "Mine", "draft": {"criteria": [criterion]}})
    };
    let level = |value: i64| json!([{"value": value, "label": "", "description": ""}]);
    let many: Vec<Value> = (0..31).map(|_| yes_no("x")).collect();
    for body in [
        json!({"title": ""}),
        json!({"title": "a\u{0}b"}),
        json!({"title": "Mine", "description": "x".repeat(2_001)}),
        json!({"title": "Mine", "draft": {"criteria": many}}),
        json!({"title": "Mine", "draft": {}}),
        json!({"title": "Mine", "rank": 1}),
        with("title", json!("x".repeat(121))),
        with("title", json!("a\nb")),
        with("guidance", json!("\u{0}")),
        with("guidance", json!("x".repeat(4_001))),
        with("scale", json!("1-10")),
        with("weight", json!(-1)),
        with("weight", json!(1_001)),
        with("weight", json!(1.5)),
        with("weight", json!(i64::MAX)),
        with("id", json!("crit_x")),
        with("cap", json!({"at_or_below": i64::MIN, "result_permille": 0})),
        with("cap", json!({"at_or_below": 0, "result_permille": 1_001})),
        with("levels", level(6)),
        with("levels", level(-1)),
        with("levels", json!(vec![level(1)[0].clone(); 6])),
    ] {
        post(&app, &coach, "/api/v1/rubrics", body)
            .await
            .is_problem(422, "invalid_value");
    }
    assert_eq!(
        app.get(&coach, "/api/v1/rubrics").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
