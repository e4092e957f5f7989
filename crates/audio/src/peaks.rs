//! The waveform: the lowest and highest sample of each stretch, coarser the longer the recording is.

use serde::{Deserialize, Serialize};

use crate::resample::SAMPLE_RATE_HZ;

/// Resolution of short recordings.
const FINEST_MS: u32 = 20;
/// Points from which the resolution is halved: 3 hours keep 160 ms, and stay under 300 kB with two channels.
const MAX_POINTS: usize = 72_000;
/// First bytes of the stored form.
const MAGIC: &[u8; 4] = b"GTPK";
/// Version of the stored form.
const VERSION: u8 = 1;
/// Bytes before the points in the stored form.
const HEADER_BYTES: usize = 16;

/// Peaks of every speaker's channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peaks {
    /// Length of a point in milliseconds.
    pub ms_per_point: u32,
    /// For each channel the lowest and highest sample of every point, alternating, scaled to -127 to 127;
    /// all channels have the same length.
    pub channels: Vec<Vec<i8>>,
}

/// Bytes that are no stored peaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored waveform is damaged ({0}): transcribe the call again to make a new one")]
pub struct InvalidPeaks(&'static str);

/// Peaks in the JSON form that the BBC's `audiowaveform` writes and players read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeaksJson {
    /// Version of the format: 2.
    pub version: u32,
    /// Channels, interleaved in `data`.
    pub channels: usize,
    /// Sample rate that `samples_per_pixel` counts in.
    pub sample_rate: u32,
    /// Samples in a point.
    pub samples_per_pixel: u32,
    /// Bits of a value: 8.
    pub bits: u32,
    /// Points for each channel.
    pub length: usize,
    /// For every point, for every channel: lowest, highest.
    pub data: Vec<i8>,
}

impl Peaks {
    /// Points for each channel.
    pub fn len(&self) -> usize {
        self.channels.first().map_or(0, |channel| channel.len() / 2)
    }

    /// Whether there is not one point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stored form: `GTPK`, version, channels (1 byte each), 2 bytes zero, milliseconds per point and
    /// number of points (32 bits each, little endian), then channel after channel the pairs.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.channels.len() * self.len() * 2);
        bytes.extend(MAGIC);
        bytes.extend([VERSION, self.channels.len() as u8, 0, 0]);
        bytes.extend(self.ms_per_point.to_le_bytes());
        bytes.extend((self.len() as u32).to_le_bytes());
        for channel in &self.channels {
            bytes.extend(channel.iter().map(|value| value.cast_unsigned()));
        }
        bytes
    }

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPeaks> {
        let (header, data) = bytes
            .split_at_checked(HEADER_BYTES)
            .ok_or(InvalidPeaks("it is too short"))?;
        if header[..4] != *MAGIC || header[4] != VERSION {
            return Err(InvalidPeaks("it is of another kind or version"));
        }
        let number = |offset: usize| {
            u32::from_le_bytes([
                header[offset],
                header[offset + 1],
                header[offset + 2],
                header[offset + 3],
            ])
        };
        let (channels, ms_per_point, points) = (usize::from(header[5]), number(8), number(12) as usize);
        if ms_per_point == 0 || channels.saturating_mul(points).saturating_mul(2) != data.len() {
            return Err(InvalidPeaks("its length is wrong"));
        }
        let channels = if points == 0 {
            vec![Vec::new(); channels]
        } else {
            data.chunks(points * 2)
                .map(|channel| channel.iter().map(|byte| byte.cast_signed()).collect())
                .collect()
        };
        Ok(Self {
            ms_per_point,
            channels,
        })
    }

    /// The form for players.
    pub fn to_json(&self) -> PeaksJson {
        let length = self.len();
        let mut data = Vec::with_capacity(length * self.channels.len() * 2);
        for point in 0..length {
            for channel in &self.channels {
                data.extend_from_slice(&channel[point * 2..point * 2 + 2]);
            }
        }
        PeaksJson {
            version: 2,
            channels: self.channels.len(),
            sample_rate: SAMPLE_RATE_HZ,
            samples_per_pixel: self.ms_per_point * SAMPLE_RATE_HZ / 1000,
            bits: 8,
            length,
            data,
        }
    }
}

