//! Places in a call that last: a stretch of time, and the words that were there.

mod align;
mod candidate;
mod find;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{id::TranscriptId, transcript::Word, user::names};

pub use find::{Found, MOST_EDITS_PERCENT, NEAR_MS, Words};

/// How well a place is tied to the transcript that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorStatus {
    /// Its words stand there as quoted.
    Exact,
    /// Its words were found, at another time or a little different.
    Moved,
    /// Its words were not found; the time is the old one, and somebody should look.
    Check,
}
names!(
    AnchorStatus,
    "anchor status",
    Exact = "exact",
    Moved = "moved",
    Check = "check"
);

/// A place in a call. Comments, evidence and corrections are tied to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording; behind the start.
    pub end_ms: i64,
    /// The channel whose words it means; `None` for all of them.
    pub channel: Option<usize>,
    /// The words that are said there, with one space between them; empty where nobody speaks.
    pub quote: String,
    /// A few words before the quote.
    pub prefix: String,
    /// A few words behind it.
    pub suffix: String,
    /// How well it is tied to the transcript.
    pub status: AnchorStatus,
    /// The version of the transcript whose words it holds.
    pub transcript_id: Option<TranscriptId>,
}

/// Words of context that are kept on either side of a quote.
pub const CONTEXT_WORDS: usize = 6;

/// The words of a stretch of time, and those around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quote {
    /// The words that are said there, with one space between them.
    pub quote: String,
    /// The [`CONTEXT_WORDS`] words before.
    pub prefix: String,
    /// The [`CONTEXT_WORDS`] words behind.
    pub suffix: String,
}

/// The middle of a word, which says whether it belongs to a stretch of time: a cut a little beside a word's
/// edge changes nothing.
pub fn middle_ms(word: &Word) -> i64 {
    word.start_ms + (word.end_ms - word.start_ms) / 2
}

/// What `words`, which are in order of their middles, say between two times.
pub fn quote_of(words: &[Word], start_ms: i64, end_ms: i64) -> Quote {
    let from = words.partition_point(|word| middle_ms(word) < start_ms);
    let until = words.partition_point(|word| middle_ms(word) < end_ms).max(from);
    Quote {
        quote: text_of(&words[from..until]),
        prefix: text_of(&words[from.saturating_sub(CONTEXT_WORDS)..from]),
        suffix: text_of(&words[until..words.len().min(until + CONTEXT_WORDS)]),
    }
}

/// Words as text, with one space between them.
pub fn text_of(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    texts.join(" ")
}

/// The words of a text as they are compared: in lower case, letters and digits only. What has neither is no
/// word.
pub fn normal_words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
}
