//! Forgetting a person: what names them goes, what others need stays without a name.

use gametape_core::{
    audit::AuditAction,
    call::Participant,
    erasure::ErasureKind,
    id::{CallId, UserId},
    user::FORMER_COLLEAGUE,
};
use sqlx::any::AnyRow;

use crate::{
    Actor, NewAudit, Result, Store, StoreError, Tx, audit,
    call::bump,
    erasure,
    event::{self, NewEvent},
    row::{Fields, fold, to_json},
    user,
};

/// What is theirs alone goes with them, in this order: rows that others point at come last.
const THEIRS_ALONE: &[&str] = &[
    "DELETE FROM sessions WHERE user_id = $1",
    "DELETE FROM tokens WHERE user_id = $1",
    "DELETE FROM idempotency WHERE user_id = $1",
    "DELETE FROM team_members WHERE user_id = $1",
    "DELETE FROM comment_templates WHERE owner_id = $1 AND shared_at IS NULL",
    "DELETE FROM comment_reactions WHERE user_id = $1",
    "DELETE FROM comment_mentions WHERE user_id = $1",
    "DELETE FROM notices WHERE user_id = $1",
    "DELETE FROM review_requests WHERE asked_id = $1 AND state = 'open'",
    "UPDATE review_requests SET note = NULL WHERE asker_id = $1",
    "UPDATE review_requests SET reason = NULL WHERE asked_id = $1",
    "DELETE FROM search_documents WHERE source_id IN \
       (SELECT id FROM comments WHERE author_id = $1 AND audience = 'author')",
    "UPDATE invitations SET email = NULL WHERE accepted_by = $1",
];

/// Rows that hold an anchor each: those that go, and the table they are in.
const ANCHORED: &[(&str, &str)] = &[
    (
        "SELECT id, anchor_id FROM comments WHERE author_id = $1 AND audience = 'author'",
        "DELETE FROM comments WHERE id = $1",
    ),
    (
        "SELECT evidence.id AS id, evidence.anchor_id AS anchor_id FROM evidence \
         JOIN reviews ON reviews.id = evidence.review_id \
         WHERE reviews.reviewer_id = $1 AND reviews.state IN ('draft', 'withdrawn')",
        "DELETE FROM evidence WHERE id = $1",
    ),
];

async fn run(tx: &mut Tx, sql: &'static str, id: &str) -> Result<u64> {
    Ok(sqlx::query(sql)
        .bind(id)
        .execute(&mut **tx)
        .await?
        .rows_affected())
}

/// Deletes rows together with their anchors.
async fn delete_anchored(tx: &mut Tx, user_id: &UserId) -> Result<()> {
    for (select, delete) in ANCHORED {
        let rows = sqlx::query(*select)
            .bind(user_id.as_str())
            .fetch_all(&mut **tx)
            .await?;
        for row in &rows {
            let fields = Fields::of(row, "anchors");
            run(tx, delete, &fields.text("id")?).await?;
            if let Some(anchor_id) = fields.opt_text("anchor_id")? {
                run(tx, "DELETE FROM anchors WHERE id = $1", &anchor_id).await?;
            }
        }
    }
    run(
        tx,
        "DELETE FROM reviews WHERE reviewer_id = $1 AND state IN ('draft', 'withdrawn')",
        user_id.as_str(),
    )
    .await?;
    Ok(())
}

/// Takes a person out of the people a call names.
async fn leave_call(tx: &mut Tx, row: &AnyRow, user_id: &UserId, now: i64) -> Result<()> {
    let fields = Fields::of(row, "calls");
    let call_id: CallId = fields.parsed("id")?;
    let mut invited: Vec<UserId> = fields.json("invited")?;
    invited.retain(|id| id != user_id);
    let mut participants: Vec<Participant> = fields.json("participants")?;
    for one in participants
        .iter_mut()
        .filter(|one| one.user_id.as_ref() == Some(user_id))
    {
        FORMER_COLLEAGUE.clone_into(&mut one.name);
    }
    sqlx::query(concat!(
        "UPDATE calls SET invited = $2, participants = $3, ",
        bump!("$4"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(to_json(&invited))
    .bind(to_json(&participants))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    run(
        tx,
        "DELETE FROM call_participants WHERE call_id = $1",
        call_id.as_str(),
    )
    .await?;
    for one in &participants {
        sqlx::query(
            "INSERT INTO call_participants (name_folded, call_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(fold(&one.name))
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    }
    event::write(tx, &call_id, now, &[NewEvent::call()]).await
}

impl Store {
    /// Forgets a person: their name, address, password, sessions, tokens, notes to themselves, drafts and
    /// reactions are gone for good; comments and reviews that others saw keep their place without a name.
    /// Calls of theirs that are still there stay; delete those first that should go. A conflict for the last
    /// administrator. Forgetting twice is no error.
    #[tracing::instrument(name = "db.person.erase", level = "debug", skip_all)]
    pub async fn person_erase(&self, id: &UserId, actor: &Actor) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        user::lock_standing(&mut tx).await?;
        user::keep_an_admin_beside(&mut tx, id).await?;
        // Calls are locked before what hangs on them.
        let calls = sqlx::query(
            "SELECT id, invited, participants FROM calls WHERE participants LIKE $2 ESCAPE '\\' \
             OR id IN (SELECT call_id FROM call_invited WHERE user_id = $1) ORDER BY id",
        )
        .bind(id.as_str())
        .bind(format!("%\"{}\"%", id.as_str().replace('_', "\\_")))
        .fetch_all(&mut *tx)
        .await?;
        for row in &calls {
            leave_call(&mut tx, row, id, now).await?;
        }
        run(
            &mut tx,
            "DELETE FROM call_invited WHERE user_id = $1",
            id.as_str(),
        )
        .await?;
        let erased = sqlx::query(
            "UPDATE users SET name = $2, email = $3, email_folded = $3, password_hash = '!', \
               disabled_at = COALESCE(disabled_at, $4), erased_at = COALESCE(erased_at, $4) WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(FORMER_COLLEAGUE)
        .bind(format!("{}@erased.invalid", id.as_str().to_lowercase()))
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if erased.rows_affected() == 0 {
            return Err(StoreError::not_found("user", id));
        }
        for sql in THEIRS_ALONE {
            run(&mut tx, sql, id.as_str()).await?;
        }
        delete_anchored(&mut tx, id).await?;
        let entry = NewAudit::of(AuditAction::UserErase, "user", id.as_str());
        audit::write(&mut tx, now, actor, &entry).await?;
        erasure::note(&mut tx, id.as_str(), ErasureKind::Person, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets a person and, where nothing that others need names them, takes the account away, too; says whether
    /// it did.
    #[tracing::instrument(name = "db.person.remove", level = "debug", skip_all)]
    pub async fn person_remove(&self, id: &UserId, actor: &Actor) -> Result<bool> {
        self.person_erase(id, actor).await?;
        let mut tx = self.begin().await?;
        let removed = sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await;
        match removed {
            Ok(_) => {
                tx.commit().await?;
                Ok(true)
            }
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                tx.rollback().await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
