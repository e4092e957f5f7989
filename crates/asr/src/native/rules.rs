//! What may come next: `OpenAI`'s rules for time stamps, as whisper.cpp applies them.
//!
//! Source: `ApplyTimestampRules` and its neighbours in openai-whisper's `decoding.py`.

use super::{kernels::Cpu, vocabulary::Vocabulary};

/// A window's first time stamp is at most this many steps of 20 ms: 1 s.
const MAX_FIRST_STAMP: u32 = 50;

/// A token that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) token: u32,
    /// Its probability among all that the rules allow.
    pub(super) probability: f32,
    /// The logarithm of that.
    pub(super) log_probability: f32,
}

impl Choice {
    fn new(token: usize, log_probability: f32) -> Self {
        Self {
            token: token as u32,
            probability: log_probability.exp(),
            log_probability,
        }
    }
}

/// Tokens that may come next: those from `first` on.
struct Allowed<'l> {
    first: usize,
    logits: &'l [f32],
    /// The largest logit of all that was not forbidden.
    best: f32,
    /// The sum of their exponentials, of each less `best`.
    sum: f32,
    /// The logarithm of that of all that was not forbidden, by which probabilities are scaled.
    log_sum: f32,
}

/// The rules for one model.
pub(super) struct Rules {
    never: Vec<u32>,
    never_first: Vec<u32>,
    end: usize,
    first_stamp: usize,
    cpu: Cpu,
}

impl Rules {
    pub(super) fn new(vocabulary: &Vocabulary, cpu: Cpu) -> Self {
        Self {
            never: vocabulary.never_written(),
            never_first: vocabulary.never_first(),
            end: vocabulary.end as usize,
            first_stamp: vocabulary.first_stamp as usize,
            cpu,
        }
    }

    /// Chooses what follows `before`, the most probable token or, above a temperature of 0, one at random:
    /// `random` is evenly distributed from 0 to 1. Overwrites `logits`.
    pub(super) fn choose(&self, logits: &mut [f32], before: &[u32], temperature: f32, random: f32) -> Choice {
        if temperature > 0.0 {
            self.cpu.scale(logits, 1.0 / temperature);
        }
        let Allowed {
            first,
            logits: allowed,
            best,
            sum,
            log_sum,
        } = self.allowed(logits, before);
        let index = if temperature > 0.0 {
            pick(allowed, best, random * sum)
        } else {
            let best = self.cpu.largest(allowed);
            allowed.iter().position(|&logit| logit >= best).unwrap_or(0)
        };
        let log_probability = allowed
            .get(index)
            .map_or(f32::NEG_INFINITY, |logit| logit - log_sum);
        Choice::new(first + index, log_probability)
    }

    /// The most probable tokens that may follow `before`, at most `count`, the best first. Overwrites `logits`.
    pub(super) fn best(&self, logits: &mut [f32], before: &[u32], count: usize) -> Vec<Choice> {
        let allowed = self.allowed(logits, before);
        let mut best: Vec<(f32, usize)> = Vec::with_capacity(count + 1);
        let mut least = f32::NEG_INFINITY;
        for (index, &logit) in allowed.logits.iter().enumerate() {
            if logit > least {
                let place = best.partition_point(|&(other, _)| other >= logit);
                best.insert(place, (logit, index));
                if best.len() > count {
                    best.pop();
                }
                if best.len() == count {
                    least = best.last().map_or(f32::NEG_INFINITY, |&(logit, _)| logit);
                }
            }
        }
        best.into_iter()
            .map(|(logit, index)| Choice::new(allowed.first + index, logit - allowed.log_sum))
            .collect()
    }

    /// What may follow `before`.
    fn allowed<'l>(&self, logits: &'l mut [f32], before: &[u32]) -> Allowed<'l> {
        self.forbid(logits, before);
        let logits = &*logits;
        let (text, stamps) = logits.split_at(self.first_stamp.min(logits.len()));
        let (best_text, best_stamp) = (self.cpu.largest(text), self.cpu.largest(stamps));
        let best = best_text.max(best_stamp);
        let text_sum = self.cpu.sum_of_exponentials(text, best);
        let stamp_sum = self.cpu.sum_of_exponentials(stamps, best);
        let log_sum = best + (text_sum + stamp_sum).ln();
        // Where the time stamps together are more probable than any word, it is a time stamp.
        let stamp = best + stamp_sum.ln() > best_text;
        let (first, logits, sum) = if stamp {
            (self.first_stamp, stamps, stamp_sum)
        } else {
            (0, logits, text_sum + stamp_sum)
        };
        Allowed {
            first,
            logits,
            best,
            sum,
            log_sum,
        }
    }

    /// Makes impossible what the rules forbid.
    fn forbid(&self, logits: &mut [f32], before: &[u32]) {
        let mut forbid = |range: std::ops::Range<usize>| {
            let end = range.end.min(logits.len());
            logits[range.start.min(end)..end].fill(f32::NEG_INFINITY);
        };
        let one = |token: u32| token as usize..token as usize + 1;
        self.never.iter().for_each(|&token| forbid(one(token)));
        let is_stamp = |token: u32| token as usize >= self.first_stamp;
        match *before {
            [] => {
                self.never_first.iter().for_each(|&token| forbid(one(token)));
                forbid(self.first_stamp + MAX_FIRST_STAMP as usize + 1..usize::MAX);
            }
            // Time stamps come in pairs: the end of a phrase and the start of the next.
            [.., a, b] if is_stamp(a) && is_stamp(b) => forbid(self.first_stamp..usize::MAX),
            [a] if is_stamp(a) => forbid(self.first_stamp..usize::MAX),
            [.., b] if is_stamp(b) => forbid(0..self.end),
            _ => {}
        }
        // Time does not run backwards.
        if let Some(&last) = before
            .iter()
            .rev()
            .find(|&&token| token as usize > self.first_stamp)
        {
            forbid(self.first_stamp..last as usize);
        }
    }
}

