//! Finding a place again in a transcript that was made anew.
//!
//! A place is known by its words, by those around it, and by its time. Words are compared in lower case and
//! without punctuation. What is looked through for one place is a window around its time, and the nearest
//! places where a rare pair of its words stands: thousands of places in a long call take no time.

use std::collections::HashMap;

use super::{
    Anchor, AnchorStatus, CONTEXT_WORDS,
    align::{common, ends, shared},
    candidate::{Candidate, nearest},
    middle_ms, normal_words, quote_of,
};
use crate::{id::TranscriptId, transcript::Word};

/// The same words are still in the same place when their start or their end moved no further than this:
/// speech models disagree about times by less.
pub const NEAR_MS: i64 = 2_000;

/// Words to add, drop or change, as a share of a quote, up to which other words still count as the same
/// passage.
pub const MOST_EDITS_PERCENT: usize = 40;

/// Similar words are looked for so far from the old time.
const WINDOW_MS: i64 = 10_000;
/// Places with the same words that are compared, the nearest ones.
const MOST_CANDIDATES: usize = 64;
/// A longer quote is found by its first and its last [`END_WORDS`] words.
const LONG_WORDS: usize = 64;
const END_WORDS: usize = 24;

/// Where a place is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// How sure that is.
    pub status: AnchorStatus,
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
}

/// The words of a transcript, or of one of its channels, prepared for finding places in them.
#[derive(Debug)]
pub struct Words {
    /// In order of their middles.
    heard: Vec<Word>,
    /// The words as they are compared, by number. One word of the transcript may be several here, or none.
    tokens: Vec<u32>,
    /// Which word of the transcript each of them belongs to.
    word_of: Vec<usize>,
    /// Where those of each word begin, and one more for the end.
    token_of: Vec<usize>,
    numbers: HashMap<String, u32>,
    /// Where each word stands, and each pair of words.
    singles: HashMap<u32, Vec<usize>>,
    pairs: HashMap<(u32, u32), Vec<usize>>,
}

/// What is looked for. Words that don't occur in the transcript are `None`.
struct Wanted {
    tokens: Vec<Option<u32>>,
    prefix: Vec<Option<u32>>,
    suffix: Vec<Option<u32>>,
    start_ms: i64,
    end_ms: i64,
}

impl Words {
    /// Prepares words, in any order.
    pub fn new(mut words: Vec<Word>) -> Self {
        words.sort_by_key(|word| (middle_ms(word), word.start_ms));
        let mut it = Self {
            tokens: Vec::with_capacity(words.len()),
            word_of: Vec::with_capacity(words.len()),
            token_of: Vec::with_capacity(words.len() + 1),
            numbers: HashMap::new(),
            singles: HashMap::new(),
            pairs: HashMap::new(),
            heard: words,
        };
        for index in 0..it.heard.len() {
            it.token_of.push(it.tokens.len());
            for text in normal_words(&it.heard[index].text) {
                let next = it.numbers.len() as u32;
                let number = *it.numbers.entry(text).or_insert(next);
                it.tokens.push(number);
                it.word_of.push(index);
            }
        }
        it.token_of.push(it.tokens.len());
        for (at, number) in it.tokens.iter().enumerate() {
            it.singles.entry(*number).or_default().push(at);
        }
        for (at, pair) in it.tokens.windows(2).enumerate() {
            it.pairs.entry((pair[0], pair[1])).or_default().push(at);
        }
        it
    }

    /// The words, in order of their middles.
    pub fn words(&self) -> &[Word] {
        &self.heard
    }

    /// The anchor as it stands in this transcript. What is only to be checked keeps its time and its words;
    /// what was found gets the words that stand there now.
    pub fn reattach(&self, old: &Anchor, transcript_id: &TranscriptId) -> Anchor {
        let found = self.find(old);
        if found.status == AnchorStatus::Check {
            return Anchor {
                status: AnchorStatus::Check,
                ..old.clone()
            };
        }
        self.anchor_at(old, found, transcript_id)
    }

    /// The anchor with the place and the words of what was found.
    pub fn anchor_at(&self, old: &Anchor, found: Found, transcript_id: &TranscriptId) -> Anchor {
        let quote = quote_of(&self.heard, found.start_ms, found.end_ms);
        Anchor {
            start_ms: found.start_ms,
            end_ms: found.end_ms,
            channel: old.channel,
            quote: quote.quote,
            prefix: quote.prefix,
            suffix: quote.suffix,
            status: found.status,
            transcript_id: Some(transcript_id.clone()),
        }
    }

