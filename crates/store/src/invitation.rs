//! Invitations: links that make an account, once. The database knows a hash of what the link holds.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{InvitationId, TeamId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    team::Invitation,
    user::{Role, User},
};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    row::{Fields, clean, to_json},
    team,
    user::{self, NewUser},
};

/// An invitation to make.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Who invites.
    pub created_by: UserId,
    /// Hash of what the link holds.
    pub token_hash: String,
    /// Who it is meant for, if it was said.
    pub email: Option<String>,
    /// What they will do here.
    pub role: Role,
    /// The teams they will be in; those that are gone by then are left out.
    pub team_ids: Vec<TeamId>,
    /// When it stops working.
    pub expires_at: TimeMs,
}

macro_rules! invitation_columns {
    () => {
        "id, email, role, teams, created_by, created_at, expires_at, accepted_by, accepted_at, revoked_at"
    };
}

fn read_invitation(row: &AnyRow) -> Result<Invitation> {
    let fields = Fields::of(row, "invitations");
    Ok(Invitation {
        id: fields.parsed("id")?,
        email: fields.opt_text("email")?,
        role: fields.parsed("role")?,
        team_ids: fields.json("teams")?,
        created_by: fields.parsed("created_by")?,
        created_at: fields.int("created_at")?,
        expires_at: fields.int("expires_at")?,
        accepted: fields
            .opt_parsed("accepted_by")?
            .zip(fields.opt_int("accepted_at")?),
        revoked_at: fields.opt_int("revoked_at")?,
    })
}

/// What people are told of a link that doesn't work: not why, because whoever asks may have no business here.
fn no_such_link() -> StoreError {
    StoreError::not_found("invitation", &"of this link")
}

/// Takes back the open invitations of somebody who may not invite any more.
pub(crate) async fn revoke_all_of(
    tx: &mut Tx,
    actor: &Actor,
    created_by: &UserId,
    now: TimeMs,
) -> Result<()> {
    let revoked: Vec<String> = sqlx::query_scalar(
        "UPDATE invitations SET revoked_at = $2 \
         WHERE created_by = $1 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING id",
    )
    .bind(created_by.as_str())
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    for id in &revoked {
        let entry = NewAudit::of(AuditAction::InvitationRevoke, "invitation", id);
        audit::write(tx, now, actor, &entry).await?;
    }
    Ok(())
}

