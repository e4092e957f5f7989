//! The job runner and the stages of a recording.
//!
//! [`hear`] turns a recording into segments and knows nothing of databases: `gametape transcribe` uses it as
//! it is. [`Worker`] takes jobs from the store and runs their stages; each stage is one file in `stage`.

pub mod cpu;
mod engines;
pub mod hear;
mod repair;
mod retention;
mod runner;
mod segment;
mod stage;

pub use engines::{Engines, LoadModel};
pub use runner::{Worker, WorkerConfig};
