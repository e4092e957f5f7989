//! Writing down several windows side by side, a token of each at a time.

use std::sync::{Mutex, PoisonError, atomic::AtomicBool};

use super::{
    align::Attention,
    decoder::{Decoder, Past, Turn},
    kernels::Cpu,
    pool::Pool,
    rules::{Choice, Rules},
    sound::Sound,
    vocabulary::Vocabulary,
    weights::Weights,
};
use crate::AsrError;

/// A text is over when a time stamp comes this close to the end of the sound: 100 ms, in frames of 10 ms.
const END_FRAMES: i64 = 10;
/// Above this probability of there being no speech, an improbable text counts as none.
const NO_SPEECH: f32 = 0.6;
/// The mean logarithm of its tokens' probabilities that makes a text improbable.
const IMPROBABLE: f32 = -1.0;
/// Half of whisper's time, in frames: a text that fills the limit and ends earlier is a loop.
const HALF_FRAMES: i64 = 1_500;

/// What was written for one window.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// All tokens, time stamps and end included.
    pub(super) choices: Vec<Choice>,
    /// What each token's alignment heads attended to while it was chosen.
    pub(super) attention: Vec<Attention>,
}

impl Written {
    /// The mean logarithm of its tokens' probabilities: how sure the model is of it.
    pub(super) fn mean_log_probability(&self) -> f32 {
        let sum: f32 = self.choices.iter().map(|choice| choice.log_probability).sum();
        sum / self.choices.len().max(1) as f32
    }
}

/// Everything that writing takes but the windows.
pub(super) struct Writer<'e> {
    pub(super) weights: &'e Weights,
    pub(super) vocabulary: &'e Vocabulary,
    pub(super) rules: &'e Rules,
    pub(super) pool: &'e Pool,
    pub(super) decoder: &'e mut Decoder,
    pub(super) cpu: Cpu,
    pub(super) temperature: f32,
    /// State of the random numbers.
    pub(super) random: &'e mut u64,
}

/// A window that is being written.
struct Window<'s> {
    sound: &'s Sound,
    prompt: &'s [u32],
    past: Past,
    tokens: Vec<u32>,
    written: Written,
    attention: Attention,
    no_speech: f32,
    random: f32,
    done: bool,
}

/// Where the last time stamp behind 0 s points to, in frames.
fn last_stamp(tokens: &[u32], vocabulary: &Vocabulary) -> Option<i64> {
    let last = tokens
        .iter()
        .rev()
        .find(|&&token| token > vocabulary.first_stamp)?;
    Some(2 * i64::from(last - vocabulary.first_stamp))
}

/// What to go on with: all of the prompt at first, then the last token.
pub(super) fn next_tokens<'t>(prompt: &'t [u32], tokens: &'t [u32]) -> &'t [u32] {
    match tokens {
        [] => prompt,
        [.., last] => std::slice::from_ref(last),
    }
}

/// Whether a text is over: by its last token, or by a time stamp at the end of its sound.
pub(super) fn is_over(tokens: &[u32], sound: &Sound, vocabulary: &Vocabulary) -> bool {
    if tokens.last() == Some(&vocabulary.end) {
        return true;
    }
    let frames = 2 * sound.positions as i64 - 1;
    last_stamp(tokens, vocabulary).is_some_and(|stamp| stamp + END_FRAMES >= frames)
}

/// Whether a text with this mean logarithmic probability is taken for none, as `no_speech` is the probability of.
pub(super) fn is_nothing(mean_log_probability: f32, no_speech: f32) -> bool {
    mean_log_probability < IMPROBABLE && no_speech > NO_SPEECH
}

impl Window<'_> {
    /// Takes in a choice, and sees whether it was the last.
    fn accept(&mut self, choice: Choice, vocabulary: &Vocabulary, limit: usize) {
        self.tokens.push(choice.token);
        self.written.choices.push(choice);
        self.written.attention.push(std::mem::take(&mut self.attention));
        self.done = is_over(&self.tokens, self.sound, vocabulary) || self.tokens.len() >= limit;
    }

    /// Decides like whisper.cpp what of the text counts.
    fn finish(mut self, vocabulary: &Vocabulary, limit: usize) -> Written {
        let stamp = last_stamp(&self.tokens, vocabulary);
        let cut = self.tokens.len() >= limit && self.tokens.last() != Some(&vocabulary.end);
        // A loop: its probability is not looked at.
        let failed = cut && stamp.is_none_or(|stamp| stamp < HALF_FRAMES);
        if cut && !failed {
            let last = self
                .tokens
                .iter()
                .rposition(|&token| token > vocabulary.first_stamp);
            let count = last.map_or(0, |last| last + 1);
            self.written.choices.truncate(count);
        }
        let mean = if failed {
            f32::NEG_INFINITY
        } else {
            self.written.mean_log_probability()
        };
        if is_nothing(mean, self.no_speech) {
            return Written::default();
        }
        self.written
    }
}

