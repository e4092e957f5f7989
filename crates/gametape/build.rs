//! The web pages are part of the program: when they change, it does.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
