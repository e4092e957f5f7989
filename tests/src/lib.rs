//! Tests of the built program and of the crates together.

pub mod accuracy;
pub mod backends;
pub mod load;
pub mod person;
pub mod program;
pub mod seed;
pub mod truth;
pub mod wer;
