//! Answers to requests that carried an idempotency key, so that a retried one does nothing twice.

use gametape_core::{TimeMs, id::UserId};

use crate::{
    Result, Store, StoreError,
    row::{Fields, clean},
};

/// A request that began longer ago and was never answered was cut off: its key may be used again.
const ABANDONED_MS: i64 = 15 * 60_000;
/// How long an answer can be asked for again.
const KEPT_MS: i64 = 24 * 3_600_000;

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its HTTP status.
    pub status: u16,
    /// Headers that belong to it, as name and value.
    pub headers: Vec<(String, String)>,
    /// Its body; `None` where that was meant to be seen once.
    pub body: Option<Vec<u8>>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: go on, and say how it ended with `idempotency_finish` or `idempotency_forget`.
    New,
    /// The same request is being answered just now.
    Running,
    /// The same request was answered.
    Answered(KeptAnswer),
    /// The key was used for another request.
    Other,
}

impl Store {
    /// Notes that a request with this key begins, unless it is known.
    #[tracing::instrument(name = "db.idempotency.begin", level = "debug", skip_all)]
    pub async fn idempotency_begin(
        &self,
        user_id: &UserId,
        key: &str,
        request_hash: &str,
    ) -> Result<Idempotency> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let begun = sqlx::query(
            "INSERT INTO idempotency (user_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id, key) DO UPDATE SET request_hash = $3, status = NULL, headers = NULL, \
               body = NULL, created_at = $4 \
             WHERE (idempotency.status IS NULL AND idempotency.created_at <= $5) \
               OR idempotency.created_at <= $6",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .bind(request_hash)
        .bind(now)
        .bind(now - ABANDONED_MS)
        .bind(now - KEPT_MS)
        .execute(&mut *tx)
        .await?;
        if begun.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(Idempotency::New);
        }
        let row = sqlx::query(
            "SELECT request_hash, status, headers, body FROM idempotency WHERE user_id = $1 AND key = $2",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .fetch_optional(&mut *tx)
        .await?;
        let row = row.ok_or_else(|| StoreError::conflict("key", "it was given up just now; try again"))?;
        let fields = Fields::of(&row, "idempotency");
        if fields.text("request_hash")? != request_hash {
            return Ok(Idempotency::Other);
        }
        let Some(status) = fields.opt_int("status")? else {
            return Ok(Idempotency::Running);
        };
        Ok(Idempotency::Answered(KeptAnswer {
            status: u16::try_from(status).unwrap_or(500),
            headers: fields.opt_json("headers")?.unwrap_or_default(),
            body: fields.opt_bytes("body")?,
        }))
    }

    /// Keeps the answer to a request that was begun.
    #[tracing::instrument(name = "db.idempotency.finish", level = "debug", skip_all)]
    pub async fn idempotency_finish(&self, user_id: &UserId, key: &str, answer: &KeptAnswer) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .bind(i64::from(answer.status))
        .bind(crate::row::to_json(&answer.headers))
        .bind(answer.body.clone())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees the key of a request that changed nothing.
    #[tracing::instrument(name = "db.idempotency.forget", level = "debug", skip_all)]
    pub async fn idempotency_forget(&self, user_id: &UserId, key: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM idempotency WHERE user_id = $1 AND key = $2 AND status IS NULL")
            .bind(user_id.as_str())
            .bind(clean(key).as_ref())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes answers that can't be asked for any more, and says how many.
    #[tracing::instrument(name = "db.idempotency.sweep", level = "debug", skip_all)]
    pub async fn idempotency_sweep(&self) -> Result<usize> {
        let before: TimeMs = self.now() - KEPT_MS;
        let mut tx = self.begin().await?;
        let swept = sqlx::query("DELETE FROM idempotency WHERE created_at <= $1")
            .bind(before)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(swept.rows_affected() as usize)
    }
}
