//! Spans of the running program reach whoever collects them, and carry no secret.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use gametape_tests::program::Workspace;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What somebody looked for; not to be told.
const LOOKED_FOR: &str = "what-somebody-looked-for";

/// The path of a request, and its body.
type Sent = (String, Vec<u8>);

/// What a collector was sent: heads of requests and bodies.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Sent>>>);

impl Received {
    fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spans(&self) -> Result<Vec<Span>> {
        let mut spans = Vec::new();
        for (_, body) in self.all() {
            let request = ExportTraceServiceRequest::decode(body.as_slice())?;
            for resource in request.resource_spans {
                let about = resource.resource.context("no resource")?.attributes;
                ensure!(text(&about, "service.name") == Some("gametape"), "{about:?}");
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        Ok(spans)
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|it| it.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// Takes one request of a collector's protocol and answers it.
async fn receive(mut stream: TcpStream, received: Received) -> Result<()> {
    loop {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8(bytes[..head_end].to_vec())?.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .context("no length")?
            .trim()
            .parse::<usize>()?;
        while bytes.len() < head_end + length {
            ensure!(stream.read_buf(&mut bytes).await? > 0, "the body broke off");
        }
        let body = bytes[head_end..].to_vec();
        received
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((head, body));
        stream
            .write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
            )
            .await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_with_what_the_database_did_below_it() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1/traces", listener.local_addr()?);
    let received = Received::default();
    let collector = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(receive(stream, collector.clone()));
        }
    });

    let workspace = Workspace::new(&[("GAMETAPE_TRACES_URL", &url)])?;
    let token = workspace.person("ann@example.com", "rep")?;
    let server = workspace.serve(&["--no-worker"])?;
    let answer = server
        .client(&token)
        .request(reqwest::Method::GET, &format!("/search?q={LOOKED_FOR}"))
        .header("x-request-id", "traced-request")
        .send()
        .await?;
    ensure!(answer.status() == 200, "{}", answer.text().await?);

    let begun = Instant::now();
    let (request, spans) = loop {
        let spans = received.spans()?;
        let found = spans
            .iter()
            .find(|span| text(&span.attributes, "request.id") == Some("traced-request"));
        if let Some(found) = found {
            break (found.clone(), spans);
        }
        ensure!(
            begun.elapsed() < Duration::from_secs(30),
            "no span came: {spans:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(request.name, "http.request");
    assert_eq!(text(&request.attributes, "http.route"), Some("/api/v1/search"));
    assert!(request.end_time_unix_nano > request.start_time_unix_nano);
    let below: Vec<_> = spans
        .iter()
        .filter(|span| span.trace_id == request.trace_id && span.parent_span_id == request.span_id)
        .map(|span| span.name.as_str())
        .collect();
    assert!(
        below.iter().any(|name| name.starts_with("db.search")),
        "{below:?}"
    );

    for (head, body) in received.all() {
        assert!(head.starts_with("post /v1/traces "), "{head}");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(!body.contains(LOOKED_FOR) && !body.contains(&token), "{body}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_everything_works_and_ends_in_time() -> Result<()> {
    // A port that nobody listens on.
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let url = format!("http://{gone}/v1/traces");
    let workspace = Workspace::new(&[("GAMETAPE_TRACES_URL", &url)])?;
    let token = workspace.person("ann@example.com", "rep")?;
    let server = workspace.serve(&["--no-worker"])?;
    server.client(&token).get("/me").await?;
    let took = server.process.terminate()?;
    assert!(took < Duration::from_secs(15), "{took:?}");
    Ok(())
}
