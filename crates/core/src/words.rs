//! Text as bare words, cut the same way wherever words are compared: for searching, on either engine, and for
//! trackers.

use std::ops::Range;

/// Letters of a word that count; a longer one is cut into pieces of this length.
pub const MAX_LETTERS: usize = 64;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its letters and digits in lower case.
    pub word: String,
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
}

/// Cuts a text into words: runs of letters and digits in lower case. An apostrophe inside of a word is dropped
/// (`don't` is `dont`), and so are accents that are written as a letter of their own; everything else separates.
pub fn cut(text: &str) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut open: Option<Cut> = None;
    let mut letters = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at + character.len_utf8();
        if character.is_alphanumeric() {
            if letters == MAX_LETTERS {
                cuts.extend(open.take());
                letters = 0;
            }
            letters += 1;
            let cut = open.get_or_insert_with(|| Cut {
                word: String::new(),
                at: at..end,
            });
            cut.word.extend(character.to_lowercase());
            cut.at.end = end;
        } else if is_mark(character) {
            // It belongs to the letter before, if there is one.
            if let Some(cut) = &mut open {
                cut.at.end = end;
            }
        } else {
            let inside = is_apostrophe(character)
                && characters.peek().is_some_and(|&(_, next)| next.is_alphanumeric());
            if !inside {
                cuts.extend(open.take());
                letters = 0;
            }
        }
    }
    cuts.extend(open);
    cuts
}

/// The words of a text with one space between them.
pub fn bare(text: &str) -> String {
    let words: Vec<String> = cut(text).into_iter().map(|cut| cut.word).collect();
    words.join(" ")
}

/// A text in at most `max_chars` characters: cut behind a word, with an ellipsis, where it is longer.
pub fn shorten(text: &str, max_chars: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(max_chars) else {
        return text.to_owned();
    };
    let head = &text[..end];
    // Whole words, unless that would leave almost nothing of a text without spaces.
    let whole = if text[end..].starts_with(char::is_whitespace) {
        end
    } else {
        head.rfind(char::is_whitespace)
            .filter(|at| *at > end / 2)
            .unwrap_or(end)
    };
    format!("{}…", head[..whole].trim_end())
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{02bc}' | '\u{ff07}')
}

/// Accents that combine with the letter before them.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        assert_eq!(bare("Don't  worry — it’s 10% off!"), "dont worry its 10 off");
        assert_eq!(
            bare("B2B follow-up, 3.5k; ÜBER_uns"),
            "b2b follow up 3 5k über uns"
        );
        assert_eq!(bare("'quoted' rock 'n' roll'"), "quoted rock n roll");
        assert_eq!(bare("cafe\u{301} Привет 你好 \0 …"), "cafe привет 你好");
        assert_eq!(bare(" -- '' "), "");
    }

    #[test]
    fn every_word_knows_where_it_stands() {
        let text = "Ja, don't «Größe» e\u{301}a";
        let pieces: Vec<&str> = cut(text).into_iter().map(|cut| &text[cut.at]).collect();
        assert_eq!(pieces, ["Ja", "don't", "Größe", "e\u{301}a"]);
    }

    #[test]
    fn endless_words_are_cut_into_pieces() {
        let cuts = cut(&"ä".repeat(MAX_LETTERS + 1));
        assert_eq!(cuts.len(), 2);
        assert_eq!(cuts[0].word, "ä".repeat(MAX_LETTERS));
        assert_eq!((cuts[1].at.start, cuts[1].at.end), (128, 130));
    }

    #[test]
    fn long_texts_end_behind_a_word() {
        assert_eq!(shorten("one two", 7), "one two");
        assert_eq!(shorten("one two three", 8), "one two…");
        assert_eq!(shorten("one two three", 7), "one two…");
        assert_eq!(shorten("one two three", 12), "one two…");
        assert_eq!(shorten("aaaaaaaaaa", 4), "aaaa…");
        assert_eq!(shorten("äöü äöü", 5), "äöü…");
    }
}
