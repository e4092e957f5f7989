//! Identifiers: a prefix that names the thing, and a ULID, so that ids sort by age.

use std::{
    collections::VecDeque,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::TimeMs;

/// Text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a {kind} id: expected {kind}_ and 26 letters or digits")]
pub struct InvalidId {
    kind: &'static str,
    text: String,
}

/// Milliseconds whose last ULID is remembered.
const RECENT_MILLISECONDS: usize = 64;

/// Makes ULIDs. Within a millisecond the last one is counted on, as the ULID specification has it
/// (<https://github.com/ulid/spec#monotonicity>), so that what is made in order stays in order.
struct Ulids {
    /// The last one of each millisecond that was asked for lately: threads that took the time one after the other
    /// don't come here in that order.
    recent: VecDeque<Ulid>,
}

impl Ulids {
    const fn new() -> Self {
        Self {
            recent: VecDeque::new(),
        }
    }

    fn next(&mut self, now: TimeMs) -> Ulid {
        let ms = now.max(0) as u64;
        let fresh = || Ulid::from_datetime(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms));
        if let Some(last) = self.recent.iter_mut().find(|last| last.timestamp_ms() == ms) {
            *last = last.increment().unwrap_or_else(|_| fresh());
            return *last;
        }
        if self.recent.len() == RECENT_MILLISECONDS {
            self.recent.pop_front();
        }
        let first = fresh();
        self.recent.push_back(first);
        first
    }
}

static ULIDS: Mutex<Ulids> = Mutex::new(Ulids::new());

fn next_ulid(now: TimeMs) -> Ulid {
    ULIDS.lock().unwrap_or_else(PoisonError::into_inner).next(now)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, unique, that sorts behind those made in earlier milliseconds, and behind those that this
            /// process made in the same one.
            pub fn new(now: TimeMs) -> Self {
                Self(format!("{}_{}", $prefix, next_ulid(now)))
            }

            /// The text form, as in URLs and the database.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid = text
                    .strip_prefix(concat!($prefix, "_"))
                    .is_some_and(|ulid| ulid.len() == 26 && ulid.bytes().all(|b| b.is_ascii_alphanumeric()));
                if valid {
                    Ok(Self(text.to_owned()))
                } else {
                    let text = text.chars().take(64).collect();
                    Err(InvalidId { kind: $prefix, text })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

ids! {
    /// A person with an account.
    UserId = "user";
    /// A browser session.
    SessionId = "session";
    /// An API token.
    TokenId = "token";
    /// One recorded conversation.
    CallId = "call";
    /// The stored media of one or more calls.
    RecordingId = "rec";
    /// A file on its way in.
    UploadId = "upload";
    /// One version of the words of a call.
    TranscriptId = "transcript";
    /// One speaker's stretch of a transcript.
    SegmentId = "seg";
    /// A unit of background work.
    JobId = "job";
    /// A group of people who see each other's calls.
    TeamId = "team";
    /// A link that makes an account.
    InvitationId = "invite";
    /// An entry of the audit log.
    AuditId = "audit";
    /// A place in a call.
    AnchorId = "anchor";
    /// A note on a call, or an answer to one.
    CommentId = "comment";
    /// A comment that somebody writes often.
    TemplateId = "template";
    /// A correction of a transcript.
    EditId = "edit";
    /// A scorecard template.
    RubricId = "rubric";
    /// One line of a rubric; the same in all its versions.
    CriterionId = "crit";
    /// One person's scorecard for one call.
    ReviewId = "review";
    /// A place that a score rests on.
    EvidenceId = "evidence";
    /// A step in the life of a review.
    ReviewStepId = "step";
    /// A rule for how long calls are kept.
    RetentionRuleId = "rule";
    /// A person asked for a review of a call.
    RequestId = "request";
    /// Something that somebody is told.
    NoticeId = "notice";
    /// A stretch of a call that carries comments or scores.
    MomentId = "moment";
    /// A list of phrases to look for.
    TrackerId = "tracker";
}

impl RubricId {
    /// An id that is the same everywhere.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl CriterionId {
    /// An id that is the same everywhere.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_text_and_refuse_other_kinds() {
        let id = CallId::new(1_700_000_000_000);
        assert_eq!(id.as_str().parse::<CallId>().unwrap(), id);
        assert!(id.as_str().parse::<JobId>().is_err());
        assert!("call_../../etc/passwd".parse::<CallId>().is_err());
        assert!(serde_json::from_str::<CallId>("\"call_x\"").is_err());
    }

    #[test]
    fn ids_sort_by_age() {
        assert!(CallId::new(1_000) < CallId::new(2_000));
        // With a maker of its own: other tests take ids of other times between these.
        let mut ulids = Ulids::new();
        let made: Vec<_> = (0..100)
            .map(|n| {
                // Another thread is a little ahead, or behind.
                ulids.next(2_990 + n % 20);
                ulids.next(3_000)
            })
            .collect();
        assert!(made.is_sorted_by(|one, next| one < next), "{made:?}");
        assert!(ulids.next(3_001) > made[99]);
        for now in 0..1_000 {
            ulids.next(now);
        }
        assert_eq!(ulids.recent.len(), RECENT_MILLISECONDS);
    }
}
