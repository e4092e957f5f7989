//! Files that come in a form: `multipart/form-data` with `file` and, before or behind it, `meta`.

use std::time::Duration;

use axum::extract::{
    Multipart,
    multipart::{Field, MultipartError},
};
use bytes::Bytes;
use gametape_core::{call::Call, id::UploadId};
use gametape_store::{NewUpload, same_key};
use http::{HeaderMap, StatusCode, header};
use tracing::Instrument;

use super::{
    bounded::Searched,
    create::{Meta, Source},
};
use crate::{
    ApiState,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
    quota,
    receive::{Receiver, initial_hash_state, too_large},
    validate,
};

const MAX_META_BYTES: usize = 64 * 1024;

/// Refuses a form that is longer than any file may be, with `meta` and the form's own lines.
pub(super) fn check_length(state: &ApiState, headers: &HeaderMap) -> Result<()> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let max_bytes = state.config.max_upload_bytes;
    if length.is_some_and(|length| length > max_bytes.saturating_add(2 * MAX_META_BYTES as u64)) {
        return Err(too_large(max_bytes));
    }
    Ok(())
}

/// Takes a form and makes a call of it. When anything goes wrong on the way, nothing stays behind.
///
/// It runs as a task of its own, so that it can tidy up even when the client is gone and the server has
/// dropped the handler.
pub(super) async fn receive(
    state: &ApiState,
    current: CurrentUser,
    form: Multipart,
    searched: Searched,
) -> Result<Call> {
    let mut reading = Reading {
        state: state.clone(),
        current,
        searched,
        upload_id: None,
    };
    let work = async move {
        let result = reading.form(form).await;
        if !matches!(result, Ok(Made::Now(_)))
            && let Some(id) = &reading.upload_id
            && let Err(error) = reading.state.store.upload_delete(id).await
        {
            tracing::warn!(%error, upload.id = %id, "an upload that is not needed stays until it expires");
        }
        result
    };
    let made = tokio::spawn(same_key(work.in_current_span()))
        .await
        .map_err(|error| Problem::internal(&error))??;
    Ok(match made {
        Made::Now(call) | Made::Before(call) => call,
    })
}

/// What a form came to.
enum Made {
    /// The call of its file.
    Now(Call),
    /// The call that an earlier try of the same request made, whose answer was lost: the file is here already.
    Before(Call),
}

struct Reading {
    state: ApiState,
    current: CurrentUser,
    searched: Searched,
    upload_id: Option<UploadId>,
}

impl Reading {
    async fn form(&mut self, mut form: Multipart) -> Result<Made> {
        let (mut meta, mut file) = (None, None);
        while let Some(field) = self.patiently(form.next_field()).await? {
            match field.name() {
                Some("meta") if meta.is_none() => meta = Some(self.meta(field).await?),
                Some("file") if file.is_none() => file = Some(self.file(field).await?),
                name => {
                    let name: String = name.unwrap_or_default().chars().take(64).collect();
                    return Err(invalid(format!(
                        "the form may have one `file` and one `meta`, not `{name}`"
                    )));
                }
            }
        }
        let receiver = file.ok_or_else(|| invalid("the form has no field `file`"))?;
        let upload = receiver.upload();
        let new = meta
            .unwrap_or_default()
            .into_call(&self.state, &self.current, Source::from(upload))
            .await?;
        let store = &self.state.store;
        if let Some(call) = store.call_made_before().await? {
            return Ok(Made::Before(call));
        }
        // The upload first: a crash between the two leaves a recording without a call, which goes when the upload
        // expires. The other way round it would be a call that people see, beside that of their next try.
        receiver.complete().await?;
        Ok(Made::Now(store.call_create(new).await?))
    }

    async fn meta(&self, mut field: Field<'_>) -> Result<Meta> {
        let mut json = Vec::new();
        while let Some(chunk) = self.patiently(field.chunk()).await? {
            if json.len() + chunk.len() > MAX_META_BYTES {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("`meta` is over {MAX_META_BYTES} bytes"),
                ));
            }
            json.extend_from_slice(&chunk);
        }
        let meta: Meta = serde_json::from_slice(&json)
            .map_err(|error| invalid(format!("`meta` is not as wanted: {error}")))?;
        meta.check(&self.state, &self.current).await?;
        Ok(meta)
    }

    async fn file(&mut self, mut field: Field<'_>) -> Result<Receiver> {
        // Look at the first bytes before anything is written.
        let mut next = self.chunk(&mut field).await?;
        if next.is_none() {
            return Err(Problem::new(Code::EmptyFile, "the file has no bytes at all"));
        }
        let new = NewUpload {
            owner_id: self.current.viewer.user_id.clone(),
            size_bytes: None,
            filename: validate::filename(field.file_name().unwrap_or_default()),
            metadata: String::new(),
            hash_state: initial_hash_state(),
            expires_at: self.state.now_ms() + self.state.config.upload_expiry_ms,
        };
        let limits = quota::of_person(&self.state.config);
        let upload = self.state.store.upload_create(new, limits).await?;
        self.upload_id = Some(upload.id.clone());
        let mut receiver = Receiver::resume(&self.state, upload).await?;
        while let Some(bytes) = next {
            receiver.push(bytes).await?;
            next = self.chunk(&mut field).await?;
        }
        receiver.flush().await?;
        Ok(receiver)
    }

    /// The next bytes of a field, if there are more.
    async fn chunk(&self, field: &mut Field<'_>) -> Result<Option<Bytes>> {
        loop {
            match self.patiently(field.chunk()).await? {
                Some(bytes) if bytes.is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    /// Waits for the client, but not for ever.
    async fn patiently<T>(&self, wait: impl Future<Output = Result<T, MultipartError>>) -> Result<T> {
        let idle = Duration::from_millis(self.state.config.upload_idle_ms);
        match tokio::time::timeout(idle, wait).await {
            Ok(Ok(value)) => {
                self.searched.found();
                Ok(value)
            }
            Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(Code::TooLarge, error.body_text()))
            }
            Ok(Err(error)) => Err(Problem::new(Code::InvalidRequest, error.body_text())),
            Err(_) => Err(Problem::new(
                Code::ClientGone,
                "nothing came for too long: send the form again",
            )),
        }
    }
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::InvalidValue, detail)
}
