//! The two places a command writes to.

use std::io::Write;

use crate::config::LogFormat;

/// A line of result, on standard output. A reader that went away is no failure of ours.
pub(crate) fn result(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line of a service for whoever runs it, on standard error: where machines read that, as they can.
pub(crate) fn say(format: LogFormat, line: &str) {
    match format {
        LogFormat::Text => message(line),
        LogFormat::Json => tracing::info!("{line}"),
    }
}

/// A line for the person who waits, on standard error.
pub(crate) fn message(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