impl Store {
    /// Makes an invitation.
    #[tracing::instrument(name = "db.invitation.create", level = "debug", skip_all)]
    pub async fn invitation_create(&self, actor: &Actor, new: NewInvitation) -> Result<Invitation> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO invitations (id, token_hash, email, role, teams, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ",
            invitation_columns!()
        ))
        .bind(InvitationId::new(now).as_str())
        .bind(&new.token_hash)
        .bind(new.email.as_deref().map(|text| clean(text).into_owned()))
        .bind(new.role.as_str())
        .bind(to_json(&new.team_ids))
        .bind(new.created_by.as_str())
        .bind(now)
        .bind(new.expires_at)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| StoreError::or_taken(error, "invitation", "its secret is in use already"))?;
        let invitation = read_invitation(&row)?;
        let entry = NewAudit::of(
            AuditAction::InvitationCreate,
            "invitation",
            invitation.id.as_str(),
        );
        let entry = entry.with(json!({"role": new.role, "team_ids": new.team_ids}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(invitation)
    }

    /// All invitations, also those that are over, the newest first.
    #[tracing::instrument(name = "db.invitation.list", level = "debug", skip_all)]
    pub async fn invitation_list(&self, page: &PageRequest) -> Result<Page<Invitation>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let after = page.after.clone().unwrap_or(Cursor {
            key: i64::MAX,
            id: String::new(),
        });
        let rows = sqlx::query(concat!(
            "SELECT ",
            invitation_columns!(),
            " FROM invitations WHERE created_at <= $1 AND (created_at < $1 OR id < $2) \
             ORDER BY created_at DESC, id DESC LIMIT $3"
        ))
        .bind(after.key)
        .bind(clean(&after.id).as_ref())
        .bind(i64::from(limit) + 1)
        .fetch_all(self.read())
        .await?;
        let invitations = rows.iter().map(read_invitation).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(invitations, limit, |invitation| Cursor {
            key: invitation.created_at,
            id: invitation.id.to_string(),
        }))
    }

    /// The invitation of a link; `None` when it was accepted, was taken back, or has expired.
    #[tracing::instrument(name = "db.invitation.open", level = "debug", skip_all)]
    pub async fn invitation_open(&self, token_hash: &str) -> Result<Option<Invitation>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            invitation_columns!(),
            " FROM invitations WHERE token_hash = $1"
        ))
        .bind(clean(token_hash).as_ref())
        .fetch_optional(self.read())
        .await?;
        let invitation = row.as_ref().map(read_invitation).transpose()?;
        Ok(invitation.filter(|invitation| invitation.is_open(self.now())))
    }

    /// Makes the account that an invitation offers, with its role and teams, and uses the invitation up. `new`
    /// says the rest; its role doesn't count. Not found when the link doesn't work; a conflict, which leaves
    /// it working, when the address has an account already.
    #[tracing::instrument(name = "db.invitation.accept", level = "debug", skip_all)]
    pub async fn invitation_accept(
        &self,
        token_hash: &str,
        new: NewUser,
        address: Option<String>,
    ) -> Result<User> {
        let now = self.now();
        let mut tx = self.begin().await?;
        // Of several that come at once, the first locks the row, and the others find it used.
        let row = sqlx::query(concat!(
            "UPDATE invitations SET accepted_at = $2 WHERE token_hash = $1 AND accepted_at IS NULL \
               AND revoked_at IS NULL AND expires_at > $2 RETURNING ",
            invitation_columns!()
        ))
        .bind(clean(token_hash).as_ref())
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let invitation = row.as_ref().map(read_invitation).transpose()?;
        let invitation = invitation.ok_or_else(no_such_link)?;
        let new = NewUser {
            role: invitation.role,
            ..new
        };
        let user = user::insert(&mut tx, &new, now).await?;
        // In one order everywhere, so that two people who accept don't wait for each other in a circle.
        let mut team_ids = invitation.team_ids.clone();
        team_ids.sort();
        for team_id in &team_ids {
            if team::lock(&mut tx, team_id).await?.is_some() {
                team::add(&mut tx, team_id, &user.id, now).await?;
            }
        }
        sqlx::query("UPDATE invitations SET accepted_by = $2 WHERE id = $1")
            .bind(invitation.id.as_str())
            .bind(user.id.as_str())
            .execute(&mut *tx)
            .await?;
        let actor = Actor {
            user_id: Some(user.id.clone()),
            address,
        };
        let entry = NewAudit::of(AuditAction::UserCreate, "user", user.id.as_str());
        let entry = entry.with(json!({"role": user.role, "invitation_id": invitation.id}));
        audit::write(&mut tx, now, &actor, &entry).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Takes an invitation back. Twice is no error; one that was accepted is a conflict.
    #[tracing::instrument(name = "db.invitation.revoke", level = "debug", skip_all)]
    pub async fn invitation_revoke(&self, actor: &Actor, id: &InvitationId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "UPDATE invitations SET role = role WHERE id = $1 RETURNING ",
            invitation_columns!()
        ))
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let invitation = row.as_ref().map(read_invitation).transpose()?;
        let invitation = invitation.ok_or_else(|| StoreError::not_found("invitation", id))?;
        if invitation.accepted.is_some() {
            return Err(StoreError::conflict("invitation", "it was accepted already"));
        }
        if invitation.revoked_at.is_some() {
            return Ok(());
        }
        sqlx::query("UPDATE invitations SET revoked_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let entry = NewAudit::of(AuditAction::InvitationRevoke, "invitation", id.as_str());
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
