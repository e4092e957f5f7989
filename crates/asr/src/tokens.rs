//! From whisper's tokens to words with times.

use crate::transcriber::HeardWord;

/// A token as the engine gives it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Its bytes; a character may be spread over several tokens.
    pub(crate) bytes: Vec<u8>,
    /// Its probability.
    pub(crate) probability: f32,
    /// When it begins, in milliseconds of the window.
    pub(crate) start_ms: i64,
}

/// Collects tokens and keeps them inside the phrases that whisper's time stamps mark: aligning words with sound
/// puts the last word of a phrase behind the pause now and then, the time stamps do not.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    pub(crate) tokens: Vec<Token>,
    pub(crate) last_stamp_ms: Option<i64>,
    /// Tokens before this one lie in phrases that have ended.
    closed: usize,
}

impl Phrases {
    pub(crate) fn push(&mut self, token: Token) {
        self.tokens.push(token);
    }

    /// A time stamp: the end of the phrase before it, or the start of the one behind it.
    pub(crate) fn stamp(&mut self, at_ms: i64) {
        let start_ms = self.last_stamp_ms.unwrap_or(0).min(at_ms);
        for token in &mut self.tokens[self.closed..] {
            token.start_ms = token
                .start_ms
                .clamp(start_ms, (at_ms - LAST_TOKEN_MS).max(start_ms));
        }
        self.closed = self.tokens.len();
        self.last_stamp_ms = Some(at_ms);
    }
}

/// The last token of a phrase takes at least this long.
const LAST_TOKEN_MS: i64 = 100;

/// Languages written without spaces, in which every character stands for itself. The list is the one of
/// openai-whisper's `split_to_word_tokens` (tokenizer.py).
const UNSPACED: &[&str] = &["zh", "ja", "th", "lo", "my", "yue"];

/// The longest that one word is taken to last: a word before a pause would otherwise stretch over it.
const MAX_WORD_MS: i64 = 1_000;
/// The longest time one character is taken to last.
const MAX_CHARACTER_MS: i64 = 120;

/// Joins tokens into words. A word begins at a token that starts with a space, or in languages without
/// spaces at every character; it lasts until the next begins, or as long as its letters plausibly take.
pub(crate) fn words(tokens: &[Token], language: &str, window_ms: i64) -> Vec<HeardWord> {
    let spaced_language = !UNSPACED.contains(&language);
    let mut words: Vec<HeardWord> = Vec::new();
    let mut pending: Option<Pending> = None;
    for token in tokens {
        let starts_word = match &pending {
            None => true,
            Some(word) if word.is_complete() => {
                if spaced_language {
                    token.bytes.first() == Some(&b' ')
                } else {
                    !is_punctuation(&token.bytes)
                }
            }
            Some(_) => false,
        };
        if starts_word && let Some(word) = pending.take() {
            word.finish(&mut words);
        }
        pending
            .get_or_insert_with(|| Pending::new(token.start_ms))
            .push(token);
    }
    if let Some(word) = pending {
        word.finish(&mut words);
    }
    set_ends(&mut words, window_ms);
    words
}

/// A word whose tokens are still being collected.
struct Pending {
    bytes: Vec<u8>,
    probability_sum: f32,
    tokens: usize,
    start_ms: i64,
}

impl Pending {
    fn new(start_ms: i64) -> Self {
        Self {
            bytes: Vec::new(),
            probability_sum: 0.0,
            tokens: 0,
            start_ms,
        }
    }

    fn push(&mut self, token: &Token) {
        self.bytes.extend_from_slice(&token.bytes);
        self.probability_sum += token.probability;
        self.tokens += 1;
    }

    /// Whether the bytes so far end at the end of a character.
    fn is_complete(&self) -> bool {
        std::str::from_utf8(&self.bytes).is_ok()
    }

