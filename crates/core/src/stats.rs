//! Talk statistics of a call: how the time was shared, in numbers that a coach can act on.
//!
//! All of them come from the times of segments. On a mono recording everybody is one speaker; then only
//! `talk_ms`, `words`, `questions` and `silence_ms` say something, and the rest is zero or absent.

use serde::{Deserialize, Serialize};

use crate::transcript::{Segment, Speaker, SpeakerRole};

/// A shorter remark by somebody else ("right", "uh-huh") neither ends a turn nor interrupts it.
pub const REMARK_MS: i64 = 1_000;

/// A longer pause ends a turn even when nobody else speaks.
pub const TURN_PAUSE_MS: i64 = 3_000;

/// To interrupt is to start while somebody still speaks for at least this long.
pub const OVERLAP_MS: i64 = 300;

/// How the time of a call was shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TalkStats {
    /// One entry for each channel, in order.
    pub speakers: Vec<SpeakerStats>,
    /// How long the rep lets the customer's words stand: the median, over all turns of a rep that follow
    /// a customer's (remarks left out), of the time from the customer's end to the rep's start, counting
    /// an early start as 0. `None` where that never happens.
    pub patience_ms: Option<i64>,
    /// Interruptions by anybody.
    pub interruptions: i64,
    /// Time in which nobody speaks.
    pub silence_ms: i64,
}

/// One speaker's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeakerStats {
    /// Channel, counted from 0.
    pub channel: usize,
    /// Who it is.
    pub speaker: Speaker,
    /// Time in which they speak.
    pub talk_ms: i64,
    /// That time as a share of everybody's, 0 to 1; the shares add up to 1 unless nobody speaks.
    pub talk_share: f64,
    /// Their longest turn, from its first word to its last. A turn goes on over pauses of up to
    /// [`TURN_PAUSE_MS`] in which nobody else talks for longer than [`REMARK_MS`].
    pub longest_monologue_ms: i64,
    /// Sentences that end in a question mark.
    pub questions: i64,
    /// Words they say.
    pub words: i64,
    /// Words for each minute in which they speak; 0 when they don't.
    pub words_per_minute: f64,
    /// Times they start at least [`OVERLAP_MS`] before somebody else's turn is over, with more than a
    /// remark, and go on longer than the other one.
    pub interruptions: i64,
}

/// A stretch of one speaker.
#[derive(Debug, Clone, Copy)]
struct Turn {
    channel: usize,
    start_ms: i64,
    end_ms: i64,
}

/// Makes the statistics of a call that lasts `duration_ms` and has `channels` speakers. Segments may come
/// in any order; what lies outside the recording is cut off.
pub fn talk_stats(segments: &[Segment], duration_ms: i64, channels: usize) -> TalkStats {
    let channels = segments
        .iter()
        .map(|segment| segment.channel + 1)
        .fold(channels.max(1), usize::max);
    let turns = turns(segments, duration_ms);
    let mut speakers: Vec<SpeakerStats> = (0..channels)
        .map(|channel| speaker_stats(segments, &turns, channel, channels, duration_ms))
        .collect();
    let total_ms: i64 = speakers.iter().map(|speaker| speaker.talk_ms).sum();
    for speaker in &mut speakers {
        speaker.talk_share = if total_ms > 0 {
            speaker.talk_ms as f64 / total_ms as f64
        } else {
            0.0
        };
    }
    let all = segments
        .iter()
        .map(|segment| clipped(segment, duration_ms))
        .collect();
    TalkStats {
        patience_ms: patience_ms(&turns, &speakers),
        interruptions: speakers.iter().map(|speaker| speaker.interruptions).sum(),
        silence_ms: (duration_ms - covered_ms(all)).max(0),
        speakers,
    }
}

fn speaker_stats(
    segments: &[Segment],
    turns: &[Turn],
    channel: usize,
    channels: usize,
    duration_ms: i64,
) -> SpeakerStats {
    let own = || segments.iter().filter(|segment| segment.channel == channel);
    let talk_ms = covered_ms(own().map(|segment| clipped(segment, duration_ms)).collect());
    let words: i64 = own().map(word_count).sum();
    SpeakerStats {
        channel,
        speaker: own()
            .next()
            .map_or_else(|| Speaker::default_for(channel, channels), |s| s.speaker.clone()),
        talk_ms,
        talk_share: 0.0,
        longest_monologue_ms: turns
            .iter()
            .filter(|turn| turn.channel == channel)
            .map(|turn| turn.end_ms - turn.start_ms)
            .max()
            .unwrap_or(0),
        questions: own().map(|segment| questions(&segment.text)).sum(),
        words,
        words_per_minute: if talk_ms > 0 {
            words as f64 * 60_000.0 / talk_ms as f64
        } else {
            0.0
        },
        interruptions: turns
            .iter()
            .enumerate()
            .filter(|(index, turn)| turn.channel == channel && interrupts(turns, *index))
            .count() as i64,
    }
}

