//! Sounds that stay as they are: dial and ringing tones, beeps that last, hum and buzz. The speech detector
//! takes them for vowels; no voice keeps its spectrum and level for a third of a second.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use crate::channels::WINDOW_SAMPLES;

/// Samples at 8 kHz in a window.
const COMPARED: usize = WINDOW_SAMPLES / 2;
/// Cosine of the angle between two windows' power spectra from which they are the same.
const SAME_SPECTRUM: f32 = 0.97;
/// Ratio of energies (1 dB) up to which windows have the same level.
const SAME_LEVEL: f32 = 1.26;
/// Energy of a window at which there is nothing to compare.
const NO_ENERGY: f32 = 1e-9;

/// Compares each window of one channel with the one before.
pub(crate) struct SteadySound {
    forward: Arc<dyn RealToComplex<f32>>,
    fade: Vec<f32>,
    time: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    power: Vec<f32>,
    before: Vec<f32>,
}

impl SteadySound {
    pub(crate) fn new() -> Self {
        let forward = RealFftPlanner::new().plan_fft_forward(COMPARED);
        let step = std::f32::consts::TAU / COMPARED as f32;
        let spectrum = forward.make_output_vec();
        Self {
            fade: (0..COMPARED)
                .map(|n| 0.5 - 0.5 * (step * n as f32).cos())
                .collect(),
            time: vec![0.0; COMPARED],
            power: vec![0.0; spectrum.len()],
            before: vec![0.0; spectrum.len()],
            spectrum,
            forward,
        }
    }

    /// Whether `window`, [`WINDOW_SAMPLES`] samples at 16 kHz, sounds just like the one before it.
    pub(crate) fn goes_on(&mut self, window: &[f32]) -> bool {
        for ((time, fade), pair) in self.time.iter_mut().zip(&self.fade).zip(window.chunks_exact(2)) {
            *time = fade * 0.5 * (pair[0] + pair[1]);
        }
        std::mem::swap(&mut self.power, &mut self.before);
        if self.forward.process(&mut self.time, &mut self.spectrum).is_err() {
            return false;
        }
        self.power
            .iter_mut()
            .zip(&self.spectrum)
            .for_each(|(power, bin)| *power = bin.norm_sqr());
        let (now, before) = (self.power.iter().sum::<f32>(), self.before.iter().sum::<f32>());
        if now < NO_ENERGY || before < NO_ENERGY || now / before > SAME_LEVEL || before / now > SAME_LEVEL {
            return false;
        }
        let product = overlap((&self.power, now), (&self.before, before));
        let lengths = overlap((&self.power, now), (&self.power, now))
            * overlap((&self.before, before), (&self.before, before));
        product >= SAME_SPECTRUM * lengths.sqrt()
    }
}

/// Dot product of two spectra, each scaled to a sum of 1 so that faint ones do not vanish.
fn overlap(first: (&[f32], f32), second: (&[f32], f32)) -> f32 {
    first
        .0
        .iter()
        .zip(second.0)
        .map(|(a, b)| (a / first.1) * (b / second.1))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_that_go_on(sound: impl Fn(f32) -> f32) -> usize {
        let samples: Vec<f32> = (0..WINDOW_SAMPLES * 20)
            .map(|n| sound(n as f32 / 16_000.0))
            .collect();
        let mut steady = SteadySound::new();
        samples
            .chunks(WINDOW_SAMPLES)
            .filter(|window| steady.goes_on(window))
            .count()
    }

    fn wave(time_s: f32, hz: f32) -> f32 {
        (time_s * hz * std::f32::consts::TAU).sin()
    }

    #[test]
    fn tones_go_on_and_wandering_pitch_does_not() {
        assert_eq!(windows_that_go_on(|t| 0.3 * wave(t, 440.0)), 19);
        assert_eq!(
            windows_that_go_on(|t| 0.001 * (wave(t, 350.0) + wave(t, 440.0))),
            19
        );
        assert_eq!(windows_that_go_on(|t| (0.2 * wave(t, 61.7)).signum()), 19);
        assert_eq!(windows_that_go_on(|_| 0.0), 0);
        let voice = |t: f32| {
            (1..9)
                .map(|n| wave(t + 0.004 * wave(t, 2.0), 140.0 * n as f32))
                .sum::<f32>()
        };
        assert_eq!(windows_that_go_on(|t| 0.05 * voice(t)), 0);
    }
}
