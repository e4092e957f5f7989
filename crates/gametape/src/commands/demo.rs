//! `gametape demo`: a workspace with sample people and sample calls, ready to look at.
//!
//! What is there already stays as it is, so that a second run changes nothing.

use anyhow::bail;
use gametape_api::{SampleSetting, Samples, hash_password};
use gametape_core::{
    call::{CallState, Visibility},
    id::CallId,
    page::PageRequest,
    policy::VisibleCalls,
    user::Role,
};
use gametape_store::{Actor, CallFilter, NewUser, Store};

use super::model;
use crate::{
    app::{open_media, open_store, worker, worker_name},
    cli,
    config::Config,
    output::{message, result},
};

/// Who runs the workspace: e-mail and name.
const ADMIN: (&str, &str) = ("admin@demo.example", "Robin Hale");
/// Those to sign in as: a rep whose calls they are, and a coach.
const REP: &str = "ana@demo.example";
const COACH: &str = "carla@demo.example";
/// For trying out only: the command makes these people in a workspace that listens on this machine alone.
const PASSWORD: &str = "gametape-demo";

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
    worker(&config, name, store.clone(), media)?.drain().await?;
    report(&store).await?;
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

/// Says how the sample calls stand; one that failed is an error.
async fn report(store: &Store) -> anyhow::Result<()> {
    let Some((rep, _)) = store.user_find_by_email(REP).await? else {
        return Ok(());
    };
    let filter = CallFilter {
        owner: Some(rep.id),
        ..CallFilter::default()
    };
    let calls = store
        .call_list(&VisibleCalls::All, &filter, &PageRequest::default())
        .await?;
    let mut failed: Vec<CallId> = Vec::new();
    for call in calls.items {
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
            message(&call.problem.map(|problem| problem.detail).unwrap_or_default());
            failed.push(call.id);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("{} sample call(s) failed", failed.len())
    }
}
