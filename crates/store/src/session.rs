//! Browser sessions. The database knows a hash of the cookie, never the cookie.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{SessionId, UserId},
    user::User,
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    row::{Fields, clean},
    user::read_user,
};

/// How old `last_used_at` may get before it is written again: reading must not become writing.
pub(crate) const TOUCH_EVERY_MS: i64 = 60_000;

/// A session to make.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Who signed in.
    pub user_id: UserId,
    /// Hash of the cookie.
    pub token_hash: String,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// When it ends.
    pub expires_at: TimeMs,
}

/// A browser that somebody signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// When they signed in.
    pub created_at: TimeMs,
    /// When it was last used, give or take a minute.
    pub last_used_at: TimeMs,
    /// When it ends.
    pub expires_at: TimeMs,
}

fn read_session(row: &AnyRow) -> Result<Session> {
    let fields = Fields::of(row, "sessions");
    Ok(Session {
        id: fields.parsed("session_id")?,
        user_id: fields.parsed("user_id")?,
        user_agent: fields.opt_text("user_agent")?,
        address: fields.opt_text("address")?,
        created_at: fields.int("session_created_at")?,
        last_used_at: fields.int("last_used_at")?,
        expires_at: fields.int("expires_at")?,
    })
}

pub(crate) async fn delete_all_of(tx: &mut Tx, user_id: &UserId) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1")
        .bind(user_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// Makes a session.
    #[tracing::instrument(name = "db.session.create", level = "debug", skip_all)]
    pub async fn session_create(&self, new: NewSession) -> Result<Session> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO sessions (id, user_id, token_hash, user_agent, address, created_at, last_used_at, \
             expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7) \
             RETURNING id AS session_id, user_id, user_agent, address, created_at AS session_created_at, \
             last_used_at, expires_at",
        )
        .bind(SessionId::new(now).as_str())
        .bind(new.user_id.as_str())
        .bind(&new.token_hash)
        .bind(new.user_agent.as_deref().map(|text| clean(text).into_owned()))
        .bind(new.address.as_deref().map(|text| clean(text).into_owned()))
        .bind(now)
        .bind(new.expires_at)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| StoreError::or_taken(error, "session", "its secret is in use already"))?;
        let session = read_session(&row)?;
        let actor = Actor {
            user_id: Some(new.user_id),
            address: new.address,
        };
        let entry = NewAudit::of(AuditAction::SessionCreate, "session", session.id.as_str());
        audit::write(&mut tx, now, &actor, &entry).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// The session of a cookie, and who it belongs to; `None` when it has ended or the account is shut.
    #[tracing::instrument(name = "db.session.authenticate", level = "debug", skip_all)]
    pub async fn session_authenticate(&self, token_hash: &str) -> Result<Option<(Session, User)>> {
        let now = self.now();
        let row = sqlx::query(
            "SELECT s.id AS session_id, s.user_id, s.user_agent, s.address, \
               s.created_at AS session_created_at, s.last_used_at, s.expires_at, \
               u.id, u.email, u.name, u.role, u.disabled_at, u.erased_at, u.created_at \
             FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL",
        )
        .bind(clean(token_hash).as_ref())
        .bind(now)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (mut session, user) = (read_session(&row)?, read_user(&row)?);
        if now - session.last_used_at >= TOUCH_EVERY_MS {
            let mut tx = self.begin().await?;
            sqlx::query("UPDATE sessions SET last_used_at = $2 WHERE id = $1")
                .bind(session.id.as_str())
                .bind(now)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            session.last_used_at = now;
        }
        Ok(Some((session, user)))
    }

    /// The sessions of a person that have not ended, the newest first.
    #[tracing::instrument(name = "db.session.list", level = "debug", skip_all)]
    pub async fn session_list(&self, user_id: &UserId) -> Result<Vec<Session>> {
        let rows = sqlx::query(
            "SELECT id AS session_id, user_id, user_agent, address, created_at AS session_created_at, \
             last_used_at, expires_at FROM sessions WHERE user_id = $1 AND expires_at > $2 \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(user_id.as_str())
        .bind(self.now())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_session).collect()
    }

    /// Ends a session of `owner`. One that has ended already is not found.
    #[tracing::instrument(name = "db.session.delete", level = "debug", skip_all)]
    pub async fn session_delete(&self, actor: &Actor, id: &SessionId, owner: &UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
            .bind(id.as_str())
            .bind(owner.as_str())
            .execute(&mut *tx)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::not_found("session", id));
        }
        let entry = NewAudit::of(AuditAction::SessionDelete, "session", id.as_str());
        audit::write(&mut tx, self.now(), actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes sessions that have expired, and says how many.
    #[tracing::instrument(name = "db.session.sweep", level = "debug", skip_all)]
    pub async fn session_sweep(&self) -> Result<usize> {
        let mut tx = self.begin().await?;
        let swept = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(self.now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(swept.rows_affected() as usize)
    }
}
