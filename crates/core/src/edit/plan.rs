//! From a new text of a segment to the smallest corrections that make it.

use std::ops::Range;

use super::{Edit, Line, Run, spread};
use crate::{
    anchor::{Anchor, AnchorStatus, CONTEXT_WORDS, text_of},
    id::TranscriptId,
    transcript::Segment,
};

/// What to do so that a segment reads as somebody wants it to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Corrections to make.
    pub make: Vec<PlannedEdit>,
    /// Corrections to take back, by their place in the list: others take their place, or none is needed.
    pub revert: Vec<usize>,
}

/// A correction to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEdit {
    /// Where; its quote is what the machine heard.
    pub anchor: Anchor,
    /// The words to read instead.
    pub replacement: String,
}

/// The machine heard no words in a segment, so there is nothing to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the segment has no words to correct")]
pub struct NoWords;

/// A piece of a segment as it is read: a word of the machine, or a correction.
struct Piece {
    /// Words of the machine, in the line.
    words: Range<usize>,
    /// The correction.
    edit: Option<usize>,
    /// What is read, in the list of tokens.
    tokens: Range<usize>,
}

/// Plans how the segment `index` comes to read `text`. `segments` are all that the machine heard, and `edits`
/// the corrections that are laid over it. Unchanged words stay what they are; where words are only added, a
/// neighbour is taken along, so that there is something to tie them to. Who corrects a correction takes its place.
pub fn plan(
    segments: &[Segment],
    edits: &[Edit],
    index: usize,
    text: &str,
    transcript_id: &TranscriptId,
) -> Result<Plan, NoWords> {
    let channel = segments.get(index).ok_or(NoWords)?.channel;
    let line = Line::of(segments.iter().map(|it| (it.channel, &it.words[..])), channel);
    let (pieces, tokens) = pieces(&line, index, &line.runs(edits), edits);
    let wanted: Vec<&str> = text.split_whitespace().collect();
    let partners = partners(&tokens, &wanted);
    let mut dirty = dirty_pieces(&pieces, &partners, wanted.len());
    let mut joined = vec![false; pieces.len()];
    let mut groups = groups(&pieces, &partners, &dirty, &joined);
    while let Some(bare) = groups
        .iter()
        .find(|group| !has_words(&line, &pieces[(*group).clone()]))
    {
        // Signs alone can't be found again: the word beside them comes along.
        let (beside, second) = match bare.start {
            0 => (bare.end, bare.end),
            start => (start - 1, start),
        };
        *dirty.get_mut(beside).ok_or(NoWords)? = true;
        joined[second] = true;
        groups = self::groups(&pieces, &partners, &dirty, &joined);
    }
    let mut plan = Plan::default();
    for group in groups {
        let from = wanted_from(&pieces, group.start, &partners);
        let group = &pieces[group];
        plan.revert.extend(group.iter().filter_map(|piece| piece.edit));
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let words = first.words.start..last.words.end;
        let until = partners.get(last.tokens.end).copied().flatten();
        let replacement = wanted[from..until.unwrap_or(wanted.len())].join(" ");
        let heard = text_of(&line.words[words.clone()]);
        if heard.split_whitespace().eq(replacement.split_whitespace()) {
            continue;
        }
        let anchor = anchor(&line, words, channel, transcript_id);
        plan.make.push(PlannedEdit { anchor, replacement });
    }
    Ok(plan)
}

/// The pieces that a segment is read in, and their words as text.
fn pieces(line: &Line, index: usize, runs: &[Run], edits: &[Edit]) -> (Vec<Piece>, Vec<String>) {
    let (mut pieces, mut tokens) = (Vec::new(), Vec::new());
    let mut at = line.stretch_of.partition_point(|it| *it < index);
    while line.stretch_of.get(at) == Some(&index) {
        let run = runs.iter().find(|run| (run.from..run.until).contains(&at));
        let words = run.map_or(at..at + 1, |run| run.from..run.until);
        at = words.end;
        // One that began in the segment before is read there.
        if line.stretch_of[words.start] != index {
            continue;
        }
        let begin = tokens.len();
        if let Some(run) = run {
            let words = spread(&edits[run.edit].replacement, &line.words[words.clone()]);
            tokens.extend(words.into_iter().map(|word| word.text));
        } else {
            let text = line.words[words.start].text.split_whitespace();
            tokens.extend(text.map(str::to_owned));
        }
        pieces.push(Piece {
            words,
            edit: run.map(|run| run.edit),
            tokens: begin..tokens.len(),
        });
    }
    (pieces, tokens)
}

