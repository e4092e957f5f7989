//! From a faster-whisper folder to a ggml file.

use std::{ops::Range, path::Path};

use super::{
    Dimensions, ModelError, Precision, Progress, Step, WeightType,
    ct2::Weights,
    files::{Draft, Finished},
    ggml::{MAGIC, QUANTISATION_VERSION, Tensor, VERSION_FACTOR, tensors},
    mel, precision, vocabulary,
};

/// A conversion that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The model's shape.
    pub dimensions: Dimensions,
    /// How the large weights are stored.
    pub weights: WeightType,
    /// Whether every single weight has kept its exact value. Not so with 8-bit integers on either side,
    /// and not where 32-bit source weights have digits that 16 bits can't hold.
    pub lossless: bool,
    /// Length of the file written.
    pub size_bytes: u64,
    /// SHA-256 of the file written, in hex. The same folder always gives the same file.
    pub sha256: String,
}

/// Writes the faster-whisper model in `dir` (`model.bin`, and `vocabulary.json` or `vocabulary.txt`) as
/// a ggml file at `out`, over what may be there. All that the conversion needs to know stands in these
/// two files; the others of the folder are not read. Weights stored as 8- or 16-bit integers become
/// floats by their scales. From `OpenAI`'s weights the result is, byte for byte, the file that whisper.cpp
/// publishes. Memory use is a few megabytes at any model size.
///
/// # Errors
/// [`ModelError::Io`]; [`ModelError::Malformed`] for a folder that is damaged or holds another model.
/// Nothing is left at `out` then that was not there before.
pub fn convert(
    dir: &Path,
    out: &Path,
    precision: Precision,
    progress: &dyn Progress,
) -> Result<Converted, ModelError> {
    let (file, converted) = draft(dir, out, precision, progress)?;
    file.publish(out)?;
    Ok(converted)
}

/// [`convert`], without putting the file in its place yet.
pub(super) fn draft(
    dir: &Path,
    out: &Path,
    precision: Precision,
    progress: &dyn Progress,
) -> Result<(Finished, Converted), ModelError> {
    let mut source = Weights::open(&dir.join("model.bin"))?;
    let dimensions = dimensions(&mut source)?;
    let tokens = vocabulary::read(dir, dimensions.vocab, dimensions.multilingual())?;
    let weights = precision.weight_type();
    let layout = tensors(&dimensions);
    check_layout(&source, &layout, weights)?;
    check_key_biases(&mut source, &dimensions)?;
    let total = layout
        .iter()
        .filter_map(|tensor| tensor.size_bytes(weights))
        .sum();

    let mut file = Draft::new(out)?;
    write_head(&mut file, &dimensions, weights, &tokens)?;
    let mut lossless = true;
    for tensor in &layout {
        lossless &= write_tensor(&mut file, &mut source, tensor, weights)?;
        progress.bytes(Step::Convert, file.size_bytes().min(total), total);
    }
    let size_bytes = file.size_bytes();
    let (file, sha256) = file.finish()?;
    Ok((
        file,
        Converted {
            dimensions,
            weights,
            lossless,
            size_bytes,
            sha256,
        },
    ))
}

/// The model's shape, as the shapes of its variables tell it.
fn dimensions(source: &mut Weights) -> Result<Dimensions, ModelError> {
    let axis = |source: &Weights, name: &str, axis: usize| {
        let shape = &source.variable(name)?.shape;
        let found = shape.get(axis).copied();
        found.ok_or_else(|| {
            source.malformed(format!(
                "'{name}' has the shape {shape:?}, which is not Whisper's"
            ))
        })
    };
    let layers = |source: &Weights, side: &str| {
        (0..=256_u32)
            .find(|layer| !source.has(&format!("{side}/layer_{layer}/ffn/linear_0/weight")))
            .unwrap_or(257)
    };
    let dimensions = Dimensions {
        vocab: axis(source, "decoder/embeddings/weight", 0)?,
        audio_ctx: axis(source, "encoder/position_encodings/encodings", 0)?,
        audio_state: axis(source, "encoder/position_encodings/encodings", 1)?,
        audio_head: source.integer("encoder/num_heads")?,
        audio_layer: layers(source, "encoder"),
        text_ctx: axis(source, "decoder/position_encodings/encodings", 0)?,
        text_state: axis(source, "decoder/position_encodings/encodings", 1)?,
        text_head: source.integer("decoder/num_heads")?,
        text_layer: layers(source, "decoder"),
        mels: axis(source, "encoder/conv1/weight", 1)?,
    };
    match dimensions.problem() {
        Some(problem) => Err(source.malformed(problem)),
        None => Ok(dimensions),
    }
}

