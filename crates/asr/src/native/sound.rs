//! What the decoder attends to in a window of sound: keys and values of every position, for every layer.
//!
//! They are most of what a decoder step reads, so they are kept as 8-bit integers with a scale for each
//! position and head: a fourth of the memory and of the traffic. Sixteen-bit queries
//! ([`Depth::TwoBytes`]) keep what the scores would lose otherwise.

use super::kernels::{Cpu, Depth, HEAD, Lane, Layout, PANEL, Product, QuantRows};

/// Positions of a block, the unit of the encoder's work. Windows are padded to whole blocks, and a model hears
/// a little silence at the end best: with blocks of 48 instead, hardly any stayed in windows of 20 s, and the
/// last words went wrong more often.
pub(super) const BLOCK: usize = 64;
/// Lanes of a block's keys, and of its values.
const LANES: usize = BLOCK * HEAD / 64;
/// Words of a key: four integers each.
const WORDS: usize = HEAD / 4;

/// Keys and values of one window, in each layer after layer, in each head after head.
#[derive(Debug, Default)]
pub(super) struct Sound {
    pub(super) positions: usize,
    heads: usize,
    parts: Vec<Part>,
}

/// What one head of one layer attends to.
#[derive(Debug, Default)]
struct Part {
    /// Panels of 16 positions.
    keys: Vec<Lane>,
    key_scales: Vec<f32>,
    key_offsets: Vec<i32>,
    /// One lane for a position.
    values: Vec<Lane>,
    value_scales: Vec<f32>,
}

/// [`BLOCK`] positions of a [`Part`], to be filled.
pub(super) struct Piece<'s> {
    keys: &'s mut [Lane],
    key_scales: &'s mut [f32],
    key_offsets: &'s mut [i32],
    values: &'s mut [Lane],
    value_scales: &'s mut [f32],
}

impl Sound {
    /// Room for `positions` (a multiple of [`BLOCK`]).
    pub(super) fn new(positions: usize, layers: usize, heads: usize) -> Self {
        let part = || Part {
            keys: vec![Lane::ZERO; positions * HEAD / 64],
            key_scales: vec![0.0; positions],
            key_offsets: vec![0; positions],
            values: vec![Lane::ZERO; positions * HEAD / 64],
            value_scales: vec![0.0; positions],
        };
        Self {
            positions,
            heads,
            parts: (0..layers * heads).map(|_| part()).collect(),
        }
    }

    /// The pieces of each block, for [`fill`].
    pub(super) fn blocks(&mut self) -> Vec<Vec<Piece<'_>>> {
        let mut blocks: Vec<Vec<Piece<'_>>> = (0..self.positions / BLOCK).map(|_| Vec::new()).collect();
        for part in &mut self.parts {
            let pieces = part
                .keys
                .chunks_exact_mut(LANES)
                .zip(part.values.chunks_exact_mut(LANES))
                .zip(part.key_scales.chunks_exact_mut(BLOCK))
                .zip(part.value_scales.chunks_exact_mut(BLOCK))
                .zip(part.key_offsets.chunks_exact_mut(BLOCK));
            for (block, ((((keys, values), key_scales), value_scales), key_offsets)) in
                blocks.iter_mut().zip(pieces)
            {
                block.push(Piece {
                    keys,
                    key_scales,
                    key_offsets,
                    values,
                    value_scales,
                });
            }
        }
        blocks
    }

    /// Attention of one query of one head. `probabilities` (a number for each position) is left holding
    /// what the query attends to; `scratch` is of the same length.
    pub(super) fn attend(
        &self,
        cpu: Cpu,
        (layer, head): (usize, usize),
        query: &[f32],
        (probabilities, scratch): (&mut [f32], &mut [f32]),
        out: &mut [f32],
    ) {
        let part = &self.parts[layer * self.heads + head];
        let mut rows = QuantRows::default();
        rows.fill(cpu, query, HEAD, Depth::TwoBytes);
        for scale in &mut rows.scales {
            // A score is divided by the square root of the width.
            *scale /= (HEAD as f32).sqrt();
        }
        let numbers = (part.key_scales.as_slice(), part.key_offsets.as_slice());
        let layout = Layout::rows(self.positions);
        Product::int8_lanes(&rows, &part.keys, numbers, None).compute(cpu, probabilities, layout);
        cpu.softmax(probabilities);
        for ((weight, probability), scale) in scratch.iter_mut().zip(&*probabilities).zip(&part.value_scales)
        {
            *weight = probability * scale;
        }
        let mut sum = [0.0; HEAD];
        cpu.add_weighted_lanes(scratch, &part.values, &mut sum);
        out.copy_from_slice(&sum);
    }
}

