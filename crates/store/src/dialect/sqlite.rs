//! Opening an SQLite database: its connections and how they are set up.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, any::AnyPoolOptions};

use super::{ACQUIRE_TIMEOUT, Engine, Pools, bad_address, options};
use crate::{Result, StoreError};

/// Connections that read a file at the same time.
const READERS: u32 = 8;

pub(super) async fn open(path: &str) -> Result<Pools> {
    // Options after `?` are ours to decide.
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let failed = |source| StoreError::Connect {
        place: format!("sqlite:{path}"),
        source,
    };
    if path == ":memory:" {
        // Every connection to memory is a database of its own: there may be only one, and it may never close.
        let options = options("sqlite::memory:").map_err(failed)?;
        let only = pool(1, false).connect_with(options).await.map_err(failed)?;
        return Ok(Pools {
            engine: Engine::Sqlite,
            read: only.clone(),
            write: only,
        });
    }
    if path.is_empty() {
        return Err(bad_address("sqlite:"));
    }
    let options = options(&file_url(path)).map_err(failed)?;
    let write = renewed(pool(1, false))
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    let read = renewed(pool(READERS, true))
        .connect_with(options)
        .await
        .map_err(failed)?;
    Ok(Pools {
        engine: Engine::Sqlite,
        write,
        read,
    })
}

/// The driver wants an address, in which some characters of file names would mean something else.
fn file_url(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let path: String = path.bytes().map(encode).collect();
    format!("sqlite:{path}?mode=rwc")
}

/// Gives up connections that can't be used any more. SQLite itself ends a transaction that meets a full disk; the
/// driver, which can't roll it back then, takes the connection to be in it for ever, and no other could begin.
fn renewed(pool: AnyPoolOptions) -> AnyPoolOptions {
    pool.before_acquire(|connection, _| {
        let usable = !connection.is_in_transaction();
        Box::pin(async move { Ok(usable) })
    })
}

/// All connections are opened at the start, so that what a process needs of handles and memory is seen then, not weeks
/// later when it is first busy.
fn pool(connections: u32, read_only: bool) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // Waiting for other processes comes first: even changing the journal can meet a lock.
                connection.execute("PRAGMA busy_timeout = 10000").await?;
                enter_wal(connection).await?;
                // FULL: what was answered as stored is on the disk, also when the power fails.
                connection.execute("PRAGMA synchronous = FULL").await?;
                connection.execute("PRAGMA foreign_keys = ON").await?;
                // What is deleted is overwritten, so that it is not found in the file either.
                connection.execute("PRAGMA secure_delete = ON").await?;
                // 2 MB a connection at most, in KiB; the system keeps the rest of the file for all of them.
                connection.execute("PRAGMA cache_size = -2048").await?;
                if read_only {
                    connection.execute("PRAGMA query_only = ON").await?;
                }
                Ok(())
            })
        })
}

/// Switches the file to write-ahead logging, in which readers and the writer don't wait for each other.
/// SQLite doesn't wait when two processes do this to a new file at once, so it is tried again.
async fn enter_wal(connection: &mut sqlx::AnyConnection) -> sqlx::Result<()> {
    const TRIES: u32 = 50;
    for _ in 1..TRIES {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if is_busy(&error) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other.map(|_| ()),
        }
    }
    connection.execute("PRAGMA journal_mode = WAL").await.map(|_| ())
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| crate::error::is_passing(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_keep_their_characters() {
        assert_eq!(file_url("/a b/ü?.db"), "sqlite:/a%20b/%C3%BC%3F.db?mode=rwc");
    }

    #[tokio::test]
    async fn a_disk_that_was_full_leaves_no_trace() {
        sqlx::any::install_default_drivers();
        let dir = tempfile::tempdir().unwrap();
        let pools = open(&dir.path().join("full.db").display().to_string())
            .await
            .unwrap();
        let mut tx = pools.begin().await.unwrap();
        tx.execute("CREATE TABLE things (thing BLOB)").await.unwrap();
        tx.commit().await.unwrap();
        // No room for more pages stands for no room on the disk.
        for _ in 0..2 {
            pools.write.execute("PRAGMA max_page_count = 8").await.unwrap();
            let mut tx = pools.begin().await.unwrap();
            let full = tx.execute("INSERT INTO things VALUES (zeroblob(100000))").await;
            let full = StoreError::from(full.unwrap_err());
            assert!(matches!(full, StoreError::Unavailable(_)), "{full:?}");
            drop(tx);
            pools
                .write
                .execute("PRAGMA max_page_count = 100000")
                .await
                .unwrap();
            let mut tx = pools.begin().await.unwrap();
            tx.execute("INSERT INTO things VALUES (zeroblob(100000))")
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let things: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM things")
            .fetch_one(&pools.read)
            .await
            .unwrap();
        assert_eq!(things, 2);
    }
}
