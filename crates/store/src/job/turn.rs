//! Whose turn it is: every team that waits gets one call done, then the next one.
//!
//! A job has a number, its turn, and lower goes first. The turns of a team's calls follow each other by one, so a
//! team with a thousand calls has a thousand turns, and the first call of another team comes in at the lowest. All
//! of that is known when a job is made; claiming follows an index and compares nothing.

use gametape_core::{TimeMs, call::Call, id::CallId, job::Priority};

use crate::{Result, Store, Tx, conditions::Conditions, row::Fields};

/// The clock, which is what waits for a worker first, or where nothing waits the last turn of what is being worked
/// on; and the last turn of a key. `$1` now, `$2` and `$3` the turns of the priority, `$4` the key. Every part of it
/// is the end of an index.
const NEXT_TURN: &str = "SELECT COALESCE( \
       (SELECT turn FROM jobs WHERE state = 'queued' AND run_at <= $1 AND turn >= $2 AND turn < $3 \
          ORDER BY turn LIMIT 1), \
       (SELECT turn FROM jobs WHERE state = 'running' AND turn >= $2 AND turn < $3 \
          ORDER BY turn DESC LIMIT 1)) AS clock, \
     (SELECT turn FROM jobs WHERE state IN ('queued', 'running') AND fair_key = $4 \
        ORDER BY turn DESC LIMIT 1) AS last";

/// Whose turns deletions take: nobody waits for one, and together they count as one team.
const DELETIONS: &str = "deletions";

/// A place in the queue.
pub(super) struct Place {
    /// Whose turns these are: a team, or a person for calls without one; and the priority.
    pub(super) fair_key: String,
    pub(super) turn: i64,
}

fn fair_key(whose: &str, priority: Priority) -> String {
    format!("{whose}:{priority}")
}

/// The place of a stage of a call; the stages after the first keep their `turn`.
pub(super) async fn place_of_call(
    tx: &mut Tx,
    call_id: &CallId,
    turn: Option<i64>,
    now: TimeMs,
) -> Result<Place> {
    let row = sqlx::query("SELECT COALESCE(team_id, owner_id) AS whose, priority FROM calls WHERE id = $1")
        .bind(call_id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    let fields = Fields::of(&row, "calls");
    let priority: Priority = fields.parsed("priority")?;
    let fair_key = fair_key(&fields.text("whose")?, priority);
    let turn = match turn {
        Some(turn) => turn,
        None => next_turn(tx, priority, &fair_key, now).await?,
    };
    Ok(Place { fair_key, turn })
}

pub(super) async fn place_of_deletion(tx: &mut Tx, now: TimeMs) -> Result<Place> {
    let fair_key = DELETIONS.to_owned();
    let turn = next_turn(tx, Priority::Normal, &fair_key, now).await?;
    Ok(Place { fair_key, turn })
}

/// The turn of what comes now.
async fn next_turn(tx: &mut Tx, priority: Priority, fair_key: &str, now: TimeMs) -> Result<i64> {
    let (from, to) = priority.turns();
    let row = sqlx::query(NEXT_TURN)
        .bind(now)
        .bind(from)
        .bind(to)
        .bind(fair_key)
        .fetch_one(&mut **tx)
        .await?;
    let fields = Fields::of(&row, "jobs");
    Ok(priority.turn(fields.opt_int("clock")?, fields.opt_int("last")?))
}

/// Gives the open job of a call a new place, with another priority.
pub(crate) async fn move_stage(tx: &mut Tx, call: &Call, priority: Priority, now: TimeMs) -> Result<()> {
    let whose = match &call.team_id {
        Some(team_id) => team_id.as_str(),
        None => call.owner_id.as_str(),
    };
    let fair_key = fair_key(whose, priority);
    let turn = next_turn(tx, priority, &fair_key, now).await?;
    sqlx::query(
        "UPDATE jobs SET fair_key = $2, turn = $3 WHERE call_id = $1 AND state IN ('queued', 'running')",
    )
    .bind(call.id.as_str())
    .bind(&fair_key)
    .bind(turn)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// How the engine finds the place of a new job, in its own words. For tests.
    pub async fn job_turn_plan(&self) -> Result<String> {
        let next = Conditions {
            sql: NEXT_TURN.to_owned(),
            values: vec![1.into(), 0.into(), i64::MAX.into(), "team:normal".into()],
        };
        self.explain(next).await
    }
}
