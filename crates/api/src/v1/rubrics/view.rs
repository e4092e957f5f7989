//! How rubrics look from outside.

use gametape_core::rubric::{Cap, Criterion, Definition, Level, Rubric, RubricVersion, Scale};
use gametape_store::RubricVersionInfo;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The levels that a criterion is scored on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Scale)]
pub(crate) enum ScaleName {
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

impl From<Scale> for ScaleName {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::OneToThree => Self::OneToThree,
            Scale::OneToFive => Self::OneToFive,
            Scale::YesNo => Self::YesNo,
        }
    }
}

impl From<ScaleName> for Scale {
    fn from(name: ScaleName) -> Self {
        match name {
            ScaleName::OneToThree => Self::OneToThree,
            ScaleName::OneToFive => Self::OneToFive,
            ScaleName::YesNo => Self::YesNo,
        }
    }
}

/// A scorecard template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rubric)]
pub(crate) struct RubricView {
    /// Which.
    #[schema(example = "rubric_01JZ8Q4W9V7N3T5K2M6R8X0B1C")]
    id: String,
    /// As shown.
    title: String,
    /// What it is for.
    description: String,
    /// Whether there is a draft that is not published yet.
    has_draft: bool,
    /// The version that new reviews take; null until one is published.
    current_version: Option<i64>,
    /// Grows with every change; what the `ETag` says.
    version: i64,
    /// When it was archived, in milliseconds since 1970; archived rubrics are not offered for new reviews.
    archived_at: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

/// A scorecard template with its draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RubricDetail {
    #[serde(flatten)]
    rubric: RubricView,
    /// What is being worked on; null when it is what was published last.
    draft: Option<DefinitionView>,
    /// What keeps the draft from being published, in words.
    flaws: Vec<String>,
}

/// What a version of a rubric holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RubricDefinition)]
pub(crate) struct DefinitionView {
    /// Its criteria, in order.
    criteria: Vec<CriterionView>,
}

/// A published version of a rubric, frozen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RubricVersion)]
pub(crate) struct VersionView {
    /// Of which rubric.
    rubric_id: String,
    /// Its number, from 1.
    version: i64,
    /// The rubric's title when it was published.
    title: String,
    /// Its criteria, in order.
    criteria: Vec<CriterionView>,
    /// When it was published, in milliseconds since 1970.
    published_at: i64,
}

/// A published version of a rubric, without its criteria.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RubricVersionInfo)]
pub(crate) struct VersionInfoView {
    /// Its number, from 1.
    version: i64,
    /// The rubric's title when it was published.
    title: String,
    /// When it was published, in milliseconds since 1970.
    published_at: i64,
}

/// One line of a rubric.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Criterion)]
pub(crate) struct CriterionView {
    /// Which; the same in all versions of the rubric.
    id: String,
    /// As shown.
    title: String,
    /// What to listen for.
    guidance: String,
    /// The levels it is scored on.
    scale: ScaleName,
    /// One description for each level, from the lowest.
    levels: Vec<LevelView>,
    /// How much it counts against the others; 0 for not at all.
    weight: i64,
    /// Set for a critical criterion.
    cap: Option<CapView>,
    /// Whether a value needs at least one place in the call that it rests on.
    evidence_required: bool,
}

/// What a level of a scale looks like in a call.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Level)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelView {
    /// Its value on the scale.
    #[schema(minimum = 0, maximum = 5)]
    pub(super) value: i64,
    /// A short name.
    #[schema(max_length = 60)]
    pub(super) label: String,
    /// The behaviour that earns it.
    #[schema(max_length = 2000)]
    pub(super) description: String,
}

/// What happens to the whole result when one criterion is scored low.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Cap)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapView {
    /// At this value or below,
    #[schema(minimum = 0, maximum = 5)]
    pub(super) at_or_below: i64,
    /// the result is this at most, in thousandths.
    #[schema(minimum = 0, maximum = 1000)]
    pub(super) result_permille: i64,
}

impl From<Rubric> for RubricView {
    fn from(rubric: Rubric) -> Self {
        Self {
            id: rubric.id.into(),
            title: rubric.title,
            description: rubric.description,
            has_draft: rubric.draft.is_some(),
            current_version: rubric.current_version,
            version: rubric.version,
            archived_at: rubric.archived_at,
            created_at: rubric.created_at,
        }
    }
}

impl From<Rubric> for RubricDetail {
    fn from(rubric: Rubric) -> Self {
        let draft = rubric.draft.clone();
        let flaws = draft.as_ref().map(Definition::check);
        Self {
            rubric: rubric.into(),
            draft: draft.map(Into::into),
            flaws: flaws.unwrap_or_default(),
        }
    }
}

impl From<Definition> for DefinitionView {
    fn from(definition: Definition) -> Self {
        Self {
            criteria: definition.criteria.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RubricVersion> for VersionView {
    fn from(version: RubricVersion) -> Self {
        Self {
            rubric_id: version.rubric_id.into(),
            version: version.version,
            title: version.title,
            criteria: version.definition.criteria.into_iter().map(Into::into).collect(),
            published_at: version.published_at,
        }
    }
}

impl From<RubricVersionInfo> for VersionInfoView {
    fn from(info: RubricVersionInfo) -> Self {
        Self {
            version: info.version,
            title: info.title,
            published_at: info.published_at,
        }
    }
}

impl From<Criterion> for CriterionView {
    fn from(criterion: Criterion) -> Self {
        Self {
            id: criterion.id.into(),
            title: criterion.title,
            guidance: criterion.guidance,
            scale: criterion.scale.into(),
            levels: criterion.levels.into_iter().map(Into::into).collect(),
            weight: criterion.weight,
            cap: criterion.cap.map(Into::into),
            evidence_required: criterion.evidence_required,
        }
    }
}

impl From<Level> for LevelView {
    fn from(level: Level) -> Self {
        Self {
            value: level.value,
            label: level.label,
            description: level.description,
        }
    }
}

impl From<Cap> for CapView {
    fn from(cap: Cap) -> Self {
        Self {
            at_or_below: cap.at_or_below,
            result_permille: cap.result_permille,
        }
    }
}
