//! Rules for how long calls are kept, holds and consent, over HTTP.

use gametape_core::{
    job::JobKind,
    page::PageRequest,
    retention::{DAY_MS, GRACE_MS},
    user::Role,
};
use gametape_store::{Actor, AuditFilter};
use serde_json::{Value, json};

use crate::support::{App, Ask, Form, Person, wav};

async fn admin(app: &App) -> Person {
    app.person("root@example.com", Role::Admin).await
}

async fn made(app: &App, admin: &Person, body: &Value) -> Value {
    let reply = app
        .send(Ask::post("/api/v1/retention/rules").by(admin).json(body))
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

/// Lets the rules do what is due now, and has the objects deleted that nobody needs any more.
async fn sweep(app: &App) {
    app.store.retention_sweep(None).await.unwrap();
    while app
        .store
        .job_claim("sweeper", &[JobKind::MediaDelete], 1_000)
        .await
        .unwrap()
        .is_some()
    {}
}

#[tokio::test]
async fn rules_are_made_changed_and_taken_away() {
    let app = App::new().await;
    let (root, ann) = (admin(&app).await, app.ann().await);
    let team = app.team("East", &[&ann]).await;
    let body = json!({"team_id": team, "tag": " Training ", "what": "call", "keep_days": 30});
    let reply = app
        .send(Ask::post("/api/v1/retention/rules").by(&root).json(&body))
        .await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (201, "\"1\""));
    let rule = reply.json();
    assert_eq!(
        (&rule["tag"], &rule["what"], &rule["keep_days"]),
        (&json!("Training"), &json!("call"), &json!(30))
    );
    app.send(Ask::post("/api/v1/retention/rules").by(&root).json(&body))
        .await
        .is_problem(409, "conflict");
    let path = format!("/api/v1/retention/rules/{}", rule["id"].as_str().unwrap());
    let change = |days: Value| {
        Ask::new("PATCH", &path)
            .by(&root)
            .json(&json!({"keep_days": days}))
    };
    let changed = app.send(change(Value::Null).header("if-match", "\"1\"")).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["keep_days"], Value::Null);
    app.send(change(json!(3)).header("if-match", "\"1\""))
        .await
        .is_problem(412, "precondition_failed");
    let list = app.get(&root, "/api/v1/retention/rules").await.json();
    assert_eq!(list["items"], json!([changed.json()]));
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&root)).await.status, 204);
    app.send(change(json!(3))).await.is_problem(404, "not_found");
    let log = app
        .get(&root, "/api/v1/audit?action=retention.change")
        .await
        .json();
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
    assert_eq!(log["items"][2]["detail"]["after"]["tag"], "Training");
}

#[tokio::test]
async fn what_is_no_rule_is_refused() {
    let app = App::new().await;
    let root = admin(&app).await;
    for body in [
        json!({}),
        json!({"what": "recording", "keep_days": 0}),
        json!({"what": "recording", "keep_days": 36_526}),
        json!({"what": "recording", "keep_days": i64::MAX}),
        json!({"what": "recording", "keep_days": 1.5}),
        json!({"what": "all", "keep_days": 1}),
        json!({"what": "call", "keep_days": 1, "tag": ""}),
        json!({"what": "call", "keep_days": 1, "tag": "x".repeat(41)}),
        json!({"what": "call", "keep_days": 1, "team_id": "team_01JZ8Q4W9V7N3T5K2M6R8X0B1C"}),
        json!({"what": "call", "keep_days": 1, "team_id": "x"}),
        json!({"what": "call", "keep_days": 1, "more": 1}),
    ] {
        let reply = app
            .send(Ask::post("/api/v1/retention/rules").by(&root).json(&body))
            .await;
        reply.is_problem(422, "invalid_value");
    }
    let rule = made(&app, &root, &json!({"what": "call", "keep_days": 5})).await;
    let path = format!("/api/v1/retention/rules/{}", rule["id"].as_str().unwrap());
    for body in [json!({}), json!({"keep_days": -1}), json!({"tag": "x"})] {
        app.send(Ask::new("PATCH", &path).by(&root).json(&body))
            .await
            .is_problem(422, "invalid_value");
    }
    for (query, status, code) in [
        ("within_days=0", 422, "invalid_value"),
        ("within_days=99999999999999", 422, "invalid_value"),
        ("keep_days=3", 422, "invalid_value"),
        ("tag=x", 422, "invalid_value"),
        ("what=call&keep_days=0", 422, "invalid_value"),
        (
            "what=call&without=rule_01JZ8Q4W9V7N3T5K2M6R8X0B1C",
            422,
            "invalid_value",
        ),
        ("what=nothing", 400, "invalid_request"),
        ("days=3", 400, "invalid_request"),
        ("after=x", 400, "invalid_request"),
    ] {
        app.get(&root, &format!("/api/v1/retention/preview?{query}"))
            .await
            .is_problem(status, code);
    }
}

