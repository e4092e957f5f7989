//! Puts decoded packets where their time stamps say. Lost and broken packets become silence, so that every
//! later word keeps its time; small disagreements are ignored, because containers round.

/// Disagreement between time stamps and counted samples that is not corrected.
const TOLERANCE_MS: i64 = 25;
/// A jump forward beyond this is a mistake of the recorder, not silence.
const MAX_GAP_MS: i64 = 10 * 60_000;
/// A jump backward beyond this is a new start (files joined end to end), not an overlap.
const MAX_OVERLAP_MS: i64 = 1_000;
/// Longest time before zero at which a stream may begin.
const LONGEST_LEAD_MS: i64 = 150;
/// Silence that one recording may be stretched by, against files whose time stamps only jump.
const MAX_SILENCE_MS: i64 = 2 * 3_600_000;

/// Where one packet goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Frames of silence to put before it.
    pub(crate) silence: u64,
    /// Frames to drop at its start.
    pub(crate) skip: usize,
}

/// Keeps count of frames written and compares them with time stamps.
#[derive(Debug)]
pub(crate) struct Timeline {
    sample_rate_hz: i64,
    /// Frames for a tick of the time stamps, as a fraction.
    ticks: (i128, i128),
    /// Added to time stamps, in frames.
    shift: i64,
    /// Frame that comes next.
    next: i64,
    state: State,
    silence_left: i64,
    /// Frames that the codec drops at the start.
    lead: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No packet yet; time stamps count from the start of the recording.
    Absolute,
    /// No packet yet; the first one is the start of the recording, unless it is before zero.
    Relative,
    /// Just moved: the next packet says where.
    Moved,
    Running,
}

impl Timeline {
    /// `tick` is the length of a tick in seconds as a fraction; `origin` is the tick at which the recording
    /// starts, to which `delay_ms` of silence are added; `absolute` says whether a late first packet means
    /// silence before it.
    pub(crate) fn new(
        sample_rate_hz: u32,
        tick: (u32, u32),
        origin: i64,
        delay_ms: i64,
        absolute: bool,
    ) -> Self {
        let rate = i64::from(sample_rate_hz);
        let mut timeline = Self {
            sample_rate_hz: rate,
            ticks: (i128::from(tick.0) * i128::from(rate), i128::from(tick.1.max(1))),
            shift: 0,
            next: 0,
            state: if absolute {
                State::Absolute
            } else {
                State::Relative
            },
            silence_left: MAX_SILENCE_MS * rate / 1000,
            lead: None,
        };
        timeline.shift = timeline.frames(delay_ms.clamp(0, MAX_GAP_MS)) - timeline.frame_of(origin);
        timeline
    }

    /// Tells how many frames at the start the codec has to drop, where time stamps are vague about it.
    pub(crate) fn with_lead(mut self, frames: u16) -> Self {
        self.lead = Some(i64::from(frames)).filter(|lead| *lead > 0);
        self
    }

    /// The position that lies some time behind the next output sample, in frames.
    pub(crate) fn position_after_ms(&self, ms: i64) -> u64 {
        self.next.saturating_add(self.frames(ms)).max(0) as u64
    }

    /// The frame that the next output sample is.
    pub(crate) fn position(&self) -> u64 {
        self.next.max(0) as u64
    }

    /// The time stamp of a frame of the output, for seeking.
    pub(crate) fn tick_of(&self, frame: u64) -> i64 {
        let frame = i128::from(frame as i64) - i128::from(self.shift);
        (frame * self.ticks.1 / self.ticks.0.max(1)).clamp(0, i128::from(i64::MAX)) as i64
    }

    /// The frame that a time stamp means; before the start of the recording it is negative.
    pub(crate) fn frame_at(&self, tick: i64) -> i64 {
        self.frame_of(tick).saturating_add(self.shift)
    }

    /// The reader stands somewhere else now.
    pub(crate) fn moved(&mut self) {
        self.state = State::Moved;
    }

    /// The reader began a new stream, whose time stamps say nothing about the old one.
    pub(crate) fn restarted(&mut self) {
        self.state = State::Relative;
    }

