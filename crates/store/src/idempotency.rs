//! Answers to requests that carried an idempotency key, so that a retried one does nothing twice.

use gametape_core::{
    TimeMs,
    id::{CallId, UserId},
};

use crate::{
    Result, Store, StoreError, Tx,
    row::{Fields, clean, to_json},
};

/// A request that began longer ago and was never answered was cut off, most likely with its process: it may be made
/// again. Where the first one goes on all the same, [`note`] keeps them from making the same thing twice.
const ABANDONED_MS: i64 = 30_000;
/// How long an answer can be asked for again.
const KEPT_MS: i64 = 24 * 3_600_000;

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its HTTP status.
    pub status: u16,
    /// Headers that belong to it, as name and value.
    pub headers: Vec<(String, String)>,
    /// Its body; `None` where that was meant to be seen once, or what it shows was deleted.
    pub body: Option<Vec<u8>>,
}

/// The key that a request is answered under.
#[derive(Debug, Clone)]
struct Key {
    user_id: UserId,
    key: String,
}

tokio::task_local! {
    /// The key of the request that this task answers.
    static UNDER: Option<Key>;
}

fn key() -> Option<Key> {
    UNDER.try_with(Clone::clone).ok().flatten()
}

/// Whether this task answers a request with a key.
pub(crate) fn is_under_key() -> bool {
    key().is_some()
}

/// Begins the names under which notes stand among the headers of an answer.
const NOTE: &str = "made:";

type Headers = Vec<(String, String)>;

/// What an earlier try of this request made of this kind. The first thing a transaction asks: of two tries at the
/// same time the second waits here for the first.
pub(crate) async fn made(tx: &mut Tx, kind: &str) -> Result<Option<String>> {
    let Some(key) = key() else { return Ok(None) };
    let notes = lock(tx, &key.user_id, &key.key).await?;
    let made = notes
        .into_iter()
        .find(|(name, _)| name.strip_prefix(NOTE) == Some(kind));
    Ok(made.map(|(_, id)| id))
}

/// The notes at a key, which stays as it is until the transaction ends.
async fn lock(tx: &mut Tx, user_id: &UserId, key: &str) -> Result<Headers> {
    let row = sqlx::query(
        "UPDATE idempotency SET created_at = created_at WHERE user_id = $1 AND key = $2 \
         RETURNING user_id AS id, headers",
    )
    .bind(user_id.as_str())
    .bind(clean(key).as_ref())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let mut headers: Headers = Fields::of(&row, "idempotency")
        .opt_json("headers")?
        .unwrap_or_default();
    headers.retain(|(name, _)| name.starts_with(NOTE));
    Ok(headers)
}

/// Notes what this request made, in the transaction that makes it: should the answer be lost with the process, the
/// next try finds it. It stands among the headers of the answer. A conflict where another try has given the key up
/// meanwhile: then nobody knows of this one, and it must make nothing.
pub(crate) async fn note(tx: &mut Tx, kind: &str, id: &str) -> Result<()> {
    let Some(Key { user_id, key }) = key() else {
        return Ok(());
    };
    let noted = sqlx::query("UPDATE idempotency SET headers = $3 WHERE user_id = $1 AND key = $2")
        .bind(user_id.as_str())
        .bind(clean(&key).as_ref())
        .bind(to_json(&[(format!("{NOTE}{kind}"), id)]))
        .execute(&mut **tx)
        .await?;
    if noted.rows_affected() == 0 {
        return Err(StoreError::conflict(
            "key",
            "another try of this request gave it up; try again",
        ));
    }
    Ok(())
}

/// Answers a request with this key, which was begun: what it makes, and that it made it, are written together.
pub async fn under_key<F: Future>(user_id: &UserId, key: &str, work: F) -> F::Output {
    let under = Key {
        user_id: user_id.clone(),
        key: key.to_owned(),
    };
    UNDER.scope(Some(under), work).await
}

