//! Teams: people who see each other's calls.

use crate::{
    TimeMs,
    id::{InvitationId, TeamId, UserId},
    user::Role,
};

/// People who see each other's calls. A person may be in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// As it is called, unique without regard to case.
    pub name: String,
    /// Who is in it, in the order of their names.
    pub member_ids: Vec<UserId>,
    /// When it was made.
    pub created_at: TimeMs,
}

/// A link that makes an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// Who it is meant for, if it was said.
    pub email: Option<String>,
    /// What they will do here.
    pub role: Role,
    /// The teams they will be in.
    pub team_ids: Vec<TeamId>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: TimeMs,
    /// When it stops working.
    pub expires_at: TimeMs,
    /// Who came, and when.
    pub accepted: Option<(UserId, TimeMs)>,
    /// When it was taken back.
    pub revoked_at: Option<TimeMs>,
}

impl Invitation {
    /// Whether it can still be accepted.
    pub fn is_open(&self, now: TimeMs) -> bool {
        self.accepted.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}
