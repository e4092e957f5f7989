//! Everything that differs between the two engines: opening connections, beginning to write, migrations, the
//! statement that claims a job, and full-text search.

mod backup;

use std::time::Duration;

use gametape_core::search;
use sqlx::{
    AnyPool, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};

use crate::{Result, StoreError, Tx};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Connections that read an SQLite file at the same time.
const SQLITE_READERS: u32 = 8;
/// Connections a process opens to PostgreSQL at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long to wait for a free connection. Longer than SQLite waits for other processes' writes.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one: a file, or memory.
    Sqlite,
    /// A server, for many machines.
    Postgres,
}

/// The pools of an open database. In memory both are the same single connection.
pub(crate) struct Pools {
    pub(crate) engine: Engine,
    pub(crate) write: AnyPool,
    pub(crate) read: AnyPool,
}

impl Pools {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let (scheme, rest) = url.split_once(':').ok_or_else(|| bad_address(url))?;
        match scheme {
            "sqlite" => open_sqlite(rest.strip_prefix("//").unwrap_or(rest)).await,
            "postgres" | "postgresql" => open_postgres(url).await,
            _ => Err(bad_address(url)),
        }
    }

    /// Begins a transaction that writes. SQLite takes the write lock at once: a transaction that reads first
    /// and writes later would fail when another process wrote in between.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self.engine {
            Engine::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => self.write.begin().await?,
        })
    }
}

impl Engine {
    pub(crate) fn migrations(self) -> &'static Migrator {
        match self {
            Self::Sqlite => &SQLITE_MIGRATIONS,
            Self::Postgres => &POSTGRES_MIGRATIONS,
        }
    }

    /// Counts the tables that hold the record of applied migrations: 0 or 1.
    pub(crate) fn count_migration_tables(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'"
            }
            Self::Postgres => {
                "SELECT COUNT(*) FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'"
            }
        }
    }

    /// Asks how many bytes the database takes.
    pub(crate) fn database_size(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT CAST(page_count * page_size AS BIGINT) AS size_bytes \
                 FROM pragma_page_count(), pragma_page_size()"
            }
            Self::Postgres => "SELECT pg_database_size(current_database()) AS size_bytes",
        }
    }

    /// Gives the next job to a worker, in one statement. `$1` worker, `$2` end of the lease, `$3` now, `$4`
    /// the kinds it takes, each between bars: `|call.store|call.analyze|`. SQLite lets one writer in at a
    /// time; on PostgreSQL workers step over rows that another is taking just now.
    pub(crate) fn claim_job(self) -> &'static str {
        macro_rules! claim {
            ($lock:literal) => {
                concat!(
                    "UPDATE jobs SET attempt = attempt + 1, \
                       lost = lost + CASE WHEN state = 'running' THEN 1 ELSE 0 END, \
                       state = 'running', lease_owner = $1, lease_until = $2 \
                     WHERE id = ( \
                       SELECT id FROM jobs \
                       WHERE state IN ('queued', 'running') AND $4 LIKE '%|' || kind || '|%' \
                         AND ((state = 'queued' AND run_at <= $3) OR (state = 'running' AND lease_until < $3)) \
                       ORDER BY priority DESC, run_at, id LIMIT 1 ",
                    $lock,
                    ") RETURNING ",
                    crate::job::job_columns!()
                )
            };
        }
        match self {
            Self::Sqlite => claim!(""),
            Self::Postgres => claim!("FOR UPDATE SKIP LOCKED"),
        }
    }
}

/// Full-text search. Both engines index words that the program cut, so that they find the same.
impl Engine {
    /// A query in the engine's own language. Its words are letters and digits only, so they can't end a quote.
    pub(crate) fn full_text(self, query: &search::Query) -> String {
        let [and, or, without] = match self {
            Self::Sqlite => [" AND ", " OR ", " NOT "],
            Self::Postgres => [" & ", " | ", " & !"],
        };
        let all = |terms: &[search::Term], between: &str| {
            let terms: Vec<String> = terms.iter().map(|term| self.full_text_term(term)).collect();
            format!("({})", terms.join(between))
        };
        let mut text = all(query.wanted(), and);
        if !query.unwanted().is_empty() {
            text.push_str(without);
            text.push_str(&all(query.unwanted(), or));
        }
        text
    }

