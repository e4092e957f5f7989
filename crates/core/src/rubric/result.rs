//! The result of a review: the one place where it is computed.
//!
//! Each value counts as a share of the way from the lowest to the highest level of its scale. The result is
//! the mean of these, weighted; a criterion that does not apply leaves the mean, which shares its weight out
//! over the others in proportion to theirs. Critical criteria cap the result at the end. All of it is done in
//! whole numbers; a division rounds to the nearest thousandth, halves upwards, and the result is divided once.

use super::{Criterion, Definition};
use crate::{
    id::CriterionId,
    review::{Rating, Score},
};

/// What comes of a review, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewResult {
    /// The result in thousandths; `None` where nothing that has a weight was scored.
    pub permille: Option<i64>,
    /// What it would be without caps.
    pub uncapped_permille: Option<i64>,
    /// The caps that lower it; the lowest of them is the result.
    pub caps: Vec<AppliedCap>,
    /// Whether every criterion has a value or does not apply. Until then the result is that of what is scored
    /// so far.
    pub complete: bool,
    /// What each criterion adds, in the order of the rubric.
    pub lines: Vec<ResultLine>,
}

/// A cap that lowers a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedCap {
    /// The critical criterion.
    pub criterion_id: CriterionId,
    /// Its value in the review.
    pub value: i64,
    /// What it leaves at most, in thousandths.
    pub result_permille: i64,
}

/// What one criterion adds to a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// Which criterion.
    pub criterion_id: CriterionId,
    /// What the reviewer says; `None` where they said nothing yet.
    pub rating: Option<Rating>,
    /// Its weight in the rubric.
    pub weight: i64,
    /// Its share of all weight that counts, in thousandths; `None` where it does not count.
    pub share_permille: Option<i64>,
    /// Its value as a share of its scale, in thousandths.
    pub value_permille: Option<i64>,
    /// What it adds to the result before caps, in thousandths.
    pub contribution_permille: Option<i64>,
}

/// What submitting a review still lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// For which criterion.
    pub criterion_id: CriterionId,
    /// Its title.
    pub title: String,
    /// What.
    pub kind: MissingKind,
}

/// What can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKind {
    /// It has neither a value nor is it said not to apply.
    Score,
    /// It has a value, but no place in the call that this rests on.
    Evidence,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let title = &self.title;
        match self.kind {
            MissingKind::Score => write!(f, "'{title}' needs a value, or 'not applicable'"),
            MissingKind::Evidence => write!(f, "'{title}' needs a place in the call that shows it"),
        }
    }
}

/// What is said about a criterion; a value beside its scale counts as nothing said.
fn rating_of(criterion: &Criterion, scores: &[Score]) -> Option<Rating> {
    let score = scores.iter().find(|score| score.criterion_id == criterion.id)?;
    score.rating.filter(|rating| match rating {
        Rating::Value(value) => criterion.scale.has(*value),
        Rating::NotApplicable => true,
    })
}

/// `part / whole`, rounded to the nearest, halves upwards. Both are sums of at most some thousand products
/// of 64-bit numbers, and none is negative.
fn divide(part: i128, whole: i128) -> i64 {
    ((2 * part + whole) / (2 * whole)) as i64
}

