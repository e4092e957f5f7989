//! Loops over rows of numbers, written so that the compiler vectorises them, compiled for each [`Level`].
//!
//! Sums run in [`LANES`] parts: floating point addition may not be reordered by the compiler.
#![expect(
    clippy::inline_always,
    reason = "inlined into functions that are compiled for a level"
)]
#![expect(
    unsafe_code,
    reason = "calls what is compiled for a level only after its detection"
)]

use super::{Cpu, Lane, Level, to_bf16};

const LANES: usize = 16;
/// 1.5 times 2^23: adding it rounds a small number to an integer, which then stands in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;
/// Width of an attention head in all of Whisper's models.
pub(in crate::native) const HEAD: usize = 64;

macro_rules! vectorised {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        impl Cpu {
            $($(#[$doc])*
            pub(in crate::native) fn $name(self, $($argument: $type),*) $(-> $result)? {
                match self.level {
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: the level was detected.
                    Level::Avx512 => unsafe { avx512::$name($($argument),*) },
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: the level was detected.
                    Level::Avx2 => unsafe { avx2::$name($($argument),*) },
                    _ => body::$name($($argument),*),
                }
            })*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            $(#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            pub(super) fn $name($($argument: $type),*) $(-> $result)? { body::$name($($argument),*) })*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::*;
            $(#[target_feature(enable = "avx2,fma")]
            pub(super) fn $name($($argument: $type),*) $(-> $result)? { body::$name($($argument),*) })*
        }
    };
}

vectorised! {
    /// Makes each number its exponential over the sum of all; gives that sum before, times e to the largest.
    fn softmax(values: &mut [f32]) -> f32;
    /// Writes `exp(value - largest)` as bfloat16 and gives the sum.
    fn exponentials_bf16(values: &[f32], out: &mut [u16]) -> f32;
    /// Writes `exp(value - largest)` in place and gives the sum.
    fn exponentials(values: &mut [f32]) -> f32;
    /// The sum of `exp(value - shift)`.
    fn sum_of_exponentials(values: &[f32], shift: f32) -> f32;
    /// The largest number; minus infinity if there is none.
    fn largest(values: &[f32]) -> f32;
    /// `x * Phi(x)` of each number, Phi being the normal distribution's integral.
    fn gelu(values: &mut [f32]);
    /// Takes the mean from a row, divides by its deviation, multiplies by `weight` and adds `bias`.
    fn layer_norm(row: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]);
    /// Writes a row as integers of 8 bits plus 128; gives their scale.
    fn quantise(row: &[f32], out: &mut [u8]) -> f32;
    /// Writes a row as two rows of integers of 8 bits plus 128, the first worth 256 times the second; gives
    /// the second's scale.
    fn quantise_twice(row: &[f32], high: &mut [u8], low: &mut [u8]) -> f32;
    /// Adds `other` to `row`.
    fn add(row: &mut [f32], other: &[f32]);
    /// Multiplies a row by a number.
    fn scale(row: &mut [f32], factor: f32);
    /// Writes a row times a number as bfloat16.
    fn scaled_bf16(row: &[f32], factor: f32, out: &mut [u16]);
    /// Adds to `sum` each row of 64 integers (a lane) times its weight.
    fn add_weighted_lanes(weights: &[f32], lanes: &[Lane], sum: &mut [f32; HEAD]);
    /// Attention of one query: `scores` is scratch; rows of keys and values are `stride` apart.
    fn attend(query: &[f32], keys: &[f32], values: &[f32], stride: usize, scores: &mut [f32], out: &mut [f32]);
    /// The common logarithm of each number, but of at least 1e-10.
    fn log10(values: &mut [f32]);
    /// The median of each number and its three neighbours on both sides, mirrored at the ends.
    fn median_of_7(row: &[f32], out: &mut [f32]);
}

/// e to the power of a number, within 2 units in the last place; 0 below -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = rounded - ROUNDER;
    // ln 2 in two parts, the first with few enough bits for an exact product.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    // Taylor's series, its last coefficients fitted to |rest| below ln(2) / 2.
    let series = 1.388_889e-3 * rest + 8.333_36e-3;
    let series = ((series * rest + 4.166_665e-2) * rest + 1.666_666_7e-1) * rest + 0.5;
    let series = series * rest * rest + rest + 1.0;
    let power = rounded
        .to_bits()
        .wrapping_sub(ROUNDER.to_bits())
        .wrapping_add(127)
        << 23;
    series * f32::from_bits(power)
}