    /// Whether a moment `m`, which is at hand, has a term in its excerpt, or does not; `?` stands for it as
    /// [`Engine::plain_term`] has it. SQLite is slow in asking its index about one row; the words are bare, so
    /// that looking for them says the same.
    pub(crate) fn moment_has_term(self, wanted: bool) -> &'static str {
        match (self, wanted) {
            (Self::Sqlite, true) => "INSTR(' ' || m.words || ' ', ?) > 0",
            (Self::Sqlite, false) => "INSTR(' ' || m.words || ' ', ?) = 0",
            (Self::Postgres, true) => "m.place @@ CAST(? AS TSQUERY)",
            (Self::Postgres, false) => "NOT m.place @@ CAST(? AS TSQUERY)",
        }
    }

    /// A term for [`Engine::moment_has_term`].
    pub(crate) fn plain_term(self, term: &search::Term) -> String {
        match self {
            Self::Sqlite => {
                let end = if term.prefix { "" } else { " " };
                format!(" {}{end}", term.words.join(" "))
            }
            Self::Postgres => self.full_text_term(term),
        }
    }

    fn full_text_term(self, term: &search::Term) -> String {
        match self {
            Self::Sqlite => {
                let star = if term.prefix { " *" } else { "" };
                format!("\"{}\"{star}", term.words.join(" "))
            }
            Self::Postgres => {
                let star = if term.prefix { ":*" } else { "" };
                format!("('{}'{star})", term.words.join("' <-> '"))
            }
        }
    }

    /// `FROM` and `WHERE` for moments that have words in their excerpts, alone and with their calls.
    pub(crate) fn moments_with_words(self) -> [&'static str; 2] {
        match self {
            Self::Sqlite => [
                "FROM moment_index WHERE moment_index MATCH ?",
                " FROM moment_index CROSS JOIN moments m CROSS JOIN calls \
                 WHERE moment_index MATCH ? AND m.moment_no = moment_index.rowid AND calls.id = m.call_id",
            ],
            Self::Postgres => [
                "FROM moments m WHERE m.place @@ CAST(? AS TSQUERY)",
                " FROM moments m CROSS JOIN calls \
                 WHERE m.place @@ CAST(? AS TSQUERY) AND calls.id = m.call_id",
            ],
        }
    }

    /// Whether a document `d` has words; `?` stands for the query.
    pub(crate) fn document_has_words(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "EXISTS (SELECT 1 FROM search_index \
                 WHERE search_index MATCH ? AND search_index.rowid = d.doc_no)"
            }
            Self::Postgres => "d.place @@ CAST(? AS TSQUERY)",
        }
    }

    /// `FROM` and `WHERE` for documents that have words, alone and with their calls.
    pub(crate) fn documents_with_words(self) -> [&'static str; 2] {
        match self {
            Self::Sqlite => [
                "FROM search_index WHERE search_index MATCH ?",
                " FROM search_index CROSS JOIN search_documents d CROSS JOIN calls \
                 WHERE search_index MATCH ? AND d.doc_no = search_index.rowid AND calls.id = d.call_id",
            ],
            Self::Postgres => [
                "FROM search_documents d WHERE d.place @@ CAST(? AS TSQUERY)",
                " FROM search_documents d CROSS JOIN calls \
                 WHERE d.place @@ CAST(? AS TSQUERY) AND calls.id = d.call_id",
            ],
        }
    }

    /// What to put before a statement to be told how the engine goes about it, the column of the answer, and
    /// what to say beforehand.
    pub(crate) fn explain(self) -> (&'static str, usize, Option<&'static str>) {
        match self {
            Self::Sqlite => ("EXPLAIN QUERY PLAN", 3, None),
            Self::Postgres => ("EXPLAIN", 0, Some("SET LOCAL enable_seqscan = off")),
        }
    }
}

fn bad_address(url: &str) -> StoreError {
    let scheme = url.split(':').next().unwrap_or_default();
    StoreError::Address {
        url: format!("{}:…", scheme.chars().take(32).collect::<String>()),
    }
}

async fn open_sqlite(path: &str) -> Result<Pools> {
    // Options after `?` are ours to decide.
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let failed = |source| StoreError::Connect {
        place: format!("sqlite:{path}"),
        source,
    };
    if path == ":memory:" {
        // Every connection to memory is a database of its own: there may be only one, and it may never close.
        let options = options("sqlite::memory:").map_err(failed)?;
        let only = sqlite_pool(1, false)
            .min_connections(1)
            .connect_with(options)
            .await
            .map_err(failed)?;
        return Ok(Pools {
            engine: Engine::Sqlite,
            read: only.clone(),
            write: only,
        });
    }
    if path.is_empty() {
        return Err(bad_address("sqlite:"));
    }
    let options = options(&sqlite_url(path)).map_err(failed)?;
    let write = sqlite_pool(1, false)
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    let read = sqlite_pool(SQLITE_READERS, true)
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
fn sqlite_url(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let path: String = path.bytes().map(encode).collect();
    format!("sqlite:{path}?mode=rwc")
}

fn sqlite_pool(connections: u32, read_only: bool) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
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
                // 16 MB a connection at most, in KiB.
                connection.execute("PRAGMA cache_size = -16384").await?;
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

async fn open_postgres(url: &str) -> Result<Pools> {
    let failed = |source| StoreError::Connect {
        place: without_secrets(url),
        source,
    };
    let options = options(url).map_err(failed)?;
    let pool = AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // A machine that freezes in the middle of a transaction must not hold its locks for ever.
                connection
                    .execute("SET idle_in_transaction_session_timeout = '60s'")
                    .await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(failed)?;
    Ok(Pools {
        engine: Engine::Postgres,
        read: pool.clone(),
        write: pool,
    })
}

fn options(url: &str) -> sqlx::Result<AnyConnectOptions> {
    url.parse()
}

/// The address without name, password and options, which may hold secrets.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        assert_eq!(
            without_secrets("postgres://me:p@ss@db:5432/tape?password=x"),
            "postgres://db:5432/tape"
        );
        assert_eq!(without_secrets("postgres://db/tape"), "postgres://db/tape");
    }

    #[test]
    fn file_names_keep_their_characters() {
        assert_eq!(sqlite_url("/a b/ü?.db"), "sqlite:/a%20b/%C3%BC%3F.db?mode=rwc");
    }
}
