//! What people write about calls, who sees them, and finding them again.

use gametape_core::{
    id::{CallId, TeamId, UserId},
    user::Role,
};
use serde_json::{Value, json};

use crate::support::{App, Ask, Form, Person, Reply, bytes};

async fn upload(app: &App, person: &Person, size: usize, meta: &Value) -> Reply {
    let form = Form::new()
        .field("meta", &meta.to_string())
        .file("a.wav", &bytes(size));
    app.send(Ask::post("/api/v1/calls").by(person).form(form)).await
}

async fn patch(app: &App, person: &Person, path: &str, body: Value) -> Reply {
    app.send(Ask::new("PATCH", path).by(person).json(&body)).await
}

fn path_of(call: &Value) -> String {
    format!("/api/v1/calls/{}", call["id"].as_str().unwrap())
}

#[tokio::test]
async fn details_come_with_the_file_or_with_the_upload() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let team = app.team("East", &[&ann]).await;
    let meta = json!({
        "title": "Talk", "visibility": "org", "team_id": team,
        "tags": [" Pricing ", "PRICING", "Straße"],
        "participants": [{"name": "Pat", "company": "Acme"}, {"name": "Bob", "user_id": bob.user.id}],
        "invited": [bob.user.id, bob.user.id],
        "deal": {"name": "Big", "stage": "Proposal", "amount_minor": 1_000_000, "currency": "EUR",
            "outcome": "open", "external_id": "crm-1"},
    });
    let expected = json!({
        "team_id": team, "visibility": "org", "tags": ["Pricing", "Straße"],
        "participants": [{"name": "Pat", "user_id": null, "company": "Acme"},
            {"name": "Bob", "user_id": bob.user.id, "company": null}],
        "invited": [bob.user.id], "deal": meta["deal"], "comment_count": 0,
        "talk": {"rep_talk_permille": null, "rep_longest_monologue_ms": null, "rep_question_count": null,
            "interruption_count": null, "patience_ms": null},
    });
    let formed = upload(&app, &ann, 20, &meta).await;
    assert_eq!(formed.status, 201, "{formed:?}");
    let tus = Ask::post("/api/v1/uploads")
        .by(&ann)
        .tus()
        .header("upload-length", 10);
    let location = app.send(tus).await.header("location").to_owned();
    let mut body = meta.clone();
    body["upload_id"] = json!(location.rsplit('/').next().unwrap());
    let waiting = app.send(Ask::post("/api/v1/calls").by(&ann).json(&body)).await;
    assert_eq!(waiting.status, 201, "{waiting:?}");
    for made in [formed, waiting] {
        let call = app.get(&ann, &path_of(&made.json())).await.json();
        assert_eq!(call, made.json());
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&call[field], value, "{field}");
        }
    }
}

