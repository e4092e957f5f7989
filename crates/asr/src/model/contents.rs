//! Reading a ggml file's contents, row by row, for the native engine.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use half::f16;

use super::{
    Dimensions, ModelError, WeightType,
    ggml::{MAGIC, Tensor, VERSION_FACTOR, tensors},
    input::Input,
    inspect, mel,
    precision::BLOCK,
};

/// A ggml file that has passed [`inspect`], with the places of its tensors.
#[derive(Debug)]
pub(crate) struct Contents {
    input: Input,
    path: PathBuf,
    weights: WeightType,
    places: HashMap<String, (u64, Tensor)>,
    /// The model's shape.
    pub(crate) dimensions: Dimensions,
    /// The mel filter bank: for each band 201 weights.
    pub(crate) filters: Vec<f32>,
    /// The tokens that stand for text, as bytes, by id.
    pub(crate) tokens: Vec<Vec<u8>>,
}

impl Contents {
    /// Reads all but the tensors' data.
    ///
    /// # Errors
    /// As for [`inspect`], and [`ModelError::Malformed`] for weights other than f32, f16 and `q8_0`.
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let description = inspect(path)?;
        let (dimensions, weights) = (description.dimensions, description.weights);
        if !matches!(weights, WeightType::F32 | WeightType::F16 | WeightType::Q8_0) {
            let detail = format!("its weights are {weights}, and this engine reads f32, f16 and q8_0");
            return Err(ModelError::malformed(path, detail));
        }
        let mut input = Input::open(path)?;
        if input.u32("the magic number")? != MAGIC {
            return Err(input.malformed("it has changed while it was read"));
        }
        input.skip(10 * 4, "the dimensions")?;
        let file_type = input.u32("the weight type")?;
        if WeightType::from_file_type(file_type % VERSION_FACTOR) != Some(weights) {
            return Err(input.malformed("it has changed while it was read"));
        }
        input.skip(8, "the mel filters")?;
        let filters = read_floats(&mut input, dimensions.mels as usize * mel::BINS as usize)?;
        let tokens = read_tokens(&mut input, &dimensions)?;
        let places = find_tensors(&mut input, &dimensions, weights)?;
        Ok(Self {
            input,
            path: path.to_owned(),
            weights,
            places,
            dimensions,
            filters,
            tokens,
        })
    }

    /// Reads a tensor and hands each of its rows, counted along the slowest axis, to `each`.
    pub(crate) fn rows(&mut self, name: &str, mut each: impl FnMut(usize, &[f32])) -> Result<(), ModelError> {
        let Some((start, tensor)) = self.places.get(name) else {
            return Err(ModelError::malformed(
                &self.path,
                format!("it has no tensor '{name}'"),
            ));
        };
        let rows = tensor.shape.first().map_or(0, |&rows| rows as usize);
        let width = (tensor.values() as usize).checked_div(rows).unwrap_or(0);
        let stored = tensor.kind.stored(self.weights);
        let (block, block_bytes) = stored.block();
        self.input.seek(*start)?;
        let mut bytes = vec![0; width / block as usize * block_bytes as usize];
        let mut row = vec![0.0; width];
        for index in 0..rows {
            self.input.fill(&mut bytes, name)?;
            decode(stored, &bytes, &mut row);
            each(index, &row);
        }
        Ok(())
    }

    /// Reads a tensor whole.
    pub(crate) fn floats(&mut self, name: &str) -> Result<Vec<f32>, ModelError> {
        let mut all = Vec::new();
        self.rows(name, |_, row| all.extend_from_slice(row))?;
        Ok(all)
    }
}

fn read_floats(input: &mut Input, count: usize) -> Result<Vec<f32>, ModelError> {
    let mut bytes = vec![0; count * 4];
    input.fill(&mut bytes, "the mel filters")?;
    let mut values = vec![0.0; count];
    decode(WeightType::F32, &bytes, &mut values);
    Ok(values)
}

