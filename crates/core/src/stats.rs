//! Talk statistics of a call.
