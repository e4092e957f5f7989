//! Comments: written, answered, changed, deleted, reacted to, taken along.

use gametape_core::{
    comment::{Audience, CommentKind, CommentText},
    id::CallId,
    user::Role,
};
use gametape_store::{NewComment, Place};
use serde_json::{Value, json};

use crate::support::{App, Ask, Person, Reply, bytes};

/// Ann with a call of five seconds that is ready, and two people who see it as they see everything.
struct Scene {
    app: App,
    ann: Person,
    root: Person,
    boss: Person,
    call: CallId,
}

async fn scene() -> Scene {
    let app = App::new().await;
    let ann = app.ann().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let boss = app.person("boss@example.com", Role::Admin).await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let said = [(0, 0, 900, "How are you?"), (1, 1_000, 1_900, "Fine --> thanks.")];
    app.finish(&call, 5_000, &said).await;
    Scene {
        app,
        ann,
        root,
        boss,
        call,
    }
}

impl Scene {
    fn path(&self) -> String {
        format!("/api/v1/calls/{}/comments", self.call)
    }

    async fn ask(&self, method: &str, path: &str, who: &Person, body: Option<Value>) -> Reply {
        let ask = Ask::new(method, path).by(who);
        self.app
            .send(match body {
                Some(body) => ask.json(&body),
                None => ask,
            })
            .await
    }

