//! A model's weights, in the layouts that the products read.
//!
//! Matrices become 8-bit integers with a scale for each output: half of f16's memory, and the processor's
//! fastest product. The convolutions stay floats: they are small, and what they lose is lost for all.

use std::path::Path;

use super::kernels::{Cpu, HEAD, PackedF32, PackedI8};
use crate::{
    AsrError,
    model::{Contents, Dimensions, ModelError},
};

/// A matrix with what is added to its product.
#[derive(Debug, Default)]
pub(super) struct Linear {
    pub(super) matrix: PackedI8,
    /// By output, padded to whole panels.
    pub(super) bias: Vec<f32>,
}

/// Weight and bias of a layer norm.
#[derive(Debug, Default)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// What follows attention in each layer.
#[derive(Debug, Default)]
pub(super) struct FeedForward {
    pub(super) norm: Norm,
    pub(super) widen: Linear,
    pub(super) narrow: Linear,
}

/// Attention of a row of positions to itself.
#[derive(Debug, Default)]
pub(super) struct SelfAttention {
    pub(super) norm: Norm,
    /// Queries, keys and values, one after the other.
    pub(super) all: Linear,
    pub(super) out: Linear,
}

/// Attention of text to sound.
#[derive(Debug, Default)]
pub(super) struct CrossAttention {
    pub(super) norm: Norm,
    pub(super) query: Linear,
    pub(super) out: Linear,
}

/// A layer of the encoder.
#[derive(Debug, Default)]
pub(super) struct EncoderLayer {
    pub(super) attention: SelfAttention,
    pub(super) feed_forward: FeedForward,
}

/// A layer of the decoder.
#[derive(Debug, Default)]
pub(super) struct DecoderLayer {
    pub(super) attention: SelfAttention,
    pub(super) cross: CrossAttention,
    pub(super) feed_forward: FeedForward,
}

/// All of a model.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) dimensions: Dimensions,
    pub(super) filters: Vec<f32>,
    pub(super) tokens: Vec<Vec<u8>>,
    /// Inputs in the order tap, channel.
    pub(super) convolutions: [(PackedF32, Vec<f32>); 2],
    pub(super) encoder_positions: Vec<f32>,
    pub(super) encoder: Vec<EncoderLayer>,
    pub(super) encoder_norm: Norm,
    /// For each layer of the decoder: keys and values of the sound, one after the other.
    pub(super) sound: Vec<Linear>,
    pub(super) embedding: PackedI8,
    pub(super) decoder_positions: Vec<f32>,
    pub(super) decoder: Vec<DecoderLayer>,
    pub(super) decoder_norm: Norm,
}

