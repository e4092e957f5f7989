//! Products of rows with packed matrices.
#![expect(unsafe_code, reason = "hands checked slices to the kernels as pointers")]

use std::{marker::PhantomData, ops::Range, ptr};

use super::{Cpu, Lane, Level, PANEL, PackedF32, PackedI8, QuantRows, portable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// Where a product's numbers go: `values[row * row_stride + panel * panel_stride + column]`, with panels
/// counted from the first one computed.
#[derive(Debug, Clone, Copy)]
pub(in crate::native) struct Layout {
    pub(in crate::native) row_stride: usize,
    pub(in crate::native) panel_stride: usize,
}

impl Layout {
    /// Row after row.
    pub(in crate::native) fn rows(width: usize) -> Self {
        Self {
            row_stride: width,
            panel_stride: PANEL,
        }
    }

    /// Panel after panel, so that threads can write different panels.
    pub(in crate::native) fn panels(rows: usize) -> Self {
        Self {
            row_stride: PANEL,
            panel_stride: rows * PANEL,
        }
    }
}

/// What a tile kernel works on, for `M` rows and `N` panels.
pub(super) struct Tile<'a> {
    /// `M` rows of `words` words, `row_bytes` apart.
    pub(super) rows: *const u8,
    pub(super) row_bytes: usize,
    /// `N` panels of `words` lanes.
    pub(super) lanes: *const Lane,
    pub(super) words: usize,
    /// For 8-bit integers: `M` scales, and `16 * N` scales and offsets; null otherwise.
    pub(super) row_scales: *const f32,
    pub(super) scales: *const f32,
    pub(super) offsets: *const i32,
    /// `16 * N` numbers to add, or null.
    pub(super) bias: *const f32,
    /// The first output.
    pub(super) out: *mut f32,
    pub(super) row_stride: usize,
    pub(super) panel_stride: usize,
    /// 1 where every two rows are summed up into one output row, else 0.
    pub(super) paired: usize,
    pub(super) life: PhantomData<&'a ()>,
}

/// What kind of numbers a product multiplies.
#[derive(Clone, Copy)]
enum Numbers<'a> {
    Int8 {
        paired: usize,
        row_scales: &'a [f32],
        scales: &'a [f32],
        offsets: &'a [i32],
    },
    Bf16,
    F32,
}

/// A product to compute: the left side, and which panels of the right.
#[derive(Clone, Copy)]
pub(in crate::native) struct Product<'a> {
    rows: usize,
    /// The left side, and the bytes from one row to the next.
    left: *const u8,
    row_bytes: usize,
    words: usize,
    lanes: &'a [Lane],
    bias: Option<&'a [f32]>,
    numbers: Numbers<'a>,
}

impl<'a> Product<'a> {
    /// Quantised rows with panels of `matrix`, scaled and with `bias` added.
    pub(in crate::native) fn int8(
        rows: &'a QuantRows,
        matrix: &'a PackedI8,
        bias: Option<&'a [f32]>,
        panels: Range<usize>,
    ) -> Self {
        let words = matrix.words();
        let columns = panels.start * PANEL..panels.end * PANEL;
        Self::int8_lanes(
            rows,
            &matrix.lanes[panels.start * words..panels.end * words],
            (&matrix.scales[columns.clone()], &matrix.offsets[columns.clone()]),
            bias.map(|bias| &bias[columns]),
        )
    }

    /// As [`Self::int8`], with a right side given as whole panels and their scales and offsets.
    pub(in crate::native) fn int8_lanes(
        rows: &'a QuantRows,
        lanes: &'a [Lane],
        (scales, offsets): (&'a [f32], &'a [i32]),
        bias: Option<&'a [f32]>,
    ) -> Self {
        let panels = scales.len() / PANEL;
        let words = lanes.len().checked_div(panels).unwrap_or(0);
        assert!(lanes.len() == panels * words && scales.len() == panels * PANEL);
        assert!(offsets.len() == scales.len() && rows.stride == 4 * words);
        assert!(rows.values.len() >= rows.scales.len() * rows.stride);
        Self {
            rows: rows.scales.len(),
            left: rows.values.as_ptr(),
            row_bytes: rows.stride,
            words,
            lanes,
            bias,
            numbers: Numbers::Int8 {
                paired: rows.paired(),
                row_scales: &rows.scales,
                scales,
                offsets,
            },
        }
    }

    /// `rows` rows of bfloat16, `stride` apart, with panels of `words` lanes.
    pub(in crate::native) fn bf16(
        rows: usize,
        left: &'a [u16],
        stride: usize,
        words: usize,
        lanes: &'a [Lane],
    ) -> Self {
        assert!(rows == 0 || left.len() >= (rows - 1) * stride + 2 * words);
        Self {
            rows,
            left: left.as_ptr().cast(),
            row_bytes: stride * 2,
            words,
            lanes,
            bias: None,
            numbers: Numbers::Bf16,
        }
    }

    /// `rows` rows of floats, `stride` apart, with panels of `words` lanes.
    pub(in crate::native) fn f32_lanes(
        rows: usize,
        left: &'a [f32],
        stride: usize,
        words: usize,
        lanes: &'a [Lane],
    ) -> Self {
        assert!(rows == 0 || left.len() >= (rows - 1) * stride + words);
        Self {
            rows,
            left: left.as_ptr().cast(),
            row_bytes: stride * 4,
            words,
            lanes,
            bias: None,
            numbers: Numbers::F32,
        }
    }

