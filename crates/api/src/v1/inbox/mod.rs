//! What waits for the caller, and asking others for reviews.

mod list;
mod request;
mod stream;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::read, list::unread))
        .routes(routes!(list::read_all))
        .routes(routes!(stream::events))
        .routes(routes!(request::of_call, request::create))
        .routes(routes!(request::hand_back))
        .routes(routes!(request::delete))
}
