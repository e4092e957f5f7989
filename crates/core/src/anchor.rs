//! Places in a call that last: a stretch of time, and the words that were there.

use serde::{Deserialize, Serialize};

use crate::{id::TranscriptId, transcript::Word, user::names};

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

/// What `words`, which are in order of their starts, say between two times. A word belongs to the stretch
/// that holds its middle, so that a cut a little beside a word's edge changes nothing.
pub fn quote_of(words: &[Word], start_ms: i64, end_ms: i64) -> Quote {
    let middle = |word: &Word| word.start_ms + (word.end_ms - word.start_ms) / 2;
    let from = words.partition_point(|word| middle(word) < start_ms);
    let until = words.partition_point(|word| middle(word) < end_ms).max(from);
    let text = |words: &[Word]| {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        texts.join(" ")
    };
    Quote {
        quote: text(&words[from..until]),
        prefix: text(&words[from.saturating_sub(CONTEXT_WORDS)..from]),
        suffix: text(&words[until..words.len().min(until + CONTEXT_WORDS)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let word = |(i, text): (usize, &str)| Word {
            start_ms: i as i64 * 100,
            end_ms: i as i64 * 100 + 80,
            text: text.to_owned(),
            confidence: 1.0,
        };
        text.split(' ').enumerate().map(word).collect()
    }

    #[test]
    fn a_quote_holds_the_words_whose_middle_is_inside() {
        let words = words("a b c d e f g h i j");
        let quote = quote_of(&words, 330, 545);
        assert_eq!(
            (quote.prefix.as_str(), quote.quote.as_str(), quote.suffix.as_str()),
            ("a b c", "d e f", "g h i j")
        );
        assert_eq!(quote_of(&words, 350, 390).quote, "");
        assert_eq!(quote_of(&[], 0, 10), Quote::default());
    }
}
