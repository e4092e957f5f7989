//! Invitations: links that make an account. Administrators make them, whoever has one opens and accepts it.

use std::net::IpAddr;

use axum::{Extension, extract::State, response::Response};
use gametape_core::{
    id::{InvitationId, TeamId},
    team::Invitation,
};
use gametape_store::{NewInvitation, NewUser};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{session, users::RoleName};
use crate::{
    ApiState,
    auth::{
        CurrentUser, csrf,
        secret::{self, Secret},
    },
    extract::{Id, Json, List, PageQuery, Query},
    idempotency::ShownOnce,
    problem::{Problem, Result},
    state::ClientAddress,
    validate,
};

const DAY_MS: i64 = 24 * 3_600_000;
const DEFAULT_DAYS: i64 = 7;
const MAX_DAYS: i64 = 30;
const MAX_TEAMS: usize = 50;

/// Routes for administrators.
pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// Accepting is for those who have no account yet.
pub(crate) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(open)).routes(routes!(accept))
}

/// An invitation, without what its link holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    /// Which.
    id: String,
    /// Who it is meant for, if it was said.
    email: Option<String>,
    /// What they will do here.
    role: RoleName,
    /// The teams they will be in.
    team_ids: Vec<String>,
    /// Who made it.
    created_by: String,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
    /// When it stops working, in milliseconds since 1970.
    expires_at: i64,
    /// Who came.
    accepted_by: Option<String>,
    /// When they came, in milliseconds since 1970.
    accepted_at: Option<i64>,
    /// When it was taken back, in milliseconds since 1970.
    revoked_at: Option<i64>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let (accepted_by, accepted_at) = invitation.accepted.unzip();
        Self {
            id: invitation.id.into(),
            email: invitation.email,
            role: invitation.role.into(),
            team_ids: invitation.team_ids.into_iter().map(Into::into).collect(),
            created_by: invitation.created_by.into(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            accepted_by: accepted_by.map(Into::into),
            accepted_at,
            revoked_at: invitation.revoked_at,
        }
    }
}

/// A new invitation with what its link holds, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedInvitation {
    #[serde(flatten)]
    info: InvitationView,
    /// What the link holds.
    #[schema(example = "gti_…")]
    token: String,
}

/// An invitation to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateInvitation {
    /// Who it is meant for; whoever has the link can use it.
    email: Option<String>,
    /// What they will do here.
    role: RoleName,
    /// The teams they will be in, 50 at most.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    team_ids: Vec<TeamId>,
    /// For how many days it works, 1 to 30; 7 unless given.
    #[schema(minimum = 1, maximum = 30)]
    expires_in_days: Option<i64>,
}

/// What the link of an invitation holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenInvitation {
    /// What the link holds.
    token: String,
}

/// What an invitation offers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationOffer {
    /// Who it is meant for, if it was said.
    email: Option<String>,
    /// What they will do here.
    role: RoleName,
    /// Names of the teams they will be in.
    teams: Vec<String>,
    /// When it stops working, in milliseconds since 1970.
    expires_at: i64,
}

/// Who accepts an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptInvitation {
    /// What the link holds.
    token: String,
    /// As shown to colleagues.
    name: String,
    /// Sign-in name.
    email: String,
    /// A password, 10 to 256 characters.
    password: String,
}

/// All invitations, also those that are over, the newest first.
#[utoipa::path(
    get, path = "/invitations", operation_id = "listInvitations", tag = "people", params(PageQuery),
    responses((status = 200, body = List<InvitationView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<InvitationView>>> {
    let invitations = state.store.invitation_list(&page.request()?).await?;
    Ok(Json(List::from_page(invitations)))
}

/// Makes an invitation. Its token, for the link, is shown this once.
#[utoipa::path(
    post, path = "/invitations", operation_id = "createInvitation", tag = "people",
    request_body = CreateInvitation,
    responses((status = 201, body = CreatedInvitation))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateInvitation>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<CreatedInvitation>)> {
    let days = body.expires_in_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::invalid_value(format!(
            "expires_in_days must be between 1 and {MAX_DAYS}"
        )));
    }
    let mut team_ids = body.team_ids;
    validate::at_most("team_ids", &team_ids, MAX_TEAMS)?;
    team_ids.sort();
    team_ids.dedup();
    if state.store.team_find(&team_ids).await?.len() < team_ids.len() {
        return Err(Problem::invalid_value("team_ids names a team that is not there"));
    }
    let secret = Secret::invitation();
    let new = NewInvitation {
        created_by: current.viewer.user_id.clone(),
        token_hash: secret.hash.clone(),
        email: body.email.as_deref().map(validate::email).transpose()?,
        role: body.role.into(),
        team_ids,
        expires_at: state.now_ms() + days * DAY_MS,
    };
    let invitation = state.store.invitation_create(&current.actor(), new).await?;
    let created = CreatedInvitation {
        info: invitation.into(),
        token: secret.text,
    };
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(created)))
}

/// Takes an invitation back: its link does not work any more.
#[utoipa::path(
    delete, path = "/invitations/{id}", operation_id = "revokeInvitation", tag = "people",
    params(("id" = String, Path, description = "Id of the invitation")),
    responses((status = 204, description = "Its link does not work"))
)]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<InvitationId>,
) -> Result<StatusCode> {
    state.store.invitation_revoke(&current.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The open invitation of a link. Links that don't work count against the address they are tried from.
async fn find(state: &ApiState, address: Option<IpAddr>, token: &str) -> Result<Invitation> {
    let now = state.now_ms();
    if let Some(wait_ms) = state.throttle.wait_at_ms(address, now) {
        return Err(session::too_many(wait_ms));
    }
    state.throttle.begin_at(address, now);
    let found = state.store.invitation_open(&secret::hash(token)).await?;
    let invitation = found.ok_or_else(|| Problem::not_found("invitation"))?;
    state.throttle.succeeded_at(address);
    Ok(invitation)
}

/// What the invitation of a link offers.
#[utoipa::path(
    post, path = "/invitations/open", operation_id = "openInvitation", tag = "people", security(()),
    request_body = OpenInvitation,
    responses((status = 200, body = InvitationOffer))
)]
pub(super) async fn open(
    State(state): State<ApiState>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Json(body): Json<OpenInvitation>,
) -> Result<Json<InvitationOffer>> {
    let invitation = find(&state, address, &body.token).await?;
    let teams = state.store.team_find(&invitation.team_ids).await?;
    Ok(Json(InvitationOffer {
        email: invitation.email,
        role: invitation.role.into(),
        teams: teams.into_iter().map(|team| team.name).collect(),
        expires_at: invitation.expires_at,
    }))
}

/// Makes the account that an invitation offers, and signs the browser in.
#[utoipa::path(
    post, path = "/invitations/accept", operation_id = "acceptInvitation", tag = "people", security(()),
    request_body = AcceptInvitation,
    responses((status = 201, body = super::users::UserView))
)]
pub(super) async fn accept(
    State(state): State<ApiState>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<AcceptInvitation>,
) -> Result<Response> {
    csrf::check(&headers)?;
    let invitation = find(&state, address, &body.token).await?;
    let new = NewUser {
        email: validate::email(&body.email)?,
        name: validate::line("name", &body.name, 100)?,
        role: invitation.role,
        password_hash: state.passwords.hash(body.password).await?,
    };
    let from = address.map(|address| address.to_string());
    let user = state
        .store
        .invitation_accept(&secret::hash(&body.token), new, from)
        .await?;
    session::begin(&state, &headers, address, user).await
}
