//! Opening a database, and its tables.

use gametape_core::Clock;
use gametape_store::{Engine, Store, StoreError};

use crate::bench::{Bench, Where};

crate::on_every_engine!(
    migrating_twice_changes_nothing,
    what_is_written_stays,
    reading_goes_on_while_somebody_writes,
    a_closed_store_says_so,
);

async fn migrating_twice_changes_nothing(b: Bench) {
    assert!(b.store.pending_migrations().await.unwrap().is_empty());
    let ann = b.user("ann").await;
    b.store.migrate().await.unwrap();
    assert_eq!(b.store.user_get(&ann.id).await.unwrap(), Some(ann));
    b.store.ping().await.unwrap();
    let engine = if b.place == Where::Postgres {
        Engine::Postgres
    } else {
        Engine::Sqlite
    };
    assert_eq!(b.store.engine(), engine);
}

async fn what_is_written_stays(b: Bench) {
    let ann = b.user("ann").await;
    assert_eq!(b.other.user_get(&ann.id).await.unwrap(), Some(ann.clone()));
    if b.place == Where::Memory {
        return;
    }
    b.store.close().await;
    let again = Store::connect(&b.url, Clock::System).await.unwrap();
    assert_eq!(again.user_get(&ann.id).await.unwrap(), Some(ann));
    again.close().await;
}

async fn reading_goes_on_while_somebody_writes(b: Bench) {
    let ann = b.user("ann").await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..20 {
        let (bench, ann) = (b.clone(), ann.clone());
        tasks.spawn(async move {
            if i % 2 == 0 {
                bench.call(&ann.id, &format!("call {i}")).await;
            } else {
                assert!(bench.other.user_get(&ann.id).await.unwrap().is_some());
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(b.store.recordings_all_ids(None, 100).await.unwrap().len(), 10);
}

async fn a_closed_store_says_so(b: Bench) {
    b.store.close().await;
    let closed = b.store.ping().await;
    assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
}

#[tokio::test]
async fn wrong_addresses_are_refused_without_showing_secrets() {
    for url in [
        "",
        "data.db",
        "mysql://root:secret@db/x",
        "sqlite:",
        "sqlite://?mode=ro",
    ] {
        let error = Store::connect(url, Clock::System).await.unwrap_err();
        assert!(matches!(error, StoreError::Address { .. }), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"));
    }
    for url in [
        "sqlite:/no/such/folder/x.db",
        "postgres://me:secret@127.0.0.1:1/x?password=secret",
    ] {
        let error = Store::connect(url, Clock::System).await.unwrap_err();
        assert!(matches!(error, StoreError::Connect { .. }), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_make_the_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/new.db", folder.path().display());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        tasks.spawn(async move {
            let store = Store::connect(&url, Clock::System).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        });
    }
    tasks.join_all().await;
    let store = Store::connect(&url, Clock::System).await.unwrap();
    assert!(store.pending_migrations().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_new_database_lists_what_is_to_be_done() {
    let store = Store::connect("sqlite::memory:", Clock::System).await.unwrap();
    assert_eq!(store.pending_migrations().await.unwrap()[0], "0001_init");
    store.migrate().await.unwrap();
    assert!(store.pending_migrations().await.unwrap().is_empty());
}
