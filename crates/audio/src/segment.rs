//! From scores of frames to stretches of speech: what comes and goes like a voice is joined, what stays the
//! same is dropped, and room is left at both sides.

use std::collections::VecDeque;

use crate::speech::{FRAME_MS, SPEECH_SCORE, Span, WINDOW_FRAMES};

/// Score that keeps speech going once it has begun. Noise and tones in pauses reach 0.4.
const KEEP_SCORE: f32 = 0.45;
/// Score that a stretch must reach at least once. Bursts of loud noise come to 0.6, any word to 0.8.
pub(crate) const SURE_SCORE: f32 = 0.65;
/// Frames of speech (112 ms) that make a stretch; "no" has about 150 ms, clicks have less.
const MIN_SPEECH_FRAMES: u32 = 7;
/// Silence that ends a stretch.
const MIN_SILENCE_MS: i64 = 304;
/// Room before a stretch in milliseconds: the detector answers late to soft first consonants.
pub const PAD_BEFORE_MS: i64 = 160;
/// Room behind a stretch: last sounds fade.
const PAD_AFTER_MS: i64 = 200;
/// Windows (0.4 s) in which a sound must go on unchanged before it is no voice.
const STEADY_WINDOWS: usize = 3;
/// Windows (1 s) in which the level must hardly change before they are noise.
const FLAT_WINDOWS: usize = 8;
/// Frames at either end of the order of levels that do not count for that: clicks, and the first frames of
/// speech after noise.
const FLAT_OUTLIERS: usize = 3;
/// Range of levels within which noise stays. Speech has 10 dB and more, and still 3 where noise is as loud.
const FLAT_RANGE_DB: f32 = 2.5;

/// Frames (8 s) before a window from which its noise floor is found.
const FLOOR_FRAMES: usize = 500;
/// Level below which a frame is muted, not noise.
const SILENCE_DB: f32 = -80.0;
/// Level over the noise floor from which speech may begin. The detector answers to noise of a narrow band,
/// as telephones and their codecs make it, with scores near 1 for minutes.
const START_OVER_NOISE_DB: f32 = 5.0;
/// Level over the noise floor below which there is no speech.
const KEEP_OVER_NOISE_DB: f32 = 3.0;

/// What was heard in one window.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    /// Score of each frame.
    pub(crate) scores: [f32; WINDOW_FRAMES],
    /// Level of each frame in dB.
    pub(crate) levels_db: [f32; WINDOW_FRAMES],
    /// Whether it sounds just like the window before.
    pub(crate) goes_on: bool,
}

/// Joins frames into stretches.
#[derive(Default)]
pub(crate) struct Segmenter {
    /// Windows that may still turn out to be part of a steady sound or of noise.
    waiting: VecDeque<Heard>,
    /// Levels of the frames before the waiting windows.
    past_db: VecDeque<f32>,
    /// Room for finding the noise floor.
    sorted_db: Vec<f32>,
    /// Windows in a row that were like the one before.
    steady: usize,
    frame: i64,
    open: Option<Open>,
    spans: Vec<Span>,
}

/// A stretch that goes on.
struct Open {
    start_ms: i64,
    end_ms: i64,
    speech_frames: u32,
    best_score: f32,
}

impl Open {
    fn span(&self) -> Option<Span> {
        let speech = self.speech_frames >= MIN_SPEECH_FRAMES && self.best_score >= SURE_SCORE;
        speech.then_some(Span {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
        })
    }
}

impl Segmenter {
    /// Takes what was heard in the next window.
    pub(crate) fn push_window(&mut self, heard: Heard) {
        let was_steady = self.steady + 1 >= STEADY_WINDOWS;
        self.steady = if heard.goes_on { self.steady + 1 } else { 0 };
        self.waiting.push_back(heard);
        if was_steady || self.steady + 1 >= STEADY_WINDOWS {
            // The windows at both sides of the steady ones hold its beginning and its end.
            let first = self.waiting.len().saturating_sub(STEADY_WINDOWS + 1);
            for heard in self.waiting.range_mut(first..) {
                heard.scores.fill(0.0);
            }
        }
        if self.waiting.len() == FLAT_WINDOWS {
            self.drop_noise();
            self.pop_window();
        }
    }

