//! Numbers as they stand in model files.

use half::f16;

use super::ggml::WeightType;

/// How exactly a conversion keeps the large weights. Small tensors are always kept as 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 16-bit floats: what `OpenAI` publishes, so nothing is lost.
    F16,
    /// Blocks of 32 8-bit integers with one 16-bit scale: half the size and memory traffic.
    Q8_0,
}

impl Precision {
    pub(super) fn weight_type(self) -> WeightType {
        match self {
            Self::F16 => WeightType::F16,
            Self::Q8_0 => WeightType::Q8_0,
        }
    }
}

impl std::str::FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "f16" => Ok(Self::F16),
            "q8_0" => Ok(Self::Q8_0),
            _ => Err(format!("'{text}' is no precision: there are f16 and q8_0")),
        }
    }
}

/// Values in a block of the quantised types.
pub(super) const BLOCK: usize = 32;

/// Appends values as 32-bit floats.
pub(super) fn put_f32(values: &[f32], out: &mut Vec<u8>) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// Appends values as 16-bit floats; says whether each of them kept its exact value.
pub(super) fn put_f16(values: &[f32], out: &mut Vec<u8>) -> bool {
    let mut exact = true;
    for &value in values {
        let short = f16::from_f32(value);
        exact &= short.to_f32().to_bits() == value.to_bits();
        out.extend(short.to_le_bytes());
    }
    exact
}

/// Appends values in blocks of 32: a 16-bit scale `d = max|x| / 127`, then each `x / d`, rounded half
/// away from zero. The same arithmetic, in the same order, as `quantize_row_q8_0_ref` in ggml's
/// `ggml-quants.c`, so that files come out byte for byte as whisper.cpp's own tool writes them.
/// The length must be a multiple of [`BLOCK`].
pub(super) fn put_q8_0(values: &[f32], out: &mut Vec<u8>) {
    for block in values.chunks_exact(BLOCK) {
        let largest = block
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = largest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend(f16::from_f32(scale).to_le_bytes());
        out.extend(
            block
                .iter()
                .flat_map(|value| ((value * inverse).round() as i8).to_le_bytes()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q8_0_blocks_scale_by_their_largest_value() {
        let mut values = [0.0; 64];
        values[0] = -127.0;
        values[1] = 63.5;
        values[2] = -0.5;
        let mut out = Vec::new();
        put_q8_0(&values, &mut out);
        assert_eq!(out.len(), 2 * 34);
        assert_eq!(out[..2], f16::from_f32(1.0).to_le_bytes());
        assert_eq!(
            out[2..5].iter().map(|&b| b as i8).collect::<Vec<_>>(),
            [-127, 64, -1]
        );
        assert_eq!(out[34..], [0; 34], "a block of zeros has no scale to divide by");
    }

    #[test]
    fn f16_says_what_it_loses() {
        let mut out = Vec::new();
        assert!(put_f16(&[1.0, -0.125, 65504.0], &mut out));
        assert!(!put_f16(&[0.1], &mut out));
        assert!(!put_f16(&[1e6], &mut out), "beyond the range");
        assert_eq!(out.len(), 10);
    }
}
