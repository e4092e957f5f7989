//! `gametape doctor`: is everything as it should be, and what to do if not.

use std::{process::Command, sync::atomic::AtomicBool, time::Instant};

use anyhow::bail;
use futures::StreamExt;
use gametape_asr::{MAX_WINDOW_MS, Request, SAMPLE_RATE_HZ, Transcriber, Whisper, model};
use gametape_core::id::{RecordingId, UploadId};
use gametape_media::Media;
use gametape_store::{Engine, Store};

use crate::{
    app::{open_media, open_store},
    config::Config,
    output::result,
};

/// Set in the child process that tries the model out; no setting, so it has not their prefix.
const TRY_MODEL: &str = "TRY_GAMETAPE_MODEL";
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
    if std::env::var_os(TRY_MODEL).is_some() {
        return try_model(config);
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
    let media = open_media(config);
    if let Some(media) = report.check("media", media) {
        match media.check_write().await {
            Ok(()) => Report::good(
                "media",
                &format!("{} can be written and read", config.media_url()),
            ),
            Err(error) => report.bad("media", &format!("{error}")),
        }
        if let Some(store) = &store {
            let orphans = orphans(store, &media).await;
            if let Some(orphans) = report.check("orphans", orphans) {
                tell_orphans(&mut report, &orphans);
            }
        }
    }
    check_model(&mut report, config);
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
        let mut parts = entry.path.split('/');
        let known = match (parts.next(), parts.next()) {
            (Some("recordings"), Some(id)) => match id.parse::<RecordingId>() {
                Ok(id) => store.recording_get(&id).await?.is_some(),
                Err(_) => false,
            },
            (Some("uploads"), Some(id)) => match id.parse::<UploadId>() {
                Ok(id) => store.upload_get(&id).await?.is_some(),
                Err(_) => false,
            },
            _ => false,
        };
        if !known {
            orphans.push(entry.path);
        }
    }
    Ok(orphans)
}

/// Tries the model in a process of its own: where the processor lacks an instruction that the program was
/// built for, that process dies and this one can say so.
fn check_model(report: &mut Report, config: &Config) {
    let path = match model::resolve(&config.models_dir(), &config.model) {
        Ok(path) => path,
        Err(error) => return report.bad("model", &format!("{error}")),
    };
    let tried = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .arg("doctor")
            .arg("--models-dir")
            .arg(config.models_dir())
            .arg("--model")
            .arg(&config.model)
            .arg("--threads")
            .arg(config.threads().to_string())
            .env(TRY_MODEL, "1")
            .output()
    });
    match tried {
        Ok(output) if output.status.success() => {
            let seconds = String::from_utf8_lossy(&output.stdout);
            let seconds: f64 = seconds.trim().parse().unwrap_or(f64::INFINITY);
            let speed = MAX_WINDOW_MS as f64 / 1_000.0 / seconds;
            Report::good(
                "model",
                &format!(
                    "{} works; about {speed:.0} hours of speech an hour with {} threads",
                    path.display(),
                    config.threads()
                ),
            );
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim();
            let why = if said.is_empty() {
                "the processor lacks an instruction that this program was built for; build it on this machine"
            } else {
                said
            };
            report.bad(
                "model",
                &format!("{} can't be run ({}): {why}", path.display(), output.status),
            );
        }
        Err(error) => report.bad("model", &format!("can't be tried: {error}")),
    }
}

/// Hears one window of faint noise and prints the seconds it took.
fn try_model(config: &Config) -> anyhow::Result<()> {
    let path = model::resolve(&config.models_dir(), &config.model)?;
    let mut whisper = Whisper::load(&path, config.threads())?;
    let samples = MAX_WINDOW_MS as usize * SAMPLE_RATE_HZ / 1_000;
    let noise: Vec<f32> = (0..samples)
        .map(|i| ((i * 7_919 % 1_000) as f32 / 1_000.0 - 0.5) * 0.01)
        .collect();
    let request = Request {
        language: Some("en".to_owned()),
        ..Request::default()
    };
    let begun = Instant::now();
    whisper.transcribe(&noise, &request, &AtomicBool::new(false))?;
    result(&format!("{:.3}", begun.elapsed().as_secs_f64()));
    Ok(())
}
