//! The passive rules of OWASP ZAP, held against every page and every route of a running server: what a scanner that
//! only looks would report. `SECURITY.md` lists the rules; their numbers are ZAP's.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use gametape_tests::program::{PASSWORD, Server, Workspace};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

/// An answer that a rule looks at.
struct Seen {
    what: String,
    path: String,
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    fn is_html(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    fn is_api(&self) -> bool {
        self.path.starts_with("/api/v1")
    }

    fn directive(&self, name: &str) -> Option<&str> {
        let policy = self.header("content-security-policy");
        policy
            .split(';')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(' '))
    }
}

/// A rule: its number and name, and what is wrong with an answer.
type Rule = (&'static str, fn(&Seen) -> Option<String>);

const RULES: &[Rule] = &[
    ("10019 Content-Type Header Missing", content_type),
    ("10020 Anti-clickjacking Header", framing),
    ("10021 X-Content-Type-Options Header Missing", nosniff),
    ("10023, 90022 Error Messages", errors),
    ("10028, 10029 Open Redirect", redirects),
    ("10035 Strict-Transport-Security Header", transport),
    ("10036 and others: Leaks in Headers", leaks),
    ("10038, 10055 Content Security Policy", policy),
    ("10010, 10011, 10054, 90033 Cookies", cookies),
    ("10015, 10049 Cache-control", caching),
    ("10017, 10040, 90003 Foreign and Mixed Content", foreign),
    ("10063 Permissions Policy Header Not Set", permissions),
    ("10098 Cross-Domain Misconfiguration", cross_domain),
    ("10105 Weak Authentication Method", authentication),
    ("10202 Absence of Anti-CSRF Tokens", forms),
    ("2 Private IP Disclosure", private_addresses),
    ("90004 Insufficient Site Isolation", isolation),
    ("10031 User Controllable HTML Attribute", reflection),
    ("10045 Source Code Disclosure", sources),
];

fn content_type(seen: &Seen) -> Option<String> {
    let kind = seen.header("content-type");
    if seen.body.is_empty() {
        return None;
    }
    let text_without_charset = kind.starts_with("text/")
        && !kind.starts_with("text/event-stream")
        && !kind.to_ascii_lowercase().contains("utf-8")
        // Files of the pages are read as what the page that names them is.
        && (seen.is_html() || seen.is_api());
    (kind.is_empty() || text_without_charset).then(|| format!("content type {kind:?}"))
}

fn framing(seen: &Seen) -> Option<String> {
    let denied =
        seen.header("x-frame-options") == "DENY" && seen.directive("frame-ancestors") == Some("'none'");
    (!denied).then(|| "may be framed".to_owned())
}

fn nosniff(seen: &Seen) -> Option<String> {
    (seen.header("x-content-type-options") != "nosniff").then(|| "may be sniffed".to_owned())
}

/// Words that only a program's inside says.
const INSIDE: [&str; 9] = [
    "panicked at",
    "stack backtrace",
    "sqlx",
    "SQLITE_",
    "syntax error",
    "/root/",
    "/home/",
    ".rs:",
    "no such table",
];

fn errors(seen: &Seen) -> Option<String> {
    if seen.status >= 500 {
        return Some(format!("status {}: {}", seen.status, seen.body));
    }
    if seen.path.starts_with("/assets/") || seen.path.starts_with("/api/docs/") {
        return None;
    }
    let told = INSIDE.iter().find(|word| seen.body.contains(**word));
    told.map(|word| format!("says {word:?}"))
}

fn redirects(seen: &Seen) -> Option<String> {
    let to = seen.header("location");
    let ours = to.is_empty() || (to.starts_with('/') && !to.starts_with("//") && !to.contains("evil"));
    (!ours || (300..400).contains(&seen.status) && seen.body.len() > 1_000).then(|| format!("leads to {to}"))
}

fn transport(seen: &Seen) -> Option<String> {
    let age = seen.header("strict-transport-security").strip_prefix("max-age=");
    let long = age.and_then(|age| age.parse::<u64>().ok()) >= Some(180 * 86_400);
    (!long).then(|| "HTTPS is not kept to".to_owned())
}

fn leaks(seen: &Seen) -> Option<String> {
    let names = [
        "server",
        "x-powered-by",
        "x-backend-server",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-debug-token",
        "x-debug-token-link",
        "x-chromelogger-data",
        "x-sourcemap",
        "sourcemap",
        "via",
    ];
    let told = names.iter().find(|name| seen.headers.contains_key(**name));
    told.map(|name| format!("has {name}"))
}

fn policy(seen: &Seen) -> Option<String> {
    if seen.headers.get_all("content-security-policy").iter().count() != 1 {
        return Some("no policy, or several".to_owned());
    }
    let policy = seen.header("content-security-policy");
    for loose in [
        "unsafe-inline",
        "unsafe-eval",
        "unsafe-hashes",
        "*",
        "http:",
        "https:",
    ] {
        if policy.contains(loose) {
            return Some(format!("{loose} in {policy}"));
        }
    }
    if seen
        .directive("script-src")
        .is_some_and(|from| from.contains("data:") || from.contains("blob:"))
    {
        return Some(format!("scripts from data in {policy}"));
    }
    // These have no fallback, or a fallback that must be there.
    let missing = ["default-src", "frame-ancestors", "form-action", "base-uri"]
        .into_iter()
        .find(|name| seen.directive(name).is_none());
    missing.map(|name| format!("no {name} in {policy}"))
}

fn cookies(seen: &Seen) -> Option<String> {
    let cookies = seen.headers.get_all("set-cookie").iter();
    let mut texts = cookies.filter_map(|cookie| cookie.to_str().ok());
    let loose = texts.find(|text| {
        let has = |part: &str| text.split("; ").any(|other| other == part);
        !(has("HttpOnly") && has("Secure") && has("SameSite=Lax") && has("Path=/"))
            || text.to_ascii_lowercase().contains("domain=")
            || !text.starts_with("__Host-")
    });
    loose.map(ToOwned::to_owned)
}

fn caching(seen: &Seen) -> Option<String> {
    let how = seen.header("cache-control");
    let private = how == "no-store" || how.starts_with("private");
    (seen.is_api() && !private).then(|| format!("cache-control {how:?}"))
}

fn foreign(seen: &Seen) -> Option<String> {
    if !seen.is_html() {
        return None;
    }
    let mut sources = ["src=\"", "href=\"", "action=\""]
        .into_iter()
        .flat_map(|mark| seen.body.split(mark).skip(1))
        .filter_map(|rest| rest.split('"').next());
    let foreign = sources.find(|source| source.contains("://") || source.starts_with("//"));
    foreign.map(|source| format!("loads {source}"))
}

fn permissions(seen: &Seen) -> Option<String> {
    (!seen.header("permissions-policy").contains("camera=()")).then(|| "no permissions policy".to_owned())
}

fn cross_domain(seen: &Seen) -> Option<String> {
    let opened = seen
        .headers
        .keys()
        .find(|name| name.as_str().starts_with("access-control-"));
    opened.map(|name| format!("has {name}"))
}

fn authentication(seen: &Seen) -> Option<String> {
    let how = seen.header("www-authenticate");
    (!["", "Bearer"].contains(&how)).then(|| format!("asks for {how}"))
}

fn forms(seen: &Seen) -> Option<String> {
    (seen.is_html() && seen.body.contains("<form")).then(|| "has a form of its own".to_owned())
}

fn private_addresses(seen: &Seen) -> Option<String> {
    let mut numbers = seen.body.split(|c: char| !c.is_ascii_digit() && c != '.');
    let private = numbers.find(|text| {
        text.parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_private())
    });
    private.map(|address| format!("tells {address}"))
}

