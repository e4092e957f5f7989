//! Whether those who are heard in a call agreed to be recorded.

use gametape_core::consent::{Consent, ConsentRecord};
use gametape_store::NewConsent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{problem::Result, validate};

/// Whether those who are heard agreed to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ConsentStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsentName {
    /// Nobody noted anything.
    Unknown,
    /// Everybody was asked and agreed.
    AllAgreed,
    /// Everybody was told that the call is recorded, and went on.
    NoticeGiven,
    /// Somebody did not agree.
    Refused,
}

impl From<Consent> for ConsentName {
    fn from(consent: Consent) -> Self {
        match consent {
            Consent::Unknown => Self::Unknown,
            Consent::AllAgreed => Self::AllAgreed,
            Consent::NoticeGiven => Self::NoticeGiven,
            Consent::Refused => Self::Refused,
        }
    }
}

impl From<ConsentName> for Consent {
    fn from(name: ConsentName) -> Self {
        match name {
            ConsentName::Unknown => Self::Unknown,
            ConsentName::AllAgreed => Self::AllAgreed,
            ConsentName::NoticeGiven => Self::NoticeGiven,
            ConsentName::Refused => Self::Refused,
        }
    }
}

/// What was noted of consent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Consent)]
pub(crate) struct ConsentView {
    /// What is known.
    status: ConsentName,
    /// How it was given, or where that can be read.
    note: Option<String>,
    /// Who noted it; null for nobody, and for those whose account is gone.
    noted_by: Option<String>,
    /// When, in milliseconds since 1970.
    noted_at: Option<i64>,
}

impl From<ConsentRecord> for ConsentView {
    fn from(record: ConsentRecord) -> Self {
        Self {
            status: record.status.into(),
            note: record.note,
            noted_by: record.noted_by.map(Into::into),
            noted_at: record.noted_at,
        }
    }
}

/// What to note of consent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = ConsentChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentBody {
    /// What is known.
    status: ConsentName,
    /// How it was given, or where that can be read; 500 characters at most.
    note: Option<String>,
}

impl ConsentBody {
    pub(super) fn into_new(self) -> Result<NewConsent> {
        Ok(NewConsent {
            status: self.status.into(),
            note: self
                .note
                .map(|note| validate::text("consent.note", &note, 500))
                .transpose()?
                .filter(|note| !note.is_empty()),
        })
    }
}
