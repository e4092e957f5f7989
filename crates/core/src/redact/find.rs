//! Which runs of digits are numbers of cards and accounts.

use super::{
    Cues, NumberKind,
    token::{Piece, Token},
};
use crate::{TimeMs, transcript::Word};

/// A pause as long as this ends a number: people turn the card over between its groups, and have them confirmed.
const PAUSE_MS: TimeMs = 12_000;
/// Words between two groups, such as `okay`, that do not end a number.
const FILLERS_BETWEEN: usize = 3;
/// Lengths of card numbers (ISO/IEC 7812-1).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// The length that nearly all cards have.
const USUAL_CARD_DIGITS: usize = 16;
/// So many digits behind a card number belong to it: its last month, and the code on its back.
const CARD_EXTRAS: usize = 8;
/// Lengths of IBANs (ISO 13616).
const SHORTEST_IBAN: usize = 15;
pub(super) const LONGEST_IBAN: usize = 34;

/// A number that was found: the words that it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: NumberKind,
    pub(super) words: Vec<usize>,
    /// How many digits and letters it has.
    pub(super) length: usize,
}

/// A digit, and the word that it stands in. `None` where it was taken out before.
#[derive(Debug, Clone, Copy)]
struct Digit {
    value: Option<u8>,
    word: usize,
}

/// Digits that follow each other, and the words that they come from.
#[derive(Debug, Default)]
struct Run {
    digits: Vec<Digit>,
    words: Vec<usize>,
}

impl Run {
    /// Digits of the word that has most of them.
    fn longest_word(&self) -> usize {
        let words = self.digits.chunk_by(|a, b| a.word == b.word);
        words.map(<[Digit]>::len).max().unwrap_or(0)
    }
}

/// Looks through the words of one speaker, in order.
pub(super) fn find(words: &[&Word], cues: &Cues) -> Vec<Found> {
    let tokens: Vec<Token> = words.iter().map(|word| Token::of(&word.text)).collect();
    let mut found = ibans(words, &tokens);
    let mut in_iban = vec![false; words.len()];
    for &word in found.iter().flat_map(|iban| &iban.words) {
        in_iban[word] = true;
    }
    for run in runs(words, &tokens, &in_iban) {
        found.extend(judge(&run, words, cues));
    }
    found
}

/// Puts digits that follow each other together.
fn runs(words: &[&Word], tokens: &[Token], taken: &[bool]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::default();
    let (mut fillers, mut times) = (0, 1);
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Filler => {
                fillers += 1;
                continue;
            }
            Token::Number(pieces) if !taken[index] => {
                let last = run.words.last().map(|&last| words[last].end_ms);
                let apart = last.is_some_and(|end_ms| words[index].start_ms - end_ms > PAUSE_MS);
                if apart || fillers > FILLERS_BETWEEN {
                    runs.push(std::mem::take(&mut run));
                    times = 1;
                }
                run.words.push(index);
                let next = tokens.get(index + 1);
                add(&mut run, index, pieces, &mut times, next);
            }
            _ => {
                runs.push(std::mem::take(&mut run));
                times = 1;
            }
        }
        fillers = 0;
    }
    runs.push(run);
    runs.retain(|run| !run.digits.is_empty());
    runs
}

/// Adds the digits of a word. Tens need to know what follows: `forty two` are two digits, not three.
fn add(run: &mut Run, word: usize, pieces: &[Piece], times: &mut u8, next: Option<&Token>) {
    let after = match next {
        Some(Token::Number(pieces)) => pieces.first().copied(),
        _ => None,
    };
    for (index, piece) in pieces.iter().enumerate() {
        let following = pieces.get(index + 1).copied().or(after);
        let (value, zero) = match piece {
            Piece::Times(count) => {
                *times = *count;
                continue;
            }
            Piece::Digit(digit) => (Some(*digit), false),
            Piece::Gone => (None, false),
            Piece::Tens(digit) => {
                let said_with_it = matches!(following, Some(Piece::Digit(1..=9)));
                (Some(*digit), !said_with_it)
            }
        };
        for _ in 0..std::mem::replace(times, 1) {
            run.digits.push(Digit { value, word });
        }
        if zero {
            run.digits.push(Digit { value: Some(0), word });
        }
    }
}

/// What of a run is to be taken out.
fn judge(run: &Run, words: &[&Word], cues: &Cues) -> Vec<Found> {
    let length = run.digits.len();
    let known = run.digits.iter().filter(|digit| digit.value.is_some()).count();
    let all = |kind| {
        vec![Found {
            kind,
            words: run.words.clone(),
            length,
        }]
    };
    if known == 0 {
        return Vec::new();
    }
    let likely = if length >= *CARD_DIGITS.start() {
        NumberKind::Card
    } else {
        NumberKind::Account
    };
    // The rest of a number whose beginning or end was found before.
    if known < length {
        return all(likely);
    }
    let start_ms = words[run.words[0]].start_ms;
    if let Some(kind) = cues.announced(start_ms, length) {
        return all(kind);
    }
    // No number has so many: the model went in a circle while somebody said one.
    if run.longest_word() > *CARD_DIGITS.end() {
        return all(NumberKind::Card);
    }
    let cards = cards(run);
    // What is said in one breath with a card number is its date and code, or a digit that was heard twice.
    if !cards.is_empty() && length <= CARD_DIGITS.end() + CARD_EXTRAS {
        return all(NumberKind::Card);
    }
    cards
}