/// Collects the peaks of one channel of 16 kHz samples.
pub(crate) struct PeakCollector {
    ms_per_point: u32,
    points: Vec<(f32, f32)>,
    current: (f32, f32),
    filled: usize,
}

impl PeakCollector {
    pub(crate) fn new() -> Self {
        Self {
            ms_per_point: FINEST_MS,
            points: Vec::new(),
            current: (0.0, 0.0),
            filled: 0,
        }
    }

    pub(crate) fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let per_point = (self.ms_per_point * SAMPLE_RATE_HZ / 1000) as usize;
            let (now, later) = samples.split_at((per_point - self.filled).min(samples.len()));
            let start = if self.filled == 0 {
                (f32::MAX, f32::MIN)
            } else {
                self.current
            };
            self.current = now
                .iter()
                .fold(start, |(low, high), sample| (low.min(*sample), high.max(*sample)));
            self.filled += now.len();
            samples = later;
            if self.filled == per_point {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.points.push(self.current);
        self.filled = 0;
        if self.points.len() >= MAX_POINTS {
            self.ms_per_point *= 2;
            self.points = self
                .points
                .chunks(2)
                .map(|pair| pair.iter().copied().reduce(union).unwrap_or_default())
                .collect();
        }
    }

    /// The stored values, and the milliseconds of a point.
    pub(crate) fn finish(mut self) -> (u32, Vec<i8>) {
        if self.filled > 0 {
            self.points.push(self.current);
        }
        let scale = |value: f32| (value * 127.0).round().clamp(-127.0, 127.0) as i8;
        (
            self.ms_per_point,
            self.points
                .iter()
                .flat_map(|(low, high)| [scale(*low), scale(*high)])
                .collect(),
        )
    }
}

fn union(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.min(b.0), a.1.max(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(samples: &[f32]) -> Peaks {
        let mut collector = PeakCollector::new();
        samples.chunks(333).for_each(|piece| collector.push(piece));
        let (ms_per_point, values) = collector.finish();
        Peaks {
            ms_per_point,
            channels: vec![values],
        }
    }

    #[test]
    fn a_point_holds_the_extremes_of_its_time() {
        let mut samples = vec![0.0; 16_000];
        samples[320 * 7 + 5] = 1.0;
        samples[320 * 9] = -0.5;
        let peaks = collected(&samples);
        assert_eq!((peaks.len(), peaks.ms_per_point), (50, 20));
        assert_eq!(peaks.channels[0][14..16], [0, 127]);
        assert_eq!(peaks.channels[0][18..20], [-64, 0]);
        assert_eq!(peaks.channels[0].iter().filter(|value| **value != 0).count(), 2);
    }

    #[test]
    fn three_hours_stay_small_and_in_time() {
        let mut collector = PeakCollector::new();
        let quiet = vec![0.0; 16_000];
        for second in 0..3 * 3600 {
            if second == 9000 {
                collector.push(&vec![0.25; 16_000]);
            } else {
                collector.push(&quiet);
            }
        }
        let (ms_per_point, values) = collector.finish();
        let peaks = Peaks {
            ms_per_point,
            channels: vec![values.clone(), values],
        };
        assert_eq!(ms_per_point, 160);
        assert!(peaks.to_bytes().len() < 300_000);
        let loud = peaks.channels[0].iter().position(|value| *value != 0).unwrap() as u32 / 2;
        assert_eq!(loud * ms_per_point / 1000, 9000);
    }

    #[test]
    fn the_stored_form_comes_back_and_damage_is_noticed() {
        let peaks = collected(&[0.5, -0.5, 0.1]);
        let bytes = peaks.to_bytes();
        assert_eq!(Peaks::from_bytes(&bytes), Ok(peaks));
        for len in 0..bytes.len() {
            assert!(Peaks::from_bytes(&bytes[..len]).is_err());
        }
        assert!(Peaks::from_bytes(&[0xff; 64]).is_err());
    }

    #[test]
    fn json_interleaves_the_channels() {
        let peaks = Peaks {
            ms_per_point: 20,
            channels: vec![vec![-1, 1, -2, 2], vec![-3, 3, -4, 4]],
        };
        let json = peaks.to_json();
        assert_eq!(json.data, [-1, 1, -3, 3, -2, 2, -4, 4]);
        assert_eq!((json.length, json.samples_per_pixel, json.bits), (2, 320, 8));
    }
}