#[tokio::test]
async fn a_new_call_is_shared_with_the_only_team() {
    let app = App::new().await;
    let ann = app.ann().await;
    let alone = upload(&app, &ann, 20, &json!({})).await.json();
    assert_eq!(
        (&alone["team_id"], &alone["visibility"]),
        (&json!(null), &json!("private"))
    );
    upload(&app, &ann, 21, &json!({"visibility": "team"}))
        .await
        .is_problem(422, "invalid_value");
    let east = app.team("East", &[&ann]).await;
    let teamed = upload(&app, &ann, 22, &json!({})).await.json();
    assert_eq!(
        (&teamed["team_id"], &teamed["visibility"]),
        (&json!(east), &json!("team"))
    );
    let hidden = upload(&app, &ann, 23, &json!({"visibility": "private"}))
        .await
        .json();
    assert_eq!(
        (&hidden["team_id"], &hidden["visibility"]),
        (&json!(east), &json!("private"))
    );
    let west = app.team("West", &[&ann]).await;
    let unsure = upload(&app, &ann, 24, &json!({})).await.json();
    assert_eq!(
        (&unsure["team_id"], &unsure["visibility"]),
        (&json!(null), &json!("private"))
    );
    let chosen = upload(&app, &ann, 25, &json!({"team_id": west})).await.json();
    assert_eq!(
        (&chosen["team_id"], &chosen["visibility"]),
        (&json!(west), &json!("team"))
    );
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_before_and_after() {
    let app = App::new().await;
    let (ann, bob) = (app.ann().await, app.person("bob@example.com", Role::Rep).await);
    let others = app.team("West", &[&bob]).await;
    let call = upload(&app, &ann, 20, &json!({})).await.json();
    let names = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
    let people: Vec<_> = names(31).iter().map(|name| json!({"name": name})).collect();
    let strangers: Vec<_> = (0..101).map(UserId::new).collect();
    let wrong = [
        json!({"tags": names(21)}),
        json!({"tags": ["x".repeat(41)]}),
        json!({"tags": [""]}),
        json!({"tags": ["a\u{0}"]}),
        json!({"participants": people}),
        json!({"participants": [{"name": ""}]}),
        json!({"participants": [{"name": "x", "company": "x".repeat(101)}]}),
        json!({"participants": [{"name": "x", "user_id": UserId::new(1)}]}),
        json!({"participants": [{"name": "x", "email": "x@y"}]}),
        json!({"invited": [UserId::new(1)]}),
        json!({"invited": strangers}),
        json!({"invited": ["x"]}),
        json!({"visibility": "public"}),
        json!({"visibility": "team"}),
        json!({"team_id": TeamId::new(1)}),
        json!({"deal": {"amount_minor": -1}}),
        json!({"deal": {"amount_minor": 9_007_199_254_740_992_i64}}),
        json!({"deal": {"amount_minor": 1e300}}),
        json!({"deal": {"currency": "eur"}}),
        json!({"deal": {"outcome": "maybe"}}),
        json!({"deal": {"name": "x".repeat(201)}}),
        json!({"deal": {"owner": "x"}}),
    ];
    for body in wrong {
        upload(&app, &ann, 30, &body)
            .await
            .is_problem(422, "invalid_value");
        patch(&app, &ann, &path_of(&call), body)
            .await
            .is_problem(422, "invalid_value");
    }
    let theirs = json!({"team_id": others});
    upload(&app, &ann, 30, &theirs).await.is_problem(403, "forbidden");
    patch(&app, &ann, &path_of(&call), theirs)
        .await
        .is_problem(403, "forbidden");
    assert_eq!(app.get(&ann, &path_of(&call)).await.json(), call);
    assert_eq!(
        app.get(&ann, "/api/v1/calls").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // Twenty labels are as many as there may be, however often they are named.
    let mut tags = names(20);
    tags.extend(names(20));
    let fits = patch(&app, &ann, &path_of(&call), json!({"tags": tags})).await;
    assert_eq!(fits.json()["tags"], json!(names(20)));
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_clears() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let team = app.team("East", &[&ann]).await;
    let meta = json!({"tags": ["a"], "deal": {"name": "Big", "stage": "Won", "amount_minor": 5}});
    let call = upload(&app, &ann, 20, &meta).await.json();
    let path = path_of(&call);
    let changed = patch(
        &app,
        &ann,
        &path,
        json!({"deal": {"stage": null, "outcome": "won"}}),
    )
    .await
    .json();
    assert_eq!(
        changed["deal"],
        json!({"name": "Big", "stage": null, "amount_minor": 5, "currency": null, "outcome": "won", "external_id": null})
    );
    assert_eq!(
        (&changed["tags"], &changed["team_id"]),
        (&json!(["a"]), &json!(team))
    );
    let cleared = patch(&app, &ann, &path, json!({"deal": null, "tags": []}))
        .await
        .json();
    assert_eq!(
        (&cleared["deal"]["name"], &cleared["tags"]),
        (&json!(null), &json!([]))
    );
    // A team that sees the call can't be taken away without saying who sees it then.
    patch(&app, &ann, &path, json!({"team_id": null}))
        .await
        .is_problem(422, "invalid_value");
    let private = json!({"team_id": null, "visibility": "private"});
    assert_eq!(
        patch(&app, &ann, &path, private).await.json()["team_id"],
        json!(null)
    );
    // Administrators put calls into any team.
    let shared = patch(&app, &root, &path, json!({"team_id": team, "visibility": "team"}))
        .await
        .json();
    assert_eq!(shared["team_id"], json!(team));
    // Who left the team may still change the rest.
    app.store
        .team_remove_member(&gametape_store::Actor::default(), &team, &ann.user.id)
        .await
        .unwrap();
    let same_team = json!({"title": "x", "team_id": team});
    assert_eq!(patch(&app, &ann, &path, same_team).await.json()["title"], "x");
}

#[tokio::test]
async fn people_see_what_is_shared_with_them_and_nothing_else() {
    let app = App::new().await;
    let ann = app.ann().await;
    let mut others = Vec::new();
    for (email, role) in [
        ("mate@example.com", Role::Rep),
        ("guest@example.com", Role::Rep),
        ("coach@example.com", Role::Coach),
        ("stranger@example.com", Role::Coach),
    ] {
        others.push(app.person(email, role).await);
    }
    let [mate, guest, coach, stranger] = &others[..] else {
        unreachable!()
    };
    let team = app.team("East", &[&ann, mate, coach]).await;
    app.team("West", &[stranger]).await;
    let call = upload(&app, &ann, 20, &json!({"invited": [guest.user.id]}))
        .await
        .json();
    let path = path_of(&call);
    let sees = async |person: &Person| {
        let listed = app.get(person, "/api/v1/calls").await.json()["items"]
            .as_array()
            .unwrap()
            .len()
            == 1;
        let got = app.get(person, &path).await.status == 200;
        let heard = app.get(person, &format!("{path}/speakers")).await.status == 200;
        assert_eq!((listed, heard), (got, got), "{}", person.user.email);
        got
    };
    let audience = async || {
        [
            sees(mate).await,
            sees(guest).await,
            sees(coach).await,
            sees(stranger).await,
        ]
    };
    assert_eq!(call["team_id"], json!(team));
    assert_eq!(audience().await, [true, true, true, false]);
    patch(&app, &ann, &path, json!({"visibility": "private"})).await;
    assert_eq!(audience().await, [false, true, false, false]);
    patch(&app, &ann, &path, json!({"visibility": "org", "invited": []})).await;
    assert_eq!(audience().await, [true, true, true, true]);
    // Seeing is not changing; a coach of the team may say who speaks.
    for person in [mate, guest, coach, stranger] {
        patch(&app, person, &path, json!({"title": "mine"}))
            .await
            .is_problem(403, "forbidden");
    }
    let speakers = json!([{"role": "rep", "name": "Ann"}]);
    let put = |by: &Person| {
        Ask::new("PUT", &format!("{path}/speakers"))
            .by(by)
            .json(&speakers)
    };
    assert_eq!(app.send(put(coach)).await.status, 200);
    app.send(put(stranger)).await.is_problem(403, "forbidden");
    app.send(put(mate)).await.is_problem(403, "forbidden");
    let filter = format!("/api/v1/calls?team={team}&shared_with_me=true");
    assert_eq!(app.get(guest, &filter).await.json()["items"], json!([]));
    patch(&app, &ann, &path, json!({"invited": [guest.user.id]})).await;
    assert_eq!(
        app.get(guest, &filter).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(app.get(mate, &filter).await.json()["items"], json!([]));
}

#[tokio::test]
async fn looks_shares_and_ends_are_written_down() {
    let app = App::new().await;
    let (ann, root) = (app.ann().await, app.person("root@example.com", Role::Admin).await);
    let call = upload(&app, &ann, 20, &json!({})).await.json();
    let path = path_of(&call);
    app.get(&ann, &path).await;
    let actions = async || -> Vec<String> {
        let log = app
            .get(
                &root,
                &format!("/api/v1/audit?target={}", call["id"].as_str().unwrap()),
            )
            .await;
        let items = log.json()["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["action"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(actions().await, [] as [&str; 0]);
    app.get(&root, &path).await;
    app.clock.advance_ms(1);
    patch(&app, &ann, &path, json!({"title": "x", "visibility": "private"})).await;
    assert_eq!(actions().await, ["call.look"]);
    patch(&app, &ann, &path, json!({"visibility": "org"})).await;
    app.clock.advance_ms(1);
    app.send(Ask::new("DELETE", &path).by(&ann)).await;
    assert_eq!(actions().await, ["call.delete", "call.visibility", "call.look"]);
}

async fn ids(app: &App, person: &Person, query: &str) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(person, &format!("/api/v1/calls?limit=2&{query}{next}"))
            .await
            .json();
        let items = page["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{query}: {page}"));
        seen.extend(items.iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn calls_are_sorted_and_found() {
    let app = App::new().await;
    let ann = app.ann().await;
    let mut made: Vec<CallId> = Vec::new();
    for (n, meta) in [
        json!({"title": "b", "occurred_at": 300, "deal": {"amount_minor": 5}, "tags": ["Über"]}),
        json!({"title": "C", "occurred_at": 100, "participants": [{"name": "Zoë"}]}),
        json!({"title": "A", "deal": {"amount_minor": 9, "name": "Big", "stage": "Won", "outcome": "won", "external_id": "7"}}),
    ]
    .iter()
    .enumerate()
    {
        app.clock.advance_ms(10);
        let call = upload(&app, &ann, 20 + n, meta).await.json();
        made.push(call["id"].as_str().unwrap().parse().unwrap());
    }
    app.finish(
        &made[0],
        9_000,
        &[(0, 0, 2_000, "Why?"), (1, 3_000, 7_000, "So.")],
    )
    .await;
    let expect = async |query: &str, places: &[usize]| {
        let expected: Vec<_> = places.iter().map(|place| made[*place].to_string()).collect();
        assert_eq!(ids(&app, &ann, query).await, expected, "{query}");
    };
    for (query, places) in [
        ("", vec![2, 1, 0]),
        ("sort=created&order=asc", vec![0, 1, 2]),
        ("sort=title", vec![2, 0, 1]),
        ("sort=title&order=desc", vec![1, 0, 2]),
        // What was never said comes last both ways.
        ("sort=occurred", vec![0, 1, 2]),
        ("sort=occurred&order=asc", vec![1, 0, 2]),
        ("sort=deal_amount", vec![2, 0, 1]),
        ("sort=deal_amount&order=asc", vec![0, 2, 1]),
        ("sort=duration&order=asc", vec![0, 1, 2]),
        ("sort=rep_talk", vec![0, 2, 1]),
        ("sort=questions&order=asc", vec![0, 1, 2]),
        ("sort=comments&order=asc", vec![0, 1, 2]),
        ("tag=%C3%BCBER", vec![0]),
        ("participant=zO", vec![1]),
        (
            "deal_name=BI&deal_stage=Won&deal_outcome=won&deal_external_id=7",
            vec![2],
        ),
        ("min_deal_amount_minor=5&max_deal_amount_minor=8", vec![0]),
        ("occurred_from=100&occurred_until=300", vec![1]),
        ("created_until=1700000000020", vec![0]),
        ("created_from=1700000000030", vec![2]),
        ("min_duration_ms=1&max_duration_ms=9000", vec![0]),
        ("language=en", vec![0]),
        ("visibility=private&has_comments=false&state=ready", vec![0]),
        ("has_comments=true", vec![]),
        ("visibility=org", vec![]),
        ("max_rep_talk_permille=1000&min_rep_question_count=1", vec![0]),
        ("min_rep_talk_permille=400", vec![]),
        ("max_rep_longest_monologue_ms=2000", vec![0]),
        ("min_rep_question_count=2", vec![]),
    ] {
        expect(query, &places).await;
    }
}

#[tokio::test]
async fn cursors_and_values_of_another_kind_are_refused() {
    let app = App::new().await;
    let ann = app.ann().await;
    for n in 0..3 {
        upload(&app, &ann, 20 + n, &json!({"title": "same"})).await;
    }
    let first = app.get(&ann, "/api/v1/calls?limit=1&sort=title").await.json();
    let cursor = first["next"].as_str().unwrap();
    for other in [
        "",
        "sort=title&order=desc&",
        "sort=occurred&",
        "sort=created&order=asc&",
    ] {
        app.get(&ann, &format!("/api/v1/calls?{other}after={cursor}"))
            .await
            .is_problem(400, "invalid_request");
    }
    let people = app.get(&ann, "/api/v1/calls?limit=1").await.json()["next"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        app.get(&ann, &format!("/api/v1/calls?after={people}"))
            .await
            .status,
        200
    );
    for wrong in [
        "sort=size",
        "order=up",
        "owner=x",
        "team=x",
        "visibility=x",
        "deal_outcome=x",
        "has_comments=perhaps",
        "min_duration_ms=99999999999999999999",
        "created_until=x",
    ] {
        app.get(&ann, &format!("/api/v1/calls?{wrong}"))
            .await
            .is_problem(400, "invalid_request");
    }
    for long in [
        "q",
        "tag",
        "participant",
        "deal_name",
        "deal_stage",
        "deal_external_id",
        "language",
    ] {
        app.get(&ann, &format!("/api/v1/calls?{long}={}", "x".repeat(201)))
            .await
            .is_problem(422, "invalid_value");
        let odd = app.get(&ann, &format!("/api/v1/calls?{long}=%00%27%25")).await;
        assert_eq!(
            (odd.status.as_u16(), &odd.json()["items"]),
            (200, &json!([])),
            "{long}"
        );
    }
    let edges = format!(
        "created_from={0}&created_until={0}&min_duration_ms={0}&max_rep_talk_permille={1}",
        i64::MIN,
        i64::MAX
    );
    assert_eq!(app.get(&ann, &format!("/api/v1/calls?{edges}")).await.status, 200);
}
