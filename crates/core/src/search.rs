//! What people type into a search box, and where a text answers it. Cutting into words is the program's, so
//! that both database engines find the same.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{CallId, UserId},
    transcript::SpeakerRole,
    user::names,
    words::{Cut, cut},
};

/// Terms of a query that count; more are refused.
pub const MAX_TERMS: usize = 32;

/// Words that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words, in lower case; never empty.
    pub words: Vec<String>,
    /// Whether the last one may go on: `pric*`.
    pub prefix: bool,
}

/// What is looked for: texts that have all of `wanted` and none of `unwanted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

/// Why a query can't be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It has no word to look for.
    #[error("there is no word to look for")]
    Empty,
    /// It has more terms than [`MAX_TERMS`].
    #[error("a query may have {MAX_TERMS} words and phrases at most")]
    TooLong,
}

impl Query {
    /// Reads a query: words that must all be there, `"words in this order"`, `begin*` for what begins so, and
    /// `-word` for what must not be there. What is cut into several words, such as `follow-up`, is a phrase.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let bare = rest.strip_prefix('-');
            let (piece, behind) = first_piece(bare.unwrap_or(rest));
            if let Some(term) = term(piece) {
                if bare.is_some() {
                    unwanted.push(term);
                } else {
                    wanted.push(term);
                }
            }
            rest = behind.trim_start();
        }
        if wanted.is_empty() {
            return Err(QueryError::Empty);
        }
        let words = |terms: &[Term]| terms.iter().map(|term| term.words.len()).sum::<usize>();
        if words(&wanted) + words(&unwanted) > MAX_TERMS {
            return Err(QueryError::TooLong);
        }
        Ok(Self { wanted, unwanted })
    }

    /// What a text must have, at least one.
    pub fn wanted(&self) -> &[Term] {
        &self.wanted
    }

    /// What it must not have.
    pub fn unwanted(&self) -> &[Term] {
        &self.unwanted
    }

    /// Whether a text answers the query.
    pub fn matches(&self, text: &str) -> bool {
        let words = cut(text);
        let has = |term: &Term| (0..words.len()).any(|at| term.begins(&words[at..]));
        self.wanted.iter().all(has) && !self.unwanted.iter().any(has)
    }

    /// A text in parts, those that answer the query marked, at most about `max_chars` characters around the
    /// first of them. Ellipses show where something was left out.
    pub fn excerpt(&self, text: &str, max_chars: usize) -> Vec<Part> {
        let words = cut(text);
        let marked = self.marked(&words);
        let first = marked
            .iter()
            .position(|is| *is)
            .map_or(0, |at| words[at].at.start);
        let window = window(text, first, max_chars);
        let mut parts = Parts::default();
        if window.start > 0 {
            parts.push("…", false);
        }
        let mut at = window.start;
        for (i, (word, _)) in words.iter().zip(&marked).enumerate().filter(|(_, (_, is))| **is) {
            if word.at.start < at || word.at.end > window.end {
                continue;
            }
            // What stands between two words of a phrase belongs to it.
            let joined = i > 0 && marked[i - 1] && words[i - 1].at.end == at;
            parts.push(&text[at..word.at.start], joined);
            parts.push(&text[word.at.clone()], true);
            at = word.at.end;
        }
        parts.push(&text[at..window.end], false);
        if window.end < text.len() {
            parts.push("…", false);
        }
        parts.0
    }

    fn marked(&self, words: &[Cut]) -> Vec<bool> {
        let mut marked = vec![false; words.len()];
        for at in 0..words.len() {
            for term in &self.wanted {
                if term.begins(&words[at..]) {
                    marked[at..at + term.words.len()].fill(true);
                }
            }
        }
        marked
    }
}

impl Term {
    /// Whether `words` begin with it.
    fn begins(&self, words: &[Cut]) -> bool {
        let last = self.words.len() - 1;
        words.len() > last
            && self
                .words
                .iter()
                .zip(words)
                .enumerate()
                .all(|(i, (wanted, cut))| {
                    cut.word == *wanted || (self.prefix && i == last && cut.word.starts_with(wanted.as_str()))
                })
    }
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    /// The title of a call.
    Title,
    /// A speaker's stretch of a transcript.
    Segment,
    /// A comment, or an answer to one.
    Comment,
}
names!(
    SearchKind,
    "kind of search result",
    Title = "title",
    Segment = "segment",
    Comment = "comment"
);

/// What people want to know about the call of something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCall {
    /// Which.
    pub id: CallId,
    /// As shown in lists.
    pub title: String,
    /// The rep whose call it is.
    pub owner_id: UserId,
    /// When the conversation took place.
    pub occurred_at: Option<TimeMs>,
}

/// A text that answers a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// What it is.
    pub kind: SearchKind,
    /// Id of the call, the segment or the comment.
    pub source_id: String,
    /// Where it is.
    pub call: FoundCall,
    /// Where in the recording, in milliseconds, if it has a place there.
    pub range_ms: Option<(i64, i64)>,
    /// Who says it, for segments.
    pub speaker_role: Option<SpeakerRole>,
    /// Who wrote it, for comments.
    pub author_id: Option<UserId>,
    /// The text around what was looked for.
    pub parts: Vec<Part>,
}

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its text.
    pub text: String,
    /// Whether it is what was looked for.
    pub matched: bool,
}

