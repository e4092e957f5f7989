//! Reviews as a table, one row a score.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::{
    audit::AuditAction,
    csv::push_row,
    id::{CallId, ReviewId, RubricId, UserId},
    policy::{self, VisibleCalls},
    review::{Evidence, Rating, Score},
};
use gametape_store::{NewAudit, ReviewExport, ReviewExportFilter, Store, StoreError};
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiState, access::visible_call, auth::CurrentUser, extract::Query, problem::Result, time::iso_time,
    validate,
};

/// Reviews that are read at once: what an export holds in memory.
const BATCH: u32 = 50;

const COLUMNS: [&str; 24] = [
    "call_id",
    "call_title",
    "call_occurred_at",
    "rep_id",
    "rep",
    "review_id",
    "reviewer_id",
    "reviewer",
    "state",
    "rubric_id",
    "rubric",
    "rubric_version",
    "result_permille",
    "criterion_id",
    "criterion",
    "value",
    "not_applicable",
    "note",
    "evidence_ms",
    "evidence_quotes",
    "response",
    "created_at",
    "submitted_at",
    "released_at",
];

/// Which reviews to export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Begun at this time or later, in milliseconds since 1970.
    from: Option<i64>,
    /// Begun before this time, in milliseconds since 1970.
    until: Option<i64>,
    /// Made with this rubric.
    #[param(value_type = Option<String>)]
    rubric_id: Option<RubricId>,
    /// Of this call.
    #[param(value_type = Option<String>)]
    call_id: Option<CallId>,
}

/// All reviews that the caller may see as comma-separated values (RFC 4180), one row a score, the oldest review
/// first. Text that a spreadsheet would take for a formula has an apostrophe in front. Several places that a
/// score rests on are separated by ` | `.
#[utoipa::path(
    get, path = "/reviews.csv", operation_id = "exportReviews", tag = "reviews", params(Filter),
    responses((status = 200, content_type = "text/csv", body = String))
)]
pub(super) async fn csv(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Response> {
    for (what, time) in [("from", query.from), ("until", query.until)] {
        time.map(|time| validate::time_ms(what, time)).transpose()?;
    }
    if let Some(call_id) = &query.call_id {
        visible_call(&state, &current, call_id).await?;
    }
    let detail = serde_json::json!({
        "from": query.from, "until": query.until, "rubric_id": query.rubric_id, "call_id": query.call_id,
    });
    let mut entry = NewAudit::of(AuditAction::ReviewExport, "reviews", "csv").with(detail);
    entry.call_id = query.call_id.as_ref();
    state.store.audit_write(&current.actor(), entry).await?;
    let export = Export {
        store: state.store,
        visible: policy::visible_calls(&current.viewer),
        viewer_id: current.viewer.user_id,
        filter: ReviewExportFilter {
            call_id: query.call_id,
            rubric_id: query.rubric_id,
            from: query.from,
            until: query.until,
        },
    };
    // The first rows are read before the answer begins, so that what goes wrong at once is a problem.
    let first = export.batch(None).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"reviews.csv\"",
        ),
    ];
    Ok((headers, Body::from_stream(export.stream(first))).into_response())
}

/// An export on its way out.
struct Export {
    store: Store,
    viewer_id: UserId,
    visible: VisibleCalls,
    filter: ReviewExportFilter,
}

impl Export {
    async fn batch(&self, after: Option<&ReviewId>) -> Result<Vec<ReviewExport>, StoreError> {
        let (me, visible) = (&self.viewer_id, &self.visible);
        self.store
            .review_export(me, visible, &self.filter, after, BATCH)
            .await
    }

    /// The whole table. A problem on the way breaks the answer off, so that nobody takes a part for the whole.
    fn stream(self, first: Vec<ReviewExport>) -> impl futures::Stream<Item = Result<String, StoreError>> {
        async_stream::try_stream! {
            let mut table = String::new();
            push_row(&mut table, COLUMNS);
            let mut batch = first;
            loop {
                for export in &batch {
                    push_rows(&mut table, export);
                }
                yield std::mem::take(&mut table);
                let Some(last) = batch.last().filter(|_| batch.len() >= BATCH as usize) else { break };
                batch = self.batch(Some(&last.review.id)).await?;
            }
        }
    }
}

fn push_rows(table: &mut String, export: &ReviewExport) {
    for score in &export.scores {
        let cells = cells(export, score);
        push_row(table, cells.iter().map(String::as_str));
    }
}

fn cells(export: &ReviewExport, score: &Score) -> [String; COLUMNS.len()] {
    let review = &export.review;
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let time = |time: Option<i64>| time.map_or_else(String::new, iso_time);
    let criterion = export.rubric.definition.criterion(&score.criterion_id);
    let value = match score.rating {
        Some(Rating::Value(value)) => Some(value),
        _ => None,
    };
    let join = |part: fn(&Evidence) -> String| {
        let parts: Vec<String> = score.evidence.iter().map(part).collect();
        parts.join(" | ")
    };
    [
        review.call_id.to_string(),
        export.call_title.clone(),
        time(export.occurred_at),
        export.rep_id.to_string(),
        export.rep_name.clone(),
        review.id.to_string(),
        review.reviewer_id.to_string(),
        export.reviewer_name.clone(),
        review.state.to_string(),
        review.rubric_id.to_string(),
        export.rubric.title.clone(),
        review.rubric_version.to_string(),
        number(review.result_permille),
        score.criterion_id.to_string(),
        criterion.map_or_else(String::new, |criterion| criterion.title.clone()),
        number(value),
        (score.rating == Some(Rating::NotApplicable)).to_string(),
        score.note.clone(),
        join(|it| format!("{}-{}", it.anchor.start_ms, it.anchor.end_ms)),
        join(|it| it.anchor.quote.clone()),
        review
            .response
            .as_ref()
            .map_or_else(String::new, |it| it.0.to_string()),
        time(Some(review.created_at)),
        time(review.submitted_at),
        time(review.released_at),
    ]
}
