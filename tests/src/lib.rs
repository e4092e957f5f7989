//! Tests of the built program and of the crates together.

pub mod accuracy;
pub mod backends;
pub mod chaos;
pub mod crowd;
pub mod load;
pub mod peers;
pub mod person;
pub mod program;
pub mod prometheus;
pub mod random;
pub mod seed;
pub mod sound;
pub mod truth;
pub mod wer;
