//! Traces: what a request or a job spent its time on, sent to whoever collects spans.

use anyhow::Context;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};

use crate::config::Config;

/// Whose spans are sent: the program's own, down to single statements of the database. What libraries trace
/// is theirs, and may name what must not leave this machine.
pub(crate) const SPANS: &str = "off,gametape=debug,gametape_api=debug,gametape_ingest=debug,gametape_media=debug,\
    gametape_store=debug";

/// Sends spans until dropped, and then the last of them.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts sending where the configuration says; `None` when it names no place. Spans are sent from a thread
    /// of their own, and dropped when nobody takes them: nothing waits for a collector.
    pub(crate) fn start(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.traces_url else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .build()
            .with_context(|| format!("traces_url '{url}' can't be used"))?;
        let resource = Resource::builder_empty()
            .with_service_name("gametape")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.traces_share)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// What makes the spans.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("gametape")
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}
