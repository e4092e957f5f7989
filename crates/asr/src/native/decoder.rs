//! Whisper's decoder, for many windows at once: every weight is read once for all of them.
//!
//! Threads share a product by its outputs and attention by windows and heads.

use std::sync::atomic::{AtomicBool, Ordering};

use half::{f16, slice::HalfFloatSliceExt};

use super::{
    kernels::{Cpu, Depth, HEAD, Layout, PANEL, Product, QuantRows},
    pool::Pool,
    sound::Sound,
    weights::{Linear, Norm, SelfAttention, Weights},
};
use crate::AsrError;

/// Weights that are worth a thread's while, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Left sides of the decoder's products: reading the weights is what takes time, so 16 bits cost little.
const DEPTH: Depth = Depth::TwoBytes;

/// Keys and values of a window's tokens so far: layer by layer, row by row.
#[derive(Debug, Default, Clone)]
pub(super) struct Past {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

impl Past {
    pub(super) fn new(layers: usize) -> Self {
        Self {
            keys: vec![Vec::new(); layers],
            values: vec![Vec::new(); layers],
        }
    }

    /// Tokens so far.
    pub(super) fn len(&self, width: usize) -> usize {
        self.keys.first().map_or(0, |keys| keys.len() / width)
    }
}

/// A window in a step.
pub(super) struct Turn<'w> {
    /// The tokens to go on with, one or more.
    pub(super) tokens: &'w [u32],
    pub(super) past: &'w mut Past,
    pub(super) sound: &'w Sound,
    /// What the last token's alignment heads attend to goes here: a number for each head and position.
    pub(super) attention: &'w mut Vec<f16>,
}

/// A token of a step: of which turn, and how many tokens of its window it sees, itself included.
#[derive(Clone, Copy)]
struct Row {
    turn: usize,
    seen: usize,
    last: bool,
}

/// Memory for steps, kept from one to the next.
pub(super) struct Decoder {
    cpu: Cpu,
    /// Layers and heads that follow the sound.
    alignment: Vec<(usize, usize)>,
    stream: Vec<f32>,
    normed: Vec<f32>,
    out: Vec<f32>,
    wide: Vec<f32>,
    product: Vec<f32>,
    quant: QuantRows,
    /// Scores of each row and head.
    scores: Vec<f32>,
}

impl Decoder {
    pub(super) fn new(cpu: Cpu, alignment: Vec<(usize, usize)>) -> Self {
        Self {
            cpu,
            alignment,
            stream: Vec::new(),
            normed: Vec::new(),
            out: Vec::new(),
            wide: Vec::new(),
            product: Vec::new(),
            quant: QuantRows::default(),
            scores: Vec::new(),
        }
    }

    /// Heads that tell where in the sound a token lies.
    pub(super) fn alignment_heads(&self) -> usize {
        self.alignment.len()
    }

