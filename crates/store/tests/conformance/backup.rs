use std::collections::{BTreeMap, BTreeSet};

use gametape_core::user::User;
use gametape_store::{Store, StoreError, TableShape};

use crate::{
    bench::{Bench, Home, Where, assert_conflict, segment},
    comment::{at, new},
    review::submitted,
};

crate::on_every_engine!(
    a_copy_is_read_back_on_either_engine,
    a_copy_shows_one_moment,
    a_database_in_use_takes_no_copy,
    what_is_damaged_is_not_taken,
    every_table_is_copied,
);

pub(crate) type Copied = BTreeMap<String, (TableShape, Vec<String>)>;

/// Everything in a database, table by table, and the version of its tables.
pub(crate) async fn copy(store: &Store) -> (i64, Vec<String>, Copied) {
    let mut snapshot = store.backup_snapshot().await.unwrap();
    let mut copied = Copied::new();
    let mut order = Vec::new();
    for table in snapshot.tables().await.unwrap() {
        let mut lines = Vec::new();
        let keep = |line: &str| {
            lines.push(line.to_owned());
            Ok::<(), StoreError>(())
        };
        let count = snapshot.rows(&table, keep).await.unwrap();
        assert_eq!(count as usize, lines.len());
        // Engines order some letters differently.
        lines.sort();
        order.push(table.name.clone());
        copied.insert(table.name.clone(), (table, lines));
    }
    (snapshot.schema(), order, copied)
}

async fn scene(b: &Bench) -> (User, User) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let said = [
        segment(0, 0, "Good morning."),
        segment(1_500, 1, "It costs too much."),
    ];
    let call = b.call_saying(&ann.id, "Price \u{1f600} talk", &said).await;
    let same = b.call(&ann.id, "Again").await;
    assert_ne!(same.id, call.id);
    let mut note = new(&call.id, &bob.id, "Ask what it is compared to\n\"first\".");
    note.place = Some(at(1_500, 2_400));
    b.store.comment_create(note).await.unwrap();
    submitted(b, &bob, &call).await;
    (ann, bob)
}

async fn a_copy_is_read_back_on_either_engine(b: Bench) {
    scene(&b).await;
    let (schema, order, copied) = copy(&b.store).await;
    for table in [
        "calls",
        "segments",
        "comments",
        "scores",
        "moments",
        "search_documents",
        "jobs",
    ] {
        assert!(!copied[table].1.is_empty(), "{table} is empty");
    }
    for place in [Where::Memory, Where::Postgres] {
        let home = Home::make(place).await;
        let target = Store::connect(&home.url, b.clock.clock()).await.unwrap();
        let mut load = target.backup_load(schema).await.unwrap();
        for name in &order {
            let (table, lines) = &copied[name];
            load.rows(table, lines).await.unwrap();
        }
        load.finish().await.unwrap();
        target.migrate().await.unwrap();
        let (_, _, found) = copy(&target).await;
        for (name, (table, lines)) in &copied {
            assert_eq!(&found[name].1, lines, "{name}");
            assert_eq!(found[name].0.columns, table.columns, "{name}");
        }
        // It goes on as the old one did: with people who write, and words that are found.
        let call = target
            .call_get(&first_call(&target).await)
            .await
            .unwrap()
            .unwrap();
        assert!(call.last_event > 0);
        target.close().await;
        home.remove().await;
    }
}

async fn first_call(store: &Store) -> gametape_core::id::CallId {
    let (_, _, copied) = copy(store).await;
    let (table, lines) = &copied["calls"];
    let place = table
        .columns
        .iter()
        .position(|column| column.name == "id")
        .unwrap();
    let values: Vec<serde_json::Value> = serde_json::from_str(&lines[0]).unwrap();
    values[place].as_str().unwrap().parse().unwrap()
}

async fn a_copy_shows_one_moment(b: Bench) {
    let (ann, _) = scene(&b).await;
    // In memory there is one connection, which the copy holds.
    if b.place == Where::Memory {
        return;
    }
    let mut snapshot = b.store.backup_snapshot().await.unwrap();
    let tables = snapshot.tables().await.unwrap();
    let calls = tables.iter().find(|table| table.name == "calls").unwrap();
    let nothing = |_: &str| Ok::<(), StoreError>(());
    let before = snapshot.rows(calls, nothing).await.unwrap();
    b.other.migrate().await.unwrap();
    b.call(&ann.id, "Meanwhile").await;
    assert_eq!(snapshot.rows(calls, nothing).await.unwrap(), before);
    drop(snapshot);
    let mut later = b.store.backup_snapshot().await.unwrap();
    assert_eq!(later.rows(calls, nothing).await.unwrap(), before + 1);
}

async fn a_database_in_use_takes_no_copy(b: Bench) {
    let schema = b.store.backup_snapshot().await.unwrap().schema();
    assert!(matches!(
        b.store.backup_load(schema).await.map(|_| ()),
        Err(StoreError::Conflict { .. })
    ));
    assert_conflict(b.store.backup_load(schema + 1).await.map(|_| ()));
}

async fn what_is_damaged_is_not_taken(b: Bench) {
    scene(&b).await;
    let (schema, _, copied) = copy(&b.store).await;
    let (users, lines) = copied["users"].clone();
    let mut other_name = users.clone();
    "users; DROP TABLE users".clone_into(&mut other_name.name);
    let mut other_column = users.clone();
    "id) VALUES ('x'); --".clone_into(&mut other_column.columns[0].name);
    let values: Vec<serde_json::Value> = serde_json::from_str(&lines[0]).unwrap();
    let short = serde_json::to_string(&values[1..]).unwrap();
    let numbers = serde_json::to_string(&vec![7; values.len()]).unwrap();
    let calls = copied["calls"].clone();
    for (table, lines) in [
        (&other_name, lines.clone()),
        (&other_column, lines.clone()),
        (&users, vec!["{}".to_owned()]),
        (&users, vec![short]),
        (&users, vec![numbers]),
    ] {
        let target = Store::connect("sqlite::memory:", b.clock.clock()).await.unwrap();
        let mut load = target.backup_load(schema).await.unwrap();
        assert_conflict(load.rows(table, &lines).await);
        drop(load);
        // Nothing of it was kept, so that another try begins anew.
        let again = target.backup_load(schema).await.unwrap();
        drop(again);
        target.close().await;
    }
    // Calls without the people they belong to.
    let home = Home::make(b.place).await;
    let target = Store::connect(&home.url, b.clock.clock()).await.unwrap();
    let mut load = target.backup_load(schema).await.unwrap();
    let kept = match load.rows(&calls.0, &calls.1).await {
        Ok(()) => load.finish().await,
        Err(error) => {
            drop(load);
            Err(error)
        }
    };
    assert!(kept.is_err());
    target.close().await;
    home.remove().await;
}

async fn every_table_is_copied(b: Bench) {
    // The file has the same tables, and can be looked into.
    if b.place == Where::Memory {
        return;
    }
    let (_, order, _) = copy(&b.store).await;
    let all = match b.place {
        Where::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
        _ => {
            "SELECT CAST(name AS TEXT) AS name FROM sqlite_master WHERE type = 'table' \
             AND sql NOT LIKE 'CREATE VIRTUAL%'"
        }
    };
    let own = |name: &String| {
        !name.starts_with("_sqlx") && !name.starts_with("sqlite_") && !name.contains("_index")
    };
    let all: BTreeSet<String> = b.texts(all).await.into_iter().filter(own).collect();
    assert_eq!(order.into_iter().collect::<BTreeSet<_>>(), all);
}
