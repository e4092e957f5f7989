//! Comparing lists of words, which are numbers here; a wanted word that the transcript doesn't have is `None`.

use std::collections::HashMap;

/// Words that two short lists have in common, in the same order (the longest common subsequence).
pub(super) fn common(there: &[u32], wanted: &[Option<u32>]) -> usize {
    let mut row = vec![0; wanted.len() + 1];
    for a in there {
        let mut diagonal = 0;
        for (i, b) in wanted.iter().enumerate() {
            let above = row[i + 1];
            row[i + 1] = if Some(*a) == *b {
                diagonal + 1
            } else {
                above.max(row[i])
            };
            diagonal = above;
        }
    }
    row[wanted.len()]
}

/// Words that two lists have in common, in whatever order.
pub(super) fn shared(there: &[u32], wanted: &[Option<u32>]) -> usize {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for token in there {
        *counts.entry(*token).or_default() += 1;
    }
    let mut shared = 0;
    for token in wanted.iter().flatten() {
        if let Some(count) = counts.get_mut(token).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    shared
}

/// Stretches of `there` that become `wanted` with at most `most` words added, dropped or changed: for each
/// end, the best start (Sellers' algorithm). Start, end, and how many words.
pub(super) fn ends(there: &[u32], wanted: &[Option<u32>], most: usize) -> Vec<(usize, usize, usize)> {
    let mut column: Vec<(usize, usize)> = (0..=wanted.len()).map(|i| (i, 0)).collect();
    let mut found = Vec::new();
    for (at, token) in there.iter().enumerate() {
        let mut diagonal = column[0];
        column[0] = (0, at + 1);
        for (i, want) in wanted.iter().enumerate() {
            let left = column[i + 1];
            let changed = (diagonal.0 + usize::from(*want != Some(*token)), diagonal.1);
            let added = (left.0 + 1, left.1);
            let dropped = (column[i].0 + 1, column[i].1);
            let mut best = changed;
            for other in [added, dropped] {
                if other.0 < best.0 {
                    best = other;
                }
            }
            diagonal = left;
            column[i + 1] = best;
        }
        let (edits, start) = column[wanted.len()];
        if edits <= most {
            found.push((start, at + 1, edits));
        }
    }
    found
}
