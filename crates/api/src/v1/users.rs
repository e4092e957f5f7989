//! Accounts; for administrators.

use axum::extract::State;
use gametape_core::{
    id::UserId,
    policy,
    user::{Role, User},
};
use gametape_store::{NewUser, UserPatch};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    problem::{Code, Problem, Result},
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update))
}

/// What a person does here.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Role)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleName {
    /// Uploads calls, reviews colleagues' calls.
    Rep,
    /// Browses the scored moments of their teams.
    Coach,
    /// Runs the installation.
    Admin,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Rep => Self::Rep,
            Role::Coach => Self::Coach,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Rep => Self::Rep,
            RoleName::Coach => Self::Coach,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserView {
    /// Who.
    id: String,
    /// Sign-in name.
    email: String,
    /// As shown to colleagues.
    name: String,
    /// What they do here.
    role: RoleName,
    /// Whether the account may not sign in.
    disabled: bool,
    /// When the account was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            email: user.email,
            name: user.name,
            role: user.role.into(),
            disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
        }
    }
}

/// An account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateUser {
    /// Sign-in name.
    email: String,
    /// As shown to colleagues.
    name: String,
    /// What they do here.
    role: RoleName,
    /// A first password, 10 to 256 characters, for the person to change.
    password: String,
}

/// What to change about an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateUser {
    /// Another name.
    name: Option<String>,
    /// Another role; not for one's own account.
    role: Option<RoleName>,
    /// Whether the account may not sign in; not for one's own account.
    disabled: Option<bool>,
}

/// All accounts, the oldest first.
#[utoipa::path(
    get, path = "/users", operation_id = "listUsers", tag = "people", params(PageQuery),
    responses((status = 200, body = List<UserView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<UserView>>> {
    Ok(Json(List::from_page(
        state.store.user_list(&page.request()?).await?,
    )))
}

/// Makes an account.
#[utoipa::path(
    post, path = "/users", operation_id = "createUser", tag = "people", request_body = CreateUser,
    responses((status = 201, body = UserView))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateUser>,
) -> Result<(StatusCode, Json<UserView>)> {
    let new = NewUser {
        email: validate::email(&body.email)?,
        name: validate::line("name", &body.name, 100)?,
        role: body.role.into(),
        password_hash: state.passwords.hash(body.password).await?,
    };
    let user = state.store.user_create(&current.actor(), new).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Changes an account. Shutting it signs the person out everywhere and stops their tokens. The last
/// administrator who can sign in stays one.
#[utoipa::path(
    patch, path = "/users/{id}", operation_id = "updateUser", tag = "people",
    params(("id" = String, Path, description = "Id of the person")),
    request_body = UpdateUser,
    responses((status = 200, body = UserView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UserId>,
    Json(body): Json<UpdateUser>,
) -> Result<Json<UserView>> {
    let changes_standing = body.role.is_some() || body.disabled.is_some();
    if changes_standing && !policy::may_change_standing(&current.viewer, &id) {
        return Err(Problem::new(
            Code::Conflict,
            "nobody can change the role of their own account, or shut it",
        ));
    }
    let patch = UserPatch {
        name: validate::opt_line("name", body.name.as_deref(), 100)?,
        role: body.role.map(Into::into),
        disabled: body.disabled,
    };
    let user = state.store.user_update(&current.actor(), &id, patch).await?;
    Ok(Json(user.into()))
}
