//! Browsing moments over HTTP. What they are made of is written behind the store's back.

use gametape_core::{
    id::{AnchorId, CallId, CommentId, CriterionId, EvidenceId, ReviewId, RubricId},
    user::Role,
};
use serde_json::{Value, json};

use crate::support::{App, NOW_MS, Person, Rows};

struct Scene {
    app: App,
    rows: Rows,
    ann: Person,
    bob: Person,
    call: CallId,
    rubric: RubricId,
    criterion: CriterionId,
}

/// A call of ann's that everybody sees, with praise of hers from 0 to 2 s, and a score of bob's on it.
async fn scene() -> Scene {
    let (app, rows) = App::on_disk().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let call = app.call(&ann, "a.wav", b"bytes").await;
    app.finish(
        &call,
        10_000,
        &[(0, 0, 2_000, "The price"), (1, 2_000, 4_000, "is high.")],
    )
    .await;
    let (rubric, criterion) = (RubricId::new(NOW_MS), CriterionId::new(NOW_MS));
    let definition = json!({"criteria": [{
        "id": criterion, "title": "Discovery", "guidance": "", "scale": "1-5", "levels": [], "weight": 1,
        "cap": null, "evidence_required": true
    }]});
    rows.write(&[
        format!("UPDATE calls SET visibility = 'org', deal_outcome = 'won' WHERE id = '{call}'"),
        format!(
            "INSERT INTO rubrics (id, title, description, current_version, version, created_at) \
             VALUES ('{rubric}', 'R', '', 1, 1, 0)"
        ),
        format!(
            "INSERT INTO rubric_versions (rubric_id, version, title, definition, published_at) \
             VALUES ('{rubric}', 1, 'R', '{definition}', 0)"
        ),
    ])
    .await;
    let scene = Scene {
        app,
        rows,
        ann,
        bob,
        call,
        rubric,
        criterion,
    };
    scene.praise().await;
    scene.score(&scene.bob, "released", 4).await;
    scene.app.store.moment_rebuild(&scene.call, None).await.unwrap();
    scene
}

impl Scene {
    fn anchor(&self) -> (AnchorId, String) {
        let id = AnchorId::new(NOW_MS);
        let sql = format!(
            "INSERT INTO anchors (id, call_id, start_ms, end_ms, quote, prefix, suffix, status, created_at) \
             VALUES ('{id}', '{}', 0, 2000, '', '', '', 'exact', 0)",
            self.call
        );
        (id, sql)
    }

    async fn praise(&self) {
        let (anchor_id, anchor) = self.anchor();
        let comment = format!(
            "INSERT INTO comments (id, call_id, author_id, anchor_id, kind, audience, body, mentions, version, \
             created_at) VALUES ('{}', '{}', '{}', '{anchor_id}', 'praise', 'call', 'Well said', '[]', 1, 5)",
            CommentId::new(NOW_MS),
            self.call,
            self.ann.user.id
        );
        self.rows.write(&[anchor, comment]).await;
    }

    async fn score(&self, who: &Person, state: &str, value: i64) {
        let (anchor_id, anchor) = self.anchor();
        let (review, criterion) = (ReviewId::new(NOW_MS), &self.criterion);
        self.rows
            .write(&[
                anchor,
                format!(
                    "INSERT INTO reviews (id, call_id, reviewer_id, rubric_id, rubric_version, state, summary, \
                     released_at, version, created_at) VALUES ('{review}', '{}', '{}', '{}', 1, '{state}', '', \
                     7, 1, 0)",
                    self.call, who.user.id, self.rubric
                ),
                format!(
                    "INSERT INTO scores (review_id, criterion_id, value, note, updated_at) \
                     VALUES ('{review}', '{criterion}', {value}, 'Asks why', 0)"
                ),
                format!(
                    "INSERT INTO evidence (id, review_id, criterion_id, anchor_id, created_at) \
                     VALUES ('{}', '{review}', '{criterion}', '{anchor_id}', 0)",
                    EvidenceId::new(NOW_MS)
                ),
            ])
            .await;
    }