    /// Goes on with every turn's tokens. `logits` becomes, for each turn, one number for each token that
    /// may come next.
    ///
    /// # Errors
    /// [`AsrError::Cancelled`] soon after `cancel` is set.
    pub(super) fn step(
        &mut self,
        weights: &Weights,
        pool: &Pool,
        turns: &mut [Turn<'_>],
        logits: &mut Vec<f32>,
        cancel: &AtomicBool,
    ) -> Result<(), AsrError> {
        let rows = self.embed(weights, turns);
        let longest = turns.iter().map(|turn| turn.sound.positions).max().unwrap_or(0);
        for turn in turns.iter_mut() {
            turn.attention.clear();
            turn.attention
                .resize(self.alignment.len() * turn.sound.positions, f16::ZERO);
        }
        for (index, layer) in weights.decoder.iter().enumerate() {
            if cancel.load(Ordering::Relaxed) {
                return Err(AsrError::Cancelled);
            }
            self.attend_to_text(pool, turns, &rows, index, &layer.attention);
            self.norm(&layer.cross.norm);
            self.multiply(pool, From::Normed, &layer.cross.query, To::Wide);
            self.attend_to_sound(pool, turns, &rows, index, longest);
            self.multiply(pool, From::Normed, &layer.cross.out, To::Out);
            self.cpu.add(&mut self.stream, &self.out);
            self.norm(&layer.feed_forward.norm);
            self.multiply(pool, From::Normed, &layer.feed_forward.widen, To::WideGelu);
            self.multiply(pool, From::Wide, &layer.feed_forward.narrow, To::Out);
            self.cpu.add(&mut self.stream, &self.out);
        }
        self.logits(weights, pool, &rows, logits);
        Ok(())
    }

    /// Sets the stream to the tokens and their places.
    fn embed(&mut self, weights: &Weights, turns: &[Turn<'_>]) -> Vec<Row> {
        let width = weights.width();
        let mut rows = Vec::new();
        self.stream.clear();
        for (turn, window) in turns.iter().enumerate() {
            let before = window.past.len(width);
            for (index, &token) in window.tokens.iter().enumerate() {
                let start = self.stream.len();
                self.stream.resize(start + width, 0.0);
                let row = &mut self.stream[start..];
                weights.embedding.get(token as usize, row);
                let place = weights.decoder_positions.chunks(width).nth(before + index);
                self.cpu.add(row, place.unwrap_or_default());
                rows.push(Row {
                    turn,
                    seen: before + index + 1,
                    last: index + 1 == window.tokens.len(),
                });
            }
        }
        rows
    }

    fn norm(&mut self, norm: &Norm) {
        let width = norm.weight.len();
        self.normed.resize(self.stream.len(), 0.0);
        for (row, out) in self
            .stream
            .chunks_exact(width)
            .zip(self.normed.chunks_exact_mut(width))
        {
            self.cpu.layer_norm(row, &norm.weight, &norm.bias, out);
        }
    }

    fn attend_to_text(
        &mut self,
        pool: &Pool,
        turns: &mut [Turn<'_>],
        rows: &[Row],
        layer: usize,
        weights: &SelfAttention,
    ) {
        let width = weights.norm.weight.len();
        self.norm(&weights.norm);
        self.multiply(pool, From::Normed, &weights.all, To::Wide);
        for (row, projected) in rows.iter().zip(self.wide.chunks_exact(3 * width)) {
            let past = &mut *turns[row.turn].past;
            past.keys[layer].extend_from_slice(&projected[width..2 * width]);
            past.values[layer].extend_from_slice(&projected[2 * width..]);
        }
        let (cpu, heads, projected) = (self.cpu, width / HEAD, &self.wide);
        let turns: Vec<&Past> = turns.iter().map(|turn| &*turn.past).collect();
        let seen = rows.iter().map(|row| row.seen).max().unwrap_or(0);
        self.scores.resize(rows.len() * heads * seen, 0.0);
        let outs = self
            .normed
            .chunks_mut(HEAD)
            .zip(self.scores.chunks_mut(seen))
            .enumerate();
        pool.each(outs.collect(), |_, (item, (out, scores))| {
            let (row, head) = (item / heads, item % heads);
            let past = turns[rows[row].turn];
            let query = &projected[row * 3 * width + head * HEAD..][..HEAD];
            let scores = &mut scores[..rows[row].seen];
            scores.fill(0.0);
            let (keys, values) = (
                &past.keys[layer][head * HEAD..],
                &past.values[layer][head * HEAD..],
            );
            cpu.attend(query, keys, values, width, scores, out);
        });
        self.multiply(pool, From::Normed, &weights.out, To::Out);
        self.cpu.add(&mut self.stream, &self.out);
    }

    /// From the queries in `wide` to what they attend to in `normed`.
    fn attend_to_sound(
        &mut self,
        pool: &Pool,
        turns: &mut [Turn<'_>],
        rows: &[Row],
        layer: usize,
        longest: usize,
    ) {
        let (cpu, queries) = (self.cpu, &self.wide);
        let heads = self.normed.len() / HEAD / rows.len();
        let mut kept: Vec<Vec<Option<&mut [f16]>>> = Vec::with_capacity(turns.len());
        let mut sounds = Vec::with_capacity(turns.len());
        for turn in turns {
            let mut of_heads: Vec<Option<&mut [f16]>> = (0..heads).map(|_| None).collect();
            let parts = turn.attention.chunks_exact_mut(turn.sound.positions);
            for (part, &(of_layer, head)) in parts.zip(&self.alignment) {
                if of_layer == layer && head < heads {
                    of_heads[head] = Some(part);
                }
            }
            kept.push(of_heads);
            sounds.push(turn.sound);
        }
        self.scores.resize(rows.len() * heads * 2 * longest, 0.0);
        let outs = self
            .normed
            .chunks_mut(HEAD)
            .zip(self.scores.chunks_mut(2 * longest))
            .enumerate();
        let items: Vec<_> = outs
            .map(|(item, (out, scores))| {
                let (row, head) = (rows[item / heads], item % heads);
                let keep = if row.last {
                    kept[row.turn][head].take()
                } else {
                    None
                };
                (
                    sounds[row.turn],
                    head,
                    &queries[item * HEAD..][..HEAD],
                    scores,
                    out,
                    keep,
                )
            })
            .collect();
        pool.each(items, |_, (sound, head, query, scores, out, keep)| {
            let (probabilities, scratch) = scores[..2 * sound.positions].split_at_mut(sound.positions);
            sound.attend(cpu, (layer, head), query, (&mut *probabilities, scratch), out);
            if let Some(keep) = keep {
                keep.convert_from_f32_slice(probabilities);
            }
        });
    }

    fn logits(&mut self, weights: &Weights, pool: &Pool, rows: &[Row], logits: &mut Vec<f32>) {
        let width = weights.width();
        // Only what follows each turn's last token is of interest.
        let mut kept = 0;
        for (index, _) in rows.iter().enumerate().filter(|(_, row)| row.last) {
            self.stream
                .copy_within(index * width..(index + 1) * width, kept * width);
            kept += 1;
        }
        self.stream.truncate(kept * width);
        self.norm(&weights.decoder_norm);
        self.quant.fill(self.cpu, &self.normed, width, DEPTH);
        let quant = &self.quant;
        let matrix = &weights.embedding;
        self.product.resize(matrix.panels() * kept * PANEL, 0.0);
        let (cpu, group) = (self.cpu, PIECE_BYTES.div_ceil(matrix.words() * 64));
        let pieces = self.product.chunks_mut(group * kept * PANEL).enumerate();
        pool.each(pieces.collect(), |_, (piece, out)| {
            let panels = piece * group..(piece * group + out.len() / kept / PANEL);
            Product::int8(quant, matrix, None, panels).compute(cpu, out, Layout::panels(kept));
        });
        logits.resize(kept * matrix.outputs, 0.0);
        let product = &self.product;
        let items = logits.chunks_mut(matrix.outputs).enumerate();
        pool.each(items.collect(), |_, (row, out)| {
            for (panel, out) in out.chunks_mut(PANEL).enumerate() {
                out.copy_from_slice(&product[(panel * kept + row) * PANEL..][..out.len()]);
            }
        });
    }

    fn multiply(&mut self, pool: &Pool, from: From, by: &Linear, to: To) {
        let (cpu, matrix) = (self.cpu, &by.matrix);
        let input = match from {
            From::Normed => &self.normed,
            From::Wide => &self.wide,
        };
        let rows = input.len() / matrix.inputs;
        self.quant.fill(cpu, input, matrix.inputs, DEPTH);
        let quant = &self.quant;
        self.product.resize(matrix.panels() * rows * PANEL, 0.0);
        let group = PIECE_BYTES.div_ceil(matrix.words() * 64);
        let pieces = self.product.chunks_mut(group * rows * PANEL).enumerate();
        let gelu = matches!(to, To::WideGelu);
        pool.each(pieces.collect(), |_, (piece, out)| {
            let panels = piece * group..(piece * group + out.len() / rows / PANEL);
            Product::int8(quant, matrix, Some(&by.bias), panels).compute(cpu, out, Layout::panels(rows));
            if gelu {
                cpu.gelu(out);
            }
        });
        let out = match to {
            To::Out => &mut self.out,
            To::Wide | To::WideGelu => &mut self.wide,
        };
        out.resize(rows * matrix.outputs, 0.0);
        for (row, out) in out.chunks_exact_mut(matrix.outputs).enumerate() {
            for (panel, out) in out.chunks_exact_mut(PANEL).enumerate() {
                out.copy_from_slice(&self.product[(panel * rows + row) * PANEL..][..PANEL]);
            }
        }
    }
}

/// Which rows a product takes.
#[derive(Clone, Copy)]
enum From {
    Normed,
    Wide,
}

/// Where a product goes.
#[derive(Clone, Copy)]
enum To {
    Out,
    Wide,
    WideGelu,
}