    /// Looks for a place: where the same words stand at the same time, else where the same words stand with
    /// the same ones around them, else where words stand that are nearly the same.
    pub fn find(&self, old: &Anchor) -> Found {
        let wanted = self.wanted(old, &old.quote);
        let there = self.tokens_between(old.start_ms, old.end_ms);
        if same(there, &wanted.tokens) {
            return stays(old, AnchorStatus::Exact);
        }
        if wanted.tokens.is_empty() {
            return stays(old, AnchorStatus::Check);
        }
        let candidates = self.same_words(&wanted);
        if let Some(found) = self.near(&wanted, &candidates) {
            return found;
        }
        let far = Self::far(&wanted, &candidates);
        let similar = if wanted.tokens.len() > LONG_WORDS {
            self.similar_ends(&wanted)
        } else {
            self.similar(&wanted, 1)
        };
        let best = far
            .into_iter()
            .chain(similar)
            .max_by_key(|it| it.far_rank(wanted.tokens.len()));
        match best {
            Some(best) => self.found(best, AnchorStatus::Moved),
            None => stays(old, AnchorStatus::Check),
        }
    }

    /// The place of `text` with the context of `old`, where exactly those words stand at nearly the same time,
    /// and how well that fits: the more, the better.
    pub(crate) fn find_near(&self, old: &Anchor, text: &str) -> Option<(Found, i64)> {
        let wanted = self.wanted(old, text);
        if wanted.tokens.is_empty() {
            return None;
        }
        let candidates = self.same_words(&wanted);
        let best = nearest(&candidates)?;
        let found = self.near(&wanted, &candidates)?;
        Some((found, best.near_score()))
    }

    /// The place of the very words of `old`, near or further away.
    pub(crate) fn find_same(&self, old: &Anchor) -> Option<Found> {
        let wanted = self.wanted(old, &old.quote);
        if wanted.tokens.is_empty() {
            return None;
        }
        let candidates = self.same_words(&wanted);
        let far = || Self::far(&wanted, &candidates).map(|it| self.found(it, AnchorStatus::Moved));
        self.near(&wanted, &candidates).or_else(far)
    }

    fn wanted(&self, old: &Anchor, text: &str) -> Wanted {
        let numbers = |text: &str| -> Vec<Option<u32>> {
            normal_words(text)
                .map(|word| self.numbers.get(&word).copied())
                .collect()
        };
        Wanted {
            tokens: numbers(text),
            prefix: numbers(&old.prefix),
            suffix: numbers(&old.suffix),
            start_ms: old.start_ms,
            end_ms: old.end_ms,
        }
    }

    fn tokens_between(&self, start_ms: i64, end_ms: i64) -> &[u32] {
        let from = self.heard.partition_point(|word| middle_ms(word) < start_ms);
        let until = self
            .heard
            .partition_point(|word| middle_ms(word) < end_ms)
            .max(from);
        &self.tokens[self.token_of[from]..self.token_of[until]]
    }

    /// The first token at or behind a time.
    fn token_at(&self, time_ms: i64) -> usize {
        self.token_of[self.heard.partition_point(|word| middle_ms(word) < time_ms)]
    }

    /// Places where exactly the wanted words stand: the nearest ones.
    fn same_words(&self, wanted: &Wanted) -> Vec<Candidate> {
        let Some(tokens) = wanted.tokens.iter().copied().collect::<Option<Vec<u32>>>() else {
            return Vec::new();
        };
        let Some((offset, places)) = self.rarest(&tokens) else {
            return Vec::new();
        };
        let middle = places.partition_point(|at| *at < self.token_at(wanted.start_ms) + offset);
        let before = places[..middle].iter().rev().take(MOST_CANDIDATES / 2);
        let behind = places[middle..].iter().take(MOST_CANDIDATES / 2);
        before
            .chain(behind)
            .filter_map(|at| at.checked_sub(offset))
            .filter(|from| self.tokens.get(*from..from + tokens.len()) == Some(&tokens[..]))
            .filter(|from| self.is_whole(*from, from + tokens.len()))
            .map(|from| self.candidate(wanted, from, from + tokens.len(), 0))
            .collect()
    }

    /// The rarest word or pair of words among these: where in them it stands, and where in the transcript.
    fn rarest(&self, tokens: &[u32]) -> Option<(usize, &[usize])> {
        if let [only] = tokens {
            return self.singles.get(only).map(|places| (0, &places[..]));
        }
        let mut rarest: Option<(usize, &[usize])> = None;
        for (offset, pair) in tokens.windows(2).enumerate() {
            let places = &self.pairs.get(&(pair[0], pair[1]))?[..];
            if rarest.is_none_or(|(_, fewest)| places.len() < fewest.len()) {
                rarest = Some((offset, places));
            }
        }
        rarest
    }

    /// Whether tokens begin and end where words of the transcript do.
    fn is_whole(&self, from: usize, until: usize) -> bool {
        let starts = self.token_of[self.word_of[from]] == from;
        starts && self.token_of[self.word_of[until - 1] + 1] == until
    }

    fn candidate(&self, wanted: &Wanted, from: usize, until: usize, edits: usize) -> Candidate {
        let before = &self.tokens[from.saturating_sub(CONTEXT_WORDS)..from];
        let behind = &self.tokens[until..self.tokens.len().min(until + CONTEXT_WORDS)];
        let first = &self.heard[self.word_of[from]];
        let last = &self.heard[self.word_of[until - 1]];
        let start_off = (first.start_ms - wanted.start_ms).abs();
        Candidate {
            from,
            until,
            edits,
            context: common(before, &wanted.prefix) + common(behind, &wanted.suffix),
            distance_ms: start_off.min((last.end_ms - wanted.end_ms).abs()),
        }
    }

