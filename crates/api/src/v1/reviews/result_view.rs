//! How the result of a review looks from outside, and what a draft still lacks.

use gametape_core::{
    review::Rating,
    rubric::{AppliedCap, Missing, MissingKind, ResultLine, ReviewResult},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What comes of a review, and how: the mean of the values as shares of their scales, weighted; what does not
/// apply shares its weight out over the others; caps lower it at the end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewResult)]
pub(super) struct ResultView {
    /// The result in thousandths; null where nothing that has a weight was scored.
    permille: Option<i64>,
    /// What it would be without caps.
    uncapped_permille: Option<i64>,
    /// The caps that lower it; the lowest of them is the result.
    caps: Vec<AppliedCapView>,
    /// Whether every criterion has a value or does not apply.
    complete: bool,
    /// What each criterion adds, in the order of the rubric.
    lines: Vec<ResultLineView>,
}

/// A cap that lowers a result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliedCap)]
pub(super) struct AppliedCapView {
    /// The critical criterion.
    criterion_id: String,
    /// Its value in the review.
    value: i64,
    /// What it leaves at most, in thousandths.
    result_permille: i64,
}

/// What one criterion adds to a result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResultLine)]
pub(super) struct ResultLineView {
    /// Which criterion.
    criterion_id: String,
    /// Its weight in the rubric.
    weight: i64,
    /// Its share of all weight that counts, in thousandths; null where it does not count.
    share_permille: Option<i64>,
    /// Its value in the review.
    value: Option<i64>,
    /// Its value as a share of its scale, in thousandths.
    value_permille: Option<i64>,
    /// What it adds to the result before caps, in thousandths.
    contribution_permille: Option<i64>,
}

/// What submitting a review still lacks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Missing)]
pub(super) struct MissingView {
    /// For which criterion.
    criterion_id: String,
    /// What.
    what: MissingName,
    /// The same in words.
    detail: String,
}

/// What can be missing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = MissingKind)]
#[serde(rename_all = "snake_case")]
pub(super) enum MissingName {
    /// A value, or that it does not apply.
    Score,
    /// A place in the call that the value rests on.
    Evidence,
}

/// The value in a rating that has one.
pub(super) fn value_of(rating: Option<Rating>) -> Option<i64> {
    match rating {
        Some(Rating::Value(value)) => Some(value),
        Some(Rating::NotApplicable) | None => None,
    }
}

impl From<ReviewResult> for ResultView {
    fn from(result: ReviewResult) -> Self {
        Self {
            permille: result.permille,
            uncapped_permille: result.uncapped_permille,
            caps: result.caps.into_iter().map(Into::into).collect(),
            complete: result.complete,
            lines: result.lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<AppliedCap> for AppliedCapView {
    fn from(cap: AppliedCap) -> Self {
        Self {
            criterion_id: cap.criterion_id.into(),
            value: cap.value,
            result_permille: cap.result_permille,
        }
    }
}

impl From<ResultLine> for ResultLineView {
    fn from(line: ResultLine) -> Self {
        Self {
            criterion_id: line.criterion_id.into(),
            weight: line.weight,
            share_permille: line.share_permille,
            value: value_of(line.rating),
            value_permille: line.value_permille,
            contribution_permille: line.contribution_permille,
        }
    }
}

impl From<Missing> for MissingView {
    fn from(missing: Missing) -> Self {
        Self {
            detail: missing.to_string(),
            criterion_id: missing.criterion_id.into(),
            what: match missing.kind {
                MissingKind::Score => MissingName::Score,
                MissingKind::Evidence => MissingName::Evidence,
            },
        }
    }
}
