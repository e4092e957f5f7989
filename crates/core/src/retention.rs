//! Retention: how long calls are kept, and what keeps one from going.
//!
//! A rule is for the calls of one team or of all, with one label or with any, and says after how many days either
//! the recording goes or the whole call. Rules for recordings and for whole calls don't stand in each other's way.
//! Among those of one kind that a call meets the most specific one decides: team and label, then label, then team,
//! then everything. Where two are equally specific (a call with two labels), the one that keeps it for less time
//! does. A rule may keep calls for good, so that others that are less specific don't reach them.
//!
//! Days count from when the call was made here, which nobody can change.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{RetentionRuleId, TeamId, UserId},
    user::names,
};

/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// The longest time that a rule may name, in days: a hundred years.
pub const MAX_KEEP_DAYS: i64 = 36_525;

/// After any change to the rules nothing goes by them for this long: time to notice a mistake.
pub const GRACE_MS: i64 = DAY_MS;

/// Owners are told this long before something of their calls goes.
pub const NOTICE_MS: i64 = 7 * DAY_MS;

/// What goes when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionTarget {
    /// The recording with its waveform; transcript, comments and reviews stay.
    Recording,
    /// The call with all that belongs to it.
    Call,
}
names!(
    RetentionTarget,
    "retention target",
    Recording = "recording",
    Call = "call"
);

/// How long some calls are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// Which.
    pub id: RetentionRuleId,
    /// Of which team; `None` for all calls.
    pub team_id: Option<TeamId>,
    /// With which label, as it was written; `None` for any and none.
    pub tag: Option<String>,
    /// What goes.
    pub target: RetentionTarget,
    /// After how many days; `None` keeps it for good.
    pub keep_days: Option<i64>,
    /// Nothing goes by it before.
    pub effective_at: TimeMs,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: TimeMs,
}

impl RetentionRule {
    /// The higher, the more specific.
    fn rank(&self) -> u8 {
        u8::from(self.tag.is_some()) * 2 + u8::from(self.team_id.is_some())
    }
}

/// What rules look at in a call.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its team.
    pub team_id: Option<&'a TeamId>,
    /// Its labels.
    pub tags: &'a [String],
    /// When it was made here.
    pub created_at: TimeMs,
    /// Whether there is a recording that could go.
    pub has_recording: bool,
}

/// When something goes, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<'r> {
    /// Not before this time.
    pub at: TimeMs,
    /// The rule that decides.
    pub rule: &'r RetentionRule,
}

/// What becomes of a call by the rules, if nobody holds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate<'r> {
    /// When its recording goes, if that is before the call.
    pub recording: Option<Due<'r>>,
    /// When the whole call goes.
    pub call: Option<Due<'r>>,
}

impl<'r> Fate<'r> {
    /// What happens first.
    pub fn first(&self) -> Option<Due<'r>> {
        // A recording is named only where it goes before the call.
        self.recording.or(self.call)
    }
}

/// All rules, ready to be asked about many calls.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// With their labels in lower case.
    rules: Vec<(RetentionRule, Option<String>)>,
}

impl Rules {
    /// These rules.
    pub fn new(rules: Vec<RetentionRule>) -> Self {
        let with_folded = |rule: RetentionRule| {
            let tag = rule.tag.as_ref().map(|tag| tag.to_lowercase());
            (rule, tag)
        };
        Self {
            rules: rules.into_iter().map(with_folded).collect(),
        }
    }

    /// The shortest time after which any rule lets something go, in milliseconds; `None` where none does.
    pub fn shortest_ms(&self) -> Option<i64> {
        let days = self.rules.iter().filter_map(|(rule, _)| rule.keep_days);
        days.min().map(|days| days * DAY_MS)
    }

