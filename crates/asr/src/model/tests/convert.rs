use std::{collections::HashMap, fs, path::Path};

use half::f16;

use super::fixture::{self, Store, WIDTH, weight};
use crate::model::{
    Converted, ModelError, Precision, Silent, WeightType, convert, ct2::Weights, inspect, mel,
};

fn run(dir: &Path, precision: Precision) -> (Converted, Vec<u8>) {
    let out = dir.join("out.bin");
    let converted = convert(dir, &out, precision, &Silent).unwrap();
    (converted, fs::read(&out).unwrap())
}

fn folder(store: Store) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fixture::plain(dir.path(), store);
    dir
}

struct Found {
    axes: Vec<u32>,
    kind: u32,
    data: Vec<u8>,
}

/// Reads a ggml file in the plainest way: nothing shared with the code under test.
fn parse(bytes: &[u8]) -> (Vec<u32>, Vec<Vec<u8>>, HashMap<String, Found>) {
    let mut rest = bytes;
    let mut take = |n: usize| {
        let (now, later) = rest.split_at(n);
        rest = later;
        now.to_vec()
    };
    let number = |bytes: Vec<u8>| u32::from_le_bytes(bytes.try_into().unwrap());
    let head: Vec<u32> = (0..14).map(|_| number(take(4))).collect();
    take((head[12] * head[13] * 4) as usize);
    let tokens = (0..number(take(4)))
        .map(|_| {
            let len = number(take(4));
            take(len as usize)
        })
        .collect();
    let mut found = HashMap::new();
    for _ in 0..3 + 4 + 4 + 15 + 24 {
        let (axes, len, kind) = (number(take(4)), number(take(4)), number(take(4)));
        let axes: Vec<u32> = (0..axes).map(|_| number(take(4))).collect();
        let name = String::from_utf8(take(len as usize)).unwrap();
        let values: u32 = axes.iter().product();
        let size = match kind {
            0 => values * 4,
            1 => values * 2,
            8 => values / 32 * 34,
            other => panic!("type {other}"),
        };
        found.insert(
            name,
            Found {
                axes,
                kind,
                data: take(size as usize),
            },
        );
    }
    assert!(rest.is_empty());
    (head, tokens, found)
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn f16s(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(2)
        .map(|b| f16::from_le_bytes(b.try_into().unwrap()).to_f32())
        .collect()
}

fn expected(variable: &str, from: u32, len: u32) -> Vec<f32> {
    (from..from + len)
        .map(|index| weight(variable, index.into()))
        .collect()
}

#[test]
fn the_head_and_the_tokens_are_whispers() {
    let dir = folder(Store::F16);
    let (converted, bytes) = run(dir.path(), Precision::F16);
    let (head, tokens, _) = parse(&bytes);
    assert_eq!(head, [0x6767_6d6c, 5, 4, 32, 2, 1, 3, 32, 2, 1, 2, 1, 2, 201]);
    assert_eq!(bytes[56..56 + 2 * 201 * 4], mel::filter_bank(2));
    assert_eq!(
        tokens,
        [
            b"!".to_vec(),
            b" a".to_vec(),
            b"\n".to_vec(),
            b"<|endoftext|>".to_vec()
        ]
    );
    assert!(converted.lossless);
    assert_eq!(converted.size_bytes, bytes.len() as u64);
    let description = inspect(&dir.path().join("out.bin")).unwrap();
    assert_eq!(description.dimensions, converted.dimensions);
    assert_eq!(
        (description.weights, description.multilingual),
        (WeightType::F16, false)
    );
}

#[test]
fn every_matrix_holds_its_part_of_its_variable() {
    let dir = folder(Store::F16);
    let (_, bytes) = run(dir.path(), Precision::F16);
    let (.., found) = parse(&bytes);
    let w = WIDTH;
    let matrices: &[(&str, &[u32], &str, u32)] = &[
        (
            "decoder.token_embedding.weight",
            &[w, 5],
            "decoder/embeddings/weight",
            0,
        ),
        ("encoder.conv1.weight", &[3, 2, w], "encoder/conv1/weight", 0),
        ("encoder.conv2.weight", &[3, w, w], "encoder/conv2/weight", 0),
        (
            "encoder.blocks.0.attn.query.weight",
            &[w, w],
            "encoder/layer_0/self_attention/linear_0/weight",
            0,
        ),
        (
            "encoder.blocks.0.attn.key.weight",
            &[w, w],
            "encoder/layer_0/self_attention/linear_0/weight",
            1,
        ),
        (
            "encoder.blocks.0.attn.value.weight",
            &[w, w],
            "encoder/layer_0/self_attention/linear_0/weight",
            2,
        ),
        (
            "encoder.blocks.0.attn.out.weight",
            &[w, w],
            "encoder/layer_0/self_attention/linear_1/weight",
            0,
        ),
        (
            "decoder.blocks.0.attn.value.weight",
            &[w, w],
            "decoder/layer_0/self_attention/linear_0/weight",
            2,
        ),
        (
            "decoder.blocks.0.cross_attn.query.weight",
            &[w, w],
            "decoder/layer_0/attention/linear_0/weight",
            0,
        ),
        (
            "decoder.blocks.0.cross_attn.key.weight",
            &[w, w],
            "decoder/layer_0/attention/linear_1/weight",
            0,
        ),
        (
            "decoder.blocks.0.cross_attn.value.weight",
            &[w, w],
            "decoder/layer_0/attention/linear_1/weight",
            1,
        ),
        (
            "decoder.blocks.0.cross_attn.out.weight",
            &[w, w],
            "decoder/layer_0/attention/linear_2/weight",
            0,
        ),
        (
            "decoder.blocks.0.mlp.0.weight",
            &[w, 4 * w],
            "decoder/layer_0/ffn/linear_0/weight",
            0,
        ),
        (
            "decoder.blocks.0.mlp.2.weight",
            &[4 * w, w],
            "decoder/layer_0/ffn/linear_1/weight",
            0,
        ),
    ];
    for &(name, axes, variable, part) in matrices {
        let tensor = &found[name];
        let len: u32 = axes.iter().product();
        assert_eq!((tensor.kind, tensor.axes.as_slice()), (1, axes), "{name}");
        assert_eq!(f16s(&tensor.data), expected(variable, part * len, len), "{name}");
    }
}

#[test]
fn every_small_tensor_holds_its_part_of_its_variable() {
    let dir = folder(Store::F16);
    let (_, bytes) = run(dir.path(), Precision::F16);
    let (.., found) = parse(&bytes);
    let w = WIDTH;
    let small: &[(&str, &[u32], &str, u32)] = &[
        (
            "decoder.positional_embedding",
            &[w, 3],
            "decoder/position_encodings/encodings",
            0,
        ),
        (
            "encoder.positional_embedding",
            &[w, 4],
            "encoder/position_encodings/encodings",
            0,
        ),
        ("encoder.conv1.bias", &[1, w], "encoder/conv1/bias", 0),
        ("encoder.conv2.bias", &[1, w], "encoder/conv2/bias", 0),
        ("encoder.ln_post.weight", &[w], "encoder/layer_norm/gamma", 0),
        ("decoder.ln.bias", &[w], "decoder/layer_norm/beta", 0),
        (
            "encoder.blocks.0.attn_ln.weight",
            &[w],
            "encoder/layer_0/self_attention/layer_norm/gamma",
            0,
        ),
        (
            "decoder.blocks.0.cross_attn_ln.bias",
            &[w],
            "decoder/layer_0/attention/layer_norm/beta",
            0,
        ),
        (
            "encoder.blocks.0.mlp_ln.bias",
            &[w],
            "encoder/layer_0/ffn/layer_norm/beta",
            0,
        ),
        (
            "encoder.blocks.0.attn.query.bias",
            &[w],
            "encoder/layer_0/self_attention/linear_0/bias",
            0,
        ),
        (
            "encoder.blocks.0.attn.value.bias",
            &[w],
            "encoder/layer_0/self_attention/linear_0/bias",
            2,
        ),
        (
            "decoder.blocks.0.cross_attn.value.bias",
            &[w],
            "decoder/layer_0/attention/linear_1/bias",
            1,
        ),
        (
            "decoder.blocks.0.mlp.0.bias",
            &[4 * w],
            "decoder/layer_0/ffn/linear_0/bias",
            0,
        ),
    ];
    for &(name, axes, variable, part) in small {
        let tensor = &found[name];
        let len: u32 = axes.iter().product();
        assert_eq!((tensor.kind, tensor.axes.as_slice()), (0, axes), "{name}");
        assert_eq!(f32s(&tensor.data), expected(variable, part * len, len), "{name}");
    }
    assert!(!found.keys().any(|name| name.ends_with("key.bias")));
}

#[test]
fn the_same_weights_give_the_same_file_from_16_and_32_bits() {
    let (short, long) = (folder(Store::F16), folder(Store::F32));
    let (short, long) = (
        run(short.path(), Precision::F16).0,
        run(long.path(), Precision::F16).0,
    );
    assert_eq!(short, long);
    assert!(long.lossless);
}

#[test]
fn digits_that_do_not_fit_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let changed = fixture::model_bin(Store::F32, &|name, index, value| {
        if name == "decoder/embeddings/weight" && index == 3 {
            0.1
        } else {
            value
        }
    });
    fixture::write_folder(dir.path(), &changed);
    assert!(!run(dir.path(), Precision::F16).0.lossless);
}