    /// Takes the speech out of those waiting windows that are noise. The detector follows the onset of noise
    /// and then holds on to it for minutes.
    fn drop_noise(&mut self) {
        let speaks = |heard: &Heard| heard.scores.iter().any(|score| *score >= KEEP_SCORE);
        if !self.waiting.iter().any(speaks) {
            return;
        }
        let mut levels: Vec<f32> = self.waiting.iter().flat_map(|heard| heard.levels_db).collect();
        levels.sort_by(f32::total_cmp);
        let (low, high) = (levels[FLAT_OUTLIERS], levels[levels.len() - 1 - FLAT_OUTLIERS]);
        if high - low < FLAT_RANGE_DB {
            for heard in &mut self.waiting {
                if heard.levels_db.iter().all(|level| *level < high + 1.0) {
                    heard.scores.fill(0.0);
                }
            }
        }
    }

    /// Judges the window that waited longest, against the noise around it.
    fn pop_window(&mut self) {
        let floor_db = self.noise_floor_db();
        let Some(heard) = self.waiting.pop_front() else {
            return;
        };
        for (score, level_db) in heard.scores.into_iter().zip(heard.levels_db) {
            let over_noise_db = level_db - floor_db;
            let bound = if over_noise_db < KEEP_OVER_NOISE_DB {
                0.0
            } else if over_noise_db < START_OVER_NOISE_DB {
                KEEP_SCORE
            } else {
                1.0
            };
            self.push(score.min(bound));
        }
        self.past_db.extend(heard.levels_db);
        self.past_db
            .drain(..self.past_db.len().saturating_sub(FLOOR_FRAMES));
    }

    /// The level that the noise has in the seconds around: what a twentieth of the frames stay below.
    fn noise_floor_db(&mut self) -> f32 {
        self.sorted_db.clear();
        let waiting = self.waiting.iter().flat_map(|heard| &heard.levels_db);
        self.sorted_db.extend(
            self.past_db
                .iter()
                .chain(waiting)
                .filter(|level| **level > SILENCE_DB),
        );
        let place = self.sorted_db.len() / 20;
        if self.sorted_db.is_empty() {
            return SILENCE_DB;
        }
        *self.sorted_db.select_nth_unstable_by(place, f32::total_cmp).1
    }

    /// Takes the score of the next frame.
    fn push(&mut self, score: f32) {
        let start_ms = self.frame * FRAME_MS;
        let end_ms = start_ms + FRAME_MS;
        self.frame += 1;
        if let Some(open) = &mut self.open {
            if score >= KEEP_SCORE {
                open.end_ms = end_ms;
                open.speech_frames += u32::from(score >= SPEECH_SCORE);
                open.best_score = open.best_score.max(score);
            } else if end_ms - open.end_ms >= MIN_SILENCE_MS {
                self.close();
            }
        } else if score >= SPEECH_SCORE {
            self.open = Some(Open {
                start_ms,
                end_ms,
                speech_frames: 1,
                best_score: score,
            });
        }
    }

    fn close(&mut self) {
        self.spans.extend(self.open.take().and_then(|open| open.span()));
    }

    /// Speech so far in milliseconds, without the room at the sides.
    pub(crate) fn speech_ms(&self) -> i64 {
        let open = self.open.as_ref().and_then(Open::span);
        self.spans
            .iter()
            .chain(&open)
            .map(|span| span.duration_ms())
            .sum()
    }

