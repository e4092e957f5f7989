//! Every route as everybody, held against the table beside the policy module.

use std::collections::BTreeSet;

use gametape_api::openapi;
use gametape_core::{
    id::{CallId, UserId},
    user::Role,
};
use serde_json::{Value, json};

use crate::support::{App, Ask, Form, Person, wav};

const TABLE: &str = include_str!("../../../core/src/policy/routes.md");
/// The columns of the table, in order.
pub(crate) const RELATIONS: [&str; 10] = [
    "owner",
    "author",
    "teammate",
    "invited",
    "coach",
    "coach elsewhere",
    "admin",
    "stranger",
    "disabled",
    "nobody",
];

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What it is done to, where the path does not say enough.
    pub(crate) variant: String,
    pub(crate) cells: Vec<String>,
}

pub(crate) fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<Row> = lines
        .map(|line| {
            let (route, rest) = line.split_once('`').unwrap();
            let (method, path) = route.split_once(' ').unwrap();
            let mut cells = rest
                .trim()
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned());
            let variant = cells.next().unwrap();
            let cells: Vec<_> = cells.collect();
            assert_eq!(cells.len(), RELATIONS.len(), "{line}");
            Row {
                method: method.to_lowercase(),
                path: format!("/api/v1{path}"),
                variant,
                cells,
            }
        })
        .collect();
    assert!(rows.len() > 80, "the table has {} lines", rows.len());
    rows
}

#[test]
fn every_route_has_a_line() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            routes.insert((method.clone(), path.clone()));
        }
    }
    let listed: BTreeSet<_> = rows().into_iter().map(|row| (row.method, row.path)).collect();
    let missing: Vec<_> = routes.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&routes).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "without a line: {missing:?}; without a route: {gone:?}"
    );
}

/// A team with a call, what people wrote about it, and everybody who might come along.
pub(crate) struct Scene {
    pub(crate) app: App,
    people: Vec<Option<Person>>,
    pub(crate) call: CallId,
    pub(crate) private_call: CallId,
    ids: Vec<(&'static str, String)>,
}

impl Scene {
    pub(crate) fn person(&self, relation: &str) -> &Person {
        let index = RELATIONS.iter().position(|it| *it == relation).unwrap();
        self.people[index].as_ref().unwrap()
    }

    /// A request by somebody, or by nobody.
    pub(crate) fn ask_by(&self, relation: &str, method: &str, path: &str) -> Ask {
        let ask = Ask::new(method, path);
        match relation {
            "nobody" => ask,
            relation => ask.by(self.person(relation)),
        }
    }

