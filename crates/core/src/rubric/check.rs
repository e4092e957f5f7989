//! What keeps a draft from being published.

use std::collections::BTreeSet;

use super::{Criterion, Definition};

/// The most criteria a rubric may have: nobody fills in more with care.
pub const MAX_CRITERIA: usize = 30;
/// The most levels a scale has.
pub const MAX_LEVELS: usize = 5;
/// The highest weight.
pub const MAX_WEIGHT: i64 = 1_000;
/// Characters of a criterion's title.
pub const MAX_TITLE_CHARS: usize = 120;
/// Characters of a criterion's guidance.
pub const MAX_GUIDANCE_CHARS: usize = 4_000;
/// Characters of a level's name.
pub const MAX_LABEL_CHARS: usize = 60;
/// Characters of a level's description.
pub const MAX_LEVEL_CHARS: usize = 2_000;

impl Definition {
    /// What keeps it from being published, one reason each, in words for the person who writes it; empty when
    /// nothing does.
    pub fn check(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        if self.criteria.is_empty() {
            flaws.push("it has no criteria".to_owned());
            return flaws;
        }
        if self.criteria.len() > MAX_CRITERIA {
            flaws.push(format!("it has more than {MAX_CRITERIA} criteria"));
        }
        let mut ids = BTreeSet::new();
        for (index, criterion) in self.criteria.iter().enumerate() {
            let mut found = check_criterion(criterion);
            if !ids.insert(&criterion.id) {
                found.push("its id is that of another criterion".to_owned());
            }
            let name = name_of(index, criterion);
            flaws.extend(found.into_iter().map(|flaw| format!("{name}: {flaw}")));
        }
        if self.criteria.iter().all(|criterion| criterion.weight == 0) {
            flaws.push("no criterion has a weight, so there would be no result".to_owned());
        }
        flaws
    }
}

/// How a person finds a criterion again: its number, from 1, and its title.
fn name_of(index: usize, criterion: &Criterion) -> String {
    let title: String = criterion.title.trim().chars().take(MAX_TITLE_CHARS).collect();
    if title.is_empty() {
        format!("criterion {}", index + 1)
    } else {
        format!("criterion {} ({title})", index + 1)
    }
}

fn check_criterion(criterion: &Criterion) -> Vec<String> {
    let mut flaws = Vec::new();
    check_text(&mut flaws, "its title", &criterion.title, MAX_TITLE_CHARS);
    if criterion.guidance.chars().count() > MAX_GUIDANCE_CHARS {
        flaws.push(format!(
            "its guidance has more than {MAX_GUIDANCE_CHARS} characters"
        ));
    }
    if !(0..=MAX_WEIGHT).contains(&criterion.weight) {
        flaws.push(format!("its weight must be between 0 and {MAX_WEIGHT}"));
    }
    check_levels(&mut flaws, criterion);
    check_cap(&mut flaws, criterion);
    flaws
}

fn check_text(flaws: &mut Vec<String>, what: &str, text: &str, max_chars: usize) {
    if text.trim().is_empty() {
        flaws.push(format!("{what} is empty"));
    } else if text.chars().count() > max_chars {
        flaws.push(format!("{what} has more than {max_chars} characters"));
    }
}

fn check_levels(flaws: &mut Vec<String>, criterion: &Criterion) {
    let scale = criterion.scale;
    let values: Vec<i64> = criterion.levels.iter().map(|level| level.value).collect();
    if !(scale.lowest()..=scale.highest()).eq(values.iter().copied()) {
        flaws.push(format!(
            "it needs one level for each value of its scale, in order from {} to {}",
            scale.lowest(),
            scale.highest()
        ));
    }
    for level in criterion.levels.iter().take(MAX_LEVELS) {
        let value = level.value;
        check_text(
            flaws,
            &format!("the name of level {value}"),
            &level.label,
            MAX_LABEL_CHARS,
        );
        check_text(
            flaws,
            &format!("the description of level {value}"),
            &level.description,
            MAX_LEVEL_CHARS,
        );
    }
}

