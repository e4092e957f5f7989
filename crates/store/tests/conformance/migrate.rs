//! Migrations run on tables with data in them: from every version of the tables, as an upgrade does and as restoring
//! an old backup does.

use std::collections::BTreeMap;

use gametape_core::{
    call::Call, job::JobKind, page::PageRequest, policy::VisibleCalls, search::Query, user::User,
};
use gametape_store::{SearchFilter, Store, TableShape};
use serde_json::{Value, json};

use crate::{
    backup::{Copied, copy},
    bench::{Bench, Home, LEASE_MS, segment},
    comment::{at, new},
    review::submitted,
};

crate::on_every_engine!(
    data_of_every_version_comes_through,
    old_tables_work_when_they_are_new,
);

/// The first version whose tables are filled as those of today are: before, moments and words to search were not kept.
const FIRST_WITH_MOMENTS: i64 = 8;

/// Something in most tables: a call with a comment and a review of bob, and one that waits for its turn.
async fn scene(b: &Bench) -> (User, Call, Call) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let said = [
        segment(0, 0, "Good morning."),
        segment(1_500, 1, "It costs too much."),
    ];
    let call = b.call_saying(&ann.id, "Price talk", &said).await;
    let mut note = new(&call.id, &bob.id, "What is it compared to?");
    note.place = Some(at(1_500, 2_400));
    b.store.comment_create(note).await.unwrap();
    submitted(b, &bob, &call).await;
    let waits = b.call(&ann.id, "Waits").await;
    (bob, call, waits)
}

/// A table's rows by the names of their columns.
fn rows(table: &TableShape, lines: &[String]) -> Vec<BTreeMap<String, Value>> {
    let row = |line: &String| {
        let values: Vec<Value> = serde_json::from_str(line).unwrap();
        let names = table.columns.iter().map(|column| column.name.clone());
        names.zip(values).collect()
    };
    lines.iter().map(row).collect()
}

/// Lines of `wanted`, which is a table of an older version, with what is in `rows`. What that version had to say
/// beside is 0.
fn lines(wanted: &TableShape, rows: &[BTreeMap<String, Value>]) -> Vec<String> {
    let value = |row: &BTreeMap<String, Value>, name: &str| {
        if let Some(value) = row.get(name) {
            return value.clone();
        }
        assert_eq!((wanted.name.as_str(), name), ("jobs", "priority"));
        json!(0)
    };
    let line = |row| {
        let values = wanted.columns.iter().map(|column| value(row, &column.name));
        Value::from(values.collect::<Vec<_>>()).to_string()
    };
    rows.iter().map(line).collect()
}

/// A database with the tables of `version` and of `copied` what they have room for; and what these tables are.
async fn filled(b: &Bench, version: i64, copied: &Copied) -> (Home, Store, Vec<TableShape>) {
    let home = Home::make(b.place).await;
    let target = Store::connect(&home.url, b.clock.clock()).await.unwrap();
    let mut load = target.backup_load(version).await.unwrap();
    let tables = load.tables().to_vec();
    for table in &tables {
        let (shape, of_today) = &copied[&table.name];
        load.rows(table, &lines(table, &rows(shape, of_today)))
            .await
            .unwrap();
    }
    load.finish().await.unwrap();
    (home, target, tables)
}

async fn data_of_every_version_comes_through(b: Bench) {
    scene(&b).await;
    let (newest, _, copied) = copy(&b.store).await;
    for version in 1..newest {
        let (home, target, tables) = filled(&b, version, &copied).await;
        assert!(!target.pending_migrations().await.unwrap().is_empty());
        target.migrate().await.unwrap();
        assert!(target.pending_migrations().await.unwrap().is_empty());
        let (_, _, found) = copy(&target).await;
        let mut compared = 0;
        for old in &tables {
            let kept = TableShape {
                name: old.name.clone(),
                columns: old
                    .columns
                    .iter()
                    .filter(|column| copied[&old.name].0.columns.contains(column))
                    .cloned()
                    .collect(),
            };
            let of = |copied: &Copied| {
                let (shape, of_today) = &copied[&old.name];
                let mut lines = lines(&kept, &rows(shape, of_today));
                lines.sort();
                lines
            };
            assert_eq!(of(&found), of(&copied), "{} of version {version}", old.name);
            compared += of(&found).len();
        }
        assert!(compared > 10, "version {version} had {compared} rows");
        target.close().await;
        home.remove().await;
    }
}

async fn old_tables_work_when_they_are_new(b: Bench) {
    let (bob, call, waits) = scene(&b).await;
    let (newest, _, copied) = copy(&b.store).await;
    let page = PageRequest::default();
    let query = Query::parse("costs").unwrap();
    for version in FIRST_WITH_MOMENTS..newest {
        let (home, target, _) = filled(&b, version, &copied).await;
        target.migrate().await.unwrap();
        let found = target
            .search(
                &VisibleCalls::All,
                &bob.id,
                &query,
                &SearchFilter::default(),
                &page,
            )
            .await
            .unwrap();
        let found: Vec<_> = found.items.iter().map(|hit| &hit.call.id).collect();
        assert_eq!(found, [&call.id], "version {version}");
        assert_eq!(
            target.transcript_read(&call.id).await.unwrap(),
            b.store.transcript_read(&call.id).await.unwrap()
        );
        assert_eq!(
            target.comment_list(&call.id, &bob.id, &page).await.unwrap(),
            b.store.comment_list(&call.id, &bob.id, &page).await.unwrap()
        );
        let claimed = target
            .job_claim("worker", &[JobKind::CallStore], LEASE_MS)
            .await
            .unwrap();
        assert_eq!(
            claimed.and_then(|job| job.call_id),
            Some(waits.id.clone()),
            "version {version}"
        );
        target.close().await;
        home.remove().await;
    }
}