#[test]
fn integers_are_divided_by_the_scale_of_their_row() {
    let dir = folder(Store::I8);
    let (converted, bytes) = run(dir.path(), Precision::F16);
    assert!(!converted.lossless, "what 8 bits lost is lost");
    let (.., found) = parse(&bytes);
    let len = WIDTH * WIDTH;
    let wanted: Vec<f32> = expected("encoder/layer_0/self_attention/linear_0/weight", len, len)
        .into_iter()
        .map(|value| (value * 64.0).round() / 64.0)
        .collect();
    assert_eq!(f16s(&found["encoder.blocks.0.attn.key.weight"].data), wanted);
}

#[test]
fn q8_0_keeps_small_tensors_and_convolutions() {
    let dir = folder(Store::F16);
    let (converted, bytes) = run(dir.path(), Precision::Q8_0);
    assert!(!converted.lossless);
    let (head, _, found) = parse(&bytes);
    assert_eq!(head[11], 2007, "version 2 of the quantised formats, type 7");
    assert_eq!(found["encoder.conv1.weight"].kind, 1);
    assert_eq!(found["decoder.positional_embedding"].kind, 0);
    let matrix = &found["decoder.blocks.0.mlp.0.weight"];
    assert_eq!(matrix.kind, 8);
    let wanted = expected("decoder/layer_0/ffn/linear_0/weight", 0, 4 * WIDTH * WIDTH);
    for (block, wanted) in matrix.data.chunks_exact(34).zip(wanted.chunks_exact(32)) {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        for (&byte, &wanted) in block[2..].iter().zip(wanted) {
            let value = f32::from(byte as i8) * scale;
            assert!((value - wanted).abs() <= scale * 0.55, "{value} for {wanted}");
        }
    }
    assert_eq!(
        inspect(&dir.path().join("out.bin")).unwrap().weights,
        WeightType::Q8_0
    );
}

