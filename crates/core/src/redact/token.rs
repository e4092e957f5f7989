//! What a word of a transcript is to somebody who looks for long numbers in it.

/// Stands for a digit, a letter or a number word that was taken out.
pub(super) const MASK: char = '•';

/// Separators inside of what is written as one number.
const SEPARATORS: &[char] = &['-', '\u{2010}', '\u{2011}', '\u{2013}', '.', ',', ' '];

/// What people say between the groups of a number without ending it.
const FILLERS: &[&str] = &[
    "uh", "uhm", "um", "er", "erm", "ah", "hm", "hmm", "mm", "mhm", "mmhmm", "uhhuh", "ok", "okay", "yes",
    "yeah", "yep", "right", "and", "then", "dash", "hyphen", "space",
];

/// A piece of a number that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A digit.
    Digit(u8),
    /// A digit that was taken out before.
    Gone,
    /// Twenty, thirty …: this digit and a zero, unless the next is said with it.
    Tens(u8),
    /// Double, triple: the next digit so many times.
    Times(u8),
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A number or a part of one.
    Number(Vec<Piece>),
    /// Capital letters, perhaps with digits, as IBANs have them.
    Letters(String),
    /// Nothing that ends a number.
    Filler,
    /// A telephone number begins.
    Phone,
    /// Anything else, with its letters and digits in lower case.
    Other(String),
}

impl Token {
    /// Looks at the text of a word, with its punctuation.
    pub(super) fn of(text: &str) -> Self {
        let core = text.trim_matches(|c: char| !(c.is_alphanumeric() || "+$£€%#(•".contains(c)));
        let core = core.trim_start_matches('#');
        if core.is_empty() {
            return Self::Filler;
        }
        let plain = core.trim_start_matches(['+', '(']);
        if plain.len() < core.len() && plain.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::Phone;
        }
        if let Some(pieces) = written(plain) {
            return Self::Number(pieces);
        }
        let bare: String = plain
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if let Some(pieces) = spoken(plain) {
            return Self::Number(pieces);
        }
        if FILLERS.contains(&bare.as_str()) {
            return Self::Filler;
        }
        letters(plain).map_or(Self::Other(bare), Self::Letters)
    }
}

/// The digits of a number in figures. Amounts, quantities, dates and shares are none of ours.
fn written(text: &str) -> Option<Vec<Piece>> {
    let known = |c: char| c.is_ascii_digit() || c == MASK;
    if !text.chars().any(known) || !text.chars().all(|c| known(c) || SEPARATORS.contains(&c)) {
        return None;
    }
    let groups: Vec<&str> = text.split(SEPARATORS).collect();
    if is_quantity(text, &groups) || is_date(&groups) {
        return None;
    }
    let piece = |c: char| {
        c.to_digit(10)
            .map_or(Piece::Gone, |digit| Piece::Digit(digit as u8))
    };
    Some(text.chars().filter(|c| known(*c)).map(piece).collect())
}

/// Whether it is written as quantities are: `12,000,000`, `3.5`, `19.99`. From 13 digits on nobody means a quantity,
/// while models put such commas into long numbers.
fn is_quantity(text: &str, groups: &[&str]) -> bool {
    let digits: usize = groups.iter().map(|group| group.len()).sum();
    let decimals = text.rsplit_once(['.', ',']).map(|(_, rest)| rest.len());
    let two_groups = groups.len() == 2 && decimals.is_some_and(|digits| (1..=2).contains(&digits));
    let thousands = text.contains(',')
        && !text.contains('-')
        && (1..=3).contains(&groups[0].len())
        && groups[1..]
            .iter()
            .all(|group| group.len() == 3 || group.len() == 2 && text.contains('.'));
    digits < 13 && (two_groups || thousands && groups.len() > 1)
}

/// Whether it is a day with its year: `2026-11-22`, `22.11.2026`.
fn is_date(groups: &[&str]) -> bool {
    let is_year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let is_day =
        |group: &str| group.len() <= 2 && group.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
    match groups {
        [year, a, b] | [a, b, year] if is_year(year) => is_day(a) && is_day(b),
        _ => false,
    }
}

/// The digits of a number in words, as in `four`, `forty-two` or `four-two-oh`.
fn spoken(text: &str) -> Option<Vec<Piece>> {
    if !text.chars().any(char::is_alphabetic) {
        return None;
    }
    let mut pieces = Vec::new();
    for word in text.split(SEPARATORS).filter(|word| !word.is_empty()) {
        // Figures and words mix: `4-oh`.
        if let Some(digits) = written(word) {
            pieces.extend(digits);
        } else {
            pieces.extend_from_slice(&number_word(&word.to_lowercase())?);
        }
    }
    (!pieces.is_empty()).then_some(pieces)
}

