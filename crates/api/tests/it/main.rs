//! The interface as a client sees it: the whole router on a database in memory and files in a folder.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod calls;
mod events;
mod forms;
mod media;
mod problems;
mod reviews;
mod reviews_csv;
mod rubrics;
mod session;
mod support;
mod tus;
mod tus_trouble;
mod walk;
