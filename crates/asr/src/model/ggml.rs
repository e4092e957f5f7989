//! The layout of whisper.cpp's model files: what stands where.
//!
//! A file is, in little-endian: the magic number, eleven 32-bit numbers (dimensions and the type of the
//! weights), the mel filter bank (bands, frequencies, 32-bit floats), the vocabulary (a count, then
//! length and bytes of each token), and the tensors until the end: number of axes, length of the name,
//! type, the axes with the fastest first, the name, the data. Source: `whisper_model_load` in
//! whisper.cpp's `src/whisper.cpp`, and its `models/convert-pt-to-ggml.py`.

use std::fmt;

/// "ggml" as a number.
pub(super) const MAGIC: u32 = 0x6767_6d6c;

/// Quantised files say their version times this, plus the type.
pub(super) const VERSION_FACTOR: u32 = 1000;

/// The version of the quantised formats that ggml writes.
pub(super) const QUANTISATION_VERSION: u32 = 2;

/// Shape of a Whisper model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Tokens, special ones included: 51864 for English-only models, more for multilingual ones.
    pub vocab: u32,
    /// Encoder positions: 1500 for 30 s.
    pub audio_ctx: u32,
    /// Width of the encoder.
    pub audio_state: u32,
    /// Attention heads of the encoder.
    pub audio_head: u32,
    /// Layers of the encoder.
    pub audio_layer: u32,
    /// Decoder positions: 448 tokens.
    pub text_ctx: u32,
    /// Width of the decoder; the encoder's.
    pub text_state: u32,
    /// Attention heads of the decoder.
    pub text_head: u32,
    /// Layers of the decoder.
    pub text_layer: u32,
    /// Mel bands: 80, or 128 from large-v3 on.
    pub mels: u32,
}

impl Dimensions {
    /// Whether the model knows languages other than English: whisper.cpp's own rule.
    pub fn multilingual(&self) -> bool {
        self.vocab >= 51_865
    }

    /// In the order of the file.
    pub(super) fn fields(&self) -> [u32; 10] {
        [
            self.vocab,
            self.audio_ctx,
            self.audio_state,
            self.audio_head,
            self.audio_layer,
            self.text_ctx,
            self.text_state,
            self.text_head,
            self.text_layer,
            self.mels,
        ]
    }

    /// From the order of the file.
    pub(super) fn from_fields(fields: [u32; 10]) -> Self {
        let [vocab, audio_ctx, audio_state, audio_head, audio_layer, rest @ ..] = fields;
        let [text_ctx, text_state, text_head, text_layer, mels] = rest;
        Self {
            vocab,
            audio_ctx,
            audio_state,
            audio_head,
            audio_layer,
            text_ctx,
            text_state,
            text_head,
            text_layer,
            mels,
        }
    }

    /// Says what is impossible about them, so that no product of them can overflow later.
    pub(super) fn problem(&self) -> Option<String> {
        let limits = [
            1 << 20,
            1 << 16,
            1 << 14,
            1 << 10,
            1 << 8,
            1 << 16,
            1 << 14,
            1 << 10,
            1 << 8,
            1 << 10,
        ];
        let names = [
            "tokens",
            "audio positions",
            "audio width",
            "audio heads",
            "audio layers",
            "text positions",
            "text width",
            "text heads",
            "text layers",
            "mel bands",
        ];
        for ((value, limit), name) in self.fields().into_iter().zip(limits).zip(names) {
            if value == 0 || value > limit {
                return Some(format!("it claims {value} {name}, and 1 to {limit} are possible"));
            }
        }
        if self.audio_state != self.text_state {
            return Some(format!(
                "its encoder is {} wide and its decoder {}, and they must be equal",
                self.audio_state, self.text_state
            ));
        }
        if !self.audio_state.is_multiple_of(self.audio_head)
            || !self.text_state.is_multiple_of(self.text_head)
        {
            return Some("its width is no multiple of its attention heads".to_owned());
        }
        None
    }
}

