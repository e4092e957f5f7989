//! Tests of the built program and of the crates together.