    fn near(&self, wanted: &Wanted, candidates: &[Candidate]) -> Option<Found> {
        let found = self.found(nearest(candidates)?, AnchorStatus::Exact);
        // Where two people speak at once, other words may share the time: then it is not claimed.
        let there = self.tokens_between(found.start_ms, found.end_ms);
        same(there, &wanted.tokens).then_some(found)
    }

    /// The best place that is not near, if enough speaks for it: the same words around it, or a longer quote
    /// that nothing else could be meant by.
    fn far(wanted: &Wanted, candidates: &[Candidate]) -> Option<Candidate> {
        let count = wanted.tokens.len();
        let best = candidates.iter().max_by_key(|it| it.far_rank(count))?;
        let by_context = best.context >= 3 && count + best.context >= 5;
        let by_itself = count >= 5 && (candidates.len() == 1 || best.distance_ms <= WINDOW_MS);
        (by_context || by_itself).then_some(*best)
    }

    /// The best place near the old one whose words are nearly the wanted ones.
    fn similar(&self, wanted: &Wanted, fewest_edits: usize) -> Option<Candidate> {
        let count = wanted.tokens.len();
        let most_edits = count * MOST_EDITS_PERCENT / 100;
        let (start_ms, length) = (wanted.start_ms, count + most_edits);
        let from = self.token_at(start_ms.saturating_sub(WINDOW_MS));
        let until = self.token_at(start_ms.saturating_add(WINDOW_MS)) + length;
        let (from, until) = (from.saturating_sub(length), until.min(self.tokens.len()));
        let mut best: Option<Candidate> = None;
        for (start, end, edits) in ends(&self.tokens[from..until], &wanted.tokens, most_edits) {
            if edits < fewest_edits || start >= end {
                continue;
            }
            let it = self.candidate(wanted, from + start, from + end, edits);
            let agreeing = count - edits + it.context;
            let enough = if it.distance_ms <= NEAR_MS { 4 } else { 8 };
            let better = best.is_none_or(|best| it.far_rank(count) > best.far_rank(count));
            if agreeing >= enough && better {
                best = Some(it);
            }
        }
        best
    }

    /// The place of a long quote, by its two ends. Its words on the whole have to be much the same, too.
    fn similar_ends(&self, wanted: &Wanted) -> Option<Candidate> {
        let (tokens, last) = (&wanted.tokens, wanted.tokens.len() - END_WORDS);
        let head = Wanted {
            tokens: tokens[..END_WORDS].to_vec(),
            prefix: wanted.prefix.clone(),
            suffix: tokens[END_WORDS..END_WORDS + CONTEXT_WORDS].to_vec(),
            start_ms: wanted.start_ms,
            end_ms: wanted.start_ms,
        };
        let tail = Wanted {
            tokens: tokens[last..].to_vec(),
            prefix: tokens[last - CONTEXT_WORDS..last].to_vec(),
            suffix: wanted.suffix.clone(),
            start_ms: wanted.end_ms,
            end_ms: wanted.end_ms,
        };
        let (head, tail) = (self.similar(&head, 0)?, self.similar(&tail, 0)?);
        let there = self.tokens.get(head.from..tail.until)?;
        let longest = there.len().max(wanted.tokens.len());
        let edits = longest - shared(there, &wanted.tokens);
        let alike = edits * 100 <= longest * MOST_EDITS_PERCENT;
        alike.then(|| self.candidate(wanted, head.from, tail.until, edits.min(wanted.tokens.len())))
    }

    /// A stretch of tokens as a stretch of time that holds their words and, as far as that can be, no others.
    fn found(&self, it: Candidate, status: AnchorStatus) -> Found {
        let (first, last) = (self.word_of[it.from], self.word_of[it.until - 1]);
        let before = first.checked_sub(1).map(|before| &self.heard[before]);
        let behind = self.heard.get(last + 1);
        let mut start_ms = self.heard[first].start_ms;
        if let Some(before) = before {
            start_ms = start_ms.max(middle_ms(before) + 1);
        }
        start_ms = start_ms.min(middle_ms(&self.heard[first]));
        let mut end_ms = self.heard[last].end_ms;
        if let Some(behind) = behind {
            end_ms = end_ms.min(middle_ms(behind));
        }
        Found {
            status,
            start_ms,
            end_ms: end_ms.max(middle_ms(&self.heard[last]) + 1),
        }
    }
}

fn stays(old: &Anchor, status: AnchorStatus) -> Found {
    Found {
        status,
        start_ms: old.start_ms,
        end_ms: old.end_ms,
    }
}

fn same(there: &[u32], wanted: &[Option<u32>]) -> bool {
    there.len() == wanted.len() && there.iter().zip(wanted).all(|(a, b)| Some(*a) == *b)
}