    /// The stretches with room at their sides, in order, not overlapping, inside the recording.
    pub(crate) fn finish(mut self, duration_ms: i64) -> Vec<Span> {
        while !self.waiting.is_empty() {
            self.pop_window();
        }
        self.close();
        let mut padded: Vec<Span> = Vec::with_capacity(self.spans.len());
        for span in self.spans {
            let mut start_ms = (span.start_ms - PAD_BEFORE_MS).max(0);
            let end_ms = (span.end_ms + PAD_AFTER_MS).min(duration_ms);
            if let Some(before) = padded.last_mut()
                && before.end_ms > start_ms
            {
                // The room is shared: neither stretch may reach into the other's speech.
                let silence_start = before.end_ms - PAD_AFTER_MS;
                start_ms = i64::midpoint(silence_start, span.start_ms);
                before.end_ms = start_ms;
            }
            if end_ms > start_ms {
                padded.push(Span { start_ms, end_ms });
            }
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches of frames with a score each; speech is louder than the noise around it.
    fn segmented(scores: &[(usize, f32)], duration_ms: i64) -> Vec<Span> {
        let frames: Vec<f32> = scores
            .iter()
            .flat_map(|(frames, score)| vec![*score; *frames])
            .collect();
        let mut segmenter = Segmenter::default();
        for (window, scores) in frames.chunks(WINDOW_FRAMES).enumerate() {
            let mut heard = Heard {
                levels_db: [-60.0; WINDOW_FRAMES],
                ..Heard::default()
            };
            for (frame, score) in scores.iter().enumerate() {
                heard.scores[frame] = *score;
                let wobble = ((window * WINDOW_FRAMES + frame) % 4) as f32 * 2.0;
                heard.levels_db[frame] += if *score > 0.3 { 20.0 + wobble } else { wobble / 4.0 };
            }
            segmenter.push_window(heard);
        }
        segmenter.finish(duration_ms)
    }

    #[test]
    fn speech_gets_room_on_both_sides() {
        let spans = segmented(&[(50, 0.0), (50, 0.9), (50, 0.0)], 2400);
        assert_eq!(
            spans,
            [Span {
                start_ms: 800 - 160,
                end_ms: 1600 + 200
            }]
        );
    }

    #[test]
    fn short_pauses_join_and_clicks_vanish() {
        let spans = segmented(
            &[(20, 0.9), (10, 0.1), (20, 0.9), (60, 0.0), (4, 0.9), (60, 0.0)],
            10_000,
        );
        assert_eq!(
            spans,
            [Span {
                start_ms: 0,
                end_ms: 50 * 16 + 200
            }]
        );
    }

    #[test]
    fn neighbours_share_the_pause() {
        let spans = segmented(&[(20, 0.9), (20, 0.0), (20, 0.9)], 60 * 16);
        assert_eq!(spans.len(), 2);
        assert_eq!(spans[0].end_ms, spans[1].start_ms);
        assert_eq!(spans[0].end_ms, 480);
        assert_eq!(spans[1].end_ms, 960);
    }

    #[test]
    fn loud_noise_never_sure_is_no_speech() {
        assert_eq!(segmented(&[(50, 0.0), (100, 0.6), (50, 0.0)], 10_000), []);
    }

    #[test]
    fn a_sound_that_goes_on_unchanged_is_no_speech_from_its_first_window() {
        let mut segmenter = Segmenter::default();
        for window in 0..30u8 {
            let levels_db = std::array::from_fn(|frame| if window < 20 { 0.0 } else { 20.0 + frame as f32 });
            segmenter.push_window(Heard {
                scores: [0.9; 8],
                levels_db,
                goes_on: (1..20).contains(&window),
            });
        }
        let spans = segmenter.finish(100_000);
        assert_eq!(
            spans,
            [Span {
                start_ms: 21 * 128 - 160,
                end_ms: 30 * 128 + 200
            }]
        );
    }

    #[test]
    fn sound_of_one_level_is_noise_and_speech_after_it_is_kept() {
        let mut segmenter = Segmenter::default();
        for window in 0..40 {
            let loud = |frame: usize| 12.0 + 5.0 * (frame % 3) as f32;
            let levels_db = std::array::from_fn(|frame| {
                if window < 30 {
                    0.1 * frame as f32
                } else {
                    loud(frame)
                }
            });
            segmenter.push_window(Heard {
                scores: [0.9; 8],
                levels_db,
                goes_on: false,
            });
        }
        let spans = segmenter.finish(100_000);
        assert_eq!(
            spans,
            [Span {
                start_ms: 30 * 128 - 160,
                end_ms: 40 * 128 + 200
            }]
        );
    }
}