fn isolation(seen: &Seen) -> Option<String> {
    let own = ["cross-origin-resource-policy", "cross-origin-opener-policy"];
    let open = own.into_iter().find(|name| seen.header(name) != "same-origin");
    open.map(|name| format!("{name} is not same-origin"))
}

/// What the scan writes wherever it can; it must never stand in a page as it is.
const MARK: &str = "<zap\"'>";

fn reflection(seen: &Seen) -> Option<String> {
    (seen.is_html() && seen.body.contains("<zap")).then(|| "shows what was sent".to_owned())
}

fn sources(seen: &Seen) -> Option<String> {
    let shown = ["[core]", "[package]", "root:x:", "BEGIN PRIVATE KEY"]
        .into_iter()
        .find(|mark| seen.body.contains(mark));
    shown
        .filter(|_| !seen.path.starts_with("/assets/"))
        .map(|mark| format!("shows {mark}"))
}

/// Somebody who looks at the server.
struct Scanner<'a> {
    http: reqwest::Client,
    server: &'a Server,
    wrong: BTreeSet<String>,
    looked: usize,
}

impl<'a> Scanner<'a> {
    fn new(server: &'a Server) -> Result<Self> {
        let redirects = reqwest::redirect::Policy::none();
        Ok(Self {
            http: reqwest::Client::builder().redirect(redirects).build()?,
            server,
            wrong: BTreeSet::new(),
            looked: 0,
        })
    }

