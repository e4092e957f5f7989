//! Tells cargo that the embedded migrations are part of this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
