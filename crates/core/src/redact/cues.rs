//! What announces a number, whoever says it: one side asks, the other answers.

use super::{NumberKind, token::Token};
use crate::{TimeMs, transcript::Word};

/// A number comes this long behind its announcement: somebody has to fetch their wallet first.
const LASTS_MS: TimeMs = 30_000;
/// Digits of the shortest account numbers.
const ACCOUNT_DIGITS: usize = 8;
/// Digits of the shortest codes on cards.
const CODE_DIGITS: usize = 3;
/// Digits of the longest codes on cards.
const LONGEST_CODE: usize = 4;

/// What a word announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    /// A number of an account.
    Number(NumberKind),
    /// The code on a card.
    Code,
    /// Something else with many digits, such as a telephone number.
    Else,
}

/// Words that announce numbers, by all speakers.
#[derive(Debug, Clone, Default)]
pub struct Cues(Vec<(TimeMs, Announced)>);

impl Cues {
    /// Notes what one speaker's words announce. Speakers may be noted in any order.
    pub fn note<'a>(&mut self, words: impl IntoIterator<Item = &'a Word>) {
        let mut before = String::new();
        for word in words {
            let token = Token::of(&word.text);
            if token == Token::Filler {
                continue;
            }
            let announced = match &token {
                Token::Phone => Some(Announced::Else),
                Token::Other(bare) => announced(&before, bare),
                Token::Letters(letters) => announced(&before, &letters.to_lowercase()),
                Token::Number(_) | Token::Filler => None,
            };
            if let Some(announced) = announced {
                let at = self.0.partition_point(|(at_ms, _)| *at_ms <= word.end_ms);
                self.0.insert(at, (word.end_ms, announced));
            }
            before = match token {
                Token::Other(bare) => bare,
                _ => String::new(),
            };
        }
    }

    /// What a number of so many digits is, if it was announced when it begins at `start_ms`. The last announcement
    /// counts.
    pub(super) fn announced(&self, start_ms: TimeMs, digits: usize) -> Option<NumberKind> {
        let end = self.0.partition_point(|(at_ms, _)| *at_ms <= start_ms);
        let (at_ms, announced) = self.0[..end].last()?;
        if start_ms - at_ms > LASTS_MS {
            return None;
        }
        match announced {
            Announced::Number(kind) => (digits >= ACCOUNT_DIGITS).then_some(*kind),
            Announced::Code => (CODE_DIGITS..=LONGEST_CODE)
                .contains(&digits)
                .then_some(NumberKind::Card),
            Announced::Else => None,
        }
    }
}

fn announced(before: &str, word: &str) -> Option<Announced> {
    Some(match (before, word) {
        (_, "account" | "accounts" | "acct" | "routing") | ("sort", "code") => {
            Announced::Number(NumberKind::Account)
        }
        (_, "card" | "cards") => Announced::Number(NumberKind::Card),
        (_, "iban") => Announced::Number(NumberKind::Iban),
        (_, "cvv" | "cvc") | ("security", "code") => Announced::Code,
        (
            _,
            "phone" | "telephone" | "mobile" | "cell" | "cellphone" | "landline" | "whatsapp" | "fax"
            | "dial" | "ring" | "reach" | "extension" | "order" | "orders" | "invoice" | "tracking"
            | "ticket" | "serial" | "quantity" | "units",
        )
        | ("call", "me" | "us" | "him" | "her" | "them" | "you") => Announced::Else,
        _ => return None,
    })
}
