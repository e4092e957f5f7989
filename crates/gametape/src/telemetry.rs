//! The log, traces, and measurements.

use std::io::IsTerminal;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, Layer, fmt, prelude::*};

use crate::{
    config::{Config, LogFormat},
    measure::announce,
    traces::{SPANS, Traces},
};

/// Seconds, from a quick request to an hour of transcription.
const SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
];

/// The log of commands that end by themselves. What decoders say of a bad file, the command says in its own words.
const QUIET: &str = "error,symphonia=off";

/// Starts the log, on standard error, and for services the traces. Commands that end by themselves are quiet unless
/// something is wrong.
pub(crate) fn start(config: &Config, service: bool) -> anyhow::Result<Option<Traces>> {
    let wanted = if service { config.log.as_str() } else { QUIET };
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(wanted))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let traces = if service { Traces::start(config)? } else { None };
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_location(false)
            .with_threads(false)
            .with_filter(EnvFilter::new(SPANS))
    });
    let registry = tracing_subscriber::registry().with(spans);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    match config.log_format {
        LogFormat::Text => registry
            .with(
                lines
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_filter(filter),
            )
            .init(),
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).with_filter(filter))
            .init(),
    }
    Ok(traces)
}

/// Starts collecting measurements; the handle prints them.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("seconds".to_owned()), SECONDS)
        .context("the measurements' buckets are wrong")?
        .install_recorder()
        .context("measurements can't be collected")?;
    announce();
    Ok(handle)
}
