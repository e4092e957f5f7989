//! `CTranslate2`'s `model.bin`, which faster-whisper uses.
//!
//! Little-endian: a version; the name of the model's kind and its revision; a count of variables, each
//! with its name, number of axes, axes (slowest first), type, size in bytes and data; a count of aliases
//! with the variable each stands for. A string is its length as 16 bits, the zero at its end counted,
//! and its bytes. Integer weights have a variable `…_scale` beside them: the value is the integer divided
//! by the scale, which is one number, or one a row. Source: `_serialize` and `_quantize` in `CTranslate2`'s
//! `python/ctranslate2/specs/model_spec.py`, and `Model::load` in its `src/models/model.cc`.

use std::{collections::HashMap, ops::Range, path::Path};

use half::{bf16, f16};

use super::{ModelError, input::Input};

/// The versions with types and sizes at each variable; 6 is what every faster-whisper model has.
const VERSIONS: std::ops::RangeInclusive<u32> = 4..=6;
const KIND: &str = "WhisperSpec";
/// Whisper large has about 900 variables of at most 3 axes and names of 60 letters.
const MAX_VARIABLES: u32 = 1 << 14;
const MAX_AXES: u8 = 4;
const MAX_NAME_BYTES: u16 = 256;
/// Values read at once.
const CHUNK: u64 = 1 << 16;

/// Number type of a variable, in `CTranslate2`'s numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    I8,
    I16,
    I32,
    F16,
    Bf16,
}

impl Number {
    fn from_id(id: u8) -> Option<Self> {
        [Self::F32, Self::I8, Self::I16, Self::I32, Self::F16, Self::Bf16]
            .get(usize::from(id))
            .copied()
    }

    fn size_bytes(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }

    /// Whether it needs a scale to be a weight.
    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32)
    }
}

/// A variable: where it lies and how to read it.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) shape: Vec<u32>,
    pub(super) number: Number,
    at: u64,
}

impl Variable {
    pub(super) fn values(&self) -> u64 {
        self.shape.iter().map(|&axis| u64::from(axis)).product()
    }

    /// Values in a row of the slowest axis.
    fn row(&self) -> u64 {
        self.shape.iter().skip(1).map(|&axis| u64::from(axis)).product()
    }
}

/// An open `model.bin`, whose variables are read when they are asked for.
#[derive(Debug)]
pub(super) struct Weights {
    input: Input,
    variables: HashMap<String, Variable>,
}

impl Weights {
    /// Reads the list of variables.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let mut input = Input::open(path)?;
        let version = input.u32("the version")?;
        if !VERSIONS.contains(&version) {
            return Err(input.malformed(format!(
                "it is no CTranslate2 model of version 4 to 6: it says {version}"
            )));
        }
        let kind = string(&mut input, "the model's kind")?;
        if kind != KIND {
            return Err(input.malformed(format!(
                "it holds a '{}' and no Whisper model",
                kind.escape_debug()
            )));
        }
        input.u32("the revision")?;
        let mut weights = Self {
            input,
            variables: HashMap::new(),
        };
        weights.read_variables()?;
        weights.read_aliases()?;
        if weights.input.remaining() > 0 {
            let extra = weights.input.remaining();
            return Err(weights.input.malformed(format!("{extra} bytes follow its end")));
        }
        Ok(weights)
    }

    fn read_variables(&mut self) -> Result<(), ModelError> {
        for _ in 0..count(&mut self.input, "variables")? {
            let name = string(&mut self.input, "a variable's name")?;
            let variable = read_variable(&mut self.input, &name)?;
            if self.variables.insert(name.clone(), variable).is_some() {
                return Err(self
                    .input
                    .malformed(format!("it holds '{}' twice", name.escape_debug())));
            }
        }
        Ok(())
    }

    fn read_aliases(&mut self) -> Result<(), ModelError> {
        for _ in 0..count(&mut self.input, "aliases")? {
            let alias = string(&mut self.input, "an alias")?;
            let name = string(&mut self.input, "an alias")?;
            // The scale goes with its weight.
            for suffix in ["", "_scale"] {
                if let Some(variable) = self.variables.get(&format!("{name}{suffix}")).cloned() {
                    self.variables
                        .entry(format!("{alias}{suffix}"))
                        .or_insert(variable);
                }
            }
        }
        Ok(())
    }

    pub(super) fn malformed(&self, detail: impl Into<String>) -> ModelError {
        self.input.malformed(detail)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    pub(super) fn variable(&self, name: &str) -> Result<&Variable, ModelError> {
        self.variables
            .get(name)
            .ok_or_else(|| self.malformed(format!("it has no '{name}'")))
    }

    /// A single positive integer, such as the number of attention heads.
    pub(super) fn integer(&mut self, name: &str) -> Result<u32, ModelError> {
        let variable = self.variable(name)?.clone();
        let mut read = None;
        if variable.shape.is_empty() && variable.number.is_integer() {
            self.raw(name, &variable, 0..1, &mut |values| {
                read = values.first().copied();
                Ok(())
            })?;
        }
        match read {
            Some(value) if value >= 1.0 => Ok(value as u32),
            _ => Err(self.malformed(format!("'{name}' is no positive integer"))),
        }
    }

    /// Hands over a range of a variable's values, piece by piece; every piece but the last has a
    /// multiple of 32 values. A value that is not finite is an error.
    pub(super) fn read(
        &mut self,
        name: &str,
        range: Range<u64>,
        sink: &mut dyn FnMut(&mut [f32]) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let variable = self.variable(name)?.clone();
        if !variable.number.is_integer() {
            return self.raw(name, &variable, range, sink);
        }
        let scales = self.scales(name, &variable)?;
        let (row, mut at) = (variable.row().max(1), range.start);
        self.raw(name, &variable, range, &mut |values| {
            for value in values.iter_mut() {
                let index = if scales.len() == 1 { 0 } else { (at / row) as usize };
                *value /= scales[index];
                at += 1;
            }
            sink(values)
        })
    }

    /// The scale of each row of an integer variable, or the one of all.
    fn scales(&mut self, name: &str, variable: &Variable) -> Result<Vec<f32>, ModelError> {
        let name = format!("{name}_scale");
        let scale = self.variable(&name)?.clone();
        let rows = variable.shape.first().copied().map_or(1, u64::from);
        if scale.number.is_integer() || !(scale.values() == 1 || scale.values() == rows) {
            return Err(self.malformed(format!("'{name}' is neither one number nor one a row")));
        }
        let mut scales = Vec::new();
        self.raw(&name, &scale, 0..scale.values(), &mut |values| {
            scales.extend_from_slice(values);
            Ok(())
        })?;
        if scales.iter().any(|scale| *scale <= 0.0) {
            return Err(self.malformed(format!("'{name}' holds a scale that is not positive")));
        }
        Ok(scales)
    }

    fn raw(
        &mut self,
        name: &str,
        variable: &Variable,
        range: Range<u64>,
        sink: &mut dyn FnMut(&mut [f32]) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let size_bytes = variable.number.size_bytes();
        self.input.seek(variable.at + range.start * size_bytes)?;
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        let mut left = range.end - range.start;
        while left > 0 {
            let now = left.min(CHUNK);
            bytes.resize((now * size_bytes) as usize, 0);
            self.input.fill(&mut bytes, name)?;
            values.clear();
            decode(variable.number, &bytes, &mut values);
            if values.iter().any(|value| !value.is_finite()) {
                return Err(self.malformed(format!("'{name}' holds a value that is not a number")));
            }
            sink(&mut values)?;
            left -= now;
        }
        Ok(())
    }
}