macro_rules! weight_types {
    ($($variant:ident $name:literal file=$file:literal tensor=$tensor:literal block=$block:literal bytes=$bytes:literal;)*) => {
        /// How the large weights of a ggml file are stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, reason = "they are known by these names")]
        pub enum WeightType {$(
            #[doc = concat!("ggml's `", $name, "`.")]
            $variant,
        )*}

        impl WeightType {
            pub(super) fn from_file_type(number: u32) -> Option<Self> {
                match number {
                    $($file => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Its number in the header.
            pub(super) fn file_type(self) -> u32 {
                match self { $(Self::$variant => $file),* }
            }

            /// Its number at a tensor.
            pub(super) fn tensor_type(self) -> u32 {
                match self { $(Self::$variant => $tensor),* }
            }

            /// Values in a block, and the block's size in bytes.
            pub(super) fn block(self) -> (u64, u64) {
                match self { $(Self::$variant => ($block, $bytes)),* }
            }
        }

        impl fmt::Display for WeightType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),* })
            }
        }
    };
}

// The numbers are ggml.h's ggml_ftype and ggml_type, the sizes those of ggml-common.h's block structs.
weight_types! {
    F32 "f32" file=0 tensor=0 block=1 bytes=4;
    F16 "f16" file=1 tensor=1 block=1 bytes=2;
    Q4_0 "q4_0" file=2 tensor=2 block=32 bytes=18;
    Q4_1 "q4_1" file=3 tensor=3 block=32 bytes=20;
    Q8_0 "q8_0" file=7 tensor=8 block=32 bytes=34;
    Q5_0 "q5_0" file=8 tensor=6 block=32 bytes=22;
    Q5_1 "q5_1" file=9 tensor=7 block=32 bytes=24;
    Q2_K "q2_k" file=10 tensor=10 block=256 bytes=84;
    Q3_K "q3_k" file=11 tensor=11 block=256 bytes=110;
    Q4_K "q4_k" file=12 tensor=12 block=256 bytes=144;
    Q5_K "q5_k" file=13 tensor=13 block=256 bytes=176;
    Q6_K "q6_k" file=14 tensor=14 block=256 bytes=210;
}

impl WeightType {
    pub(super) fn is_quantised(self) -> bool {
        !matches!(self, Self::F32 | Self::F16)
    }
}

/// Which type a tensor is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Small, and added or multiplied as it is: always 32-bit floats.
    Small,
    /// A convolution: never quantised.
    Convolution,
    /// A matrix: in the file's weight type.
    Matrix,
}

impl Kind {
    pub(super) fn stored(self, weights: WeightType) -> WeightType {
        match self {
            Self::Small => WeightType::F32,
            Self::Convolution if weights.is_quantised() => WeightType::F16,
            Self::Convolution | Self::Matrix => weights,
        }
    }
}

/// A tensor that a file must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) name: String,
    /// The slowest axis first.
    pub(super) shape: Vec<u32>,
    pub(super) kind: Kind,
}

impl Tensor {
    fn new(name: impl Into<String>, shape: &[u32], kind: Kind) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            kind,
        }
    }

    /// Values in it.
    pub(super) fn values(&self) -> u64 {
        self.shape.iter().map(|&axis| u64::from(axis)).product()
    }

    /// Bytes of its data; `None` where the last axis is no multiple of the type's block.
    pub(super) fn size_bytes(&self, weights: WeightType) -> Option<u64> {
        let (block, bytes) = self.kind.stored(weights).block();
        let row = u64::from(*self.shape.last()?);
        row.is_multiple_of(block).then(|| self.values() / block * bytes)
    }
}

