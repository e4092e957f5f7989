//! Closed lists of names, for the document: views and queries carry the names themselves.

#![expect(dead_code, reason = "only their schemas are used")]

use serde::Serialize;
use utoipa::ToSchema;

/// What a comment is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommentKindName {
    /// This went well.
    Praise,
    /// This could go better.
    Improve,
    /// What was behind this?
    Question,
    /// Anything else.
    Note,
}

/// How a deal ended, or has not yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealOutcome)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DealOutcomeName {
    /// Still being worked on.
    Open,
    /// They bought.
    Won,
    /// They did not.
    Lost,
}

/// The order of a list of moments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentSort)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MomentSortName {
    /// Where something was last said or shown, first.
    Newest,
    /// The highest score first.
    Highest,
    /// The lowest score first.
    Lowest,
    /// Where there are most comments, answers and scores, first.
    Discussed,
}

/// The levels that a criterion is scored on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scale)]
pub(crate) enum ScaleName {
    /// 1, 2, 3.
    #[serde(rename = "1-3")]
    OneToThree,
    /// 1 to 5.
    #[serde(rename = "1-5")]
    OneToFive,
    /// 0 for no, 1 for yes.
    #[serde(rename = "yes_no")]
    YesNo,
}

/// What can be found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchKindName {
    /// The title of a call.
    Title,
    /// A speaker's stretch of a transcript.
    Segment,
    /// A comment, or an answer to one.
    Comment,
}
