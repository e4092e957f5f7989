//! The directory: who is here, for mentions, participants and names in lists.

use axum::extract::State;
use gametape_store::Person;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::users::RoleName;
use crate::{
    ApiState,
    extract::{Json, List, PageQuery, Query},
    problem::Result,
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Somebody with an account, as their colleagues see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonView {
    /// Who.
    id: String,
    /// As shown to colleagues.
    name: String,
    /// What they do here.
    role: RoleName,
    /// The teams they are in.
    team_ids: Vec<String>,
    /// Whether the account may not sign in.
    disabled: bool,
    /// Whether they asked to be forgotten; then the name says nothing.
    erased: bool,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            id: person.id.into(),
            name: person.name,
            role: person.role.into(),
            team_ids: person.team_ids.into_iter().map(Into::into).collect(),
            disabled: person.disabled,
            erased: person.erased,
        }
    }
}

/// Whom to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Whose name contains this, without regard to case.
    q: Option<String>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Everybody with an account, those who came first at the top.
#[utoipa::path(
    get, path = "/people", operation_id = "listPeople", tag = "people", params(Filter),
    responses((status = 200, body = List<PersonView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(query): Query<Filter>,
) -> Result<Json<List<PersonView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let text = validate::wanted("q", query.q, 100)?;
    let people = state.store.person_list(text.as_deref(), &page.request()?).await?;
    Ok(Json(List::from_page(people)))
}
