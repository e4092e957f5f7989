//! The committed document is the program's own.

use gametape_api::openapi;

#[test]
fn the_committed_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let mut made = openapi().to_pretty_json().unwrap();
    made.push('\n');
    // Not assert_eq: nobody wants to read both.
    let differs = committed.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        committed == made,
        "docs/openapi.json differs from the code from line {:?} on: run `make gen`",
        differs.map(|line| line + 1)
    );
}