/// Card numbers in a run: whole words of it that have the right length and the check digit of a card.
fn cards(run: &Run) -> Vec<Found> {
    let digits: Vec<u8> = run.digits.iter().filter_map(|digit| digit.value).collect();
    let word_at = |index: usize| run.digits.get(index).map(|digit| digit.word);
    let begins_word = |index: usize| index == 0 || word_at(index) != word_at(index - 1);
    let mut found = Vec::new();
    let mut start = 0;
    while start + CARD_DIGITS.start() <= digits.len() {
        let fits = |length: &usize| {
            let end = start + length;
            end <= digits.len()
                && begins_word(start)
                && (end == digits.len() || begins_word(end))
                && is_card(&digits[start..end], digits.len())
        };
        let usual = Some(USUAL_CARD_DIGITS).filter(fits);
        let Some(length) = usual.or_else(|| CARD_DIGITS.rev().find(fits)) else {
            start += 1;
            continue;
        };
        let end = (start + length + CARD_EXTRAS).min(digits.len());
        let mut words: Vec<usize> = run.digits[start..end].iter().map(|digit| digit.word).collect();
        words.dedup();
        found.push(Found {
            kind: NumberKind::Card,
            words,
            length: end - start,
        });
        start = end;
    }
    found
}

/// Whether these are the digits of a card. Where sixteen digits are all that is said, one of them may have been heard
/// wrongly.
fn is_card(digits: &[u8], said: usize) -> bool {
    let alone = said == USUAL_CARD_DIGITS && digits.len() == said && matches!(digits[0], 2..=6);
    digits[0] != 0 && (alone || passes_luhn(digits))
}

/// The check digit of ISO/IEC 7812-1, annex B: every second digit from the right counts twice.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// IBANs: two letters for the country, two check digits, and what the country likes.
fn ibans(words: &[&Word], tokens: &[Token]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let iban = matches!(tokens[start], Token::Letters(_))
            .then(|| iban_from(words, tokens, start))
            .flatten();
        let last = iban.as_ref().and_then(|words| words.last().copied());
        found.extend(iban.map(|words| Found {
            kind: NumberKind::Iban,
            words,
            length: LONGEST_IBAN,
        }));
        start = last.unwrap_or(start) + 1;
    }
    found
}

/// The words of the longest IBAN that begins with this word.
fn iban_from(words: &[&Word], tokens: &[Token], start: usize) -> Option<Vec<usize>> {
    let (mut text, mut used, mut longest) = (String::new(), Vec::new(), None);
    let mut run = Run::default();
    let mut times = 1;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        let last = used.last().map(|&last: &usize| words[last].end_ms);
        if last.is_some_and(|end_ms| words[index].start_ms - end_ms > PAUSE_MS) {
            break;
        }
        match token {
            Token::Filler => continue,
            Token::Letters(letters) => text.push_str(letters),
            Token::Number(pieces) => {
                run.digits.clear();
                add(&mut run, index, pieces, &mut times, tokens.get(index + 1));
                for digit in &run.digits {
                    text.push(char::from(b'0' + digit.value?));
                }
            }
            Token::Phone | Token::Other(_) => break,
        }
        used.push(index);
        if text.len() > LONGEST_IBAN {
            break;
        }
        if is_iban(text.as_bytes()) {
            longest = Some(used.clone());
        }
    }
    longest
}

/// The check of ISO 13616: the first four characters go to the end, letters count from 10, and the remainder by 97 is 1.
fn is_iban(text: &[u8]) -> bool {
    let [a, b, c, d, rest @ ..] = text else {
        return false;
    };
    if text.len() < SHORTEST_IBAN
        || !(a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
        || rest.iter().filter(|b| b.is_ascii_digit()).count() < 8
    {
        return false;
    }
    let remainder = rest.iter().chain([a, b, c, d]).fold(0_u32, |sum, &byte| {
        if byte.is_ascii_digit() {
            (sum * 10 + u32::from(byte - b'0')) % 97
        } else {
            (sum * 100 + u32::from(byte.to_ascii_uppercase().saturating_sub(b'A')) + 10) % 97
        }
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_checked() {
        let digits = |text: &str| text.bytes().map(|b| b - b'0').collect::<Vec<_>>();
        for good in [
            "4242424242424242",
            "378282246310005",
            "30569309025904",
            "6011000990139424",
        ] {
            assert!(passes_luhn(&digits(good)), "{good}");
            let mut wrong = digits(good);
            wrong[3] = (wrong[3] + 1) % 10;
            assert!(!passes_luhn(&wrong), "{good}");
        }
        for good in [
            "GB29NWBK60161331926819",
            "DE89370400440532013000",
            "NO9386011117947",
        ] {
            assert!(is_iban(good.as_bytes()), "{good}");
        }
        for bad in ["GB28NWBK60161331926819", "DE", "", "29GBNWBK60161331926819"] {
            assert!(!is_iban(bad.as_bytes()), "{bad}");
        }
    }
}
