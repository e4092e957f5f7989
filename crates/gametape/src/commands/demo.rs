//! `gametape demo`: a workspace with sample people and sample calls, ready to look at.
//!
//! What is there already stays as it is, so that a second run changes nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bytes::Bytes;
use gametape_api::hash_password;
use gametape_core::{
    call::{CallState, Visibility},
    id::{CallId, TeamId, UserId},
    page::PageRequest,
    policy::VisibleCalls,
    transcript::Speaker,
    upload::Upload,
    user::{Role, User},
};
use gametape_media::{Media, MediaKey};
use gametape_store::{Actor, CallDetails, CallFilter, NewCall, NewPart, NewUpload, NewUser, Store};
use serde::Deserialize;
use sha2::{Digest, Sha256, digest::common::hazmat::SerializableState};

use super::model;
use crate::{
    app::{open_media, open_store, worker, worker_name},
    cli,
    config::Config,
    output::{message, result},
};

/// Sample people: e-mail, name, role.
const PEOPLE: &[(&str, &str, Role)] = &[
    ("admin@demo.example", "Robin Hale", Role::Admin),
    ("ana@demo.example", "Ana Torres", Role::Rep),
    ("luis@demo.example", "Luis Meyer", Role::Rep),
    ("carla@demo.example", "Carla Jensen", Role::Coach),
];
/// The team of all of them but the admin.
const TEAM: &str = "Demo team";
/// For trying out only: the command makes these people in a workspace that listens on this machine alone.
const PASSWORD: &str = "gametape-demo";
/// An hour, for the upload that the command makes and completes at once.
const UPLOAD_MS: i64 = 3_600_000;

/// What the demo needs of a sample's `NAME.truth.json`.
#[derive(Deserialize)]
struct Sample {
    title: String,
    language: String,
    channels: Vec<Speaker>,
}

pub(crate) async fn run(options: &cli::Demo, config: Config) -> anyhow::Result<()> {
    if gametape_asr::model::find(&config.model).is_some() {
        model::get(&config.model, &config)?;
    }
    let store = open_store(&config, true).await?;
    let media = open_media(&config)?;
    let people = make_people(&store).await?;
    let rep = &people[1];
    let team = make_team(&store, &people[1..]).await?;
    let mut made = 0;
    for (audio, sample) in samples(&options.samples)? {
        made += usize::from(make_call(&store, &media, rep, &team, &audio, &sample).await?);
    }
    if made > 0 {
        message(&format!("Transcribing {made} sample calls …"));
    }
    let name = worker_name(&store);
    worker(&config, name, store.clone(), media).drain().await?;
    report(&store, &rep.id).await?;
    result(&format!(
        "Sign in as {} with the password {PASSWORD}",
        PEOPLE[1].0
    ));
    result(&format!(
        "(an admin is {}, a coach {}; same password)",
        PEOPLE[0].0, PEOPLE[3].0
    ));
    store.close().await;
    Ok(())
}

async fn make_people(store: &Store) -> anyhow::Result<Vec<User>> {
    let mut people = Vec::new();
    for (email, name, role) in PEOPLE {
        let user = if let Some((user, _)) = store.user_find_by_email(email).await? {
            user
        } else {
            let new = NewUser {
                email: (*email).to_owned(),
                name: (*name).to_owned(),
                role: *role,
                password_hash: hash_password(PASSWORD)?,
            };
            store.user_create(&Actor::default(), new).await?
        };
        people.push(user);
    }
    Ok(people)
}

/// The team that sample people are in.
async fn make_team(store: &Store, people: &[User]) -> anyhow::Result<TeamId> {
    let teams = store.team_list().await?;
    if let Some(team) = teams.into_iter().find(|team| team.name == TEAM) {
        return Ok(team.id);
    }
    let team = store.team_create(&Actor::default(), TEAM).await?;
    for person in people {
        store
            .team_add_member(&Actor::default(), &team.id, &person.id)
            .await?;
    }
    Ok(team.id)
}

fn samples(dir: &Path) -> anyhow::Result<Vec<(PathBuf, Sample)>> {
    let entries = std::fs::read_dir(dir).with_context(|| {
        format!(
            "there are no sample calls in {}: name their folder with --samples",
            dir.display()
        )
    })?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".truth.json")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path)?;
        let sample: Sample =
            serde_json::from_str(&text).with_context(|| format!("{} can't be read", path.display()))?;
        found.push((PathBuf::from(format!("{name}.opus")), sample));
    }
    if found.is_empty() {
        bail!("there are no sample calls in {}", dir.display());
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Makes the call unless the rep has one of this title; says whether it did.
async fn make_call(
    store: &Store,
    media: &Media,
    rep: &User,
    team: &TeamId,
    audio: &Path,
    sample: &Sample,
) -> anyhow::Result<bool> {
    let filter = CallFilter {
        text: Some(sample.title.clone()),
        ..CallFilter::default()
    };
    let mine = VisibleCalls::To(rep.id.clone());
    if !store
        .call_list(&mine, &filter, &PageRequest::default())
        .await?
        .items
        .is_empty()
    {
        return Ok(false);
    }
    let upload = upload(store, media, rep, audio).await?;
    let new = NewCall {
        owner_id: rep.id.clone(),
        title: sample.title.clone(),
        occurred_at: None,
        language: Some(sample.language.clone()),
        model: None,
        upload_id: upload.id,
        details: CallDetails {
            team_id: Some(team.clone()),
            visibility: Visibility::Team,
            ..CallDetails::default()
        },
    };
    let call = store.call_create(new).await?;
    for (channel, speaker) in sample.channels.iter().enumerate() {
        store.call_set_speaker(&call.id, channel, speaker.clone()).await?;
    }
    Ok(true)
}

async fn upload(store: &Store, media: &Media, rep: &User, audio: &Path) -> anyhow::Result<Upload> {
    let data = std::fs::read(audio).with_context(|| format!("{} can't be read", audio.display()))?;
    let expires_at = store.clock().now_ms() + UPLOAD_MS;
    let size_bytes = data.len() as i64;
    let upload = store
        .upload_create(NewUpload {
            owner_id: rep.id.clone(),
            size_bytes: Some(size_bytes),
            filename: audio
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            metadata: String::new(),
            hash_state: Sha256::new().serialize().to_vec(),
            expires_at,
        })
        .await?;
    let key = MediaKey::upload_part(&upload.id, 0, 0);
    let hash = Sha256::new_with_prefix(&data);
    let state = hash.serialize().to_vec();
    media.put(&key, Bytes::from(data)).await?;
    let part = NewPart {
        media_key: key.as_str().to_owned(),
        size_bytes,
    };
    store
        .upload_append(&upload.id, 0, part, &state, expires_at)
        .await?;
    store
        .upload_complete(&upload.id, &hex::encode(hash.finalize()))
        .await?;
    Ok(upload)
}

/// Says how the sample calls stand; one that failed is an error.
async fn report(store: &Store, rep: &UserId) -> anyhow::Result<()> {
    let mine = VisibleCalls::To(rep.clone());
    let calls = store
        .call_list(&mine, &CallFilter::default(), &PageRequest::default())
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