fn read_tokens(input: &mut Input, dimensions: &Dimensions) -> Result<Vec<Vec<u8>>, ModelError> {
    let what = "the vocabulary";
    let count = input.u32(what)?.min(dimensions.vocab);
    let mut tokens = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let size_bytes = input.u32(what)?.min(1 << 10);
        let mut token = vec![0; size_bytes as usize];
        input.fill(&mut token, what)?;
        tokens.push(token);
    }
    Ok(tokens)
}

/// Where each tensor's data begins.
fn find_tensors(
    input: &mut Input,
    dimensions: &Dimensions,
    weights: WeightType,
) -> Result<HashMap<String, (u64, Tensor)>, ModelError> {
    let what = "a tensor's description";
    let mut wanted: HashMap<_, _> = tensors(dimensions)
        .into_iter()
        .map(|tensor| (tensor.name.clone(), tensor))
        .collect();
    let mut places = HashMap::new();
    while input.remaining() > 0 {
        let (axes, name_bytes) = (input.u32(what)?, input.u32(what)?);
        input.skip(4 + 4 * u64::from(axes), what)?;
        let name = input.text(name_bytes.into(), what)?;
        let known = wanted.remove(&name);
        let size_bytes = known.as_ref().and_then(|tensor| tensor.size_bytes(weights));
        let (Some(tensor), Some(size_bytes)) = (known, size_bytes) else {
            return Err(input.malformed("it has changed while it was read"));
        };
        places.insert(name, (input.at(), tensor));
        input.skip(size_bytes, what)?;
    }
    Ok(places)
}

/// Turns stored numbers into floats. Other types than f32, f16 and `q8_0` are not let in.
fn decode(stored: WeightType, bytes: &[u8], out: &mut [f32]) {
    match stored {
        WeightType::F32 => {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *value = f32::from_le_bytes(*bytes);
            }
        }
        WeightType::F16 => {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *value = f16::from_le_bytes(*bytes).to_f32();
            }
        }
        _ => {
            let blocks = bytes.as_chunks::<{ 2 + BLOCK }>().0;
            for (values, block) in out.chunks_mut(BLOCK).zip(blocks) {
                let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
                for (value, &integer) in values.iter_mut().zip(&block[2..]) {
                    *value = f32::from(integer as i8) * scale;
                }
            }
        }
    }
}

/// A file of weights that are zero, for tests.
#[cfg(test)]
pub(crate) fn blank_model(fields: [u32; 10], file_type: u32) -> Vec<u8> {
    let weights = WeightType::from_file_type(file_type).unwrap();
    let dimensions = Dimensions::from_fields(fields);
    let filters = [dimensions.mels, mel::BINS];
    let header = [MAGIC]
        .into_iter()
        .chain(fields)
        .chain([file_type])
        .chain(filters);
    let mut bytes: Vec<u8> = header.flat_map(u32::to_le_bytes).collect();
    bytes.resize(bytes.len() + (dimensions.mels * mel::BINS * 4) as usize, 0);
    bytes.extend([1, 1].into_iter().flat_map(u32::to_le_bytes));
    bytes.push(b'a');
    for tensor in tensors(&dimensions) {
        let axes = tensor.shape.iter().rev().copied();
        let kind = tensor.kind.stored(weights).tensor_type();
        let head = [tensor.shape.len() as u32, tensor.name.len() as u32, kind];
        bytes.extend(head.into_iter().chain(axes).flat_map(u32::to_le_bytes));
        bytes.extend(tensor.name.bytes());
        let size = tensor.size_bytes(weights).unwrap();
        bytes.resize(bytes.len() + size as usize, 0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{
        super::precision::{put_f16, put_q8_0},
        *,
    };

    #[test]
    fn stored_numbers_are_read_back() {
        let values: Vec<f32> = (0..64).map(|i| (i as f32 - 20.0) / 8.0).collect();
        let mut read = vec![0.0; 64];
        let mut bytes = Vec::new();
        put_f16(&values, &mut bytes);
        decode(WeightType::F16, &bytes, &mut read);
        assert_eq!(read, values);
        bytes.clear();
        put_q8_0(&values, &mut bytes);
        decode(WeightType::Q8_0, &bytes, &mut read);
        for (read, value) in read.iter().zip(&values) {
            assert!((read - value).abs() < 0.05, "{read} for {value}");
        }
    }
}
