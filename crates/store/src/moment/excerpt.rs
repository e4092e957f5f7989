//! What is said in a moment, and by whom. The words are kept with the moment, so that they can be looked for; whose
//! they are is kept by channel, as names may change.

use gametape_core::{
    anchor::quote_of,
    id::{CallId, TranscriptId},
    moment::MomentTurn,
    transcript::Speaker,
    words::shorten,
};

use crate::{
    Result, Tx,
    anchor::{Spoken, spoken_between},
};

/// Characters of an excerpt.
const EXCERPT_CHARS: usize = 240;

/// What is said, shortened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// All of it.
    pub(super) text: String,
    /// Who says it: channels, each with the character of the text at which it begins.
    pub(super) turns: Vec<(usize, usize)>,
}

/// What people read in each of these ranges, one speaker's stretch after the other; empty as long as there is no
/// transcript.
pub(super) async fn excerpts(tx: &mut Tx, call_id: &CallId, ranges: &[(i64, i64)]) -> Result<Vec<Excerpt>> {
    let transcript_id: Option<Option<String>> =
        sqlx::query_scalar("SELECT transcript_id FROM calls WHERE id = $1")
            .bind(call_id.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    let transcript_id: Option<TranscriptId> = transcript_id.flatten().and_then(|id| id.parse().ok());
    let from_ms = ranges.iter().map(|range| range.0).min().unwrap_or_default();
    let until_ms = ranges.iter().map(|range| range.1).max().unwrap_or_default();
    let spoken = match &transcript_id {
        Some(id) => spoken_between(tx, id, None, from_ms, until_ms).await?,
        None => Vec::new(),
    };
    Ok(ranges.iter().map(|range| excerpt(&spoken, *range)).collect())
}

fn excerpt(spoken: &[Spoken], (start_ms, end_ms): (i64, i64)) -> Excerpt {
    let mut text = String::new();
    let mut turns: Vec<(usize, usize)> = Vec::new();
    let inside = spoken
        .iter()
        .filter(|part| part.start_ms < end_ms && part.end_ms > start_ms);
    for part in inside {
        let quote = quote_of(&part.words, start_ms, end_ms).quote;
        if quote.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        if turns.last().is_none_or(|(channel, _)| *channel != part.channel) {
            turns.push((part.channel, text.chars().count()));
        }
        text.push_str(&quote);
    }
    let text = shorten(&text, EXCERPT_CHARS);
    // The ellipsis is nobody's word.
    let length = text.trim_end_matches('…').chars().count();
    turns.retain(|(_, at)| *at < length);
    Excerpt { text, turns }
}

/// An excerpt by speaker.
pub(super) fn turns_of(
    text: &str,
    turns: &[(usize, usize)],
    speaker: impl Fn(usize) -> Speaker,
) -> Vec<MomentTurn> {
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let ends = turns.iter().skip(1).map(|(_, at)| *at).chain([usize::MAX]);
    let turn = |(&(channel, from), until): (&(usize, usize), usize)| MomentTurn {
        speaker: speaker(channel),
        text: text[byte(from)..byte(until.max(from))].trim().to_owned(),
    };
    turns.iter().zip(ends).map(turn).collect()
}

#[cfg(test)]
mod tests {
    use gametape_core::transcript::Word;

    use super::*;

    fn says(channel: usize, start_ms: i64, text: &str) -> Spoken {
        let words: Vec<Word> = (0i64..)
            .zip(text.split(' '))
            .map(|(number, word)| Word {
                start_ms: start_ms + 100 * number,
                end_ms: start_ms + 100 * number + 80,
                text: word.to_owned(),
                confidence: 1.0,
            })
            .collect();
        Spoken {
            channel,
            start_ms,
            end_ms: words.last().map_or(start_ms, |word| word.end_ms),
            words,
        }
    }

    fn shown(excerpt: &Excerpt) -> Vec<(String, String)> {
        turns_of(&excerpt.text, &excerpt.turns, |channel| {
            Speaker::default_for(channel, 2)
        })
        .into_iter()
        .map(|turn| (turn.speaker.name, turn.text))
        .collect()
    }

    #[test]
    fn turns_are_of_those_who_speak_in_the_range() {
        let spoken = [
            says(0, 0, "Schöne Grüße."),
            says(0, 1_000, "Wie geht’s?"),
            says(1, 2_000, "Gut, danke."),
            says(0, 3_000, "Fein."),
        ];
        let all = excerpt(&spoken, (0, 2_150));
        assert_eq!(all.text, "Schöne Grüße. Wie geht’s? Gut, danke.");
        let turn = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let turns = [
            turn("Rep", "Schöne Grüße. Wie geht’s?"),
            turn("Customer", "Gut, danke."),
        ];
        assert_eq!(shown(&all), turns);
        assert_eq!(excerpt(&spoken, (10_000, 20_000)), Excerpt::default());
    }

    #[test]
    fn who_is_cut_off_is_not_named() {
        let long = "word ".repeat(60);
        let spoken = [says(0, 0, long.trim()), says(1, 9_000, "Never read.")];
        let all = excerpt(&spoken, (0, 20_000));
        assert_eq!(all.turns, [(0, 0)]);
        assert_eq!(shown(&all)[0].1, all.text);
        assert!(all.text.ends_with('…'));
    }
}
