//! Ranges of a recording (RFC 9110, 14), as players ask for them when they seek.

use std::ops::Range;

use http::{HeaderMap, header};

/// What part of a file a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Outside,
}

/// Reads `Range` and `If-Range`. What is no single range of bytes is ignored, as the RFC allows: then the
/// whole file comes.
pub(super) fn wanted(headers: &HeaderMap, etag: &str, size_bytes: u64) -> Wanted {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    // An `If-Range` with a date can't be compared, and counts as changed.
    if text(header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) {
        return Wanted::All;
    }
    let Some(spec) = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Wanted::All;
    };
    let (first, last) = (first.trim(), last.trim());
    let range = match (number(first), number(last)) {
        (Some(first), _) if last.is_empty() => first..size_bytes,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (None, Some(count)) if first.is_empty() => {
            if count == 0 {
                return Wanted::Outside;
            }
            size_bytes.saturating_sub(count)..size_bytes
        }
        _ => return Wanted::All,
    };
    if range.start < size_bytes {
        Wanted::Part(range)
    } else {
        Wanted::Outside
    }
}

/// A number of any length; one that is larger than any file counts as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        wanted(&headers, "\"tag\"", 100)
    }

    #[test]
    fn single_ranges_are_understood() {
        assert_eq!(of("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(of("bytes=10-19"), Wanted::Part(10..20));
        assert_eq!(of("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(of("bytes=90-1000"), Wanted::Part(90..100));
        assert_eq!(of("bytes=-10"), Wanted::Part(90..100));
        assert_eq!(of("bytes=-1000"), Wanted::Part(0..100));
        assert_eq!(of("bytes=0-99999999999999999999999999"), Wanted::Part(0..100));
    }

    #[test]
    fn ranges_behind_the_end_are_refused_and_others_ignored() {
        for range in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(of(range), Wanted::Outside, "{range}");
        }
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=9-1",
            "bytes=0-1,5-6",
            "lines=1-2",
        ] {
            assert_eq!(of(range), Wanted::All, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_ignored() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=1-2".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"tag\"".parse().unwrap());
        assert_eq!(wanted(&headers, "\"tag\"", 100), Wanted::Part(1..3));
        assert_eq!(wanted(&headers, "\"other\"", 100), Wanted::All);
        headers.insert(header::IF_RANGE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        assert_eq!(wanted(&headers, "\"tag\"", 100), Wanted::All);
    }
}
