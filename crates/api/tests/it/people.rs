//! Accounts, teams, invitations, and what is written down about them.

use gametape_core::{
    id::{InvitationId, TeamId, UserId},
    user::{Role, Scope},
};
use serde_json::{Value, json};

use crate::support::{App, Ask, NOW_MS, PASSWORD, Person, Reply};

const DAY_MS: i64 = 24 * 3_600_000;

async fn act(app: &App, person: &Person, method: &str, path: &str, body: Option<Value>) -> Reply {
    let ask = Ask::new(method, path).by(person);
    app.send(match body {
        Some(body) => ask.json(&body),
        None => ask,
    })
    .await
}

async fn root(app: &App) -> Person {
    app.person("root@example.com", Role::Admin).await
}

#[tokio::test]
async fn administrators_make_teams_and_everybody_sees_them() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, root(&app).await);
    let make = json!({"name": " East "});
    act(&app, &ann, "POST", "/api/v1/teams", Some(make.clone()))
        .await
        .is_problem(403, "forbidden");
    let team = act(&app, &root, "POST", "/api/v1/teams", Some(make.clone())).await;
    assert_eq!(
        (team.status.as_u16(), &team.json()["name"]),
        (201, &json!("East"))
    );
    act(
        &app,
        &root,
        "POST",
        "/api/v1/teams",
        Some(json!({"name": "EAST"})),
    )
    .await
    .is_problem(409, "conflict");
    for wrong in [
        json!({"name": ""}),
        json!({"name": "a\nb"}),
        json!({"name": "x".repeat(81)}),
        json!({}),
    ] {
        act(&app, &root, "POST", "/api/v1/teams", Some(wrong))
            .await
            .is_problem(422, "invalid_value");
    }
    let path = format!("/api/v1/teams/{}", team.json()["id"].as_str().unwrap());
    let member = format!("{path}/members/{}", ann.user.id);
    act(&app, &ann, "PUT", &member, None)
        .await
        .is_problem(403, "forbidden");
    for _ in 0..2 {
        assert_eq!(act(&app, &root, "PUT", &member, None).await.status, 204);
    }
    let seen = app.get(&ann, &path).await.json();
    assert_eq!(seen["member_ids"], json!([ann.user.id]));
    assert_eq!(
        app.get(&ann, "/api/v1/teams").await.json()["items"],
        json!([seen])
    );
    assert_eq!(
        app.get(&ann, "/api/v1/me").await.json()["team_ids"],
        json!([seen["id"]])
    );
    let renamed = act(&app, &root, "PATCH", &path, Some(json!({"name": "Far East"}))).await;
    assert_eq!(renamed.json()["name"], "Far East");
    assert_eq!(act(&app, &root, "DELETE", &member, None).await.status, 204);
    assert_eq!(app.get(&ann, &path).await.json()["member_ids"], json!([]));
    let nobody = format!("{path}/members/{}", UserId::new(1));
    for (method, missing) in [
        ("PUT", nobody.as_str()),
        (
            "PUT",
            &format!("/api/v1/teams/{}/members/{}", TeamId::new(1), ann.user.id),
        ),
        ("PUT", &format!("{path}/members/x")),
        ("DELETE", &format!("/api/v1/teams/{}", TeamId::new(1))),
        ("GET", "/api/v1/teams/x"),
    ] {
        act(&app, &root, method, missing, None)
            .await
            .is_problem(404, "not_found");
    }
    assert_eq!(act(&app, &root, "DELETE", &path, None).await.status, 204);
    app.get(&ann, &path).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn the_directory_names_people_without_their_addresses() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, root(&app).await);
    app.clock.advance_ms(1);
    let team = app.team("East", &[&ann]).await;
    let path = format!("/api/v1/users/{}", ann.user.id);
    act(&app, &root, "PATCH", &path, Some(json!({"name": "Änn"}))).await;
    let found = app.get(&ann, "/api/v1/people?q=%C3%84N").await;
    assert_eq!(
        found.json()["items"],
        json!([{"id": ann.user.id, "name": "Änn", "role": "rep", "team_ids": [team], "disabled": false, "erased": false}])
    );
    app.disable(&ann, true).await;
    let everybody = app.get(&root, "/api/v1/people?limit=1").await.json();
    let next = everybody["next"].as_str().unwrap();
    let rest = app
        .get(&root, &format!("/api/v1/people?limit=1&after={next}"))
        .await
        .json();
    let ids =
        [&everybody["items"][0], &rest["items"][0]].map(|it| (it["id"].clone(), it["disabled"].clone()));
    assert!(ids.contains(&(json!(ann.user.id), json!(true))), "{ids:?}");
    assert!(ids.contains(&(json!(root.user.id), json!(false))), "{ids:?}");
    assert_eq!(rest["next"], json!(null));
    for wrong in [format!("q={}", "x".repeat(101)), "limit=0".to_owned()] {
        app.get(&root, &format!("/api/v1/people?{wrong}"))
            .await
            .is_problem(422, "invalid_value");
    }
    assert_eq!(
        app.get(&root, "/api/v1/people?q=%00").await.json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn roles_and_state_are_changed_by_another_administrator() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, root(&app).await);
    let path = |person: &Person| format!("/api/v1/users/{}", person.user.id);
    let edit = async |by: &Person, whose: &Person, body: Value| {
        act(&app, by, "PATCH", &path(whose), Some(body)).await
    };
    for own in [
        json!({"role": "rep"}),
        json!({"disabled": true}),
        json!({"disabled": false}),
    ] {
        edit(&root, &root, own).await.is_problem(409, "conflict");
    }
    assert_eq!(
        edit(&root, &root, json!({"name": "Root"})).await.json()["name"],
        "Root"
    );
    assert_eq!(edit(&root, &ann, json!({})).await.json()["role"], "rep");
    for wrong in [
        json!({"role": "boss"}),
        json!({"name": ""}),
        json!({"email": "x@y"}),
    ] {
        edit(&root, &ann, wrong).await.is_problem(422, "invalid_value");
    }
    let promoted = edit(&root, &ann, json!({"role": "admin"})).await.json();
    assert_eq!(
        (&promoted["role"], &promoted["email"]),
        (&json!("admin"), &json!("ann@example.com"))
    );
    // What she may do follows at once, as far as her token goes.
    app.get(&ann, "/api/v1/users")
        .await
        .is_problem(403, "insufficient_scope");
    let ann = Person {
        token: app.token(&ann.user, Scope::Admin).await,
        ..ann
    };
    assert_eq!(edit(&ann, &root, json!({"role": "coach"})).await.status, 200);
    app.get(&root, "/api/v1/users").await.is_problem(403, "forbidden");
    edit(&ann, &ann, json!({"role": "coach"}))
        .await
        .is_problem(409, "conflict");
    let missing = format!("/api/v1/users/{}", UserId::new(1));
    act(&app, &ann, "PATCH", &missing, Some(json!({"disabled": true})))
        .await
        .is_problem(404, "not_found");
}

