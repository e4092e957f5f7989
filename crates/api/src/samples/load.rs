//! Making the sample workspace. What is there already stays as it is, so that a second time changes nothing.

use std::collections::HashMap;

use gametape_core::{
    call::{Call, Visibility},
    id::{TeamId, UserId},
    job::Priority,
    page::PageRequest,
    policy::VisibleCalls,
    upload::Upload,
};
use gametape_media::{Media, MediaKey};
use gametape_store::{
    Actor, CallDetails, CallFilter, NewCall, NewPart, NewUpload, NewUser, Store, UploadLimits,
};
use sha2::{Digest, Sha256, digest::common::hazmat::SerializableState};

use super::{NO_PASSWORD, PEOPLE, SampleError, SampleSetting, Samples, TEAM, content::Sample, feedback};

/// An hour, for an upload that is made and completed at once.
const UPLOAD_MS: i64 = 3_600_000;

/// The sample people by the keys that samples call them.
pub(super) struct People(HashMap<&'static str, UserId>);

impl People {
    pub(super) fn find(&self, sample: &Sample, key: &str) -> Result<UserId, SampleError> {
        let found = self.0.get(key).cloned();
        found.ok_or_else(|| sample.wrong(format!("there is no '{key}' among the sample people")))
    }
}

/// The sample person who owns the calls, once they are there.
async fn owner(store: &Store) -> Result<Option<UserId>, SampleError> {
    let found = store.user_find_by_email(PEOPLE[0].email).await?;
    Ok(found.map(|(user, _)| user.id))
}

/// The calls of `owner_id` that have the title of a sample.
async fn calls_like(store: &Store, owner_id: &UserId, sample: &Sample) -> Result<Vec<Call>, SampleError> {
    let filter = CallFilter {
        owner: Some(owner_id.clone()),
        text: Some(sample.truth.title.clone()),
        ..CallFilter::default()
    };
    let page = store
        .call_list(&VisibleCalls::All, &filter, &PageRequest::default())
        .await?;
    let mut calls = page.items;
    calls.retain(|call| call.title == sample.truth.title);
    Ok(calls)
}

impl Samples {
    /// Whether the sample workspace was made and not removed since.
    pub async fn are_loaded(store: &Store) -> Result<bool, SampleError> {
        Ok(owner(store).await?.is_some())
    }

    /// Those of the sample calls that are there.
    pub async fn calls(&self, store: &Store) -> Result<Vec<Call>, SampleError> {
        let mut calls = Vec::new();
        if let Some(owner_id) = owner(store).await? {
            for sample in &self.0 {
                calls.extend(calls_like(store, &owner_id, sample).await?);
            }
        }
        Ok(calls)
    }

    /// Makes sample people, their team, calls that wait to be transcribed, and what people say about them. Answers
    /// how many calls it made.
    pub async fn load(
        &self,
        store: &Store,
        media: &Media,
        actor: &Actor,
        setting: &SampleSetting,
    ) -> Result<usize, SampleError> {
        let people = make_people(store, actor, setting).await?;
        let team_id = make_team(store, actor, &people).await?;
        let mut made = 0;
        for sample in &self.0 {
            let owner_id = people.find(sample, PEOPLE[0].key)?;
            if calls_like(store, &owner_id, sample).await?.is_empty() {
                let call = make_call(store, media, &owner_id, &team_id, setting.visibility, sample).await?;
                feedback::write(store, &people, &call, sample).await?;
                made += 1;
            }
        }
        Ok(made)
    }
}

async fn make_people(store: &Store, actor: &Actor, setting: &SampleSetting) -> Result<People, SampleError> {
    let mut people = HashMap::new();
    for person in &PEOPLE {
        let user = if let Some((user, _)) = store.user_find_by_email(person.email).await? {
            user
        } else {
            let password_hash = setting.password_hash.as_deref().unwrap_or(NO_PASSWORD);
            let new = NewUser {
                email: person.email.to_owned(),
                name: person.name.to_owned(),
                role: person.role,
                password_hash: password_hash.to_owned(),
            };
            store.user_create(actor, new).await?
        };
        people.insert(person.key, user.id);
    }
    Ok(People(people))
}

/// The team that sample people are in.
async fn make_team(store: &Store, actor: &Actor, people: &People) -> Result<TeamId, SampleError> {
    let teams = store.team_list().await?;
    if let Some(team) = teams.into_iter().find(|team| team.name == TEAM) {
        return Ok(team.id);
    }
    let team = store.team_create(actor, TEAM).await?;
    for id in people.0.values() {
        store.team_add_member(actor, &team.id, id).await?;
    }
    Ok(team.id)
}

async fn make_call(
    store: &Store,
    media: &Media,
    owner_id: &UserId,
    team_id: &TeamId,
    visibility: Visibility,
    sample: &Sample,
) -> Result<Call, SampleError> {
    let upload = upload(store, media, owner_id, sample).await?;
    let new = NewCall {
        owner_id: owner_id.clone(),
        title: sample.truth.title.clone(),
        occurred_at: None,
        language: Some(sample.truth.language.clone()),
        model: None,
        // They are there to be looked at one day; what people upload is not.
        priority: Priority::Low,
        upload_id: upload.id,
        details: CallDetails {
            team_id: Some(team_id.clone()),
            visibility,
            ..CallDetails::default()
        },
    };
    let call = store.call_create(new).await?;
    for (channel, speaker) in sample.truth.channels.iter().enumerate() {
        store.call_set_speaker(&call.id, channel, speaker.clone()).await?;
    }
    Ok(call)
}

async fn upload(
    store: &Store,
    media: &Media,
    owner_id: &UserId,
    sample: &Sample,
) -> Result<Upload, SampleError> {
    let expires_at = store.clock().now_ms() + UPLOAD_MS;
    let size_bytes = sample.recording.len() as i64;
    let new = NewUpload {
        owner_id: owner_id.clone(),
        size_bytes: Some(size_bytes),
        filename: format!("{}.opus", sample.name),
        metadata: String::new(),
        hash_state: Sha256::new().serialize().to_vec(),
        expires_at,
    };
    let upload = store.upload_create(new, UploadLimits::default()).await?;
    let key = MediaKey::upload_part(&upload.id, 0, 0);
    let hash = Sha256::new_with_prefix(&sample.recording);
    let state = hash.serialize().to_vec();
    media.put(&key, sample.recording.clone()).await?;
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
