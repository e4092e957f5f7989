//! Calls: listed, changed, stopped, tried again, deleted.

use gametape_core::{call::CallProblem, job::JobKind, user::Role};
use gametape_store::JobEnd;
use serde_json::{Value, json};

use crate::support::{App, Ask, Person, bytes};

async fn act(app: &App, person: &Person, path: &str, body: Option<Value>) -> crate::support::Reply {
    let ask = Ask::post(path).by(person);
    app.send(match body {
        Some(body) => ask.json(&body),
        None => ask,
    })
    .await
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let app = App::new().await;
    let ann = app.ann().await;
    let mut made = Vec::new();
    for n in 0..7 {
        app.clock.advance_ms(1_000);
        made.push(
            app.call(&ann, &format!("Call {n}.wav"), &bytes(10 + n))
                .await
                .to_string(),
        );
    }
    made.reverse();
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(&ann, &format!("/api/v1/calls?limit=3{next}"))
            .await
            .json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|call| call["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, made);

    let count = async |query: &str| {
        app.get(&ann, &format!("/api/v1/calls?{query}")).await.json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("q=CALL%203").await, 1);
    assert_eq!(count("q=%25").await, 0);
    assert_eq!(count("state=queued").await, 7);
    assert_eq!(count("state=ready").await, 0);
    assert_eq!(count(&format!("owner={}", ann.user.id)).await, 7);
    let bob = app.person("bob@example.com", Role::Rep).await;
    assert_eq!(count(&format!("owner={}", bob.user.id)).await, 0);
}

#[tokio::test]
async fn two_people_who_edit_do_not_overwrite_each_other() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = format!("/api/v1/calls/{}", app.call(&ann, "a.wav", &bytes(10)).await);
    let etag = app.get(&ann, &path).await.header("etag").to_owned();
    let edit = |etag: &str, body: Value| {
        Ask::new("PATCH", &path)
            .by(&ann)
            .header("if-match", etag)
            .json(&body)
    };
    app.clock.advance_ms(10);
    let first = app
        .send(edit(&etag, json!({"title": "First", "occurred_at": 7})))
        .await;
    assert_eq!(
        (first.status.as_u16(), &first.json()["title"]),
        (200, &json!("First"))
    );
    app.clock.advance_ms(10);
    app.send(edit(&etag, json!({"title": "Second"})))
        .await
        .is_problem(412, "precondition_failed");
    app.send(edit("\"x\"", json!({"title": "Second"})))
        .await
        .is_problem(412, "precondition_failed");
    let second = app
        .send(edit(first.header("etag"), json!({"occurred_at": null})))
        .await
        .json();
    assert_eq!(
        (&second["title"], &second["occurred_at"]),
        (&json!("First"), &json!(null))
    );
    assert_eq!(app.send(edit("*", json!({"title": "Third"}))).await.status, 200);
    app.send(edit("*", json!({"title": "\u{7}"})))
        .await
        .is_problem(422, "invalid_value");
    app.send(edit("*", json!({"state": "ready"})))
        .await
        .is_problem(422, "invalid_value");
}

#[tokio::test]
async fn work_is_stopped_taken_up_and_repeated() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let path = format!("/api/v1/calls/{call}");
    act(&app, &ann, &format!("{path}/retry"), None)
        .await
        .is_problem(409, "conflict");
    let stopped = act(&app, &ann, &format!("{path}/cancel"), None).await;
    assert_eq!(
        (stopped.status.as_u16(), &stopped.json()["state"]),
        (200, &json!("cancelled"))
    );
    act(&app, &ann, &format!("{path}/cancel"), None)
        .await
        .is_problem(409, "conflict");
    let retried = act(&app, &ann, &format!("{path}/retry"), None).await;
    assert_eq!(
        (retried.status.as_u16(), &retried.json()["state"]),
        (202, &json!("queued"))
    );

    app.finish(&call, 5_000, &[(0, 0, 900, "Hello.")]).await;
    assert_eq!(app.get(&ann, &path).await.json()["state"], "ready");
    let body = Some(json!({"model": "base", "language": "de"}));
    let again = act(&app, &ann, &format!("{path}/retranscribe"), body).await;
    assert_eq!(again.status, 202, "{again:?}");
    assert_eq!(again.json()["requested_model"], "base");
    // The old words stay until the new ones are complete.
    assert_eq!(
        app.get(&ann, &format!("{path}/transcript")).await.json()["segments"][0]["text"],
        "Hello."
    );
}

