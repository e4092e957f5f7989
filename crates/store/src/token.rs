//! API tokens. The database knows a hash of the token, never the token.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{TokenId, UserId},
    user::{Scope, User},
};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError,
    audit::{self, Actor, NewAudit},
    row::{Fields, clean},
    session::TOUCH_EVERY_MS,
    user::read_user,
};

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Who it acts for.
    pub user_id: UserId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// Hash of the token.
    pub token_hash: String,
    /// What it may do.
    pub scope: Scope,
    /// When it stops working; `None` for never.
    pub expires_at: Option<TimeMs>,
}

/// A token for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// Who it acts for.
    pub user_id: UserId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: TimeMs,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<TimeMs>,
    /// When it stops working; `None` for never.
    pub expires_at: Option<TimeMs>,
    /// When somebody took it back.
    pub revoked_at: Option<TimeMs>,
}

fn read_token(row: &AnyRow) -> Result<Token> {
    let fields = Fields::of(row, "tokens");
    Ok(Token {
        id: fields.parsed("token_id")?,
        user_id: fields.parsed("user_id")?,
        name: fields.text("token_name")?,
        scope: fields.parsed("scope")?,
        created_at: fields.int("token_created_at")?,
        last_used_at: fields.opt_int("last_used_at")?,
        expires_at: fields.opt_int("expires_at")?,
        revoked_at: fields.opt_int("revoked_at")?,
    })
}

macro_rules! token_columns {
    () => {
        "tokens.id AS token_id, tokens.user_id AS user_id, tokens.name AS token_name, tokens.scope AS scope, \
         tokens.created_at AS token_created_at, tokens.last_used_at AS last_used_at, \
         tokens.expires_at AS expires_at, tokens.revoked_at AS revoked_at"
    };
}

impl Store {
    /// Makes a token.
    #[tracing::instrument(name = "db.token.create", level = "debug", skip_all)]
    pub async fn token_create(&self, actor: &Actor, new: NewToken) -> Result<Token> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO tokens (id, user_id, name, token_hash, scope, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ",
            token_columns!()
        ))
        .bind(TokenId::new(now).as_str())
        .bind(new.user_id.as_str())
        .bind(clean(&new.name).as_ref())
        .bind(&new.token_hash)
        .bind(new.scope.as_str())
        .bind(now)
        .bind(new.expires_at)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| StoreError::or_taken(error, "token", "its secret is in use already"))?;
        let token = read_token(&row)?;
        let entry = NewAudit::of(AuditAction::TokenCreate, "token", token.id.as_str());
        let entry = entry.with(json!({"user_id": token.user_id, "scope": token.scope}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The token with this hash, and who it acts for; `None` when it is revoked or expired or the account
    /// is shut.
    #[tracing::instrument(name = "db.token.authenticate", level = "debug", skip_all)]
    pub async fn token_authenticate(&self, token_hash: &str) -> Result<Option<(Token, User)>> {
        let now = self.now();
        let row = sqlx::query(concat!(
            "SELECT ",
            token_columns!(),
            ", u.id, u.email, u.name, u.role, u.disabled_at, u.erased_at, u.created_at \
             FROM tokens JOIN users u ON u.id = tokens.user_id \
             WHERE tokens.token_hash = $1 AND tokens.revoked_at IS NULL \
               AND (tokens.expires_at IS NULL OR tokens.expires_at > $2) AND u.disabled_at IS NULL"
        ))
        .bind(clean(token_hash).as_ref())
        .bind(now)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (mut token, user) = (read_token(&row)?, read_user(&row)?);
        if token.last_used_at.is_none_or(|used| now - used >= TOUCH_EVERY_MS) {
            let mut tx = self.begin().await?;
            sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
                .bind(token.id.as_str())
                .bind(now)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            token.last_used_at = Some(now);
        }
        Ok(Some((token, user)))
    }

    /// All tokens of a person, also revoked and expired ones, the oldest first.
    #[tracing::instrument(name = "db.token.list", level = "debug", skip_all)]
    pub async fn token_list(&self, user_id: &UserId) -> Result<Vec<Token>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM tokens WHERE user_id = $1 ORDER BY created_at, id"
        ))
        .bind(user_id.as_str())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_token).collect()
    }

    /// Stops a token for good. With `owner`, only one of theirs is found. Revoking twice is no error.
    #[tracing::instrument(name = "db.token.revoke", level = "debug", skip_all)]
    pub async fn token_revoke(&self, actor: &Actor, id: &TokenId, owner: Option<&UserId>) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let revoked_before: Option<Option<TimeMs>> = sqlx::query_scalar(
            "UPDATE tokens SET name = name WHERE id = $1 AND ($2 IS NULL OR user_id = $2) RETURNING revoked_at",
        )
        .bind(id.as_str())
        .bind(owner.map(UserId::as_str))
        .fetch_optional(&mut *tx)
        .await?;
        match revoked_before {
            None => return Err(StoreError::not_found("token", id)),
            Some(Some(_)) => return Ok(()),
            Some(None) => {}
        }
        sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let entry = NewAudit::of(AuditAction::TokenRevoke, "token", id.as_str());
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