fn number_word(word: &str) -> Option<Vec<Piece>> {
    use Piece::{Digit, Tens, Times};
    const UNITS: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    const TEENS: [&str; 10] = [
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let place = |words: &[&str]| words.iter().position(|known| *known == word).map(|at| at as u8);
    if let Some(digit) = place(&UNITS) {
        return Some(vec![Digit(digit)]);
    }
    if let Some(teen) = place(&TEENS) {
        return Some(vec![Digit(1), Digit(teen)]);
    }
    if let Some(ten) = place(&TENS) {
        return Some(vec![Tens(ten + 2)]);
    }
    match word {
        "oh" | "o" | "nought" | "naught" | "nil" => Some(vec![Digit(0)]),
        "niner" => Some(vec![Digit(9)]),
        "double" => Some(vec![Times(2)]),
        "triple" | "treble" => Some(vec![Times(3)]),
        _ => None,
    }
}

/// Capital letters, with or without digits, without what separates them.
fn letters(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !SEPARATORS.contains(c)).collect();
    let fits = bare.len() <= super::find::LONGEST_IBAN
        && bare.bytes().any(|b| b.is_ascii_uppercase())
        && bare.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    fits.then_some(bare)
}

/// The text of a word with every digit as a mark, and every letter of an IBAN; a number word becomes one mark.
/// Punctuation stays.
pub(super) fn masked(text: &str) -> String {
    let is_code = matches!(Token::of(text), Token::Letters(_));
    if is_code || !text.chars().any(char::is_alphabetic) {
        let mask = |c: char| if c.is_alphanumeric() { MASK } else { c };
        return text.chars().map(mask).collect();
    }
    // A number word says by its length which one it is: one mark for all.
    let first = text.find(char::is_alphanumeric).unwrap_or(0);
    let end = text
        .char_indices()
        .rfind(|(_, c)| c.is_alphanumeric())
        .map_or(first, |(at, c)| at + c.len_utf8());
    format!("{}{MASK}{}", &text[..first], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Option<String> {
        let Token::Number(pieces) = Token::of(text) else {
            return None;
        };
        let show = |piece: Piece| match piece {
            Piece::Digit(digit) => digit.to_string(),
            Piece::Gone => "_".to_owned(),
            Piece::Tens(digit) => format!("{digit}?"),
            Piece::Times(count) => format!("x{count}"),
        };
        Some(pieces.into_iter().map(show).collect())
    }

    #[test]
    fn numbers_are_read_as_they_are_written_and_said() {
        for (text, wanted) in [
            ("4242", "4242"),
            ("4242,", "4242"),
            ("#4242.", "4242"),
            ("4242-4242-42", "4242424242"),
            ("4,2,4,2", "4242"),
            ("20-00-00", "200000"),
            ("four", "4"),
            ("Oh,", "0"),
            ("O", "0"),
            ("forty-two", "4?2"),
            ("Fourteen", "14"),
            ("four-two-oh", "420"),
            ("double", "x2"),
            ("•••4", "___4"),
            ("4,242,424,242,424,242", "4242424242424242"),
        ] {
            assert_eq!(digits(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn amounts_quantities_dates_and_times_are_no_numbers() {
        for text in [
            "$4,242",
            "£42",
            "4%",
            "12,000,000",
            "3.5",
            "19.99",
            "1,299.00",
            "10:30",
            "05/12/2026",
            "2026-11-22",
            "22.11.2026",
            "1st",
            "42nd",
            "10k",
            "hundred",
            "fourth",
            "someone",
            "tent",
        ] {
            assert_eq!(digits(text), None, "{text}");
        }
        assert_eq!(Token::of("+44"), Token::Phone);
        assert_eq!(Token::of("(020)"), Token::Phone);
    }

    #[test]
    fn other_words_are_told_apart() {
        assert_eq!(Token::of("GB29"), Token::Letters("GB29".to_owned()));
        assert_eq!(Token::of("G-B,"), Token::Letters("GB".to_owned()));
        assert_eq!(Token::of("mm-hmm."), Token::Filler);
        assert_eq!(Token::of("—"), Token::Filler);
        assert_eq!(Token::of(""), Token::Filler);
        assert_eq!(Token::of("Account's"), Token::Other("accounts".to_owned()));
    }

    #[test]
    fn masks_keep_punctuation_and_say_nothing() {
        assert_eq!(masked("4242-42,"), "••••-••,");
        assert_eq!(masked("forty-two."), "•.");
        assert_eq!(masked("«four»"), "«•»");
        assert_eq!(masked("GB29"), "••••");
        assert_eq!(masked("4-oh"), "•");
        assert_eq!(masked(""), "");
    }
}