#[tokio::test]
async fn a_failed_call_says_why_and_its_history_what_happened() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    app.join(&call).await;
    let (_, fence) = app.claim(JobKind::CallAnalyze).await;
    app.store
        .job_finish(
            &fence,
            JobEnd::Retry {
                error: "disk /dev/sdb1 is gone".to_owned(),
            },
        )
        .await
        .unwrap();
    app.clock.advance_ms(10_000);
    let (_, fence) = app.claim(JobKind::CallAnalyze).await;
    let problem = CallProblem {
        code: "not_media".to_owned(),
        detail: "This is no recording.".to_owned(),
    };
    app.store.job_finish(&fence, JobEnd::Fail(problem)).await.unwrap();

    let path = format!("/api/v1/calls/{call}");
    let view = app.get(&ann, &path).await.json();
    assert_eq!(view["state"], "failed");
    assert_eq!(
        view["problem"],
        json!({"code": "not_media", "detail": "This is no recording."})
    );
    let jobs = app.get(&ann, &format!("{path}/jobs")).await.json();
    let analyze = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["kind"] == "call.analyze")
        .unwrap();
    assert_eq!(analyze["attempts"].as_array().unwrap().len(), 2, "{jobs}");
    assert_eq!(analyze["attempts"][0]["outcome"], "retried");
    assert!(!jobs.to_string().contains("sdb1"), "{jobs}");
    assert!(
        app.get(&root, &format!("{path}/jobs"))
            .await
            .text()
            .contains("sdb1")
    );
    let counts = app.get(&root, "/api/v1/jobs").await.json();
    assert!(
        counts["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["kind"] == "call.analyze" && it["state"] == "failed")
    );
}

#[tokio::test]
async fn a_deleted_call_is_gone() {
    let app = App::new().await;
    let ann = app.ann().await;
    let path = format!("/api/v1/calls/{}", app.call(&ann, "a.wav", &bytes(10)).await);
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&ann)).await.status, 204);
    app.get(&ann, &path).await.is_problem(404, "not_found");
    app.send(Ask::new("DELETE", &path).by(&ann))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn speakers_are_named() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    app.finish(
        &call,
        20_000,
        &[(0, 0, 4_000, "How are you?"), (1, 5_000, 9_000, "Well.")],
    )
    .await;
    let path = format!("/api/v1/calls/{call}");
    let names = app.get(&ann, &format!("{path}/speakers")).await.json();
    assert_eq!(
        names["items"],
        json!([{"role": "rep", "name": "Rep"}, {"role": "customer", "name": "Customer"}])
    );
    let put = |body: Value| Ask::new("PUT", &format!("{path}/speakers")).by(&ann).json(&body);
    app.send(put(json!([]))).await.is_problem(422, "invalid_value");
    app.send(put(
        json!([{"role": "boss", "name": "x"}, {"role": "rep", "name": "y"}]),
    ))
    .await
    .is_problem(422, "invalid_value");
    app.send(put(
        json!([{"role": "rep", "name": ""}, {"role": "rep", "name": "y"}]),
    ))
    .await
    .is_problem(422, "invalid_value");
    let swapped = json!([{"role": "customer", "name": "Zoë"}, {"role": "rep", "name": "Ann"}]);
    assert_eq!(app.send(put(swapped.clone())).await.json()["items"], swapped);
    let transcript = app.get(&ann, &format!("{path}/transcript")).await.json();
    assert_eq!(transcript["segments"][0]["speaker"], swapped[0]);
    let stats = app.get(&ann, &format!("{path}/stats")).await.json();
    assert_eq!(stats["speakers"][1]["speaker"]["name"], "Ann");
    // The customer speaks first now, so the rep's patience can be measured.
    assert_eq!(stats["patience_ms"], 1_000);
    assert_eq!(stats["silence_ms"], 12_000);
}
