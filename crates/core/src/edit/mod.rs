//! Corrections of a transcript, laid over what the machine heard. The machine's words stay as they are.

mod plan;
#[cfg(test)]
mod tests;

use crate::{
    TimeMs,
    anchor::{Anchor, AnchorStatus, Words, middle_ms, normal_words, text_of},
    id::{CallId, EditId, TranscriptId, UserId},
    transcript::{Segment, Word},
};

pub use plan::{NoWords, Plan, PlannedEdit, plan};

/// A correction: words of the machine, and what a person wrote instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which.
    pub id: EditId,
    /// Of which call.
    pub call_id: CallId,
    /// Where; its quote is what the machine heard.
    pub anchor: Anchor,
    /// Who wrote it.
    pub author_id: UserId,
    /// The words to read instead, with one space between them; empty to read none.
    pub replacement: String,
    /// Who took it back, and when.
    pub reverted: Option<(UserId, TimeMs)>,
    /// When it was written.
    pub created_at: TimeMs,
}

impl Edit {
    /// Whether it counts, if its words are there.
    pub fn is_active(&self) -> bool {
        self.reverted.is_none() && self.anchor.status != AnchorStatus::Check
    }
}

/// One speaker's stretch of words, for laying corrections over it.
#[derive(Debug)]
pub struct Stretch<'a> {
    /// Channel, counted from 0.
    pub channel: usize,
    /// The words as a sentence.
    pub text: &'a mut String,
    /// The words one by one, in order.
    pub words: &'a mut Vec<Word>,
    /// Set where a correction was laid over it.
    pub edited: &'a mut bool,
}

impl<'a> From<&'a mut Segment> for Stretch<'a> {
    fn from(segment: &'a mut Segment) -> Self {
        Self {
            channel: segment.channel,
            text: &mut segment.text,
            words: &mut segment.words,
            edited: &mut segment.edited,
        }
    }
}