/// What comes of `scores` in a rubric. Scores of criteria that the rubric doesn't have count for nothing.
pub fn result(definition: &Definition, scores: &[Score]) -> ReviewResult {
    let rated: Vec<(&Criterion, Option<Rating>)> = definition
        .criteria
        .iter()
        .map(|criterion| (criterion, rating_of(criterion, scores)))
        .collect();
    let weight = |criterion: &Criterion| i128::from(criterion.weight.max(0));
    let (mut total_weight, mut total) = (0, 0);
    for (criterion, rating) in &rated {
        if let Some(Rating::Value(value)) = rating {
            total_weight += weight(criterion);
            total += weight(criterion) * i128::from(criterion.scale.permille(*value));
        }
    }
    let counts = total_weight > 0;
    let uncapped_permille = counts.then(|| divide(total, total_weight));
    let caps = uncapped_permille.map_or_else(Vec::new, |uncapped| caps_below(&rated, uncapped));
    let lowest_cap = caps.iter().map(|cap| cap.result_permille).min();
    let line = |&(criterion, rating): &(&Criterion, Option<Rating>)| {
        let value_permille = match rating {
            Some(Rating::Value(value)) => Some(criterion.scale.permille(value)),
            _ => None,
        };
        let share = |of: i64| divide(weight(criterion) * i128::from(of), total_weight);
        let counted = value_permille.filter(|_| counts);
        ResultLine {
            criterion_id: criterion.id.clone(),
            rating,
            weight: criterion.weight,
            share_permille: counted.map(|_| share(1_000)),
            value_permille,
            contribution_permille: counted.map(share),
        }
    };
    ReviewResult {
        permille: lowest_cap.or(uncapped_permille),
        uncapped_permille,
        caps,
        complete: rated.iter().all(|(_, rating)| rating.is_some()),
        lines: rated.iter().map(line).collect(),
    }
}

/// The caps of what is scored low that lie below `uncapped`.
fn caps_below(rated: &[(&Criterion, Option<Rating>)], uncapped: i64) -> Vec<AppliedCap> {
    let bites = |&(criterion, rating): &(&Criterion, Option<Rating>)| {
        let (cap, Some(Rating::Value(value))) = (criterion.cap?, rating) else {
            return None;
        };
        let result_permille = cap.result_permille.max(0);
        (value <= cap.at_or_below && result_permille < uncapped).then(|| AppliedCap {
            criterion_id: criterion.id.clone(),
            value,
            result_permille,
        })
    };
    rated.iter().filter_map(bites).collect()
}

