//! Attention of a window's positions to each other, one head at a time.

use super::kernels::{Cpu, HEAD, Lane, Layout, PANEL, Product, pack_bf16_columns, pack_bf16_rows};

/// Queries that are taken together: their scores stay in the cache.
pub(super) const QUERIES: usize = 32;

/// Memory for one head.
#[derive(Default)]
pub(super) struct Heads {
    keys: Vec<Lane>,
    values: Vec<Lane>,
    queries: Vec<f32>,
    queries_bf16: Vec<u16>,
    scores: Vec<f32>,
    scores_bf16: Vec<u16>,
    sums: [f32; QUERIES],
}

impl Heads {
    /// Attends from the positions `first..first + out.len() / HEAD` to all. `projected` has a row for each
    /// position: queries, keys and values of all heads, `width` each.
    pub(super) fn attend(
        &mut self,
        cpu: Cpu,
        projected: &[f32],
        width: usize,
        head: usize,
        first: usize,
        out: &mut [f32],
    ) {
        let positions = projected.len() / (3 * width);
        let row =
            |part: usize, position: usize| &projected[(position * 3 + part) * width + head * HEAD..][..HEAD];
        self.pack(cpu, positions, &row);
        for (group, out) in out.chunks_mut(QUERIES * HEAD).enumerate() {
            let count = out.len() / HEAD;
            let query = |index: usize| row(0, first + group * QUERIES + index);
            if cpu.bf16 {
                self.scores_bf16(cpu, count, positions, query);
                let words = positions / 2;
                Product::bf16(count, &self.scores_bf16, positions, words, &self.values).compute(
                    cpu,
                    out,
                    Layout::rows(HEAD),
                );
            } else {
                self.scores_f32(cpu, count, positions, query);
                Product::f32_lanes(count, &self.scores, positions, positions, &self.values).compute(
                    cpu,
                    out,
                    Layout::rows(HEAD),
                );
            }
            for (out, sum) in out.chunks_exact_mut(HEAD).zip(self.sums) {
                cpu.scale(out, 1.0 / sum);
            }
        }
    }

    fn pack<'p>(&mut self, cpu: Cpu, positions: usize, row: &impl Fn(usize, usize) -> &'p [f32]) {
        let lanes = positions / PANEL * HEAD / if cpu.bf16 { 2 } else { 1 };
        self.keys.resize(lanes, Lane::ZERO);
        self.values.resize(lanes, Lane::ZERO);
        if cpu.bf16 {
            pack_bf16_rows(positions, HEAD, |position| row(1, position), &mut self.keys);
            pack_bf16_columns(positions, HEAD, |position| row(2, position), &mut self.values);
            return;
        }
        for position in 0..positions {
            let (panel, column) = (position / PANEL, position % PANEL);
            let keys = &mut self.keys[panel * HEAD..][..HEAD];
            for (lane, value) in keys.iter_mut().zip(row(1, position)) {
                lane.0[column] = value.to_bits();
            }
            for (panel, values) in row(2, position).chunks_exact(PANEL).enumerate() {
                let lane = &mut self.values[panel * positions + position].0;
                for (out, value) in lane.iter_mut().zip(values) {
                    *out = value.to_bits();
                }
            }
        }
    }

    fn scores_bf16<'p>(
        &mut self,
        cpu: Cpu,
        count: usize,
        positions: usize,
        query: impl Fn(usize) -> &'p [f32],
    ) {
        self.queries_bf16.resize(QUERIES * HEAD, 0);
        self.scores.resize(QUERIES * positions, 0.0);
        self.scores_bf16.resize(QUERIES * positions, 0);
        for (index, out) in self.queries_bf16.chunks_exact_mut(HEAD).take(count).enumerate() {
            cpu.scaled_bf16(query(index), 1.0 / (HEAD as f32).sqrt(), out);
        }
        Product::bf16(count, &self.queries_bf16, HEAD, HEAD / 2, &self.keys).compute(
            cpu,
            &mut self.scores,
            Layout::rows(positions),
        );
        let rows = self
            .scores
            .chunks_exact(positions)
            .zip(self.scores_bf16.chunks_exact_mut(positions));
        for ((scores, out), sum) in rows.zip(&mut self.sums).take(count) {
            *sum = cpu.exponentials_bf16(scores, out);
        }
    }

    fn scores_f32<'p>(
        &mut self,
        cpu: Cpu,
        count: usize,
        positions: usize,
        query: impl Fn(usize) -> &'p [f32],
    ) {
        self.queries.resize(QUERIES * HEAD, 0.0);
        self.scores.resize(QUERIES * positions, 0.0);
        for (index, out) in self.queries.chunks_exact_mut(HEAD).take(count).enumerate() {
            out.copy_from_slice(query(index));
            cpu.scale(out, 1.0 / (HEAD as f32).sqrt());
        }
        Product::f32_lanes(count, &self.queries, HEAD, HEAD, &self.keys).compute(
            cpu,
            &mut self.scores,
            Layout::rows(positions),
        );
        for (scores, sum) in self
            .scores
            .chunks_exact_mut(positions)
            .zip(&mut self.sums)
            .take(count)
        {
            *sum = cpu.exponentials(scores);
        }
    }
}