    async fn post(&self, who: &Person, body: Value) -> Value {
        // Comments of one moment come in no order.
        self.app.clock.advance_ms(1);
        let reply = self.ask("POST", &self.path(), who, Some(body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    async fn bodies(&self, who: &Person) -> Vec<String> {
        let list = self.app.get(who, &self.path()).await.json();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|it| it["body"].as_str().unwrap().to_owned()).collect()
    }
}

fn path_of(comment: &Value) -> String {
    format!("/api/v1/comments/{}", comment["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_comment_quotes_is_changed_and_remembers() {
    let s = scene().await;
    let new = json!({
        "kind": "improve", "body": " Say *more*.\n", "situation": "At first", "impact": " ",
        "mentions": [s.root.user.id, s.root.user.id], "start_ms": 900, "end_ms": 2_000, "channel": 1,
    });
    let made = s.post(&s.ann, new).await;
    assert_eq!(
        (
            &made["body"],
            &made["situation"],
            &made["impact"],
            &made["audience"]
        ),
        (
            &json!("Say *more*."),
            &json!("At first"),
            &json!(null),
            &json!("call")
        )
    );
    assert_eq!(made["mentions"], json!([s.root.user.id]));
    assert_eq!(made["author_name"], "ann@example.com");
    assert_eq!(
        made["anchor"],
        json!({
            "start_ms": 900, "end_ms": 2_000, "channel": 1, "quote": "Fine --> thanks.",
            "prefix": "", "suffix": "", "status": "exact",
        })
    );
    let path = path_of(&made);
    let read = s.app.get(&s.root, &path).await;
    assert_eq!((read.header("etag"), read.json()), ("\"1\"", made.clone()));

    let change = |etag: &'static str, body: Value| {
        let ask = Ask::new("PATCH", &path).by(&s.ann).header("if-match", etag);
        s.app.send(ask.json(&body))
    };
    let changed = change("\"1\"", json!({"body": "Say less.", "situation": null})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.json();
    assert_eq!(
        (&changed["body"], &changed["situation"], &changed["kind"]),
        (&json!("Say less."), &json!(null), &json!("improve"))
    );
    assert_eq!(changed["mentions"], made["mentions"]);
    change("\"1\"", json!({"body": "Late."}))
        .await
        .is_problem(412, "precondition_failed");
    change("*", json!({"body": ""}))
        .await
        .is_problem(422, "invalid_value");
    change("*", json!({"audience": "author"}))
        .await
        .is_problem(422, "invalid_value");
    let versions = s.app.get(&s.root, &format!("{path}/versions")).await.json();
    let bodies: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["body"])
        .collect();
    assert_eq!(bodies, ["Say *more*.", "Say less."]);
    // It goes elsewhere, and says the same there.
    let moved = change("*", json!({"start_ms": 0, "end_ms": 900})).await.json();
    assert_eq!(
        (
            &moved["body"],
            &moved["anchor"]["quote"],
            &moved["anchor"]["end_ms"]
        ),
        (&json!("Say less."), &json!("How are you?"), &json!(900))
    );
    for place in [
        json!({"start_ms": 5}),
        json!({"start_ms": 5, "end_ms": 5_001}),
        json!({"channel": 1}),
    ] {
        change("*", place).await.is_problem(422, "invalid_value");
    }
    let answer = s
        .ask(
            "POST",
            &format!("{path}/replies"),
            &s.ann,
            Some(json!({"body": "Yes."})),
        )
        .await
        .json();
    let place = json!({"start_ms": 0, "end_ms": 900});
    s.ask("PATCH", &path_of(&answer), &s.ann, Some(place.clone()))
        .await
        .is_problem(422, "invalid_value");
    // Another's words are nobody else's to change, not even an administrator's.
    s.ask("PATCH", &path, &s.root, Some(place))
        .await
        .is_problem(403, "forbidden");
    s.ask("PATCH", &path, &s.root, Some(json!({"body": "No."})))
        .await
        .is_problem(403, "forbidden");
}

#[tokio::test]
async fn what_says_nothing_or_points_nowhere_is_refused() {
    let s = scene().await;
    let bob = s.app.person("bob@example.com", Role::Rep).await;
    let gone = s.app.person("gone@example.com", Role::Admin).await;
    s.app.shut(&gone).await;
    let long = "x".repeat(5_001);
    let many: Vec<String> = (0..51)
        .map(|n| gametape_core::id::UserId::new(n).to_string())
        .collect();
    for body in [
        json!({}),
        json!({"body": " \n "}),
        json!({"body": long}),
        json!({"body": "a\u{0}b"}),
        json!({"body": "x", "impact": &long[..1_001]}),
        json!({"body": "x", "kind": "rant"}),
        json!({"body": "x", "colour": "red"}),
        json!({"body": "x", "start_ms": 1}),
        json!({"body": "x", "channel": 1}),
        json!({"body": "x", "start_ms": 5, "end_ms": 5}),
        json!({"body": "x", "start_ms": -1, "end_ms": 5}),
        json!({"body": "x", "start_ms": 0, "end_ms": 5_001}),
        json!({"body": "x", "start_ms": i64::MIN, "end_ms": i64::MAX}),
        json!({"body": "x", "start_ms": 0, "end_ms": 1, "channel": 2}),
        json!({"body": "x", "start_ms": 0, "end_ms": 1, "channel": -1}),
        json!({"body": "x", "mentions": ["nobody"]}),
        json!({"body": "x", "mentions": ["user_00000000000000000000000001"]}),
        json!({"body": "x", "mentions": [bob.user.id]}),
        json!({"body": "x", "mentions": [gone.user.id]}),
        json!({"body": "x", "mentions": many}),
        json!({"body": "x", "audience": "mentioned"}),
        json!({"body": "x", "audience": "author", "mentions": [s.root.user.id]}),
    ] {
        let reply = s.ask("POST", &s.path(), &s.ann, Some(body.clone())).await;
        assert_eq!(reply.status, 422, "{body}: {reply:?}");
    }
    assert!(s.bodies(&s.ann).await.is_empty());
    // Parts are enough without a body.
    let parts = s
        .post(
            &s.ann,
            json!({"behaviour": "You asked.", "start_ms": 0, "end_ms": 5_000}),
        )
        .await;
    assert_eq!((&parts["body"], &parts["kind"]), (&json!(""), &json!("note")));
    let wiped = json!({"behaviour": null});
    s.ask("PATCH", &path_of(&parts), &s.ann, Some(wiped))
        .await
        .is_problem(422, "invalid_value");
}

#[tokio::test]
async fn what_is_not_for_somebody_is_as_good_as_missing() {
    let s = scene().await;
    let note = s
        .post(&s.ann, json!({"body": "to myself", "audience": "author"}))
        .await;
    let mentions = json!([s.root.user.id]);
    let for_root = json!({"body": "to root", "audience": "mentioned", "mentions": mentions});
    let for_root = s.post(&s.ann, for_root).await;
    let answer = s
        .ask(
            "POST",
            &format!("{}/replies", path_of(&for_root)),
            &s.root,
            Some(json!({"body": "yes"})),
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["audience"]),
        (201, &json!("mentioned"))
    );
    let answer = answer.json();
    assert_eq!(s.bodies(&s.ann).await, ["to myself", "to root"]);
    assert_eq!(s.bodies(&s.root).await, ["to root"]);
    assert!(s.bodies(&s.boss).await.is_empty());
    for comment in [&note, &for_root, &answer] {
        let path = path_of(comment);
        for (method, tail, body) in [
            ("GET", "", None),
            ("PATCH", "", Some(json!({"body": "x"}))),
            ("DELETE", "", None),
            ("GET", "/versions", None),
            ("POST", "/replies", Some(json!({"body": "x"}))),
            ("PUT", "/reactions/%F0%9F%91%8D", None),
            ("DELETE", "/reactions/%F0%9F%91%8D", None),
            ("POST", "/resolve", None),
            ("POST", "/reopen", None),
        ] {
            let reply = s.ask(method, &format!("{path}{tail}"), &s.boss, body).await;
            reply.is_problem(404, "not_found");
            assert!(reply.text().contains("no such comment"), "{reply:?}");
        }
    }
    // Who doesn't see the comment can't be called into its answers.
    let call_boss = json!({"body": "x", "mentions": [s.boss.user.id]});
    s.ask(
        "POST",
        &format!("{}/replies", path_of(&for_root)),
        &s.ann,
        Some(call_boss),
    )
    .await
    .is_problem(422, "invalid_value");
    // Strangers don't see the call, and so none of it.
    let bob = s.app.person("bob@example.com", Role::Rep).await;
    let open = s.post(&s.ann, json!({"body": "to all"})).await;
    s.app
        .get(&bob, &path_of(&open))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn answers_are_written_and_deleted_with_care() {
    let s = scene().await;
    let comment = s.post(&s.root, json!({"body": "Why?", "kind": "question"})).await;
    let replies = format!("{}/replies", path_of(&comment));
    let answer = s
        .ask("POST", &replies, &s.ann, Some(json!({"body": "Because."})))
        .await
        .json();
    assert_eq!(
        (&answer["parent_id"], &answer["anchor"]),
        (&comment["id"], &json!(null))
    );
    s.ask(
        "POST",
        &format!("{}/replies", path_of(&answer)),
        &s.root,
        Some(json!({"body": "x"})),
    )
    .await
    .is_problem(409, "conflict");
    // Ann may not delete what others say about her call; an administrator may.
    s.ask("DELETE", &path_of(&comment), &s.ann, None)
        .await
        .is_problem(403, "forbidden");
    assert_eq!(
        s.ask("DELETE", &path_of(&comment), &s.boss, None).await.status,
        204
    );
    let list = s.app.get(&s.ann, &s.path()).await.json();
    let left = &list["items"][0];
    assert_eq!((&left["body"], left["deleted_at"].is_i64()), (&json!(""), true));
    assert_eq!(left["replies"][0]["body"], "Because.");
    s.ask("POST", &replies, &s.ann, Some(json!({"body": "x"})))
        .await
        .is_problem(409, "conflict");
    s.ask("PATCH", &path_of(&comment), &s.root, Some(json!({"body": "x"})))
        .await
        .is_problem(409, "conflict");
    assert_eq!(s.ask("DELETE", &path_of(&answer), &s.ann, None).await.status, 204);
    assert!(s.bodies(&s.ann).await.is_empty());
    s.app
        .get(&s.ann, &path_of(&comment))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn people_react_and_settle() {
    let s = scene().await;
    let comment = s.post(&s.ann, json!({"body": "Well done."})).await;
    let path = path_of(&comment);
    let thumb = format!("{path}/reactions/%F0%9F%91%8D");
    s.ask("PUT", &thumb, &s.root, None).await;
    let twice = s.ask("PUT", &thumb, &s.root, None).await;
    assert_eq!(
        (twice.status.as_u16(), &twice.json()["reactions"]),
        (200, &json!([{"reaction": "👍", "user_ids": [s.root.user.id]}]))
    );
    assert_eq!(
        s.ask("DELETE", &thumb, &s.root, None).await.json()["reactions"],
        json!([])
    );
    for odd in ["x", "%00", "%F0%9F%92%A9", &"a".repeat(3_000)] {
        s.ask("PUT", &format!("{path}/reactions/{odd}"), &s.root, None)
            .await
            .is_problem(422, "invalid_value");
    }
    s.ask("PUT", &format!("{path}/reactions/%FF"), &s.root, None)
        .await
        .is_problem(404, "not_found");
    let settled = s
        .ask("POST", &format!("{path}/resolve"), &s.root, None)
        .await
        .json();
    assert_eq!(
        (&settled["resolved_by"], settled["resolved_at"].is_i64()),
        (&json!(s.root.user.id), true)
    );
    let open = s
        .ask("POST", &format!("{path}/reopen"), &s.ann, None)
        .await
        .json();
    assert_eq!(
        (&open["resolved_by"], &open["resolved_at"]),
        (&json!(null), &json!(null))
    );
}

#[tokio::test]
async fn comments_are_taken_along_by_those_who_see_them() {
    let s = scene().await;
    s.post(
        &s.ann,
        json!({"body": "late\n--> x", "kind": "praise", "start_ms": 1_000, "end_ms": 2_000}),
    )
    .await;
    s.post(&s.root, json!({"body": "early", "start_ms": 0, "end_ms": 1_000}))
        .await;
    s.post(
        &s.ann,
        json!({"body": "secret", "audience": "author", "start_ms": 0, "end_ms": 9}),
    )
    .await;
    s.post(&s.ann, json!({"body": "whole"})).await;
    let take = |who: &Person, accept: &str| {
        let ask = Ask::get(&s.path()).by(who).header("accept", accept);
        s.app.send(ask)
    };
    let vtt = take(&s.root, "text/vtt").await;
    assert_eq!(vtt.header("content-type"), "text/vtt; charset=utf-8");
    assert_eq!(vtt.header("vary"), "accept");
    let text = vtt.text();
    assert_eq!(text.matches("-->").count(), 2, "{text}");
    assert!(text.find("early").unwrap() < text.find("late").unwrap(), "{text}");
    assert!(!text.contains("secret") && !text.contains("whole"), "{text}");
    assert!(take(&s.ann, "text/vtt").await.text().contains("secret"));

    let ld = take(&s.root, "application/ld+json, text/html;q=0.3").await;
    assert!(ld.header("content-type").starts_with("application/ld+json"));
    let ld = ld.json();
    assert_eq!(
        (&ld["type"], &ld["total"]),
        (&json!("AnnotationCollection"), &json!(3))
    );
    let late = &ld["first"]["items"][0];
    assert_eq!(late["creator"]["name"], "ann@example.com");
    assert_eq!(
        late["target"]["source"],
        format!("/api/v1/calls/{}/audio", s.call)
    );
    assert_eq!(late["target"]["selector"][0]["value"], "t=1,2");
    assert_eq!(late["target"]["selector"][1]["exact"], "Fine --> thanks.");
    assert_eq!(
        take(&s.root, "text/html").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn two_thousand_comments_come_at_once_or_in_pages() {
    let s = scene().await;
    for n in 0..2_000 {
        let new = NewComment {
            call_id: s.call.clone(),
            author_id: s.ann.user.id.clone(),
            place: Some(Place {
                start_ms: n,
                end_ms: n + 1_000,
                channel: None,
            }),
            text: CommentText {
                kind: CommentKind::Note,
                body: n.to_string(),
                situation: None,
                behaviour: None,
                impact: None,
            },
            audience: Audience::Call,
            mentions: Vec::new(),
        };
        s.app.clock.advance_ms(1);
        s.app.store.comment_create(new).await.unwrap();
    }
    let began = std::time::Instant::now();
    let all = s
        .app
        .get(&s.root, &format!("{}?limit=2000", s.path()))
        .await
        .json();
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["next"]),
        (2_000, &json!(null))
    );
    let (mut seen, mut next) = (0, String::new());
    loop {
        let page = s
            .app
            .get(&s.root, &format!("{}?limit=900{next}", s.path()))
            .await
            .json();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["body"], seen.to_string());
            seen += 1;
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, 2_000);
    for (query, code) in [
        ("limit=0", 422),
        ("limit=2001", 422),
        ("limit=x", 400),
        ("after=x", 400),
    ] {
        let reply = s.app.get(&s.root, &format!("{}?{query}", s.path())).await;
        assert_eq!(reply.status, code, "{query}");
    }
}