/// Where a tensor's values lie: a variable, and which of its equal parts.
struct Origin {
    variable: String,
    part: u64,
    parts: u64,
}

impl Origin {
    /// `CTranslate2` joins what is multiplied with the same input: query, key and value of
    /// self-attention, key and value of cross-attention.
    fn of(tensor: &str) -> Option<Self> {
        let whole = |variable: &str| {
            Some(Self {
                variable: variable.to_owned(),
                part: 0,
                parts: 1,
            })
        };
        match tensor {
            "decoder.positional_embedding" => return whole("decoder/position_encodings/encodings"),
            "encoder.positional_embedding" => return whole("encoder/position_encodings/encodings"),
            "decoder.token_embedding.weight" => return whole("decoder/embeddings/weight"),
            _ => {}
        }
        let (stem, leaf) = tensor.rsplit_once('.')?;
        let (scope, module) = match stem.split_once(".blocks.") {
            Some((side, rest)) => {
                let (layer, module) = rest.split_once('.')?;
                (format!("{side}/layer_{layer}"), module)
            }
            None => stem
                .split_once('.')
                .map(|(side, module)| (side.to_owned(), module))?,
        };
        let (path, part, parts) = match module {
            "conv1" => ("conv1", 0, 1),
            "conv2" => ("conv2", 0, 1),
            "ln" | "ln_post" => ("layer_norm", 0, 1),
            "mlp_ln" => ("ffn/layer_norm", 0, 1),
            "mlp.0" => ("ffn/linear_0", 0, 1),
            "mlp.2" => ("ffn/linear_1", 0, 1),
            "attn_ln" => ("self_attention/layer_norm", 0, 1),
            "attn.query" => ("self_attention/linear_0", 0, 3),
            "attn.key" => ("self_attention/linear_0", 1, 3),
            "attn.value" => ("self_attention/linear_0", 2, 3),
            "attn.out" => ("self_attention/linear_1", 0, 1),
            "cross_attn_ln" => ("attention/layer_norm", 0, 1),
            "cross_attn.query" => ("attention/linear_0", 0, 1),
            "cross_attn.key" => ("attention/linear_1", 0, 2),
            "cross_attn.value" => ("attention/linear_1", 1, 2),
            "cross_attn.out" => ("attention/linear_2", 0, 1),
            _ => return None,
        };
        let leaf = match (path.ends_with("layer_norm"), leaf) {
            (true, "weight") => "gamma",
            (true, _) => "beta",
            (false, leaf) => leaf,
        };
        Some(Self {
            variable: format!("{scope}/{path}/{leaf}"),
            part,
            parts,
        })
    }

    /// Indices of a tensor's values within the variable.
    fn range(&self, values: u64) -> Range<u64> {
        self.part * values..(self.part + 1) * values
    }
}

fn origin(source: &Weights, tensor: &str) -> Result<Origin, ModelError> {
    Origin::of(tensor).ok_or_else(|| source.malformed(format!("'{tensor}' has no known place in it")))
}

