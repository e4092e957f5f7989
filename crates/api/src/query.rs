//! Query parameters that a route does not know are refused: a filter whose name is mistyped would otherwise answer
//! with everything, and nobody would notice.
//!
//! What a route knows is what the `OpenAPI` document says about it, so there is no second list to keep.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    extract::{MatchedPath, Query, Request},
    middleware::Next,
    response::Response,
};
use http::{Method, Uri};
use utoipa::openapi::{
    RefOr,
    path::{Operation, ParameterIn, PathItem},
};

use crate::{
    extract::reason,
    openapi,
    problem::{Code, Problem, Result},
};

/// Of a name that nobody knows, so much is repeated in the answer.
const MAX_SHOWN: usize = 64;

/// The parameters of every route, by its path as the router has it.
static KNOWN: LazyLock<HashMap<String, HashMap<Method, Vec<String>>>> = LazyLock::new(|| {
    let paths = openapi::openapi().paths.paths;
    paths
        .into_iter()
        .map(|(path, item)| (path, of_path(item)))
        .collect()
});

fn of_path(item: PathItem) -> HashMap<Method, Vec<String>> {
    [
        (Method::GET, item.get),
        (Method::HEAD, item.head),
        (Method::POST, item.post),
        (Method::PUT, item.put),
        (Method::PATCH, item.patch),
        (Method::DELETE, item.delete),
        (Method::OPTIONS, item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, of_operation(operation?))))
    .collect()
}

fn of_operation(operation: Operation) -> Vec<String> {
    let all = operation.parameters.unwrap_or_default().into_iter();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
    .filter(|parameter| parameter.parameter_in == ParameterIn::Query)
    .map(|parameter| parameter.name)
    .collect()
}

/// Refuses a request with a query parameter that its route does not know; to be layered around routes of the
/// document.
pub(crate) async fn refuse_unknown(request: Request, next: Next) -> Result<Response> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        let path = request.extensions().get::<MatchedPath>();
        let route = path.and_then(|path| KNOWN.get(path.as_str()));
        check(
            request.uri(),
            route.and_then(|route| of_method(route, request.method())),
        )?;
    }
    Ok(next.run(request).await)
}

/// HEAD is answered by GET where it has no answer of its own.
fn of_method<'a>(route: &'a HashMap<Method, Vec<String>>, method: &Method) -> Option<&'a Vec<String>> {
    let own = route.get(method);
    own.or_else(|| route.get(&Method::GET).filter(|_| *method == Method::HEAD))
}

fn check(uri: &Uri, known: Option<&Vec<String>>) -> Result<()> {
    let known = known.map_or(&[][..], Vec::as_slice);
    let given = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| Problem::new(Code::InvalidRequest, reason(&error)))?;
    match given.0.iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(unknown(name, known)),
    }
}

fn unknown(name: &str, known: &[String]) -> Problem {
    let name: String = name.chars().take(MAX_SHOWN).collect();
    let detail = if known.is_empty() {
        format!("there is no parameter `{name}` here, nor any other")
    } else {
        format!(
            "there is no parameter `{name}` here; there are: {}",
            known.join(", ")
        )
    };
    Problem::new(Code::InvalidRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_knows_the_parameters() {
        let calls = &KNOWN["/api/v1/calls"];
        assert!(calls[&Method::GET].contains(&"owner".to_owned()));
        assert!(of_method(calls, &Method::HEAD).is_some());
        assert!(calls[&Method::POST].is_empty());
        assert!(of_method(calls, &Method::PUT).is_none());
        // A place in the path and a header are no parameters of the query.
        assert_eq!(KNOWN["/api/v1/calls/{id}/events"][&Method::GET], ["after"]);
    }

    #[test]
    fn the_first_stranger_is_named() {
        let known = vec!["limit".to_owned(), "after".to_owned()];
        let checked = |query: &str| check(&format!("/x?{query}").parse().unwrap(), Some(&known));
        for fine in ["limit=1", "after=x&limit=2", "limit", "%6cimit=1"] {
            assert!(checked(fine).is_ok(), "{fine}");
        }
        for wrong in ["Limit=1", "limit=1&ownr=x", "=1", "%00=1", "limit%20=1"] {
            let problem = checked(wrong).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidRequest, "{wrong}");
        }
        assert!(format!("{:?}", checked("limit=1&ownr=x").unwrap_err()).contains("`ownr`"));
        assert!(check(&"/x?a=1".parse().unwrap(), None).is_err());
    }
}