    pub(crate) fn id(&self, name: &str) -> &str {
        let found = self.ids.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    async fn done(&self, person: &Person, method: &str, path: &str, body: &Value) -> Value {
        let reply = self
            .app
            .send(Ask::new(method, &format!("/api/v1{path}")).by(person).json(body))
            .await;
        assert!(reply.status.is_success(), "{method} {path}: {reply:?}");
        if reply.body.is_empty() {
            Value::Null
        } else {
            reply.json()
        }
    }

    async fn made(&self, person: &Person, path: &str, body: &Value) -> String {
        self.done(person, "POST", path, body).await["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn new() -> Self {
        let app = App::new().await;
        let mut people = Vec::new();
        for relation in RELATIONS {
            let role = match relation {
                "coach" | "coach elsewhere" => Role::Coach,
                "admin" => Role::Admin,
                _ => Role::Rep,
            };
            let email = format!("{}@example.com", relation.replace(' ', "-"));
            people.push(if relation == "nobody" {
                None
            } else {
                Some(app.person(&email, role).await)
            });
        }
        let call = CallId::new(0);
        let mut scene = Self {
            app,
            people,
            private_call: call.clone(),
            call,
            ids: Vec::new(),
        };
        scene.teams().await;
        scene.calls().await;
        scene.feedback().await;
        scene.standards().await;
        scene.app.shut(scene.person("disabled")).await;
        scene
    }

    async fn teams(&mut self) {
        let admin = self.person("admin").clone();
        for (name, members) in [
            ("team", &["owner", "author", "teammate", "coach", "disabled"][..]),
            ("other team", &["coach elsewhere"]),
        ] {
            let id = self.made(&admin, "/teams", &json!({"name": name})).await;
            for member in members {
                let path = format!("/teams/{id}/members/{}", self.person(member).user.id);
                self.done(&admin, "PUT", &path, &json!({})).await;
            }
            self.ids.push((name, id));
        }
        let invitation = json!({"role": "rep", "team_ids": []});
        let made = self.done(&admin, "POST", "/invitations", &invitation).await;
        self.ids
            .push(("invitation", made["id"].as_str().unwrap().to_owned()));
        self.ids
            .push(("invitation token", made["token"].as_str().unwrap().to_owned()));
        let invited = self.person("invited").user.id.to_string();
        self.ids.push(("user", invited));
    }

    async fn calls(&mut self) {
        let owner = self.person("owner").clone();
        let invited = self.person("invited").user.id.clone();
        for visibility in ["team", "private"] {
            let meta = json!({
                "title": visibility, "visibility": visibility, "team_id": self.id("team"), "invited": [invited],
            });
            let form = Form::new()
                .field("meta", &meta.to_string())
                .file("a.wav", &wav(2_000));
            let reply = self
                .app
                .send(Ask::post("/api/v1/calls").by(&owner).form(form))
                .await;
            assert_eq!(reply.status, 201, "{reply:?}");
            let call: CallId = reply.json()["id"].as_str().unwrap().parse().unwrap();
            if visibility == "private" {
                self.private_call = call;
            } else {
                self.app
                    .finish(&call, 2_000, &[(0, 0, 900, "Hello."), (1, 1_000, 1_900, "Hi.")])
                    .await;
                self.call = call;
            }
        }
        let transcript = self
            .app
            .get(&owner, &format!("/api/v1/calls/{}/transcript", self.call))
            .await
            .json();
        self.ids.push((
            "segment",
            transcript["segments"][0]["id"].as_str().unwrap().to_owned(),
        ));
        let upload = Ask::post("/api/v1/uploads")
            .by(&owner)
            .tus()
            .header("upload-length", 10);
        let upload = self.app.send(upload).await;
        let id = upload.header("location").rsplit('/').next().unwrap().to_owned();
        self.ids.push(("upload", id));
        let tokens = self.app.get(&owner, "/api/v1/tokens").await.json();
        self.ids
            .push(("token", tokens["items"][0]["id"].as_str().unwrap().to_owned()));
    }

    async fn feedback(&mut self) {
        let (author, call) = (self.person("author").clone(), self.call.clone());
        let comments = format!("/calls/{call}/comments");
        let mentioned = self.person("teammate").user.id.clone();
        for (name, body) in [
            (
                "comment",
                json!({"kind": "note", "body": "so", "start_ms": 0, "end_ms": 900}),
            ),
            (
                "for the mentioned",
                json!({"kind": "note", "body": "so", "audience": "mentioned", "mentions": [mentioned]}),
            ),
            (
                "for the author",
                json!({"kind": "note", "body": "so", "audience": "author"}),
            ),
        ] {
            let id = self.made(&author, &comments, &body).await;
            self.ids.push((name, id));
        }
        let owner = self.person("owner").clone();
        let segment = format!("/calls/{call}/segments/{}", self.id("segment"));
        self.done(&owner, "PATCH", &segment, &json!({"text": "Hullo."}))
            .await;
        let edits = self
            .app
            .get(&owner, &format!("/api/v1/calls/{call}/edits"))
            .await
            .json();
        self.ids
            .push(("edit", edits["items"][0]["id"].as_str().unwrap().to_owned()));
        let template = json!({"title": "t", "kind": "note", "body": "so"});
        let template = self.made(&author, "/comment-templates", &template).await;
        self.ids.push(("template", template));
        // Another's draft, submitted and released review each need a reviewer of their own.
        for (state, reviewer) in [
            ("released", "coach"),
            ("submitted", "teammate"),
            ("draft", "author"),
        ] {
            let reviewer = self.person(reviewer).clone();
            let id = self.review(&reviewer, state).await;
            self.ids.push((state, id));
        }
        let asked = json!({"user_id": self.person("invited").user.id});
        let request = self
            .made(&author, &format!("/calls/{call}/review-requests"), &asked)
            .await;
        self.ids.push(("review-request", request));
        let inbox = self.app.get(&owner, "/api/v1/inbox").await.json();
        let notice = inbox["items"][0]["id"].as_str().unwrap().to_owned();
        self.ids.push(("inbox", notice));
        let draft = self
            .done(
                &author,
                "GET",
                &format!("/reviews/{}", self.id("draft")),
                &json!({}),
            )
            .await;
        let criterion = draft["rubric"]["criteria"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/reviews/{}/scores/{criterion}", self.id("draft"));
        self.done(&author, "PUT", &path, &json!({"value": 3, "note": ""}))
            .await;
        let place = json!({"start_ms": 0, "end_ms": 900});
        let evidence = self.made(&author, &format!("{path}/evidence"), &place).await;
        self.ids.push(("criterion", criterion));
        self.ids.push(("evidence", evidence));
    }

    /// A review of the call, taken as far as `state`.
    async fn review(&self, reviewer: &Person, state: &str) -> String {
        let id = self
            .made(reviewer, &format!("/calls/{}/reviews", self.call), &json!({}))
            .await;
        if state == "draft" {
            return id;
        }
        let shown = self
            .done(reviewer, "GET", &format!("/reviews/{id}"), &json!({}))
            .await;
        for criterion in shown["rubric"]["criteria"].as_array().unwrap() {
            let path = format!("/reviews/{id}/scores/{}", criterion["id"].as_str().unwrap());
            self.done(reviewer, "PUT", &path, &json!({"value": 3, "note": ""}))
                .await;
            self.done(
                reviewer,
                "POST",
                &format!("{path}/evidence"),
                &json!({"start_ms": 0, "end_ms": 900}),
            )
            .await;
        }
        self.done(reviewer, "POST", &format!("/reviews/{id}/submit"), &json!({}))
            .await;
        if state == "released" {
            let owner = self.person("owner").clone();
            self.done(&owner, "POST", &format!("/reviews/{id}/release"), &json!({}))
                .await;
        }
        id
    }

    async fn standards(&mut self) {
        let coach = self.person("coach").clone();
        let first = async |path: &str| {
            let list = self.app.get(&coach, &format!("/api/v1{path}")).await.json();
            list["items"][0]["id"].as_str().unwrap().to_owned()
        };
        let (rubric, tracker) = (first("/rubrics").await, first("/trackers").await);
        let moment = first("/moments").await;
        self.ids
            .extend([("rubric", rubric), ("tracker", tracker), ("moment", moment)]);
        let rule = json!({"what": "recording", "keep_days": 36_525});
        let admin = self.person("admin").clone();
        let rule = self.made(&admin, "/retention/rules", &rule).await;
        self.ids.push(("retention", rule));
    }
}

impl Scene {
    /// The path of a line with ids of what it is done to.
    pub(crate) fn path(&self, row: &Row) -> String {
        let call = if row.variant == "private" {
            &self.private_call
        } else {
            &self.call
        };
        let kind = row.path.split('/').nth(3).unwrap();
        let first = match (kind, row.variant.as_str()) {
            _ if !row.path.contains("{id}") => String::new(),
            ("calls", _) => call.to_string(),
            ("comments", "") => self.id("comment").to_owned(),
            ("comments" | "reviews", variant) => self.id(variant).to_owned(),
            ("comment-templates", _) => self.id("template").to_owned(),
            ("sessions", _) => "session_01JZ8Q4W9V7N3T5K2M6R8X0B1C".to_owned(),
            ("users", _) => self.id("user").to_owned(),
            (plural, _) => self.id(plural.trim_end_matches('s')).to_owned(),
        };
        let mut path = row.path.replace("{id}", &first);
        for (place, name) in [
            ("{segment_id}", "segment"),
            ("{edit_id}", "edit"),
            ("{criterion_id}", "criterion"),
            ("{evidence_id}", "evidence"),
        ] {
            if path.contains(place) {
                path = path.replace(place, self.id(name));
            }
        }
        let other = self.person("teammate").user.id.clone();
        path = path
            .replace("{user_id}", other.as_str())
            .replace("{reaction}", "%F0%9F%91%8D")
            .replace("{version}", "1");
        assert!(!path.contains('{'), "{path}");
        match path.rsplit('/').next().unwrap() {
            "clip" => path + "?start_ms=0&end_ms=10",
            "search" => path + "?q=hello",
            _ => path,
        }
    }

    /// A request that would be carried out for somebody who may.
    fn ask(&self, row: &Row) -> Ask {
        let ask = Ask::new(&row.method, &self.path(row));
        let route = row.path.trim_start_matches("/api/v1");
        if route == "/calls" && row.method == "post" {
            return ask.form(Form::new().file("b.wav", &wav(100)));
        }
        if route.starts_with("/uploads") {
            let ask = ask.tus();
            return match row.method.as_str() {
                "patch" => ask.at(0).body("0123"),
                "post" => ask.header("upload-length", 4),
                _ => ask,
            };
        }
        match self.body(row.method.as_str(), route) {
            Some(body) => ask.json(&body),
            None => ask,
        }
    }

    fn body(&self, method: &str, route: &str) -> Option<Value> {
        let place = json!({"start_ms": 0, "end_ms": 900});
        let comment = json!({"kind": "note", "body": "so"});
        Some(match (method, route) {
            // Another account each time: the same one would be throttled.
            ("post", "/session") => {
                json!({"email": format!("{}@example.com", UserId::new(0)), "password": "wrong"})
            }
            ("put", "/me/password") => json!({"old_password": "wrong", "new_password": "long enough 1"}),
            ("post", "/users") => {
                json!({"email": "new@example.com", "name": "New", "role": "rep", "password": "long enough 1"})
            }
            ("patch", "/users/{id}") => json!({"name": "Renamed"}),
            ("post", "/users/{id}/erase") => json!({"calls": "delete"}),
            ("post", "/tokens") => json!({"name": "another", "scope": "read"}),
            ("post" | "patch", "/teams" | "/teams/{id}") => json!({"name": "Another"}),
            ("post", "/invitations") => json!({"role": "rep", "team_ids": []}),
            ("post", "/invitations/open") => json!({"token": self.id("invitation token")}),
            ("post", "/invitations/accept") => json!({
                "token": self.id("invitation token"), "name": "New", "email": "new@example.com",
                "password": "long enough 1",
            }),
            ("patch", "/calls/{id}" | "/rubrics/{id}" | "/trackers/{id}") => json!({"title": "Renamed"}),
            ("put", "/calls/{id}/priority") => json!({"priority": "high"}),
            ("put", "/calls/{id}/speakers") => {
                json!([{"role": "rep", "name": "A"}, {"role": "customer", "name": "B"}])
            }
            ("post", "/calls/{id}/retranscribe" | "/calls/{id}/reviews") => json!({}),
            ("patch", "/calls/{id}/segments/{segment_id}") => json!({"text": "Hallo."}),
            ("post", "/calls/{id}/comments") => comment,
            ("patch", "/comments/{id}") | ("post", "/comments/{id}/replies") => json!({"body": "so then"}),
            ("post", "/comment-templates") => json!({"title": "t", "kind": "note", "body": "so"}),
            ("patch", "/comment-templates/{id}") => json!({"title": "renamed"}),
            ("patch", "/reviews/{id}") => json!({"summary": "so"}),
            ("put", "/reviews/{id}/scores/{criterion_id}") => json!({"value": 2, "note": ""}),
            ("post", "/reviews/{id}/scores/{criterion_id}/evidence") => place,
            ("post", "/calls/{id}/review-requests") => {
                json!({"user_id": self.person("teammate").user.id, "note": "the pricing part"})
            }
            ("post", "/review-requests/{id}/hand-back") => json!({"reason": "on leave"}),
            ("post", "/reviews/{id}/reopen") => json!({"reason": "forgot something"}),
            ("post", "/reviews/{id}/respond") => json!({"response": "thank", "note": ""}),
            ("post", "/rubrics") => json!({"title": "New", "description": ""}),
            ("post", "/retention/rules") => json!({"what": "call", "keep_days": 36_525}),
            ("patch", "/retention/rules/{id}") => json!({"keep_days": 30_000}),
            ("put", "/calls/{id}/hold") => json!({"reason": "library"}),
            ("post", "/trackers") => json!({"title": "New", "description": "", "phrases": ["so"]}),
            _ => return None,
        })
    }

    async fn status(&self, row: &Row, relation: &str) -> u16 {
        let ask = self.ask(row);
        let ask = match relation {
            "nobody" => ask,
            relation => ask.by(self.person(relation)),
        };
        // A stream of events does not end: its head is all that counts.
        self.app.status(ask).await.as_u16()
    }
}

/// Whether a status is what a cell says: `ok` is anything but a refusal.
pub(crate) fn fits(cell: &str, status: u16) -> bool {
    match cell {
        "ok" => ![401, 403, 404].contains(&status) && status < 500,
        number => number.parse() == Ok(status),
    }
}

/// Those who are refused change nothing and share a scene; for whoever may do something there is a fresh one.
async fn walk(rows: Vec<Row>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut fresh = Scene::new().await;
    for row in rows {
        let changes = row.method != "get" && row.method != "head";
        let mut order: Vec<usize> = (0..RELATIONS.len()).collect();
        order.sort_by_key(|&index| row.cells[index] == "ok");
        for index in order {
            let status = fresh.status(&row, RELATIONS[index]).await;
            if !fits(&row.cells[index], status) {
                let Row {
                    method,
                    path,
                    variant,
                    ..
                } = &row;
                let (relation, cell) = (RELATIONS[index], &row.cells[index]);
                wrong.push(format!(
                    "{method} {path} {variant}: {relation}: {status} instead of {cell}"
                ));
            }
            if changes && status < 400 {
                fresh = Scene::new().await;
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_do_what_the_table_says() {
    let mut halves = [Vec::new(), Vec::new()];
    for (number, row) in rows().into_iter().enumerate() {
        halves[number % 2].push(row);
    }
    let [one, two] = halves.map(|rows| tokio::spawn(walk(rows)));
    let wrong = [one.await.unwrap(), two.await.unwrap()].concat();
    assert!(
        wrong.is_empty(),
        "{} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
