//! Signing in and out, and what a session is worth.

use gametape_core::user::{Role, Scope};
use serde_json::json;

use crate::support::{App, Ask, NOW_MS, PASSWORD, Reply};

async fn sign_in(app: &App, email: &str, password: &str) -> Reply {
    app.send(Ask::post("/api/v1/session").json(&json!({"email": email, "password": password})))
        .await
}

fn cookie(reply: &Reply) -> String {
    reply.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_signs_in_and_out() {
    let app = App::new().await;
    let ann = app.ann().await;
    let reply = sign_in(&app, "Ann@Example.com", PASSWORD).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["id"], ann.user.id.as_str());
    assert!(!reply.text().contains("argon2"));
    let set_cookie = reply.header("set-cookie");
    assert!(
        set_cookie.contains("HttpOnly") && set_cookie.contains("SameSite=Lax"),
        "{set_cookie}"
    );
    let cookie = cookie(&reply);

    let me = app.send(Ask::get("/api/v1/me").header("cookie", &cookie)).await;
    assert_eq!(me.json()["email"], "ann@example.com");
    let out = app
        .send(Ask::new("DELETE", "/api/v1/session").header("cookie", &cookie))
        .await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    app.send(Ask::get("/api/v1/me").header("cookie", &cookie))
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_ends_by_itself_and_with_the_account() {
    let app = App::new().await;
    let ann = app.ann().await;
    let cookie = cookie(&sign_in(&app, "ann@example.com", PASSWORD).await);
    let me = || Ask::get("/api/v1/me").header("cookie", &cookie);
    assert_eq!(app.send(me()).await.status, 200);
    app.clock.advance_ms(14 * 24 * 3_600_000 + 1);
    app.send(me()).await.is_problem(401, "unauthenticated");

    app.disable(&ann, true).await;
    app.get(&ann, "/api/v1/me")
        .await
        .is_problem(401, "unauthenticated");
    sign_in(&app, "ann@example.com", PASSWORD)
        .await
        .is_problem(401, "wrong_credentials");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_tells_nothing() {
    let app = App::new().await;
    app.ann().await;
    let unknown = sign_in(&app, "nobody@example.com", PASSWORD).await;
    let wrong = sign_in(&app, "ann@example.com", "wrong password").await;
    unknown.is_problem(401, "wrong_credentials");
    wrong.is_problem(401, "wrong_credentials");
    assert_eq!(unknown.json()["detail"], wrong.json()["detail"]);
    for _ in 0..4 {
        sign_in(&app, "ann@example.com", "wrong password")
            .await
            .is_problem(401, "wrong_credentials");
    }
    let refused = sign_in(&app, "ann@example.com", PASSWORD).await;
    refused.is_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "901");
    app.clock.advance_ms(901_000);
    assert_eq!(sign_in(&app, "ann@example.com", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn other_sites_cannot_use_the_cookie() {
    let app = App::new().await;
    app.ann().await;
    let cookie = cookie(&sign_in(&app, "ann@example.com", PASSWORD).await);
    let ask = |method: &str, path: &str, site: &str| {
        Ask::new(method, path)
            .header("cookie", &cookie)
            .header("sec-fetch-site", site)
    };
    let body = json!({"name": "x", "scope": "read"});
    let evil = app
        .send(ask("POST", "/api/v1/tokens", "cross-site").json(&body))
        .await;
    evil.is_problem(403, "cross_site");
    assert_eq!(
        app.send(ask("POST", "/api/v1/tokens", "same-origin").json(&body))
            .await
            .status,
        201
    );
    // Reading is what the browser itself keeps from other sites.
    assert_eq!(app.send(ask("GET", "/api/v1/me", "cross-site")).await.status, 200);
    let origin = |value: &str| {
        let ask = Ask::post("/api/v1/tokens")
            .header("cookie", &cookie)
            .header("host", "tape.example.com");
        ask.header("origin", value).json(&body)
    };
    app.send(origin("https://evil.example.com"))
        .await
        .is_problem(403, "cross_site");
    assert_eq!(app.send(origin("https://tape.example.com")).await.status, 201);

    let planted = Ask::post("/api/v1/session").header("sec-fetch-site", "cross-site");
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    app.send(planted.json(&body)).await.is_problem(403, "cross_site");
}

#[tokio::test]
async fn tokens_are_shown_once_and_can_be_taken_back() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let ask = || Ask::post("/api/v1/tokens").by(&ann);
    let made = app
        .send(ask().json(&json!({"name": "cron", "scope": "read"})))
        .await;
    assert_eq!(made.status, 201);
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        app.send(Ask::get("/api/v1/me").bearer(&secret)).await.json()["scope"],
        "read"
    );
    let listed = app.get(&ann, "/api/v1/tokens").await;
    assert!(!listed.text().contains(&secret));
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);

    let path = format!("/api/v1/tokens/{}", made.json()["id"].as_str().unwrap());
    app.send(Ask::new("DELETE", &path).by(&bob))
        .await
        .is_problem(404, "not_found");
    assert_eq!(app.send(Ask::new("DELETE", &path).by(&ann)).await.status, 204);
    app.send(Ask::get("/api/v1/me").bearer(&secret))
        .await
        .is_problem(401, "unauthenticated");

    app.send(ask().json(&json!({"name": "x", "scope": "admin"})))
        .await
        .is_problem(403, "insufficient_scope");
    let old = json!({"name": "x", "scope": "read", "expires_at": NOW_MS - 1});
    app.send(ask().json(&old)).await.is_problem(422, "invalid_value");
    let short = json!({"name": "x", "scope": "read", "expires_at": NOW_MS + 1_000});
    let short = app.send(ask().json(&short)).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    app.clock.advance_ms(1_000);
    app.send(Ask::get("/api/v1/me").bearer(&short))
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_cannot_make_a_wider_one() {
    let app = App::new().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let writer = app.token(&root.user, Scope::Write).await;
    let wider = Ask::post("/api/v1/tokens")
        .bearer(&writer)
        .json(&json!({"name": "x", "scope": "admin"}));
    app.send(wider).await.is_problem(403, "insufficient_scope");
}

#[tokio::test]
async fn admins_make_accounts_and_people_choose_their_passwords() {
    let app = App::new().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let account = |email: &str, password: &str| json!({"email": email, "name": "Bo", "role": "rep", "password": password});
    let asking = |body| Ask::post("/api/v1/users").by(&root).json(&body);
    let made = app
        .send(asking(account("bo@example.com", "first password")))
        .await;
    assert_eq!((made.status.as_u16(), &made.json()["role"]), (201, &json!("rep")));
    app.send(asking(account("BO@example.com", "first password")))
        .await
        .is_problem(409, "conflict");
    app.send(asking(account("co@example.com", "short")))
        .await
        .is_problem(422, "invalid_value");
    app.send(asking(account("co", "first password")))
        .await
        .is_problem(422, "invalid_value");
    assert_eq!(
        app.get(&root, "/api/v1/users").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let cookie = cookie(&sign_in(&app, "bo@example.com", "first password").await);
    let change = |old: &str, new: &str| {
        let body = json!({"old_password": old, "new_password": new});
        Ask::new("PUT", "/api/v1/me/password")
            .header("cookie", &cookie)
            .json(&body)
    };
    app.send(change("wrong password", "second password"))
        .await
        .is_problem(403, "forbidden");
    app.send(change("first password", "short"))
        .await
        .is_problem(422, "invalid_value");
    assert_eq!(
        app.send(change("first password", "second password")).await.status,
        204
    );
    app.send(Ask::get("/api/v1/me").header("cookie", &cookie))
        .await
        .is_problem(401, "unauthenticated");
    sign_in(&app, "bo@example.com", "first password")
        .await
        .is_problem(401, "wrong_credentials");
    assert_eq!(
        sign_in(&app, "bo@example.com", "second password").await.status,
        201
    );

    let path = format!("/api/v1/users/{}", made.json()["id"].as_str().unwrap());
    let shut = app
        .send(
            Ask::new("PATCH", &path)
                .by(&root)
                .json(&json!({"disabled": true})),
        )
        .await;
    assert_eq!(shut.json()["disabled"], true);
    sign_in(&app, "bo@example.com", "second password")
        .await
        .is_problem(401, "wrong_credentials");
    let own = format!("/api/v1/users/{}", root.user.id);
    let own = Ask::new("PATCH", &own).by(&root).json(&json!({"disabled": true}));
    app.send(own).await.is_problem(409, "conflict");
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out_one_by_one() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let old = cookie(&sign_in(&app, "ann@example.com", PASSWORD).await);
    app.clock.advance_ms(1_000);
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let fox = Ask::post("/api/v1/session")
        .header("user-agent", "Fox/1")
        .json(&body);
    let new = cookie(&app.send(fox).await);
    sign_in(&app, "bob@example.com", PASSWORD).await;

    let list = async || {
        app.send(Ask::get("/api/v1/sessions").header("cookie", &new))
            .await
            .json()["items"]
            .clone()
    };
    let sessions = list().await;
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(
        (&sessions[0]["user_agent"], &sessions[0]["current"]),
        (&json!("Fox/1"), &json!(true))
    );
    assert_eq!(
        (&sessions[1]["created_at"], &sessions[1]["current"]),
        (&json!(NOW_MS), &json!(false))
    );
    // Seen with a token, none of them is the one.
    let by_token = app.get(&ann, "/api/v1/sessions").await.json();
    assert!(
        by_token["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["current"] == false)
    );

    let path = format!("/api/v1/sessions/{}", sessions[1]["id"].as_str().unwrap());
    app.send(Ask::new("DELETE", &path).by(&bob))
        .await
        .is_problem(404, "not_found");
    assert_eq!(
        app.send(Ask::new("DELETE", &path).header("cookie", &new))
            .await
            .status,
        204
    );
    app.send(Ask::get("/api/v1/me").header("cookie", &old))
        .await
        .is_problem(401, "unauthenticated");
    app.send(Ask::new("DELETE", &path).header("cookie", &new))
        .await
        .is_problem(404, "not_found");
    assert_eq!(list().await.as_array().unwrap().len(), 1);
}

/// The log but for the making of accounts and tokens, oldest first: action, who, what it was done to.
async fn log(app: &App, root: &crate::support::Person) -> Vec<(String, Option<String>, String)> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let log = app.get(root, "/api/v1/audit").await.json();
    let entries = log["items"].as_array().unwrap().iter().rev();
    entries
        .map(|it| {
            (
                text(&it["action"]).unwrap(),
                text(&it["actor_id"]),
                text(&it["target_id"]).unwrap(),
            )
        })
        .filter(|(action, ..)| !["user.create", "token.create"].contains(&action.as_str()))
        .collect()
}

#[tokio::test]
async fn signing_in_and_out_is_written_down_without_what_was_typed() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let (id, secret) = (ann.user.id.to_string(), "my secret password");
    sign_in(&app, "ann@example.com", secret).await;
    app.clock.advance_ms(1);
    sign_in(&app, secret, secret).await;
    app.clock.advance_ms(1);
    let cookie = cookie(&sign_in(&app, "ann@example.com", PASSWORD).await);
    app.clock.advance_ms(1);
    let sessions = app
        .send(Ask::get("/api/v1/sessions").header("cookie", &cookie))
        .await
        .json();
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    app.send(Ask::new("DELETE", "/api/v1/session").header("cookie", &cookie))
        .await;
    app.clock.advance_ms(1);
    app.disable(&ann, true).await;
    app.clock.advance_ms(1);
    sign_in(&app, "ann@example.com", PASSWORD).await;
    let entry = |action: &str, actor: Option<&String>, target: &str| {
        (action.to_owned(), actor.cloned(), target.to_owned())
    };
    assert_eq!(
        log(&app, &root).await,
        [
            entry("session.refuse", None, &id),
            entry("session.refuse", None, "unknown"),
            entry("session.create", Some(&id), &session),
            entry("session.delete", Some(&id), &session),
            entry("user.disable", None, &id),
            entry("session.refuse", None, &id),
        ]
    );
    let whole = app.get(&root, "/api/v1/audit").await.text();
    assert!(
        !whole.contains(secret) && !whole.contains(PASSWORD) && !whole.contains('@'),
        "{whole}"
    );
}

#[tokio::test]
async fn guesses_from_everywhere_do_not_lock_the_owner_out() {
    let config = gametape_api::ApiConfig {
        behind_proxy: true,
        ..gametape_api::ApiConfig::default()
    };
    let app = App::with(config).await;
    app.ann().await;
    let from = async |address: &str, password: &str| {
        let body = json!({"email": "ann@example.com", "password": password});
        app.send(
            Ask::post("/api/v1/session")
                .header("x-forwarded-for", address)
                .json(&body),
        )
        .await
    };
    assert_eq!(from("192.0.2.1", PASSWORD).await.status, 201);
    app.clock.advance_ms(10 * 24 * 3_600_000);
    for n in 0..100 {
        from(&format!("198.51.100.{n}"), "a wrong guess")
            .await
            .is_problem(401, "wrong_credentials");
    }
    from("198.51.100.200", PASSWORD)
        .await
        .is_problem(429, "too_many_requests");
    // Where she has been before, she still gets in.
    assert_eq!(from("192.0.2.1", PASSWORD).await.status, 201);
    from("198.51.100.200", PASSWORD)
        .await
        .is_problem(429, "too_many_requests");
    app.clock.advance_ms(901_000);
    assert_eq!(from("198.51.100.200", PASSWORD).await.status, 201);
}