async fn invite(app: &App, by: &Person, body: Value) -> Reply {
    act(app, by, "POST", "/api/v1/invitations", Some(body)).await
}

fn open(token: &str) -> Ask {
    Ask::post("/api/v1/invitations/open").json(&json!({"token": token}))
}

fn accept(token: &str, email: &str) -> Ask {
    let body = json!({"token": token, "name": "Bo", "email": email, "password": PASSWORD});
    Ask::post("/api/v1/invitations/accept").json(&body)
}

#[tokio::test]
async fn whoever_has_the_link_makes_an_account_once() {
    let app = App::new().await;
    let root = root(&app).await;
    let team = app.team("East", &[]).await;
    let body = json!({"email": "bo@example.com", "role": "coach", "team_ids": [team, team]});
    let made = invite(&app, &root, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("gti_") && token.len() == 47, "{token}");
    assert_eq!(made.json()["expires_at"], NOW_MS + 7 * DAY_MS);
    assert_eq!(made.json()["team_ids"], json!([team]));
    let listed = app.get(&root, "/api/v1/invitations").await;
    assert!(!listed.text().contains(&token));
    assert_eq!(listed.json()["items"][0]["accepted_by"], json!(null));

    let offer = app.send(open(&token)).await;
    assert_eq!(
        offer.json(),
        json!({"email": "bo@example.com", "role": "coach", "teams": ["East"], "expires_at": NOW_MS + 7 * DAY_MS})
    );
    let evil = accept(&token, "bo@example.com").header("sec-fetch-site", "cross-site");
    app.send(evil).await.is_problem(403, "cross_site");
    for (field, wrong) in [("password", "short"), ("email", "x"), ("name", "")] {
        let mut body = json!({"token": token, "name": "Bo", "email": "bo@example.com", "password": PASSWORD});
        body[field] = json!(wrong);
        app.send(Ask::post("/api/v1/invitations/accept").json(&body))
            .await
            .is_problem(422, "invalid_value");
    }
    app.send(accept(&token, "ROOT@example.com"))
        .await
        .is_problem(409, "conflict");
    let accepted = app.send(accept(&token, "bo@example.com")).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    assert_eq!(accepted.json()["role"], "coach");
    let cookie = accepted.header("set-cookie").split(';').next().unwrap();
    let me = app
        .send(Ask::get("/api/v1/me").header("cookie", cookie))
        .await
        .json();
    assert_eq!(
        (&me["email"], &me["team_ids"]),
        (&json!("bo@example.com"), &json!([team]))
    );
    for over in [accept(&token, "co@example.com"), open(&token)] {
        app.send(over).await.is_problem(404, "not_found");
    }
    let listed = app.get(&root, "/api/v1/invitations").await.json();
    assert_eq!(listed["items"][0]["accepted_by"], me["id"]);
    let path = format!(
        "/api/v1/invitations/{}",
        listed["items"][0]["id"].as_str().unwrap()
    );
    act(&app, &root, "DELETE", &path, None)
        .await
        .is_problem(409, "conflict");
}

