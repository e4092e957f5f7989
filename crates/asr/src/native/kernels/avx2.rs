//! Tiles of products in AVX2, for processors without AVX-512.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "intrinsics on pointers that the caller has checked")]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_cvtepu8_epi16, _mm_cvtsi32_si128, _mm_load_si128, _mm256_add_epi32,
    _mm256_broadcastq_epi64, _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use super::{PANEL, portable, product::Tile};

/// # Safety
/// The processor has AVX2; `tile` holds `height` rows and `width` panels of 8-bit integers.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn int8(tile: &Tile<'_>, height: usize, width: usize) {
    for n in 0..width {
        let mut m = 0;
        // SAFETY: rows `m` to below `height` and panel `n` are the tile's.
        unsafe {
            while m + 2 <= height {
                int8_tile::<2>(tile, m, n);
                m += 2;
            }
            if m < height {
                int8_tile::<1>(tile, m, n);
            }
        }
    }
}

/// Widens to 16 bits and adds products in pairs: the instruction for 8 bits saturates at 16 bits, which
/// these numbers exceed. Each output so has two sums side by side until the end.
///
/// # Safety
/// As [`int8`], for rows `first` to below `first + M` and panel `n`.
#[target_feature(enable = "avx2,fma")]
unsafe fn int8_tile<const M: usize>(tile: &Tile<'_>, first: usize, n: usize) {
    let mut sums = [[_mm256_setzero_si256(); 4]; M];
    for word in 0..tile.words {
        // SAFETY: the rows, the panel and the words are the tile's.
        unsafe {
            let lane = tile.lanes.add(n * tile.words + word).cast::<__m128i>();
            let right: [__m256i; 4] =
                std::array::from_fn(|part| _mm256_cvtepi8_epi16(_mm_load_si128(lane.add(part))));
            for (m, sums) in sums.iter_mut().enumerate() {
                let row = tile.rows.add((first + m) * tile.row_bytes + 4 * word);
                let left = _mm_cvtepu8_epi16(_mm_cvtsi32_si128(row.cast::<i32>().read_unaligned()));
                let left = _mm256_broadcastq_epi64(left);
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(left, right));
                }
            }
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        let mut outputs = [0; PANEL];
        for (part, sum) in sums.iter().enumerate() {
            let mut pairs = [0_i32; 8];
            // SAFETY: the array has 256 bits; the output is the tile's.
            unsafe { _mm256_storeu_si256(pairs.as_mut_ptr().cast(), *sum) };
            for (column, pair) in pairs.chunks_exact(2).enumerate() {
                outputs[4 * part + column] = pair[0] + pair[1];
            }
        }
        // SAFETY: row `first + m` and panel `n` are the tile's.
        unsafe { portable::store_scaled(tile, first + m, n, &outputs) };
    }
}

/// # Safety
/// The processor has AVX2 and FMA; `tile` holds `height` rows and `width` panels of floats.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn float(tile: &Tile<'_>, height: usize, width: usize) {
    // SAFETY: the same.
    unsafe { portable::float_rows::<true>(tile, height, width) };
}