impl Weights {
    /// Reads a ggml file of f32, f16 or `q8_0` weights.
    pub(super) fn load(path: &Path, cpu: Cpu) -> Result<Self, AsrError> {
        read(path, cpu).map_err(|error| AsrError::Model {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Numbers of a position.
    pub(super) fn width(&self) -> usize {
        self.dimensions.text_state as usize
    }

    /// Attention heads, of encoder and decoder alike.
    pub(super) fn heads(&self) -> usize {
        self.width() / HEAD
    }
}

fn read(path: &Path, cpu: Cpu) -> Result<Weights, ModelError> {
    let mut file = Contents::open(path)?;
    let dimensions = file.dimensions;
    let head = HEAD as u32;
    if dimensions.audio_state != head * dimensions.audio_head
        || dimensions.text_state != head * dimensions.text_head
    {
        let detail = "its attention heads are not 64 wide, as Whisper's are";
        return Err(ModelError::malformed(path, detail));
    }
    let mut reader = Reader {
        width: dimensions.text_state as usize,
        cpu,
        file: &mut file,
    };
    let convolutions = [
        reader.convolution("encoder.conv1", dimensions.mels as usize)?,
        reader.convolution("encoder.conv2", dimensions.audio_state as usize)?,
    ];
    let encoder = (0..dimensions.audio_layer)
        .map(|layer| reader.encoder_layer(&format!("encoder.blocks.{layer}.")))
        .collect::<Result<_, _>>()?;
    let decoder = (0..dimensions.text_layer)
        .map(|layer| reader.decoder_layer(&format!("decoder.blocks.{layer}.")))
        .collect::<Result<_, _>>()?;
    let sound = (0..dimensions.text_layer)
        .map(|layer| {
            let block = format!("decoder.blocks.{layer}.cross_attn.");
            reader.stacked(&[&format!("{block}key"), &format!("{block}value")])
        })
        .collect::<Result<_, _>>()?;
    let mut embedding = PackedI8::new(dimensions.vocab as usize, reader.width);
    reader.fill(&mut embedding, 0, "decoder.token_embedding.weight")?;
    Ok(Weights {
        dimensions,
        convolutions,
        encoder,
        decoder,
        sound,
        embedding,
        encoder_positions: reader.file.floats("encoder.positional_embedding")?,
        encoder_norm: reader.norm("encoder.ln_post")?,
        decoder_positions: reader.file.floats("decoder.positional_embedding")?,
        decoder_norm: reader.norm("decoder.ln")?,
        filters: std::mem::take(&mut file.filters),
        tokens: std::mem::take(&mut file.tokens),
    })
}

struct Reader<'f> {
    file: &'f mut Contents,
    cpu: Cpu,
    width: usize,
}

impl Reader<'_> {
    fn fill(&mut self, matrix: &mut PackedI8, first: usize, name: &str) -> Result<(), ModelError> {
        let cpu = self.cpu;
        self.file
            .rows(name, |row, values| matrix.set(cpu, first + row, values))
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, ModelError> {
        let mut matrix = PackedI8::new(outputs, inputs);
        self.fill(&mut matrix, 0, &format!("{name}.weight"))?;
        let mut bias = self.file.floats(&format!("{name}.bias"))?;
        bias.resize(matrix.scales.len(), 0.0);
        Ok(Linear { matrix, bias })
    }

    /// Square matrices one below the other. Keys have no bias.
    fn stacked(&mut self, names: &[&str]) -> Result<Linear, ModelError> {
        let width = self.width;
        let mut matrix = PackedI8::new(names.len() * width, width);
        let mut bias = vec![0.0; matrix.scales.len()];
        for (index, name) in names.iter().enumerate() {
            let first = index * width;
            self.fill(&mut matrix, first, &format!("{name}.weight"))?;
            if !name.ends_with("key") {
                let values = self.file.floats(&format!("{name}.bias"))?;
                bias[first..first + width].copy_from_slice(&values);
            }
        }
        Ok(Linear { matrix, bias })
    }

    fn norm(&mut self, name: &str) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.file.floats(&format!("{name}.weight"))?,
            bias: self.file.floats(&format!("{name}.bias"))?,
        })
    }

    fn convolution(&mut self, name: &str, channels: usize) -> Result<(PackedF32, Vec<f32>), ModelError> {
        let mut matrix = PackedF32::new(self.width, 3 * channels);
        self.file.rows(&format!("{name}.weight"), |output, values| {
            // From channel, tap to tap, channel.
            let turned = (0..3).flat_map(|tap| (0..channels).map(move |channel| 3 * channel + tap));
            matrix.set(output, turned.map(|index| values[index]));
        })?;
        Ok((matrix, self.file.floats(&format!("{name}.bias"))?))
    }

    fn attention(&mut self, block: &str) -> Result<SelfAttention, ModelError> {
        let parts = ["query", "key", "value"].map(|part| format!("{block}attn.{part}"));
        Ok(SelfAttention {
            norm: self.norm(&format!("{block}attn_ln"))?,
            all: self.stacked(&parts.each_ref().map(String::as_str))?,
            out: self.linear(&format!("{block}attn.out"), self.width, self.width)?,
        })
    }

    fn feed_forward(&mut self, block: &str) -> Result<FeedForward, ModelError> {
        let width = self.width;
        Ok(FeedForward {
            norm: self.norm(&format!("{block}mlp_ln"))?,
            widen: self.linear(&format!("{block}mlp.0"), 4 * width, width)?,
            narrow: self.linear(&format!("{block}mlp.2"), width, 4 * width)?,
        })
    }

    fn encoder_layer(&mut self, block: &str) -> Result<EncoderLayer, ModelError> {
        Ok(EncoderLayer {
            attention: self.attention(block)?,
            feed_forward: self.feed_forward(block)?,
        })
    }

    fn decoder_layer(&mut self, block: &str) -> Result<DecoderLayer, ModelError> {
        let cross = format!("{block}cross_attn");
        Ok(DecoderLayer {
            attention: self.attention(block)?,
            cross: CrossAttention {
                norm: self.norm(&format!("{cross}_ln"))?,
                query: self.linear(&format!("{cross}.query"), self.width, self.width)?,
                out: self.linear(&format!("{cross}.out"), self.width, self.width)?,
            },
            feed_forward: self.feed_forward(block)?,
        })
    }
}
