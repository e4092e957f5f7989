//! Every function of the store, on every engine: SQLite in memory, SQLite on disk, and a real PostgreSQL.
//! One suite, so that the engines can't drift apart.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets an error has failed"
)]

mod anchor;
mod audit;
mod backup;
mod bench;
mod call;
mod call_details;
mod call_list;
mod comment;
mod comment_place;
mod delete;
mod edit;
mod erase;
mod erasure;
mod event;
mod idempotency;
mod inbox;
mod invitation;
mod job;
mod job_end;
mod job_turn;
mod migrate;
mod moment;
mod moment_list;
mod open;
mod person;
mod quota;
mod race;
mod redaction;
mod retention;
mod review;
mod review_list;
mod review_step;
mod rubric;
mod search;
mod session;
mod storage;
mod team;
mod template;
mod tidy;
mod token;
mod tracker;
mod transcript;
mod upload;
mod user;
mod viewer;

/// Runs each of the named tests on all three engines. A test that is written but not named is dead code, and
/// the compiler says so.
macro_rules! on_every_engine {
    ($($test:ident),+ $(,)?) => {
        mod sqlite_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::bench::run($crate::bench::Where::Memory, super::$test).await;
            })+
        }

        mod sqlite_file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::bench::run($crate::bench::Where::File, super::$test).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::bench::run($crate::bench::Where::Postgres, super::$test).await;
            })+
        }
    };
}
pub(crate) use on_every_engine;
