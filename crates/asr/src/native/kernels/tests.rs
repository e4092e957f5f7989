//! Every kernel against the plainest way to compute the same.

use super::*;

fn noise(seed: usize) -> f32 {
    ((seed.wrapping_mul(2_654_435_761) >> 5) % 2_001) as f32 / 1_000.0 - 1.0
}

fn noises(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| noise(index + 7_919 * seed)).collect()
}

/// The product of `rows` and `columns`, both in rows of `width`.
fn plain(rows: &[f32], columns: &[f32], width: usize, bias: &[f32]) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum::<f64>()
    };
    let row = |row: &'_ [f32]| -> Vec<f32> {
        let columns = columns.chunks_exact(width).zip(bias);
        columns
            .map(|(column, bias)| dot(row, column) as f32 + bias)
            .collect()
    };
    rows.chunks_exact(width).flat_map(row).collect()
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "{what}: {found} at {index}, not {expected}"
        );
    }
}

/// Takes the first `outputs` columns of each row.
fn crop(padded: &[f32], stride: usize, outputs: usize) -> Vec<f32> {
    padded
        .chunks_exact(stride)
        .flat_map(|row| row[..outputs].iter().copied())
        .collect()
}

const SHAPES: [(usize, usize, usize); 9] = [
    (1, 16, 4),
    (2, 48, 64),
    (3, 17, 12),
    (5, 70, 7),
    (6, 64, 384),
    (7, 33, 65),
    (8, 96, 128),
    (13, 80, 30),
    (64, 50, 240),
];

#[test]
fn products_of_integers_are_those_of_floats_but_for_rounding() {
    for (rows, outputs, inputs) in SHAPES {
        let (left, right) = (noises(rows * inputs, 1), noises(outputs * inputs, 2));
        let mut matrix = PackedI8::new(outputs, inputs);
        let mut rounded = vec![0.0; outputs * inputs];
        for (output, row) in right.chunks_exact(inputs).enumerate() {
            matrix.set(Cpu::PORTABLE, output, row);
            matrix.get(output, &mut rounded[output * inputs..][..inputs]);
        }
        close(&rounded, &right, 0.005, "weights");
        let mut bias = noises(outputs, 3);
        let expected = plain(&left, &rounded, inputs, &bias);
        bias.resize(matrix.scales.len(), 0.0);
        let stride = matrix.panels() * PANEL;
        for cpu in Cpu::variants() {
            for (depth, error) in [(Depth::Byte, 0.005), (Depth::TwoBytes, 0.000_05)] {
                let mut quant = QuantRows::default();
                quant.fill(cpu, &left, inputs, depth);
                let product = Product::int8(&quant, &matrix, Some(&bias), 0..matrix.panels());
                let mut out = vec![0.0; rows * stride];
                product.compute(cpu, &mut out, Layout::rows(stride));
                let what = format!("{cpu:?}, {depth:?}, {rows} by {outputs} by {inputs}");
                let tolerance = error * (inputs as f32).sqrt() * 2.0;
                close(&crop(&out, stride, outputs), &expected, tolerance, &what);

                let mut by_panel = vec![0.0; rows * stride];
                product.compute(cpu, &mut by_panel, Layout::panels(rows));
                for (index, value) in by_panel.iter().enumerate() {
                    let (panel, row, column) = (index / PANEL / rows, index / PANEL % rows, index % PANEL);
                    let expected = out[row * stride + panel * PANEL + column];
                    assert_eq!(value.to_bits(), expected.to_bits(), "{what}");
                }
            }
        }
    }
}