    /// `rows` rows of floats, `stride` apart, with all of `matrix`.
    pub(in crate::native) fn f32(
        rows: usize,
        left: &'a [f32],
        stride: usize,
        matrix: &'a PackedF32,
        bias: &'a [f32],
    ) -> Self {
        Self {
            bias: Some(bias),
            ..Self::f32_lanes(rows, left, stride, matrix.inputs, &matrix.lanes)
        }
    }

    /// Computes it on this thread.
    pub(in crate::native) fn compute(&self, cpu: Cpu, out: &mut [f32], layout: Layout) {
        let panels = self.lanes.len().checked_div(self.words).unwrap_or(0);
        assert!(self.lanes.len() == panels * self.words);
        if self.rows == 0 || panels == 0 {
            return;
        }
        let paired = self.paired();
        let last =
            (self.rows.div_ceil(1 + paired) - 1) * layout.row_stride + (panels - 1) * layout.panel_stride;
        assert!(self.rows.is_multiple_of(1 + paired));
        assert!(out.len() >= last + PANEL && self.bias.is_none_or(|bias| bias.len() >= panels * PANEL));
        let mut panel = 0;
        while panel < panels {
            // Few rows leave registers free for more panels.
            let widest = if self.rows <= 6 { 4 } else { 3 };
            let width = (panels - panel).min(widest);
            let mut row = 0;
            while row < self.rows {
                let height = (self.rows - row).min(8);
                let tile = self.tile(row, panel, out, layout);
                // SAFETY: the assertions here and in the constructors cover `height` rows and `width` panels
                // from `row` and `panel` on; `cpu` was detected.
                unsafe { self.dispatch(cpu, height, width, &tile) };
                row += height;
            }
            panel += width;
        }
    }

    fn paired(&self) -> usize {
        match self.numbers {
            Numbers::Int8 { paired, .. } => paired,
            Numbers::Bf16 | Numbers::F32 => 0,
        }
    }

    fn tile(&self, row: usize, panel: usize, out: &mut [f32], layout: Layout) -> Tile<'a> {
        let (columns, paired) = (panel * PANEL, self.paired());
        let (row_scales, scales, offsets) = match self.numbers {
            Numbers::Int8 {
                row_scales,
                scales,
                offsets,
                ..
            } => (
                row_scales[row..].as_ptr(),
                scales[columns..].as_ptr(),
                offsets[columns..].as_ptr(),
            ),
            Numbers::Bf16 | Numbers::F32 => (ptr::null(), ptr::null(), ptr::null()),
        };
        Tile {
            // Within the left side, whose length the constructors have checked.
            rows: self.left.wrapping_add(row * self.row_bytes),
            row_bytes: self.row_bytes,
            lanes: self.lanes[panel * self.words..].as_ptr(),
            words: self.words,
            row_scales,
            scales,
            offsets,
            bias: self.bias.map_or(ptr::null(), |bias| bias[columns..].as_ptr()),
            out: out[(row >> paired) * layout.row_stride + panel * layout.panel_stride..].as_mut_ptr(),
            row_stride: layout.row_stride,
            panel_stride: layout.panel_stride,
            paired,
            life: PhantomData,
        }
    }

    /// # Safety
    /// `tile` holds `height` rows and `width` panels, 1 to 8 by 1 to 3, or 1 to 6 by 1 to 4.
    unsafe fn dispatch(&self, cpu: Cpu, height: usize, width: usize, tile: &Tile<'_>) {
        /// Calls a kernel with the tile's size as constants.
        #[cfg(target_arch = "x86_64")]
        macro_rules! sized {
            ($kernel:ident) => {
                sized!($kernel, (1 1) (1 2) (1 3) (1 4) (2 1) (2 2) (2 3) (2 4) (3 1) (3 2) (3 3) (3 4)
                    (4 1) (4 2) (4 3) (4 4) (5 1) (5 2) (5 3) (5 4) (6 1) (6 2) (6 3) (6 4)
                    (7 1) (7 2) (7 3) (8 1) (8 2) (8 3))
            };
            ($kernel:ident, $(($m:literal $n:literal))*) => {
                match (height, width) {
                    $(($m, $n) => avx512::$kernel::<$m, $n>(tile),)*
                    _ => unreachable!("{height} by {width}"),
                }
            };
        }
        // SAFETY: the tile is of this size, says the caller; the arm is chosen by what the processor has.
        unsafe {
            match (self.numbers, cpu.level) {
                #[cfg(target_arch = "x86_64")]
                (Numbers::Int8 { .. }, _) if cpu.vnni => sized!(int8),
                #[cfg(target_arch = "x86_64")]
                (Numbers::Int8 { .. }, Level::Avx512 | Level::Avx2) => avx2::int8(tile, height, width),
                (Numbers::Int8 { .. }, _) => portable::int8(tile, height, width),
                #[cfg(target_arch = "x86_64")]
                (Numbers::Bf16, _) if cpu.bf16 => sized!(bf16),
                (Numbers::Bf16, _) => portable::bf16(tile, height, width),
                #[cfg(target_arch = "x86_64")]
                (Numbers::F32, Level::Avx512) => sized!(float),
                #[cfg(target_arch = "x86_64")]
                (Numbers::F32, Level::Avx2) => avx2::float(tile, height, width),
                (Numbers::F32, _) => portable::float(tile, height, width),
            }
        }
    }
}
