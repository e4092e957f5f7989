//! Tiles of products for any processor, and what the compiler makes of them with AVX2.
#![expect(
    clippy::inline_always,
    reason = "inlined into functions that are compiled for AVX2"
)]
#![expect(unsafe_code, reason = "works on the pointers that the fast kernels want")]

use super::{Lane, PANEL, product::Tile};

/// A panel's sums for one row.
type Sums<T> = [T; PANEL];

/// # Safety
/// `tile` holds row `m` and panel `n`; the word is one of its words.
#[inline(always)]
unsafe fn word(tile: &Tile<'_>, m: usize, word: usize) -> u32 {
    // SAFETY: a row has `words` words, says the caller.
    unsafe {
        tile.rows
            .add(m * tile.row_bytes + 4 * word)
            .cast::<u32>()
            .read_unaligned()
    }
}

/// # Safety
/// As [`word`].
#[inline(always)]
unsafe fn lane<'t>(tile: &'t Tile<'_>, n: usize, word: usize) -> &'t Lane {
    // SAFETY: a panel has `words` lanes, says the caller.
    unsafe { &*tile.lanes.add(n * tile.words + word) }
}

/// # Safety
/// `tile` holds row `m` and panel `n`.
#[inline(always)]
pub(super) unsafe fn store(tile: &Tile<'_>, m: usize, n: usize, sums: &Sums<f32>) {
    for (column, sum) in sums.iter().enumerate() {
        // SAFETY: the output, and unless null the bias, of this row and panel are there.
        unsafe {
            let bias = if tile.bias.is_null() {
                0.0
            } else {
                *tile.bias.add(n * PANEL + column)
            };
            *tile.out.add(m * tile.row_stride + n * tile.panel_stride + column) = sum + bias;
        }
    }
}

/// Scales the sums of a product of 8-bit integers and stores them.
///
/// # Safety
/// As [`store`].
#[inline(always)]
pub(super) unsafe fn store_scaled(tile: &Tile<'_>, m: usize, n: usize, sums: &Sums<i32>) {
    let mut scaled = [0.0; PANEL];
    // SAFETY: a tile of 8-bit integers has its scales and offsets.
    unsafe {
        let row_scale = *tile.row_scales.add(m);
        for (column, (out, sum)) in scaled.iter_mut().zip(sums).enumerate() {
            let at = n * PANEL + column;
            *out = (sum - *tile.offsets.add(at)) as f32 * (*tile.scales.add(at) * row_scale);
        }
        if m & tile.paired == 0 {
            store(tile, m >> tile.paired, n, &scaled);
            return;
        }
        let out = tile
            .out
            .add((m >> tile.paired) * tile.row_stride + n * tile.panel_stride);
        for (column, value) in scaled.iter().enumerate() {
            *out.add(column) += value;
        }
    }
}

/// # Safety
/// `tile` holds `height` rows and `width` panels of 8-bit integers.
pub(super) unsafe fn int8(tile: &Tile<'_>, height: usize, width: usize) {
    for (m, n) in (0..height).flat_map(|m| (0..width).map(move |n| (m, n))) {
        let mut sums = [0; PANEL];
        // SAFETY: `m`, `n` and the words are the tile's.
        unsafe {
            for at in 0..tile.words {
                let left = word(tile, m, at).to_le_bytes().map(i32::from);
                for (sum, &right) in sums.iter_mut().zip(&lane(tile, n, at).0) {
                    let right = right.to_le_bytes().map(|byte| i32::from(byte as i8));
                    *sum += left[0] * right[0] + left[1] * right[1] + left[2] * right[2] + left[3] * right[3];
                }
            }
            store_scaled(tile, m, n, &sums);
        }
    }
}

/// # Safety
/// `tile` holds `height` rows and `width` panels of bfloat16.
pub(super) unsafe fn bf16(tile: &Tile<'_>, height: usize, width: usize) {
    let halves = |word: u32| (f32::from_bits(word << 16), f32::from_bits(word & 0xffff_0000));
    for (m, n) in (0..height).flat_map(|m| (0..width).map(move |n| (m, n))) {
        let mut sums = [0.0; PANEL];
        // SAFETY: `m`, `n` and the words are the tile's.
        unsafe {
            for at in 0..tile.words {
                let left = halves(word(tile, m, at));
                for (sum, &right) in sums.iter_mut().zip(&lane(tile, n, at).0) {
                    let right = halves(right);
                    *sum += left.0 * right.0 + left.1 * right.1;
                }
            }
            store(tile, m, n, &sums);
        }
    }
}

/// # Safety
/// `tile` holds `height` rows and `width` panels of floats.
pub(super) unsafe fn float(tile: &Tile<'_>, height: usize, width: usize) {
    // SAFETY: the same.
    unsafe { float_rows::<false>(tile, height, width) };
}

/// The body of [`float`], four rows at a time where there are as many.
///
/// # Safety
/// As [`float`].
#[inline(always)]
pub(super) unsafe fn float_rows<const FUSED: bool>(tile: &Tile<'_>, height: usize, width: usize) {
    for n in 0..width {
        let mut m = 0;
        // SAFETY: rows `m` to below `height` and panel `n` are the tile's.
        unsafe {
            while m + 4 <= height {
                float_tile::<FUSED, 4>(tile, m, n);
                m += 4;
            }
            while m < height {
                float_tile::<FUSED, 1>(tile, m, n);
                m += 1;
            }
        }
    }
}

/// # Safety
/// `tile` holds rows `first` to below `first + M`, and panel `n`.
#[inline(always)]
unsafe fn float_tile<const FUSED: bool, const M: usize>(tile: &Tile<'_>, first: usize, n: usize) {
    let mut sums = [[0.0; PANEL]; M];
    for at in 0..tile.words {
        // SAFETY: the rows, the panel and the words are the tile's.
        let lane = unsafe { lane(tile, n, at) };
        for (m, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let left = f32::from_bits(unsafe { word(tile, first + m, at) });
            for (sum, &right) in sums.iter_mut().zip(&lane.0) {
                let right = f32::from_bits(right);
                // Without the instruction, a fused multiplication is a call.
                *sum = if FUSED {
                    left.mul_add(right, *sum)
                } else {
                    left * right + *sum
                };
            }
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        // SAFETY: as above.
        unsafe { store(tile, first + m, n, sums) };
    }
}
