//! Searching titles, transcripts and comments.

use axum::extract::State;
use gametape_core::{
    call::DealOutcome,
    id::{CallId, TeamId, UserId},
    moment::seek_path,
    policy,
    search::{FoundCall, Part, SearchHit, SearchKind},
    transcript::SpeakerRole,
};
use gametape_store::SearchFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    calls::view::SpeakerRoleName,
    moments::words,
    names::{DealOutcomeName, SearchKindName},
};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Json, List, PageQuery, Query},
    problem::Result,
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What to look for, and where. What is given must all hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that must all be there, `"in this order"`, `begin*` for what begins so, `-without` this one; case,
    /// punctuation and apostrophes mean nothing.
    q: String,
    /// In this kind of text.
    #[param(value_type = Option<SearchKindName>)]
    kind: Option<SearchKind>,
    /// In what this side says.
    #[param(value_type = Option<SpeakerRoleName>)]
    role: Option<SpeakerRole>,
    /// In this call.
    #[param(value_type = Option<String>)]
    call: Option<CallId>,
    /// In this rep's calls.
    #[param(value_type = Option<String>)]
    rep: Option<UserId>,
    /// In this team's calls.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// In calls with this tag, without regard to case.
    tag: Option<String>,
    /// In calls whose deal ended like this.
    #[param(value_type = Option<DealOutcomeName>)]
    deal_outcome: Option<DealOutcome>,
    /// In calls that took place at this time or later, in milliseconds since 1970; that were made here, where
    /// that is not known.
    from: Option<i64>,
    /// In calls that took place before this time.
    until: Option<i64>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Filter {
    fn checked(self) -> Result<SearchFilter> {
        let time = |what: &str, time: Option<i64>| time.map(|time| validate::time_ms(what, time)).transpose();
        Ok(SearchFilter {
            kind: self.kind,
            speaker_role: self.role,
            call_id: self.call,
            owner_id: self.rep,
            team_id: self.team,
            tag: self.tag.map(|tag| validate::line("tag", &tag, 200)).transpose()?,
            deal_outcome: self.deal_outcome,
            from: time("from", self.from)?,
            until: time("until", self.until)?,
        })
    }
}

/// The call in which something was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundCall)]
pub(super) struct FoundCallView {
    /// Which.
    id: String,
    /// As shown in lists.
    title: String,
    /// The rep whose call it is.
    owner_id: String,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
}

/// A part of an excerpt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExcerptPart)]
pub(super) struct PartView {
    /// Its text.
    text: String,
    /// Whether it is what was looked for.
    #[serde(rename = "match")]
    matched: bool,
}

/// A text that has the words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchHit)]
pub(super) struct SearchHitView {
    /// What it is.
    #[schema(value_type = SearchKindName)]
    kind: &'static str,
    /// Id of the call, the segment or the comment.
    id: String,
    /// Where it is.
    call: FoundCallView,
    /// Start, in milliseconds of the recording, if it has a place there.
    start_ms: Option<i64>,
    /// End, in milliseconds of the recording.
    end_ms: Option<i64>,
    /// Path of the call's page, at this place if there is one.
    url: String,
    /// Who says it, for segments.
    #[schema(value_type = Option<SpeakerRoleName>)]
    speaker_role: Option<&'static str>,
    /// Who wrote it, for comments.
    author_id: Option<String>,
    /// The text around what was looked for, in parts to be put together.
    excerpt: Vec<PartView>,
}

impl From<FoundCall> for FoundCallView {
    fn from(call: FoundCall) -> Self {
        Self {
            id: call.id.into(),
            title: call.title,
            owner_id: call.owner_id.into(),
            occurred_at: call.occurred_at,
        }
    }
}

impl From<Part> for PartView {
    fn from(part: Part) -> Self {
        Self {
            text: part.text,
            matched: part.matched,
        }
    }
}

impl From<SearchHit> for SearchHitView {
    fn from(hit: SearchHit) -> Self {
        let url = match hit.range_ms {
            Some((start_ms, end_ms)) => seek_path(&hit.call.id, start_ms, end_ms),
            None => format!("/calls/{}", hit.call.id),
        };
        Self {
            kind: hit.kind.as_str(),
            id: hit.source_id,
            call: hit.call.into(),
            start_ms: hit.range_ms.map(|(start_ms, _)| start_ms),
            end_ms: hit.range_ms.map(|(_, end_ms)| end_ms),
            url,
            speaker_role: hit.speaker_role.map(SpeakerRole::as_str),
            author_id: hit.author_id.map(Into::into),
            excerpt: hit.parts.into_iter().map(Into::into).collect(),
        }
    }
}

/// Titles, transcripts and comments that the caller may see: the newest call first, and along its recording.
#[utoipa::path(
    get, path = "/search", operation_id = "search", tag = "search", params(Filter),
    responses((status = 200, body = List<SearchHitView>))
)]
pub(super) async fn search(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<SearchHitView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after.clone(),
    };
    let (page, words) = (page.request()?, words(&query.q)?);
    let filter = query.checked()?;
    let visible = policy::visible_calls(&current.viewer);
    let viewer = &current.viewer.user_id;
    let hits = state
        .store
        .search(&visible, viewer, &words, &filter, &page)
        .await?;
    Ok(Json(List::from_page(hits)))
}
