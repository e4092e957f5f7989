//! Consent: what is known of whether the people in a recording agreed to it.

use serde::{Deserialize, Serialize};

use crate::{TimeMs, id::UserId, user::names};

/// Whether those who are heard agreed to be recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nobody noted anything.
    #[default]
    Unknown,
    /// Everybody was asked and agreed.
    AllAgreed,
    /// Everybody was told that the call is recorded, and went on.
    NoticeGiven,
    /// Somebody did not agree.
    Refused,
}
names!(
    Consent,
    "consent",
    Unknown = "unknown",
    AllAgreed = "all_agreed",
    NoticeGiven = "notice_given",
    Refused = "refused",
);

/// What was noted of consent, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentRecord {
    /// What is known.
    pub status: Consent,
    /// How it was given, or where that can be read.
    pub note: Option<String>,
    /// Who noted it; `None` for nobody, and for those whose account is gone.
    pub noted_by: Option<UserId>,
    /// When.
    pub noted_at: Option<TimeMs>,
}
