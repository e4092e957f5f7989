//! Reviews.

use gametape_core::id::{CallId, UserId};

use crate::{Result, Store};

impl Store {
    /// Whether somebody is filling in a review of a call just now: then they don't see other people's scores.
    #[tracing::instrument(name = "db.review.is_open", level = "debug", skip_all)]
    pub async fn review_is_open(&self, reviewer_id: &UserId, call_id: &CallId) -> Result<bool> {
        let open = sqlx::query(
            "SELECT id FROM reviews WHERE reviewer_id = $1 AND call_id = $2 AND state = 'draft' LIMIT 1",
        )
        .bind(reviewer_id.as_str())
        .bind(call_id.as_str())
        .fetch_optional(self.read())
        .await?;
        Ok(open.is_some())
    }
}
