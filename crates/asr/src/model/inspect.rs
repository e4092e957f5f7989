//! Checking a ggml file against its layout, without loading it.

use std::{collections::HashMap, path::Path};

use super::{
    Dimensions, ModelError, WeightType,
    ggml::{MAGIC, Tensor, VERSION_FACTOR, tensors},
    input::Input,
    mel,
};

/// No token and no tensor name is longer.
const MAX_NAME_BYTES: u32 = 1024;

/// What a ggml file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The model's shape.
    pub dimensions: Dimensions,
    /// How its large weights are stored.
    pub weights: WeightType,
    /// Whether it knows languages other than English.
    pub multilingual: bool,
    /// Length of the file.
    pub size_bytes: u64,
}

/// Reads a ggml file's structure: header, filter bank, vocabulary, and that every tensor is there once,
/// in its shape and type, with all its bytes and none left over. whisper.cpp trusts these numbers, so a
/// file of unknown origin is to pass here before it is loaded. Reads some kilobytes of the file; whether
/// the weights are the right ones, only a hash can say ([`super::verify`]).
///
/// # Errors
/// [`ModelError::Io`], and [`ModelError::Malformed`] with what is wrong.
pub fn inspect(path: &Path) -> Result<Description, ModelError> {
    let mut input = Input::open(path)?;
    let magic = input.u32("the magic number")?;
    if magic != MAGIC {
        return Err(input.malformed(format!(
            "it starts with {magic:#010x} and not with ggml's {MAGIC:#010x}"
        )));
    }
    let mut fields = [0; 10];
    for field in &mut fields {
        *field = input.u32("the dimensions")?;
    }
    let dimensions = Dimensions::from_fields(fields);
    if let Some(problem) = dimensions.problem() {
        return Err(input.malformed(problem));
    }
    let file_type = input.u32("the weight type")?;
    let weights = WeightType::from_file_type(file_type % VERSION_FACTOR)
        .ok_or_else(|| input.malformed(format!("its weights are of the unknown type {file_type}")))?;
    skip_filters(&mut input, &dimensions)?;
    skip_vocabulary(&mut input, &dimensions)?;
    check_tensors(&mut input, &dimensions, weights)?;
    Ok(Description {
        dimensions,
        weights,
        multilingual: dimensions.multilingual(),
        size_bytes: input.len(),
    })
}

fn skip_filters(input: &mut Input, dims: &Dimensions) -> Result<(), ModelError> {
    let what = "the mel filters";
    let (bands, bins) = (input.u32(what)?, input.u32(what)?);
    if (bands, bins) != (dims.mels, mel::BINS) {
        return Err(input.malformed(format!(
            "its filter bank is {bands} by {bins} and should be {} by {}",
            dims.mels,
            mel::BINS
        )));
    }
    input.skip(u64::from(bands) * u64::from(bins) * 4, what)
}

fn skip_vocabulary(input: &mut Input, dims: &Dimensions) -> Result<(), ModelError> {
    let count = input.u32("the vocabulary")?;
    if count == 0 || count > dims.vocab {
        return Err(input.malformed(format!("it lists {count} tokens of {}", dims.vocab)));
    }
    for token in 0..count {
        let size_bytes = input.u32("the vocabulary")?;
        if size_bytes > MAX_NAME_BYTES {
            return Err(input.malformed(format!("its token {token} claims {size_bytes} bytes")));
        }
        input.skip(u64::from(size_bytes), "the vocabulary")?;
    }
    Ok(())
}

fn check_tensors(input: &mut Input, dims: &Dimensions, weights: WeightType) -> Result<(), ModelError> {
    let mut missing: HashMap<String, Tensor> = tensors(dims)
        .into_iter()
        .map(|tensor| (tensor.name.clone(), tensor))
        .collect();
    while input.remaining() > 0 {
        let what = "a tensor's description";
        let (axes, name_bytes, found_type) = (input.u32(what)?, input.u32(what)?, input.u32(what)?);
        if !(1..=3).contains(&axes) || name_bytes > MAX_NAME_BYTES {
            let start = input.at() - 12;
            return Err(input.malformed(format!("byte {start} should be a tensor and is not")));
        }
        let mut shape = Vec::with_capacity(3);
        for _ in 0..axes {
            shape.insert(0, input.u32(what)?);
        }
        let name = input.text(name_bytes.into(), what)?;
        let Some(tensor) = missing.remove(&name) else {
            return Err(input.malformed(format!(
                "it holds the tensor '{}' twice or without need",
                name.escape_debug()
            )));
        };
        if shape != tensor.shape {
            let expected = &tensor.shape;
            return Err(input.malformed(format!(
                "'{name}' has the shape {shape:?} and should have {expected:?}"
            )));
        }
        let stored = tensor.kind.stored(weights);
        if found_type != stored.tensor_type() {
            return Err(input.malformed(format!("'{name}' is of type {found_type} and should be {stored}")));
        }
        let size_bytes = tensor
            .size_bytes(weights)
            .ok_or_else(|| input.malformed(format!("'{name}' can't be stored as {stored}")))?;
        input.skip(size_bytes, &format!("'{name}'"))?;
    }
    match missing.keys().min() {
        None => Ok(()),
        Some(name) => Err(input.malformed(format!("{} tensors are missing, '{name}' first", missing.len()))),
    }
}