/// The tensors of a model, in the order of `OpenAI`'s checkpoints, which the published files keep.
pub(super) fn tensors(dims: &Dimensions) -> Vec<Tensor> {
    let width = dims.text_state;
    let mut all = vec![
        Tensor::new(
            "decoder.positional_embedding",
            &[dims.text_ctx, width],
            Kind::Small,
        ),
        Tensor::new(
            "encoder.positional_embedding",
            &[dims.audio_ctx, width],
            Kind::Small,
        ),
        Tensor::new(
            "decoder.token_embedding.weight",
            &[dims.vocab, width],
            Kind::Matrix,
        ),
    ];
    for layer in 0..dims.text_layer {
        let block = format!("decoder.blocks.{layer}.");
        feed_forward(&mut all, &block, width);
        attention(&mut all, &block, "attn", width);
        attention(&mut all, &block, "cross_attn", width);
    }
    norm(&mut all, "decoder.ln", width);
    for (name, inputs) in [("encoder.conv1", dims.mels), ("encoder.conv2", width)] {
        all.push(Tensor::new(
            format!("{name}.weight"),
            &[width, inputs, 3],
            Kind::Convolution,
        ));
        all.push(Tensor::new(format!("{name}.bias"), &[width, 1], Kind::Small));
    }
    for layer in 0..dims.audio_layer {
        let block = format!("encoder.blocks.{layer}.");
        feed_forward(&mut all, &block, width);
        attention(&mut all, &block, "attn", width);
    }
    norm(&mut all, "encoder.ln_post", width);
    all
}

fn norm(all: &mut Vec<Tensor>, name: &str, width: u32) {
    all.push(Tensor::new(format!("{name}.weight"), &[width], Kind::Small));
    all.push(Tensor::new(format!("{name}.bias"), &[width], Kind::Small));
}

fn linear(all: &mut Vec<Tensor>, name: &str, outputs: u32, inputs: u32) {
    all.push(Tensor::new(
        format!("{name}.weight"),
        &[outputs, inputs],
        Kind::Matrix,
    ));
    all.push(Tensor::new(format!("{name}.bias"), &[outputs], Kind::Small));
}

fn feed_forward(all: &mut Vec<Tensor>, block: &str, width: u32) {
    norm(all, &format!("{block}mlp_ln"), width);
    linear(all, &format!("{block}mlp.0"), 4 * width, width);
    linear(all, &format!("{block}mlp.2"), width, 4 * width);
}

fn attention(all: &mut Vec<Tensor>, block: &str, name: &str, width: u32) {
    norm(all, &format!("{block}{name}_ln"), width);
    linear(all, &format!("{block}{name}.query"), width, width);
    // Whisper's keys have no bias: it would shift all scores of a query alike and change nothing.
    all.push(Tensor::new(
        format!("{block}{name}.key.weight"),
        &[width, width],
        Kind::Matrix,
    ));
    linear(all, &format!("{block}{name}.value"), width, width);
    linear(all, &format!("{block}{name}.out"), width, width);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_has_as_many_tensors_as_whisper_cpp_loads() {
        let dims = Dimensions::from_fields([51_864, 1500, 384, 6, 4, 448, 384, 6, 4, 80]);
        assert_eq!(dims.problem(), None);
        assert!(!dims.multilingual());
        let all = tensors(&dims);
        // 3 embeddings, 4 of the convolutions, 4 of the last norms, 15 an encoder layer, 24 a decoder layer.
        assert_eq!(all.len(), 3 + 4 + 4 + 4 * 15 + 4 * 24);
        let values: u64 = all.iter().map(Tensor::values).sum();
        // OpenAI counts 37,184,256 parameters; the encoder's fixed positions are none.
        assert_eq!(values, 37_184_256 + 1500 * 384);
    }

    #[test]
    fn impossible_dimensions_are_named() {
        let good = [51_864, 1500, 384, 6, 4, 448, 384, 6, 4, 80];
        for index in 0..10 {
            for bad in [0, u32::MAX] {
                let mut fields = good;
                fields[index] = bad;
                assert!(
                    Dimensions::from_fields(fields).problem().is_some(),
                    "field {index} as {bad}"
                );
            }
        }
        let mut uneven = good;
        uneven[2] = 512;
        assert!(
            Dimensions::from_fields(uneven)
                .problem()
                .unwrap()
                .contains("must be equal")
        );
    }
}
