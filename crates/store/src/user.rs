//! People with an account.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{TeamId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    user::{Role, User},
};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    conditions::Conditions,
    invitation,
    row::{Fields, clean, fold},
};

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Sign-in name; unique without regard to case.
    pub email: String,
    /// As shown to colleagues.
    pub name: String,
    /// What they do here.
    pub role: Role,
    /// The hash of the password, never the password.
    pub password_hash: String,
}

/// What to change about an account; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether the account may not sign in.
    pub disabled: Option<bool>,
}

macro_rules! user_columns {
    () => {
        "id, email, name, role, disabled_at, erased_at, created_at"
    };
}

pub(crate) fn read_user(row: &AnyRow) -> Result<User> {
    let fields = Fields::of(row, "users");
    Ok(User {
        id: fields.parsed("id")?,
        email: fields.text("email")?,
        name: fields.text("name")?,
        role: fields.parsed("role")?,
        disabled_at: fields.opt_int("disabled_at")?,
        erased_at: fields.opt_int("erased_at")?,
        created_at: fields.int("created_at")?,
    })
}

/// Makes an account.
pub(crate) async fn insert(tx: &mut Tx, new: &NewUser, now: TimeMs) -> Result<User> {
    let row = sqlx::query(concat!(
        "INSERT INTO users (id, email, email_folded, name, role, password_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ",
        user_columns!()
    ))
    .bind(UserId::new(now).as_str())
    .bind(clean(&new.email).as_ref())
    .bind(fold(&new.email))
    .bind(clean(&new.name).as_ref())
    .bind(new.role.as_str())
    .bind(&new.password_hash)
    .bind(now)
    .fetch_one(&mut **tx)
    .await
    .map_err(|error| StoreError::or_taken(error, "user", "the address has an account already"))?;
    read_user(&row)
}

