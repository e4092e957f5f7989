//! What copies of the database need of an engine.

use super::Engine;

impl Engine {
    /// Number of the last migration that this version of the program knows.
    pub(crate) fn newest_migration(self) -> i64 {
        self.migrations()
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0)
    }

    /// Begins a transaction that sees the database as it is at its first question, whatever is written meanwhile.
    pub(crate) fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Asks for the columns of table `$1` that the engine does not fill itself.
    pub(crate) fn columns_of_table(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT CAST(name AS TEXT) AS name, CAST(type AS TEXT) AS type_name FROM pragma_table_xinfo($1) \
                 WHERE hidden = 0 AND NOT (pk = 1 AND type = 'INTEGER') ORDER BY cid"
            }
            Self::Postgres => {
                "SELECT column_name::text AS name, data_type::text AS type_name FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 \
                   AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position"
            }
        }
    }

    /// Lets rows of this transaction refer to rows that come later: copies of calls and answers may precede what
    /// they belong to.
    pub(crate) fn defer_references(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["PRAGMA defer_foreign_keys = ON"],
            Self::Postgres => &[
                "ALTER TABLE IF EXISTS calls ALTER CONSTRAINT calls_duplicate_of_fkey DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE IF EXISTS comments ALTER CONSTRAINT comments_parent_id_fkey DEFERRABLE INITIALLY DEFERRED",
            ],
        }
    }

    /// Ends what [`defer_references`](Self::defer_references) began; SQLite does so at the commit.
    pub(crate) fn check_references(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &[
                "SET CONSTRAINTS ALL IMMEDIATE",
                "ALTER TABLE IF EXISTS calls ALTER CONSTRAINT calls_duplicate_of_fkey NOT DEFERRABLE",
                "ALTER TABLE IF EXISTS comments ALTER CONSTRAINT comments_parent_id_fkey NOT DEFERRABLE",
            ],
        }
    }
}
