//! The layouts that products read.

use super::{Cpu, PANEL};

/// One word of each column of a panel: what fills an AVX-512 register.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(in crate::native) struct Lane(pub(in crate::native) [u32; PANEL]);

impl Lane {
    pub(in crate::native) const ZERO: Self = Self([0; PANEL]);

    /// Byte `at` of a column, as the signed number that it is.
    pub(in crate::native) fn byte(&self, column: usize, at: usize) -> i8 {
        (self.0[column] >> (8 * at)) as u8 as i8
    }
}

/// A matrix of 8-bit integers with one scale for each output.
#[derive(Debug, Clone, Default)]
pub(in crate::native) struct PackedI8 {
    pub(in crate::native) outputs: usize,
    pub(in crate::native) inputs: usize,
    /// Panels of [`Self::words`] lanes each.
    pub(in crate::native) lanes: Vec<Lane>,
    /// By output, padded to whole panels.
    pub(in crate::native) scales: Vec<f32>,
    /// 128 times the sum of the output's integers: what the products hold too much, because left sides
    /// are stored with 128 added.
    pub(in crate::native) offsets: Vec<i32>,
}

impl PackedI8 {
    pub(in crate::native) fn new(outputs: usize, inputs: usize) -> Self {
        let panels = outputs.div_ceil(PANEL);
        Self {
            outputs,
            inputs,
            lanes: vec![Lane::ZERO; panels * inputs.div_ceil(4)],
            scales: vec![0.0; panels * PANEL],
            offsets: vec![0; panels * PANEL],
        }
    }

    /// Lanes of a panel.
    pub(in crate::native) fn words(&self) -> usize {
        self.inputs.div_ceil(4)
    }

    pub(in crate::native) fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Sets the weights of one output: each is divided by the largest over 127 and rounded.
    pub(in crate::native) fn set(&mut self, cpu: Cpu, output: usize, row: &[f32]) {
        let words = self.words();
        let (panel, column) = (output / PANEL, output % PANEL);
        // Padding is zero, to which 128 is added as to all.
        let mut integers = vec![128; words * 4];
        self.scales[output] = cpu.quantise(row, &mut integers);
        let sum: i32 = integers.iter().map(|&integer| i32::from(integer) - 128).sum();
        self.offsets[output] = 128 * sum;
        let lanes = &mut self.lanes[panel * words..(panel + 1) * words];
        for (lane, four) in lanes.iter_mut().zip(integers.as_chunks::<4>().0) {
            // Flipping the highest bit takes the 128 away again.
            lane.0[column] = u32::from_le_bytes(*four) ^ 0x8080_8080;
        }
    }

    /// Writes the weights of one output, as they were before packing but for the rounding.
    pub(in crate::native) fn get(&self, output: usize, row: &mut [f32]) {
        let words = self.words();
        let (panel, column) = (output / PANEL, output % PANEL);
        let lanes = &self.lanes[panel * words..(panel + 1) * words];
        let scale = self.scales[output];
        for (lane, values) in lanes.iter().zip(row.chunks_mut(4)) {
            for (at, value) in values.iter_mut().enumerate() {
                *value = f32::from(lane.byte(column, at)) * scale;
            }
        }
    }
}

/// A matrix of 32-bit floats: for the convolutions, which are small and come first.
#[derive(Debug, Clone, Default)]
pub(in crate::native) struct PackedF32 {
    pub(in crate::native) inputs: usize,
    pub(in crate::native) lanes: Vec<Lane>,
}

impl PackedF32 {
    pub(in crate::native) fn new(outputs: usize, inputs: usize) -> Self {
        Self {
            inputs,
            lanes: vec![Lane::ZERO; outputs.div_ceil(PANEL) * inputs],
        }
    }

    /// Sets the weights of one output.
    pub(in crate::native) fn set(&mut self, output: usize, row: impl Iterator<Item = f32>) {
        let first = output / PANEL * self.inputs;
        for (lane, value) in self.lanes[first..first + self.inputs].iter_mut().zip(row) {
            lane.0[output % PANEL] = value.to_bits();
        }
    }
}

/// How exactly the left side of a product is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::native) enum Depth {
    /// 8 bits.
    #[default]
    Byte,
    /// 16 bits, as two rows: the first worth 256 times the second. Doubles the work, not the traffic.
    TwoBytes,
}

/// Rows of integers with one scale each: the left side of a product.
#[derive(Debug, Clone, Default)]
pub(in crate::native) struct QuantRows {
    /// Each with 128 added; rows of [`Self::stride`].
    pub(in crate::native) values: Vec<u8>,
    pub(in crate::native) stride: usize,
    pub(in crate::native) scales: Vec<f32>,
    depth: Depth,
}

impl QuantRows {
    /// Takes in rows of `width` numbers.
    pub(in crate::native) fn fill(&mut self, cpu: Cpu, rows: &[f32], width: usize, depth: Depth) {
        let parts = 1 + usize::from(depth == Depth::TwoBytes);
        let count = rows.len() / width;
        self.depth = depth;
        self.stride = width.next_multiple_of(4);
        self.values.resize(count * parts * self.stride, 128);
        self.scales.resize(count * parts, 0.0);
        let out = self.values.chunks_exact_mut(parts * self.stride);
        let scales = self.scales.chunks_exact_mut(parts);
        for ((row, out), scales) in rows.chunks_exact(width).zip(out).zip(scales) {
            if let [high_scale, low_scale] = scales {
                let (high, low) = out.split_at_mut(self.stride);
                *low_scale = cpu.quantise_twice(row, high, low);
                *high_scale = 256.0 * *low_scale;
            } else {
                scales[0] = cpu.quantise(row, out);
            }
        }
    }

    /// 1 where two rows make one, else 0.
    pub(in crate::native) fn paired(&self) -> usize {
        (self.depth == Depth::TwoBytes).into()
    }
}

/// Rounds to bfloat16, half to even. Not for NaN, which nothing here makes.
#[inline]
pub(in crate::native) fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// Packs `rows` rows that become the columns of a right side, as keys do: `value(row)` gives one row's
/// `width` numbers. Rows are a multiple of [`PANEL`], `width` is even.
pub(in crate::native) fn pack_bf16_rows<'v>(
    rows: usize,
    width: usize,
    row_at: impl Fn(usize) -> &'v [f32],
    lanes: &mut [Lane],
) {
    let words = width / 2;
    for row in 0..rows {
        let panel = &mut lanes[row / PANEL * words..(row / PANEL + 1) * words];
        for (lane, pair) in panel.iter_mut().zip(row_at(row).chunks_exact(2)) {
            lane.0[row % PANEL] = u32::from(to_bf16(pair[0])) | u32::from(to_bf16(pair[1])) << 16;
        }
    }
}

/// Packs `rows` rows of a right side whose columns run along them, as values do: two rows make a word.
/// `rows` is even, `width` a multiple of [`PANEL`].
pub(in crate::native) fn pack_bf16_columns<'v>(
    rows: usize,
    width: usize,
    row_at: impl Fn(usize) -> &'v [f32],
    lanes: &mut [Lane],
) {
    let words = rows / 2;
    for word in 0..words {
        let (even, odd) = (row_at(2 * word), row_at(2 * word + 1));
        for panel in 0..width / PANEL {
            let lane = &mut lanes[panel * words + word].0;
            let (even, odd) = (&even[panel * PANEL..][..PANEL], &odd[panel * PANEL..][..PANEL]);
            for ((out, &low), &high) in lane.iter_mut().zip(even).zip(odd) {
                *out = u32::from(to_bf16(low)) | u32::from(to_bf16(high)) << 16;
            }
        }
    }
}
