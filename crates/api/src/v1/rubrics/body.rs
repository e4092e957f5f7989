//! What people write about rubrics. A draft may be unfinished, but not without bounds.

use gametape_core::{
    id::CriterionId,
    rubric::{
        Cap, Criterion, Definition, Level, MAX_CRITERIA, MAX_GUIDANCE_CHARS, MAX_LABEL_CHARS,
        MAX_LEVEL_CHARS, MAX_LEVELS, MAX_TITLE_CHARS, MAX_WEIGHT,
    },
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CapView, LevelView, ScaleName};
use crate::{
    extract::present,
    problem::{Problem, Result},
    validate,
};

/// The highest value of any scale.
const HIGHEST_VALUE: i64 = 5;

/// A rubric to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRubric {
    /// As shown.
    #[schema(min_length = 1, max_length = 120)]
    pub(super) title: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub(super) description: String,
    /// What to begin with; empty unless given.
    #[serde(default)]
    pub(super) draft: DraftBody,
}

/// What to change about a rubric; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateRubric {
    /// Another title.
    #[schema(min_length = 1, max_length = 120)]
    pub(super) title: Option<String>,
    /// Another description.
    #[schema(max_length = 2000)]
    pub(super) description: Option<String>,
    /// Another draft; null to throw it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DraftBody>)]
    #[expect(clippy::option_option, reason = "null and left out mean different things")]
    pub(super) draft: Option<Option<DraftBody>>,
}

/// What a rubric will hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = RubricDraft)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftBody {
    /// Its criteria, in order; 30 at most.
    #[schema(max_items = 30)]
    criteria: Vec<CriterionBody>,
}

/// One line of a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CriterionDraft)]
#[serde(deny_unknown_fields)]
pub(super) struct CriterionBody {
    /// Which, for one that the rubric has or had already; all others get a new id.
    #[schema(value_type = Option<String>)]
    id: Option<CriterionId>,
    /// As shown.
    #[schema(max_length = 120)]
    title: String,
    /// What to listen for.
    #[serde(default)]
    #[schema(max_length = 4000)]
    guidance: String,
    /// The levels it is scored on.
    scale: ScaleName,
    /// One description for each level, from the lowest.
    #[serde(default)]
    #[schema(max_items = 5)]
    levels: Vec<LevelView>,
    /// How much it counts against the others; 0 for not at all, 1 unless given.
    #[serde(default = "one")]
    #[schema(minimum = 0, maximum = 1000)]
    weight: i64,
    /// Set for a critical criterion.
    cap: Option<CapView>,
    /// Whether a value needs at least one place in the call that it rests on; true unless given.
    #[serde(default = "yes")]
    evidence_required: bool,
}

fn one() -> i64 {
    1
}

fn yes() -> bool {
    true
}

pub(super) fn title(title: &str) -> Result<String> {
    validate::line("title", title, MAX_TITLE_CHARS)
}

pub(super) fn description(description: &str) -> Result<String> {
    validate::text("description", description, 2_000)
}

/// One line that may still be empty.
fn unfinished_line(what: &str, text: &str, max_chars: usize) -> Result<String> {
    if text.trim().is_empty() {
        Ok(String::new())
    } else {
        validate::line(what, text, max_chars)
    }
}

impl DraftBody {
    /// The draft, if it keeps within its bounds. Criteria without an id get one that no rubric has.
    pub(super) fn definition(self, now: i64) -> Result<Definition> {
        if self.criteria.len() > MAX_CRITERIA {
            return Err(Problem::invalid_value(format!(
                "a rubric may have {MAX_CRITERIA} criteria at most"
            )));
        }
        let criteria = self.criteria.into_iter().map(|body| body.criterion(now));
        Ok(Definition {
            criteria: criteria.collect::<Result<_>>()?,
        })
    }
}

impl CriterionBody {
    fn criterion(self, now: i64) -> Result<Criterion> {
        if self.levels.len() > MAX_LEVELS {
            return Err(Problem::invalid_value(format!(
                "a criterion may have {MAX_LEVELS} levels at most"
            )));
        }
        Ok(Criterion {
            id: self.id.unwrap_or_else(|| CriterionId::new(now)),
            title: unfinished_line("a criterion's title", &self.title, MAX_TITLE_CHARS)?,
            guidance: validate::text("a criterion's guidance", &self.guidance, MAX_GUIDANCE_CHARS)?,
            scale: self.scale.into(),
            levels: self.levels.iter().map(level).collect::<Result<_>>()?,
            weight: validate::number("a weight", self.weight, 0, MAX_WEIGHT)?,
            cap: self.cap.map(cap).transpose()?,
            evidence_required: self.evidence_required,
        })
    }
}

fn level(view: &LevelView) -> Result<Level> {
    Ok(Level {
        value: validate::number("a level's value", view.value, 0, HIGHEST_VALUE)?,
        label: unfinished_line("a level's label", &view.label, MAX_LABEL_CHARS)?,
        description: validate::text("a level's description", &view.description, MAX_LEVEL_CHARS)?,
    })
}

fn cap(view: CapView) -> Result<Cap> {
    Ok(Cap {
        at_or_below: validate::number("a cap's at_or_below", view.at_or_below, 0, HIGHEST_VALUE)?,
        result_permille: validate::number("a cap's result_permille", view.result_permille, 0, 1_000)?,
    })
}