/// What submitting a review with these scores still lacks, in the order of the rubric.
pub fn missing(definition: &Definition, scores: &[Score]) -> Vec<Missing> {
    let lack = |criterion: &Criterion| {
        let evidence = scores
            .iter()
            .any(|score| score.criterion_id == criterion.id && !score.evidence.is_empty());
        let kind = match rating_of(criterion, scores) {
            None => MissingKind::Score,
            Some(Rating::Value(_)) if criterion.evidence_required && !evidence => MissingKind::Evidence,
            Some(_) => return None,
        };
        Some(Missing {
            criterion_id: criterion.id.clone(),
            title: criterion.title.clone(),
            kind,
        })
    };
    definition.criteria.iter().filter_map(lack).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Cap, Scale, default_definition};
    use super::*;
    use crate::{
        anchor::{Anchor, AnchorStatus},
        id::EvidenceId,
        review::Evidence,
    };

    /// Numbers that look random and are the same in every run (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }

        /// A number between `low` and `high`, both included.
        fn pick(&mut self, low: i64, high: i64) -> i64 {
            low + (self.next() % (high - low + 1) as u64) as i64
        }

        fn chance(&mut self, percent: i64) -> bool {
            self.pick(1, 100) <= percent
        }

        fn criterion(&mut self) -> Criterion {
            let scale = Scale::ALL[self.pick(0, 2) as usize];
            let cap = Cap {
                at_or_below: self.pick(scale.lowest(), scale.highest() - 1),
                result_permille: self.pick(0, 1_000),
            };
            Criterion {
                id: CriterionId::new(self.pick(0, 1_000_000)),
                scale,
                // Many at the ends, where rounding and empty sums live.
                weight: if self.chance(20) { 0 } else { self.pick(1, 100) },
                cap: self.chance(30).then_some(cap),
                evidence_required: self.chance(50),
                ..default_definition().criteria.remove(0)
            }
        }

        fn rating(&mut self, criterion: &Criterion) -> Option<Rating> {
            match self.pick(0, 9) {
                0 => None,
                1 | 2 => Some(Rating::NotApplicable),
                _ => {
                    let scale = criterion.scale;
                    Some(Rating::Value(self.pick(scale.lowest(), scale.highest())))
                }
            }
        }

        /// A rubric, and a score for each of its criteria.
        fn review(&mut self) -> (Definition, Vec<Score>) {
            let count = self.pick(1, 8);
            let criteria: Vec<Criterion> = (0..count).map(|_| self.criterion()).collect();
            let scores = criteria
                .iter()
                .map(|criterion| score(&criterion.id, self.rating(criterion)))
                .collect();
            (Definition { criteria }, scores)
        }

        fn shuffle<T>(&mut self, items: &mut [T]) {
            for i in (1..items.len()).rev() {
                items.swap(i, self.pick(0, i as i64) as usize);
            }
        }
    }

    fn score(criterion_id: &CriterionId, rating: Option<Rating>) -> Score {
        Score {
            criterion_id: criterion_id.clone(),
            rating,
            note: String::new(),
            evidence: Vec::new(),
            updated_at: 0,
        }
    }

    fn evidence() -> Evidence {
        Evidence {
            id: EvidenceId::new(1),
            anchor: Anchor {
                start_ms: 0,
                end_ms: 1,
                channel: None,
                quote: String::new(),
                prefix: String::new(),
                suffix: String::new(),
                status: AnchorStatus::Exact,
                transcript_id: None,
            },
        }
    }

    /// Runs a check on many reviews.
    fn for_many(check: impl Fn(&mut Dice, Definition, Vec<Score>)) {
        for seed in 0..3_000 {
            let mut dice = Dice(seed);
            let (definition, scores) = dice.review();
            check(&mut dice, definition, scores);
        }
    }

    fn totals(result: &ReviewResult) -> (Option<i64>, Option<i64>) {
        (result.permille, result.uncapped_permille)
    }

    /// A rubric of criteria with these scales, weights and caps, and scores for it.
    fn made(lines: &[(Scale, i64, Option<Cap>, Option<Rating>)]) -> ReviewResult {
        let mut dice = Dice(1);
        let criteria: Vec<Criterion> = lines
            .iter()
            .map(|&(scale, weight, cap, _)| Criterion {
                scale,
                weight,
                cap,
                ..dice.criterion()
            })
            .collect();
        let scores: Vec<Score> = criteria
            .iter()
            .zip(lines)
            .map(|(criterion, line)| score(&criterion.id, line.3))
            .collect();
        result(&Definition { criteria }, &scores)
    }

    const CAP_400: Option<Cap> = Some(Cap {
        at_or_below: 2,
        result_permille: 400,
    });

    #[test]
    fn results_worked_out_by_hand() {
        use Rating::{NotApplicable, Value};
        use Scale::{OneToFive, OneToThree, YesNo};
        // (750 * 2 + 500 * 1 + 1000 * 1) / 4
        let found = made(&[
            (OneToFive, 2, None, Some(Value(4))),
            (OneToThree, 1, None, Some(Value(2))),
            (YesNo, 1, None, Some(Value(1))),
        ]);
        assert_eq!((totals(&found), found.complete), ((Some(750), Some(750)), true));
        let lines: Vec<_> = found
            .lines
            .iter()
            .map(|line| {
                (
                    line.share_permille,
                    line.value_permille,
                    line.contribution_permille,
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                (Some(500), Some(750), Some(375)),
                (Some(250), Some(500), Some(125)),
                (Some(250), Some(1_000), Some(250))
            ]
        );
        // What does not apply shares its weight out: (1000 * 2 + 0 * 1) / 3.
        let found = made(&[
            (OneToFive, 2, None, Some(Value(5))),
            (OneToFive, 97, None, Some(NotApplicable)),
            (YesNo, 1, None, Some(Value(0))),
        ]);
        assert_eq!((totals(&found), found.complete), ((Some(667), Some(667)), true));
        assert_eq!(found.lines[1].share_permille, None);
        assert_eq!(found.lines[1].weight, 97);
        // A cap bites, and another that would leave more is shown beside it.
        let found = made(&[
            (OneToFive, 1, CAP_400, Some(Value(2))),
            (OneToFive, 9, None, Some(Value(5))),
            (
                YesNo,
                0,
                Some(Cap {
                    at_or_below: 0,
                    result_permille: 600,
                }),
                Some(Value(0)),
            ),
        ]);
        assert_eq!(totals(&found), (Some(400), Some(925)));
        let caps: Vec<_> = found
            .caps
            .iter()
            .map(|cap| (cap.value, cap.result_permille))
            .collect();
        assert_eq!(caps, [(2, 400), (0, 600)]);
        // A cap above the result changes nothing, and is not shown.
        let found = made(&[(OneToFive, 1, CAP_400, Some(Value(1)))]);
        assert_eq!((totals(&found), found.caps.len()), ((Some(0), Some(0)), 0));
        // Halves go upwards: 1 of 16 is 62.5.
        let found = made(&[
            (YesNo, 1, None, Some(Value(1))),
            (YesNo, 15, None, Some(Value(0))),
        ]);
        assert_eq!(found.permille, Some(63));
    }

    #[test]
    fn without_anything_to_weigh_there_is_no_result() {
        use Rating::{NotApplicable, Value};
        let cap = Some(Cap {
            at_or_below: 1,
            result_permille: 0,
        });
        for (lines, complete) in [
            (vec![], true),
            (vec![(Scale::YesNo, 1, None, None)], false),
            (vec![(Scale::YesNo, 1, None, Some(NotApplicable))], true),
            (
                vec![
                    (Scale::OneToFive, 0, cap, Some(Value(1))),
                    (Scale::YesNo, 5, None, Some(NotApplicable)),
                ],
                true,
            ),
        ] {
            let found = made(&lines);
            assert_eq!(
                (totals(&found), found.complete),
                ((None, None), complete),
                "{lines:?}"
            );
            assert!(found.caps.is_empty());
            assert!(
                found
                    .lines
                    .iter()
                    .all(|line| line.contribution_permille.is_none())
            );
        }
    }

    #[test]
    fn weights_and_values_of_any_size_break_nothing() {
        let found = made(&[
            (Scale::OneToFive, i64::MAX, None, Some(Rating::Value(5))),
            (Scale::OneToFive, i64::MAX, None, Some(Rating::Value(1))),
            (Scale::OneToFive, i64::MIN, None, Some(Rating::Value(1))),
            (Scale::OneToFive, 1, None, Some(Rating::Value(i64::MIN))),
        ]);
        assert_eq!((totals(&found), found.complete), ((Some(500), Some(500)), false));
    }

    #[test]
    fn results_stay_within_their_bounds_and_under_their_caps() {
        for_many(|_, definition, scores| {
            let found = result(&definition, &scores);
            let (Some(permille), Some(uncapped)) = totals(&found) else {
                assert_eq!(totals(&found), (None, None));
                return;
            };
            assert!((0..=1_000).contains(&uncapped) && (0..=uncapped).contains(&permille));
            for (criterion, score) in definition.criteria.iter().zip(&scores) {
                let (Some(cap), Some(Rating::Value(value))) = (criterion.cap, score.rating) else {
                    continue;
                };
                assert!(value > cap.at_or_below || permille <= cap.result_permille);
            }
            if found.caps.is_empty() {
                assert_eq!(permille, uncapped);
            }
        });
    }

    #[test]
    fn a_higher_value_never_lowers_the_result() {
        for_many(|_, definition, scores| {
            let before = result(&definition, &scores);
            for (index, criterion) in definition.criteria.iter().enumerate() {
                let Some(Rating::Value(value)) = scores[index].rating else {
                    continue;
                };
                if !criterion.scale.has(value + 1) {
                    continue;
                }
                let mut better = scores.clone();
                better[index].rating = Some(Rating::Value(value + 1));
                let after = result(&definition, &better);
                assert!(
                    after.permille >= before.permille && after.uncapped_permille >= before.uncapped_permille
                );
            }
        });
    }

    #[test]
    fn what_does_not_apply_might_as_well_not_be_in_the_rubric() {
        for_many(|dice, mut definition, mut scores| {
            let index = dice.pick(0, scores.len() as i64 - 1) as usize;
            scores[index].rating = Some(Rating::NotApplicable);
            let with = result(&definition, &scores);
            definition.criteria.remove(index);
            let mut without = result(&definition, &scores);
            without.lines.insert(index, with.lines[index].clone());
            assert_eq!(with, without);
        });
    }

    #[test]
    fn only_proportions_of_weights_count() {
        for_many(|dice, mut definition, scores| {
            let before = result(&definition, &scores);
            let factor = dice.pick(2, 10);
            for criterion in &mut definition.criteria {
                criterion.weight *= factor;
            }
            let mut after = result(&definition, &scores);
            for line in &mut after.lines {
                line.weight /= factor;
            }
            assert_eq!(before, after);
        });
    }

    #[test]
    fn the_order_of_criteria_and_scores_is_irrelevant() {
        for_many(|dice, mut definition, mut scores| {
            let before = result(&definition, &scores);
            let lacks = missing(&definition, &scores).len();
            dice.shuffle(&mut definition.criteria);
            dice.shuffle(&mut scores);
            let after = result(&definition, &scores);
            assert_eq!(
                (totals(&before), before.complete),
                (totals(&after), after.complete)
            );
            for line in &after.lines {
                assert!(before.lines.contains(line));
            }
            assert_eq!(missing(&definition, &scores).len(), lacks);
        });
    }

    #[test]
    fn shares_and_contributions_add_up_but_for_rounding() {
        for_many(|_, definition, scores| {
            let found = result(&definition, &scores);
            let sum = |of: fn(&ResultLine) -> Option<i64>| found.lines.iter().filter_map(of).sum::<i64>();
            let Some(uncapped) = found.uncapped_permille else {
                assert_eq!(sum(|line| line.share_permille), 0);
                return;
            };
            let rounding = definition.criteria.len() as i64;
            assert!((sum(|line| line.share_permille) - 1_000).abs() <= rounding);
            assert!((sum(|line| line.contribution_permille) - uncapped).abs() <= rounding);
        });
    }

    #[test]
    fn nothing_is_missing_once_all_is_said_and_shown() {
        for_many(|_, definition, mut scores| {
            for (criterion, score) in definition.criteria.iter().zip(&mut scores) {
                let kinds = || -> Vec<MissingKind> {
                    let all = missing(&definition, std::slice::from_ref(score));
                    let own = all.into_iter().filter(|it| it.criterion_id == criterion.id);
                    own.map(|it| it.kind).collect()
                };
                let expected = match score.rating {
                    None => vec![MissingKind::Score],
                    Some(Rating::Value(_)) if criterion.evidence_required => vec![MissingKind::Evidence],
                    Some(_) => vec![],
                };
                assert_eq!(kinds(), expected);
            }
            for (criterion, score) in definition.criteria.iter().zip(&mut scores) {
                score.evidence.push(evidence());
                if score.rating.is_none() {
                    score.rating = Some(Rating::Value(criterion.scale.lowest()));
                }
            }
            assert_eq!(missing(&definition, &scores), []);
            assert!(result(&definition, &scores).complete);
            // A value beside the scale is none.
            scores[0].rating = Some(Rating::Value(6));
            assert_eq!(missing(&definition, &scores)[0].kind, MissingKind::Score);
        });
    }
}
