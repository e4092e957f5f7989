//! Rubrics: scorecard templates. Published versions are frozen; reviews keep the one they were made with.

mod check;
mod default;
mod result;

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{CriterionId, RubricId},
    user::names,
};

pub use check::{
    MAX_CRITERIA, MAX_GUIDANCE_CHARS, MAX_LABEL_CHARS, MAX_LEVEL_CHARS, MAX_LEVELS, MAX_TITLE_CHARS,
    MAX_WEIGHT,
};
pub use default::{DEFAULT_DESCRIPTION, DEFAULT_TITLE, default_definition, default_rubric_id};
pub use result::{AppliedCap, Missing, MissingKind, ResultLine, ReviewResult, missing, result};

/// The levels that a criterion is scored on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scale {
    /// 1, 2, 3.
    #[serde(rename = "1-3")]
    OneToThree,
    /// 1 to 5.
    #[serde(rename = "1-5")]
    OneToFive,
    /// 0 for no, 1 for yes.
    #[serde(rename = "yes_no")]
    YesNo,
}
names!(
    Scale,
    "scale",
    OneToThree = "1-3",
    OneToFive = "1-5",
    YesNo = "yes_no"
);

impl Scale {
    /// Its lowest level.
    pub const fn lowest(self) -> i64 {
        match self {
            Self::OneToThree | Self::OneToFive => 1,
            Self::YesNo => 0,
        }
    }

    /// Its highest level.
    pub const fn highest(self) -> i64 {
        match self {
            Self::OneToThree => 3,
            Self::OneToFive => 5,
            Self::YesNo => 1,
        }
    }

    /// How many levels it has.
    pub const fn levels(self) -> usize {
        (self.highest() - self.lowest() + 1) as usize
    }

    /// Whether `value` is one of its levels.
    pub const fn has(self, value: i64) -> bool {
        self.lowest() <= value && value <= self.highest()
    }

    /// A level as a share of the way from the lowest to the highest, in thousandths. `value` has to be one of
    /// its levels.
    pub const fn permille(self, value: i64) -> i64 {
        (value - self.lowest()) * 1_000 / (self.highest() - self.lowest())
    }
}

/// What a level of a scale looks like in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Its value on the scale.
    pub value: i64,
    /// A short name, e.g. `Solid`.
    pub label: String,
    /// The behaviour that earns it.
    pub description: String,
}

/// What happens to the whole result when one criterion is scored low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// At this value or below,
    pub at_or_below: i64,
    /// the result is this at most, in thousandths.
    pub result_permille: i64,
}

/// One line of a rubric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Which; the same in all versions of the rubric.
    pub id: CriterionId,
    /// As shown, e.g. `Discovery`.
    pub title: String,
    /// What to listen for.
    pub guidance: String,
    /// The levels it is scored on.
    pub scale: Scale,
    /// One description for each level, from the lowest.
    pub levels: Vec<Level>,
    /// How much it counts against the others; 0 for not at all.
    pub weight: i64,
    /// Set for a critical criterion.
    pub cap: Option<Cap>,
    /// Whether a score needs at least one place in the call that it rests on.
    pub evidence_required: bool,
}

/// What a version of a rubric holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its lines, in order.
    pub criteria: Vec<Criterion>,
}

impl Definition {
    /// The line with this id.
    pub fn criterion(&self, id: &CriterionId) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.id == *id)
    }
}

/// A scorecard template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubric {
    /// Which.
    pub id: RubricId,
    /// As shown.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What is being worked on; `None` when it is what was published last.
    pub draft: Option<Definition>,
    /// The version that new reviews take.
    pub current_version: Option<i64>,
    /// Grows with every change.
    pub version: i64,
    /// Set when it is not offered for new reviews any more.
    pub archived_at: Option<TimeMs>,
    /// When it was made.
    pub created_at: TimeMs,
}

/// A published version of a rubric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RubricVersion {
    /// Of which rubric.
    pub rubric_id: RubricId,
    /// Its number, from 1.
    pub version: i64,
    /// The rubric's title when it was published.
    pub title: String,
    /// What it holds.
    pub definition: Definition,
    /// When it was published.
    pub published_at: TimeMs,
}
