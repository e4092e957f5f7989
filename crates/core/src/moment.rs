//! Moments: stretches of a call that carry comments or scores; what coaches browse.
//!
//! Who reviews a call just now must not see other people's scores, nor where they rest: for them the moments are
//! those that the comments alone make. So every moment belongs to a [`Layer`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    call::DealOutcome,
    comment::CommentKind,
    id::{CallId, CriterionId, MomentId, ReviewId, UserId},
    rubric::Scale,
    transcript::Speaker,
    user::names,
};

/// Reviewers who differ by this many levels on one criterion make a moment disputed.
pub const DISPUTED_LEVELS: i64 = 2;

/// Who sees a moment, among those who see the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Everybody: no score is part of it.
    All,
    /// Those who see scores.
    Scored,
    /// Those who don't, because they review the call themselves: what is left of [`Layer::Scored`] moments when
    /// their scores are taken out.
    Blind,
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Scored, Self::Blind];

    /// Its number in the database.
    pub const fn number(self) -> i64 {
        match self {
            Self::All => 0,
            Self::Scored => 1,
            Self::Blind => 2,
        }
    }

    /// The layer with this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.number() == number)
    }
}

/// What is at an item's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A comment.
    Comment {
        /// What it is for.
        kind: CommentKind,
        /// Its answers.
        replies: i64,
    },
    /// A place that a released score rests on.
    Evidence {
        /// The review,
        review_id: ReviewId,
        /// the criterion in it,
        criterion_id: CriterionId,
        /// and the level; `None` for not applicable.
        value: Option<i64>,
        /// The levels it is out of, if the rubric still says so.
        scale: Option<Scale>,
    },
}

/// What moments are made of: a comment that everybody sees, or evidence of a released review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentItem {
    /// Id of the comment or of the evidence.
    pub id: String,
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording; behind the start.
    pub end_ms: i64,
    /// Who wrote it.
    pub author_id: UserId,
    /// When it, or its newest answer, was shown to everybody.
    pub newest_at: TimeMs,
    /// What it is.
    pub kind: ItemKind,
}

impl MomentItem {
    fn is_evidence(&self) -> bool {
        matches!(self.kind, ItemKind::Evidence { .. })
    }

    /// The score's share of its scale, in thousandths.
    pub fn permille(&self) -> Option<i64> {
        match &self.kind {
            ItemKind::Evidence {
                value: Some(value),
                scale: Some(scale),
                ..
            } if scale.has(*value) => Some(scale.permille(*value)),
            _ => None,
        }
    }
}

/// Items that hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formed {
    /// Who sees it.
    pub layer: Layer,
    /// Where the first item starts.
    pub start_ms: i64,
    /// Where the last item ends.
    pub end_ms: i64,
    /// The items, by start, end and id.
    pub items: Vec<MomentItem>,
}

/// Makes the moments of all layers of items of one call, in order of layer and start.
///
/// Moments are the connected components of items whose ranges overlap by more than an edge. So those of
/// everybody and those of people who see scores never overlap each other, and neither do those of everybody and
/// those of people who don't.
pub fn form(items: &[MomentItem]) -> Vec<Formed> {
    let mut moments = Vec::new();
    for items in merge(items.to_vec()) {
        if items.iter().any(MomentItem::is_evidence) {
            let comments = items.iter().filter(|item| !item.is_evidence()).cloned();
            let blind = merge(comments.collect());
            moments.extend(blind.into_iter().map(|items| formed(Layer::Blind, items)));
            moments.push(formed(Layer::Scored, items));
        } else {
            moments.push(formed(Layer::All, items));
        }
    }
    moments.sort_by_key(|moment| (moment.layer, moment.start_ms));
    moments
}

