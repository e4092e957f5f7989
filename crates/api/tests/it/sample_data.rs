//! The sample workspace, and how much room all of it takes.

use gametape_api::Samples;
use gametape_core::user::Role;
use serde_json::{Value, json};

use crate::support::{App, Ask, Person, bytes};

const PATH: &str = "/api/v1/sample-data";

async fn ask(app: &App, person: &Person, method: &str) -> Value {
    let reply = app.send(Ask::new(method, PATH).by(person)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

async fn items(app: &App, person: &Person, path: &str) -> Vec<Value> {
    let list = app.get(person, &format!("/api/v1{path}")).await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn samples_come_alive_and_go_without_a_trace() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let own = app.call(&ann, "a.wav", &bytes(10)).await;
    assert_eq!(
        ask(&app, &root, "GET").await,
        json!({"loaded": false, "available": true})
    );
    for _ in 0..2 {
        assert_eq!(
            ask(&app, &root, "POST").await,
            json!({"loaded": true, "available": true})
        );
        let calls = items(&app, &root, "/calls").await;
        assert_eq!(calls.len(), 4);
    }
    // Everybody sees them, and what was shown of their reviews.
    let calls = items(&app, &ann, "/calls").await;
    assert_eq!(calls.len(), 4);
    let (mut comments, mut reviews) = (0, 0);
    for call in &calls {
        let id = call["id"].as_str().unwrap();
        comments += items(&app, &ann, &format!("/calls/{id}/comments")).await.len();
        reviews += items(&app, &ann, &format!("/calls/{id}/reviews")).await.len();
    }
    assert_eq!((comments, reviews), (13, 3));
    assert_eq!(items(&app, &ann, "/people").await.len(), 5);
    // Nobody signs in as one of them.
    let login = json!({"email": "ana@demo.example", "password": "gametape-demo"});
    let login = app.send(Ask::post("/api/v1/session").json(&login)).await;
    assert_eq!(login.status, 401, "{login:?}");

    for _ in 0..2 {
        assert_eq!(
            ask(&app, &root, "DELETE").await,
            json!({"loaded": false, "available": true})
        );
        let calls = items(&app, &root, "/calls").await;
        assert_eq!((calls.len(), &calls[0]["id"]), (1, &json!(own)));
        assert_eq!(items(&app, &root, "/people").await.len(), 2);
        assert!(items(&app, &root, "/teams").await.is_empty());
    }
    assert_eq!(ask(&app, &root, "POST").await["loaded"], true);
    let audit = items(&app, &root, "/audit").await;
    let of_samples = audit.iter().filter(|entry| entry["target_id"] == "samples");
    assert_eq!(of_samples.count(), 5);
}

#[tokio::test]
async fn what_sample_people_upload_themselves_is_no_sample() {
    let app = App::new().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let ana = app.person("ana@demo.example", Role::Rep).await;
    let own = app.call(&ana, "a.wav", &bytes(10)).await;
    assert_eq!(ask(&app, &root, "POST").await["loaded"], true);
    assert_eq!(items(&app, &ana, "/calls").await.len(), 4);
    let samples = Samples::embedded().unwrap().calls(&app.store).await.unwrap();
    assert_eq!(samples.len(), 3);
    assert!(samples.iter().all(|call| call.id != own));
}

#[tokio::test]
async fn administrators_see_how_much_room_it_takes() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    app.call(&ann, "a.wav", &bytes(1_234)).await;
    let figures = app.get(&root, "/api/v1/storage").await.json();
    assert_eq!(
        (
            &figures["recordings_bytes"],
            &figures["other_bytes"],
            &figures["calls"]
        ),
        (&json!(1_234), &json!(0), &json!(1))
    );
    for name in ["database_bytes", "free_bytes"] {
        assert!(figures[name].as_i64().unwrap() > 10_000, "{figures}");
    }
}
