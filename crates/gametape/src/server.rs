//! Serving connections.
//!
//! `axum::serve` waits for ever for the head of a request, so that a few hundred slow clients could take all
//! connections there are; here it has to come in time, and has bounds.

use std::time::Duration;

use axum::{Router, extract::ConnectInfo, serve::Listener};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A connection on which no whole head of a request comes for so long is closed, also between two requests. Proxies
/// keep connections open for a minute; they must not be the ones that are surprised.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Bytes that are read ahead, and so the longest head.
const MAX_BUFFER_BYTES: usize = 128 * 1024;
/// Header lines.
const MAX_HEADERS: usize = 100;

/// Serves until `stop` is cancelled, and then until all answers under way are out.
pub(crate) async fn serve(mut listener: TcpListener, app: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_BUFFER_BYTES)
        .max_headers(MAX_HEADERS);
    let connections = GracefulShutdown::new();
    loop {
        // The trait's accept, which goes on after errors: a lack of file handles passes.
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = stop.cancelled() => break,
        };
        let app = app.clone();
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(request)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection broke off");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    /// What a server answers to these bytes until it closes the connection.
    async fn answer(bytes: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let peer =
            |ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| async move { peer.ip().to_string() };
        let app = Router::new().route("/", get(peer));
        let server = tokio::spawn(serve(listener, app, stop.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        // The server may close before it has read everything.
        let _ = client.write_all(&bytes).await;
        let mut text = Vec::new();
        let _ = client.read_to_end(&mut text).await;
        stop.cancel();
        server.await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn request(headers: &str) -> Vec<u8> {
        format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{headers}\r\n").into_bytes()
    }

    #[tokio::test]
    async fn the_peer_is_known() {
        let text = answer(request("")).await;
        assert!(
            text.starts_with("HTTP/1.1 200") && text.ends_with("127.0.0.1"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn heads_without_end_are_refused() {
        let long = format!("x: {}\r\n", "a".repeat(2 * MAX_BUFFER_BYTES));
        let many = "x: a\r\n".repeat(MAX_HEADERS + 1);
        for headers in [long, many] {
            let text = answer(request(&headers)).await;
            assert!(text.starts_with("HTTP/1.1 431"), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn heads_that_do_not_come_end_the_connection() {
        let begun = tokio::time::Instant::now();
        assert_eq!(answer(b"GET / HTTP/1.1\r\nhost: h\r\n".to_vec()).await, "");
        assert!(begun.elapsed() >= HEAD_WITHIN, "{:?}", begun.elapsed());
    }
}
