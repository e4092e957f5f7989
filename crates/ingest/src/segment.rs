//! From words in windows to segments on the recording's time line.

use gametape_asr::HeardWord;
use gametape_audio::window::WindowPlan;
use gametape_core::transcript::Word;
use gametape_store::NewSegment;

/// A pause as long as this always ends a segment.
const PAUSE_MS: i64 = 900;
/// A pause as long as this ends a segment behind the end of a sentence.
const SENTENCE_PAUSE_MS: i64 = 250;
/// Behind the end of a sentence, a segment of this length ends without a pause.
const LONG_MS: i64 = 8_000;
/// A segment is cut at the next comma when it gets this long …
const COMMA_MS: i64 = 14_000;
/// … and at the next word when it gets this long.
const LONGEST_MS: i64 = 20_000;
/// The first word of a piece begins with the piece when whisper puts it this close to it: speech detection
/// knows better when somebody begins to speak.
const SNAP_MS: i64 = 700;
/// A word moved back in front of a pause gets at least this long.
const STRAY_MS: i64 = 200;
/// Speech detection leaves this much room in front of speech.
const LEAD_MS: i64 = gametape_audio::PAD_BEFORE_MS;

/// A word on the recording's time line, and whether a space stands in front of it.
struct Placed {
    word: Word,
    spaced: bool,
    piece: usize,
}

/// Puts the words heard in a window onto the recording's time line and groups them.
pub(crate) fn segments(plan: &WindowPlan, words: &[HeardWord]) -> Vec<NewSegment> {
    let mut segments = Vec::new();
    let mut open: Vec<Placed> = Vec::new();
    for placed in place(plan, words) {
        if open
            .last()
            .is_some_and(|last| ends_before(&open[0], last, &placed))
        {
            segments.extend(close(plan.channel, std::mem::take(&mut open)));
        }
        open.push(placed);
    }
    segments.extend(close(plan.channel, open));
    segments
}

fn place(plan: &WindowPlan, words: &[HeardWord]) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::with_capacity(words.len());
    for heard in words {
        let Some(piece) = plan.piece_at(heard.start_ms) else {
            continue;
        };
        let index = plan
            .pieces
            .iter()
            .position(|candidate| candidate == piece)
            .unwrap_or(0);
        let first_of_piece = placed.last().is_none_or(|last| last.piece != index);
        let floor_ms = placed.last().map_or(0, |last| last.word.start_ms);
        let mut start_ms = plan.recording_ms(heard.start_ms).max(floor_ms);
        let speech_start_ms = piece.start_ms + LEAD_MS;
        if first_of_piece && (start_ms - speech_start_ms).abs() <= SNAP_MS {
            start_ms = speech_start_ms.max(floor_ms);
        }
        let last_ms = piece.end_ms.max(start_ms);
        let end_ms = (heard.end_ms - piece.at_ms + piece.start_ms).clamp(start_ms, last_ms);
        let word = Word {
            start_ms,
            end_ms,
            text: heard.text.clone(),
            confidence: heard.confidence,
        };
        placed.push(Placed {
            word,
            spaced: heard.spaced,
            piece: index,
        });
    }
    return_strays(plan, &mut placed);
    placed
}

/// Moves the last word of a sentence back in front of the pause that it was put behind. Aligning words with
/// sound does that now and then, as the silence between two pieces belongs to neither word: "how are you | now?
/// Fine." A word that is all there is in its piece stays: something was said there.
fn return_strays(plan: &WindowPlan, placed: &mut [Placed]) {
    for first in 1..placed.len() {
        let (before, from) = placed.split_at_mut(first);
        let (Some(last), Some(stray)) = (before.last(), from.first()) else {
            continue;
        };
        let crossed = last.piece != stray.piece && !ends_sentence(&last.word.text);
        let alone = from.get(1).is_none_or(|next| next.piece != stray.piece);
        if !crossed || alone || !ends_sentence(&stray.word.text) {
            continue;
        }
        let Some(piece) = plan.pieces.get(last.piece) else {
            continue;
        };
        let piece_id = last.piece;
        let start_ms = last
            .word
            .end_ms
            .min(piece.end_ms - STRAY_MS)
            .max(last.word.start_ms);
        let last = &mut before[first - 1];
        last.word.end_ms = last.word.end_ms.min(start_ms).max(last.word.start_ms);
        from[0].word.start_ms = start_ms;
        from[0].word.end_ms = piece.end_ms.max(start_ms);
        from[0].piece = piece_id;
    }
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '?', '!', '。', '？', '！', '…'])
}

