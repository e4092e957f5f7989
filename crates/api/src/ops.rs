//! For those who run the server: is it alive, is it ready, how does it do.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::{
    ApiState,
    auth::bearer,
    extract::Json,
    problem::{Code, Problem, Result},
    rate,
};

/// A probe that takes longer counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn routes(state: &ApiState) -> Router<ApiState> {
    // Looks into database and object store for whoever asks.
    let ready = get(ready).layer(from_fn_with_state(state.clone(), rate::count_unknown));
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", ready)
        .route("/metrics", get(measurements))
}

/// The process runs and answers; says nothing about what it depends on, so that no supervisor restarts it
/// because the database is away.
async fn alive() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
struct Readiness {
    database: &'static str,
    migrations: &'static str,
    media: &'static str,
}

/// Whether requests can be served now. Says what is missing, not why: that is in the log.
async fn ready(State(state): State<ApiState>) -> Response {
    let database = within(state.store.ping()).await;
    let migrations = within(async {
        state
            .store
            .pending_migrations()
            .await
            .map(|names| names.is_empty())
    });
    let migrations = database.is_some() && migrations.await == Some(true);
    let media = within(state.media.ping()).await.is_some();
    let word = |fine| if fine { "ok" } else { "failed" };
    let readiness = Readiness {
        database: word(database.is_some()),
        migrations: word(migrations),
        media: word(media),
    };
    let status = if migrations && media {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

async fn within<T, E: std::fmt::Display>(probe: impl Future<Output = Result<T, E>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, probe).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            None
        }
        Err(_) => {
            tracing::warn!("not ready: no answer within 5 seconds");
            None
        }
    }
}

/// Measurements in Prometheus's text format. With a configured token, for whoever has it; without one, for
/// this machine only, and then not through a proxy, behind which everybody seems to be this machine.
async fn measurements(State(state): State<ApiState>, request: Request) -> Result<Response> {
    let headers = request.headers();
    let allowed = if let Some(token) = &state.config.metrics_token {
        let given = headers.get(header::AUTHORIZATION).and_then(bearer);
        given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into())
    } else {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
            && !headers.contains_key("x-forwarded-for")
            && !headers.contains_key(header::FORWARDED)
    };
    if !allowed {
        return Err(Problem::new(
            Code::Forbidden,
            "measurements are shown to this machine, or with the configured metrics token as Bearer",
        ));
    }
    let Some(handle) = &state.metrics else {
        return Err(Problem::new(Code::NotFound, "this process keeps no measurements"));
    };
    let mut response = handle.render().into_response();
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}