/// Sorts items into those that hang together.
fn merge(mut items: Vec<MomentItem>) -> Vec<Vec<MomentItem>> {
    items.sort_by(|a, b| (a.start_ms, a.end_ms, &a.id).cmp(&(b.start_ms, b.end_ms, &b.id)));
    let mut groups: Vec<Vec<MomentItem>> = Vec::new();
    let mut end_ms = i64::MIN;
    for item in items {
        let item_end = item.end_ms.max(item.start_ms.saturating_add(1));
        match groups.last_mut() {
            Some(group) if item.start_ms < end_ms => group.push(item),
            _ => groups.push(vec![item]),
        }
        end_ms = end_ms.max(item_end);
    }
    groups
}

fn formed(layer: Layer, items: Vec<MomentItem>) -> Formed {
    Formed {
        layer,
        start_ms: items.iter().map(|item| item.start_ms).min().unwrap_or_default(),
        end_ms: items.iter().map(|item| item.end_ms).max().unwrap_or_default(),
        items,
    }
}

impl Formed {
    /// How many comments it has, without answers.
    pub fn comment_count(&self) -> i64 {
        self.items.iter().filter(|item| !item.is_evidence()).count() as i64
    }

    /// How many answers its comments have.
    pub fn reply_count(&self) -> i64 {
        let replies = |item: &MomentItem| match item.kind {
            ItemKind::Comment { replies, .. } => replies,
            ItemKind::Evidence { .. } => 0,
        };
        self.items.iter().map(replies).sum()
    }

    /// How many scores rest on it; one counts once, however many of its places are here.
    pub fn score_count(&self) -> i64 {
        let scores: BTreeSet<_> = self
            .scores()
            .map(|(review_id, score)| (review_id, score.0))
            .collect();
        scores.len() as i64
    }

    /// The lowest and the highest score as a share of its scale, in thousandths.
    pub fn permilles(&self) -> Option<(i64, i64)> {
        let shares = || self.items.iter().filter_map(MomentItem::permille);
        Some((shares().min()?, shares().max()?))
    }

    /// Whether two reviewers differ by [`DISPUTED_LEVELS`] or more on one criterion, on the same scale.
    pub fn is_disputed(&self) -> bool {
        let mut levels: BTreeMap<_, Vec<(&UserId, i64)>> = BTreeMap::new();
        for item in &self.items {
            if let ItemKind::Evidence {
                criterion_id,
                value: Some(value),
                scale: Some(scale),
                ..
            } = &item.kind
            {
                let known = levels.entry((criterion_id, scale.as_str())).or_default();
                known.push((&item.author_id, *value));
            }
        }
        levels.values().any(|levels| {
            let far = |(a, x): &(&UserId, i64), (b, y): &(&UserId, i64)| {
                a != b && x.abs_diff(*y) >= DISPUTED_LEVELS as u64
            };
            // Only the outermost can be furthest apart, but they may be of one person: a few levels, so try all.
            let distinct: BTreeSet<_> = levels.iter().copied().collect();
            distinct.iter().any(|a| distinct.iter().any(|b| far(a, b)))
        })
    }

    /// When its newest item or answer was shown to everybody.
    pub fn newest_at(&self) -> TimeMs {
        self.items
            .iter()
            .map(|item| item.newest_at)
            .max()
            .unwrap_or_default()
    }

    fn scores(&self) -> impl Iterator<Item = (&ReviewId, (&CriterionId, Option<i64>))> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Evidence {
                review_id,
                criterion_id,
                value,
                ..
            } => Some((review_id, (criterion_id, *value))),
            ItemKind::Comment { .. } => None,
        })
    }
}

/// In which order moments are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentSort {
    /// Where something was said last, first.
    #[default]
    Newest,
    /// The highest score first; only moments with scores.
    Highest,
    /// The lowest score first; only moments with scores.
    Lowest,
    /// Where there are most comments, answers and scores, first.
    Discussed,
}
names!(
    MomentSort,
    "order of moments",
    Newest = "newest",
    Highest = "highest",
    Lowest = "lowest",
    Discussed = "discussed"
);

/// What people want to know about the call of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentCall {
    /// Which.
    pub id: CallId,
    /// As shown in lists.
    pub title: String,
    /// The rep whose call it is.
    pub owner_id: UserId,
    /// When the conversation took place.
    pub occurred_at: Option<TimeMs>,
    /// Labels.
    pub tags: Vec<String>,
    /// Where the deal stands.
    pub deal_stage: Option<String>,
    /// How it ended.
    pub deal_outcome: Option<DealOutcome>,
}

