//! Probes and measurements.

use std::net::SocketAddr;

use axum::{Extension, extract::ConnectInfo};
use gametape_api::{ApiConfig, ApiState, router};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::{App, Ask};

fn from(app: &mut App, address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    app.router = app.router.clone().layer(Extension(ConnectInfo(address)));
}

#[tokio::test]
async fn probes_answer_everybody() {
    let app = App::new().await;
    assert_eq!(app.send(Ask::get("/healthz")).await.text(), "ok\n");
    let ready = app.send(Ask::get("/readyz")).await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.json()["database"], "ok");
    app.store.close().await;
    let ready = app.send(Ask::get("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["database"], "failed");
    assert_eq!(app.send(Ask::get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn measurements_are_for_this_machine_unless_a_token_says_otherwise() {
    let app = App::new().await;
    app.send(Ask::get("/metrics")).await.is_problem(403, "forbidden");
    let mut local = App::new().await;
    from(&mut local, "127.0.0.1:5000");
    // Allowed, but nothing is measured in tests.
    local
        .send(Ask::get("/metrics"))
        .await
        .is_problem(404, "not_found");
    let proxied = Ask::get("/metrics").header("x-forwarded-for", "203.0.113.9");
    local.send(proxied).await.is_problem(403, "forbidden");
    let mut remote = App::new().await;
    from(&mut remote, "203.0.113.9:5000");
    remote
        .send(Ask::get("/metrics"))
        .await
        .is_problem(403, "forbidden");

    let config = ApiConfig {
        metrics_token: Some("hush".to_owned()),
        ..ApiConfig::default()
    };
    let mut guarded = App::with(config).await;
    from(&mut guarded, "127.0.0.1:5000");
    guarded
        .send(Ask::get("/metrics"))
        .await
        .is_problem(403, "forbidden");
    guarded
        .send(Ask::get("/metrics").bearer("hus"))
        .await
        .is_problem(403, "forbidden");
    guarded
        .send(Ask::get("/metrics").bearer("hush"))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn measurements_are_text_for_prometheus() {
    let mut app = App::new().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let state = ApiState::new(app.store.clone(), app.media.clone(), ApiConfig::default());
    app.router = router(state.with_metrics(recorder.handle()));
    from(&mut app, "[::1]:5000");
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("gametape_http_requests_total").increment(3);
    });
    let reply = app.send(Ask::get("/metrics")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        reply.text().contains("gametape_http_requests_total 3"),
        "{}",
        reply.text()
    );
}
