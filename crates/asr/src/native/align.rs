//! When words are spoken: the way through the sound that the alignment heads' attention marks.
//!
//! Source: `find_alignment` in openai-whisper's `timing.py`: attention is normalised over tokens, smoothed
//! along time, averaged over heads, and followed by dynamic time warping. Attention is kept while decoding,
//! with the time stamps in the text, so no second pass is needed.

use half::{f16, slice::HalfFloatSliceExt};

use super::kernels::Cpu;

/// The attention of one step: a number for each alignment head and position.
pub(super) type Attention = Vec<f16>;

/// The position at which each row's token begins, for all rows but the first, whose attention serves for
/// normalising only. Every row has `heads` times the same number of positions, of which the first `sounding`
/// have sound.
pub(super) fn align(cpu: Cpu, rows: &[&Attention], heads: usize, sounding: usize) -> Vec<usize> {
    let stride = rows.first().map_or(0, |row| row.len()) / heads.max(1);
    let sounding = sounding.min(stride);
    if rows.len() < 2 || sounding == 0 || rows.iter().any(|row| row.len() != heads * stride) {
        return vec![0; rows.len().saturating_sub(1)];
    }
    let mut mean = vec![0.0; (rows.len() - 1) * sounding];
    let mut matrix = vec![0.0; rows.len() * sounding];
    let mut smooth = vec![0.0; sounding];
    for head in 0..heads {
        for (row, out) in rows.iter().zip(matrix.chunks_exact_mut(sounding)) {
            row[head * stride..][..sounding].convert_to_f32_slice(out);
        }
        normalise(&mut matrix, sounding);
        let later = matrix[sounding..].chunks_exact(sounding);
        for (row, mean) in later.zip(mean.chunks_exact_mut(sounding)) {
            cpu.median_of_7(row, &mut smooth);
            cpu.add(mean, &smooth);
        }
    }
    warp(&mean, sounding)
}

/// Takes from each column its mean and divides by its deviation.
fn normalise(matrix: &mut [f32], width: usize) {
    let count = (matrix.len() / width) as f32;
    let (mut means, mut squares) = (vec![0.0_f32; width], vec![0.0_f32; width]);
    for row in matrix.chunks_exact(width) {
        for (mean, value) in means.iter_mut().zip(row) {
            *mean += value / count;
        }
    }
    for row in matrix.chunks_exact(width) {
        for ((square, value), mean) in squares.iter_mut().zip(row).zip(&means) {
            *square += (value - mean) * (value - mean) / count;
        }
    }
    for square in &mut squares {
        *square = 1.0 / (*square + 1e-9).sqrt();
    }
    for row in matrix.chunks_exact_mut(width) {
        for ((value, mean), inverse) in row.iter_mut().zip(&means).zip(&squares) {
            *value = (*value - mean) * inverse;
        }
    }
}

/// How a cell of the way was reached.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Both,
    Token,
    Time,
}

/// The way through a matrix of tokens by positions, from the first corner to the last, on which the sum is
/// largest; gives the position at which it comes to each token.
fn warp(matrix: &[f32], width: usize) -> Vec<usize> {
    let tokens = matrix.len() / width;
    let mut from = vec![From::Time; tokens * width];
    let mut above = vec![f32::INFINITY; width + 1];
    above[0] = 0.0;
    for (row, from) in matrix.chunks_exact(width).zip(from.chunks_exact_mut(width)) {
        // The cost left of the row is infinite.
        let (mut left, mut diagonal) = (f32::INFINITY, above[0]);
        above[0] = f32::INFINITY;
        for ((value, from), above) in row.iter().zip(from).zip(&mut above[1..]) {
            let (cost, step) = if diagonal < *above && diagonal < left {
                (diagonal, From::Both)
            } else if *above < diagonal && *above < left {
                (*above, From::Token)
            } else {
                (left, From::Time)
            };
            diagonal = *above;
            left = cost - value;
            (*above, *from) = (left, step);
        }
    }
    let mut starts = vec![0; tokens];
    let (mut token, mut position) = (tokens - 1, width - 1);
    loop {
        let step = from[token * width + position];
        if position == 0 || (token > 0 && step != From::Time) {
            starts[token] = position;
        }
        match step {
            _ if token == 0 => break,
            _ if position == 0 => token -= 1,
            From::Both => (token, position) = (token - 1, position - 1),
            From::Token => token -= 1,
            From::Time => position -= 1,
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_the_ridge() {
        let starts = [0, 2, 3, 5, 6];
        let on_ridge = |token: usize, position: usize| (starts[token]..starts[token + 1]).contains(&position);
        // Off the ridge it costs, or detours would be as good.
        let value = |index: usize| if on_ridge(index / 6, index % 6) { 9.0 } else { -1.0 };
        let matrix: Vec<f32> = (0..24).map(value).collect();
        assert_eq!(warp(&matrix, 6), [0, 2, 3, 5]);
    }

    #[test]
    fn more_tokens_than_positions_are_no_trouble() {
        assert_eq!(warp(&[1.0, 0.0, 0.5, 0.5, 0.0, 1.0], 2).len(), 3);
        assert_eq!(warp(&[0.0; 5], 1), [0; 5]);
    }

    #[test]
    fn heads_are_averaged_and_normalised() {
        let (heads, positions) = (2, 40);
        let rows: Vec<Attention> = (0..5)
            .map(|row| {
                let near = |at: usize| if at / 10 + 1 == row { 0.1 } else { 0.001 };
                (0..heads * positions)
                    .map(|i| f16::from_f32(near(i % positions)))
                    .collect()
            })
            .collect();
        for cpu in Cpu::variants() {
            let starts = align(cpu, &rows.iter().collect::<Vec<_>>(), heads, positions);
            assert_eq!(starts, [0, 10, 20, 30], "{cpu:?}");
        }
        assert_eq!(align(Cpu::PORTABLE, &[], heads, positions), Vec::<usize>::new());
    }
}
