//! People with an account.

use gametape_core::{
    id::{TeamId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    user::{Role, User},
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError,
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

impl Store {
    /// Makes an account. A conflict when the address has one already.
    #[tracing::instrument(name = "db.user.create", level = "debug", skip_all)]
    pub async fn user_create(&self, new: NewUser) -> Result<User> {
        let now = self.now();
        let mut tx = self.begin().await?;
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
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| StoreError::or_taken(error, "user", "the address has an account already"))?;
        let user = read_user(&row)?;
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

    /// Gives an account another password, and ends all its sessions.
    #[tracing::instrument(name = "db.user.set_password", level = "debug", skip_all)]
    pub async fn user_set_password(&self, id: &UserId, password_hash: &str) -> Result<()> {
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
        tx.commit().await?;
        Ok(())
    }

    /// Shuts an account, which ends all its sessions and stops its tokens, or opens it again.
    #[tracing::instrument(name = "db.user.set_disabled", level = "debug", skip_all)]
    pub async fn user_set_disabled(&self, id: &UserId, disabled: bool) -> Result<()> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query("UPDATE users SET disabled_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(disabled.then(|| self.now()))
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::not_found("user", id));
        }
        if disabled {
            crate::session::delete_all_of(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
