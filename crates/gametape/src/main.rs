//! Peer review of sales calls on your own machine: the program.
fn main() {}