    async fn list(&self, who: &Person, query: &str) -> Vec<Value> {
        let reply = self.app.get(who, &format!("/api/v1/moments?{query}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_moment_tells_what_is_there() {
    let scene = scene().await;
    let items = scene.list(&scene.ann, "").await;
    assert_eq!(items.len(), 1);
    let moment = &items[0];
    let call = &scene.call;
    assert_eq!(moment["call"]["id"], call.as_str());
    assert_eq!(moment["call"]["deal_outcome"], "won");
    assert_eq!(
        (&moment["start_ms"], &moment["end_ms"]),
        (&json!(0), &json!(2_000))
    );
    assert_eq!(moment["url"], format!("/calls/{call}?t=0.000,2.000"));
    assert_eq!(moment["excerpt"], "The price");
    assert_eq!(
        moment["turns"],
        json!([{ "speaker": { "role": "rep", "name": "Rep" }, "text": "The price" }])
    );
    assert_eq!(moment["people"].as_array().unwrap().len(), 2);
    assert_eq!(moment["comments"]["praise"], 1);
    assert_eq!(moment["comments"]["replies"], 0);
    assert_eq!(moment["scores"][0]["criterion_title"], "Discovery");
    assert_eq!(moment["scores"][0]["value"], 4);
    assert_eq!(moment["scores"][0]["scale"], "1-5");
    assert_eq!(moment["scores"][0]["reviewer_id"], scene.bob.user.id.as_str());
    assert_eq!(
        (&moment["lowest_permille"], &moment["newest_at"]),
        (&json!(750), &json!(7))
    );
    assert_eq!(moment["disputed"], false);

    let path = format!("/api/v1/moments/{}", moment["id"].as_str().unwrap());
    let detail = scene.app.get(&scene.bob, &path).await.json();
    assert_eq!(detail["id"], moment["id"]);
    let texts: Vec<_> = detail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["text"])
        .collect();
    assert_eq!(texts, ["Well said", "Asks why"]);
    assert_eq!(detail["items"][0]["comment_kind"], "praise");
    assert_eq!(detail["items"][1]["score"]["value"], 4);
}

#[tokio::test]
async fn who_reviews_the_call_sees_comments_only() {
    let scene = scene().await;
    let eve = scene.app.person("eve@example.com", Role::Coach).await;
    let open = scene.list(&eve, "").await;
    scene.score(&eve, "draft", 1).await;
    let blind = scene.list(&eve, "").await;
    assert_eq!(blind.len(), 1);
    assert_eq!(blind[0]["scores"], json!([]));
    assert_eq!(blind[0]["people"], json!([scene.ann.user.id]));
    assert_eq!(
        (&blind[0]["lowest_permille"], &blind[0]["newest_at"]),
        (&Value::Null, &json!(5))
    );
    assert_eq!(scene.list(&eve, "sort=highest").await, Vec::<Value>::new());
    assert_eq!(
        scene.list(&eve, &format!("criterion={}", scene.criterion)).await,
        Vec::<Value>::new()
    );
    assert_eq!(
        scene.list(&eve, &format!("author={}", scene.bob.user.id)).await,
        Vec::<Value>::new()
    );
    let path = |moment: &Value| format!("/api/v1/moments/{}", moment["id"].as_str().unwrap());
    scene
        .app
        .get(&eve, &path(&open[0]))
        .await
        .is_problem(404, "not_found");
    let detail = scene.app.get(&eve, &path(&blind[0])).await.json();
    assert_eq!(detail["items"].as_array().unwrap().len(), 1);
    // Bob, who has no open review, sees all; what only eve's layer has is not there for him.
    assert_eq!(scene.list(&scene.bob, "").await, open);
    scene
        .app
        .get(&scene.bob, &path(&blind[0]))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn moments_of_calls_that_are_not_seen_are_missing() {
    let scene = scene().await;
    let moment = scene.list(&scene.ann, "").await.remove(0);
    let path = format!("/api/v1/moments/{}", moment["id"].as_str().unwrap());
    scene
        .rows
        .write(&["UPDATE calls SET visibility = 'private'".to_owned()])
        .await;
    assert!(scene.list(&scene.bob, "").await.is_empty());
    scene
        .app
        .get(&scene.bob, &path)
        .await
        .is_problem(404, "not_found");
    let root = scene.app.person("root@example.com", Role::Admin).await;
    assert_eq!(scene.list(&root, "").await.len(), 1);
    assert_eq!(scene.app.get(&root, &path).await.status, 200);
}

#[tokio::test]
async fn filters_come_from_the_query() {
    let scene = scene().await;
    let (ann, bob) = (&scene.ann.user.id, &scene.bob.user.id);
    let criterion = &scene.criterion;
    for yes in [
        format!("rep={ann}"),
        format!("call={}", scene.call),
        format!("author={bob}"),
        format!("criterion={criterion}&min_score=4&max_score=4"),
        "min_score=750".to_owned(),
        "kind=praise".to_owned(),
        "deal_outcome=won".to_owned(),
        "q=pric*".to_owned(),
        "q=%22the%20price%22".to_owned(),
        "disputed=false&from=7&until=8".to_owned(),
        "sort=discussed&limit=1".to_owned(),
        "sort=lowest".to_owned(),
    ] {
        assert_eq!(scene.list(&scene.bob, &yes).await.len(), 1, "{yes}");
    }
    for no in [
        format!("rep={bob}"),
        format!("criterion={criterion}&max_score=3"),
        "kind=note".to_owned(),
        "deal_outcome=lost".to_owned(),
        "deal_stage=x".to_owned(),
        "deal_id=x".to_owned(),
        "tag=x".to_owned(),
        "q=high".to_owned(),
        "disputed=true".to_owned(),
        "until=7".to_owned(),
    ] {
        assert_eq!(scene.list(&scene.bob, &no).await.len(), 0, "{no}");
    }
    for (query, status, code) in [
        ("sort=best", 400, "invalid_request"),
        ("kind=rant", 400, "invalid_request"),
        ("rep=call_1", 400, "invalid_request"),
        ("min_score=99999999999999999999", 400, "invalid_request"),
        ("after=AAAA", 400, "invalid_request"),
        ("limit=0", 422, "invalid_value"),
        ("q=%20", 422, "invalid_value"),
        ("q=-no", 422, "invalid_value"),
        ("tag=%00", 422, "invalid_value"),
        ("from=-1", 422, "invalid_value"),
        ("min_score=3&max_score=2", 422, "invalid_value"),
    ] {
        let reply = scene
            .app
            .get(&scene.bob, &format!("/api/v1/moments?{query}"))
            .await;
        reply.is_problem(status, code);
    }
    for odd in [
        "q=%00a",
        "min_score=-9223372036854775808",
        "max_score=9223372036854775807",
        "q=%22%27%3B--%22a",
    ] {
        scene.list(&scene.bob, odd).await;
    }
}