#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, text: &str, matched: bool) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.matched == matched => last.text.push_str(text),
            _ => self.0.push(Part {
                text: text.to_owned(),
                matched,
            }),
        }
    }
}

/// The first piece of a query: what stands in quotes, or up to the next space.
fn first_piece(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or((quoted, ""));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(text.len());
    text.split_at(end)
}

fn term(piece: &str) -> Option<Term> {
    let words: Vec<String> = cut(piece).into_iter().map(|cut| cut.word).collect();
    let prefix = piece.trim_end().ends_with('*');
    (!words.is_empty()).then_some(Term { words, prefix })
}

/// About `max_chars` characters of a text around byte `first`, between words where there are any.
fn window(text: &str, first: usize, max_chars: usize) -> std::ops::Range<usize> {
    if text.chars().count() <= max_chars {
        return 0..text.len();
    }
    let before = text[..first].char_indices().rev().nth(max_chars / 4);
    let start = before.map_or(0, |(at, _)| {
        let word = text[at..first].find(char::is_whitespace);
        word.map_or(at, |offset| first - text[at + offset..first].trim_start().len())
    });
    let after = text[start..].char_indices().nth(max_chars);
    let end = after.map_or(text.len(), |(offset, _)| {
        let word = text[start..start + offset].rfind(char::is_whitespace);
        let end = start + word.filter(|word| start + word > first).unwrap_or(offset);
        // The word that was found stays whole.
        end.max(first)
    });
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(parts: &[Part]) -> String {
        let show = |part: &Part| {
            if part.matched {
                format!("[{}]", part.text)
            } else {
                part.text.clone()
            }
        };
        parts.iter().map(show).collect()
    }

    #[test]
    fn queries_are_words_phrases_beginnings_and_exclusions() {
        let query = Query::parse(r#"Price "next STEPS" pric* -discount -"no way" follow-up don't"#).unwrap();
        let words = |terms: &[Term]| -> Vec<String> {
            terms
                .iter()
                .map(|term| term.words.join("+") + if term.prefix { "*" } else { "" })
                .collect()
        };
        assert_eq!(
            words(query.wanted()),
            ["price", "next+steps", "pric*", "follow+up", "dont"]
        );
        assert_eq!(words(query.unwanted()), ["discount", "no+way"]);
    }

    #[test]
    fn nonsense_is_refused_or_read_in_some_way() {
        for text in ["", " ", "\"\"", "*", "-", "-x", "- x\" -", "&|!():"] {
            let outcome = Query::parse(text);
            assert!(
                outcome == Err(QueryError::Empty) || text.contains("- x"),
                "{text:?}"
            );
        }
        assert_eq!(
            Query::parse("\"open end").unwrap().wanted()[0].words,
            ["open", "end"]
        );
        assert_eq!(Query::parse(&"a ".repeat(33)), Err(QueryError::TooLong));
        assert!(Query::parse(&"a ".repeat(32)).is_ok());
        assert_eq!(
            Query::parse(&format!("\"{}\"", "a ".repeat(33))),
            Err(QueryError::TooLong)
        );
    }

    #[test]
    fn a_text_answers_when_it_has_all_and_nothing_unwanted() {
        let text = "The price is higher than the price we expected.";
        for yes in [
            "price",
            "PRICE expected",
            "\"higher than\"",
            "exp*",
            "price -discount",
            "\"than the pri*\"",
        ] {
            assert!(Query::parse(yes).unwrap().matches(text), "{yes}");
        }
        for no in [
            "prices",
            "pric",
            "\"than higher\"",
            "price -expected",
            "expected*d",
            "\"we expected more\"",
        ] {
            assert!(!Query::parse(no).unwrap().matches(text), "{no}");
        }
    }

    #[test]
    fn excerpts_mark_what_was_looked_for() {
        let query = Query::parse("\"next step\" thurs*").unwrap();
        assert_eq!(
            show(&query.excerpt("Next, step: the next step is Thursday. Step by step.", 200)),
            "[Next, step]: the [next step] is [Thursday]. Step by step."
        );
        let long = format!("{} a next step {}", "before ".repeat(40), "after ".repeat(60));
        let shown = show(&query.excerpt(&long, 80));
        assert!(shown.contains(" a [next step] after"), "{shown}");
        assert!(
            shown.starts_with("…before") && shown.ends_with("after…"),
            "{shown}"
        );
        assert!(shown.chars().count() <= 86, "{shown}");
    }

    /// Whatever the text and the query, an excerpt is made of pieces of the text.
    #[test]
    fn excerpts_are_pieces_of_the_text() {
        let pieces = [
            "a",
            "ä",
            " ",
            "-",
            "b c",
            "e\u{301}",
            "你",
            "don't ",
            "\n",
            "x".repeat(90).as_str(),
        ]
        .map(str::to_owned);
        let mut random = crate::random::Random::new(7);
        for _ in 0..2_000 {
            let count = random.below(30);
            let text: String = (0..count)
                .map(|_| pieces[random.below(pieces.len())].clone())
                .collect();
            let query = Query::parse(["a", "b*", "\"b c\"", "dont", "x*"][random.below(5)]).unwrap();
            let max = 5 + random.below(60);
            let whole: String = query
                .excerpt(&text, max)
                .into_iter()
                .map(|part| part.text)
                .collect();
            assert!(text.contains(whole.trim_matches('…')), "{text:?} {whole:?}");
        }
    }
}