    /// What becomes of a call.
    pub fn fate(&self, subject: &Subject<'_>) -> Fate<'_> {
        let call = self.due(subject, RetentionTarget::Call);
        let recording = self
            .due(subject, RetentionTarget::Recording)
            .filter(|due| subject.has_recording && call.is_none_or(|call| due.at < call.at));
        Fate { recording, call }
    }

    fn due(&self, subject: &Subject<'_>, target: RetentionTarget) -> Option<Due<'_>> {
        let tags: Vec<String> = subject.tags.iter().map(|tag| tag.to_lowercase()).collect();
        let meets = |rule: &RetentionRule, tag: Option<&String>| {
            rule.target == target
                && rule.team_id.as_ref().is_none_or(|id| Some(id) == subject.team_id)
                && tag.is_none_or(|tag| tags.contains(tag))
        };
        let rule = self
            .rules
            .iter()
            .filter(|(rule, tag)| meets(rule, tag.as_ref()))
            .map(|(rule, _)| rule)
            .max_by_key(|rule| (rule.rank(), Reverse(rule.keep_days.unwrap_or(i64::MAX))))?;
        let days = rule.keep_days?;
        Some(Due {
            at: (subject.created_at + days * DAY_MS).max(rule.effective_at),
            rule,
        })
    }
}

/// Why a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Others learn from it.
    Library,
    /// The law, or a dispute, wants it kept.
    Legal,
}
names!(HoldReason, "hold reason", Library = "library", Legal = "legal");

/// What keeps a call from being deleted, by rules and by people, until it is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// More about it.
    pub note: Option<String>,
    /// Whose doing it is; `None` where their account is gone.
    pub held_by: Option<UserId>,
    /// Since when.
    pub held_at: TimeMs,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(
        team_id: Option<&TeamId>,
        tag: Option<&str>,
        target: RetentionTarget,
        keep_days: Option<i64>,
    ) -> RetentionRule {
        RetentionRule {
            id: RetentionRuleId::new(0),
            team_id: team_id.cloned(),
            tag: tag.map(ToOwned::to_owned),
            target,
            keep_days,
            effective_at: 0,
            version: 1,
            created_at: 0,
        }
    }

    fn days_of(rules: &Rules, team_id: Option<&TeamId>, tags: &[&str]) -> (Option<i64>, Option<i64>) {
        let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        let fate = rules.fate(&Subject {
            team_id,
            tags: &tags,
            created_at: 5 * DAY_MS,
            has_recording: true,
        });
        let days = |due: Option<Due<'_>>| due.map(|due| due.at / DAY_MS - 5);
        (days(fate.recording), days(fate.call))
    }

    #[test]
    fn the_most_specific_rule_decides() {
        use RetentionTarget::Call;
        let (east, west) = (TeamId::new(1), TeamId::new(2));
        let rules = Rules::new(vec![
            rule(None, None, Call, Some(100)),
            rule(Some(&east), None, Call, Some(50)),
            rule(None, Some("Training"), Call, Some(900)),
            rule(Some(&east), Some("training"), Call, None),
        ]);
        assert_eq!(days_of(&rules, None, &[]).1, Some(100));
        assert_eq!(days_of(&rules, Some(&west), &["other"]).1, Some(100));
        assert_eq!(days_of(&rules, Some(&east), &[]).1, Some(50));
        assert_eq!(days_of(&rules, Some(&west), &["TRAINING"]).1, Some(900));
        assert_eq!(days_of(&rules, Some(&east), &["x", "Training"]).1, None);
        assert_eq!(rules.shortest_ms(), Some(50 * DAY_MS));
        assert_eq!(Rules::default().shortest_ms(), None);
        assert_eq!(days_of(&Rules::default(), None, &[]), (None, None));
    }

    #[test]
    fn among_equals_the_shorter_time_decides() {
        use RetentionTarget::Call;
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let all = [
                rule(None, Some("a"), Call, Some(30)),
                rule(None, Some("b"), Call, Some(20)),
                rule(None, Some("c"), Call, None),
            ];
            let rules = Rules::new(order.map(|index: usize| all[index].clone()).to_vec());
            assert_eq!(days_of(&rules, None, &["a", "b"]).1, Some(20));
            assert_eq!(days_of(&rules, None, &["a", "c"]).1, Some(30));
            assert_eq!(days_of(&rules, None, &["c"]).1, None);
        }
    }

    #[test]
    fn recordings_and_calls_go_by_rules_of_their_own() {
        use RetentionTarget::{Call, Recording};
        let rules = Rules::new(vec![
            rule(None, None, Recording, Some(30)),
            rule(None, Some("short"), Call, Some(30)),
            rule(None, Some("long"), Call, Some(31)),
        ]);
        assert_eq!(days_of(&rules, None, &[]), (Some(30), None));
        // A recording that would go with its call is not named by itself.
        assert_eq!(days_of(&rules, None, &["short"]), (None, Some(30)));
        assert_eq!(days_of(&rules, None, &["long"]), (Some(30), Some(31)));
        let gone = rules.fate(&Subject {
            team_id: None,
            tags: &[],
            created_at: 0,
            has_recording: false,
        });
        assert_eq!(gone, Fate::default());
    }

    #[test]
    fn nothing_goes_before_a_rule_is_in_force() {
        let late = RetentionRule {
            effective_at: 1_000 * DAY_MS,
            ..rule(None, None, RetentionTarget::Call, Some(1))
        };
        let rules = Rules::new(vec![late]);
        assert_eq!(days_of(&rules, None, &[]).1, Some(995));
    }
}
