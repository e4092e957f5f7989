//! What an open stream tells whom, and that it ends for whoever loses the right to listen.

use std::time::Duration;

use futures::StreamExt;
use gametape_api::ApiConfig;
use gametape_core::{
    id::{CallId, TeamId},
    user::Role,
};
use gametape_store::Actor;
use serde_json::{Value, json};

use crate::{
    events::Events,
    permissions::Scene,
    support::{App, Ask, PASSWORD, Person, bytes},
};

/// Listeners are looked at again this often here, so that tests need not wait.
const LOOK_AGAIN_MS: u64 = 100;

/// Ann has a call that her team sees; Bob is in the team.
struct Room {
    app: App,
    ann: Person,
    bob: Person,
    team: TeamId,
    call: CallId,
    seq: i64,
}

impl Room {
    async fn new() -> Self {
        let app = App::with(ApiConfig {
            look_again_ms: LOOK_AGAIN_MS,
            ..ApiConfig::default()
        })
        .await;
        let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
        let team = app.team("team", &[&ann, &bob]).await;
        let call = app.call(&ann, "a.wav", &bytes(10)).await;
        let seq = app.store.event_last_seq(&call).await.unwrap();
        Self {
            app,
            ann,
            bob,
            team,
            call,
            seq,
        }
    }

    fn listening(&self, ask: impl Fn(Ask) -> Ask) -> Ask {
        let path = format!("/api/v1/calls/{}/events", self.call);
        ask(Ask::get(&path)).header("last-event-id", self.seq)
    }

    async fn hear(&self, person: &Person) -> Events {
        Events::of(&self.app, self.listening(|ask| ask.by(person))).await
    }

