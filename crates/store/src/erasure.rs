//! What was deleted for good: a list of ids that outlives it, so that an older backup does not bring it back.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    erasure::{Erasure, ErasureKind},
    id::{CallId, UserId},
    retention::DAY_MS,
};
use sqlx::any::AnyRow;

use crate::{
    Actor, Result, Store, StoreError, Tx, audit,
    call::{find, remove},
    retention::take_recording,
    row::Fields,
};

/// How long the list remembers. Backups that are older must be destroyed.
const KEPT_MS: i64 = 400 * DAY_MS;

/// How often to look again at a call that changes just now.
const ROUNDS: u32 = 10;

/// What came of erasing things again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Calls that were here and are gone.
    pub calls: usize,
    /// Recordings that were here and are gone.
    pub recordings: usize,
    /// People who were here and are forgotten.
    pub people: usize,
    /// People who could not be forgotten: nobody else is an administrator.
    pub refused: usize,
}

/// Notes that something is gone.
pub(crate) async fn note(tx: &mut Tx, id: &str, kind: ErasureKind, now: TimeMs) -> Result<()> {
    // A call goes after its recording, if that went before, and never comes back.
    sqlx::query(
        "INSERT INTO erasures (id, kind, erased_at) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, erased_at = excluded.erased_at \
         WHERE erasures.kind = 'recording'",
    )
    .bind(id)
    .bind(kind.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read_erasure(row: &AnyRow) -> Result<Erasure> {
    let fields = Fields::of(row, "erasures");
    Ok(Erasure {
        id: fields.text("id")?,
        kind: fields.parsed("kind")?,
        erased_at: fields.int("erased_at")?,
    })
}

impl Store {
    /// What was deleted for good, `limit` of it at most, by id, behind `after`.
    #[tracing::instrument(name = "db.erasure.list", level = "debug", skip_all)]
    pub async fn erasure_list(&self, after: &str, limit: i64) -> Result<Vec<Erasure>> {
        let rows = sqlx::query("SELECT id, kind, erased_at FROM erasures WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(limit.max(0))
            .fetch_all(self.read())
            .await?;
        rows.iter().map(read_erasure).collect()
    }

    /// Deletes again what is still here of what was deleted for good, holds or not, and remembers all of it.
    #[tracing::instrument(name = "db.erasure.apply", level = "debug", skip_all)]
    pub async fn erasure_apply(&self, erasures: &[Erasure]) -> Result<Applied> {
        let mut applied = Applied::default();
        for erasure in erasures {
            match erasure.kind {
                ErasureKind::Person => match self.forget_again(erasure).await {
                    Ok(gone) => applied.people += usize::from(gone),
                    Err(StoreError::Conflict { .. }) => applied.refused += 1,
                    Err(error) => return Err(error),
                },
                ErasureKind::Call => applied.calls += usize::from(self.take_again(erasure).await?),
                ErasureKind::Recording => applied.recordings += usize::from(self.take_again(erasure).await?),
            }
        }
        Ok(applied)
    }

    async fn forget_again(&self, erasure: &Erasure) -> Result<bool> {
        let id: Option<UserId> = erasure.id.parse().ok();
        let user = match &id {
            Some(id) => self.user_get(id).await?,
            None => None,
        };
        if let Some(user) = user.filter(|user| user.erased_at.is_none()) {
            self.person_erase(&user.id, &Actor::default()).await?;
            return Ok(true);
        }
        let mut tx = self.begin().await?;
        note(&mut tx, &erasure.id, erasure.kind, erasure.erased_at).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Deletes a call or its recording again; says whether it was there.
    async fn take_again(&self, erasure: &Erasure) -> Result<bool> {
        for _ in 0..ROUNDS {
            if let Some(gone) = self.try_take_again(erasure).await? {
                return Ok(gone);
            }
        }
        Err(StoreError::conflict("call", "it is changing just now; try again"))
    }

    async fn try_take_again(&self, erasure: &Erasure) -> Result<Option<bool>> {
        let now = self.now();
        let id: Option<CallId> = erasure.id.parse().ok();
        let mut tx = self.begin().await?;
        let call = match &id {
            Some(id) => find(&mut tx, id).await?,
            None => None,
        };
        let Some(call) = call else {
            note(&mut tx, &erasure.id, erasure.kind, erasure.erased_at).await?;
            tx.commit().await?;
            return Ok(Some(false));
        };
        let gone = match erasure.kind {
            ErasureKind::Call => remove(&mut tx, &call, now).await?,
            _ => call.recording_id.is_none() || take_recording(&mut tx, &call, now).await?,
        };
        if !gone {
            tx.rollback().await?;
            return Ok(None);
        }
        let was_there = erasure.kind == ErasureKind::Call || call.recording_id.is_some();
        if was_there {
            let entry = audit::NewAudit::of(erased_as(erasure.kind), "call", call.id.as_str());
            let entry = entry.in_call(&call.id).with(serde_json::json!({
                "owner_id": call.owner_id, "erased_before_at": erasure.erased_at,
            }));
            audit::write(&mut tx, now, &Actor::default(), &entry).await?;
        }
        tx.commit().await?;
        Ok(Some(was_there))
    }

    /// Forgets what was deleted longer ago than any backup may be, and says how much.
    #[tracing::instrument(name = "db.erasure.sweep", level = "debug", skip_all)]
    pub async fn erasure_sweep(&self) -> Result<usize> {
        let mut tx = self.begin().await?;
        let swept = sqlx::query("DELETE FROM erasures WHERE erased_at < $1")
            .bind(self.now() - KEPT_MS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(swept.rows_affected() as usize)
    }
}

fn erased_as(kind: ErasureKind) -> AuditAction {
    match kind {
        ErasureKind::Recording => AuditAction::RetentionRecording,
        ErasureKind::Call | ErasureKind::Person => AuditAction::CallDelete,
    }
}