/// Converts a folder that should be refused; gives the message and checks that nothing is left.
fn refused(model_bin: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    fixture::write_folder(&dir.path().join("model"), model_bin);
    let out = dir.path().join("out.bin");
    let error = convert(&dir.path().join("model"), &out, Precision::F16, &Silent).unwrap_err();
    assert!(matches!(error, ModelError::Malformed { .. }), "{error:?}");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "only the source is left"
    );
    error.to_string()
}

#[test]
fn weights_that_whisper_cannot_have_are_refused() {
    let bias = fixture::model_bin(Store::F16, &|name, index, value| {
        if name == "decoder/layer_0/attention/linear_1/bias" && index == 5 {
            0.5
        } else {
            value
        }
    });
    assert!(refused(&bias).contains("a bias for keys"));
    let broken = fixture::model_bin(Store::F16, &|name, index, value| {
        if name == "encoder/conv2/weight" && index == 77 {
            f32::NAN
        } else {
            value
        }
    });
    assert!(refused(&broken).contains("not a number"));
}

#[test]
fn a_cut_model_is_refused_wherever_it_is_cut() {
    let whole = fixture::model_bin(Store::F16, &|_, _, value| value);
    let tenths = (0..10).map(|tenth| whole.len() * tenth / 10);
    for len in tenths.chain(0..64).chain(whole.len() - 64..whole.len()) {
        let message = refused(&whole[..len]);
        assert!(message.contains("cut?"), "{len}: {message}");
    }
    let mut long = whole;
    long.push(0);
    assert!(refused(&long).contains("1 bytes follow"));
}

#[test]
fn lying_lengths_cost_an_error_and_no_memory() {
    let whole = fixture::model_bin(Store::F16, &|_, _, value| value);
    // Every byte of the list's first kilobyte in turn becomes 255: counts, lengths, axes, types, names.
    for index in 0..1024 {
        let mut changed = whole.clone();
        changed[index] = 0xff;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("model.bin"), &changed).unwrap();
        match Weights::open(&dir.path().join("model.bin")) {
            Ok(_) | Err(ModelError::Malformed { .. }) => {}
            Err(other) => panic!("byte {index}: {other:?}"),
        }
    }
    // Two billion values in a file of some kilobytes.
    let mut huge = Vec::new();
    huge.extend(6_u32.to_le_bytes());
    huge.extend([12, 0]);
    huge.extend(b"WhisperSpec\0");
    huge.extend(3_u32.to_le_bytes());
    huge.extend(1_u32.to_le_bytes());
    huge.extend([2, 0, b'a', 0, 1]);
    huge.extend(0x7fff_ffff_u32.to_le_bytes());
    huge.push(4);
    huge.extend(0xffff_fffe_u32.to_le_bytes());
    assert!(refused(&huge).contains("cut?"));
}

#[test]
fn other_folders_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.bin");
    let error = convert(&dir.path().join("none"), &out, Precision::F16, &Silent).unwrap_err();
    assert!(error.to_string().contains("model.bin"), "{error}");
    assert!(refused(b"PK\x03\x04 and so on").contains("no CTranslate2 model"));

    fixture::plain(dir.path(), Store::F16);
    fs::write(dir.path().join("vocabulary.txt"), "a\nb\n").unwrap();
    let error = convert(dir.path(), &out, Precision::F16, &Silent).unwrap_err();
    assert!(
        error.to_string().contains("lists 2 tokens, and the model has 5"),
        "{error}"
    );
    fs::remove_file(dir.path().join("vocabulary.txt")).unwrap();
    let error = convert(dir.path(), &out, Precision::F16, &Silent).unwrap_err();
    assert!(error.to_string().contains("vocabulary.txt"), "{error}");
}
