//! Everything that differs between the two engines: opening connections, beginning to write, migrations, the
//! statement that claims a job, and full-text search.

mod backup;
mod sqlite;

use std::time::Duration;

use gametape_core::{job::JobKind, search};
use sqlx::{
    AnyPool, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};

use crate::{Result, StoreError, Tx};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

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
            "sqlite" => sqlite::open(rest.strip_prefix("//").unwrap_or(rest)).await,
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

    /// Gives the next job of one of `kinds` to a worker, in one statement: of each kind it takes the first in the
    /// index of turns that may run, and of these one; what is short goes before hours of transcription. `$1`
    /// worker, `$2` end of the lease, `$3` now. SQLite lets one writer in at a time; on PostgreSQL workers step
    /// over rows that another is taking just now.
    pub(crate) fn claim_job(self, kinds: &[JobKind]) -> String {
        let lock = match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        };
        let first = |kind: &JobKind| {
            format!(
                "(SELECT id FROM jobs WHERE kind = '{kind}' AND state IN ('queued', 'running') \
                   AND ((state = 'queued' AND run_at <= $3) OR (state = 'running' AND lease_until < $3)) \
                 ORDER BY turn, id LIMIT 1{lock})"
            )
        };
        let first: Vec<_> = kinds.iter().map(first).collect();
        format!(
            "UPDATE jobs SET attempt = attempt + 1, \
               lost = lost + CASE WHEN state = 'running' THEN 1 ELSE 0 END, \
               state = 'running', lease_owner = $1, lease_until = $2 \
             WHERE id = (SELECT id FROM jobs WHERE id IN ({}) \
               ORDER BY CASE kind WHEN '{}' THEN 1 ELSE 0 END, turn, id LIMIT 1) RETURNING {}",
            first.join(", "),
            JobKind::CallTranscribe,
            crate::job::job_columns!()
        )
    }
}

impl Engine {
    /// What to say before a job is claimed. PostgreSQL would rather sort all jobs that wait than walk the index in its
    /// order, while it has not noticed yet how many have come.
    pub(crate) fn before_claim(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SET LOCAL enable_bitmapscan = off"),
        }
    }
}

/// Rows that are searched by their words.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Worded {
    /// Moments, called `m` in statements.
    Moment,
    /// Documents, called `d`.
    Document,
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

    /// Whether a row that is at hand has a term among its words, or does not; `?` stands for it as
    /// [`Engine::plain_term`] has it. SQLite is slow in asking its index about one row; the words are bare, so
    /// that looking for them says the same.
    pub(crate) fn has_term(self, row: Worded, wanted: bool) -> &'static str {
        /// The same of a table with this name.
        macro_rules! of {
            ($row:literal) => {
                match (self, wanted) {
                    (Self::Sqlite, true) => concat!("INSTR(' ' || ", $row, ".words || ' ', ?) > 0"),
                    (Self::Sqlite, false) => concat!("INSTR(' ' || ", $row, ".words || ' ', ?) = 0"),
                    (Self::Postgres, true) => concat!($row, ".place @@ CAST(? AS TSQUERY)"),
                    (Self::Postgres, false) => concat!("NOT ", $row, ".place @@ CAST(? AS TSQUERY)"),
                }
            };
        }
        match row {
            Worded::Moment => of!("m"),
            Worded::Document => of!("d"),
        }
    }

    /// A term for [`Engine::has_term`].
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
                // Our statements are long and read little: compiling them takes longer than running them.
                connection.execute("SET jit = off").await?;
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
}
