//! A recording with silence in some places, as a WAV file that is made while it is read.

use crate::{
    ChannelPlan, Pcm16k, Result, SAMPLE_RATE_HZ, Source, Span,
    wav::{HEADER_BYTES, header, push_sample},
};

/// Samples in a millisecond.
const PER_MS: u64 = SAMPLE_RATE_HZ as u64 / 1_000;
/// Silence begins so much before the place that is asked for: a number that models write as one word often begins
/// before the time that they give it.
const BEFORE_MS: i64 = 400;
/// Silence ends so much behind it.
const BEHIND_MS: i64 = 200;

/// A recording as 16-bit PCM WAV at 16 kHz, with the channels that speakers are on and with silence where it is asked
/// for. Nothing of it is kept: it comes in pieces of about a second.
///
/// Silence is on all channels: one side is often heard faintly on the other's.
pub struct Silenced {
    pcm: Pcm16k,
    /// Where to be silent, in samples, in order and apart.
    quiet: Vec<(u64, u64)>,
    channels: usize,
    /// Samples of each channel that the file has.
    frames: u64,
    written: u64,
    begun: bool,
}

impl Silenced {
    /// Opens a recording of this length. Its length settles that of the file beforehand: what should be missing from it
    /// is silence, and what a file of 4 GiB has no room for is left out.
    pub fn open(source: Source, plan: ChannelPlan, duration_ms: i64, quiet: &[Span]) -> Result<Self> {
        let channels = plan.channels();
        let room = (u64::from(u32::MAX) - HEADER_BYTES) / (2 * channels as u64);
        Ok(Self {
            pcm: Pcm16k::open(source, None, plan)?,
            quiet: merged(quiet),
            channels,
            frames: (duration_ms.max(0) as u64 * PER_MS).min(room),
            written: 0,
            begun: false,
        })
    }

    /// Length of the whole file in bytes.
    pub fn size_bytes(&self) -> u64 {
        HEADER_BYTES + self.frames * 2 * self.channels as u64
    }

    /// The next piece of the file; `None` at its end.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.begun {
            self.begun = true;
            let data_bytes = (self.size_bytes() - HEADER_BYTES) as u32;
            return Ok(Some(header(SAMPLE_RATE_HZ, self.channels as u16, data_bytes)));
        }
        let left = self.frames - self.written;
        if left == 0 {
            return Ok(None);
        }
        let block = self.pcm.next_block()?;
        let frames = block
            .as_ref()
            .and_then(|block| block.first())
            .map_or(left.min(SAMPLE_RATE_HZ.into()), |channel| {
                left.min(channel.len() as u64)
            });
        let mut bytes = Vec::with_capacity(frames as usize * 2 * self.channels);
        let mut quiet = self
            .quiet
            .iter()
            .skip_while(|(_, end)| *end <= self.written)
            .peekable();
        for frame in 0..frames {
            let at = self.written + frame;
            while quiet.next_if(|(_, end)| *end <= at).is_some() {}
            let is_quiet = quiet.peek().is_some_and(|(start, _)| *start <= at);
            for channel in 0..self.channels {
                let sample = block
                    .as_ref()
                    .and_then(|block| block.get(channel)?.get(frame as usize));
                push_sample(&mut bytes, sample.copied().filter(|_| !is_quiet).unwrap_or(0.0));
            }
        }
        self.written += frames;
        Ok(Some(bytes))
    }
}

/// Stretches with their margins, in samples, in order; those that touch are one.
fn merged(quiet: &[Span]) -> Vec<(u64, u64)> {
    let sample = |ms: i64| ms.max(0) as u64 * PER_MS;
    let mut stretches: Vec<(u64, u64)> = quiet
        .iter()
        .map(|span| (sample(span.start_ms - BEFORE_MS), sample(span.end_ms + BEHIND_MS)))
        .collect();
    stretches.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(stretches.len());
    for (start, end) in stretches {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two channels of 16 kHz that are silent nowhere, of this length.
    fn sound(ms: usize) -> Vec<u8> {
        let mut file = header(SAMPLE_RATE_HZ, 2, (ms * 64) as u32);
        for frame in 0..ms * 16 {
            let sample = 0.3 + 0.2 * (frame as f32 * 0.05).sin();
            push_sample(&mut file, sample);
            push_sample(&mut file, -sample);
        }
        file
    }

    fn silenced(duration_ms: i64, plan: ChannelPlan, quiet: &[(i64, i64)]) -> (u64, Vec<u8>) {
        let spans: Vec<Span> = quiet
            .iter()
            .map(|&(start_ms, end_ms)| Span { start_ms, end_ms })
            .collect();
        let source = Source::from_bytes(sound(2_500));
        let mut file = Silenced::open(source, plan, duration_ms, &spans).unwrap();
        let size_bytes = file.size_bytes();
        let mut bytes = Vec::new();
        while let Some(piece) = file.next_piece().unwrap() {
            assert!(piece.len() <= 64_000, "{}", piece.len());
            bytes.extend(piece);
        }
        (size_bytes, bytes)
    }

    #[test]
    fn it_is_silent_where_it_should_be_and_the_same_elsewhere() {
        // Over the start, over the border of two blocks, twice in one place, and over the end.
        let quiet = [(-50, 60), (950, 1_050), (1_000, 1_200), (2_300, 9_000)];
        let (size_bytes, bytes) = silenced(2_500, ChannelPlan::Split, &quiet);
        assert_eq!((size_bytes, bytes.len()), (bytes.len() as u64, 44 + 2_500 * 64));
        assert_eq!(bytes[..44], sound(2_500)[..44]);
        let original = sound(2_500);
        for (frame, (made, heard)) in bytes[44..].chunks(4).zip(original[44..].chunks(4)).enumerate() {
            let ms = frame as i64 / 16;
            let is_quiet = quiet
                .iter()
                .any(|&(start, end)| (start - BEFORE_MS..end + BEHIND_MS).contains(&ms));
            if is_quiet {
                assert_eq!(made, [0; 4], "{ms}");
            } else {
                let sample = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]);
                assert!((sample(made) - sample(heard)).abs() <= 1, "{ms}");
                assert!((sample(&made[2..]) - sample(&heard[2..])).abs() <= 1, "{ms}");
            }
        }
    }

    #[test]
    fn its_length_is_the_one_that_was_promised() {
        for (duration_ms, plan, channels) in [
            (0, ChannelPlan::Mix, 1),
            (700, ChannelPlan::Only(1), 1),
            (2_600, ChannelPlan::Split, 2),
        ] {
            let (size_bytes, bytes) = silenced(duration_ms, plan, &[]);
            assert_eq!(
                bytes.len() as i64,
                44 + duration_ms * 32 * channels,
                "{duration_ms}"
            );
            assert_eq!(size_bytes, bytes.len() as u64);
        }
        let (_, longer) = silenced(2_600, ChannelPlan::Split, &[]);
        assert!(
            longer[44 + 2_500 * 64..].iter().all(|byte| *byte == 0),
            "what is missing is silence"
        );
    }
}