/// The index at which the exponentials summed up so far exceed `target`.
fn pick(logits: &[f32], shift: f32, target: f32) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (index, &logit) in logits.iter().enumerate() {
        if logit > f32::NEG_INFINITY {
            sum += (logit - shift).exp();
            last = index;
            if sum > target {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: u32 = 50_363;

    fn rules() -> Rules {
        let mut text = vec![b"a".to_vec(), b" ".to_vec(), b"b".to_vec(), b" (".to_vec()];
        text.resize(50_257, b"-".to_vec());
        Rules::new(&Vocabulary::new(text, 51_864, false).unwrap(), Cpu::detect())
    }

    fn choose(favourites: &[(u32, f32)], before: &[u32]) -> u32 {
        let mut logits = vec![0.0; 51_864];
        for &(token, logit) in favourites {
            logits[token as usize] = logit;
        }
        rules().choose(&mut logits, before, 0.0, 0.0).token
    }

    #[test]
    fn the_first_stamp_is_early_and_time_does_not_run_backwards() {
        assert_eq!(choose(&[(STAMP + 51, 30.0), (STAMP + 50, 25.0)], &[]), STAMP + 50);
        assert_eq!(
            choose(&[(STAMP + 9, 30.0), (STAMP + 10, 25.0)], &[STAMP + 10, 0]),
            STAMP + 10
        );
        assert_eq!(
            choose(&[(STAMP, 30.0), (STAMP + 3, 25.0)], &[STAMP, 0]),
            STAMP,
            "0 s is no limit"
        );
    }

    #[test]
    fn stamps_come_in_pairs() {
        assert_eq!(
            choose(&[(STAMP + 9, 30.0), (2, 25.0)], &[STAMP]),
            2,
            "text after the first"
        );
        assert_eq!(
            choose(&[(2, 30.0), (STAMP + 9, 25.0)], &[STAMP, 0, STAMP + 8]),
            STAMP + 9
        );
        assert_eq!(
            choose(&[(2, 30.0), (50_256, 25.0)], &[STAMP, 0, STAMP + 8]),
            50_256,
            "or the end"
        );
        let pair = [STAMP, 0, STAMP + 8, STAMP + 8];
        assert_eq!(choose(&[(STAMP + 9, 30.0), (2, 25.0)], &pair), 2);
    }

    #[test]
    fn many_stamps_outweigh_a_word() {
        let stamps: Vec<_> = (0..100).map(|i| (STAMP + i, 20.0)).chain([(2, 21.0)]).collect();
        assert_eq!(choose(&stamps, &[STAMP, 0]), STAMP);
        assert_eq!(choose(&[(STAMP, 20.0), (2, 21.0)], &[STAMP, 0]), 2);
    }

    #[test]
    fn blanks_and_symbols_are_not_written() {
        assert_eq!(choose(&[(1, 30.0), (50_256, 30.0), (2, 25.0)], &[]), 2);
        assert_eq!(choose(&[(3, 30.0), (1, 25.0)], &[STAMP, 0]), 1, "a space inside");
        assert_eq!(
            choose(&[(50_257, 30.0), (50_362, 30.0), (0, 9.0)], &[STAMP, 2]),
            0
        );
    }

    #[test]
    fn temperature_chooses_by_probability() {
        let rules = rules();
        let mut logits = vec![f32::NEG_INFINITY; 51_864];
        (logits[0], logits[2]) = (2.0 * 3.0_f32.ln(), 0.0);
        let at = |random| rules.choose(&mut logits.clone(), &[STAMP], 2.0, random);
        assert_eq!(
            (at(0.1).token, at(0.7).token, at(0.8).token, at(0.99).token),
            (0, 0, 2, 2)
        );
        assert!((at(0.1).probability - 0.75).abs() < 1e-3);
    }
}
