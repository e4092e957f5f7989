//! What people might try who mean harm: text that wants to be a page, cookies that were planted, clocks that tell
//! who has an account, a stolen database.

use std::time::{Duration, Instant};

use gametape_core::user::{Role, Scope};
use serde_json::{Value, json};

use crate::support::{App, Ask, Form, PASSWORD, Person, Reply, wav};

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Checks that a browser takes an answer for data, however it comes to look at it.
#[track_caller]
fn is_data(what: &str, reply: &Reply) {
    assert!(reply.status.is_success(), "{what}: {reply:?}");
    let kind = reply.header("content-type");
    let data = [
        "application/json",
        "application/problem+json",
        "application/ld+json",
        "application/octet-stream",
        "application/x-subrip",
        "audio/wav",
        "text/csv",
        "text/event-stream",
        "text/plain",
        "text/vtt",
    ];
    assert!(data.iter().any(|it| kind.starts_with(it)), "{what}: {kind}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    // Nothing in it can end a header line or the name of a file.
    if let Some(name) = reply.headers.get("content-disposition") {
        let name = name.to_str().unwrap();
        assert!(!name.contains('<') && !name.contains("\"'"), "{what}: {name}");
    }
}

/// A call whose every text is hostile; its path.
async fn hostile_call(app: &App, ann: &Person) -> String {
    let meta = json!({
        "title": EVIL, "tags": ["<b>"], "participants": [{"name": EVIL, "company": EVIL}], "deal": {"name": EVIL},
    });
    let form = Form::new()
        .field("meta", &meta.to_string())
        .file("<script>alert(1)<\\script>.html", &wav(2_000));
    let made = app.send(Ask::post("/api/v1/calls").by(ann).form(form)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let said = [(0, 0, 900, EVIL), (1, 1_000, 1_900, "--> <b>")];
    app.finish(&id.parse().unwrap(), 2_000, &said).await;
    let call = format!("/api/v1/calls/{id}");
    let note = json!({"body": EVIL, "start_ms": 0, "end_ms": 900});
    let note = Ask::post(&format!("{call}/comments")).by(ann).json(&note);
    assert_eq!(app.send(note).await.status, 201);
    let speakers = json!([{"role": "rep", "name": EVIL}, {"role": "customer", "name": "</v>"}]);
    let path = format!("{call}/speakers");
    let speakers = Ask::new("PUT", &path).by(ann).json(&speakers);
    assert_eq!(app.send(speakers).await.status, 200);
    call
}

#[tokio::test]
async fn text_that_wants_to_be_a_page_stays_text() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = hostile_call(&app, &ann).await;
    let of_call = "/audio /audio?download=true /clip?start_ms=0&end_ms=10 /transcript /transcript?format=vtt \
        /transcript?format=srt /comments /export /stats /speakers /edits";
    let others = "/calls /search?q=script /moments /reviews.csv /me/export /inbox /people";
    let of_call = of_call.split(' ').map(|path| format!("{call}{path}"));
    let others = others.split(' ').map(|path| format!("/api/v1{path}"));
    for path in of_call.chain([call.clone()]).chain(others) {
        for accept in [
            "text/html,*/*",
            "text/vtt,*/*",
            "text/plain,*/*",
            "application/ld+json,*/*",
        ] {
            let ask = Ask::get(&path).by(&ann).header("accept", accept);
            let reply = app.send(ask).await;
            is_data(&format!("{path} as {accept}"), &reply);
            let kind = reply.header("content-type");
            if kind.starts_with("text/vtt") || kind.starts_with("application/x-subrip") {
                let text = reply.text();
                assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
                assert!(!text.contains("--> <b>"), "{text}");
            }
        }
    }
    let clip = app.get(&ann, &format!("{call}/clip?start_ms=0&end_ms=10")).await;
    assert!(
        clip.header("content-disposition").starts_with("attachment"),
        "{clip:?}"
    );
    // What it is was found by looking into it, not by its name.
    let audio = app.get(&ann, &format!("{call}/audio")).await;
    assert_eq!(audio.header("content-type"), "audio/wav");
}

async fn sign_in(app: &App, email: &str, password: &str, cookie: Option<&str>) -> Reply {
    let ask = Ask::post("/api/v1/session");
    let ask = match cookie {
        Some(cookie) => ask.header("cookie", cookie),
        None => ask,
    };
    app.send(ask.json(&json!({"email": email, "password": password})))
        .await
}

#[tokio::test]
async fn a_planted_cookie_never_becomes_a_session() {
    let app = App::new().await;
    app.ann().await;
    let planted = format!("gametape_session={}", "A".repeat(43));
    let me = |cookie: &str| Ask::get("/api/v1/me").header("cookie", cookie);
    app.send(me(&planted)).await.is_problem(401, "unauthenticated");
    let first = sign_in(&app, "ann@example.com", PASSWORD, Some(&planted)).await;
    let first = first.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(first, planted);
    app.send(me(&planted)).await.is_problem(401, "unauthenticated");
    // Every sign-in has a cookie of its own, also with the one before.
    let second = sign_in(&app, "ann@example.com", PASSWORD, Some(&first)).await;
    let second = second.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    for cookie in [&first, &second] {
        assert_eq!(app.send(me(cookie)).await.status, 200);
    }
}

#[tokio::test]
async fn the_time_that_signing_in_takes_tells_nothing() {
    let app = App::new().await;
    app.ann().await;
    let carl = app.person("carl@example.com", Role::Rep).await;
    app.shut(&carl).await;
    // The quickest of some tries: what is slower was kept waiting by something else.
    let took = async |email: &str| {
        let mut quickest = Duration::MAX;
        for _ in 0..4 {
            let begun = Instant::now();
            let reply = sign_in(&app, email, "a wrong password", None).await;
            reply.is_problem(401, "wrong_credentials");
            quickest = quickest.min(begun.elapsed());
        }
        quickest.as_secs_f64()
    };
    // The first try of all prepares what the others use.
    took("warm@example.com").await;
    let known = took("ann@example.com").await;
    for other in ["nobody@example.com", "carl@example.com"] {
        let ratio = took(other).await / known;
        assert!((0.3..3.0).contains(&ratio), "{other} takes {ratio} times as long");
    }
}

/// All bytes of a database's files.
fn at_rest(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_stolen_database_opens_no_door() {
    let (app, rows) = App::on_disk().await;
    let root = app.person("root@example.com", Role::Admin).await;
    let made = |path: &str, body: Value| Ask::post(path).by(&root).json(&body);
    let invited = app
        .send(made("/api/v1/invitations", json!({"role": "rep"})))
        .await
        .json();
    let token = app
        .send(made("/api/v1/tokens", json!({"name": "x", "scope": "read"})))
        .await
        .json();
    let signed_in = sign_in(&app, "root@example.com", PASSWORD, None).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap();
    let cookie = cookie.split_once('=').unwrap().1.to_owned();
    let other = app.token(&root.user, Scope::Read).await;
    let bytes = at_rest(rows.folder());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("root@example.com"));
    for secret in [
        invited["token"].as_str().unwrap(),
        token["token"].as_str().unwrap(),
        &cookie,
        &other,
        PASSWORD,
    ] {
        assert!(!holds(secret), "{secret}");
        // Nor is the hash that is kept as good as the secret.
        let hash = crate::support::sha256_hex(secret.as_bytes());
        let reply = app.send(Ask::get("/api/v1/me").bearer(&hash)).await;
        reply.is_problem(401, "unauthenticated");
    }
}
