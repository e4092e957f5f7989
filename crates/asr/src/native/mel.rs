//! The spectrogram that Whisper hears: the logarithm of 80 (or 128) mel bands, every 10 ms.
//!
//! After `OpenAI`'s `whisper/audio.py` (`log_mel_spectrogram`), with whisper.cpp's edges: the sound is
//! mirrored before its start and followed by silence.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use super::{kernels::Cpu, pool::Pool};

/// Samples of a frame: 25 ms.
const FRAME: usize = 400;
/// Samples from one frame to the next: 10 ms.
pub(super) const HOP: usize = 160;
/// Frequencies of a frame.
const BINS: usize = FRAME / 2 + 1;
/// Frames that one thread makes at a time.
const GROUP: usize = 128;

/// One band: the frequencies from `first` on, with their weights.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

/// Turns sound into spectrograms.
pub(super) struct Mel {
    bands: Vec<Band>,
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    cpu: Cpu,
}

impl Mel {
    /// `filters` has [`BINS`] weights for each band.
    pub(super) fn new(filters: &[f32], cpu: Cpu) -> Self {
        let bands = filters.chunks_exact(BINS).map(|row| {
            let first = row.iter().position(|&weight| weight != 0.0).unwrap_or(0);
            let end = row
                .iter()
                .rposition(|&weight| weight != 0.0)
                .map_or(first, |last| last + 1);
            Band {
                first,
                weights: row[first..end].to_vec(),
            }
        });
        let step = std::f64::consts::TAU / FRAME as f64;
        let window = (0..FRAME).map(|i| (0.5 - 0.5 * (i as f64 * step).cos()) as f32);
        Self {
            bands: bands.collect(),
            window: window.collect(),
            transform: RealFftPlanner::new().plan_fft_forward(FRAME),
            cpu,
        }
    }

    /// Mel bands.
    pub(super) fn bands(&self) -> usize {
        self.bands.len()
    }

    /// Writes `out.len() / bands` frames, one after the other: the log of each band's power, at most 8
    /// powers of ten below the loudest, scaled to about -1 to 1.
    pub(super) fn compute(&self, pool: &Pool, samples: &[f32], out: &mut [f32]) {
        let groups: Vec<_> = out.chunks_mut(GROUP * self.bands()).enumerate().collect();
        pool.each(groups, |_, (group, frames)| {
            self.group(samples, group * GROUP, frames);
        });
        let floor = self.cpu.largest(out) - 8.0;
        let groups: Vec<_> = out.chunks_mut(GROUP * self.bands()).collect();
        pool.each(groups, |_, frames| {
            for value in frames {
                *value = (value.max(floor) + 4.0) / 4.0;
            }
        });
    }

    fn group(&self, samples: &[f32], first: usize, frames: &mut [f32]) {
        let mut frame = vec![0.0; FRAME];
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut power = [0.0; BINS];
        for (index, out) in frames.chunks_exact_mut(self.bands()).enumerate() {
            cut(samples, first + index, &mut frame);
            for (value, weight) in frame.iter_mut().zip(&self.window) {
                *value *= weight;
            }
            // It fails for wrong lengths only, and these are the plan's own.
            let transformed = self
                .transform
                .process_with_scratch(&mut frame, &mut spectrum, &mut scratch);
            debug_assert!(transformed.is_ok());
            for (power, value) in power.iter_mut().zip(&spectrum) {
                *power = Complex::norm_sqr(value);
            }
            for (out, band) in out.iter_mut().zip(&self.bands) {
                let power = &power[band.first..];
                *out = power
                    .iter()
                    .zip(&band.weights)
                    .map(|(power, weight)| power * weight)
                    .sum();
            }
        }
        self.cpu.log10(frames);
    }
}

/// Copies the samples of a frame, which is centred on its time.
fn cut(samples: &[f32], frame: usize, out: &mut [f32]) {
    let start = frame * HOP;
    if start >= FRAME / 2 {
        let available = samples.get(start - FRAME / 2..).unwrap_or_default();
        let count = available.len().min(FRAME);
        out[..count].copy_from_slice(&available[..count]);
        out[count..].fill(0.0);
        return;
    }
    for (index, value) in out.iter_mut().enumerate() {
        let at = (start + index).abs_diff(FRAME / 2);
        *value = samples.get(at).copied().unwrap_or(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, without a fast transform.
    fn slow(samples: &[f32], filters: &[f32], frames: usize) -> Vec<f32> {
        let bands = filters.len() / BINS;
        let mut out = vec![0.0; frames * bands];
        for frame in 0..frames {
            let mut power = [0.0_f64; BINS];
            for (bin, power) in power.iter_mut().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for i in 0..FRAME {
                    let at = (frame * HOP + i).abs_diff(FRAME / 2);
                    let turn = std::f64::consts::TAU * i as f64 / FRAME as f64;
                    let value = f64::from(samples.get(at).copied().unwrap_or(0.0)) * (0.5 - 0.5 * turn.cos());
                    re += value * (turn * bin as f64).cos();
                    im -= value * (turn * bin as f64).sin();
                }
                *power = re * re + im * im;
            }
            for band in 0..bands {
                let sum: f64 = (0..BINS)
                    .map(|bin| power[bin] * f64::from(filters[band * BINS + bin]))
                    .sum();
                out[frame * bands + band] = sum.max(1e-10).log10() as f32;
            }
        }
        let floor = out.iter().copied().fold(f32::MIN, f32::max) - 8.0;
        out.iter().map(|value| (value.max(floor) + 4.0) / 4.0).collect()
    }

    #[test]
    fn frames_are_those_of_the_definition() {
        let filters: Vec<f32> = (0..4 * BINS)
            .map(|i| {
                let (band, bin) = (i / BINS, i % BINS);
                (1.0 - (bin as f32 - 40.0 * band as f32 - 30.0).abs() / 25.0).max(0.0)
            })
            .collect();
        let samples: Vec<f32> = (0..5_000)
            .map(|i| (i as f32 * 0.11).sin() * 0.4 + (i as f32 * 0.9).cos() * 0.01)
            .collect();
        let expected = slow(&samples, &filters, 40);
        for cpu in Cpu::variants() {
            let mut out = vec![0.0; expected.len()];
            Mel::new(&filters, cpu).compute(&Pool::new(2), &samples, &mut out);
            for (index, (value, expected)) in out.iter().zip(&expected).enumerate() {
                assert!(
                    (value - expected).abs() < 1e-3,
                    "{cpu:?}: {value} at {index}, not {expected}"
                );
            }
        }
    }
}
