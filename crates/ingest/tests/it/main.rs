//! Workers on a real database and real files, with ears that hear what a test wants.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod redact;
mod support;
mod turns;
