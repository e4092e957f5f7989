//! Words of the product: ids, entities, state machines, clock, pages. No I/O, nothing async.
//!
//! Every other crate speaks these types; none of them is serialised to people as it stands (the HTTP
//! views live in `gametape-api`), except the transcript, whose JSON shape scripts rely on.

pub mod anchor;
pub mod audit;
pub mod call;
pub mod clock;
pub mod comment;
pub mod comment_export;
pub mod consent;
pub mod csv;
pub mod edit;
pub mod erasure;
pub mod event;
pub mod export;
pub mod id;
pub mod inbox;
pub mod job;
pub mod moment;
pub mod page;
pub mod policy;
#[cfg(test)]
mod random;
pub mod redact;
pub mod retention;
pub mod review;
pub mod rubric;
pub mod search;
pub mod stats;
pub mod team;
pub mod tracker;
pub mod transcript;
pub mod upload;
pub mod user;
pub mod words;

pub use clock::{Clock, ManualClock, TimeMs};
