//! The session cookie.

use http::{HeaderMap, HeaderValue, header};

/// `__Host-` makes browsers insist on HTTPS, the whole site as path, and no domain, so that no
/// neighbouring host can plant a session (RFC 6265bis, 4.1.3.2). It can't be used over plain HTTP.
fn name(secure: bool) -> &'static str {
    if secure {
        "__Host-gametape_session"
    } else {
        "gametape_session"
    }
}

/// All values of the session cookie that a request carries. A browser may send several of one name, and
/// the order says nothing about which is good.
pub(super) fn session_cookies(headers: &HeaderMap, secure: bool) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(key, _)| *key == name(secure))
        .map(|(_, value)| value)
        .take(4)
}

/// The `Set-Cookie` that signs a browser in. JavaScript can't read it; other sites can't send it but by
/// a link that is followed.
pub(crate) fn set_cookie(secret: &str, ttl_ms: i64, secure: bool) -> Option<HeaderValue> {
    let max_age = ttl_ms / 1_000;
    let suffix = if secure { "; Secure" } else { "" };
    let name = name(secure);
    format!("{name}={secret}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{suffix}")
        .parse()
        .ok()
}

/// The `Set-Cookie` that signs a browser out.
pub(crate) fn clear_cookie(secure: bool) -> Option<HeaderValue> {
    set_cookie("", 0, secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; gametape_session=one; x"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("gametape_session=two;__Host-gametape_session=s"),
        );
        assert_eq!(
            session_cookies(&headers, false).collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert_eq!(session_cookies(&headers, true).collect::<Vec<_>>(), ["s"]);
    }

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
        let cookie = set_cookie("abc", 60_000, true).unwrap();
        assert_eq!(
            cookie.to_str().unwrap(),
            "__Host-gametape_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(
            clear_cookie(false)
                .unwrap()
                .to_str()
                .unwrap()
                .contains("Max-Age=0")
        );
    }
}