/// What one speaker says in a moment until another one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentTurn {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// A score that rests on a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentScore {
    /// Of which review.
    pub review_id: ReviewId,
    /// Whose.
    pub reviewer_id: UserId,
    /// Which criterion.
    pub criterion_id: CriterionId,
    /// Its title in the version of the rubric that the review was made with.
    pub criterion_title: String,
    /// The level; `None` for not applicable.
    pub value: Option<i64>,
    /// The levels it is out of.
    pub scale: Option<Scale>,
}

/// A stretch of a call that carries comments or scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which.
    pub id: MomentId,
    /// Of which call.
    pub call: MomentCall,
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
    /// What is said there, shortened.
    pub excerpt: String,
    /// The same by speaker, in order; empty where it is not known who speaks.
    pub turns: Vec<MomentTurn>,
    /// Who wrote its comments and scores, in order of their ids.
    pub people: Vec<UserId>,
    /// Its comments without answers, by kind, in the order of the kinds.
    pub comments: Vec<(CommentKind, i64)>,
    /// How many answers they have.
    pub reply_count: i64,
    /// Its scores.
    pub scores: Vec<MomentScore>,
    /// The lowest and the highest of them as a share of its scale, in thousandths.
    pub permilles: Option<(i64, i64)>,
    /// Whether reviewers differ by two levels or more on one criterion.
    pub disputed: bool,
    /// When something was last said there.
    pub newest_at: TimeMs,
    /// Comments, answers and scores together.
    pub discussion_count: i64,
}

/// An item of a moment, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownItem {
    /// What it is.
    pub item: MomentItem,
    /// The comment's text or the note to the score, shortened.
    pub text: String,
    /// The criterion's title in the version of the rubric that the review was made with; empty for comments.
    pub criterion_title: String,
}