    async fn change(&self, body: Value) {
        let path = format!("/api/v1/calls/{}", self.call);
        let reply = self
            .app
            .send(Ask::new("PATCH", &path).by(&self.ann).json(&body))
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    async fn comment(&self) -> Value {
        let path = format!("/api/v1/calls/{}/comments", self.call);
        let reply = self
            .app
            .send(
                Ask::post(&path)
                    .by(&self.ann)
                    .json(&json!({"body": "between us"})),
            )
            .await;
        reply.json()["id"].clone()
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_call_is_kept_from_the_listener() {
    let room = Room::new().await;
    let (mut bob, mut ann) = (room.hear(&room.bob).await, room.hear(&room.ann).await);
    let heard = room.comment().await;
    assert_eq!(bob.next().await.unwrap().2["id"], heard);
    assert_eq!(ann.next().await.unwrap().2["id"], heard);
    room.change(json!({"visibility": "private"})).await;
    room.comment().await;
    assert_eq!(bob.next().await, None);
    let kinds = [ann.next().await.unwrap().1, ann.next().await.unwrap().1];
    assert_eq!(kinds, ["call", "comment"]);
}

#[tokio::test]
async fn a_stream_ends_with_an_invitation_and_with_a_membership() {
    let room = Room::new().await;
    let carl = room.app.person("carl@example.com", Role::Rep).await;
    room.change(json!({"invited": [carl.user.id]})).await;
    let mut guest = room.hear(&carl).await;
    assert_eq!(guest.next().await.unwrap().1, "call");
    room.change(json!({"invited": []})).await;
    assert_eq!(guest.next().await, None);

    let mut bob = room.hear(&room.bob).await;
    assert_eq!(bob.next().await.unwrap().1, "call");
    assert_eq!(bob.next().await.unwrap().1, "call");
    let (team, user) = (&room.team, &room.bob.user.id);
    room.app
        .store
        .team_remove_member(&Actor::default(), team, user)
        .await
        .unwrap();
    assert_eq!(bob.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_the_token_the_session_and_the_account() {
    let room = Room::new().await;
    let mut by_token = room.hear(&room.bob).await;
    let tokens = room.app.store.token_list(&room.bob.user.id).await.unwrap();
    let actor = Actor::default();
    room.app
        .store
        .token_revoke(&actor, &tokens[0].id, None)
        .await
        .unwrap();
    assert_eq!(by_token.next().await, None);

    let body = json!({"email": "bob@example.com", "password": PASSWORD});
    let signed_in = room.app.send(Ask::post("/api/v1/session").json(&body)).await;
    let cookie = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let by_cookie = |ask: Ask| ask.header("cookie", &cookie);
    let mut stream = Events::of(&room.app, room.listening(by_cookie)).await;
    let out = by_cookie(Ask::new("DELETE", "/api/v1/session"));
    assert_eq!(room.app.send(out).await.status, 204);
    assert_eq!(stream.next().await, None);

    let mut owner = room.hear(&room.ann).await;
    room.app.shut(&room.ann).await;
    assert_eq!(owner.next().await, None);
}

#[tokio::test]
async fn the_inbox_stream_ends_with_the_account() {
    let room = Room::new().await;
    let response = room.app.open(Ask::get("/api/v1/events").by(&room.bob)).await;
    let mut body = response.into_body().into_data_stream();
    let first = body.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"unread\":0"));
    room.app.shut(&room.bob).await;
    let rest = tokio::time::timeout(Duration::from_secs(10), body.next()).await;
    assert!(rest.unwrap().is_none());
}

#[tokio::test]
async fn an_administrator_who_goes_on_listening_to_a_private_call_is_noted() {
    let room = Room::new().await;
    let boss = room.app.person("root@example.com", Role::Admin).await;
    room.change(json!({"visibility": "org"})).await;
    let mut stream = room.hear(&boss).await;
    assert_eq!(stream.next().await.unwrap().1, "call");
    let looks = || async {
        let list = room.app.get(&boss, "/api/v1/audit?action=call.look").await;
        list.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(looks().await, 0);
    room.change(json!({"visibility": "private"})).await;
    assert_eq!(stream.next().await.unwrap().1, "call");
    assert_eq!(looks().await, 1);
}

/// Ids of the comments and reviews that somebody hears of until the event about `end`.
async fn told(scene: &Scene, relation: &str, end: &Value) -> Vec<String> {
    let path = format!("/api/v1/calls/{}/events?after=0", scene.call);
    let mut stream = Events::of(&scene.app, scene.ask_by(relation, "GET", &path)).await;
    let mut ids = Vec::new();
    loop {
        let (_, kind, data) = stream.next().await.unwrap();
        if data["id"] == *end {
            return ids;
        }
        if ["comment", "review"].contains(&kind.as_str()) {
            ids.push(data["id"].as_str().unwrap_or_default().to_owned());
        }
    }
}

#[tokio::test]
async fn each_hears_of_the_comments_and_reviews_that_they_may_see() {
    let scene = Scene::new().await;
    let comments = format!("/api/v1/calls/{}/comments", scene.call);
    let end = scene
        .ask_by("owner", "POST", &comments)
        .json(&json!({"body": "the end"}));
    let end = scene.app.send(end).await.json()["id"].clone();
    for (relation, hears, must_not) in [
        (
            "owner",
            vec!["comment", "submitted", "released"],
            vec!["for the mentioned", "for the author", "draft"],
        ),
        (
            "author",
            vec!["comment", "for the mentioned", "for the author"],
            vec!["submitted", "released"],
        ),
        (
            "teammate",
            vec!["comment", "for the mentioned", "submitted"],
            vec!["for the author", "draft"],
        ),
        (
            "invited",
            vec!["comment", "released"],
            vec!["for the mentioned", "for the author", "draft", "submitted"],
        ),
        (
            "admin",
            vec!["comment", "released"],
            vec!["for the mentioned", "for the author", "draft", "submitted"],
        ),
    ] {
        let ids = told(&scene, relation, &end).await;
        for name in hears {
            assert!(
                ids.iter().any(|id| id == scene.id(name)),
                "{relation} must hear of {name}"
            );
        }
        for name in must_not {
            assert!(
                ids.iter().all(|id| id != scene.id(name)),
                "{relation} hears of {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_person_has_so_many_streams_open() {
    let room = Room::new().await;
    let ask = || Ask::get("/api/v1/events").by(&room.bob);
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(room.app.open(ask()).await);
    }
    let refused = room.app.send(ask()).await;
    refused.is_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(
        room.app.status(Ask::get("/api/v1/events").by(&room.ann)).await,
        200
    );
    open.pop();
    assert_eq!(room.app.status(ask()).await, 200);
}
