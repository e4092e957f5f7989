//! The interface as a client sees it: the whole router on a database in memory and files in a folder.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod call_details;
mod calls;
mod comments;
mod corrections;
mod document;
mod events;
mod forms;
mod hostile;
mod idempotency;
mod inbox;
mod limits;
mod media;
mod moments;
mod people;
mod permissions;
mod priority;
mod problems;
mod reach;
mod redact;
mod retention;
mod reviews;
mod reviews_csv;
mod rubrics;
mod sample_data;
mod search;
mod session;
mod streams;
mod support;
mod templates;
mod trackers;
mod tus;
mod tus_trouble;
mod walk;
