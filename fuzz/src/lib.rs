//! What the targets do with their bytes. Each calls what the program calls, and asserts what must hold of any answer.

pub mod backup;
pub mod models;
pub mod sound;
pub mod text;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Lines of `name: value` as headers; what can't be a header never gets as far as our parsers.
pub fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.insert(name, value);
        }
    }
    headers
}
