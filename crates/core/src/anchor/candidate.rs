//! Weighing places against each other.

use super::NEAR_MS;

/// A word of context weighs as much as this distance, among places that are near and among those that are not.
const NEAR_MS_A_WORD: i64 = 250;
const FAR_MS_A_WORD: i64 = 2_000;
/// What a word more or less than wanted costs beside being an edit: that words are heard differently is likelier.
const MS_A_LENGTH: i64 = 500;

/// A stretch of tokens that may be the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its first token.
    pub(super) from: usize,
    /// The first token behind it.
    pub(super) until: usize,
    /// Words to add, drop or change to make the wanted ones of it.
    pub(super) edits: usize,
    /// Words around it that agree.
    pub(super) context: usize,
    /// How far its start moved, or its end, whichever moved less.
    pub(super) distance_ms: i64,
}

impl Candidate {
    /// For comparing it with others when `wanted` words are looked for: words that agree, less what the distance
    /// costs; of equals the nearer one.
    pub(super) fn far_rank(&self, wanted: usize) -> (i64, i64) {
        let agreeing = (wanted + self.context) as i64 - self.edits as i64;
        let length_off = (self.until - self.from).abs_diff(wanted) as i64;
        let score = agreeing * FAR_MS_A_WORD - self.distance_ms - length_off * MS_A_LENGTH;
        (score, -self.distance_ms)
    }

    /// For comparing places that are near and have the very words: those around it and the distance decide.
    pub(super) fn near_score(&self) -> i64 {
        self.context as i64 * NEAR_MS_A_WORD - self.distance_ms
    }
}

/// The best of the places that are near.
pub(super) fn nearest(candidates: &[Candidate]) -> Option<Candidate> {
    let near = candidates.iter().filter(|it| it.distance_ms <= NEAR_MS);
    near.max_by_key(|it| (it.near_score(), -it.distance_ms)).copied()
}
