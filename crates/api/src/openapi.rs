//! The `OpenAPI` document, made of the routes themselves.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{problem::ProblemView, v1::names};

/// What the document says beside its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gametape",
        description = "Peer review of sales calls on your own machine. Times are milliseconds since 1970, \
            durations milliseconds. Errors are problem details (RFC 9457) with a stable `code`."
    ),
    // The names are those of lists of values in queries, which are not collected by themselves.
    components(schemas(ProblemView, names::CommentKindName, names::DealOutcomeName, names::MomentSortName, names::ScaleName, names::SearchKindName)),
    security(("session" = []), ("token" = [])),
    tags(
        (name = "people", description = "Accounts, teams, invitations, sessions and tokens"),
        (name = "calls", description = "Recorded conversations and all that hangs on one"),
        (name = "inbox", description = "What waits for the caller"),
        (name = "comments", description = "What people say about calls, and templates for it"),
        (name = "rubrics", description = "Scorecard templates and their published versions"),
        (name = "reviews", description = "Scorecards that people fill in for calls"),
        (name = "moments", description = "Stretches of calls that carry comments or scores"),
        (name = "search", description = "Finding what was said and written, and saved phrases"),
        (name = "uploads", description = "Resumable uploads: tus 1.0.0"),
        (name = "operation", description = "The installation itself"),
    ),
    modifiers(&SecuritySchemes)
)]
pub(crate) struct Document;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description("gametape_session", "Cookie of a browser that signed in");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("API token"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The `OpenAPI` document of the whole interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    complete(crate::router::documented().to_openapi())
}

/// Adds to every operation that it may answer with a problem.
fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            add_problem(operation);
        }
    }
    document
}

fn add_problem(operation: &mut Operation) {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(RefOr::Ref(schema))).build();
    let response = ResponseBuilder::new()
        .description("What went wrong, as problem details")
        .content("application/problem+json", content)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(response));
}
