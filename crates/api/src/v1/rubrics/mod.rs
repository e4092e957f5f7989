//! Rubrics: scorecard templates.

mod body;
mod change;
mod read;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(read::list, change::create))
        .routes(routes!(read::get, change::update))
        .routes(routes!(change::publish))
        .routes(routes!(change::archive))
        .routes(routes!(change::unarchive))
        .routes(routes!(read::versions))
        .routes(routes!(read::version))
}
