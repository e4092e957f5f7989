//! Whisper's encoder, for one window at a time.
//!
//! Two kinds of loop take turns. One goes over blocks of [`BLOCK`] positions, small enough to stay in the
//! cache from a layer's attention output through its feed forward part to the next layer's queries, keys
//! and values. The other goes over attention heads. So threads meet twice a layer.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{
    attention::{self, Heads},
    kernels::{Cpu, Depth, HEAD, Layout, Product, QuantRows},
    mel::Mel,
    pool::Pool,
    sound::{self, BLOCK, Piece, Sound},
    weights::{EncoderLayer, Linear, Norm, Weights},
};
use crate::AsrError;

/// Left sides of the encoder's products: with 16 bits, texts came out no better.
const DEPTH: Depth = Depth::Byte;

/// Positions of a second: the second convolution takes two frames of 10 ms together.
pub(super) const SAMPLES_PER_POSITION: usize = 320;

/// Memory for a window's way through the encoder, kept from one to the next.
pub(super) struct Encoder {
    mel: Mel,
    cpu: Cpu,
    /// Frames of the spectrogram, with an empty one before and after.
    frames: Vec<f32>,
    /// The first convolution's frames, with an empty one before.
    convolved: Vec<f32>,
    /// Positions, which layers add to.
    stream: Vec<f32>,
    /// Queries, keys and values of each position.
    projected: Vec<f32>,
    /// What attention gives: head after head, position after position.
    attended: Vec<f32>,
    /// One for each thread.
    scratch: Vec<Mutex<Scratch>>,
}

#[derive(Default)]
struct Scratch {
    normed: Vec<f32>,
    wide: Vec<f32>,
    quant: QuantRows,
    heads: Heads,
}

/// Positions that a window of samples takes: whole blocks.
pub(super) fn positions(samples: usize) -> usize {
    samples
        .div_ceil(SAMPLES_PER_POSITION)
        .next_multiple_of(BLOCK)
        .max(BLOCK * 2)
}

impl Encoder {
    pub(super) fn new(weights: &Weights, cpu: Cpu, threads: usize) -> Self {
        Self {
            mel: Mel::new(&weights.filters, cpu),
            cpu,
            frames: Vec::new(),
            convolved: Vec::new(),
            stream: Vec::new(),
            projected: Vec::new(),
            attended: Vec::new(),
            scratch: (0..threads).map(|_| Mutex::default()).collect(),
        }
    }

    /// Encodes a window and gives what the decoder attends to.
    ///
    /// # Errors
    /// [`AsrError::Cancelled`] soon after `cancel` is set.
    pub(super) fn encode(
        &mut self,
        weights: &Weights,
        pool: &Pool,
        samples: &[f32],
        cancel: &AtomicBool,
    ) -> Result<Sound, AsrError> {
        let positions = positions(samples.len());
        self.resize(positions, weights);
        self.convolve(weights, pool, samples);
        let mut sound = Sound::new(positions, weights.decoder.len(), weights.heads());
        self.first_blocks(weights, pool);
        for (index, layer) in weights.encoder.iter().enumerate() {
            if cancel.load(Ordering::Relaxed) {
                return Err(AsrError::Cancelled);
            }
            self.attend(weights, pool);
            let next = weights.encoder.get(index + 1);
            self.blocks(weights, pool, layer, next, &mut sound);
        }
        Ok(sound)
    }

    fn resize(&mut self, positions: usize, weights: &Weights) {
        let (width, bands) = (weights.width(), self.mel.bands());
        self.frames.clear();
        self.frames.resize((2 * positions + 2) * bands, 0.0);
        self.convolved.resize((2 * positions + 1) * width, 0.0);
        self.stream.resize(positions * width, 0.0);
        self.projected.resize(positions * 3 * width, 0.0);
        self.attended.resize(positions * width, 0.0);
    }

    /// Spectrogram and first convolution.
    fn convolve(&mut self, weights: &Weights, pool: &Pool, samples: &[f32]) {
        let (width, bands, cpu) = (weights.width(), self.mel.bands(), self.cpu);
        let inner = self.frames.len() - bands;
        self.mel.compute(pool, samples, &mut self.frames[bands..inner]);
        let (matrix, bias) = &weights.convolutions[0];
        let frames = &self.frames;
        self.convolved[..width].fill(0.0);
        let groups = self.convolved[width..].chunks_mut(2 * BLOCK * width).enumerate();
        pool.each(groups.collect(), |_, (group, out)| {
            let left = &frames[group * 2 * BLOCK * bands..];
            Product::f32(out.len() / width, left, bands, matrix, bias).compute(cpu, out, Layout::rows(width));
            cpu.gelu(out);
        });
    }

    /// Second convolution, places, and the first layer's queries, keys and values.
    fn first_blocks(&mut self, weights: &Weights, pool: &Pool) {
        let (width, cpu, scratch) = (weights.width(), self.cpu, &self.scratch);
        let (matrix, bias) = &weights.convolutions[1];
        let convolved = &self.convolved;
        let blocks = self
            .stream
            .chunks_mut(BLOCK * width)
            .zip(self.projected.chunks_mut(BLOCK * 3 * width));
        pool.each(
            blocks.enumerate().collect(),
            |worker, (block, (stream, projected))| {
                let mut scratch = scratch[worker].lock().unwrap_or_else(PoisonError::into_inner);
                let left = &convolved[block * BLOCK * 2 * width..];
                Product::f32(BLOCK, left, 2 * width, matrix, bias).compute(cpu, stream, Layout::rows(width));
                cpu.gelu(stream);
                let places = weights.encoder_positions.chunks(BLOCK * width).nth(block);
                cpu.add(stream, places.unwrap_or_default());
                if let Some(layer) = weights.encoder.first() {
                    scratch.project(cpu, layer, stream, projected);
                }
            },
        );
    }

