//! Matrix products and the loops over rows of numbers, for the processor at hand.
//!
//! | file | holds |
//! | --- | --- |
//! | `pack` | the layouts that the products read |
//! | `product` | the products, from whichever of the kernels below the processor can run |
//! | `avx512`, `avx2`, `portable` | the kernels: one tile of a product each |
//! | `vector` | soft-max, GELU, norms, quantising, attention over few rows |
//!
//! All products have the form `out[m][n] = sum over k of a[m][k] * b[n][k]`. The left side is plain rows.
//! The right side is packed into panels of 16 columns; a panel is a run of [`Lane`]s, each with the next
//! 4 bytes (one *word*: four 8-bit integers, two bfloat16 or one f32) of all 16 columns. A kernel
//! broadcasts a word of the left side and multiplies it with a lane, which is one instruction of AVX-512.

mod avx2;
mod avx512;
mod pack;
mod portable;
mod product;
mod vector;

#[cfg(test)]
mod tests;

pub(super) use pack::{
    Depth, Lane, PackedF32, PackedI8, QuantRows, pack_bf16_columns, pack_bf16_rows, to_bf16,
};
pub(super) use product::{Layout, Product};
pub(super) use vector::HEAD;

/// Columns of a panel.
pub(super) const PANEL: usize = 16;

/// Instructions for loops that the compiler vectorises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
    /// AVX2 with FMA.
    Avx2,
    /// What every processor of the architecture has.
    Base,
}

/// Which kernels run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cpu {
    pub(super) level: Level,
    /// Products of 8-bit integers in 512-bit registers (AVX-512 VNNI).
    pub(super) vnni: bool,
    /// Products of bfloat16 in 512-bit registers (AVX-512 BF16).
    pub(super) bf16: bool,
}

impl Cpu {
    /// Every processor can run this.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    pub(super) const PORTABLE: Self = Self {
        level: Level::Base,
        vnni: false,
        bf16: false,
    };

    /// The best that this processor and its system allow.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn detect() -> Self {
        use std::arch::is_x86_feature_detected as has;

        let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        let avx2 = has!("avx2") && has!("fma");
        let level = match (avx512 && avx2, avx2) {
            (true, _) => Level::Avx512,
            (false, true) => Level::Avx2,
            (false, false) => Level::Base,
        };
        Self {
            level,
            vnni: level == Level::Avx512 && has!("avx512vnni"),
            bf16: level == Level::Avx512 && has!("avx512bf16"),
        }
    }

    /// The best that this processor and its system allow.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn detect() -> Self {
        Self::PORTABLE
    }

    /// All that this processor can run, the best first.
    #[cfg(test)]
    pub(super) fn variants() -> Vec<Self> {
        let best = Self::detect();
        let mut all = vec![best];
        all.push(Self { bf16: false, ..best });
        if best.level == Level::Avx512 {
            all.push(Self {
                vnni: false,
                bf16: false,
                ..best
            });
        }
        if best.level != Level::Base {
            all.push(Self {
                level: Level::Avx2,
                ..Self::PORTABLE
            });
        }
        all.push(Self::PORTABLE);
        all.dedup();
        all
    }
}