/// Lays corrections over the machine's words, which come in order. One whose words are not there, or belong to
/// an earlier one, is left out.
pub fn lay_over(stretches: &mut [Stretch<'_>], edits: &[Edit]) {
    for channel in channels_of(edits) {
        let parts = stretches.iter().map(|it| (it.channel, &it.words[..]));
        let line = Line::of(parts, channel);
        let runs = line.runs(edits);
        for (index, stretch) in stretches.iter_mut().enumerate() {
            if stretch.channel == channel && runs.iter().any(|run| line.touches(run, index)) {
                (*stretch.words, *stretch.text) = line.shown(index, &runs, edits, stretch.text);
                *stretch.edited = true;
            }
        }
    }
}

/// Lays corrections over segments.
pub fn lay_over_segments(segments: &mut [Segment], edits: &[Edit]) {
    let mut stretches: Vec<Stretch<'_>> = segments.iter_mut().map(Stretch::from).collect();
    lay_over(&mut stretches, edits);
}

/// The anchor of a correction in a transcript that was made anew, of whose channel `words` are. It is tied to
/// the very words that it corrects, wherever they are, or to its own words, if the machine heard those this time:
/// then there is nothing left to correct.
pub fn reattach(edit: &Edit, words: &Words, transcript_id: &TranscriptId) -> Anchor {
    let old = &edit.anchor;
    let before = words.find_near(old, &old.quote);
    let after = words.find_near(old, &edit.replacement);
    let corrected = match (&before, &after) {
        (Some((before, fit)), Some((after, better))) => {
            let overlap = before.start_ms < after.end_ms && after.start_ms < before.end_ms;
            let longer = normal_words(&edit.replacement).count() > normal_words(&old.quote).count();
            if overlap { longer } else { better > fit }
        }
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if let Some((found, _)) = after.filter(|_| corrected) {
        return Anchor {
            quote: old.quote.clone(),
            ..words.anchor_at(old, found, transcript_id)
        };
    }
    let found = before.map(|(found, _)| found).or_else(|| words.find_same(old));
    match found {
        Some(found) => words.anchor_at(old, found, transcript_id),
        None => Anchor {
            status: AnchorStatus::Check,
            ..old.clone()
        },
    }
}

fn channels_of(edits: &[Edit]) -> Vec<usize> {
    let active = edits.iter().filter(|edit| edit.is_active());
    let mut channels: Vec<usize> = active.filter_map(|edit| edit.anchor.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// All that the machine heard on a channel, one word after the other.
struct Line {
    words: Vec<Word>,
    /// Which stretch each word belongs to.
    stretch_of: Vec<usize>,
    /// The words as they are compared.
    normal: Vec<Vec<String>>,
}

/// Words of a line that a correction takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    from: usize,
    until: usize,
    edit: usize,
}

impl Line {
    /// Of all stretches, each with its channel, in order.
    fn of<'a>(stretches: impl Iterator<Item = (usize, &'a [Word])>, channel: usize) -> Self {
        let (mut words, mut stretch_of) = (Vec::new(), Vec::new());
        for (index, (on, heard)) in stretches.enumerate() {
            if on == channel {
                words.extend_from_slice(heard);
                stretch_of.resize(words.len(), index);
            }
        }
        Self {
            normal: words
                .iter()
                .map(|word| normal_words(&word.text).collect())
                .collect(),
            words,
            stretch_of,
        }
    }

    /// Where the corrections of this line apply: in order, none on words of another.
    fn runs(&self, edits: &[Edit]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (edit, it) in edits.iter().enumerate().filter(|(_, edit)| edit.is_active()) {
            if let Some((from, until)) = self.place_of(it) {
                let is_free = runs.iter().all(|run| until <= run.from || run.until <= from);
                if is_free {
                    runs.push(Run { from, until, edit });
                }
            }
        }
        runs.sort_by_key(|run| run.from);
        runs
    }

    /// The words that a correction is about: those in its time, if they are the ones that it quotes, or else,
    /// where words share a time, the nearest such words that touch it.
    fn place_of(&self, edit: &Edit) -> Option<(usize, usize)> {
        let anchor = &edit.anchor;
        let quote: Vec<String> = normal_words(&anchor.quote).collect();
        if quote.is_empty() || anchor.channel.is_none() {
            return None;
        }
        let inside = |word: &Word| (anchor.start_ms..anchor.end_ms).contains(&middle_ms(word));
        let from = self.words.iter().position(inside);
        if let Some(from) = from {
            let count = self.words[from..].iter().take_while(|word| inside(word)).count();
            let there = || self.normal[from..from + count].iter().flatten();
            if there().eq(quote.iter()) {
                let heard = text_of(&self.words[from..from + count]);
                return (heard != edit.replacement).then_some((from, from + count));
            }
            if there().cloned().eq(normal_words(&edit.replacement)) {
                return None;
            }
        }
        let touches = |word: &Word| word.start_ms <= anchor.end_ms && word.end_ms >= anchor.start_ms;
        (0..self.words.len())
            .filter(|from| touches(&self.words[*from]))
            .filter_map(|from| Some((from, self.end_of(from, &quote)?)))
            .min_by_key(|(from, until)| {
                let start_off = (self.words[*from].start_ms - anchor.start_ms).abs();
                start_off + (self.words[until - 1].end_ms - anchor.end_ms).abs()
            })
    }

    /// Where `quote` ends if it begins with the word `from`.
    fn end_of(&self, from: usize, quote: &[String]) -> Option<usize> {
        let mut left = quote;
        if self.normal[from].is_empty() {
            return None;
        }
        for (index, normal) in self.normal.iter().enumerate().skip(from) {
            left = left.strip_prefix(&normal[..])?;
            if left.is_empty() {
                return Some(index + 1);
            }
        }
        None
    }

    fn touches(&self, run: &Run, stretch: usize) -> bool {
        self.stretch_of[run.from..run.until].contains(&stretch)
    }

    /// A stretch as it is read with its corrections: words, and text. A correction that reaches over into the
    /// next stretch is read in its first.
    fn shown(&self, stretch: usize, runs: &[Run], edits: &[Edit], text: &str) -> (Vec<Word>, String) {
        let from = self.stretch_of.partition_point(|it| *it < stretch);
        let until = self.stretch_of.partition_point(|it| *it <= stretch);
        let spaced = spaces(text, &self.words[from..until]);
        let (mut words, mut out) = (Vec::new(), String::new());
        let mut put = |word: Word, spaced: bool| {
            if spaced && !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&word.text);
            words.push(word);
        };
        let mut at = from;
        while at < until {
            let Some(run) = runs.iter().find(|run| (run.from..run.until).contains(&at)) else {
                put(self.words[at].clone(), spaced[at - from]);
                at += 1;
                continue;
            };
            let end = run.until.min(until);
            if run.from == at {
                let mut is_first = true;
                for word in spread(&edits[run.edit].replacement, &self.words[at..end]) {
                    put(word, !is_first || spaced[at - from]);
                    is_first = false;
                }
            }
            at = end;
        }
        (words, out)
    }
}

/// Which words stand behind a space in the text that they make up; all, where they don't make it up.
fn spaces(text: &str, words: &[Word]) -> Vec<bool> {
    let mut left = text;
    let mut spaced = Vec::with_capacity(words.len());
    for word in words {
        let trimmed = left.trim_start();
        let Some(rest) = trimmed.strip_prefix(word.text.trim()) else {
            return vec![true; words.len()];
        };
        spaced.push(trimmed.len() < left.len());
        left = rest;
    }
    spaced
}

/// New words in the time of old ones, each as long as its letters are many.
fn spread(replacement: &str, old: &[Word]) -> Vec<Word> {
    let (Some(first), Some(last)) = (old.first(), old.last()) else {
        return Vec::new();
    };
    let (start_ms, time_ms) = (first.start_ms, (last.end_ms - first.start_ms).max(0));
    let texts: Vec<&str> = replacement.split_whitespace().collect();
    let length = |text: &str| text.chars().count() as i64;
    let total: i64 = texts.iter().map(|text| length(text)).sum();
    let mut before = 0;
    let mut next = |text: &&str| {
        let from_ms = start_ms + time_ms * before / total;
        before += length(text);
        Word {
            start_ms: from_ms,
            end_ms: start_ms + time_ms * before / total,
            text: (*text).to_owned(),
            confidence: 1.0,
        }
    };
    texts.iter().map(&mut next).collect()
}