/// Fills in a layer of a block: `rows` has [`BLOCK`] rows, each with the keys of all heads and then the
/// values; `pieces` are the layer's.
pub(super) fn fill(cpu: Cpu, pieces: &mut [Piece<'_>], rows: &[f32]) {
    let width = pieces.len() * HEAD;
    for (head, piece) in pieces.iter_mut().enumerate() {
        for (position, row) in rows.chunks_exact(2 * width).enumerate() {
            let key = &row[head * HEAD..][..HEAD];
            let (panel, column) = (position / PANEL, position % PANEL);
            let lanes = &mut piece.keys[panel * WORDS..][..WORDS];
            piece.key_scales[position] = put_key(cpu, key, lanes, column, &mut piece.key_offsets[position]);
            let value = &row[width + head * HEAD..][..HEAD];
            piece.value_scales[position] = put_value(cpu, value, &mut piece.values[position]);
        }
    }
}

/// Writes a key as a column of a panel; gives its scale.
fn put_key(cpu: Cpu, key: &[f32], lanes: &mut [Lane], column: usize, offset: &mut i32) -> f32 {
    let mut integers = [0; HEAD];
    let scale = cpu.quantise(key, &mut integers);
    let mut sum = 0;
    for (lane, four) in lanes.iter_mut().zip(integers.as_chunks::<4>().0) {
        sum += four.iter().map(|&integer| i32::from(integer) - 128).sum::<i32>();
        // Flipping the highest bit takes the 128 away again.
        lane.0[column] = u32::from_le_bytes(*four) ^ 0x8080_8080;
    }
    *offset = 128 * sum;
    scale
}

/// Writes a value as a lane: number `16 * byte + column` in byte `byte` of column `column`.
fn put_value(cpu: Cpu, value: &[f32], lane: &mut Lane) -> f32 {
    let mut integers = [0; HEAD];
    let scale = cpu.quantise(value, &mut integers);
    for (column, word) in lane.0.iter_mut().enumerate() {
        let bytes = [0, 1, 2, 3].map(|byte| integers[PANEL * byte + column]);
        *word = u32::from_le_bytes(bytes) ^ 0x8080_8080;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_that_of_floats() {
        let noise = |seed: usize| ((seed.wrapping_mul(2_654_435_761) >> 7) % 1000) as f32 / 500.0 - 1.0;
        let (layers, heads, positions) = (2, 3, 2 * BLOCK);
        let width = heads * HEAD;
        let rows: Vec<f32> = (0..positions * 2 * width).map(noise).collect();
        let query: Vec<f32> = (0..HEAD).map(|i| 2.0 * noise(i + 77)).collect();
        let head = 1;
        let key = |p: usize| &rows[p * 2 * width + head * HEAD..][..HEAD];
        let value = |p: usize| &rows[p * 2 * width + width + head * HEAD..][..HEAD];
        let scores: Vec<f32> = (0..positions)
            .map(|p| (key(p).iter().zip(&query).map(|(a, b)| a * b).sum::<f32>() / 8.0).exp())
            .collect();
        let total: f32 = scores.iter().sum();
        for cpu in Cpu::variants() {
            let mut sound = Sound::new(positions, layers, heads);
            for (mut block, rows) in sound.blocks().into_iter().zip(rows.chunks(BLOCK * 2 * width)) {
                fill(cpu, &mut block[heads..], rows);
            }
            let (mut probabilities, mut scratch, mut out) =
                (vec![0.0; positions], vec![0.0; positions], [0.0; HEAD]);
            sound.attend(
                cpu,
                (1, head),
                &query,
                (&mut probabilities, &mut scratch),
                &mut out,
            );
            for (p, probability) in probabilities.iter().enumerate() {
                assert!(
                    (probability - scores[p] / total).abs() < 0.03 * probability,
                    "{cpu:?}, {p}"
                );
            }
            for (i, out) in out.iter().enumerate() {
                let expected: f32 = (0..positions).map(|p| scores[p] / total * value(p)[i]).sum();
                assert!((out - expected).abs() < 0.01, "{cpu:?}: {out} for {expected}");
            }
        }
    }
}