/// The same work under the key that this task answers, for a task of its own.
pub fn same_key<F: Future>(work: F) -> impl Future<Output = F::Output> {
    UNDER.scope(key(), work)
}

/// Does work that makes many things, which are none of them what the request is about: nothing is noted.
pub async fn without_key<F: Future>(work: F) -> F::Output {
    UNDER.scope(None, work).await
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

/// The call that an answer is about: the first that it names.
fn call_in(body: &[u8]) -> Option<CallId> {
    /// The prefix, the underscore and the ULID.
    const LENGTH: usize = CallId::PREFIX.len() + 27;
    let ids = body.windows(LENGTH).filter(|text| text.starts_with(b"call_"));
    ids.filter_map(|text| std::str::from_utf8(text).ok())
        .find_map(|text| text.parse().ok())
}

/// Forgets what answers say about a call that is deleted. Their keys stay, so that nothing is done twice.
pub(crate) async fn forget_call(tx: &mut Tx, id: &CallId) -> Result<()> {
    sqlx::query("UPDATE idempotency SET headers = NULL, body = NULL WHERE call_id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
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
             ON CONFLICT (user_id, key) DO UPDATE SET request_hash = $3, status = NULL, body = NULL, \
               headers = CASE WHEN idempotency.created_at <= $6 THEN NULL ELSE idempotency.headers END, \
               created_at = $4 \
             WHERE (idempotency.status IS NULL \
                 AND (idempotency.headers IS NULL OR idempotency.request_hash = $3) \
                 AND (idempotency.created_at <= $5 OR idempotency.created_at > $7)) \
               OR idempotency.created_at <= $6",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .bind(request_hash)
        .bind(now)
        .bind(now - ABANDONED_MS)
        .bind(now - KEPT_MS)
        // Later than now is what was begun before the clock was set back.
        .bind(now + ABANDONED_MS)
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
        let mut headers: Headers = fields.opt_json("headers")?.unwrap_or_default();
        headers.retain(|(name, _)| !name.starts_with(NOTE));
        Ok(Idempotency::Answered(KeptAnswer {
            status: u16::try_from(status).unwrap_or(500),
            headers,
            body: fields.opt_bytes("body")?,
        }))
    }

    /// Keeps the answer to a request that was begun.
    #[tracing::instrument(name = "db.idempotency.finish", level = "debug", skip_all)]
    pub async fn idempotency_finish(&self, user_id: &UserId, key: &str, answer: &KeptAnswer) -> Result<()> {
        let call_id = answer.body.as_deref().and_then(call_in);
        let mut tx = self.begin().await?;
        // A try that is slower than this one finds what was made.
        let mut headers = answer.headers.clone();
        headers.extend(lock(&mut tx, user_id, key).await?);
        sqlx::query(
            "UPDATE idempotency SET status = $3, headers = $4, body = $5, call_id = $6 \
             WHERE user_id = $1 AND key = $2",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .bind(i64::from(answer.status))
        .bind(to_json(&headers))
        .bind(answer.body.clone())
        .bind(call_id.map(|id| id.to_string()))
        .execute(&mut *tx)
        .await?;
        // The call may be gone since it was answered.
        sqlx::query(
            "UPDATE idempotency SET headers = NULL, body = NULL WHERE user_id = $1 AND key = $2 \
             AND call_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = idempotency.call_id)",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees the key of a request that failed. If it made something all the same, the same request alone may use
    /// it, and gets that.
    #[tracing::instrument(name = "db.idempotency.forget", level = "debug", skip_all)]
    pub async fn idempotency_forget(&self, user_id: &UserId, key: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "DELETE FROM idempotency WHERE user_id = $1 AND key = $2 AND status IS NULL AND headers IS NULL",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE idempotency SET created_at = created_at - $3 \
             WHERE user_id = $1 AND key = $2 AND status IS NULL",
        )
        .bind(user_id.as_str())
        .bind(clean(key).as_ref())
        .bind(ABANDONED_MS)
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