/// Lets one at a time change who is an administrator: the oldest account is the one that all of them lock.
/// Otherwise two administrators could take the role from each other at once, and nobody would have it.
pub(crate) async fn lock_standing(tx: &mut Tx) -> Result<()> {
    sqlx::query(
        "UPDATE users SET role = role WHERE id = (SELECT id FROM users ORDER BY created_at, id LIMIT 1)",
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn is_working_admin(user: &User) -> bool {
    user.role == Role::Admin && user.disabled_at.is_none()
}

/// Refuses to leave the installation without anybody who runs it.
pub(crate) async fn keep_an_admin_beside(tx: &mut Tx, id: &UserId) -> Result<()> {
    let others: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1",
    )
    .bind(id.as_str())
    .fetch_one(&mut **tx)
    .await?;
    if others == 0 {
        return Err(StoreError::conflict("user", "nobody else is an administrator"));
    }
    Ok(())
}

/// Notes what changed about the standing of an account.
async fn note_standing(tx: &mut Tx, now: TimeMs, actor: &Actor, before: &User, after: &User) -> Result<()> {
    let id = after.id.as_str();
    if before.role != after.role {
        let detail = json!({"before": before.role, "after": after.role});
        let entry = NewAudit::of(AuditAction::UserRole, "user", id).with(detail);
        audit::write(tx, now, actor, &entry).await?;
    }
    if before.disabled_at.is_some() != after.disabled_at.is_some() {
        let action = match after.disabled_at {
            Some(_) => AuditAction::UserDisable,
            None => AuditAction::UserEnable,
        };
        audit::write(tx, now, actor, &NewAudit::of(action, "user", id)).await?;
    }
    Ok(())
}

impl Store {
    /// Makes an account. A conflict when the address has one already.
    #[tracing::instrument(name = "db.user.create", level = "debug", skip_all)]
    pub async fn user_create(&self, actor: &Actor, new: NewUser) -> Result<User> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let user = insert(&mut tx, &new, now).await?;
        let entry = NewAudit::of(AuditAction::UserCreate, "user", user.id.as_str());
        let entry = entry.with(json!({"role": user.role}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// An account.
    #[tracing::instrument(name = "db.user.get", level = "debug", skip_all)]
    pub async fn user_get(&self, id: &UserId) -> Result<Option<User>> {
        let row = sqlx::query(concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// The teams that somebody is in.
    #[tracing::instrument(name = "db.user.team_ids", level = "debug", skip_all)]
    pub async fn user_team_ids(&self, id: &UserId) -> Result<Vec<TeamId>> {
        let rows = sqlx::query("SELECT team_id FROM team_members WHERE user_id = $1 ORDER BY team_id")
            .bind(id.as_str())
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| Fields::of(row, "team_members").parsed("team_id"))
            .collect()
    }

    /// The account of an address, without regard to case, with the hash of its password.
    #[tracing::instrument(name = "db.user.find_by_email", level = "debug", skip_all)]
    pub async fn user_find_by_email(&self, email: &str) -> Result<Option<(User, String)>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            user_columns!(),
            ", password_hash FROM users WHERE email_folded = $1"
        ))
        .bind(fold(email))
        .fetch_optional(self.read())
        .await?;
        row.map(|row| Ok((read_user(&row)?, Fields::of(&row, "users").text("password_hash")?)))
            .transpose()
    }

    /// All accounts, the oldest first.
    #[tracing::instrument(name = "db.user.list", level = "debug", skip_all)]
    pub async fn user_list(&self, page: &PageRequest) -> Result<Page<User>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let after = page.after.clone().unwrap_or(Cursor {
            key: i64::MIN,
            id: String::new(),
        });
        let rows = sqlx::query(concat!(
            "SELECT ",
            user_columns!(),
            " FROM users WHERE created_at > $1 OR (created_at = $1 AND id > $2) \
             ORDER BY created_at, id LIMIT $3"
        ))
        .bind(after.key)
        .bind(clean(&after.id).as_ref())
        .bind(i64::from(limit) + 1)
        .fetch_all(self.read())
        .await?;
        let users = rows.iter().map(read_user).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(users, limit, |user| Cursor {
            key: user.created_at,
            id: user.id.to_string(),
        }))
    }

    /// Those of these ids that belong to nobody.
    #[tracing::instrument(name = "db.user.unknown", level = "debug", skip_all)]
    pub async fn user_unknown(&self, ids: &[UserId]) -> Result<Vec<UserId>> {
        let mut conditions = Conditions::default();
        conditions.and_in("id", ids.iter().map(UserId::as_str));
        let Conditions { sql, values } = conditions;
        let rows = self
            .fetch(format!("SELECT id FROM users WHERE 1 = 1{sql}"), values)
            .await?;
        let known = rows
            .iter()
            .map(|row| Fields::of(row, "users").parsed("id"))
            .collect::<Result<Vec<UserId>>>()?;
        Ok(ids.iter().filter(|id| !known.contains(id)).cloned().collect())
    }

    /// Gives an account another password, and ends all its sessions.
    #[tracing::instrument(name = "db.user.set_password", level = "debug", skip_all)]
    pub async fn user_set_password(&self, actor: &Actor, id: &UserId, password_hash: &str) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let changed = sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(password_hash)
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::not_found("user", id));
        }
        crate::session::delete_all_of(&mut tx, id).await?;
        let entry = NewAudit::of(AuditAction::UserPassword, "user", id.as_str());
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes an account. Shutting it ends all its sessions and stops its tokens. Who ceases to run the
    /// installation leaves no open invitations behind. A conflict for the last administrator who can sign in,
    /// and for those who asked to be forgotten.
    #[tracing::instrument(name = "db.user.update", level = "debug", skip_all)]
    pub async fn user_update(&self, actor: &Actor, id: &UserId, patch: UserPatch) -> Result<User> {
        let now = self.now();
        let mut tx = self.begin().await?;
        if patch.role.is_some() || patch.disabled.is_some() {
            lock_standing(&mut tx).await?;
        }
        let row = sqlx::query(concat!(
            "UPDATE users SET name = COALESCE($2, name) WHERE id = $1 RETURNING ",
            user_columns!()
        ))
        .bind(id.as_str())
        .bind(patch.name.as_deref().map(|name| clean(name).into_owned()))
        .fetch_optional(&mut *tx)
        .await?;
        let before = row.as_ref().map(read_user).transpose()?;
        let before = before.ok_or_else(|| StoreError::not_found("user", id))?;
        if before.erased_at.is_some() {
            return Err(StoreError::conflict("user", "the account was erased"));
        }
        let mut after = before.clone();
        after.role = patch.role.unwrap_or(before.role);
        after.disabled_at = match patch.disabled {
            Some(true) => before.disabled_at.or(Some(now)),
            Some(false) => None,
            None => before.disabled_at,
        };
        if is_working_admin(&before) && !is_working_admin(&after) {
            keep_an_admin_beside(&mut tx, id).await?;
            invitation::revoke_all_of(&mut tx, actor, id, now).await?;
        }
        sqlx::query("UPDATE users SET role = $2, disabled_at = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(after.role.as_str())
            .bind(after.disabled_at)
            .execute(&mut *tx)
            .await?;
        if after.disabled_at.is_some() {
            crate::session::delete_all_of(&mut tx, id).await?;
        }
        note_standing(&mut tx, now, actor, &before, &after).await?;
        tx.commit().await?;
        Ok(after)
    }
}