    /// Asks for something and holds all rules against the answer.
    async fn look(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Seen> {
        let address = format!("{}{path}", self.server.address);
        let mut request = self
            .http
            .request(method.to_uppercase().parse::<Method>()?, address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let endless = headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        let body = if endless {
            String::new()
        } else {
            response.text().await?
        };
        let seen = Seen {
            what: format!("{method} {path} ({status})"),
            path: path.to_owned(),
            status,
            headers,
            body,
        };
        for (name, rule) in RULES {
            if let Some(wrong) = rule(&seen) {
                self.wrong.insert(format!("{name}: {}: {wrong}", seen.what));
            }
        }
        self.looked += 1;
        Ok(seen)
    }

    /// The pages, what they load, and what a scanner tries beside them.
    async fn pages(&mut self) -> Result<()> {
        let mut paths: Vec<String> = [
            "/",
            "/calls",
            "/moments",
            "/search?q=x",
            "/settings/people",
            "/join",
            "/nothing",
            "/nothing.js",
            "/api",
            "/api/docs/",
            "/api/docs/nothing.js",
            "/api/openapi.json",
            "/api/v1/nothing",
            "/api/v2",
            "/healthz",
            "/readyz",
            "/metrics",
            "/robots.txt",
            "/favicon.svg",
            "/.env",
            "/.git/config",
            "/.git/HEAD",
            "/Cargo.toml",
            "/..%2f..%2fetc%2fpasswd",
            "/assets/..%2f..%2fCargo.toml",
            "/%3Czap%22'%3E",
            "/calls?next=//evil.example",
            "/api/docs?url=https://evil.example",
            "/?q=%3Czap%22'%3E",
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        for page in ["/", "/api/docs/"] {
            let html = self.look("GET", page, &[], None).await?.body;
            for mark in ["src=\"", "href=\""] {
                let loaded = html.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
                paths.extend(loaded.map(|path| match path.strip_prefix("./").unwrap_or(path) {
                    path if path.starts_with('/') => path.to_owned(),
                    path => format!("{page}{path}"),
                }));
            }
        }
        for path in paths {
            self.look("GET", &path, &[], None).await?;
            self.look("HEAD", &path, &[], None).await?;
            let origin = [
                ("origin", "https://evil.example"),
                ("access-control-request-method", "POST"),
            ];
            self.look("OPTIONS", &path, &origin, None).await?;
            self.look("POST", &path, &[], None).await?;
        }
        Ok(())
    }

    /// Every route of the document, as whoever these headers are.
    async fn routes(
        &mut self,
        document: &Value,
        ids: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<()> {
        let paths = document["paths"].as_object().context("no paths")?;
        // What changes things comes last, so that there is something to look at until then.
        for reading in [true, false] {
            for (path, item) in paths {
                let methods = item.as_object().context("no methods")?.keys();
                for method in methods.filter(|method| (*method == "get") == reading) {
                    let mut path = path.clone();
                    for (place, id) in ids {
                        path = path.replace(place, id);
                    }
                    path = path.replace("{id}", "01JZ8Q4W9V7N3T5K2M6R8X0B1C");
                    let query = match path.rsplit('/').next() {
                        Some("clip") => "?start_ms=0&end_ms=10",
                        Some("search") => "?q=%3Czap%22'%3E",
                        _ => "",
                    };
                    let tus = [headers, &[("tus-resumable", "1.0.0")]].concat();
                    self.look(method, &format!("{path}{query}"), &tus, None).await?;
                    self.look(method, &format!("{path}?%3Czap%22'%3E=1"), headers, None)
                        .await?;
                    if !reading {
                        let body = json!({MARK: MARK});
                        self.look(method, &path, headers, Some(&body)).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A call whose every text is hostile.
async fn hostile_call(server: &Server, token: &str) -> Result<String> {
    let file = reqwest::multipart::Part::bytes(b"<script>alert(1)</script>".to_vec())
        .file_name("\"><img src=x onerror=alert(1)>.html")
        .mime_str("text/html")?;
    let meta = json!({
        "title": MARK, "tags": [MARK], "participants": [{"name": MARK, "company": MARK}],
        "deal": {"name": MARK, "stage": MARK},
    });
    let form = reqwest::multipart::Form::new()
        .text("meta", meta.to_string())
        .part("file", file);
    let client = server.client(token);
    let made = client
        .request(Method::POST, "/calls")
        .multipart(form)
        .send()
        .await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let call: Value = made.json().await?;
    let id = call["id"].as_str().context("no id")?.to_owned();
    let comment = json!({"body": format!("{MARK} [x](javascript:alert(1))"), "start_ms": 0, "end_ms": 10});
    let comment = client
        .request(Method::POST, &format!("/calls/{id}/comments"))
        .json(&comment);
    ensure!(comment.send().await?.status() == 201, "no comment");
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_only_looks_finds_nothing() -> Result<()> {
    // As behind a proxy that speaks HTTPS.
    let workspace = Workspace::new(&[("GAMETAPE_SECURE_COOKIES", "true")])?;
    let token = workspace.person("root@example.com", "admin")?;
    let server = workspace.serve(&["--no-worker"])?;
    let call = hostile_call(&server, &token).await?;
    let mut scanner = Scanner::new(&server)?;
    scanner.pages().await?;

    let document: Value =
        serde_json::from_str(&scanner.look("GET", "/api/openapi.json", &[], None).await?.body)?;
    let of_call = format!("/calls/{call}");
    let ids = [
        ("/calls/{id}", &*of_call),
        ("{user_id}", "user_01JZ8Q4W9V7N3T5K2M6R8X0B1C"),
        ("{segment_id}", "seg_01JZ8Q4W9V7N3T5K2M6R8X0B1C"),
        ("{edit_id}", "edit_01JZ8Q4W9V7N3T5K2M6R8X0B1C"),
        ("{criterion_id}", "crit_01JZ8Q4W9V7N3T5K2M6R8X0B1C"),
        ("{evidence_id}", "evid_01JZ8Q4W9V7N3T5K2M6R8X0B1C"),
        ("{reaction}", "%F0%9F%91%8D"),
        ("{version}", "1"),
    ];
    scanner.routes(&document, &ids, &[]).await?;
    let sign_in = json!({"email": "root@example.com", "password": PASSWORD});
    let signed_in = scanner
        .look("POST", "/api/v1/session", &[], Some(&sign_in))
        .await?;
    ensure!(signed_in.status == 201, "{}", signed_in.body);
    let cookie = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let bearer = format!("Bearer {token}");
    scanner.routes(&document, &ids, &[("cookie", &cookie)]).await?;
    scanner
        .routes(&document, &ids, &[("authorization", &bearer)])
        .await?;
    // Nothing that opens a door travels in an address: addresses are kept in logs and histories.
    let parameters = document.to_string();
    for name in ["token", "password", "secret", "session"] {
        let in_query = format!("\"in\":\"query\",\"name\":\"{name}\"");
        assert!(!parameters.contains(&in_query), "{name} travels in the query");
    }
    println!("{} answers, {} rules", scanner.looked, RULES.len());
    assert!(scanner.looked > 600, "{}", scanner.looked);
    assert!(
        scanner.wrong.is_empty(),
        "{} findings: {:#?}",
        scanner.wrong.len(),
        scanner.wrong
    );
    Ok(())
}
