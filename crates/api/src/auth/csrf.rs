//! Requests that change something and that another site made the browser send.
//!
//! The rules are those of Go 1.25's `http.CrossOriginProtection`
//! (<https://pkg.go.dev/net/http#CrossOriginProtection>): browsers say with `Sec-Fetch-Site` where a
//! request comes from, older ones at least with `Origin`; what has neither is no browser, and without a
//! browser nobody's cookies can be abused. No tokens, nothing to keep.

use http::{HeaderMap, Uri, header};

use crate::problem::{Code, Problem, Result};

/// Refuses a request that a browser sent for another site. For unsafe methods only.
pub(crate) fn check(headers: &HeaderMap) -> Result<()> {
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" {
            Ok(())
        } else {
            Err(refused())
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|text| text.parse().ok());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let same = match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(authority), Some(host)) => authority.as_str().eq_ignore_ascii_case(host),
        _ => false,
    };
    if same { Ok(()) } else { Err(refused()) }
}

fn refused() -> Problem {
    Problem::new(
        Code::CrossSite,
        "the browser says that another site sent this; a proxy in front has to pass Host, Origin and \
         Sec-Fetch-Site on unchanged",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        check(&headers).is_ok()
    }

    #[test]
    fn browsers_may_only_send_from_our_own_pages() {
        assert!(allowed(&[("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("sec-fetch-site", "none")]));
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://h"),
            ("host", "h")
        ]));
        assert!(allowed(&[("origin", "http://h:7400"), ("host", "h:7400")]));
        assert!(!allowed(&[("origin", "http://h:7401"), ("host", "h:7400")]));
        assert!(!allowed(&[("origin", "null"), ("host", "h")]));
        assert!(!allowed(&[("origin", "http://h")]));
        assert!(!allowed(&[("origin", "\u{e4}"), ("host", "h")]));
    }

    #[test]
    fn what_is_no_browser_passes() {
        assert!(allowed(&[]));
        assert!(allowed(&[("host", "h")]));
    }
}
