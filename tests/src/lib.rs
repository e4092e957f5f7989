//! Tests of the built program and of the crates together.

pub mod truth;
pub mod wer;
pub mod program;
pub mod accuracy;
pub mod backends;