#[tokio::test]
async fn a_preview_says_what_would_go_before_and_after_a_rule_is_saved() {
    let app = App::new().await;
    let (root, ann) = (admin(&app).await, app.ann().await);
    let call = app.call(&ann, "a.wav", b"bytes").await;
    let supposed = "/api/v1/retention/preview?what=call&keep_days=10&within_days=11";
    let found = app.get(&root, supposed).await.json();
    let item = &found["items"][0];
    assert_eq!(
        (&item["call_id"], &item["title"]),
        (&json!(call), &json!("a.wav"))
    );
    assert_eq!(item["call"]["rule_id"], Value::Null);
    assert_eq!(
        found["totals"],
        json!({"calls": 1, "recordings": 0, "bytes": 5, "held": 0, "complete": true})
    );
    let as_is = "/api/v1/retention/preview?within_days=11";
    assert_eq!(app.get(&root, as_is).await.json()["items"], json!([]));
    let rule = made(&app, &root, &json!({"what": "call", "keep_days": 10})).await;
    let found = app.get(&root, as_is).await.json();
    assert_eq!(found["items"][0]["call"]["rule_id"], rule["id"]);
    let path = format!("/api/v1/calls/{call}/retention");
    let fate = app.get(&ann, &path).await.json();
    assert_eq!(fate["call"], found["items"][0]["call"]);
    assert_eq!(
        (&fate["recording"], &fate["may_hold"]),
        (&Value::Null, &json!(false))
    );
    let without = format!("{as_is}&without={}", rule["id"].as_str().unwrap());
    assert_eq!(app.get(&root, &without).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_recording_goes_and_what_was_said_stays() {
    let app = App::new().await;
    let (root, ann) = (admin(&app).await, app.ann().await);
    let call = app.call(&ann, "a.wav", &wav(2_000)).await;
    app.finish(&call, 2_000, &[(0, 0, 900, "Hello.")]).await;
    made(&app, &root, &json!({"what": "recording", "keep_days": 1})).await;
    app.clock.advance_ms(DAY_MS.max(GRACE_MS));
    sweep(&app).await;
    let path = |rest: &str| format!("/api/v1/calls/{call}{rest}");
    let seen = app.get(&ann, &path("")).await.json();
    assert_eq!(seen["state"], "ready");
    assert!(seen["recording_deleted_at"].is_i64());
    for rest in ["/audio", "/peaks", "/clip?start_ms=0&end_ms=500"] {
        app.get(&ann, &path(rest))
            .await
            .is_problem(410, "recording_deleted");
    }
    let transcript = app.get(&ann, &path("/transcript")).await.json();
    assert_eq!(transcript["segments"][0]["text"], "Hello.");
    app.send(Ask::post(&path("/retranscribe")).by(&ann).json(&json!({})))
        .await
        .is_problem(409, "conflict");
    let log = app
        .get(&root, "/api/v1/audit?action=retention.recording")
        .await
        .json();
    assert_eq!(log["items"][0]["target_id"], json!(call));
    assert_eq!(log["items"][0]["actor_id"], Value::Null);
}

#[tokio::test]
async fn a_held_call_is_deleted_by_nobody() {
    let app = App::new().await;
    let (root, ann) = (admin(&app).await, app.ann().await);
    let coach = app.person("coach@example.com", Role::Coach).await;
    app.team("East", &[&ann, &coach]).await;
    let call = app.call(&ann, "a.wav", b"bytes").await;
    let (path, hold) = (
        format!("/api/v1/calls/{call}"),
        format!("/api/v1/calls/{call}/hold"),
    );
    let library = json!({"reason": "library", "note": "a good opening"});
    app.send(Ask::new("PUT", &hold).by(&ann).json(&library))
        .await
        .is_problem(403, "forbidden");
    let reply = app.send(Ask::new("PUT", &hold).by(&coach).json(&library)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["hold"]["held_by"], json!(coach.user.id));
    for person in [&ann, &root] {
        app.send(Ask::new("DELETE", &path).by(person))
            .await
            .is_problem(409, "call_held");
    }
    let erase = Ask::post(&format!("/api/v1/users/{}/erase", ann.user.id));
    app.send(erase.by(&root).json(&json!({"calls": "delete"})))
        .await
        .is_problem(409, "call_held");
    let still = app.store.user_get(&ann.user.id).await.unwrap().unwrap();
    assert!(still.disabled_at.is_none(), "nothing of it was done");
    let found = app.get(&ann, "/api/v1/calls?held=true").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    // What the law wants kept is the administrators'.
    let legal = json!({"reason": "legal"});
    app.send(Ask::new("PUT", &hold).by(&coach).json(&legal))
        .await
        .is_problem(403, "forbidden");
    assert_eq!(
        app.send(Ask::new("PUT", &hold).by(&root).json(&legal))
            .await
            .status,
        200
    );
    for ask in [Ask::new("DELETE", &hold), Ask::new("PUT", &hold).json(&library)] {
        app.send(ask.by(&coach)).await.is_problem(403, "forbidden");
    }
    for body in [
        json!({}),
        json!({"reason": "x"}),
        json!({"reason": "legal", "note": "x".repeat(501)}),
    ] {
        app.send(Ask::new("PUT", &hold).by(&root).json(&body))
            .await
            .is_problem(422, "invalid_value");
    }
    assert_eq!(app.send(Ask::new("DELETE", &hold).by(&root)).await.status, 204);
    assert_eq!(
        app.send(Ask::new("DELETE", &hold).by(&coach)).await.status,
        204,
        "once more"
    );
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&ann)).await.status, 204);
}