impl Writer<'_> {
    /// The most tokens for one window: half of what the decoder sees, less four.
    pub(super) fn limit(weights: &Weights) -> usize {
        (weights.dimensions.text_ctx as usize / 2)
            .saturating_sub(4)
            .max(1)
    }

    /// The language of each window.
    pub(super) fn languages(
        &mut self,
        sounds: &[Sound],
        cancel: &AtomicBool,
    ) -> Result<Vec<&'static str>, AsrError> {
        let prompts = vec![vec![self.vocabulary.start]; sounds.len()];
        let mut windows = self.windows(sounds, &prompts);
        let mut logits = Vec::new();
        self.step(&mut windows.iter_mut().collect::<Vec<_>>(), &mut logits, cancel)?;
        let each = logits.chunks_exact(self.vocabulary.count as usize);
        Ok(each
            .map(|logits| self.vocabulary.likeliest_language(logits))
            .collect())
    }

    /// Writes down every window, each after its prompt.
    pub(super) fn write(
        &mut self,
        sounds: &[Sound],
        prompts: &[Vec<u32>],
        cancel: &AtomicBool,
    ) -> Result<Vec<Written>, AsrError> {
        let limit = Self::limit(self.weights);
        let mut windows = self.windows(sounds, prompts);
        let mut logits = Vec::new();
        loop {
            let mut active: Vec<_> = windows.iter_mut().filter(|window| !window.done).collect();
            if active.is_empty() {
                break;
            }
            self.step(&mut active, &mut logits, cancel)?;
            for window in &mut active {
                window.random = self.next_random();
            }
            self.choose(&mut active, &mut logits, limit);
        }
        Ok(windows
            .into_iter()
            .map(|window| window.finish(self.vocabulary, limit))
            .collect())
    }

    fn windows<'s>(&self, sounds: &'s [Sound], prompts: &'s [Vec<u32>]) -> Vec<Window<'s>> {
        let window = |(sound, prompt): (&'s Sound, &'s Vec<u32>)| Window {
            sound,
            prompt,
            past: Past::new(self.weights.decoder.len()),
            tokens: Vec::new(),
            written: Written::default(),
            attention: Attention::new(),
            no_speech: 0.0,
            random: 0.0,
            done: false,
        };
        sounds.iter().zip(prompts).map(window).collect()
    }

    fn step(
        &mut self,
        active: &mut [&mut Window<'_>],
        logits: &mut Vec<f32>,
        cancel: &AtomicBool,
    ) -> Result<(), AsrError> {
        let mut turns: Vec<_> = active
            .iter_mut()
            .map(|window| Turn {
                tokens: next_tokens(window.prompt, &window.tokens),
                past: &mut window.past,
                sound: window.sound,
                attention: &mut window.attention,
            })
            .collect();
        self.decoder
            .step(self.weights, self.pool, &mut turns, logits, cancel)
    }

    fn choose(&self, active: &mut [&mut Window<'_>], logits: &mut [f32], limit: usize) {
        let vocabulary = self.vocabulary;
        let items = active
            .iter_mut()
            .zip(logits.chunks_exact_mut(vocabulary.count as usize));
        let items: Vec<_> = items
            .map(|(window, logits)| (Mutex::new(window), logits))
            .collect();
        self.pool.each(items, |_, (window, logits)| {
            let window = window.into_inner().unwrap_or_else(PoisonError::into_inner);
            let window = &mut **window;
            if window.tokens.is_empty() {
                window.no_speech = self.no_speech(logits);
            }
            let choice = self
                .rules
                .choose(logits, &window.tokens, self.temperature, window.random);
            window.accept(choice, vocabulary, limit);
        });
    }

    /// The probability of there being no speech, from what may come first.
    pub(super) fn no_speech(&self, logits: &[f32]) -> f32 {
        let largest = self.cpu.largest(logits);
        let sum = self.cpu.sum_of_exponentials(logits, largest);
        (logits[self.vocabulary.no_speech as usize] - largest).exp() / sum
    }

    /// Evenly distributed from 0 to 1: Vigna's splitmix64.
    fn next_random(&mut self) -> f32 {
        *self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = *self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1_u32 << 24) as f32
    }
}
