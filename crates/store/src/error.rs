//! What can go wrong, sorted by what a caller does about it.

use gametape_core::{id::JobId, retention::HoldReason};

use crate::Limit;

/// Why a store function did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What should be changed is not there (any more).
    #[error("there is no {what} '{id}'")]
    NotFound {
        /// The noun.
        what: &'static str,
        /// Its id, as it was asked for.
        id: String,
    },
    /// It is there, but not in a state that allows this: a name is taken, somebody else was faster.
    #[error("the {what} doesn't allow this: {detail}")]
    Conflict {
        /// The noun.
        what: &'static str,
        /// What stands in the way.
        detail: String,
    },
    /// Somebody holds the call, so that it may not be deleted.
    #[error("the call is held ({reason}): release it first")]
    Held {
        /// Why.
        reason: HoldReason,
    },
    /// It is not finished, so it can't be handed over yet.
    #[error("the {what} is not complete: {}", reasons.join("; "))]
    Incomplete {
        /// The noun.
        what: &'static str,
        /// What is still to be done, one reason each, in words for people.
        reasons: Vec<String>,
    },
    /// Somebody else changed it since it was read.
    #[error("somebody else has changed the {what}; read it again")]
    Stale {
        /// The noun.
        what: &'static str,
    },
    /// A limit that was set for a person or a team is reached.
    #[error("{used} of {most} {limit} are taken, so there is no room for more")]
    Full {
        /// What is limited.
        limit: Limit,
        /// The limit.
        most: i64,
        /// What is taken.
        used: i64,
    },
    /// The attempt is over: the job was cancelled, deleted, or given to another worker. Stop working on it;
    /// nothing was written.
    #[error("attempt {attempt} of {job_id} no longer holds the job, so nothing was written")]
    LeaseLost {
        /// The job.
        job_id: JobId,
        /// The attempt that is over.
        attempt: i64,
    },
    /// The database can't be opened.
    #[error("can't open the database {place}: check that it exists and may be read and written")]
    Connect {
        /// The database, without its password.
        place: String,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The address of the database can't be understood.
    #[error("'{url}' is no database address: write sqlite:PATH, sqlite::memory: or postgres://…")]
    Address {
        /// The address, without what follows its scheme.
        url: String,
    },
    /// The database can't be reached or is too busy just now; the same call may succeed later.
    #[error("the database can't be reached or is too busy; try again")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
    /// A row holds something this program never writes.
    #[error("column {column} of row '{row}' of table {table} can't be understood: {detail}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id, where it has one.
        row: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The tables can't be brought up to date.
    #[error("can't bring the tables of the database up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl StoreError {
    pub(crate) fn not_found(what: &'static str, id: &impl ToString) -> Self {
        Self::NotFound {
            what,
            id: id.to_string(),
        }
    }

    pub(crate) fn conflict(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            what,
            detail: detail.into(),
        }
    }

    /// Turns a violated unique key into a conflict of `what`, and leaves other errors as they are.
    pub(crate) fn or_taken(error: sqlx::Error, what: &'static str, detail: &str) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => Self::conflict(what, detail),
            _ => error.into(),
        }
    }

    /// Turns a reference to something that is gone into a conflict of `what`, and leaves other errors as they
    /// are.
    pub(crate) fn or_gone(error: sqlx::Error, what: &'static str, detail: &str) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_foreign_key_violation() => {
                Self::conflict(what, detail)
            }
            _ => error.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let passing = match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            // The server broke off in the middle of what it said.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(database) => database.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        };
        let kind = if passing { "unavailable" } else { "refused" };
        metrics::counter!("gametape_database_errors_total", "kind" => kind).increment(1);
        if passing {
            Self::Unavailable(error)
        } else {
            Self::Database(error)
        }
    }
}

/// Whether an engine's error code says that the statement may succeed when it is tried again.
/// PostgreSQL's codes: appendix A of its manual. SQLite's are numbers whose lowest byte is the primary code:
/// <https://sqlite.org/rescode.html>.
pub(crate) fn is_passing(code: &str) -> bool {
    const SQLITE_BUSY: u32 = 5;
    const SQLITE_LOCKED: u32 = 6;
    const SQLITE_FULL: u32 = 13;
    if code.len() == 5 {
        // Connection lost, serialization failure, deadlock, out of resources, shutting down.
        return code.starts_with("08")
            || code.starts_with("53")
            || code.starts_with("57P")
            || matches!(code, "40001" | "40P01" | "55P03");
    }
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED | SQLITE_FULL))
}

#[cfg(test)]
mod tests {
    use super::{StoreError, is_passing};

    #[test]
    fn a_connection_that_breaks_off_is_passing_trouble() {
        let cut = sqlx::Error::Protocol("unexpected response from SSLRequest".to_owned());
        assert!(matches!(cut.into(), StoreError::Unavailable(_)));
        assert!(matches!(sqlx::Error::RowNotFound.into(), StoreError::Database(_)));
    }

    #[test]
    fn passing_trouble_is_told_from_lasting() {
        for code in ["08006", "40001", "40P01", "57P01", "53300", "5", "517", "6"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["23505", "42P01", "1", "19", "2067", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
