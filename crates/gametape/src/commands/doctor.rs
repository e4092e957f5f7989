//! `gametape doctor`: is everything as it should be, and what to do if not.

mod collector;
mod encryption;
mod models;
mod redaction;

use anyhow::bail;
use futures::StreamExt;
use gametape_core::id::{RecordingId, UploadId};
use gametape_media::Media;
use gametape_store::{Engine, Store};

use crate::{
    app::{open_media, open_store},
    config::Config,
    output::result,
};

/// An object younger than this may belong to an upload under way.
const YOUNG_MS: i64 = 3_600_000;

/// Collects what was found.
#[derive(Default)]
struct Report {
    problems: usize,
}

impl Report {
    fn good(what: &str, detail: &str) {
        result(&format!("ok    {what}: {detail}"));
    }

    fn bad(&mut self, what: &str, detail: &str) {
        self.problems += 1;
        result(&format!("BAD   {what}: {detail}"));
    }

    fn check<T>(&mut self, what: &str, outcome: anyhow::Result<T>) -> Option<T> {
        outcome
            .map_err(|error| self.bad(what, &format!("{error:#}")))
            .ok()
    }
}

pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    if std::env::var_os(models::TRY_MODEL).is_some() {
        return models::try_one(config);
    }
    let mut report = Report::default();
    Report::good("configuration", &format!("data in {}", config.data_dir.display()));
    let store = open_store(config, false).await;
    let store = report.check("database", store);
    if let Some(store) = &store {
        Report::good(
            "database",
            &format!("{} answers and is at this version", engine_name(store.engine())),
        );
    }
    if let Some(store) = &store {
        redaction::check(&mut report, config, store).await;
    }
    let media = open_media(config);
    if let Some(media) = report.check("media", media) {
        match media.check_write().await {
            Ok(()) => Report::good(
                "media",
                &format!("{} can be written and read", config.media_url()),
            ),
            Err(error) => report.bad("media", &format!("{error}")),
        }
        encryption::check(&mut report, config, &media).await;
        if let Some(store) = &store {
            let orphans = orphans(store, &media).await;
            if let Some(orphans) = report.check("orphans", orphans) {
                tell_orphans(&mut report, &orphans);
            }
        }
    }
    if let Some(url) = &config.traces_url
        && report.check("traces", collector::reach(url).await).is_some()
    {
        Report::good("traces", &format!("{url} takes connections"));
    }
    models::check(&mut report, config);
    if let Some(store) = store {
        store.close().await;
    }
    if report.problems > 0 {
        bail!("{} problem(s) found", report.problems);
    }
    Ok(())
}

fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

fn tell_orphans(report: &mut Report, orphans: &[String]) {
    if orphans.is_empty() {
        return Report::good(
            "orphans",
            "every stored object belongs to a recording or an upload",
        );
    }
    let shown = orphans
        .iter()
        .take(10)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    report.bad(
        "orphans",
        &format!(
            "{} object(s) belong to nothing and may be deleted: {shown}",
            orphans.len()
        ),
    );
}

/// Objects that no recording and no upload accounts for.
async fn orphans(store: &Store, media: &Media) -> anyhow::Result<Vec<String>> {
    let now_ms = store.clock().now_ms();
    let mut orphans = Vec::new();
    let mut entries = media.list(None);
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        if entry.modified_ms > now_ms - YOUNG_MS {
            continue;
        }
        if !is_known(store, &entry.path).await? {
            orphans.push(entry.path);
        }
    }
    Ok(orphans)
}

/// Whether a recording or an upload accounts for an object.
pub(super) async fn is_known(store: &Store, path: &str) -> anyhow::Result<bool> {
    let mut parts = path.split('/');
    Ok(match (parts.next(), parts.next()) {
        (Some("recordings"), Some(id)) => match id.parse::<RecordingId>() {
            Ok(id) => store.recording_get(&id).await?.is_some(),
            Err(_) => false,
        },
        (Some("uploads"), Some(id)) => match id.parse::<UploadId>() {
            Ok(id) => store.upload_get(&id).await?.is_some(),
            Err(_) => false,
        },
        _ => false,
    })
}
