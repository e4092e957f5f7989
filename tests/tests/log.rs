//! What opens a door, or what somebody looked for, is never written to the log, however much is written there.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gametape_tests::program::{PASSWORD, Server, Workspace};
use reqwest::Method;
use serde_json::{Value, json};

/// What people type in this test.
const TYPED: [&str; 6] = [
    PASSWORD,
    "wrong-password-5678",
    "typed-into-the-wrong-field-9876",
    "new-password-4321",
    "changed-password-1111",
    "what-somebody-looked-for",
];
const METRICS: &str = "metrics-secret-1234";

/// A request of somebody with a header that says who they are.
async fn ask(
    server: &Server,
    method: Method,
    path: &str,
    who: (&str, &str),
    body: Value,
) -> Result<reqwest::Response> {
    let request = reqwest::Client::new()
        .request(method, format!("{}{path}", server.address))
        .header(who.0, who.1);
    let request = if body.is_null() {
        request
    } else {
        request.json(&body)
    };
    Ok(request.send().await?)
}

/// What the answer to a request shows once.
async fn token(server: &Server, path: &str, root: &str, body: Value) -> Result<String> {
    let made = ask(server, Method::POST, path, ("authorization", root), body).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let answer: Value = made.json().await?;
    Ok(answer["token"].as_str().context("no token")?.to_owned())
}

/// Signs in, twice wrongly, and gives the cookie.
async fn sign_in(server: &Server) -> Result<String> {
    let mut cookie = None;
    for (email, password) in [
        ("root@example.com", TYPED[1]),
        (TYPED[2], "x"),
        ("root@example.com", PASSWORD),
    ] {
        let body = json!({"email": email, "password": password});
        let answer = ask(server, Method::POST, "/api/v1/session", ("x-nobody", ""), body).await?;
        cookie = answer.headers().get("set-cookie").cloned();
    }
    let cookie = cookie.context("not signed in")?;
    Ok(cookie.to_str()?.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_to_the_log() -> Result<()> {
    let workspace = Workspace::new(&[("GAMETAPE_LOG", "trace"), ("GAMETAPE_METRICS_TOKEN", METRICS)])?;
    let mut secrets = vec![workspace.person("root@example.com", "admin")?];
    let root = format!("Bearer {}", secrets[0]);
    let server = workspace.serve(&["--no-worker"])?;
    let cookie = sign_in(&server).await?;
    let by_cookie = ("cookie", &*cookie);
    ask(&server, Method::GET, "/api/v1/me", by_cookie, Value::Null).await?;
    let body = json!({"name": "x", "scope": "read"});
    secrets.push(token(&server, "/api/v1/tokens", &root, body).await?);
    let invitation = token(&server, "/api/v1/invitations", &root, json!({"role": "rep"})).await?;
    let body = json!({"token": invitation, "name": "Bo", "email": "bo@example.com", "password": TYPED[3]});
    let accepted = ask(
        &server,
        Method::POST,
        "/api/v1/invitations/accept",
        ("x-nobody", ""),
        body,
    )
    .await?;
    ensure!(accepted.status() == 201, "{}", accepted.text().await?);
    let body = json!({"old_password": PASSWORD, "new_password": TYPED[4]});
    let changed = ask(&server, Method::PUT, "/api/v1/me/password", by_cookie, body).await?;
    ensure!(changed.status() == 204, "{}", changed.text().await?);
    let metrics = format!("Bearer {METRICS}");
    ask(
        &server,
        Method::GET,
        "/metrics",
        ("authorization", &metrics),
        Value::Null,
    )
    .await?;
    let search = format!("/api/v1/search?q={}", TYPED[5]);
    ask(
        &server,
        Method::GET,
        &search,
        ("authorization", &root),
        Value::Null,
    )
    .await?;

    secrets.extend(TYPED.map(ToOwned::to_owned));
    let session = cookie.split('=').nth(1).context("an empty cookie")?;
    secrets.extend([METRICS, session, &invitation].map(ToOwned::to_owned));
    // The log is written by another process, and read by a thread.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = server.process.log();
    assert!(log.lines().count() > 30 && log.contains("DEBUG"), "{log}");
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret} is in the log");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_for_machines_is_json_line_by_line() -> Result<()> {
    let workspace = Workspace::new(&[("GAMETAPE_LOG_FORMAT", "json"), ("GAMETAPE_MODEL", "not-here")])?;
    let token = workspace.person("ann@example.com", "rep")?;
    let server = workspace.serve(&[])?;
    let request = server.client(&token).request(Method::GET, "/me");
    request.header("x-request-id", "a-request").send().await?;
    let begun = std::time::Instant::now();
    let log = loop {
        let log = server.process.log();
        if log.contains("answered") {
            break log;
        }
        ensure!(begun.elapsed() < Duration::from_secs(20), "{log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let mut answered = None;
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        assert!(
            entry["timestamp"].is_string() && entry["level"].is_string(),
            "{line}"
        );
        assert!(entry["message"].is_string(), "{line}");
        if entry["message"] == "answered" {
            answered = Some(entry);
        }
    }
    let span = answered.context("no request")?["span"].clone();
    assert_eq!(span["request.id"], "a-request");
    assert_eq!(span["http.status"], 200);
    assert_eq!(span["http.route"], "/api/v1/me");
    assert!(log.contains("can't be transcribed yet"), "{log}");
    Ok(())
}