/// The path of a call's page at a stretch of its recording: `/calls/ID?t=SECONDS.mmm,SECONDS.mmm`.
pub fn seek_path(call_id: &CallId, start_ms: i64, end_ms: i64) -> String {
    let seconds = |ms: i64| {
        let ms = ms.max(0);
        format!("{}.{:03}", ms / 1_000, ms % 1_000)
    };
    format!("/calls/{call_id}?t={},{}", seconds(start_ms), seconds(end_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn user(name: char) -> UserId {
        format!("user_{}", name.to_string().repeat(26)).parse().unwrap()
    }

    fn comment(id: &str, start_ms: i64, end_ms: i64) -> MomentItem {
        MomentItem {
            id: id.to_owned(),
            start_ms,
            end_ms,
            author_id: user('A'),
            newest_at: start_ms,
            kind: ItemKind::Comment {
                kind: CommentKind::Praise,
                replies: 1,
            },
        }
    }

    fn evidence(id: &str, start_ms: i64, end_ms: i64, who: char, value: i64, scale: Scale) -> MomentItem {
        MomentItem {
            author_id: user(who),
            kind: ItemKind::Evidence {
                review_id: format!("review_{}", who.to_string().repeat(26)).parse().unwrap(),
                criterion_id: format!("crit_{}", "C".repeat(26)).parse().unwrap(),
                value: Some(value),
                scale: Some(scale),
            },
            ..comment(id, start_ms, end_ms)
        }
    }

    fn ranges(moments: &[Formed], layer: Layer) -> Vec<(i64, i64, usize)> {
        let of_layer = moments.iter().filter(|moment| moment.layer == layer);
        of_layer.map(|m| (m.start_ms, m.end_ms, m.items.len())).collect()
    }

    #[test]
    fn overlapping_items_hang_together_and_touching_ones_do_not() {
        let items = [
            comment("d", 40, 50),
            comment("a", 0, 10),
            comment("c", 25, 30),
            comment("b", 10, 26),
        ];
        assert_eq!(
            ranges(&form(&items), Layer::All),
            [(0, 10, 1), (10, 30, 2), (40, 50, 1)]
        );
    }

    #[test]
    fn scores_are_taken_out_for_those_who_must_not_see_them() {
        let items = [
            comment("a", 0, 10),
            evidence("e", 5, 30, 'B', 4, Scale::OneToFive),
            comment("b", 20, 40),
            comment("c", 60, 70),
        ];
        let moments = form(&items);
        assert_eq!(ranges(&moments, Layer::All), [(60, 70, 1)]);
        assert_eq!(ranges(&moments, Layer::Scored), [(0, 40, 3)]);
        assert_eq!(ranges(&moments, Layer::Blind), [(0, 10, 1), (20, 40, 1)]);
        let scored = &moments[1];
        assert_eq!(
            (scored.comment_count(), scored.reply_count(), scored.score_count()),
            (2, 2, 1)
        );
        assert_eq!(scored.permilles(), Some((750, 750)));
        assert_eq!(scored.newest_at(), 20);
    }

    #[test]
    fn reviewers_two_levels_apart_dispute() {
        let of = |scores: &[(char, i64, Scale)]| {
            let item = |(i, &(who, value, scale)): (usize, &(char, i64, Scale))| {
                evidence(&i.to_string(), 0, 10, who, value, scale)
            };
            let items: Vec<_> = scores.iter().enumerate().map(item).collect();
            form(&items)[0].is_disputed()
        };
        let (five, three, yes_no) = (Scale::OneToFive, Scale::OneToThree, Scale::YesNo);
        assert!(of(&[('A', 2, five), ('B', 4, five)]));
        assert!(of(&[('A', 5, five), ('A', 3, five), ('B', 3, five)]));
        assert!(of(&[('A', 1, three), ('B', 2, three), ('C', 3, three)]));
        // One level; one person; yes and no; scales that don't compare; another moment.
        assert!(!of(&[('A', 2, five), ('B', 3, five)]));
        assert!(!of(&[('A', 1, five), ('A', 5, five)]));
        assert!(!of(&[('A', 0, yes_no), ('B', 1, yes_no)]));
        assert!(!of(&[('A', 3, three), ('B', 5, five)]));
        let apart = [
            evidence("a", 0, 10, 'A', 1, five),
            evidence("b", 10, 20, 'B', 5, five),
        ];
        assert!(form(&apart).iter().all(|moment| !moment.is_disputed()));
    }

    fn some_items(random: &mut Random) -> Vec<MomentItem> {
        let count = random.below(25);
        let item = |i: usize| {
            let start_ms = random.between(0, 120);
            let end_ms = start_ms + random.between(1, 25);
            if random.below(3) == 0 {
                let value = random.between(1, 6);
                let who = ['A', 'B', 'C'][random.below(3)];
                evidence(&format!("e{i}"), start_ms, end_ms, who, value, Scale::OneToFive)
            } else {
                comment(&format!("c{i}"), start_ms, end_ms)
            }
        };
        (0..count).map(item).collect()
    }

    fn shuffle(items: &mut [MomentItem], random: &mut Random) {
        for i in (1..items.len()).rev() {
            items.swap(i, random.below(i + 1));
        }
    }

    /// What people see: with scores, or without.
    fn seen(moments: &[Formed], other: Layer) -> Vec<&Formed> {
        let mut seen: Vec<_> = moments
            .iter()
            .filter(|m| m.layer == Layer::All || m.layer == other)
            .collect();
        seen.sort_by_key(|moment| moment.start_ms);
        seen
    }

    #[test]
    fn every_item_is_in_one_moment_and_moments_do_not_overlap() {
        let mut random = Random::new(1);
        for _ in 0..3_000 {
            let mut items = some_items(&mut random);
            let moments = form(&items);
            for (layer, expected) in [
                (Layer::Scored, items.len()),
                (
                    Layer::Blind,
                    items.iter().filter(|item| !item.is_evidence()).count(),
                ),
            ] {
                let seen = seen(&moments, layer);
                let ids: BTreeSet<_> = seen.iter().flat_map(|m| &m.items).map(|item| &item.id).collect();
                let count: usize = seen.iter().map(|moment| moment.items.len()).sum();
                assert_eq!((ids.len(), count), (expected, expected));
                for pair in seen.windows(2) {
                    assert!(pair[0].end_ms <= pair[1].start_ms, "{pair:?}");
                }
                for moment in &seen {
                    assert!(moment.items.iter().any(|item| item.start_ms == moment.start_ms));
                    assert!(moment.items.iter().any(|item| item.end_ms == moment.end_ms));
                }
            }
            shuffle(&mut items, &mut random);
            assert_eq!(form(&items), moments, "the order of items means nothing");
        }
    }

    /// Two items are in one moment just when a chain of overlaps leads from one to the other.
    #[test]
    fn moments_are_connected_components() {
        let mut random = Random::new(2);
        for _ in 0..500 {
            let items = some_items(&mut random);
            let moments = form(&items);
            let overlap = |a: &MomentItem, b: &MomentItem| a.start_ms < b.end_ms && b.start_ms < a.end_ms;
            for first in &items {
                let mut reached = vec![first];
                let mut next = 0;
                while next < reached.len() {
                    let more = items
                        .iter()
                        .filter(|item| overlap(item, reached[next]) && !reached.contains(item));
                    let more: Vec<_> = more.collect();
                    reached.extend(more);
                    next += 1;
                }
                let mine = seen(&moments, Layer::Scored)
                    .into_iter()
                    .find(|moment| moment.items.contains(first))
                    .unwrap();
                assert_eq!(mine.items.len(), reached.len());
                assert!(reached.iter().all(|item| mine.items.contains(item)));
            }
        }
    }

    /// Making a part anew, as the store does, gives what making everything anew gives.
    #[test]
    fn a_part_made_anew_is_as_good_as_the_whole() {
        let mut random = Random::new(3);
        for round in 0..3_000 {
            let mut items = some_items(&mut random);
            let before = form(&items);
            let (mut low, mut high);
            if round % 2 == 0 || items.is_empty() {
                let (start_ms, who) = (random.between(0, 120), ['A', 'B'][random.below(2)]);
                let new = evidence("new", start_ms, start_ms + 20, who, 3, Scale::OneToFive);
                (low, high) = (new.start_ms, new.end_ms);
                items.push(new);
            } else {
                let old = items.swap_remove(random.below(items.len()));
                (low, high) = (old.start_ms, old.end_ms);
            }
            let (from, until) = (low, high);
            let reaches = |m: &&Formed| m.layer != Layer::Blind && m.start_ms < until && m.end_ms > from;
            for moment in before.iter().filter(reaches) {
                low = low.min(moment.start_ms);
                high = high.max(moment.end_ms);
            }
            let mut kept = before;
            kept.retain(|moment| moment.end_ms <= low || moment.start_ms >= high);
            let part = items.iter().filter(|item| (low..high).contains(&item.start_ms));
            kept.extend(form(&part.cloned().collect::<Vec<_>>()));
            kept.sort_by_key(|moment| (moment.layer, moment.start_ms));
            assert_eq!(kept, form(&items));
        }
    }

    #[test]
    fn adding_an_item_only_joins_and_extends() {
        let mut random = Random::new(4);
        for _ in 0..2_000 {
            let mut items = some_items(&mut random);
            let before = form(&items);
            items.push(comment("new", random.between(0, 120), 130));
            let after = form(&items);
            for layer in [Layer::Scored, Layer::Blind] {
                for old in seen(&before, layer) {
                    let holds = |new: &&Formed| old.items.iter().all(|item| new.items.contains(item));
                    assert_eq!(seen(&after, layer).iter().filter(|new| holds(new)).count(), 1);
                }
            }
        }
    }

    #[test]
    fn links_lead_to_the_millisecond() {
        let id = format!("call_{}", "1".repeat(26)).parse().unwrap();
        assert_eq!(
            seek_path(&id, 61_007, 3_600_000),
            format!("/calls/{id}?t=61.007,3600.000")
        );
    }
}
