//! A tiny faster-whisper folder, made by the tests.

use std::{collections::BTreeMap, fs, path::Path};

use half::f16;

/// Width 32, so that every row is one block.
pub(super) const WIDTH: u32 = 32;
pub(super) const TOKENS: u32 = 5;

/// How the fixture stores its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    F16,
    F32,
    I8,
}

/// A value that 16 bits hold exactly, different for neighbours and for variables.
pub(super) fn value(name: &str, index: u64) -> f32 {
    let seed = name.bytes().fold(7_u64, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    ((seed.wrapping_add(index * 37)) % 511) as f32 / 256.0 - 1.0
}

/// Shapes of all the variables.
pub(super) fn shapes() -> BTreeMap<String, Vec<u32>> {
    let w = WIDTH;
    let mut all = BTreeMap::new();
    let mut put = |name: String, shape: &[u32]| {
        all.insert(name, shape.to_vec());
    };
    put("decoder/embeddings/weight".into(), &[TOKENS, w]);
    put("decoder/position_encodings/encodings".into(), &[3, w]);
    put("encoder/position_encodings/encodings".into(), &[4, w]);
    put("encoder/conv1/weight".into(), &[w, 2, 3]);
    put("encoder/conv1/bias".into(), &[w]);
    put("encoder/conv2/weight".into(), &[w, w, 3]);
    put("encoder/conv2/bias".into(), &[w]);
    let mut block = |scope: &str, attentions: &[(&str, &[u32])]| {
        for (name, linears) in attentions {
            for (index, parts) in linears.iter().enumerate() {
                put(format!("{scope}/{name}/linear_{index}/weight"), &[parts * w, w]);
                put(format!("{scope}/{name}/linear_{index}/bias"), &[parts * w]);
            }
            put(format!("{scope}/{name}/layer_norm/gamma"), &[w]);
            put(format!("{scope}/{name}/layer_norm/beta"), &[w]);
        }
        put(format!("{scope}/ffn/linear_0/weight"), &[4 * w, w]);
        put(format!("{scope}/ffn/linear_0/bias"), &[4 * w]);
        put(format!("{scope}/ffn/linear_1/weight"), &[w, 4 * w]);
        put(format!("{scope}/ffn/linear_1/bias"), &[w]);
        put(format!("{scope}/ffn/layer_norm/gamma"), &[w]);
        put(format!("{scope}/ffn/layer_norm/beta"), &[w]);
    };
    block("encoder/layer_0", &[("self_attention", &[3, 1])]);
    block(
        "decoder/layer_0",
        &[("self_attention", &[3, 1]), ("attention", &[1, 2, 1])],
    );
    for side in ["encoder", "decoder"] {
        put(format!("{side}/layer_norm/gamma"), &[w]);
        put(format!("{side}/layer_norm/beta"), &[w]);
    }
    all
}

/// Whether a value belongs to the bias of keys, which is zero.
fn is_key_bias(name: &str, index: u64) -> bool {
    let w = u64::from(WIDTH);
    (name.ends_with("self_attention/linear_0/bias") && (w..2 * w).contains(&index))
        || (name.ends_with("/attention/linear_1/bias") && index < w)
}

pub(super) fn weight(name: &str, index: u64) -> f32 {
    if is_key_bias(name, index) {
        0.0
    } else {
        value(name, index)
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u16 + 1).to_le_bytes());
    out.extend(text.as_bytes());
    out.push(0);
}

fn variable(out: &mut Vec<u8>, name: &str, shape: &[u32], id: u8, data: &[u8]) {
    text(out, name);
    out.push(shape.len() as u8);
    out.extend(shape.iter().flat_map(|axis| axis.to_le_bytes()));
    out.push(id);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
}

/// The bytes of a `model.bin`; `change` may alter any weight.
pub(super) fn model_bin(store: Store, change: &dyn Fn(&str, u64, f32) -> f32) -> Vec<u8> {
    let mut body = Vec::new();
    let mut count = 0_u32;
    for (name, shape) in shapes() {
        let len = shape.iter().map(|&axis| u64::from(axis)).product::<u64>();
        let values: Vec<f32> = (0..len).map(|i| change(&name, i, weight(&name, i))).collect();
        let narrow = |values: &[f32]| {
            values
                .iter()
                .flat_map(|value| f16::from_f32(*value).to_le_bytes())
                .collect::<Vec<u8>>()
        };
        match store {
            Store::I8 if name.ends_with("weight") && !name.contains("conv") => {
                let rows = shape[0];
                let data: Vec<u8> = values
                    .iter()
                    .map(|value| (value * 64.0).round() as i8 as u8)
                    .collect();
                variable(&mut body, &name, &shape, 1, &data);
                let scales: Vec<u8> = (0..rows).flat_map(|_| 64.0_f32.to_le_bytes()).collect();
                variable(&mut body, &format!("{name}_scale"), &[rows], 0, &scales);
                count += 1;
            }
            Store::F32 => {
                let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                variable(&mut body, &name, &shape, 0, &data);
            }
            Store::F16 | Store::I8 => variable(&mut body, &name, &shape, 4, &narrow(&values)),
        }
        count += 1;
    }
    for side in ["encoder", "decoder"] {
        variable(
            &mut body,
            &format!("{side}/num_heads"),
            &[],
            2,
            &2_i16.to_le_bytes(),
        );
        count += 1;
    }
    let mut out = Vec::new();
    out.extend(6_u32.to_le_bytes());
    text(&mut out, "WhisperSpec");
    out.extend(3_u32.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(body);
    out.extend(1_u32.to_le_bytes());
    text(&mut out, "decoder/projection/weight");
    text(&mut out, "decoder/embeddings/weight");
    out
}

/// Puts a folder there.
pub(super) fn write_folder(dir: &Path, model_bin: &[u8]) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("model.bin"), model_bin).unwrap();
    fs::write(
        dir.join("vocabulary.txt"),
        "!\nĠa\nĊ\n<|endoftext|>\n<|startoftranscript|>\n",
    )
    .unwrap();
}

/// The folder with its weights as they are.
pub(super) fn plain(dir: &Path, store: Store) {
    write_folder(dir, &model_bin(store, &|_, _, value| value));
}
