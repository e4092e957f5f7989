//! Filling in a draft: values, notes, and the places in the call that they rest on.

use axum::extract::State;
use gametape_core::{
    call::Call,
    id::{CriterionId, EvidenceId, ReviewId},
    review::Rating,
    rubric::Criterion,
};
use gametape_store::{Place, ReviewDetail};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    answer,
    view::{EvidenceView, ReviewDetailView},
};
use crate::{
    ApiState,
    access::changeable_review,
    auth::CurrentUser,
    extract::{Ids, Json},
    precondition::{IfMatch, Versioned},
    problem::{Problem, Result},
    validate,
};

/// Characters of a note.
const MAX_NOTE_CHARS: usize = 5_000;
/// No recording is longer: a week.
const MAX_TIME_MS: i64 = 7 * 24 * 3_600_000;
/// Channels of a recording that is not decoded yet, at most.
const MAX_CHANNELS: i64 = 2;

/// What to say about a criterion: a value, or that it does not apply.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetScore {
    /// A level of the criterion's scale.
    #[schema(minimum = 0, maximum = 5)]
    value: Option<i64>,
    /// Whether the criterion does not apply to this call; then there is no value.
    #[serde(default)]
    not_applicable: bool,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 5000)]
    note: String,
}

/// A place in the call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddEvidence {
    /// Start, in milliseconds of the recording.
    #[schema(minimum = 0)]
    start_ms: i64,
    /// End, in milliseconds of the recording; behind the start.
    #[schema(minimum = 1)]
    end_ms: i64,
    /// The channel whose words are meant, counted from 0; all of them unless given.
    #[schema(minimum = 0, maximum = 1)]
    channel: Option<i64>,
}

fn criterion<'a>(detail: &'a ReviewDetail, id: &CriterionId) -> Result<&'a Criterion> {
    let criterion = detail.rubric.definition.criterion(id);
    criterion.ok_or_else(|| Problem::not_found("criterion"))
}

impl SetScore {
    fn rating(&self, criterion: &Criterion) -> Result<Rating> {
        match (self.value, self.not_applicable) {
            (Some(value), false) => {
                let scale = criterion.scale;
                validate::number("value", value, scale.lowest(), scale.highest())?;
                Ok(Rating::Value(value))
            }
            (None, true) => Ok(Rating::NotApplicable),
            _ => Err(Problem::invalid_value(
                "give either a value, or not_applicable as true",
            )),
        }
    }
}

impl AddEvidence {
    fn place(&self, call: &Call) -> Result<Place> {
        let end = call.duration_ms.unwrap_or(MAX_TIME_MS);
        if self.start_ms < 0 || self.start_ms >= self.end_ms || self.end_ms > end {
            return Err(Problem::invalid_value(format!(
                "the place must begin at 0 or later, and end behind its start and at {end} or earlier"
            )));
        }
        let last = call.channels.unwrap_or(MAX_CHANNELS) - 1;
        let channel = self
            .channel
            .map(|channel| validate::number("channel", channel, 0, last));
        Ok(Place {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            channel: channel.transpose()?.map(|channel| channel as usize),
        })
    }
}

/// Says something about a criterion in a draft, in place of what was said before.
#[utoipa::path(
    put, path = "/reviews/{id}/scores/{criterion_id}", operation_id = "setScore", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("criterion_id" = String, Path, description = "Id of the criterion"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    request_body = SetScore,
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn set(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, criterion_id): Ids<ReviewId, CriterionId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<SetScore>,
) -> Result<Versioned<ReviewDetailView>> {
    let (detail, _) = changeable_review(&state, &current, &id).await?;
    let rating = body.rating(criterion(&detail, &criterion_id)?)?;
    let note = validate::text("note", &body.note, MAX_NOTE_CHARS)?;
    state
        .store
        .review_set_score(&id, &criterion_id, rating, &note, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Takes back what a draft says about a criterion; its evidence stays.
#[utoipa::path(
    delete, path = "/reviews/{id}/scores/{criterion_id}", operation_id = "unsetScore", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("criterion_id" = String, Path, description = "Id of the criterion"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn unset(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, criterion_id): Ids<ReviewId, CriterionId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    state
        .store
        .review_unset_score(&id, &criterion_id, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Ties a criterion of a draft to a place in the call; may come before its value. The `ETag` is the review's.
#[utoipa::path(
    post, path = "/reviews/{id}/scores/{criterion_id}/evidence", operation_id = "addEvidence",
    tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("criterion_id" = String, Path, description = "Id of the criterion"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    request_body = AddEvidence,
    responses((
        status = 201, body = EvidenceView, headers(("ETag" = String, description = "Of the review"))
    ))
)]
pub(super) async fn add_evidence(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, criterion_id): Ids<ReviewId, CriterionId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<AddEvidence>,
) -> Result<Versioned<EvidenceView>> {
    let (detail, call) = changeable_review(&state, &current, &id).await?;
    criterion(&detail, &criterion_id)?;
    let place = body.place(&call)?;
    let (review, evidence) = state
        .store
        .review_add_evidence(&id, &criterion_id, &place, if_version)
        .await?;
    Ok(Versioned::created(review.version, evidence.into()))
}

/// Takes a place away from a draft.
#[utoipa::path(
    delete, path = "/reviews/{id}/evidence/{evidence_id}", operation_id = "removeEvidence", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("evidence_id" = String, Path, description = "Id of the evidence"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn remove_evidence(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, evidence_id): Ids<ReviewId, EvidenceId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    state
        .store
        .review_remove_evidence(&id, &evidence_id, if_version)
        .await?;
    answer(&state, &current, &id).await
}
