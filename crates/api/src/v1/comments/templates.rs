//! Templates for comments that people write often.

use axum::extract::State;
use gametape_core::{
    comment::{CommentTemplate, CommentText},
    id::TemplateId,
    policy,
};
use gametape_store::{NewTemplate, TemplatePatch};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    author,
    body::{self, UpdateComment},
    view::KindName,
};
use crate::{
    ApiState,
    access::forbidden,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query, present},
    precondition::{IfMatch, Versioned},
    problem::{Problem, Result},
    validate,
};

/// The longest title, in characters.
const MAX_TITLE: usize = 100;

/// A comment that somebody writes often.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentTemplate)]
pub(super) struct TemplateView {
    /// Which.
    id: String,
    /// Whose.
    owner_id: String,
    /// Whether everybody may use it.
    shared: bool,
    /// As shown in the list of templates.
    title: String,
    /// What comments made of it are for.
    kind: KindName,
    /// Their words, as Markdown.
    body: String,
    /// When and where it happened.
    situation: Option<String>,
    /// What was said or done.
    behaviour: Option<String>,
    /// What came of it.
    impact: Option<String>,
    /// Grows with every change; in quotes it is the `ETag`.
    version: i64,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<CommentTemplate> for TemplateView {
    fn from(template: CommentTemplate) -> Self {
        Self {
            id: template.id.into(),
            owner_id: template.owner_id.into(),
            shared: template.shared,
            title: template.title,
            kind: template.text.kind.into(),
            body: template.text.body,
            situation: template.text.situation,
            behaviour: template.text.behaviour,
            impact: template.text.impact,
            version: template.version,
            created_at: template.created_at,
        }
    }
}

/// A template to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTemplate {
    /// As shown in the list of templates, up to 100 characters.
    title: String,
    /// Whether everybody may use it; for coaches and administrators.
    #[serde(default)]
    shared: bool,
    /// What comments made of it are for; notes unless given.
    #[serde(default)]
    kind: KindName,
    /// Their words, as Markdown, up to 5,000 characters. May be empty if one of the parts below is there.
    #[serde(default)]
    body: String,
    /// When and where it happened, up to 1,000 characters.
    situation: Option<String>,
    /// What was said or done, up to 1,000 characters.
    behaviour: Option<String>,
    /// What came of it, up to 1,000 characters.
    impact: Option<String>,
}

/// What to change about a template; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(super) struct UpdateTemplate {
    /// Another title, up to 100 characters.
    title: Option<String>,
    /// Whether everybody may use it; only coaches and administrators may begin to share one.
    shared: Option<bool>,
    /// What comments made of it are for.
    kind: Option<KindName>,
    /// Their words, as Markdown, up to 5,000 characters.
    body: Option<String>,
    /// When and where it happened, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    situation: Option<Option<String>>,
    /// What was said or done, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    behaviour: Option<Option<String>>,
    /// What came of it, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    impact: Option<Option<String>>,
}

fn must_share(current: &CurrentUser) -> Result<()> {
    if policy::may_set_standards(&current.viewer) {
        Ok(())
    } else {
        Err(forbidden("only coaches and administrators may share templates"))
    }
}

/// The template, if the caller may change it.
async fn changeable(state: &ApiState, current: &CurrentUser, id: &TemplateId) -> Result<CommentTemplate> {
    let template = state.store.template_get(id).await?;
    let template = template
        .filter(|template| policy::may_use_template(&current.viewer, template))
        .ok_or_else(|| Problem::not_found("template"))?;
    if policy::may_change_template(&current.viewer, &template) {
        Ok(template)
    } else {
        Err(forbidden(
            "only its owner, coaches and administrators may change a shared template",
        ))
    }
}

/// The templates that the caller may use, their own and shared ones, the oldest first.
#[utoipa::path(
    get, path = "/comment-templates", operation_id = "listCommentTemplates", tag = "comments",
    params(PageQuery),
    responses((status = 200, body = List<TemplateView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<TemplateView>>> {
    let viewer = &current.viewer.user_id;
    let templates = state.store.template_list(viewer, &page.request()?).await?;
    Ok(Json(List::from_page(templates)))
}

/// Makes a template.
#[utoipa::path(
    post, path = "/comment-templates", operation_id = "createCommentTemplate", tag = "comments",
    request_body = CreateTemplate,
    responses((status = 201, body = TemplateView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateTemplate>,
) -> Result<Versioned<TemplateView>> {
    if body.shared {
        must_share(&current)?;
    }
    let text = body::text(CommentText {
        kind: body.kind.into(),
        body: body.body,
        situation: body.situation,
        behaviour: body.behaviour,
        impact: body.impact,
    })?;
    let new = NewTemplate {
        owner_id: author(&current),
        shared: body.shared,
        title: validate::line("title", &body.title, MAX_TITLE)?,
        text,
    };
    let template = state.store.template_create(new).await?;
    Ok(Versioned::created(template.version, template.into()))
}

/// Changes a template. With If-Match, only if it was not changed meanwhile.
#[utoipa::path(
    patch, path = "/comment-templates/{id}", operation_id = "updateCommentTemplate", tag = "comments",
    params(
        ("id" = String, Path, description = "Id of the template"),
        ("If-Match" = Option<String>, Header, description = "ETag of the template as it was read"),
    ),
    request_body = UpdateTemplate,
    responses((status = 200, body = TemplateView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TemplateId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateTemplate>,
) -> Result<Versioned<TemplateView>> {
    let template = changeable(&state, &current, &id).await?;
    let shared = body.shared.unwrap_or(template.shared);
    if shared && !template.shared {
        must_share(&current)?;
    }
    let title = body.title.unwrap_or(template.title);
    let text = UpdateComment {
        kind: body.kind,
        body: body.body,
        situation: body.situation,
        behaviour: body.behaviour,
        impact: body.impact,
        mentions: None,
        start_ms: None,
        end_ms: None,
        channel: None,
    };
    let patch = TemplatePatch {
        shared,
        title: validate::line("title", &title, MAX_TITLE)?,
        text: body::text(text.applied_to(&template.text))?,
        // What is left out was taken from this version.
        if_version: Some(if_version.unwrap_or(template.version)),
    };
    let template = state.store.template_update(&id, patch).await?;
    Ok(Versioned::ok(template.version, template.into()))
}

/// Deletes a template; comments made of it stay.
#[utoipa::path(
    delete, path = "/comment-templates/{id}", operation_id = "deleteCommentTemplate", tag = "comments",
    params(("id" = String, Path, description = "Id of the template")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TemplateId>,
) -> Result<StatusCode> {
    changeable(&state, &current, &id).await?;
    state.store.template_delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
