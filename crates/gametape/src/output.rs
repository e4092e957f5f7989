//! The two places a command writes to.

use std::io::Write;

/// A line of result, on standard output. A reader that went away is no failure of ours.
pub(crate) fn result(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line for the person who waits, on standard error.
pub(crate) fn message(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