fn read_variable(input: &mut Input, name: &str) -> Result<Variable, ModelError> {
    let shown = name.escape_debug();
    let axes = input.u8("a variable's shape")?;
    if axes > MAX_AXES {
        return Err(input.malformed(format!("'{shown}' claims {axes} axes")));
    }
    let mut shape = Vec::with_capacity(usize::from(axes));
    for _ in 0..axes {
        shape.push(input.u32("a variable's shape")?);
    }
    let id = input.u8("a variable's type")?;
    let number = Number::from_id(id)
        .ok_or_else(|| input.malformed(format!("'{shown}' is of the unknown type {id}")))?;
    let size_bytes = u64::from(input.u32("a variable's size")?);
    let wanted = shape.iter().try_fold(number.size_bytes(), |product, &axis| {
        product.checked_mul(u64::from(axis))
    });
    if wanted != Some(size_bytes) {
        return Err(input.malformed(format!(
            "'{shown}' has {size_bytes} bytes, which is not what {shape:?} takes"
        )));
    }
    let at = input.at();
    input.skip(size_bytes, &format!("'{shown}'"))?;
    Ok(Variable { shape, number, at })
}

fn count(input: &mut Input, what: &str) -> Result<u32, ModelError> {
    let count = input.u32(&format!("the number of {what}"))?;
    if count > MAX_VARIABLES {
        return Err(input.malformed(format!("it claims {count} {what}")));
    }
    Ok(count)
}

fn string(input: &mut Input, what: &str) -> Result<String, ModelError> {
    let size_bytes = input.u16(what)?;
    if size_bytes == 0 || size_bytes > MAX_NAME_BYTES {
        return Err(input.malformed(format!("{what} claims {size_bytes} bytes")));
    }
    let mut text = input.text(size_bytes.into(), what)?;
    if text.pop() != Some('\0') {
        return Err(input.malformed(format!("{what} has no end")));
    }
    Ok(text)
}

fn decode(number: Number, bytes: &[u8], out: &mut Vec<f32>) {
    match number {
        Number::I8 => out.extend(bytes.iter().map(|&byte| f32::from(byte as i8))),
        Number::I16 => out.extend(pieces(bytes).map(|b| f32::from(i16::from_le_bytes(b)))),
        Number::F16 => out.extend(pieces(bytes).map(|b| f16::from_le_bytes(b).to_f32())),
        Number::Bf16 => out.extend(pieces(bytes).map(|b| bf16::from_le_bytes(b).to_f32())),
        Number::F32 => out.extend(pieces(bytes).map(f32::from_le_bytes)),
        Number::I32 => out.extend(pieces(bytes).map(|b| i32::from_le_bytes(b) as f32)),
    }
}

fn pieces<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
