//! Numbers of cards and accounts in what is said: found, and taken out of the words.
//!
//! Three kinds are looked for. Card numbers: 13 to 19 digits with the check digit of ISO/IEC 7812. IBANs, by their check
//! (ISO 13616). And other numbers of eight digits or more that somebody asked for or announced shortly before ("what's the
//! account number?"), so that telephone numbers stay. Digits may be written or said as English words, with pauses between
//! their groups.

mod cues;
mod find;
mod served;
mod token;

use serde::{Deserialize, Serialize};

pub use cues::Cues;
pub use served::{RedactedObject, Redaction, RedactionState, Served, merged};

use crate::{TimeMs, transcript::Word, user::names};

/// What a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// A payment card.
    Card,
    /// An account, by its international number.
    Iban,
    /// An account, by another number.
    Account,
}
names!(
    NumberKind,
    "kind of number",
    Card = "card",
    Iban = "iban",
    Account = "account",
);

/// A number that was taken out: where it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// What it is of.
    pub kind: NumberKind,
    /// Start of its first word, in milliseconds of the recording.
    pub start_ms: TimeMs,
    /// End of its last word, in milliseconds of the recording.
    pub end_ms: TimeMs,
}

/// A number as [`mask`] found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is, and the times of its words.
    pub number: Number,
    /// Until when it may go on at most. Models that write many digits as one word often give it the time of a short one:
    /// what is said behind it, up to the next word, is the rest of the number.
    pub until_ms: TimeMs,
}

/// Slow speakers take so long for a digit, with the pauses between groups.
const DIGIT_MS: TimeMs = 800;
/// Digits that take their time: the longest numbers have fewer, and models that go in a circle write many more.
const MOST_DIGITS: usize = 36;

/// A stretch of words by one speaker, such as a segment.
#[derive(Debug)]
pub struct Passage<'a> {
    /// The words as a sentence.
    pub text: &'a mut String,
    /// The words one by one, in order.
    pub words: &'a mut [Word],
}

/// Takes numbers out of what one speaker says, passage by passage in order. Each of their digits becomes a mark, and
/// so does each word that says digits; words keep their number and their times. `cues` are what all speakers said that
/// announces numbers. What was taken out before stays so.
pub fn mask(passages: &mut [Passage<'_>], cues: &Cues) -> Vec<Found> {
    let words: Vec<&Word> = passages.iter().flat_map(|passage| passage.words.iter()).collect();
    let found = find::find(&words, cues);
    if found.is_empty() {
        return Vec::new();
    }
    let mut masks: Vec<Option<String>> = vec![None; words.len()];
    let mut numbers = Vec::with_capacity(found.len());
    for found in &found {
        for &index in &found.words {
            masks[index] = Some(token::masked(&words[index].text));
        }
        let spoken = || found.words.iter().map(|&index| words[index]);
        let number = Number {
            kind: found.kind,
            start_ms: spoken().map(|word| word.start_ms).min().unwrap_or(0),
            end_ms: spoken().map(|word| word.end_ms).max().unwrap_or(0),
        };
        let next = found.words.last().and_then(|last| words.get(last + 1));
        let longest_ms = number.start_ms + found.length.min(MOST_DIGITS) as TimeMs * DIGIT_MS;
        numbers.push(Found {
            number,
            until_ms: next
                .map_or(longest_ms, |next| longest_ms.min(next.start_ms))
                .max(number.end_ms),
        });
    }
    drop(words);
    let mut masks = masks.into_iter();
    for passage in passages {
        let mine: Vec<Option<String>> = masks.by_ref().take(passage.words.len()).collect();
        if mine.iter().any(Option::is_some) {
            rewrite(passage, mine);
        }
    }
    numbers.sort_by_key(|found| (found.number.start_ms, found.number.end_ms));
    numbers
}

/// Takes numbers out of texts that follow each other and of which no times are known, such as a quote and what stands
/// before and behind it; says whether there were any.
pub fn mask_texts(texts: &mut [String]) -> bool {
    let word = |text: &str| Word {
        start_ms: 0,
        end_ms: 0,
        text: text.to_owned(),
        confidence: 0.0,
    };
    let mut words: Vec<Vec<Word>> = texts
        .iter()
        .map(|text| text.split_whitespace().map(word).collect())
        .collect();
    let mut cues = Cues::default();
    cues.note(words.iter().flatten());
    let mut passages: Vec<Passage<'_>> = texts
        .iter_mut()
        .zip(&mut words)
        .map(|(text, words)| Passage { text, words })
        .collect();
    !mask(&mut passages, &cues).is_empty()
}

/// Puts marks in place of words, and into the text where these words stand in it.
fn rewrite(passage: &mut Passage<'_>, masks: Vec<Option<String>>) {
    let mut text = String::with_capacity(passage.text.len());
    let mut rest = passage.text.as_str();
    let mut lost = false;
    for (word, mask) in passage.words.iter_mut().zip(masks) {
        match rest.find(&word.text) {
            Some(at) => {
                text.push_str(&rest[..at]);
                rest = &rest[at + word.text.len()..];
            }
            None => lost = true,
        }
        if let Some(mask) = mask {
            word.text = mask;
        }
        text.push_str(&word.text);
    }
    text.push_str(rest);
    if lost {
        // The text was none of these words: they are what counts.
        let words: Vec<&str> = passage.words.iter().map(|word| word.text.as_str()).collect();
        text = words.join(" ");
    }
    *passage.text = text;
}

#[cfg(test)]
mod tests;