    fn finish(self, words: &mut Vec<HeardWord>) {
        let text = String::from_utf8_lossy(&self.bytes);
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return;
        }
        words.push(HeardWord {
            text: trimmed.to_owned(),
            start_ms: self.start_ms,
            end_ms: self.start_ms,
            confidence: (self.probability_sum / self.tokens as f32).clamp(0.0, 1.0),
            spaced: text.starts_with(' '),
        });
    }
}

fn is_punctuation(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        !text.is_empty() && text.chars().all(|c| !c.is_alphanumeric() && !c.is_whitespace())
    })
}

/// Makes starts rise and gives every word an end.
fn set_ends(words: &mut [HeardWord], window_ms: i64) {
    let mut floor_ms = 0;
    for word in words.iter_mut() {
        word.start_ms = word.start_ms.clamp(floor_ms, window_ms);
        floor_ms = word.start_ms;
    }
    let mut next_start_ms = window_ms;
    for word in words.iter_mut().rev() {
        let characters = word.text.chars().count() as i64;
        let longest_ms = (characters * MAX_CHARACTER_MS).clamp(2 * MAX_CHARACTER_MS, MAX_WORD_MS);
        word.end_ms = next_start_ms.min(word.start_ms + longest_ms).max(word.start_ms);
        next_start_ms = word.start_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &[u8], start_ms: i64) -> Token {
        Token {
            bytes: text.to_vec(),
            probability: 0.5,
            start_ms,
        }
    }

    #[test]
    fn tokens_join_at_spaces_and_punctuation_stays_with_its_word() {
        let tokens = [
            token(b" Hel", 100),
            token(b"lo", 200),
            token(b",", 300),
            token(b" you", 500),
        ];
        let words = words(&tokens, "en", 2_000);
        let seen: Vec<_> = words
            .iter()
            .map(|w| (w.text.as_str(), w.start_ms, w.end_ms))
            .collect();
        assert_eq!(seen, [("Hello,", 100, 500), ("you", 500, 860)]);
    }

    #[test]
    fn a_character_spread_over_tokens_is_put_together() {
        let tokens = [
            token(b" caf", 0),
            token(&[0xc3], 10),
            token(&[0xa9], 20),
            token(b" x", 90),
        ];
        let words = words(&tokens, "en", 1_000);
        assert_eq!(words[0].text, "café");
        assert_eq!(words.len(), 2);
    }

    #[test]
    fn languages_without_spaces_split_by_character() {
        let tokens = [
            token("你".as_bytes(), 0),
            token("好".as_bytes(), 300),
            token("。".as_bytes(), 500),
        ];
        let words = words(&tokens, "zh", 1_000);
        let seen: Vec<_> = words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(seen, ["你", "好。"]);
    }

    #[test]
    fn tokens_stay_inside_their_phrase() {
        let mut phrases = Phrases::default();
        phrases.stamp(200);
        phrases.push(token(b" right", 100));
        phrases.push(token(b" now?", 2_500));
        phrases.stamp(2_000);
        phrases.stamp(2_400);
        phrases.push(token(b" Okay.", 2_300));
        let starts: Vec<_> = phrases.tokens.iter().map(|token| token.start_ms).collect();
        assert_eq!(starts, [200, 1_900, 2_300], "the last phrase has no end");
        phrases.stamp(3_000);
        assert_eq!(phrases.tokens[2].start_ms, 2_400);
        assert_eq!(phrases.last_stamp_ms, Some(3_000));
    }

    #[test]
    fn a_word_before_a_pause_does_not_stretch_over_it() {
        let words = words(&[token(b" Yes.", 0), token(b" And", 9_000)], "en", 10_000);
        assert_eq!(words[0].end_ms, 480);
    }

    #[test]
    fn times_never_run_backwards() {
        let words = words(
            &[token(b" a", 500), token(b" b", 300), token(b" c", 99_999)],
            "en",
            1_000,
        );
        let starts: Vec<_> = words.iter().map(|w| w.start_ms).collect();
        assert_eq!(starts, [500, 500, 1_000]);
        assert!(words.iter().all(|w| w.end_ms >= w.start_ms && w.end_ms <= 1_000));
    }
}