#[test]
fn variants_agree_on_products_of_integers() {
    let (rows, outputs, inputs) = (9, 48, 100);
    let mut matrix = PackedI8::new(outputs, inputs);
    for output in 0..outputs {
        // The extremes: 127 on both sides would overflow 16 bits.
        let row: Vec<f32> = (0..inputs)
            .map(|i| if (i + output) % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        matrix.set(Cpu::PORTABLE, output, &row);
    }
    let left: Vec<f32> = (0..rows * inputs)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let results = Cpu::variants().into_iter().map(|cpu| {
        let mut quant = QuantRows::default();
        quant.fill(cpu, &left, inputs, Depth::Byte);
        let mut out = vec![0.0; rows * outputs];
        Product::int8(&quant, &matrix, None, 0..3).compute(cpu, &mut out, Layout::rows(outputs));
        out
    });
    let results: Vec<_> = results.collect();
    assert!((results[0][0] - 100.0).abs() < 1e-3);
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn products_of_floats_are_exact() {
    for (rows, outputs, inputs) in SHAPES {
        let (left, right) = (noises(rows * inputs, 4), noises(outputs * inputs, 5));
        let mut bias = noises(outputs, 6);
        let expected = plain(&left, &right, inputs, &bias);
        let mut matrix = PackedF32::new(outputs, inputs);
        for (output, row) in right.chunks_exact(inputs).enumerate() {
            matrix.set(output, row.iter().copied());
        }
        let stride = outputs.next_multiple_of(PANEL);
        bias.resize(stride, 0.0);
        for cpu in Cpu::variants() {
            let mut out = vec![0.0; rows * stride];
            Product::f32(rows, &left, inputs, &matrix, &bias).compute(cpu, &mut out, Layout::rows(stride));
            close(&crop(&out, stride, outputs), &expected, 1e-4, &format!("{cpu:?}"));
        }
    }
}

#[test]
fn products_of_bfloat16_keep_eight_bits() {
    let (rows, outputs, inputs) = (11, 64, 48);
    let (left, right) = (noises(rows * inputs, 7), noises(outputs * inputs, 8));
    let expected = plain(&left, &right, inputs, &[0.0; 64]);
    let short: Vec<u16> = left.iter().copied().map(to_bf16).collect();
    let mut by_rows = vec![Lane::ZERO; outputs / PANEL * inputs / 2];
    pack_bf16_rows(
        outputs,
        inputs,
        |row| &right[row * inputs..][..inputs],
        &mut by_rows,
    );
    let turned: Vec<f32> = (0..outputs * inputs)
        .map(|index| right[index % outputs * inputs + index / outputs])
        .collect();
    let mut by_columns = by_rows.clone();
    pack_bf16_columns(
        inputs,
        outputs,
        |row| &turned[row * outputs..][..outputs],
        &mut by_columns,
    );
    for cpu in Cpu::variants() {
        for lanes in [&by_rows, &by_columns] {
            let mut out = vec![0.0; rows * outputs];
            Product::bf16(rows, &short, inputs, inputs / 2, lanes).compute(
                cpu,
                &mut out,
                Layout::rows(outputs),
            );
            close(&out, &expected, 0.04, &format!("{cpu:?}"));
        }
    }
}

#[test]
fn functions_are_those_of_the_library() {
    let values: Vec<f32> = (-400..400).map(|i| i as f32 / 40.0).collect();
    // Sums of steps of the normal distribution, which has no function in the library.
    let phi = |x: f32| {
        let steps = 4_000;
        let width = f64::from(x) / f64::from(steps);
        let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
        0.5 + (0..steps)
            .map(|i| density((f64::from(i) + 0.5) * width) * width)
            .sum::<f64>()
    };
    let largest = values[799];
    for cpu in Cpu::variants() {
        let mut gelu = values.clone();
        cpu.gelu(&mut gelu);
        let expected: Vec<f32> = values.iter().map(|&x| (f64::from(x) * phi(x)) as f32).collect();
        close(&gelu, &expected, 2e-6, "gelu");

        let mut powers = values.clone();
        let sum = cpu.exponentials(&mut powers);
        let expected: Vec<f32> = values.iter().map(|x| (x - largest).exp()).collect();
        close(&powers, &expected, 3e-7, "exponentials");
        assert!((sum - expected.iter().sum::<f32>()).abs() < 1e-3);
        assert!((cpu.sum_of_exponentials(&values, largest) - sum).abs() < 1e-3);
        assert!(cpu.sum_of_exponentials(&[f32::NEG_INFINITY; 5], 0.0) < f32::MIN_POSITIVE);

        let mut logs: Vec<f32> = (0..300).map(|i| 1e-12 * 1.12_f32.powi(i)).collect();
        let expected: Vec<f32> = logs.iter().map(|x| x.max(1e-10).log10()).collect();
        cpu.log10(&mut logs);
        close(&logs, &expected, 2e-6, "log10");

        let row = noises(50, 9);
        let mut median = vec![0.0; 50];
        cpu.median_of_7(&row, &mut median);
        for (at, median) in median.iter().enumerate() {
            let near = |i: i64| row[(if i.abs() > 49 { 98 - i.abs() } else { i.abs() }) as usize];
            let mut seven: Vec<f32> = (-3..=3).map(|off| near(at as i64 + off)).collect();
            seven.sort_by(f32::total_cmp);
            assert_eq!(median.to_bits(), seven[3].to_bits(), "at {at}");
        }
    }
}

#[test]
fn norms_have_mean_and_deviation() {
    let row = noises(96, 10);
    let (weight, bias) = (noises(96, 11), noises(96, 12));
    let mean = row.iter().sum::<f32>() / 96.0;
    let deviation = (row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 96.0).sqrt();
    let expected: Vec<f32> = (0..96)
        .map(|i| (row[i] - mean) / deviation * weight[i] + bias[i])
        .collect();
    for cpu in Cpu::variants() {
        let mut out = vec![0.0; 96];
        cpu.layer_norm(&row, &weight, &bias, &mut out);
        close(&out, &expected, 1e-4, "norm");
    }
}
