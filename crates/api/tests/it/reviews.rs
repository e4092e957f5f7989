//! Reviews: filled in, handed over, answered, shown, taken back; and who sees what of them.

use gametape_core::{id::CallId, rubric::default_definition, user::Role};
use serde_json::{Value, json};

use crate::support::{App, Ask, Person, Reply, bytes};

/// Ann's call, two people who see it, and one who does not.
pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) ann: Person,
    /// Administrators see every call, so these may review it.
    pub(crate) bob: Person,
    eve: Person,
    stranger: Person,
    pub(crate) call: CallId,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let app = App::new().await;
        let ann = app.ann().await;
        let call = app.call(&ann, "=Talk.wav", &bytes(10)).await;
        app.finish(
            &call,
            20_000,
            &[(0, 0, 900, "Hello."), (1, 1_000, 1_900, "=1+1, \"so\"")],
        )
        .await;
        Self {
            bob: app.person("bob@example.com", Role::Admin).await,
            eve: app.person("eve@example.com", Role::Admin).await,
            stranger: app.person("stranger@example.com", Role::Rep).await,
            ann,
            call,
            app,
        }
    }

    pub(crate) async fn send(&self, method: &str, person: &Person, path: &str, body: Option<Value>) -> Reply {
        // So that what comes first is also older.
        self.app.clock.advance_ms(1);
        let ask = Ask::new(method, &format!("/api/v1/{path}")).by(person);
        self.app
            .send(match body {
                Some(body) => ask.json(&body),
                None => ask,
            })
            .await
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Reply {
        self.send("GET", person, path, None).await
    }

    pub(crate) async fn post(&self, person: &Person, path: &str, body: Value) -> Reply {
        self.send("POST", person, path, Some(body)).await
    }

    /// Takes a step that needs no body.
    pub(crate) async fn step(&self, person: &Person, review: &str, step: &str) -> Reply {
        self.send("POST", person, &format!("{review}/{step}"), None).await
    }

    /// Begins a review; the answer is its path.
    pub(crate) async fn begin(&self, person: &Person) -> String {
        let made = self
            .post(person, &format!("calls/{}/reviews", self.call), json!({}))
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let review = made.json();
        assert_eq!(
            (&review["state"], made.header("etag")),
            (&json!("draft"), "\"1\"")
        );
        format!("reviews/{}", review["id"].as_str().unwrap())
    }

    pub(crate) async fn score(&self, person: &Person, review: &str, criterion: &str, body: Value) -> Reply {
        self.send("PUT", person, &format!("{review}/scores/{criterion}"), Some(body))
            .await
    }

    pub(crate) async fn evidence(
        &self,
        person: &Person,
        review: &str,
        criterion: &str,
        body: Value,
    ) -> Reply {
        self.post(person, &format!("{review}/scores/{criterion}/evidence"), body)
            .await
    }

    /// Gives all criteria this value, with evidence.
    pub(crate) async fn fill(&self, person: &Person, review: &str, value: i64) {
        for criterion in criteria() {
            let scored = self
                .score(person, review, &criterion, json!({"value": value}))
                .await;
            assert_eq!(scored.status, 200, "{scored:?}");
            let place = json!({"start_ms": 0, "end_ms": 2_000});
            let added = self.evidence(person, review, &criterion, place).await;
            assert_eq!(added.status, 201, "{added:?}");
        }
    }

    async fn submitted(&self, person: &Person, value: i64) -> String {
        let review = self.begin(person).await;
        self.fill(person, &review, value).await;
        let done = self.step(person, &review, "submit").await;
        assert_eq!(done.status, 200, "{done:?}");
        review
    }

    /// Ids of the call's reviews that somebody sees, as paths, and whether others are kept from them.
    async fn seen(&self, person: &Person) -> (Vec<String>, bool) {
        let list = self
            .get(person, &format!("calls/{}/reviews", self.call))
            .await
            .json();
        let ids = list["items"].as_array().unwrap().iter();
        let paths = ids.map(|it| format!("reviews/{}", it["id"].as_str().unwrap()));
        (paths.collect(), list["blind"].as_bool().unwrap())
    }
}

