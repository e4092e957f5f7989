//! The attention heads that follow the sound, by which words get their times.
//!
//! Found by `OpenAI` for each of its models: `_ALIGNMENT_HEADS` in openai-whisper's `__init__.py`.

use crate::model::Dimensions;

/// Layer and head.
type Heads = &'static [(u8, u8)];

const TINY_EN: Heads = &[(1, 0), (2, 0), (2, 5), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4)];
const TINY: Heads = &[(2, 2), (3, 0), (3, 2), (3, 3), (3, 4), (3, 5)];
const BASE_EN: Heads = &[(3, 3), (4, 7), (5, 1), (5, 5), (5, 7)];
const BASE: Heads = &[(3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6)];
const SMALL_EN: Heads = &[
    (6, 6),
    (7, 0),
    (7, 3),
    (7, 8),
    (8, 2),
    (8, 5),
    (8, 7),
    (9, 0),
    (9, 4),
    (9, 8),
    (9, 10),
    (10, 0),
    (10, 1),
    (10, 2),
    (10, 3),
    (10, 6),
    (10, 11),
    (11, 2),
    (11, 4),
];
const SMALL: Heads = &[
    (5, 3),
    (5, 9),
    (8, 0),
    (8, 4),
    (8, 7),
    (8, 8),
    (9, 0),
    (9, 7),
    (9, 9),
    (10, 5),
];
const MEDIUM_EN: Heads = &[
    (11, 4),
    (14, 1),
    (14, 12),
    (14, 14),
    (15, 4),
    (16, 0),
    (16, 4),
    (16, 9),
    (17, 12),
    (17, 14),
    (18, 7),
    (18, 10),
    (18, 15),
    (20, 0),
    (20, 3),
    (20, 9),
    (20, 14),
    (21, 12),
];
const MEDIUM: Heads = &[(13, 15), (15, 4), (15, 15), (16, 1), (20, 0), (23, 4)];
const LARGE_V2: Heads = &[
    (10, 12),
    (13, 17),
    (16, 11),
    (16, 12),
    (16, 13),
    (17, 15),
    (17, 16),
    (18, 4),
    (18, 11),
    (18, 19),
    (19, 11),
    (21, 2),
    (21, 3),
    (22, 3),
    (22, 9),
    (22, 12),
    (23, 5),
    (23, 7),
    (23, 13),
    (25, 5),
    (26, 1),
    (26, 12),
    (27, 15),
];
const LARGE_V3: Heads = &[
    (7, 0),
    (10, 17),
    (12, 18),
    (13, 12),
    (16, 1),
    (17, 14),
    (19, 11),
    (21, 4),
    (24, 1),
    (25, 6),
];
const LARGE_V3_TURBO: Heads = &[(2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)];

/// Layers and heads of the decoder. For models that are not `OpenAI`'s, all heads of the upper half of the
/// layers serve.
pub(super) fn alignment(shape: &Dimensions) -> Vec<(usize, usize)> {
    let english = !shape.multilingual();
    let known = match (shape.audio_layer, shape.text_layer, english) {
        (4, 4, true) => TINY_EN,
        (4, 4, false) => TINY,
        (6, 6, true) => BASE_EN,
        (6, 6, false) => BASE,
        (12, 12, true) => SMALL_EN,
        (12, 12, false) => SMALL,
        (24, 24, true) => MEDIUM_EN,
        (24, 24, false) => MEDIUM,
        (32, 32, _) if shape.mels == 128 => LARGE_V3,
        (32, 32, _) => LARGE_V2,
        (32, 4, _) => LARGE_V3_TURBO,
        _ => {
            let (layers, heads) = (shape.text_layer as usize, shape.text_head as usize);
            let upper = layers - (layers / 2).max(1)..layers;
            return upper
                .flat_map(|layer| (0..heads).map(move |head| (layer, head)))
                .collect();
        }
    };
    known
        .iter()
        .map(|&(layer, head)| (layer.into(), head.into()))
        .collect()
}
