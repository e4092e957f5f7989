//! The job runner and the stages of a recording.
