//! How much people and teams may have here: the settings, held against what the store counts.

use gametape_core::id::{TeamId, UserId};
use gametape_store::{Limit, UploadLimits};

use crate::{ApiConfig, ApiState, problem::Result};

/// A setting as the store has it; 0 stands for none.
fn bytes(setting: u64) -> i64 {
    i64::try_from(setting).unwrap_or(i64::MAX)
}

/// The limits of one person's uploads.
pub(crate) fn of_person(config: &ApiConfig) -> UploadLimits {
    UploadLimits {
        open_uploads: i64::from(config.max_open_uploads),
        person_bytes: bytes(config.person_quota_bytes),
    }
}

/// Refuses `more_bytes` that a person has no room for. Uploads whose length is known were checked when they began.
pub(crate) async fn check_person(state: &ApiState, user_id: &UserId, more_bytes: i64) -> Result<()> {
    let most = bytes(state.config.person_quota_bytes);
    if most == 0 {
        return Ok(());
    }
    let usage = state.store.usage_of_person(user_id).await?;
    Ok(usage.check(more_bytes, most)?)
}

/// Refuses `more_bytes` that a team has no room for. Two calls that are put into it at the same moment may both
/// find the last room.
pub(crate) async fn check_team(state: &ApiState, team_id: &TeamId, more_bytes: i64) -> Result<()> {
    let most = bytes(state.config.team_quota_bytes);
    if most == 0 {
        return Ok(());
    }
    let used = state.store.usage_of_team(team_id).await?;
    Ok(Limit::TeamBytes.check(used, more_bytes, most)?)
}
