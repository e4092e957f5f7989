//! Any sample rate to 16 kHz, streaming, with the filter's delay taken out: sample `n` of the output is
//! heard at `n / 16000` seconds of the input.

use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::direct::SequentialSlice};

use crate::{AudioError, Result};

/// Samples a second of everything behind the decoder: what speech models are made for.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// Blocks a second that the resampler works in; shorter ones make the filter's edge less steep.
const BLOCKS_PER_SECOND: u32 = 32;

/// Brings one channel to 16 kHz.
pub(crate) struct To16k {
    /// `None` where the input has 16 kHz already.
    fft: Option<Fft<f32>>,
    input_rate_hz: u64,
    waiting: Vec<f32>,
    output: Vec<f32>,
    skip: usize,
    frames_in: u64,
    frames_out: u64,
}

impl To16k {
    pub(crate) fn new(input_rate_hz: u32) -> Result<Self> {
        let fft = if input_rate_hz == SAMPLE_RATE_HZ {
            None
        } else {
            let block = block_frames(input_rate_hz);
            let made = Fft::new_custom(
                input_rate_hz as usize,
                SAMPLE_RATE_HZ as usize,
                block,
                1,
                1,
                rubato::WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            );
            Some(made.map_err(|error| {
                AudioError::damaged(format!("can't resample {input_rate_hz} Hz: {error}"))
            })?)
        };
        let (skip, block_out) = fft
            .as_ref()
            .map_or((0, 0), |fft| (fft.output_delay(), fft.output_frames_next()));
        Ok(Self {
            fft,
            input_rate_hz: u64::from(input_rate_hz),
            waiting: Vec::new(),
            output: vec![0.0; block_out],
            skip,
            frames_in: 0,
            frames_out: 0,
        })
    }

    /// Takes samples and appends what can be told so far to `out`.
    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<()> {
        self.frames_in += samples.len() as u64;
        if self.fft.is_none() {
            self.frames_out += samples.len() as u64;
            out.extend_from_slice(samples);
            return Ok(());
        }
        self.waiting.extend_from_slice(samples);
        self.run(out)
    }

    /// No more samples: appends the rest, so that the output is as long as the input.
    pub(crate) fn finish(&mut self, out: &mut Vec<f32>) -> Result<()> {
        if self.fft.is_none() {
            return Ok(());
        }
        let expected = self.expected_frames();
        let before = out.len();
        while self.frames_out < expected {
            let block = self.fft.as_ref().map_or(0, Resampler::input_frames_next);
            let missing = block - self.waiting.len() % block.max(1);
            self.waiting.resize(self.waiting.len() + missing, 0.0);
            self.run(out)?;
        }
        let surplus = (self.frames_out - expected) as usize;
        out.truncate((out.len() - surplus.min(out.len())).max(before.min(out.len())));
        self.frames_out = expected;
        Ok(())
    }

    fn expected_frames(&self) -> u64 {
        let rate = u64::from(SAMPLE_RATE_HZ);
        (self.frames_in * rate + self.input_rate_hz / 2) / self.input_rate_hz
    }

    fn run(&mut self, out: &mut Vec<f32>) -> Result<()> {
        let Some(fft) = &mut self.fft else { return Ok(()) };
        let block = fft.input_frames_next();
        let mut used = 0;
        while self.waiting.len() - used >= block {
            let produced = process(fft, &self.waiting[used..used + block], &mut self.output)
                .map_err(|error| AudioError::damaged(format!("can't resample it: {error}")))?;
            used += block;
            let skip = self.skip.min(produced);
            self.skip -= skip;
            out.extend_from_slice(&self.output[skip..produced]);
            self.frames_out += (produced - skip) as u64;
        }
        self.waiting.drain(..used);
        Ok(())
    }
}

/// Frames of a block: a multiple of what both rates have in common, and even where that is not too long,
/// because the filter's centre lies half a frame off in odd ones.
fn block_frames(input_rate_hz: u32) -> usize {
    let step = (input_rate_hz / common_divisor(input_rate_hz, SAMPLE_RATE_HZ)).max(1);
    let blocks = (input_rate_hz / BLOCKS_PER_SECOND).div_ceil(step).max(1);
    let odd = step % 2 == 1 && blocks % 2 == 1;
    (step
        * if odd && step < input_rate_hz / 2 {
            blocks + 1
        } else {
            blocks
        }) as usize
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn process(
    fft: &mut Fft<f32>,
    input: &[f32],
    output: &mut [f32],
) -> std::result::Result<usize, Box<dyn std::error::Error>> {
    let frames_out = output.len();
    let input = SequentialSlice::new(input, 1, input.len())?;
    let mut output = SequentialSlice::new_mut(output, 1, frames_out)?;
    let (_, produced) = fft.process_into_buffer(&input, &mut output, None)?;
    Ok(produced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resample(rate: u32, input: &[f32]) -> Vec<f32> {
        let mut resampler = To16k::new(rate).unwrap();
        let mut out = Vec::new();
        for piece in input.chunks(777) {
            resampler.push(piece, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    fn tone(rate: u32, hz: f32, frames: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * hz / rate as f32;
        (0..frames)
            .map(|n| 0.5 * (step * n as f32 % std::f32::consts::TAU).sin())
            .collect()
    }

    #[test]
    fn tones_come_out_in_place_from_every_rate() {
        for rate in [
            4000, 8000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 384_000,
        ] {
            let out = resample(rate, &tone(rate, 440.0, rate as usize * 2));
            assert_eq!(out.len(), 32_000, "{rate} Hz");
            let expected = tone(16_000, 440.0, 32_000);
            let worst = out[4000..28_000]
                .iter()
                .zip(&expected[4000..28_000])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < 0.02, "{rate} Hz is off by {worst}");
        }
    }

    #[test]
    fn what_16_khz_can_not_hold_is_removed() {
        let out = resample(48_000, &tone(48_000, 11_000.0, 48_000));
        let loudest = out[2000..14_000]
            .iter()
            .fold(0.0, |max: f32, sample| max.max(sample.abs()));
        assert!(loudest < 0.001, "an alias of {loudest} is left");
    }

    #[test]
    fn short_inputs_keep_their_length() {
        for frames in [0, 1, 2, 3, 100, 1499, 1500, 1501] {
            let out = resample(48_000, &vec![0.1; frames]);
            assert_eq!(out.len(), (frames * 16_000 + 24_000) / 48_000, "{frames} frames");
        }
    }
}