/// For each word that is read now, where it stands in the wanted ones; `None` for those that go (the longest
/// common subsequence).
fn partners(now: &[String], wanted: &[&str]) -> Vec<Option<usize>> {
    let width = wanted.len() + 1;
    let mut lengths = vec![0_u32; (now.len() + 1) * width];
    for i in (0..now.len()).rev() {
        for j in (0..wanted.len()).rev() {
            lengths[i * width + j] = if now[i] == wanted[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let mut partners = vec![None; now.len()];
    let (mut i, mut j) = (0, 0);
    while i < now.len() && j < wanted.len() {
        if now[i] == wanted[j] {
            partners[i] = Some(j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    partners
}

/// Which pieces have to change: those with a word that goes, and a neighbour of words that come.
fn dirty_pieces(pieces: &[Piece], partners: &[Option<usize>], wanted: usize) -> Vec<bool> {
    let mut dirty: Vec<bool> = pieces
        .iter()
        .map(|piece| partners[piece.tokens.clone()].contains(&None))
        .collect();
    let mut next = 0;
    for at in 0..=partners.len() {
        let partner = match partners.get(at) {
            Some(None) => continue,
            Some(Some(partner)) => *partner,
            None => wanted,
        };
        let goes = at > 0 && partners[at - 1].is_none();
        if partner > next && !goes {
            // A correction that deleted words just here, else the word before, else the one behind.
            let empty = pieces
                .iter()
                .position(|it| it.tokens.is_empty() && it.tokens.start == at);
            let before = pieces.iter().rposition(|it| it.tokens.start < at);
            if let Some(piece) = dirty.get_mut(empty.or(before).unwrap_or(0)) {
                *piece = true;
            }
        }
        next = partner + 1;
    }
    dirty
}

/// Dirty pieces that change together: a new group begins where a piece begins with a word that stays, as then it is
/// clear what belongs to which. `joined` ones go with the piece before. A correction that deleted words parts nothing.
fn groups(
    pieces: &[Piece],
    partners: &[Option<usize>],
    dirty: &[bool],
    joined: &[bool],
) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for index in (0..pieces.len()).filter(|index| dirty[*index]) {
        let begins = begins_with_partner(&pieces[index], partners).is_some() && !joined[index];
        match groups.last_mut() {
            Some(last) if !begins && pieces[last.end..index].iter().all(|it| it.tokens.is_empty()) => {
                last.end = index + 1;
            }
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

/// Where the first word of a piece stays, if it does.
fn begins_with_partner(piece: &Piece, partners: &[Option<usize>]) -> Option<usize> {
    partners[piece.tokens.clone()].first().copied().flatten()
}

/// Where in the wanted words a group begins whose first piece is `index`.
fn wanted_from(pieces: &[Piece], index: usize, partners: &[Option<usize>]) -> usize {
    let piece = &pieces[index];
    let own = begins_with_partner(piece, partners).filter(|_| index > 0);
    let before = piece
        .tokens
        .start
        .checked_sub(1)
        .and_then(|before| partners[before]);
    own.unwrap_or_else(|| before.map_or(0, |before| before + 1))
}

fn has_words(line: &Line, pieces: &[Piece]) -> bool {
    let mut words = pieces.iter().flat_map(|piece| piece.words.clone());
    words.any(|word| !line.normal[word].is_empty())
}

fn anchor(line: &Line, words: Range<usize>, channel: usize, transcript_id: &TranscriptId) -> Anchor {
    let Range { start, end } = words;
    let all = &line.words;
    let start_ms = all[start].start_ms;
    Anchor {
        start_ms,
        end_ms: all[end - 1].end_ms.max(start_ms + 1),
        channel: Some(channel),
        quote: text_of(&all[start..end]),
        prefix: text_of(&all[start.saturating_sub(CONTEXT_WORDS)..start]),
        suffix: text_of(&all[end..all.len().min(end + CONTEXT_WORDS)]),
        status: AnchorStatus::Exact,
        transcript_id: Some(transcript_id.clone()),
    }
}
