//! The mel filter bank that stands in every ggml Whisper file.

use super::precision::put_f32;

/// Frequencies of a 400-sample frame: half of it and one.
pub(super) const BINS: u32 = 201;

const SAMPLE_RATE_HZ: f64 = 16_000.0;
/// Below this, the scale is linear: 3 mel to 200 Hz.
const LINEAR_TO_HZ: f64 = 1_000.0;
const LINEAR_TO_MEL: f64 = 15.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LINEAR_TO_HZ {
        hz / HZ_PER_MEL
    } else {
        LINEAR_TO_MEL + (hz / LINEAR_TO_HZ).ln() / log_step()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < LINEAR_TO_MEL {
        mel * HZ_PER_MEL
    } else {
        LINEAR_TO_HZ * (log_step() * (mel - LINEAR_TO_MEL)).exp()
    }
}

/// `bands` rows of [`BINS`] weights, little-endian 32-bit floats: the bank that Whisper was trained
/// with, which is `librosa.filters.mel(sr=16000, n_fft=400, n_mels=bands)`.
///
/// Slaney's scale is linear below 1 kHz and logarithmic above (27 steps to a factor of 6.4). `bands + 2`
/// corner frequencies lie evenly on it from 0 to 8 kHz; band `i` is a triangle over corners `i` to
/// `i + 2`, scaled by `2 / (corner[i + 2] - corner[i])` so that all have the same area. Source: M.
/// Slaney, Auditory Toolbox (1998), and librosa's documentation. Rounded to 32 bits twice, before and
/// after the scaling, as there.
pub(super) fn filter_bank(bands: u32) -> Vec<u8> {
    let top = hz_to_mel(SAMPLE_RATE_HZ / 2.0);
    // Multiplied first: a rounded step would miss the top by a hair.
    let corner = |i: u32| mel_to_hz(f64::from(i) * top / f64::from(bands + 1));
    let mut out = Vec::with_capacity((bands * BINS * 4) as usize);
    for band in 0..bands {
        let (low, mid, high) = (corner(band), corner(band + 1), corner(band + 2));
        let area = 2.0 / (high - low);
        for bin in 0..BINS {
            let hz = f64::from(bin) * SAMPLE_RATE_HZ / f64::from(2 * (BINS - 1));
            let rising = (hz - low) / (mid - low);
            let falling = (high - hz) / (high - mid);
            let weight = rising.min(falling).max(0.0) as f32;
            put_f32(&[(f64::from(weight) * area) as f32], &mut out);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn values(bands: u32) -> Vec<f32> {
        let bytes = filter_bank(bands);
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn the_bank_of_80_is_the_published_one() {
        // These bytes stand in the published ggml-tiny.en.bin and ggml-base.bin.
        assert_eq!(
            hex::encode(Sha256::digest(filter_bank(80))),
            "85818f156f7e189453901a515e4726d270d307f976e161cf9403e8caab405498"
        );
    }

    #[test]
    fn first_weights_are_librosas() {
        let bank = values(80);
        assert!(bank[0].abs() < 1e-9);
        assert!((bank[1] - 0.024_862_59).abs() < 1e-6, "{}", bank[1]);
        assert!((bank[201 + 1] - 0.001_990_82).abs() < 1e-6, "{}", bank[202]);
    }

    #[test]
    fn every_band_of_128_hears_something() {
        let bank = values(128);
        assert_eq!(bank.len(), 128 * 201);
        for row in bank.chunks_exact(201) {
            assert!(row.iter().all(|weight| *weight >= 0.0) && row.iter().any(|weight| *weight > 0.0));
        }
    }
}
