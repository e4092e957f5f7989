//! What of a recording may be heard.

use super::Number;
use crate::{TimeMs, call::CallState};

/// A number that was taken out, and whose words it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redaction {
    /// Channel, counted from 0.
    pub channel: usize,
    /// What it is, and where it is heard.
    pub number: Number,
}

/// Puts redactions together that overlap on a channel; in order.
pub fn merged(mut redactions: Vec<Redaction>) -> Vec<Redaction> {
    redactions.sort_by_key(|redaction| {
        (
            redaction.channel,
            redaction.number.start_ms,
            redaction.number.end_ms,
        )
    });
    let mut merged: Vec<Redaction> = Vec::with_capacity(redactions.len());
    for next in redactions {
        match merged.last_mut() {
            Some(last) if last.channel == next.channel && next.number.start_ms <= last.number.end_ms => {
                last.number.end_ms = last.number.end_ms.max(next.number.end_ms);
                // The first of the kinds says most.
                last.number.kind = last.number.kind.min(next.number.kind);
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// How far a recording has been looked through for numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedactionState {
    /// Version of what was found; 0 as long as that is nothing.
    pub version: i64,
    /// What is served in place of the original.
    pub object: Option<RedactedObject>,
    /// When a whole transcript had been looked through.
    pub looked_at: Option<TimeMs>,
}

/// A recording with silence where numbers are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactedObject {
    /// Version of the redactions that it is silent at.
    pub version: i64,
    /// Length in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
}

/// What people hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served<'a> {
    /// The file as it was uploaded.
    Original,
    /// The one with silence in it.
    Redacted(&'a RedactedObject),
    /// Nothing: it has not been looked through yet, or what was found has not been made silent yet.
    NotYet,
}

impl RedactionState {
    /// What people hear of a call with this recording. `redacting` says whether numbers are taken out here.
    ///
    /// Once something was found the original is never heard again, whatever is configured later. A call that was ready
    /// before numbers were taken out stays as it is until it is transcribed again.
    pub fn served(&self, state: CallState, redacting: bool) -> Served<'_> {
        match &self.object {
            Some(object) => Served::Redacted(object),
            None if self.version > 0 => Served::NotYet,
            None if redacting && self.looked_at.is_none() && state != CallState::Ready => Served::NotYet,
            None => Served::Original,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::NumberKind;

    fn at(channel: usize, kind: NumberKind, start_ms: i64, end_ms: i64) -> Redaction {
        let number = Number {
            kind,
            start_ms,
            end_ms,
        };
        Redaction { channel, number }
    }

    #[test]
    fn what_overlaps_on_a_channel_is_one() {
        use NumberKind::{Account, Card};
        let merged = merged(vec![
            at(1, Card, 0, 10),
            at(0, Account, 5, 20),
            at(0, Account, 30, 40),
            at(0, Card, 0, 5),
            at(0, Card, 10, 15),
        ]);
        assert_eq!(
            merged,
            [at(0, Card, 0, 20), at(0, Account, 30, 40), at(1, Card, 0, 10)]
        );
    }

    #[test]
    fn the_original_is_heard_only_where_nothing_was_found_or_nobody_looks() {
        let object = RedactedObject {
            version: 1,
            size_bytes: 44,
            sha256: "ab".to_owned(),
        };
        let none = RedactionState::default();
        let looked = RedactionState {
            looked_at: Some(1),
            ..RedactionState::default()
        };
        let found = RedactionState {
            version: 1,
            ..RedactionState::default()
        };
        let made = RedactionState {
            object: Some(object.clone()),
            version: 2,
            looked_at: Some(1),
        };
        for state in CallState::ALL.iter().copied() {
            let ready = state == CallState::Ready;
            assert_eq!(none.served(state, false), Served::Original);
            assert_eq!(none.served(state, true) == Served::Original, ready, "{state}");
            assert_eq!(looked.served(state, true), Served::Original);
            for redacting in [false, true] {
                assert_eq!(found.served(state, redacting), Served::NotYet);
                assert_eq!(made.served(state, redacting), Served::Redacted(&object));
            }
        }
    }
}