/// The integral of the normal distribution up to `x`, within 1e-6: Abramowitz and Stegun, 7.1.26.
#[inline(always)]
fn phi(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = (((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6;
    let tail = 0.5 * series * t * exp(-z * z);
    if x < 0.0 { tail } else { 1.0 - tail }
}

mod body {
    use super::{HEAD, LANES, Lane, ROUNDER, exp, phi, to_bf16};

    /// Folds numbers in lanes, then the lanes.
    #[inline(always)]
    fn fold(
        values: &[f32],
        start: f32,
        step: impl Fn(f32, f32) -> f32,
        join: impl Fn(f32, f32) -> f32,
    ) -> f32 {
        let mut lanes = [start; LANES];
        let chunks = values.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane = step(*lane, value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane = step(*lane, value);
        }
        lanes.into_iter().reduce(join).unwrap_or(start)
    }

    #[inline(always)]
    pub(super) fn largest(values: &[f32]) -> f32 {
        let larger = |a: f32, b: f32| if a > b { a } else { b };
        fold(values, f32::NEG_INFINITY, larger, larger)
    }

    #[inline(always)]
    fn largest_size(values: &[f32]) -> f32 {
        let larger = |a: f32, b: f32| if a > b { a } else { b };
        fold(values, 0.0, |a, b| larger(a, b.abs()), larger)
    }

    #[inline(always)]
    pub(super) fn sum_of_exponentials(values: &[f32], shift: f32) -> f32 {
        // The exponential stops at e^-87; what is smaller, such as minus infinity, must count for nothing.
        let term = |value: f32| {
            if value - shift > -87.0 {
                exp(value - shift)
            } else {
                0.0
            }
        };
        fold(values, 0.0, |sum, value| sum + term(value), |a, b| a + b)
    }

    #[inline(always)]
    pub(super) fn exponentials(values: &mut [f32]) -> f32 {
        let shift = largest(values);
        for value in values.iter_mut() {
            *value = exp(*value - shift);
        }
        fold(values, 0.0, |sum, value| sum + value, |a, b| a + b)
    }

    #[inline(always)]
    pub(super) fn exponentials_bf16(values: &[f32], out: &mut [u16]) -> f32 {
        let shift = largest(values);
        let mut sums = [0.0; LANES];
        for (chunk, out) in values.chunks(LANES).zip(out.chunks_mut(LANES)) {
            for ((sum, &value), out) in sums.iter_mut().zip(chunk).zip(out) {
                let power = exp(value - shift);
                *sum += power;
                *out = to_bf16(power);
            }
        }
        sums.into_iter().sum()
    }

    #[inline(always)]
    pub(super) fn softmax(values: &mut [f32]) -> f32 {
        let sum = exponentials(values);
        scale(values, 1.0 / sum);
        sum
    }

    #[inline(always)]
    pub(super) fn gelu(values: &mut [f32]) {
        for value in values.iter_mut() {
            *value *= phi(*value);
        }
    }

    #[inline(always)]
    pub(super) fn layer_norm(row: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
        let width = row.len() as f32;
        let mean = fold(row, 0.0, |sum, value| sum + value, |a, b| a + b) / width;
        let square = |sum: f32, value: f32| sum + (value - mean) * (value - mean);
        let variance = fold(row, 0.0, square, |a, b| a + b) / width;
        let inverse = 1.0 / (variance + 1e-5).sqrt();
        for (((out, &value), &weight), &bias) in out.iter_mut().zip(row).zip(weight).zip(bias) {
            *out = (value - mean) * inverse * weight + bias;
        }
    }

    #[inline(always)]
    pub(super) fn quantise(row: &[f32], out: &mut [u8]) -> f32 {
        let largest = largest_size(row);
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        for (out, &value) in out.iter_mut().zip(row) {
            *out = (value * inverse + (ROUNDER + 128.0)).to_bits() as u8;
        }
        largest / 127.0
    }

    #[inline(always)]
    pub(super) fn quantise_twice(row: &[f32], high: &mut [u8], low: &mut [u8]) -> f32 {
        let largest = largest_size(row);
        // The highest byte may reach 127, the lowest 127 beyond.
        let inverse = if largest > 0.0 { 32_512.0 / largest } else { 0.0 };
        for ((high, low), &value) in high.iter_mut().zip(low.iter_mut()).zip(row) {
            let scaled = value * inverse;
            let whole = scaled * (1.0 / 256.0) + ROUNDER;
            *high = whole.to_bits().wrapping_add(128) as u8;
            let rest = scaled - (whole - ROUNDER) * 256.0;
            let rest = if rest > 127.0 { 127.0 } else { rest };
            *low = (rest + (ROUNDER + 128.0)).to_bits() as u8;
        }
        largest / 32_512.0
    }

    #[inline(always)]
    pub(super) fn add(row: &mut [f32], other: &[f32]) {
        for (value, other) in row.iter_mut().zip(other) {
            *value += other;
        }
    }

    #[inline(always)]
    pub(super) fn scale(row: &mut [f32], factor: f32) {
        for value in row.iter_mut() {
            *value *= factor;
        }
    }

    #[inline(always)]
    pub(super) fn scaled_bf16(row: &[f32], factor: f32, out: &mut [u16]) {
        for (out, &value) in out.iter_mut().zip(row) {
            *out = to_bf16(value * factor);
        }
    }

    #[inline(always)]
    pub(super) fn add_weighted_lanes(weights: &[f32], lanes: &[Lane], sum: &mut [f32; HEAD]) {
        let mut total = *sum;
        for (&weight, lane) in weights.iter().zip(lanes) {
            // Byte `at` of all words together: the lane holds value `16 * at + column` there.
            for (at, total) in total.chunks_exact_mut(LANES).enumerate() {
                for (total, &word) in total.iter_mut().zip(&lane.0) {
                    let value = (word << (24 - 8 * at)) as i32 >> 24;
                    *total += weight * value as f32;
                }
            }
        }
        *sum = total;
    }

    #[inline(always)]
    pub(super) fn attend(
        query: &[f32],
        keys: &[f32],
        values: &[f32],
        stride: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        for (score, key) in scores.iter_mut().zip(keys.chunks(stride)) {
            let mut lanes = [0.0; LANES];
            for (query, key) in query
                .chunks_exact(LANES)
                .zip(key.chunks_exact(LANES))
                .take(HEAD / LANES)
            {
                for ((lane, query), key) in lanes.iter_mut().zip(query).zip(key) {
                    *lane += query * key;
                }
            }
            // Over the square root of the width.
            *score = lanes.into_iter().sum::<f32>() * (1.0 / 8.0);
        }
        softmax(scores);
        let mut total = [0.0; HEAD];
        for (&score, value) in scores.iter().zip(values.chunks(stride)) {
            for (total, value) in total.iter_mut().zip(value) {
                *total += score * value;
            }
        }
        out.copy_from_slice(&total);
    }

    #[inline(always)]
    pub(super) fn log10(values: &mut [f32]) {
        for value in values.iter_mut() {
            let x = if *value > 1e-10 { *value } else { 1e-10 };
            // x = 2^power * mantissa, the mantissa between the square roots of 1/2 and 2.
            let shifted = x.to_bits().wrapping_sub(0x3f35_04f3);
            let power = (shifted as i32 >> 23) as f32;
            let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
            // ln m = 2 artanh((m - 1) / (m + 1)), whose series falls quickly.
            let z = (mantissa - 1.0) / (mantissa + 1.0);
            let square = z * z;
            let series = ((square * (1.0 / 9.0) + 1.0 / 7.0) * square + 0.2) * square + 1.0 / 3.0;
            let log = 2.0 * z * (1.0 + square * series);
            *value = (power * std::f32::consts::LN_2 + log) * std::f32::consts::LOG10_E;
        }
    }

    #[inline(always)]
    pub(super) fn median_of_7(row: &[f32], out: &mut [f32]) {
        let last = row.len().saturating_sub(1);
        if last < 6 {
            out.copy_from_slice(row);
            return;
        }
        let mirrored = |at: isize| {
            let at = at.unsigned_abs();
            row[if at > last { 2 * last - at } else { at }]
        };
        for at in (0..3).chain(last - 2..=last) {
            out[at] = median(std::array::from_fn(|i| mirrored(at as isize + i as isize - 3)));
        }
        let inner = row.len() - 6;
        let shifted: [&[f32]; 7] = std::array::from_fn(|i| &row[i..i + inner]);
        for (at, out) in out[3..3 + inner].iter_mut().enumerate() {
            *out = median(std::array::from_fn(|i| shifted[i][at]));
        }
    }

    /// The fourth of seven: a network of exchanges that sorts just enough.
    #[inline(always)]
    fn median(mut v: [f32; 7]) -> f32 {
        let network = [
            (0, 5),
            (0, 3),
            (1, 6),
            (2, 4),
            (0, 1),
            (3, 5),
            (2, 6),
            (2, 3),
            (3, 6),
            (4, 5),
            (1, 4),
            (1, 3),
            (3, 4),
        ];
        for (a, b) in network {
            let (low, high) = if v[a] < v[b] { (v[a], v[b]) } else { (v[b], v[a]) };
            (v[a], v[b]) = (low, high);
        }
        v[3]
    }
}
