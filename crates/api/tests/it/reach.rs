//! The table of permissions once more, by every form in which media, uploads, streams and exports can be asked
//! for: a range, a condition or a broken request must tell no more than the plain one.

use std::collections::BTreeSet;

use gametape_core::id::CallId;
use serde_json::{Value, json};

use crate::{
    permissions::{RELATIONS, Scene, fits, rows},
    support::{Ask, Reply, sha256_hex, wav},
};

/// A form of a GET request: method, what to add to the path, headers.
type Form = (&'static str, &'static str, Vec<(&'static str, String)>);

fn plain(query: &'static str) -> Form {
    ("GET", query, Vec::new())
}

fn with(name: &'static str, value: &str) -> Form {
    ("GET", "", vec![(name, value.to_owned())])
}

/// Forms of what hangs on a call; `etag` is that of its recording.
fn forms(route: &str, etag: &str) -> Vec<Form> {
    match route {
        "audio" => vec![
            ("HEAD", "", Vec::new()),
            plain("?download=true"),
            with("range", "bytes=0-3"),
            with("range", "bytes=-4"),
            with("range", "bytes=99999999-"),
            with("range", "bytes=x"),
            with("if-none-match", etag),
            with("if-none-match", "*"),
            (
                "GET",
                "",
                vec![("range", "bytes=0-3".to_owned()), ("if-range", etag.to_owned())],
            ),
        ],
        "clip" => vec![
            ("HEAD", "?start_ms=0&end_ms=10", Vec::new()),
            plain("?start_ms=0&end_ms=10"),
            plain("?start_ms=-1&end_ms=10"),
            plain("?start_ms=0&end_ms=99999999"),
            plain("?start_ms=99999&end_ms=100000"),
        ],
        "peaks" => vec![
            ("HEAD", "", Vec::new()),
            plain("?format=json"),
            with("accept", "application/octet-stream"),
        ],
        "transcript" => vec![
            plain("?format=vtt"),
            plain("?format=srt"),
            plain("?machine=true"),
            plain("?version=1"),
            plain("?version=99"),
            with("accept", "text/vtt"),
        ],
        "comments" => vec![plain("?limit=1"), with("accept", "text/vtt")],
        "events" => vec![
            plain("?after=0"),
            plain("?after=99999"),
            with("last-event-id", "0"),
            with("last-event-id", "x"),
        ],
        "export" => vec![("HEAD", "", Vec::new()), with("accept-encoding", "gzip")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn every_form_of_asking_comes_to_what_the_table_says() {
    let scene = Scene::new().await;
    let etag = format!("\"{}\"", sha256_hex(&wav(2_000)));
    let mut walked = 0;
    for row in rows().iter().filter(|row| row.method == "get") {
        let Some(route) = row.path.strip_prefix("/api/v1/calls/{id}/") else {
            continue;
        };
        let path = scene.path(row);
        let path = path.split('?').next().unwrap();
        for (method, query, headers) in forms(route, &etag) {
            for (relation, cell) in RELATIONS.iter().zip(&row.cells) {
                let mut ask = scene.ask_by(relation, method, &format!("{path}{query}"));
                for (name, value) in &headers {
                    ask = ask.header(name, value);
                }
                let response = scene.app.open(ask).await;
                let what = format!("{method} {path}{query} {headers:?} {}: {relation}", row.variant);
                // That there is no such version is said to those who may know so.
                let gone = *cell == "ok" && query.starts_with("?version=") && response.status() == 404;
                assert!(
                    gone || fits(cell, response.status().as_u16()),
                    "{what}: {}",
                    response.status()
                );
                if cell != "ok" {
                    for told in ["etag", "content-range", "content-disposition", "accept-ranges"] {
                        assert!(!response.headers().contains_key(told), "{what} tells {told}");
                    }
                }
                walked += 1;
            }
        }
    }
    assert!(walked > 500, "{walked}");
}

/// What can be done to an upload: method, its headers, its body.
type Deed = (&'static str, Vec<(&'static str, &'static str)>, &'static str);

fn deeds() -> Vec<Deed> {
    let stream = ("content-type", "application/offset+octet-stream");
    let at = |offset| vec![("tus-resumable", "1.0.0"), stream, ("upload-offset", offset)];
    let instead = |method| [at("0"), vec![("x-http-method-override", method)]].concat();
    vec![
        ("HEAD", vec![("tus-resumable", "1.0.0")], ""),
        ("PATCH", at("0"), "0123"),
        ("PATCH", at("7"), "0123"),
        ("PATCH", [at("0"), vec![("upload-length", "10")]].concat(), "0123"),
        ("PATCH", [at("0"), vec![("upload-length", "11")]].concat(), "0123"),
        (
            "PATCH",
            [
                at("0"),
                vec![("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")],
            ]
            .concat(),
            "0123",
        ),
        ("POST", instead("PATCH"), "0123"),
        ("POST", instead("DELETE"), ""),
        ("DELETE", vec![("tus-resumable", "1.0.0")], ""),
    ]
}

#[tokio::test]
async fn uploads_are_their_owners_whatever_is_asked() {
    let scene = Scene::new().await;
    let upload = scene.id("upload").to_owned();
    let path = format!("/api/v1/uploads/{upload}");
    let ask = |relation: &str, (method, headers, body): Deed| {
        let ask = scene.ask_by(relation, method, &path).body(body);
        headers
            .into_iter()
            .fold(ask, |ask, (name, value)| ask.header(name, value))
    };
    for relation in RELATIONS.iter().filter(|relation| **relation != "owner") {
        let expected = if ["disabled", "nobody"].contains(relation) {
            401
        } else {
            404
        };
        for deed in deeds() {
            let shown = format!("{relation}: {deed:?}");
            let reply = scene.app.send(ask(relation, deed)).await;
            assert_eq!(reply.status, expected, "{shown}: {reply:?}");
            for told in [
                "upload-offset",
                "upload-length",
                "upload-metadata",
                "upload-expires",
            ] {
                assert!(!reply.headers.contains_key(told), "{shown} tells {told}");
            }
        }
        let taken = scene
            .ask_by(relation, "POST", "/api/v1/calls")
            .json(&json!({"upload_id": upload}));
        assert_eq!(scene.app.send(taken).await.status, expected, "{relation}");
    }
    let head: Reply = scene.app.send(ask("owner", deeds().remove(0))).await;
    assert_eq!((head.status.as_u16(), head.header("upload-offset")), (200, "0"));
    let rest = ask("owner", deeds().remove(1));
    assert_eq!(scene.app.send(rest).await.header("upload-offset"), "4");
}

/// Values of `key` in all objects of a list.
fn all(list: &Value, key: &str) -> BTreeSet<String> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn exports_hold_what_their_reader_may_see() {
    let scene = Scene::new().await;
    let call: &CallId = &scene.call;
    for (relation, comments, reviews) in [
        ("owner", vec!["comment"], vec!["released", "submitted"]),
        (
            "author",
            vec!["comment", "for the mentioned", "for the author"],
            // With a draft of their own, others' scores are kept from them.
            vec!["draft"],
        ),
        (
            "teammate",
            vec!["comment", "for the mentioned"],
            vec!["released", "submitted"],
        ),
        ("invited", vec!["comment"], vec!["released"]),
        ("coach", vec!["comment"], vec!["released"]),
        ("admin", vec!["comment"], vec!["released"]),
    ] {
        let ids = |names: Vec<&str>| -> BTreeSet<String> {
            names.into_iter().map(|name| scene.id(name).to_owned()).collect()
        };
        let (comments, reviews) = (ids(comments), ids(reviews));
        let path = format!("/api/v1/calls/{call}/export");
        let export = scene.app.send(scene.ask_by(relation, "GET", &path)).await.json();
        assert_eq!(all(&export["comments"], "id"), comments, "{relation}");
        assert_eq!(all(&export["reviews"], "id"), reviews, "{relation}");

        let mine = scene
            .app
            .send(scene.ask_by(relation, "GET", "/api/v1/me/export"))
            .await;
        let hidden = ["for the mentioned", "for the author", "draft"];
        for id in hidden
            .map(|name| scene.id(name))
            .iter()
            .filter(|id| !comments.contains(**id) && !reviews.contains(**id))
        {
            assert!(!mine.text().contains(*id), "{relation}: {id}");
        }
        let csv = scene
            .app
            .send(scene.ask_by(relation, "GET", "/api/v1/reviews.csv"))
            .await
            .text();
        for name in ["released", "submitted", "draft"] {
            let id = scene.id(name);
            assert_eq!(
                csv.contains(id),
                reviews.contains(id),
                "{relation}: {name}: {csv}"
            );
        }
    }
}

#[tokio::test]
async fn exports_of_strangers_hold_nothing() {
    let scene = Scene::new().await;
    let call: &CallId = &scene.call;
    for relation in ["stranger", "coach elsewhere"] {
        for path in ["/api/v1/reviews.csv", "/api/v1/me/export"] {
            let text = scene.app.send(scene.ask_by(relation, "GET", path)).await.text();
            assert!(!text.contains(call.as_str()), "{relation} {path}: {text}");
        }
    }
}

#[tokio::test]
async fn a_refusal_does_not_say_whether_there_is_such_a_thing() {
    let scene = Scene::new().await;
    let there = format!("/api/v1/calls/{}/audio", scene.private_call);
    let nowhere = format!("/api/v1/calls/{}/audio", CallId::new(1));
    let words = async |path: &str| {
        let ask: Ask = scene.ask_by("stranger", "GET", path);
        let mut problem = scene.app.send(ask).await.json();
        problem["request_id"] = Value::Null;
        problem
    };
    assert_eq!(words(&there).await, words(&nowhere).await);
}
