//! Packing speech into windows for a model that hears 30 s at a time.
//!
//! Silence is left out: what a channel says is cut at its pauses and packed, one piece behind the other,
//! until a window is full. A plan remembers where each piece came from, so that times in a window can be
//! mapped back to times in the recording.

use crate::speech::Span;

/// Pauses shorter than this stay in the window as they are: they carry the rhythm of the sentence.
const KEEP_PAUSE_MS: i64 = 500;
/// Silence put between pieces that were further apart.
const JOIN_MS: i64 = 300;
/// A window is closed when the next piece begins this long after the last one ended, so that what was said
/// early can be read early and a window does not mix distant topics.
const MAX_PAUSE_MS: i64 = 30_000;

/// A stretch of the recording and where it lies in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
    /// Where it begins in the window, in milliseconds.
    pub at_ms: i64,
}

impl Piece {
    fn length_ms(self) -> i64 {
        self.end_ms - self.start_ms
    }
}

/// What one window holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowPlan {
    /// Its number in the order in which windows become complete while the recording is read, from 0.
    pub index: usize,
    /// The channel it is cut from.
    pub channel: usize,
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

impl WindowPlan {
    /// Length of the window.
    pub fn length_ms(&self) -> i64 {
        self.pieces
            .last()
            .map_or(0, |piece| piece.at_ms + piece.length_ms())
    }

    /// Length of the speech in it.
    pub fn speech_ms(&self) -> i64 {
        self.pieces.iter().map(|piece| piece.length_ms()).sum()
    }

    /// Where in the recording it ends.
    pub fn end_ms(&self) -> i64 {
        self.pieces.last().map_or(0, |piece| piece.end_ms)
    }

    /// The piece that the window's time `at_ms` falls into; a time in the silence between two pieces
    /// belongs to the nearer one.
    pub fn piece_at(&self, at_ms: i64) -> Option<&Piece> {
        self.pieces.iter().min_by_key(|piece| {
            let end_ms = piece.at_ms + piece.length_ms();
            (piece.at_ms - at_ms).max(at_ms - end_ms).max(0)
        })
    }

    /// The time of the recording that the window's time `at_ms` stands for.
    pub fn recording_ms(&self, at_ms: i64) -> i64 {
        self.piece_at(at_ms).map_or(0, |piece| {
            (piece.start_ms + at_ms - piece.at_ms).clamp(piece.start_ms, piece.end_ms)
        })
    }

    /// The window cut in two at the pause nearest to its middle, each half a window of its own; `None` for
    /// a window of a single short piece. Both keep the window's index.
    pub fn halves(&self) -> Option<(Self, Self)> {
        let cut = if self.pieces.len() > 1 {
            let middle_ms = self.length_ms() / 2;
            (1..self.pieces.len()).min_by_key(|&i| (self.pieces[i].at_ms - middle_ms).abs())?
        } else {
            return self.halves_of_one_piece();
        };
        let part = |pieces: &[Piece]| {
            let first_ms = pieces.first().map_or(0, |piece| piece.at_ms);
            let pieces = pieces
                .iter()
                .map(|p| Piece {
                    at_ms: p.at_ms - first_ms,
                    ..*p
                })
                .collect();
            Self {
                index: self.index,
                channel: self.channel,
                pieces,
            }
        };
        Some((part(&self.pieces[..cut]), part(&self.pieces[cut..])))
    }

    fn halves_of_one_piece(&self) -> Option<(Self, Self)> {
        const SHORTEST_MS: i64 = 4_000;
        let piece = *self.pieces.first()?;
        if piece.length_ms() < SHORTEST_MS {
            return None;
        }
        let middle_ms = piece.start_ms + piece.length_ms() / 2;
        let part = |start_ms, end_ms| Self {
            index: self.index,
            channel: self.channel,
            pieces: vec![Piece {
                start_ms,
                end_ms,
                at_ms: 0,
            }],
        };
        Some((part(piece.start_ms, middle_ms), part(middle_ms, piece.end_ms)))
    }
}

/// Packs the speech of every channel into windows of at most `max_ms`, in the order in which they become
/// complete while the recording is read once.
pub fn plan_windows(speech: &[Vec<Span>], max_ms: i64) -> Vec<WindowPlan> {
    let mut plans: Vec<WindowPlan> = Vec::new();
    for (channel, spans) in speech.iter().enumerate() {
        let mut pieces: Vec<Piece> = Vec::new();
        for span in merge_and_limit(spans, max_ms) {
            if let Some(last) = pieces.last() {
                let at_ms = last.at_ms + last.length_ms() + JOIN_MS;
                let fits = at_ms + span.end_ms - span.start_ms <= max_ms;
                if fits && span.start_ms - last.end_ms <= MAX_PAUSE_MS {
                    pieces.push(Piece {
                        start_ms: span.start_ms,
                        end_ms: span.end_ms,
                        at_ms,
                    });
                    continue;
                }
                plans.push(WindowPlan {
                    index: 0,
                    channel,
                    pieces: std::mem::take(&mut pieces),
                });
            }
            pieces.push(Piece {
                start_ms: span.start_ms,
                end_ms: span.end_ms,
                at_ms: 0,
            });
        }
        if !pieces.is_empty() {
            plans.push(WindowPlan {
                index: 0,
                channel,
                pieces,
            });
        }
    }
    number(&mut plans);
    plans
}

