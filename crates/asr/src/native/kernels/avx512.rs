//! Tiles of products in AVX-512: `M` rows by `N` panels in registers, the words running along.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "intrinsics on pointers that the caller has checked")]

use std::{
    arch::x86_64::{
        __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_castsi512_ps, _mm512_cvtepi32_ps, _mm512_dpbf16_ps,
        _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_load_si512, _mm512_loadu_ps, _mm512_loadu_si512,
        _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
        _mm512_storeu_ps, _mm512_sub_epi32,
    },
    array,
};

use super::product::Tile;

/// Defines a tile kernel. Each runs through the words once, holding `M` times `N` sums in registers: with
/// 24 of them, 4 lanes at most and one word, the 32 registers suffice and loads keep up with products.
macro_rules! tile {
    ($(#[$doc:meta])* $name:ident, $features:literal, $zero:ident, $step:expr, $store:expr) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The processor has the features; the tile's pointers hold what [`Tile`] says for `M` and `N`.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name<const M: usize, const N: usize>(tile: &Tile<'_>) {
            let mut sums = [[$zero(); N]; M];
            for word in 0..tile.words {
                // SAFETY: a panel has `words` lanes, a row `words` words, as the caller promises.
                let lanes: [__m512i; N] = array::from_fn(|n| unsafe {
                    _mm512_load_si512(tile.lanes.add(n * tile.words + word).cast())
                });
                for m in 0..M {
                    // SAFETY: as above.
                    let left = unsafe { tile.rows.add(m * tile.row_bytes + 4 * word).cast::<i32>().read_unaligned() };
                    let left = _mm512_set1_epi32(left);
                    for n in 0..N {
                        sums[m][n] = $step(sums[m][n], left, lanes[n]);
                    }
                }
            }
            for m in 0..M {
                for n in 0..N {
                    // SAFETY: the tile's outputs and their scales are there for every row and panel.
                    unsafe { $store(tile, m, n, sums[m][n]) };
                }
            }
        }
    };
}

tile! {
    /// 8-bit integers: unsigned on the left, signed on the right.
    int8, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni", _mm512_setzero_si512,
    |sum, left, right| _mm512_dpbusd_epi32(sum, left, right),
    |tile: &Tile<'_>, m: usize, n: usize, sum: __m512i| {
        let offset = _mm512_loadu_si512(tile.offsets.add(16 * n).cast());
        let scale = _mm512_mul_ps(_mm512_loadu_ps(tile.scales.add(16 * n)), _mm512_set1_ps(*tile.row_scales.add(m)));
        let value = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sum, offset)), scale);
        let out = tile.out.add((m >> tile.paired) * tile.row_stride + n * tile.panel_stride);
        let more = if m & tile.paired == 1 { out.cast_const() } else { tile.bias.wrapping_add(16 * n) };
        let value = if m & tile.paired == 0 && tile.bias.is_null() {
            value
        } else {
            _mm512_add_ps(value, _mm512_loadu_ps(more))
        };
        _mm512_storeu_ps(out, value);
    }
}

tile! {
    /// Pairs of bfloat16.
    bf16, "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16", _mm512_setzero_ps,
    |sum, left: __m512i, right: __m512i| _mm512_dpbf16_ps(
        sum,
        // SAFETY: both are 512 bits without invalid patterns.
        unsafe { std::mem::transmute::<__m512i, __m512bh>(left) },
        unsafe { std::mem::transmute::<__m512i, __m512bh>(right) },
    ),
    store_floats
}

tile! {
    /// 32-bit floats.
    float, "avx512f,avx512bw,avx512dq,avx512vl", _mm512_setzero_ps,
    |sum, left, right| _mm512_fmadd_ps(_mm512_castsi512_ps(left), _mm512_castsi512_ps(right), sum),
    store_floats
}

/// # Safety
/// As for the tiles.
#[target_feature(enable = "avx512f")]
unsafe fn store_floats(tile: &Tile<'_>, m: usize, n: usize, sum: __m512) {
    // SAFETY: the caller has the output and, unless null, the bias of this row and panel.
    unsafe {
        let value = if tile.bias.is_null() {
            sum
        } else {
            _mm512_add_ps(sum, _mm512_loadu_ps(tile.bias.add(16 * n)))
        };
        _mm512_storeu_ps(tile.out.add(m * tile.row_stride + n * tile.panel_stride), value);
    }
}