fn clipped(segment: &Segment, duration_ms: i64) -> (i64, i64) {
    let start_ms = segment.start_ms.clamp(0, duration_ms.max(0));
    (
        start_ms,
        segment.end_ms.clamp(start_ms, duration_ms.max(start_ms)),
    )
}

/// Length of the union of spans.
fn covered_ms(mut spans: Vec<(i64, i64)>) -> i64 {
    spans.sort_unstable();
    let (mut covered_ms, mut reached_ms) = (0, i64::MIN);
    for (start_ms, end_ms) in spans {
        let start_ms = start_ms.max(reached_ms);
        covered_ms += (end_ms - start_ms).max(0);
        reached_ms = reached_ms.max(end_ms);
    }
    covered_ms
}

/// The turns of a call, in order of their start.
fn turns(segments: &[Segment], duration_ms: i64) -> Vec<Turn> {
    let mut spans: Vec<Turn> = segments
        .iter()
        .map(|segment| {
            let (start_ms, end_ms) = clipped(segment, duration_ms);
            let channel = segment.channel;
            Turn {
                channel,
                start_ms,
                end_ms,
            }
        })
        .filter(|span| span.end_ms > span.start_ms)
        .collect();
    spans.sort_unstable_by_key(|span| (span.start_ms, span.channel));

    let mut turns: Vec<Turn> = Vec::new();
    for span in spans {
        let own = turns.iter().rposition(|turn| turn.channel == span.channel);
        let goes_on = own.filter(|&index| {
            let (pause_start_ms, pause_end_ms) = (turns[index].end_ms, span.start_ms);
            let said_by = |other: &Turn| other.end_ms.min(pause_end_ms) - other.start_ms.max(pause_start_ms);
            pause_end_ms - pause_start_ms <= TURN_PAUSE_MS
                && turns
                    .iter()
                    .filter(|other| other.channel != span.channel)
                    .all(|it| said_by(it) <= REMARK_MS)
        });
        match goes_on {
            Some(index) => turns[index].end_ms = turns[index].end_ms.max(span.end_ms),
            None => turns.push(span),
        }
    }
    turns
}

fn is_remark(turn: &Turn) -> bool {
    turn.end_ms - turn.start_ms <= REMARK_MS
}

/// Whether the turn at `index` cuts off somebody who began before it.
fn interrupts(turns: &[Turn], index: usize) -> bool {
    let turn = &turns[index];
    !is_remark(turn)
        && turns[..index].iter().any(|other| {
            other.channel != turn.channel
                && !is_remark(other)
                && other.end_ms - turn.start_ms >= OVERLAP_MS
                && turn.end_ms > other.end_ms
        })
}

fn patience_ms(turns: &[Turn], speakers: &[SpeakerStats]) -> Option<i64> {
    let role = |turn: &Turn| speakers.get(turn.channel).map(|stats| stats.speaker.role);
    let turns: Vec<&Turn> = turns.iter().filter(|turn| !is_remark(turn)).collect();
    let mut waits: Vec<i64> = turns
        .windows(2)
        .filter(|pair| {
            role(pair[0]) == Some(SpeakerRole::Customer) && role(pair[1]) == Some(SpeakerRole::Rep)
        })
        .map(|pair| (pair[1].start_ms - pair[0].end_ms).max(0))
        .collect();
    waits.sort_unstable();
    let middle = waits.len() / 2;
    match waits.len() {
        0 => None,
        count if count % 2 == 1 => Some(waits[middle]),
        _ => Some(i64::midpoint(waits[middle - 1], waits[middle])),
    }
}

fn word_count(segment: &Segment) -> i64 {
    let count = if segment.words.is_empty() {
        segment.text.split_whitespace().count()
    } else {
        segment.words.len()
    };
    count as i64
}