pub(crate) fn criteria() -> Vec<String> {
    let criteria = default_definition().criteria.into_iter();
    criteria.map(|it| it.id.to_string()).collect()
}

#[tokio::test]
async fn a_draft_is_filled_in_until_nothing_is_missing() {
    let s = Scene::new().await;
    let review = s.begin(&s.bob).await;
    s.post(&s.bob, &format!("calls/{}/reviews", s.call), json!({}))
        .await
        .is_problem(409, "conflict");
    let all = criteria();
    s.score(&s.bob, &review, &all[0], json!({"value": 4, "note": "asks why"}))
        .await;
    s.score(&s.bob, &review, &all[1], json!({"not_applicable": true}))
        .await;
    let refused = s.step(&s.bob, &review, "submit").await;
    refused.is_problem(422, "incomplete");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("'Discovery depth' needs a place") && detail.contains("'Next steps' needs a value")
    );
    let draft = s.get(&s.bob, &review).await.json();
    let missing = draft["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 4);
    assert_eq!(
        (&missing[0]["criterion_id"], &missing[0]["what"]),
        (&json!(all[0]), &json!("evidence"))
    );
    assert_eq!(missing[1]["what"], "score");
    assert_eq!(
        (&draft["result"]["permille"], &draft["result"]["complete"]),
        (&json!(750), &json!(false))
    );
    assert_eq!(draft["result_permille"], json!(null));

    let place = json!({"start_ms": 1_000, "end_ms": 2_000, "channel": 1});
    let evidence = s.evidence(&s.bob, &review, &all[0], place).await;
    assert_eq!(evidence.status, 201, "{evidence:?}");
    assert_eq!(evidence.json()["quote"], "=1+1, \"so\"");
    for criterion in &all[2..] {
        s.score(&s.bob, &review, criterion, json!({"not_applicable": true}))
            .await;
    }
    let summary = Some(json!({"summary": "Well\r\ndone"}));
    s.send("PATCH", &s.bob, &review, summary).await;
    // The reviewee does not see a draft.
    s.get(&s.ann, &review).await.is_problem(404, "not_found");
    let done = s.step(&s.bob, &review, "submit").await.json();
    assert_eq!(
        (&done["state"], &done["result_permille"]),
        (&json!("submitted"), &json!(750))
    );
    assert_eq!(
        (&done["missing"], &done["summary"]),
        (&json!(null), &json!("Well\ndone"))
    );
    let line = &done["result"]["lines"][0];
    assert_eq!(
        (&line["share_permille"], &line["value_permille"]),
        (&json!(1_000), &json!(750))
    );
    assert_eq!(done["scores"][1]["not_applicable"], true);
}