/// Whether a segment that goes from `first` to `last` ends before `next`.
fn ends_before(first: &Placed, last: &Placed, next: &Placed) -> bool {
    let pause_ms = next.word.start_ms - last.word.end_ms;
    let length_ms = last.word.end_ms - first.word.start_ms;
    let text = last.word.text.as_str();
    let sentence_ends = ends_sentence(text);
    let phrase_ends = sentence_ends || text.ends_with([',', ';', ':', '，', '、']);
    pause_ms >= PAUSE_MS
        || (sentence_ends && (pause_ms >= SENTENCE_PAUSE_MS || length_ms >= LONG_MS))
        || (phrase_ends && length_ms >= COMMA_MS)
        || length_ms >= LONGEST_MS
}

fn close(channel: usize, placed: Vec<Placed>) -> Option<NewSegment> {
    let start_ms = placed.first()?.word.start_ms;
    let end_ms = placed.last()?.word.end_ms;
    let mut text = String::new();
    for part in &placed {
        if part.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&part.word.text);
    }
    let words = placed.into_iter().map(|part| part.word).collect();
    Some(NewSegment {
        start_ms,
        end_ms,
        channel,
        text,
        words,
    })
}

#[cfg(test)]
mod tests {
    use gametape_audio::window::Piece;

    use super::*;

    fn word(text: &str, start_ms: i64, end_ms: i64) -> HeardWord {
        HeardWord {
            text: text.to_owned(),
            start_ms,
            end_ms,
            confidence: 0.9,
            spaced: true,
        }
    }

    fn plan() -> WindowPlan {
        WindowPlan {
            index: 0,
            channel: 1,
            pieces: vec![
                Piece {
                    start_ms: 10_000,
                    end_ms: 12_000,
                    at_ms: 0,
                },
                Piece {
                    start_ms: 30_000,
                    end_ms: 33_000,
                    at_ms: 2_300,
                },
            ],
        }
    }

    #[test]
    fn words_go_back_to_their_times_and_a_pause_parts_segments() {
        let words = [
            word("Hello", 400, 800),
            word("there.", 800, 1_500),
            word("Yes", 2_800, 3_000),
        ];
        let segments = segments(&plan(), &words);
        let seen: Vec<_> = segments
            .iter()
            .map(|s| (s.text.as_str(), s.start_ms, s.channel))
            .collect();
        assert_eq!(
            seen,
            [
                ("Hello there.", 10_000 + LEAD_MS, 1),
                ("Yes", 30_000 + LEAD_MS, 1)
            ]
        );
        assert!(
            segments
                .iter()
                .all(|s| s.end_ms >= s.start_ms && s.end_ms <= 33_000)
        );
    }

    #[test]
    fn sentences_part_only_at_a_breath_or_when_long() {
        let close = [word("Yes.", 200, 500), word("Sure.", 550, 900)];
        assert_eq!(segments(&plan(), &close).len(), 1);
        let apart = [word("Yes.", 200, 500), word("Sure.", 900, 1_200)];
        assert_eq!(segments(&plan(), &apart).len(), 2);
    }

    #[test]
    fn the_last_word_of_a_sentence_comes_back_from_behind_the_pause() {
        let words = [
            word("how", 200, 500),
            word("are you", 900, 1_200),
            word("now?", 2_310, 2_500),
            word("Fine.", 2_600, 3_000),
        ];
        let segments = segments(&plan(), &words);
        let seen: Vec<_> = segments.iter().map(|s| (s.text.as_str(), s.end_ms)).collect();
        assert_eq!(seen, [("how are you now?", 12_000), ("Fine.", 30_700)]);
        let alone = [word("how are", 200, 500), word("now?", 2_310, 2_500)];
        assert_eq!(self::segments(&plan(), &alone).len(), 2);
    }

    #[test]
    fn no_words_make_no_segment() {
        assert!(segments(&plan(), &[]).is_empty());
    }
}