/// Runs of question marks, in any script; "?!" and "??" are one question each.
fn questions(text: &str) -> i64 {
    let is_mark = |c: char| matches!(c, '?' | '\u{ff1f}' | '\u{61f}' | '\u{37e}');
    let mut previous = ' ';
    let mut count = 0;
    for c in text.chars() {
        if is_mark(c) && !is_mark(previous) {
            count += 1;
        }
        previous = c;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(channel: usize, start_ms: i64, end_ms: i64, text: &str) -> Segment {
        Segment {
            id: None,
            start_ms,
            end_ms,
            channel,
            speaker: Speaker::default_for(channel, 2),
            text: text.to_owned(),
            words: Vec::new(),
            edited: false,
        }
    }

    #[test]
    fn time_is_shared_between_speakers_and_silence() {
        let segments = [
            segment(0, 0, 6_000, "How are you? What brings you here?!"),
            segment(1, 8_000, 10_000, "I am fine."),
        ];
        let stats = talk_stats(&segments, 20_000, 2);
        assert_eq!(stats.silence_ms, 12_000);
        assert_eq!(stats.speakers[0].talk_ms, 6_000);
        assert!((stats.speakers[0].talk_share - 0.75).abs() < 1e-9);
        assert!((stats.speakers[1].talk_share - 0.25).abs() < 1e-9);
        assert_eq!(stats.speakers[0].questions, 2);
        assert_eq!(stats.speakers[1].questions, 0);
        assert_eq!(stats.speakers[1].words, 3);
        assert!((stats.speakers[1].words_per_minute - 90.0).abs() < 1e-9);
        assert_eq!(stats.speakers[1].speaker.role, SpeakerRole::Customer);
        assert_eq!(stats.interruptions, 0);
        assert_eq!(stats.patience_ms, None);
    }

    #[test]
    fn overlapping_segments_count_once() {
        let segments = [
            segment(0, 0, 4_000, "a"),
            segment(0, 2_000, 5_000, "b"),
            segment(1, 4_500, 6_000, "c"),
        ];
        let stats = talk_stats(&segments, 6_000, 2);
        assert_eq!(stats.speakers[0].talk_ms, 5_000);
        assert_eq!(stats.silence_ms, 0);
    }

    #[test]
    fn a_monologue_goes_on_over_remarks_and_short_pauses_only() {
        let rep = |start, end| segment(0, start, end, "x");
        let remark = segment(1, 10_500, 11_200, "uh-huh");
        let joined = talk_stats(&[rep(0, 10_000), remark, rep(11_000, 20_000)], 60_000, 2);
        assert_eq!(joined.speakers[0].longest_monologue_ms, 20_000);

        let answer = segment(1, 10_500, 12_000, "no, that is not what we want");
        let parted = talk_stats(&[rep(0, 10_000), answer, rep(12_500, 20_000)], 60_000, 2);
        assert_eq!(parted.speakers[0].longest_monologue_ms, 10_000);

        let pause = talk_stats(&[rep(0, 10_000), rep(13_001, 20_000)], 60_000, 2);
        assert_eq!(pause.speakers[0].longest_monologue_ms, 10_000);
    }

    #[test]
    fn patience_is_the_median_wait_of_the_rep() {
        let customer = |start| segment(1, start, start + 5_000, "so we have this problem");
        let rep = |start| segment(0, start, start + 4_000, "I see, tell me more about it");
        let segments = [
            customer(0),
            rep(5_400),
            customer(20_000),
            rep(26_000),
            customer(40_000),
            rep(44_900),
            customer(60_000),
        ];
        assert_eq!(talk_stats(&segments, 90_000, 2).patience_ms, Some(400));
        assert_eq!(talk_stats(&segments[..4], 90_000, 2).patience_ms, Some(700));
        let nodding = [customer(0), segment(0, 2_000, 2_500, "mhm"), rep(5_400)];
        assert_eq!(talk_stats(&nodding, 90_000, 2).patience_ms, Some(400));
    }

    #[test]
    fn interrupting_is_to_talk_over_and_to_go_on() {
        let customer = segment(1, 0, 10_000, "we were thinking");
        let count = |rep: Segment| talk_stats(&[customer.clone(), rep], 30_000, 2).speakers[0].interruptions;
        assert_eq!(count(segment(0, 8_000, 14_000, "let me stop you there")), 1);
        assert_eq!(count(segment(0, 9_900, 14_000, "a tight start is none")), 0);
        assert_eq!(count(segment(0, 9_500, 10_200, "right")), 0);
        assert_eq!(count(segment(0, 4_000, 6_000, "yes that is so")), 0);
        let both = talk_stats(&[customer, segment(0, 8_000, 14_000, "no")], 30_000, 2);
        assert_eq!((both.interruptions, both.speakers[1].interruptions), (1, 0));
    }

    #[test]
    fn odd_input_gives_sane_numbers() {
        let none = talk_stats(&[], 5_000, 0);
        assert_eq!(none.speakers.len(), 1);
        assert_eq!((none.silence_ms, none.patience_ms), (5_000, None));
        assert!(none.speakers[0].talk_share.abs() < f64::EPSILON);

        let outside = [
            segment(0, -500, 500, "a"),
            segment(0, 900, 400, "b"),
            segment(3, 900, 9_000, "c"),
        ];
        let stats = talk_stats(&outside, 1_000, 2);
        assert_eq!(stats.speakers.len(), 4);
        assert_eq!(stats.speakers[0].talk_ms, 500);
        assert_eq!(stats.speakers[3].talk_ms, 100);
        assert_eq!(stats.silence_ms, 400);
        assert_eq!(talk_stats(&outside, -1, 2).silence_ms, 0);
    }

    #[test]
    fn stats_come_back_from_their_json() {
        let stats = talk_stats(&[segment(0, 0, 900, "a?")], 1_000, 2);
        let json = serde_json::to_string(&stats).unwrap();
        assert_eq!(serde_json::from_str::<TalkStats>(&json).unwrap(), stats);
    }
}