    /// Where the next `frames` frames go, whose first has the time stamp `pts`; they count as written.
    pub(crate) fn place(&mut self, pts: i64, frames: usize) -> Placement {
        let mut target = self.frame_of(pts).saturating_add(self.shift);
        match self.state {
            State::Relative if self.next > 0 || target > 0 => {
                self.shift = self.shift.saturating_add(self.next - target);
                target = self.next;
            }
            State::Absolute | State::Moved if self.is_lead(target) => {
                let lead = self.lead.take().unwrap_or(0);
                self.shift -= target + lead;
                target = -lead;
                self.next = 0;
            }
            State::Moved => self.next = target.max(0),
            State::Absolute | State::Relative | State::Running => {}
        }
        let ahead = target.saturating_sub(self.next);
        // Encoder delay lies before zero, and may fill more than one packet.
        let starts_early = target < 0 && self.next == 0;
        let tolerance = if self.state == State::Running {
            self.frames(TOLERANCE_MS)
        } else {
            0
        };
        self.state = State::Running;
        let gap = self.frames(MAX_GAP_MS).min(self.silence_left);
        let placement = if starts_early || (-self.frames(MAX_OVERLAP_MS)..-tolerance).contains(&ahead) {
            Placement {
                silence: 0,
                skip: frames.min(ahead.unsigned_abs() as usize),
            }
        } else if ahead > tolerance && ahead <= gap {
            self.silence_left -= ahead;
            Placement {
                silence: ahead as u64,
                skip: 0,
            }
        } else {
            if ahead.abs() > tolerance {
                self.shift = self.shift.saturating_sub(ahead);
            }
            Placement { silence: 0, skip: 0 }
        };
        self.next += placement.silence as i64 + (frames - placement.skip) as i64;
        placement
    }

    /// Whether a first packet at `target` holds the frames that the codec drops.
    fn is_lead(&self, target: i64) -> bool {
        self.next == 0 && self.lead.is_some() && (-self.frames(LONGEST_LEAD_MS)..=0).contains(&target)
    }

    fn frames(&self, ms: i64) -> i64 {
        ms * self.sample_rate_hz / 1000
    }

    fn frame_of(&self, tick: i64) -> i64 {
        let twice = i128::from(tick) * self.ticks.0 * 2;
        let rounded = (twice + self.ticks.1).div_euclid(self.ticks.1 * 2);
        rounded.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_8k(absolute: bool) -> Timeline {
        Timeline::new(8000, (1, 8000), 0, 0, absolute)
    }

    #[test]
    fn encoder_delay_before_zero_is_dropped() {
        let mut timeline = at_8k(false);
        assert_eq!(
            timeline.place(-500, 400),
            Placement {
                silence: 0,
                skip: 400
            }
        );
        assert_eq!(
            timeline.place(-100, 400),
            Placement {
                silence: 0,
                skip: 100
            }
        );
        assert_eq!(timeline.position(), 300);
    }

    #[test]
    fn a_lost_packet_becomes_silence() {
        let mut timeline = at_8k(true);
        timeline.place(0, 400);
        assert_eq!(
            timeline.place(800, 400),
            Placement {
                silence: 400,
                skip: 0
            }
        );
        assert_eq!(timeline.position(), 1200);
    }

    #[test]
    fn rounding_is_not_corrected() {
        let mut timeline = Timeline::new(44_100, (1, 1000), 0, 0, true);
        for packet in 0..1000_i64 {
            let placement = timeline.place((packet * 1024 * 1000 + 22_050) / 44_100, 1024);
            assert_eq!(placement, Placement { silence: 0, skip: 0 });
        }
    }

    #[test]
    fn a_stream_cut_out_of_a_longer_one_starts_at_zero() {
        let mut timeline = at_8k(false);
        assert_eq!(timeline.place(8_000_000, 400), Placement { silence: 0, skip: 0 });
        assert_eq!(timeline.place(8_000_400, 400), Placement { silence: 0, skip: 0 });
    }

    #[test]
    fn a_late_start_is_kept_where_time_stamps_are_absolute() {
        let mut timeline = Timeline::new(8000, (1, 8000), 1024, 500, true);
        assert_eq!(
            timeline.place(0, 1024),
            Placement {
                silence: 2976,
                skip: 0
            }
        );
        assert_eq!(timeline.place(1024, 400), Placement { silence: 0, skip: 0 });
        assert_eq!(timeline.position(), 4400);
    }

    #[test]
    fn absurd_jumps_do_not_stretch_the_recording() {
        let mut timeline = at_8k(true);
        timeline.place(0, 400);
        assert_eq!(timeline.place(i64::MAX, 400), Placement { silence: 0, skip: 0 });
        assert_eq!(timeline.place(i64::MIN, 400), Placement { silence: 0, skip: 0 });
        assert_eq!(timeline.position(), 1200);
    }

    #[test]
    fn after_a_seek_the_packet_says_where() {
        let mut timeline = at_8k(true);
        timeline.place(0, 400);
        timeline.moved();
        assert_eq!(timeline.place(80_000, 400), Placement { silence: 0, skip: 0 });
        assert_eq!(timeline.position(), 80_400);
        assert_eq!(timeline.tick_of(80_000), 80_000);
    }
}