/// Those windows of the beginning of a recording that stay as they are whatever is said later: all but the last of
/// each channel. In the plan of the whole they may have other numbers.
pub fn plan_head(speech: &[Vec<Span>], max_ms: i64) -> Vec<WindowPlan> {
    let all = plan_windows(speech, max_ms);
    let is_last = |plan: &WindowPlan| {
        !all[plan.index + 1..]
            .iter()
            .any(|later| later.channel == plan.channel)
    };
    let mut plans: Vec<_> = all.iter().filter(|plan| !is_last(plan)).cloned().collect();
    number(&mut plans);
    plans
}

fn number(plans: &mut [WindowPlan]) {
    plans.sort_by_key(|plan| (plan.end_ms(), plan.channel));
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.index = index;
    }
}

/// Joins spans over short pauses as long as they fit a window, and cuts those that are longer than one.
fn merge_and_limit(spans: &[Span], max_ms: i64) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        let mut rest = *span;
        while rest.end_ms - rest.start_ms > max_ms {
            let cut_ms = rest.start_ms + max_ms;
            merged.push(Span {
                start_ms: rest.start_ms,
                end_ms: cut_ms,
            });
            rest.start_ms = cut_ms;
        }
        match merged.last_mut() {
            Some(last)
                if rest.start_ms - last.end_ms < KEEP_PAUSE_MS && rest.end_ms - last.start_ms <= max_ms =>
            {
                last.end_ms = rest.end_ms;
            }
            _ => merged.push(rest),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start_ms: i64, end_ms: i64) -> Span {
        Span { start_ms, end_ms }
    }

    #[test]
    fn a_head_has_the_windows_that_the_whole_has_too() {
        let turns = |channel: i64| -> Vec<Span> {
            (0..60)
                .map(|turn| {
                    span(
                        turn * 12_000 + channel * 6_000,
                        turn * 12_000 + channel * 6_000 + 4_000 + turn % 7 * 200,
                    )
                })
                .collect()
        };
        let whole = [turns(0), turns(1)];
        let plans = plan_windows(&whole, 27_000);
        for head_ms in [30_000, 61_000, 120_000, 300_000] {
            let head = whole.each_ref().map(|spans| {
                let said = spans.iter().filter(|span| span.end_ms <= head_ms);
                said.copied().collect::<Vec<_>>()
            });
            let ahead = plan_head(&head, 27_000);
            assert_eq!(ahead.is_empty(), head_ms < 120_000, "{head_ms}");
            for (index, window) in ahead.iter().enumerate() {
                assert_eq!(window.index, index);
                let same = plans
                    .iter()
                    .filter(|plan| plan.channel == window.channel && plan.pieces == window.pieces);
                assert_eq!(same.count(), 1, "{window:?} of {head_ms} ms");
            }
        }
    }

    #[test]
    fn pieces_are_packed_and_times_map_back() {
        let plans = plan_windows(&[vec![span(1_000, 3_000), span(10_000, 12_000)]], 29_000);
        assert_eq!(plans.len(), 1);
        let plan = &plans[0];
        assert_eq!(plan.length_ms(), 4_300);
        assert_eq!(plan.speech_ms(), 4_000);
        assert_eq!(plan.recording_ms(0), 1_000);
        assert_eq!(plan.recording_ms(1_500), 2_500);
        assert_eq!(
            plan.recording_ms(2_100),
            3_000,
            "the silence near the first piece is its end"
        );
        assert_eq!(
            plan.recording_ms(2_250),
            10_000,
            "the silence near the second piece is its start"
        );
        assert_eq!(plan.recording_ms(4_300), 12_000);
    }

    #[test]
    fn short_pauses_stay_and_long_speech_is_cut() {
        let plans = plan_windows(&[vec![span(0, 20_000), span(20_200, 70_000)]], 29_000);
        assert!(plans.iter().all(|plan| plan.length_ms() <= 29_000));
        let speech_ms: i64 = plans.iter().map(WindowPlan::speech_ms).sum();
        assert_eq!(speech_ms, 20_000 + 49_800);
    }

    #[test]
    fn windows_are_numbered_in_the_order_in_which_they_end() {
        let rep = vec![span(0, 20_000), span(60_000, 80_000)];
        let customer = vec![span(21_000, 40_000), span(41_000, 58_000)];
        let plans = plan_windows(&[rep, customer], 29_000);
        let order: Vec<_> = plans.iter().map(|p| (p.index, p.channel, p.end_ms())).collect();
        assert_eq!(
            order,
            [(0, 0, 20_000), (1, 1, 40_000), (2, 1, 58_000), (3, 0, 80_000)]
        );
    }

    #[test]
    fn halves_lie_on_both_sides_of_the_middle_pause_and_keep_all_speech() {
        let spans = vec![span(0, 5_000), span(6_000, 12_000), span(13_000, 20_000)];
        let plan = plan_windows(&[spans], 29_000).remove(0);
        let (left, right) = plan.halves().unwrap();
        assert_eq!(left.speech_ms() + right.speech_ms(), plan.speech_ms());
        assert_eq!(right.pieces[0].at_ms, 0);
        assert_eq!(right.recording_ms(0), 13_000);
        let (left, right) = plan_windows(&[vec![span(0, 10_000)]], 29_000)[0]
            .halves()
            .unwrap();
        assert_eq!((left.end_ms(), right.pieces[0].start_ms), (5_000, 5_000));
        assert_eq!(plan_windows(&[vec![span(0, 2_000)]], 29_000)[0].halves(), None);
    }

    #[test]
    fn distant_speech_gets_a_window_of_its_own() {
        let plans = plan_windows(&[vec![span(0, 1_000), span(40_000, 41_000)]], 29_000);
        assert_eq!(plans.len(), 2);
    }
}