#[tokio::test]
async fn a_review_is_answered_released_reopened_and_withdrawn() {
    let s = Scene::new().await;
    let review = s.submitted(&s.bob, 4).await;
    // Its author and the reviewee see it now, nobody else.
    let done = s.get(&s.bob, &review).await.json();
    assert_eq!(s.get(&s.ann, &review).await.json()["scores"], done["scores"]);
    s.get(&s.eve, &review).await.is_problem(404, "not_found");
    assert_eq!(s.seen(&s.eve).await, (vec![], false));
    s.step(&s.bob, &review, "release")
        .await
        .is_problem(403, "forbidden");
    s.step(&s.eve, &review, "release")
        .await
        .is_problem(404, "not_found");
    s.post(
        &s.ann,
        &format!("{review}/respond"),
        json!({"response": "disagree", "note": " "}),
    )
    .await
    .is_problem(422, "invalid_value");
    let body = json!({"response": "disagree", "note": "I asked twice"});
    s.post(&s.bob, &format!("{review}/respond"), body.clone())
        .await
        .is_problem(403, "forbidden");
    let answered = s.post(&s.ann, &format!("{review}/respond"), body).await.json();
    assert_eq!(answered["response"]["response"], "disagree");

    let released = s.step(&s.ann, &review, "release").await.json();
    assert_eq!(released["state"], "released");
    let steps: Vec<_> = released["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["action"])
        .collect();
    assert_eq!(steps, ["create", "submit", "disagree", "release"]);
    assert_eq!(released["history"][2]["reason"], "I asked twice");
    // Everybody who sees the call sees it, without what passed between the two.
    let others = s.get(&s.eve, &review).await.json();
    assert_eq!(
        (&others["history"], &others["missing"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(others["result_permille"], 750);
    s.get(&s.stranger, &review).await.is_problem(404, "not_found");
    s.step(&s.ann, &review, "release")
        .await
        .is_problem(409, "conflict");

    let reopen = format!("{review}/reopen");
    s.post(&s.bob, &reopen, json!({"reason": " "}))
        .await
        .is_problem(422, "invalid_value");
    s.post(&s.ann, &reopen, json!({"reason": "x"}))
        .await
        .is_problem(403, "forbidden");
    let reopened = s.post(&s.bob, &reopen, json!({"reason": "A slip"})).await.json();
    assert_eq!(
        (&reopened["state"], &reopened["released_at"]),
        (&json!("draft"), &json!(null))
    );
    s.get(&s.eve, &review).await.is_problem(404, "not_found");
    assert_eq!(
        s.step(&s.bob, &review, "submit").await.json()["response"],
        json!(null)
    );
    assert_eq!(
        s.step(&s.bob, &review, "withdraw").await.json()["state"],
        "withdrawn"
    );
    s.get(&s.ann, &review).await.is_problem(404, "not_found");
    s.begin(&s.bob).await;
}

#[tokio::test]
async fn who_reviews_a_call_sees_nobody_elses_scores_of_it() {
    let s = Scene::new().await;
    let shown = s.submitted(&s.bob, 2).await;
    s.step(&s.ann, &shown, "release").await;
    let table = async |person: &Person| s.get(person, "reviews.csv").await.text().lines().count();
    assert_eq!(s.seen(&s.eve).await, (vec![shown.clone()], false));
    assert_eq!(table(&s.eve).await, 6);

    let own = s.begin(&s.eve).await;
    s.fill(&s.eve, &own, 5).await;
    assert_eq!(s.seen(&s.eve).await, (vec![own.clone()], true));
    s.get(&s.eve, &shown).await.is_problem(404, "not_found");
    let exported = s.get(&s.eve, "reviews.csv").await.text();
    assert!(!exported.contains("bob@example.com"), "{exported}");
    assert_eq!(exported.lines().count(), 6);
    // A review that is handed over reveals the others.
    s.step(&s.eve, &own, "submit").await;
    assert_eq!(s.seen(&s.eve).await, (vec![own.clone(), shown.clone()], false));
    assert_eq!(table(&s.eve).await, 11);
    s.post(&s.eve, &format!("{own}/reopen"), json!({"reason": "more to say"}))
        .await;
    assert_eq!(s.seen(&s.eve).await, (vec![own.clone()], true));
    s.step(&s.eve, &own, "withdraw").await;
    assert_eq!(s.seen(&s.eve).await, (vec![own, shown], false));
}

#[tokio::test]
async fn a_self_review_hides_what_colleagues_say_until_it_is_submitted() {
    let s = Scene::new().await;
    let bobs = s.submitted(&s.bob, 3).await;
    let own = s.begin(&s.ann).await;
    // Not even as the reviewee, and what is not seen is not shown around or answered either.
    s.get(&s.ann, &bobs).await.is_problem(404, "not_found");
    s.step(&s.ann, &bobs, "release")
        .await
        .is_problem(404, "not_found");
    let body = json!({"response": "thank"});
    s.post(&s.ann, &format!("{bobs}/respond"), body)
        .await
        .is_problem(404, "not_found");
    let list = s.get(&s.ann, "reviews").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    s.fill(&s.ann, &own, 4).await;
    s.step(&s.ann, &own, "submit").await;
    assert_eq!(s.seen(&s.ann).await.0.len(), 2);
    assert_eq!(s.step(&s.ann, &own, "release").await.json()["state"], "released");
    assert_eq!(s.get(&s.bob, &own).await.json()["result_permille"], 750);
    assert_eq!(s.get(&s.ann, &bobs).await.status, 200);
}

#[tokio::test]
async fn the_inbox_lists_what_one_has_to_do_with() {
    let s = Scene::new().await;
    let bobs = s.submitted(&s.bob, 3).await;
    let eves = s.begin(&s.eve).await;
    let list = async |person: &Person, query: &str| -> Vec<String> {
        let list = s.get(person, &format!("reviews{query}")).await.json();
        let ids = list["items"].as_array().unwrap().iter();
        ids.map(|it| format!("reviews/{}", it["id"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(list(&s.ann, "").await, std::slice::from_ref(&bobs));
    assert_eq!(
        list(&s.ann, "?relation=of_me&state=submitted").await,
        std::slice::from_ref(&bobs)
    );
    assert_eq!(list(&s.ann, "?relation=by_me").await, [""; 0]);
    assert_eq!(list(&s.ann, "?state=released").await, [""; 0]);
    assert_eq!(list(&s.eve, "").await, [eves]);
    assert_eq!(list(&s.bob, "?relation=by_me").await, [bobs]);
    assert_eq!(list(&s.stranger, "").await, [""; 0]);
    for wrong in [
        "?relation=mine",
        "?state=open",
        "?rubric_id=x",
        "?limit=0",
        "?after=x",
    ] {
        let reply = s.get(&s.ann, &format!("reviews{wrong}")).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{wrong}: {reply:?}");
    }
}

#[tokio::test]
async fn strangers_learn_nothing() {
    let s = Scene::new().await;
    let review = s.submitted(&s.bob, 3).await;
    let detail = s.get(&s.bob, &review).await.json();
    let evidence = detail["scores"][0]["evidence"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let criterion = &criteria()[0];
    let place = json!({"start_ms": 0, "end_ms": 1});
    let asks = [
        ("GET", review.clone(), None),
        ("PATCH", review.clone(), Some(json!({"summary": ""}))),
        (
            "PUT",
            format!("{review}/scores/{criterion}"),
            Some(json!({"value": 1})),
        ),
        ("DELETE", format!("{review}/scores/{criterion}"), None),
        (
            "POST",
            format!("{review}/scores/{criterion}/evidence"),
            Some(place),
        ),
        ("DELETE", format!("{review}/evidence/{evidence}"), None),
        ("POST", format!("{review}/submit"), None),
        ("POST", format!("{review}/release"), None),
        ("POST", format!("{review}/withdraw"), None),
        ("POST", format!("{review}/reopen"), Some(json!({"reason": "x"}))),
        (
            "POST",
            format!("{review}/respond"),
            Some(json!({"response": "thank"})),
        ),
        ("GET", format!("calls/{}/reviews", s.call), None),
        ("POST", format!("calls/{}/reviews", s.call), Some(json!({}))),
        ("GET", format!("reviews.csv?call_id={}", s.call), None),
    ];
    for (method, path, body) in asks {
        let reply = s.send(method, &s.stranger, &path, body.clone()).await;
        reply.is_problem(404, "not_found");
        // Whether there is such a review can't be told from the answer.
        if path.starts_with("reviews/") {
            let other = path.replacen(&review, "reviews/review_00000000000000000000000000", 1);
            let unknown = s.send(method, &s.stranger, &other, body.clone()).await;
            assert_eq!(unknown.json()["detail"], reply.json()["detail"], "{path}");
            // The reviewee sees it, and may do none of what is its author's.
            if method != "GET" && !path.ends_with("/release") && !path.ends_with("/respond") {
                s.send(method, &s.ann, &path, body)
                    .await
                    .is_problem(403, "forbidden");
            }
        }
    }
    assert_eq!(s.get(&s.stranger, "reviews.csv").await.text().lines().count(), 1);
}

#[tokio::test]
async fn values_and_places_have_bounds() {
    let s = Scene::new().await;
    let review = s.begin(&s.bob).await;
    let criterion = &criteria()[0];
    for body in [
        json!({}),
        json!({"value": 0}),
        json!({"value": 6}),
        json!({"value": i64::MIN}),
        json!({"value": 3.5}),
        json!({"value": 3, "not_applicable": true}),
        json!({"not_applicable": false}),
        json!({"value": 3, "note": "x".repeat(5_001)}),
        json!({"value": 3, "note": "a\u{0}"}),
        json!({"value": 3, "mood": 1}),
    ] {
        let reply = s.score(&s.bob, &review, criterion, body).await;
        reply.is_problem(422, "invalid_value");
    }
    for body in [
        json!({"start_ms": -1, "end_ms": 5}),
        json!({"start_ms": 5, "end_ms": 5}),
        json!({"start_ms": 6, "end_ms": 5}),
        json!({"start_ms": 0, "end_ms": 20_001}),
        json!({"start_ms": i64::MIN, "end_ms": i64::MAX}),
        json!({"start_ms": 0, "end_ms": 5, "channel": 2}),
        json!({"start_ms": 0, "end_ms": 5, "channel": -1}),
        json!({"start_ms": 0}),
    ] {
        let reply = s.evidence(&s.bob, &review, criterion, body).await;
        reply.is_problem(422, "invalid_value");
    }
    let other = "crit_00000000000000000000000000";
    let place = json!({"start_ms": 0, "end_ms": 20_000});
    s.score(&s.bob, &review, other, json!({"value": 1}))
        .await
        .is_problem(404, "not_found");
    s.evidence(&s.bob, &review, other, place.clone())
        .await
        .is_problem(404, "not_found");
    let calls = format!("calls/{}/reviews", s.call);
    s.post(
        &s.eve,
        &calls,
        json!({"rubric_id": "rubric_00000000000000000000000000"}),
    )
    .await
    .is_problem(404, "not_found");
    s.post(&s.eve, &calls, json!({"rubric_id": "x"}))
        .await
        .is_problem(422, "invalid_value");
    let detail = s.get(&s.bob, &review).await.json();
    assert_eq!((&detail["scores"], &detail["version"]), (&json!([]), &json!(1)));
    // All of the recording is a place like any other; a call that has no length yet has bounds too.
    assert_eq!(s.evidence(&s.bob, &review, criterion, place).await.status, 201);
    let young = s.app.call(&s.ann, "young.wav", &bytes(20)).await;
    let made = s
        .post(&s.ann, &format!("calls/{young}/reviews"), json!({}))
        .await
        .json();
    let young = format!("reviews/{}", made["id"].as_str().unwrap());
    let place = |end_ms: i64| json!({"start_ms": 0, "end_ms": end_ms});
    s.evidence(&s.ann, &young, criterion, place(i64::MAX))
        .await
        .is_problem(422, "invalid_value");
    assert_eq!(
        s.evidence(&s.ann, &young, criterion, place(90_000)).await.status,
        201
    );
}

#[tokio::test]
async fn two_windows_do_not_overwrite_each_other() {
    let s = Scene::new().await;
    let review = s.begin(&s.bob).await;
    let criterion = &criteria()[0];
    let first = s.score(&s.bob, &review, criterion, json!({"value": 1})).await;
    assert_eq!(first.header("etag"), "\"2\"");
    let stale = |method: &str, path: &str| {
        Ask::new(method, &format!("/api/v1/{review}{path}"))
            .by(&s.bob)
            .header("if-match", "\"1\"")
    };
    let score = format!("/scores/{criterion}");
    for ask in [
        stale("PUT", &score).json(&json!({"value": 5})),
        stale("DELETE", &score),
        stale("POST", &format!("{score}/evidence")).json(&json!({"start_ms": 0, "end_ms": 1})),
        stale("PATCH", "").json(&json!({"summary": "x"})),
        stale("POST", "/submit"),
        stale("POST", "/withdraw"),
    ] {
        s.app.send(ask).await.is_problem(412, "precondition_failed");
    }
    let detail = s.get(&s.bob, &review).await;
    assert_eq!(
        (detail.header("etag"), &detail.json()["scores"][0]["value"]),
        ("\"2\"", &json!(1))
    );
    let removed = s
        .send("DELETE", &s.bob, &format!("{review}{score}"), None)
        .await
        .json();
    assert_eq!(removed["scores"], json!([]));
    // What was handed over is not written on.
    s.fill(&s.bob, &review, 3).await;
    s.step(&s.bob, &review, "submit").await;
    s.score(&s.bob, &review, criterion, json!({"value": 1}))
        .await
        .is_problem(409, "conflict");
    s.step(&s.bob, &review, "submit")
        .await
        .is_problem(409, "conflict");
}