fn check_cap(flaws: &mut Vec<String>, criterion: &Criterion) {
    let Some(cap) = criterion.cap else { return };
    let scale = criterion.scale;
    // At the highest level it would always bite.
    if !(scale.lowest()..scale.highest()).contains(&cap.at_or_below) {
        flaws.push(format!(
            "its cap must begin at a value between {} and {}",
            scale.lowest(),
            scale.highest() - 1
        ));
    }
    if !(0..=1_000).contains(&cap.result_permille) {
        flaws.push("its cap must leave a result between 0 and 1000 thousandths".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cap, Scale, default_definition};
    use super::*;

    fn flaws_of(change: impl FnOnce(&mut Definition)) -> Vec<String> {
        let mut definition = default_definition();
        change(&mut definition);
        definition.check()
    }

    #[test]
    fn a_complete_rubric_has_no_flaws() {
        assert_eq!(flaws_of(|_| {}), Vec::<String>::new());
        assert_eq!(
            flaws_of(|it| it.criteria[0].cap = Some(Cap {
                at_or_below: 4,
                result_permille: 1_000
            })),
            Vec::<String>::new()
        );
        // One weight is enough, and guidance may be left out.
        let flaws = flaws_of(|it| {
            for criterion in &mut it.criteria[1..] {
                criterion.weight = 0;
            }
            it.criteria[0].weight = MAX_WEIGHT;
            it.criteria[0].guidance.clear();
        });
        assert_eq!(flaws, Vec::<String>::new());
    }

    #[test]
    fn every_flaw_is_named_with_its_criterion() {
        type Change = fn(&mut Criterion);
        let cases: [(Change, &str); 15] = [
            (|it| it.title = " ".to_owned(), "criterion 2: its title is empty"),
            (
                |it| it.title = "x".repeat(121),
                "its title has more than 120 characters",
            ),
            (
                |it| it.guidance = "x".repeat(4_001),
                "its guidance has more than 4000",
            ),
            (|it| it.weight = -1, "its weight must be between 0 and 1000"),
            (|it| it.weight = 1_001, "its weight must be between 0 and 1000"),
            (
                |it| drop(it.levels.pop()),
                "one level for each value of its scale",
            ),
            (|it| it.levels.reverse(), "in order from 1 to 5"),
            (|it| it.levels[1].value = 1, "one level for each value"),
            (|it| it.scale = Scale::YesNo, "in order from 0 to 1"),
            (|it| it.levels[0].label.clear(), "the name of level 1 is empty"),
            (
                |it| it.levels[4].description = "\n".to_owned(),
                "the description of level 5 is empty",
            ),
            (
                |it| it.levels[4].description = "x".repeat(2_001),
                "has more than 2000",
            ),
            (
                |it| {
                    it.cap = Some(Cap {
                        at_or_below: 5,
                        result_permille: 1,
                    });
                },
                "its cap must begin at a value between 1 and 4",
            ),
            (
                |it| {
                    it.cap = Some(Cap {
                        at_or_below: 0,
                        result_permille: 1,
                    });
                },
                "its cap must begin at a value between 1 and 4",
            ),
            (
                |it| {
                    it.cap = Some(Cap {
                        at_or_below: 1,
                        result_permille: 1_001,
                    });
                },
                "between 0 and 1000 thousandths",
            ),
        ];
        for (change, expected) in cases {
            let flaws = flaws_of(|it| change(&mut it.criteria[1]));
            assert_eq!(flaws.len(), 1, "{flaws:?}");
            assert!(
                flaws[0].starts_with("criterion 2") && flaws[0].contains(expected),
                "{flaws:?}"
            );
        }
    }

    #[test]
    fn the_whole_is_checked_too() {
        assert_eq!(Definition::default().check(), ["it has no criteria"]);
        let flaws = flaws_of(|it| it.criteria.iter_mut().for_each(|criterion| criterion.weight = 0));
        assert_eq!(flaws.len(), 1, "{flaws:?}");
        let flaws = flaws_of(|it| it.criteria[3].id = it.criteria[0].id.clone());
        assert!(
            flaws[0].starts_with("criterion 4") && flaws[0].contains("id"),
            "{flaws:?}"
        );
        let flaws = flaws_of(|it| {
            it.criteria = std::iter::repeat_n(it.criteria[0].clone(), MAX_CRITERIA + 1).collect();
        });
        assert_eq!(flaws[0], "it has more than 30 criteria");
        // All flaws come at once.
        let flaws = flaws_of(|it| {
            it.criteria[0].weight = -1;
            it.criteria[4].title.clear();
        });
        assert_eq!(flaws.len(), 2, "{flaws:?}");
    }
}