#[tokio::test]
async fn links_end_and_are_taken_back() {
    let app = App::new().await;
    let root = root(&app).await;
    let secret = |made: &Reply| made.json()["token"].as_str().unwrap().to_owned();
    for wrong in [
        json!({"role": "rep", "expires_in_days": 31}),
        json!({"role": "rep", "expires_in_days": 0}),
        json!({"role": "rep", "expires_in_days": i64::MAX}),
        json!({"role": "rep", "email": "nobody"}),
        json!({"role": "rep", "team_ids": [TeamId::new(1)]}),
        json!({"role": "rep", "team_ids": ["x"]}),
        json!({"role": "boss"}),
        json!({}),
    ] {
        invite(&app, &root, wrong).await.is_problem(422, "invalid_value");
    }
    let long = invite(&app, &root, json!({"role": "rep", "expires_in_days": 30})).await;
    let back = invite(&app, &root, json!({"role": "rep"})).await;
    let path = format!("/api/v1/invitations/{}", back.json()["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(act(&app, &root, "DELETE", &path, None).await.status, 204);
    }
    app.send(open(&secret(&back))).await.is_problem(404, "not_found");
    app.clock.advance_ms(30 * DAY_MS - 1);
    assert_eq!(app.send(open(&secret(&long))).await.status, 200);
    app.clock.advance_ms(1);
    app.send(accept(&secret(&long), "bo@example.com"))
        .await
        .is_problem(404, "not_found");
    let missing = format!("/api/v1/invitations/{}", InvitationId::new(1));
    act(&app, &root, "DELETE", &missing, None)
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn guessing_links_is_slowed_down() {
    let app = App::new().await;
    let root = root(&app).await;
    let made = invite(&app, &root, json!({"role": "rep"})).await.json();
    let token = made["token"].as_str().unwrap();
    // Opening a link that works is no guess.
    for _ in 0..60 {
        assert_eq!(app.send(open(token)).await.status, 200);
    }
    for n in 0..50 {
        app.send(open(&format!("gti_{n}")))
            .await
            .is_problem(404, "not_found");
    }
    for slowed in [open(token), accept(token, "bo@example.com")] {
        let reply = app.send(slowed).await;
        reply.is_problem(429, "too_many_requests");
        assert_eq!(reply.header("retry-after"), "901");
    }
    app.clock.advance_ms(901_000);
    assert_eq!(app.send(open(token)).await.status, 200);
}

#[tokio::test]
async fn what_administrators_do_is_written_down() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, root(&app).await);
    let started = NOW_MS + 10;
    app.clock.advance_ms(10);
    let user = format!("/api/v1/users/{}", ann.user.id);
    let steps = [
        ("POST", "/api/v1/teams", json!({"name": "East"})),
        ("POST", "/api/v1/invitations", json!({"role": "coach"})),
        ("PATCH", user.as_str(), json!({"role": "coach"})),
        ("PATCH", &user, json!({"disabled": true})),
        ("PATCH", &user, json!({"disabled": false, "name": "Ann"})),
        ("POST", "/api/v1/tokens", json!({"name": "x", "scope": "read"})),
    ];
    for (method, path, body) in steps {
        let reply = act(&app, &root, method, path, Some(body)).await;
        assert!(reply.status.is_success(), "{reply:?}");
        app.clock.advance_ms(1);
    }
    let log =
        async |query: &str| app.get(&root, &format!("/api/v1/audit?{query}")).await.json()["items"].clone();
    let actions = |items: &Value| -> Vec<String> {
        let items = items.as_array().unwrap().iter();
        items
            .map(|it| it["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = log(&format!("from={started}")).await;
    let expected = [
        "token.create",
        "user.enable",
        "user.disable",
        "user.role",
        "invitation.create",
        "team.change",
    ];
    assert_eq!(actions(&all), expected);
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|it| it["actor_id"] == root.user.id.as_str())
    );
    assert_eq!(all[3]["detail"], json!({"before": "rep", "after": "coach"}));
    assert_eq!(
        (&all[3]["target_kind"], &all[3]["target_id"]),
        (&json!("user"), &json!(ann.user.id))
    );
    assert_eq!(actions(&log("action=user.role").await), ["user.role"]);
    let of_ann = format!("target={}&until={}", ann.user.id, started + 3);
    assert_eq!(actions(&log(&of_ann).await), ["user.role", "user.create"]);
    assert_eq!(
        actions(&log(&format!("actor={}", ann.user.id)).await),
        [] as [&str; 0]
    );
    // Page by page.
    let page = app
        .get(&root, &format!("/api/v1/audit?from={started}&limit=4"))
        .await
        .json();
    let next = page["next"].as_str().unwrap();
    assert_eq!(
        actions(&log(&format!("from={started}&limit=4&after={next}")).await),
        expected[4..]
    );
    for wrong in ["action=x", "actor=x", "from=x"] {
        app.get(&root, &format!("/api/v1/audit?{wrong}"))
            .await
            .is_problem(400, "invalid_request");
    }
    app.get(&ann, "/api/v1/audit").await.is_problem(403, "forbidden");
}
