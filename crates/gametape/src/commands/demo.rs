//! `gametape demo`: a workspace with sample people and sample calls, ready to look at.
//!
//! What is there already stays as it is, so that a second run changes nothing.

use std::time::Duration;

use anyhow::ensure;
use gametape_api::{SampleSetting, Samples, hash_password};
use gametape_core::{
    call::{Call, CallState, Progress, Stage, Visibility},
    user::Role,
};
use gametape_store::{Actor, NewUser, Store};

use super::model;
use crate::{
    app::{open_media, open_store, worker, worker_name},
    cli,
    config::Config,
    output::{message, result},
    progress::percent_bar,
};

/// Who runs the workspace: e-mail and name.
const ADMIN: (&str, &str) = ("admin@demo.example", "Robin Hale");
/// Those to sign in as: a rep whose calls they are, and a coach.
const REP: &str = "ana@demo.example";
const COACH: &str = "carla@demo.example";
/// For trying out only: the command makes these people in a workspace that listens on this machine alone.
const PASSWORD: &str = "gametape-demo";
/// How often progress is shown.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn run(options: &cli::Demo, config: Config) -> anyhow::Result<()> {
    if gametape_asr::model::find(&config.model).is_some() {
        model::get(&config.model, &config)?;
    }
    let store = open_store(&config, true).await?;
    let media = open_media(&config)?;
    let password_hash = hash_password(PASSWORD)?;
    make_admin(&store, &password_hash).await?;
    let samples = match &options.samples {
        Some(folder) => Samples::read_folder(folder)?,
        None => Samples::embedded()?,
    };
    let setting = SampleSetting {
        password_hash: Some(password_hash),
        visibility: Visibility::Team,
    };
    let made = samples.load(&store, &media, &Actor::default(), &setting).await?;
    if made > 0 {
        message(&format!("Transcribing {made} sample calls …"));
    }
    let name = worker_name(&store);
    let worker = worker(&config, name, store.clone(), media)?;
    tokio::select! {
        drained = worker.drain() => drop(drained?),
        never = show_progress(&store, &samples) => never?,
    }
    report(&samples.calls(&store).await?)?;
    result(&format!("Sign in as {REP} with the password {PASSWORD}"));
    result(&format!(
        "(an admin is {}, a coach {COACH}; same password)",
        ADMIN.0
    ));
    store.close().await;
    Ok(())
}

async fn make_admin(store: &Store, password_hash: &str) -> anyhow::Result<()> {
    let (email, name) = ADMIN;
    if store.user_find_by_email(email).await?.is_none() {
        let new = NewUser {
            email: email.to_owned(),
            name: name.to_owned(),
            role: Role::Admin,
            password_hash: password_hash.to_owned(),
        };
        store.user_create(&Actor::default(), new).await?;
    }
    Ok(())
}

/// Shows how far the sample calls are, for as long as somebody waits for them.
async fn show_progress(store: &Store, samples: &Samples) -> anyhow::Result<()> {
    let bar = percent_bar("transcribing");
    loop {
        let calls = samples.calls(store).await?;
        let done: f64 = calls.iter().map(percent_done).sum();
        bar.set_position((done * 10.0 / calls.len().max(1) as f64) as u64);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn percent_done(call: &Call) -> f64 {
    match (call.state, &call.progress) {
        (CallState::Ready | CallState::Failed, _) => 100.0,
        (
            _,
            Some(Progress {
                stage: Stage::Transcribe,
                percent,
                ..
            }),
        ) => *percent,
        _ => 0.0,
    }
}

/// Says how the sample calls stand; one that failed is an error.
fn report(calls: &[Call]) -> anyhow::Result<()> {
    let mut failed = 0;
    for call in calls {
        let seconds = call.duration_ms.unwrap_or(0) / 1_000;
        result(&format!(
            "{}  {:<10} {}:{:02}  {}",
            call.id,
            call.state,
            seconds / 60,
            seconds % 60,
            call.title
        ));
        if call.state == CallState::Failed {
            message(call.problem.as_ref().map_or("", |problem| &problem.detail));
            failed += 1;
        }
    }
    ensure!(failed == 0, "{failed} sample call(s) failed");
    Ok(())
}
