//! Teams, and who is in them.

use std::cmp::Ordering;

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{TeamId, UserId},
    team::Team,
};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    call::bump,
    conditions::{Conditions, Value},
    retention,
    row::{Fields, clean, fold},
};

const NAME_TAKEN: &str = "there is one of this name already";

/// Notes a change of a team.
async fn note(tx: &mut Tx, now: TimeMs, actor: &Actor, id: &TeamId, detail: serde_json::Value) -> Result<()> {
    let entry = NewAudit::of(AuditAction::TeamChange, "team", id.as_str()).with(detail);
    audit::write(tx, now, actor, &entry).await
}

/// Keeps others from changing or deleting a team until the transaction ends, and says its name; `None` when
/// it is gone.
pub(crate) async fn lock(tx: &mut Tx, id: &TeamId) -> Result<Option<String>> {
    let name = sqlx::query_scalar("UPDATE teams SET name = name WHERE id = $1 RETURNING name")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(name)
}

async fn lock_existing(tx: &mut Tx, id: &TeamId) -> Result<String> {
    lock(tx, id)
        .await?
        .ok_or_else(|| StoreError::not_found("team", id))
}

/// Adds somebody to a team; says whether they were not in it before. The caller knows that both are there.
pub(crate) async fn add(tx: &mut Tx, id: &TeamId, user_id: &UserId, now: TimeMs) -> Result<bool> {
    let added = sqlx::query(
        "INSERT INTO team_members (team_id, user_id, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (team_id, user_id) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(user_id.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// Teams out of rows of teams and their members, which come team by team.
fn read_teams(rows: &[AnyRow]) -> Result<Vec<Team>> {
    let mut teams: Vec<Team> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        let fields = Fields::of(row, "teams");
        let id: TeamId = fields.parsed("id")?;
        if teams.last().is_none_or(|team| team.id != id) {
            sort_members(teams.last_mut(), &mut names);
            teams.push(Team {
                id,
                name: fields.text("name")?,
                member_ids: Vec::new(),
                created_at: fields.int("created_at")?,
            });
        }
        if let (Some(user_id), Some(team)) = (fields.opt_parsed("user_id")?, teams.last_mut()) {
            team.member_ids.push(user_id);
            names.push(fold(&fields.text("user_name")?));
        }
    }
    sort_members(teams.last_mut(), &mut names);
    Ok(teams)
}

/// Puts the members of a team into the order of their names, which are forgotten. The engines would disagree
/// about letters beyond ASCII.
fn sort_members(team: Option<&mut Team>, names: &mut Vec<String>) {
    let names = std::mem::take(names);
    if let Some(team) = team {
        let mut members: Vec<_> = names
            .into_iter()
            .zip(std::mem::take(&mut team.member_ids))
            .collect();
        members.sort_by(|a, b| match a.0.cmp(&b.0) {
            Ordering::Equal => a.1.cmp(&b.1),
            other => other,
        });
        team.member_ids = members.into_iter().map(|(_, id)| id).collect();
    }
}

impl Store {
    async fn read_teams(&self, conditions: Conditions) -> Result<Vec<Team>> {
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "SELECT teams.id AS id, teams.name AS name, teams.created_at AS created_at, \
               m.user_id AS user_id, u.name AS user_name \
             FROM teams LEFT JOIN team_members m ON m.team_id = teams.id LEFT JOIN users u ON u.id = m.user_id \
             WHERE 1 = 1{sql} ORDER BY teams.name_folded, teams.id"
        );
        read_teams(&self.fetch(sql, values).await?)
    }

    /// Makes a team with nobody in it. A conflict when there is one of this name, without regard to case.
    #[tracing::instrument(name = "db.team.create", level = "debug", skip_all)]
    pub async fn team_create(&self, actor: &Actor, name: &str) -> Result<Team> {
        let now = self.now();
        let team = Team {
            id: TeamId::new(now),
            name: clean(name).into_owned(),
            member_ids: Vec::new(),
            created_at: now,
        };
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO teams (id, name, name_folded, created_at) VALUES ($1, $2, $3, $4)")
            .bind(team.id.as_str())
            .bind(&team.name)
            .bind(fold(name))
            .bind(now)
            .execute(&mut *tx)
            .await
            .map_err(|error| StoreError::or_taken(error, "team", NAME_TAKEN))?;
        note(&mut tx, now, actor, &team.id, json!({"made": team.name})).await?;
        tx.commit().await?;
        Ok(team)
    }

    /// All teams, in the order of their names.
    #[tracing::instrument(name = "db.team.list", level = "debug", skip_all)]
    pub async fn team_list(&self) -> Result<Vec<Team>> {
        self.read_teams(Conditions::default()).await
    }

    /// A team.
    #[tracing::instrument(name = "db.team.get", level = "debug", skip_all)]
    pub async fn team_get(&self, id: &TeamId) -> Result<Option<Team>> {
        let mut conditions = Conditions::default();
        conditions.and("teams.id = ?", [id.as_str()]);
        Ok(self.read_teams(conditions).await?.pop())
    }

    /// Those of these teams that there are, in the order of their names.
    #[tracing::instrument(name = "db.team.find", level = "debug", skip_all)]
    pub async fn team_find(&self, ids: &[TeamId]) -> Result<Vec<Team>> {
        let mut conditions = Conditions::default();
        conditions.and_in("teams.id", ids.iter().map(TeamId::as_str));
        self.read_teams(conditions).await
    }

    /// Gives a team another name. A conflict when another one has it, without regard to case.
    #[tracing::instrument(name = "db.team.rename", level = "debug", skip_all)]
    pub async fn team_rename(&self, actor: &Actor, id: &TeamId, name: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let before = lock_existing(&mut tx, id).await?;
        sqlx::query("UPDATE teams SET name = $2, name_folded = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(clean(name).as_ref())
            .bind(fold(name))
            .execute(&mut *tx)
            .await
            .map_err(|error| StoreError::or_taken(error, "team", NAME_TAKEN))?;
        let detail = json!({"name": {"before": before, "after": clean(name)}});
        note(&mut tx, self.now(), actor, id, detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a team. Its people and its calls stay: a call that its team could see is then seen by its
    /// owner and the people invited to it alone, until its owner says otherwise.
    #[tracing::instrument(name = "db.team.delete", level = "debug", skip_all)]
    pub async fn team_delete(&self, actor: &Actor, id: &TeamId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        // Calls before teams: who puts a call into this team just now holds the call, then wants the team.
        sqlx::query(concat!(
            "UPDATE calls SET team_id = NULL, ",
            bump!("$2"),
            " WHERE team_id = $1"
        ))
        .bind(id.as_str())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let name = lock_existing(&mut tx, id).await?;
        // Other rules reach its calls from now on.
        retention::pause(&mut tx, now).await?;
        sqlx::query("DELETE FROM teams WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        note(&mut tx, now, actor, id, json!({"deleted": name})).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts somebody into a team. Twice is no error. A conflict for those who asked to be forgotten.
    #[tracing::instrument(name = "db.team.add_member", level = "debug", skip_all)]
    pub async fn team_add_member(&self, actor: &Actor, id: &TeamId, user_id: &UserId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        lock_existing(&mut tx, id).await?;
        let erased: Option<Option<i64>> = sqlx::query_scalar("SELECT erased_at FROM users WHERE id = $1")
            .bind(user_id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        match erased {
            None => return Err(StoreError::not_found("user", user_id)),
            Some(Some(_)) => return Err(StoreError::conflict("user", "the account was erased")),
            Some(None) => {}
        }
        if add(&mut tx, id, user_id, now).await? {
            note(&mut tx, now, actor, id, json!({"added": user_id})).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes somebody out of a team. Their calls stay in it. Somebody who is not in it is no error.
    #[tracing::instrument(name = "db.team.remove_member", level = "debug", skip_all)]
    pub async fn team_remove_member(&self, actor: &Actor, id: &TeamId, user_id: &UserId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        lock_existing(&mut tx, id).await?;
        let removed = sqlx::query("DELETE FROM team_members WHERE team_id = $1 AND user_id = $2")
            .bind(id.as_str())
            .bind(user_id.as_str())
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() > 0 {
            note(&mut tx, now, actor, id, json!({"removed": user_id})).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Which of these teams everybody in `user_ids` is in; a helper for lists of people.
    pub(crate) async fn teams_of(&self, user_ids: &[UserId]) -> Result<Vec<(UserId, TeamId)>> {
        let mut conditions = Conditions::default();
        conditions.and_in("user_id", user_ids.iter().map(|id| Value::from(id.as_str())));
        let Conditions { sql, values } = conditions;
        let sql = format!("SELECT user_id, team_id FROM team_members WHERE 1 = 1{sql} ORDER BY team_id");
        let rows = self.fetch(sql, values).await?;
        rows.iter()
            .map(|row| {
                let fields = Fields::of(row, "team_members");
                Ok((fields.parsed("user_id")?, fields.parsed("team_id")?))
            })
            .collect()
    }
}
