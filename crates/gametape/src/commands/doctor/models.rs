//! Whether the models run on this machine, and how many hours of calls each transcribes in an hour.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    process::{Command, Output},
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use anyhow::Context;
use gametape_api::Samples;
use gametape_asr::model;
use gametape_audio::{Analysis, Source, analyze};
use gametape_ingest::hear::{Hearing, windows};

use super::Report;
use crate::{
    config::Config,
    output::{message, result},
};

/// Set in the child process that tries a model out; no setting, so it has not their prefix.
pub(super) const TRY_MODEL: &str = "TRY_GAMETAPE_MODEL";
/// No model is tried for much longer than this: a large one may need minutes for the whole of a call.
const LONG_ENOUGH: Duration = Duration::from_secs(10);

/// Tries every model that is here, the one for calls that ask for none first.
pub(super) fn check(report: &mut Report, config: &Config) {
    if let Err(error) = model::resolve(&config.models_dir(), &config.model) {
        report.bad("model", &format!("{error}"));
    } else {
        check_one(report, config, &config.model);
    }
    let listed = match model::list(&config.models_dir()) {
        Ok(listed) => listed,
        Err(error) => return report.bad("models", &format!("{error}")),
    };
    let here = listed.into_iter().filter(|listed| listed.path.is_some());
    for listed in here.filter(|listed| listed.name != config.model) {
        check_one(report, config, &listed.name);
    }
}

/// Tries a model in a process of its own: where the processor lacks an instruction that the program was built for,
/// that process dies and this one can say so.
fn check_one(report: &mut Report, config: &Config, name: &str) {
    message(&format!("Trying the model {name} …"));
    let (engine, threads) = (config.engine, config.threads());
    match try_in_child(config, name) {
        Ok(output) if output.status.success() => {
            let printed = String::from_utf8_lossy(&output.stdout);
            match printed.trim().parse::<f64>() {
                Ok(hours) => Report::good(
                    "model",
                    &format!(
                        "{name} works: about {hours:.1} hours of calls an hour, with {threads} threads and the \
                         engine {engine}"
                    ),
                ),
                Err(_) => report.bad("model", &format!("{name} said {printed:?} when it was tried")),
            }
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
                &format!("{name} can't be run ({}): {why}", output.status),
            );
        }
        Err(error) => report.bad("model", &format!("{name} can't be tried: {error}")),
    }
}

fn try_in_child(config: &Config, name: &str) -> std::io::Result<Output> {
    Command::new(std::env::current_exe()?)
        .arg("doctor")
        .arg("--models-dir")
        .arg(config.models_dir())
        .args(["--model", name, "--engine", config.engine.as_str()])
        .args(["--threads", &config.threads().to_string()])
        .env(TRY_MODEL, "1")
        .output()
}

/// Hears a sample call, or the part of it that ten seconds suffice for, and prints how many hours of such calls are
/// heard in an hour.
pub(super) fn try_one(config: &Config) -> anyhow::Result<()> {
    let path = model::resolve(&config.models_dir(), &config.model)?;
    let recording = Samples::embedded()?.recording().context("there is no sample")?;
    let source = || Source::from_bytes(recording.clone());
    let (analysis, _) = analyze(source(), None, &config.limits(), &mut |_, _| {
        ControlFlow::Continue(())
    })?;
    let mut engine = config.engine.load(&path, config.threads())?;
    let (begun, mut heard_ms) = (Instant::now(), 0);
    let hearing = Hearing {
        source: source(),
        analysis: &analysis,
        plans: &windows(&analysis, config.engine.window_ms()),
        done: &HashSet::new(),
        language: Some("en".to_owned()),
        cancel: &AtomicBool::new(false),
    };
    hearing.run(engine.as_mut(), |window| {
        heard_ms += window.speech_ms;
        if begun.elapsed() > LONG_ENOUGH {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let hours = hours_an_hour(&analysis, heard_ms, begun.elapsed());
    result(&format!("{hours:.3}"));
    Ok(())
}

/// The part of the call whose speech was heard, by the time that took.
fn hours_an_hour(analysis: &Analysis, heard_ms: i64, took: Duration) -> f64 {
    let share = heard_ms as f64 / analysis.speech_ms().max(1) as f64;
    analysis.duration_ms as f64 * share / 1_000.0 / took.as_secs_f64().max(1e-3)
}
