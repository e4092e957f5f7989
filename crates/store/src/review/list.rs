//! Lists of reviews.

use gametape_core::{
    id::{CallId, RubricId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
    review::{Review, ReviewState},
};

use super::{read_review, review_columns};
use crate::{
    Result, Store,
    conditions::{Conditions, Value},
    row::{Fields, clean},
};

/// What somebody has to do with a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewRelation {
    /// They wrote it.
    By,
    /// It is about a call of theirs.
    Of,
    /// One of both.
    ByOrOf,
}

/// Which reviews to list.
#[derive(Debug, Clone, Default)]
pub struct ReviewFilter {
    /// Of this call.
    pub call_id: Option<CallId>,
    /// That the viewer has to do with like this.
    pub relation: Option<ReviewRelation>,
    /// In this state.
    pub state: Option<ReviewState>,
    /// Made with this rubric.
    pub rubric_id: Option<RubricId>,
}

/// A review in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewLine {
    /// The review.
    pub review: Review,
    /// Title of its call.
    pub call_title: String,
    /// Whose call it is.
    pub call_owner_id: UserId,
    /// Title of its rubric, in the version that it is made with.
    pub rubric_title: String,
}

fn conditions(
    viewer_id: &UserId,
    visible: &VisibleCalls,
    filter: &ReviewFilter,
    after: Option<&Cursor>,
) -> Conditions {
    let me = viewer_id.as_str();
    let mut conditions = Conditions::default();
    conditions.visible(visible);
    conditions.visible_reviews(viewer_id);
    match filter.relation {
        Some(ReviewRelation::By) => conditions.and("reviews.reviewer_id = ?", [me]),
        Some(ReviewRelation::Of) => conditions.and("calls.owner_id = ?", [me]),
        // A walk along two indexes instead of all reviews.
        Some(ReviewRelation::ByOrOf) => conditions.and(
            "reviews.id IN (SELECT id FROM reviews WHERE reviewer_id = ? \
             UNION SELECT r.id FROM calls c JOIN reviews r ON r.call_id = c.id WHERE c.owner_id = ?)",
            [me, me],
        ),
        None => {}
    }
    if let Some(call_id) = &filter.call_id {
        conditions.and("reviews.call_id = ?", [call_id.as_str()]);
    }
    if let Some(state) = filter.state {
        conditions.and("reviews.state = ?", [state.as_str()]);
    }
    if let Some(rubric_id) = &filter.rubric_id {
        conditions.and("reviews.rubric_id = ?", [rubric_id.as_str()]);
    }
    if let Some(Cursor { key, id }) = after {
        conditions.and("reviews.created_at <= ?", [*key]);
        conditions.and(
            "(reviews.created_at < ? OR reviews.id < ?)",
            [Value::Int(*key), Value::Text(clean(id).into_owned())],
        );
    }
    conditions
}

impl Store {
    /// Reviews that `viewer_id`, who sees the calls `visible`, may see and that the filter lets through, the
    /// newest first.
    #[tracing::instrument(name = "db.review.list", level = "debug", skip_all)]
    pub async fn review_list(
        &self,
        viewer_id: &UserId,
        visible: &VisibleCalls,
        filter: &ReviewFilter,
        page: &PageRequest,
    ) -> Result<Page<ReviewLine>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let Conditions { sql, values } = conditions(viewer_id, visible, filter, page.after.as_ref());
        let sql = format!(
            "SELECT {}, calls.title AS call_title, calls.owner_id AS call_owner_id, v.title AS rubric_title \
             FROM reviews JOIN calls ON calls.id = reviews.call_id \
             JOIN rubric_versions v ON v.rubric_id = reviews.rubric_id AND v.version = reviews.rubric_version \
             WHERE 1 = 1{sql} ORDER BY reviews.created_at DESC, reviews.id DESC LIMIT {}",
            review_columns!(),
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let read = |row| {
            let fields = Fields::of(row, "reviews");
            Ok(ReviewLine {
                review: read_review(row)?,
                call_title: fields.text("call_title")?,
                call_owner_id: fields.parsed("call_owner_id")?,
                rubric_title: fields.text("rubric_title")?,
            })
        };
        let lines = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(lines, limit, |line| Cursor {
            key: line.review.created_at,
            id: line.review.id.to_string(),
        }))
    }
}