#[tokio::test]
async fn consent_comes_with_a_call_and_later() {
    let app = App::new().await;
    let ann = app.ann().await;
    let meta = json!({"consent": {"status": "notice_given", "note": "announced"}});
    let form = Form::new()
        .field("meta", &meta.to_string())
        .file("a.wav", b"bytes");
    let made = app
        .send(Ask::post("/api/v1/calls").by(&ann).form(form))
        .await
        .json();
    assert_eq!(
        (&made["consent"]["status"], &made["consent"]["noted_by"]),
        (&json!("notice_given"), &json!(ann.user.id))
    );
    let path = format!("/api/v1/calls/{}", made["id"].as_str().unwrap());
    let change = |body: Value| Ask::new("PATCH", &path).by(&ann).json(&body);
    let agreed = app
        .send(change(json!({"consent": {"status": "all_agreed"}})))
        .await
        .json();
    assert_eq!(
        (&agreed["consent"]["status"], &agreed["consent"]["note"]),
        (&json!("all_agreed"), &Value::Null)
    );
    let titled = app.send(change(json!({"title": "Talk"}))).await.json();
    assert_eq!(titled["consent"], agreed["consent"]);
    for body in [
        json!({"consent": {"status": "maybe"}}),
        json!({"consent": {"note": "x"}}),
        json!({"consent": {"status": "refused", "note": "x".repeat(501)}}),
        json!({"consent": {"status": "refused", "by": "x"}}),
    ] {
        app.send(change(body)).await.is_problem(422, "invalid_value");
    }
    let count = async |status: &str| {
        let list = app
            .get(&ann, &format!("/api/v1/calls?consent={status}"))
            .await
            .json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((count("all_agreed").await, count("unknown").await), (1, 0));
    let actions = app
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    let noted = actions
        .items
        .iter()
        .filter(|entry| entry.action.as_str() == "call.consent");
    assert_eq!(noted.count(), 1);
    app.store
        .call_delete(&Actor::default(), &made["id"].as_str().unwrap().parse().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_that_is_kept_goes_with_its_call() {
    let app = App::new().await;
    let ann = app.ann().await;
    let ask = || {
        let form = Form::new().file("zanzibarium.wav", b"bytes");
        Ask::post("/api/v1/calls")
            .by(&ann)
            .form(form)
            .header("idempotency-key", "k1")
    };
    let made = app.send(ask()).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let again = app.send(ask()).await;
    assert_eq!(
        (again.status.as_u16(), again.json()["id"].as_str()),
        (201, Some(&*id))
    );
    let path = format!("/api/v1/calls/{id}");
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&ann)).await.status, 204);
    let gone = app.send(ask()).await;
    gone.is_problem(409, "conflict");
    assert!(!gone.text().contains("zanzibarium"));
    assert_eq!(
        app.get(&ann, "/api/v1/calls").await.json()["items"],
        json!([]),
        "and none is made anew"
    );
}