/// Holds every variable against the tensor it becomes, before anything is written.
fn check_layout(source: &Weights, layout: &[Tensor], weights: WeightType) -> Result<(), ModelError> {
    for tensor in layout {
        let origin = origin(source, &tensor.name)?;
        let variable = source.variable(&origin.variable)?;
        let mut expected = tensor.shape.clone();
        // A convolution's bias is a column there and a list here.
        if matches!(tensor.name.as_str(), "encoder.conv1.bias" | "encoder.conv2.bias") {
            expected.pop();
        }
        if let Some(first) = expected.first_mut() {
            *first *= origin.parts as u32;
        }
        if variable.shape != expected {
            let (name, shape) = (&origin.variable, &variable.shape);
            return Err(source.malformed(format!(
                "'{name}' has the shape {shape:?} and should have {expected:?}"
            )));
        }
        if tensor.size_bytes(weights).is_none() {
            return Err(source.malformed(format!(
                "'{}' can't be stored as {weights}: its rows are no multiple of {}; convert to f16",
                origin.variable,
                precision::BLOCK
            )));
        }
    }
    Ok(())
}

fn write_head(
    file: &mut Draft,
    dimensions: &Dimensions,
    weights: WeightType,
    tokens: &[Vec<u8>],
) -> Result<(), ModelError> {
    let version = if weights.is_quantised() {
        QUANTISATION_VERSION * VERSION_FACTOR
    } else {
        0
    };
    write_numbers(file, &[MAGIC])?;
    write_numbers(file, &dimensions.fields())?;
    write_numbers(file, &[version + weights.file_type(), dimensions.mels, mel::BINS])?;
    file.write(&mel::filter_bank(dimensions.mels))?;
    write_numbers(file, &[tokens.len() as u32])?;
    for token in tokens {
        write_numbers(file, &[token.len() as u32])?;
        file.write(token)?;
    }
    Ok(())
}

fn write_numbers(file: &mut Draft, numbers: &[u32]) -> Result<(), ModelError> {
    numbers
        .iter()
        .try_for_each(|number| file.write(&number.to_le_bytes()))
}

/// Writes one tensor; says whether its values are exactly the source's.
fn write_tensor(
    file: &mut Draft,
    source: &mut Weights,
    tensor: &Tensor,
    weights: WeightType,
) -> Result<bool, ModelError> {
    let stored = tensor.kind.stored(weights);
    write_numbers(
        file,
        &[
            tensor.shape.len() as u32,
            tensor.name.len() as u32,
            stored.tensor_type(),
        ],
    )?;
    for &axis in tensor.shape.iter().rev() {
        write_numbers(file, &[axis])?;
    }
    file.write(tensor.name.as_bytes())?;

    let origin = origin(source, &tensor.name)?;
    let mut exact = !source.variable(&origin.variable)?.number.is_integer() && !stored.is_quantised();
    let mut bytes = Vec::new();
    source.read(&origin.variable, origin.range(tensor.values()), &mut |values| {
        bytes.clear();
        match stored {
            WeightType::F32 => precision::put_f32(values, &mut bytes),
            WeightType::F16 => exact &= precision::put_f16(values, &mut bytes),
            // Precision knows no other quantised type.
            _ => precision::put_q8_0(values, &mut bytes),
        }
        file.write(&bytes)
    })?;
    Ok(exact)
}

/// `CTranslate2` fills the bias that Whisper's keys don't have with zeros; a model that has one there
/// would be another model without it.
fn check_key_biases(source: &mut Weights, dims: &Dimensions) -> Result<(), ModelError> {
    let encoder = (0..dims.audio_layer).map(|layer| format!("encoder.blocks.{layer}.attn.key.bias"));
    let decoder = (0..dims.text_layer).flat_map(|layer| {
        ["attn", "cross_attn"].map(|name| format!("decoder.blocks.{layer}.{name}.key.bias"))
    });
    for name in encoder.chain(decoder) {
        let origin = origin(source, &name)?;
        let mut zero = true;
        source.read(
            &origin.variable,
            origin.range(dims.text_state.into()),
            &mut |values| {
                zero &= values.iter().all(|value| *value == 0.0);
                Ok(())
            },
        )?;
        if !zero {
            let variable = &origin.variable;
            return Err(source.malformed(format!("'{variable}' has a bias for keys, which Whisper has not")));
        }
    }
    Ok(())
}