    fn attend(&mut self, weights: &Weights, pool: &Pool) {
        let (cpu, scratch, projected) = (self.cpu, &self.scratch, &self.projected);
        let positions = self.stream.len() / weights.width();
        // Heads are enough pieces for two threads; halves of heads are for more.
        let parts = if pool.threads() > 2 && (positions / 2).is_multiple_of(attention::QUERIES) {
            2
        } else {
            1
        };
        let rows = positions / parts;
        let items = self.attended.chunks_mut(rows * HEAD).enumerate();
        pool.each(items.collect(), |worker, (item, out)| {
            let mut scratch = scratch[worker].lock().unwrap_or_else(PoisonError::into_inner);
            let (head, part) = (item / parts, item % parts);
            scratch
                .heads
                .attend(cpu, projected, weights.width(), head, part * rows, out);
        });
    }

    /// The rest of a layer, and the next one's queries, keys and values; after the last layer the
    /// decoder's keys and values instead.
    fn blocks(
        &mut self,
        weights: &Weights,
        pool: &Pool,
        layer: &EncoderLayer,
        next: Option<&EncoderLayer>,
        sound: &mut Sound,
    ) {
        let (width, cpu, scratch, attended) = (weights.width(), self.cpu, &self.scratch, &self.attended);
        let blocks = self
            .stream
            .chunks_mut(BLOCK * width)
            .zip(self.projected.chunks_mut(BLOCK * 3 * width));
        let blocks = blocks.zip(sound.blocks()).enumerate();
        pool.each(
            blocks.collect(),
            |worker, (block, ((stream, projected), mut sound))| {
                let mut scratch = scratch[worker].lock().unwrap_or_else(PoisonError::into_inner);
                scratch.gather(attended, block, width);
                scratch.finish(cpu, layer, stream);
                match next {
                    Some(next) => scratch.project(cpu, next, stream, projected),
                    None => scratch.hand_over(cpu, weights, stream, &mut sound),
                }
            },
        );
    }
}

impl Scratch {
    /// Takes a block's positions from all heads together.
    fn gather(&mut self, attended: &[f32], block: usize, width: usize) {
        let positions = attended.len() / width;
        self.normed.resize(BLOCK * width, 0.0);
        for (row, out) in self.normed.chunks_exact_mut(width).enumerate() {
            for (head, out) in out.chunks_exact_mut(HEAD).enumerate() {
                let from = (head * positions + block * BLOCK + row) * HEAD;
                out.copy_from_slice(&attended[from..from + HEAD]);
            }
        }
    }

    fn norm(&mut self, cpu: Cpu, norm: &Norm, stream: &[f32]) {
        let width = norm.weight.len();
        self.normed.resize(stream.len(), 0.0);
        for (row, out) in stream
            .chunks_exact(width)
            .zip(self.normed.chunks_exact_mut(width))
        {
            cpu.layer_norm(row, &norm.weight, &norm.bias, out);
        }
    }

    /// Queries, keys and values of a layer.
    fn project(&mut self, cpu: Cpu, layer: &EncoderLayer, stream: &[f32], projected: &mut [f32]) {
        self.norm(cpu, &layer.attention.norm, stream);
        multiply(
            cpu,
            &self.normed,
            &layer.attention.all,
            &mut self.quant,
            projected,
        );
    }

    /// From what attention gave (in `normed`) to the end of the layer.
    fn finish(&mut self, cpu: Cpu, layer: &EncoderLayer, stream: &mut [f32]) {
        let part = &layer.feed_forward;
        self.wide.resize(stream.len() * 4, 0.0);
        let out = &mut self.wide[..stream.len()];
        multiply(cpu, &self.normed, &layer.attention.out, &mut self.quant, out);
        cpu.add(stream, out);
        self.norm(cpu, &part.norm, stream);
        multiply(cpu, &self.normed, &part.widen, &mut self.quant, &mut self.wide);
        cpu.gelu(&mut self.wide);
        multiply(cpu, &self.wide, &part.narrow, &mut self.quant, &mut self.normed);
        cpu.add(stream, &self.normed);
    }

    /// The last norm, and each decoder layer's keys and values.
    fn hand_over(&mut self, cpu: Cpu, weights: &Weights, stream: &[f32], sound: &mut [Piece<'_>]) {
        self.norm(cpu, &weights.encoder_norm, stream);
        self.wide.resize(stream.len() * 2, 0.0);
        for (layer, pieces) in weights.sound.iter().zip(sound.chunks_mut(weights.heads())) {
            multiply(cpu, &self.normed, layer, &mut self.quant, &mut self.wide);
            sound::fill(cpu, pieces, &self.wide);
        }
    }
}

/// Multiplies rows, quantising them first.
fn multiply(cpu: Cpu, rows: &[f32], by: &Linear, quant: &mut QuantRows, out: &mut [f32]) {
    quant.fill(cpu, rows, by.matrix.inputs, DEPTH);
    Product::int8(quant, &by.matrix, Some(&by.bias), 0..by.matrix.panels()).compute(
        cpu,
        out,
        Layout::rows(by.matrix.outputs),
    );
}
