//! Reviews with all that tables want to know of them.

use std::{collections::HashMap, sync::Arc};

use gametape_core::{
    TimeMs,
    id::{CallId, ReviewId, RubricId, UserId},
    page::MAX_LIMIT,
    policy::VisibleCalls,
    review::{Review, Score},
    rubric::RubricVersion,
};
use sqlx::any::AnyRow;

use super::{read_review, review_columns, score};
use crate::{Result, Store, StoreError, conditions::Conditions, row::Fields};

/// Which reviews to export.
#[derive(Debug, Clone, Default)]
pub struct ReviewExportFilter {
    /// Of this call.
    pub call_id: Option<CallId>,
    /// Made with this rubric.
    pub rubric_id: Option<RubricId>,
    /// Begun at this time or later.
    pub from: Option<TimeMs>,
    /// Begun before this time.
    pub until: Option<TimeMs>,
}

/// A review with all that a table wants to know.
#[derive(Debug, Clone)]
pub struct ReviewExport {
    /// The review.
    pub review: Review,
    /// Title of its call.
    pub call_title: String,
    /// When the conversation took place, if known.
    pub occurred_at: Option<TimeMs>,
    /// Whose call it is.
    pub rep_id: UserId,
    /// Their name.
    pub rep_name: String,
    /// The reviewer's name.
    pub reviewer_name: String,
    /// The version of the rubric that it is made with.
    pub rubric: Arc<RubricVersion>,
    /// Its scores, in the order of the rubric.
    pub scores: Vec<Score>,
}

impl Store {
    /// Reviews that `viewer_id`, who sees the calls `visible`, may see and that the filter lets through, in the
    /// order of their ids behind `after`, `limit` at most.
    #[tracing::instrument(name = "db.review.export", level = "debug", skip_all)]
    pub async fn review_export(
        &self,
        viewer_id: &UserId,
        visible: &VisibleCalls,
        filter: &ReviewExportFilter,
        after: Option<&ReviewId>,
        limit: u32,
    ) -> Result<Vec<ReviewExport>> {
        let mut conditions = Conditions::default();
        conditions.visible(visible);
        conditions.visible_reviews(viewer_id);
        if let Some(call_id) = &filter.call_id {
            conditions.and("reviews.call_id = ?", [call_id.as_str()]);
        }
        if let Some(rubric_id) = &filter.rubric_id {
            conditions.and("reviews.rubric_id = ?", [rubric_id.as_str()]);
        }
        if let Some(from) = filter.from {
            conditions.and("reviews.created_at >= ?", [from]);
        }
        if let Some(until) = filter.until {
            conditions.and("reviews.created_at < ?", [until]);
        }
        if let Some(after) = after {
            conditions.and("reviews.id > ?", [after.as_str()]);
        }
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "SELECT {}, calls.title AS call_title, calls.occurred_at AS occurred_at, \
               calls.owner_id AS rep_id, rep.name AS rep_name, reviewer.name AS reviewer_name \
             FROM reviews JOIN calls ON calls.id = reviews.call_id \
             JOIN users rep ON rep.id = calls.owner_id JOIN users reviewer ON reviewer.id = reviews.reviewer_id \
             WHERE 1 = 1{sql} ORDER BY reviews.id LIMIT {}",
            review_columns!(),
            limit.clamp(1, MAX_LIMIT)
        );
        let rows = self.fetch(sql, values).await?;
        self.with_scores(&rows).await
    }

    /// Reads reviews, their rubrics (once each) and their scores (at once).
    async fn with_scores(&self, rows: &[AnyRow]) -> Result<Vec<ReviewExport>> {
        let reviews = rows.iter().map(read_review).collect::<Result<Vec<_>>>()?;
        let ids: Vec<ReviewId> = reviews.iter().map(|review| review.id.clone()).collect();
        let mut scores = score::fetch(self.read(), &ids).await?;
        let mut rubrics: HashMap<(RubricId, i64), Arc<RubricVersion>> = HashMap::new();
        let mut exports = Vec::with_capacity(rows.len());
        for (row, review) in rows.iter().zip(reviews) {
            let key = (review.rubric_id.clone(), review.rubric_version);
            let known = rubrics.get(&key).map(Arc::clone);
            let rubric = if let Some(rubric) = known {
                rubric
            } else {
                let found = self.rubric_version_get(&key.0, key.1).await?;
                let found = found.ok_or_else(|| StoreError::not_found("rubric", &key.0))?;
                Arc::clone(rubrics.entry(key).or_insert(Arc::new(found)))
            };
            let mut scores = scores.remove(&review.id).unwrap_or_default();
            score::sort(&mut scores, &rubric.definition);
            let fields = Fields::of(row, "reviews");
            exports.push(ReviewExport {
                review,
                call_title: fields.text("call_title")?,
                occurred_at: fields.opt_int("occurred_at")?,
                rep_id: fields.parsed("rep_id")?,
                rep_name: fields.text("rep_name")?,
                reviewer_name: fields.text("reviewer_name")?,
                rubric,
                scores,
            });
        }
        Ok(exports)
    }
}
