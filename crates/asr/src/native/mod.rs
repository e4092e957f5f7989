//! Whisper on the processor, in Rust: encodes a window on all threads and writes several windows side by
//! side.
//!
//! | file | holds |
//! | --- | --- |
//! | `weights` | a ggml file's tensors, packed for the products |
//! | `mel`, `encoder`, `attention` | from samples to what the decoder attends to |
//! | `sound` | what the decoder attends to, as 8-bit integers |
//! | `decoder` | one step for many windows |
//! | `generate`, `beam`, `rules`, `vocabulary` | from steps to tokens |
//! | `align`, `heads` | from tokens to their times |
//! | `pool` | threads |
//! | `kernels` | products and loops for the processor at hand |

mod align;
mod attention;
mod beam;
mod decoder;
mod encoder;
mod generate;
mod heads;
mod kernels;
mod mel;
mod pool;
mod rules;
mod sound;
mod vocabulary;
mod weights;

use std::{
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use self::{
    decoder::Decoder,
    encoder::{Encoder, SAMPLES_PER_POSITION},
    generate::{Writer, Written},
    kernels::Cpu,
    pool::Pool,
    rules::Rules,
    sound::Sound,
    vocabulary::Vocabulary,
    weights::Weights,
};
use crate::{
    AsrError,
    tokens::{Phrases, Token, words},
    transcriber::{Heard, MAX_WINDOW_MS, Request, SAMPLE_RATE_HZ, Transcriber},
    whisper::{MAX_SENTENCES_TOKENS, SENTENCES, model_name},
};

/// Windows that are written side by side. More share the weights' way from memory, but each holds some
/// megabytes of keys and values.
const BATCH: usize = 8;
/// A text whose mean logarithmic probability is below this is written again. docs/performance.md has what other
/// limits gave.
const SURE: f32 = -0.21;
/// What is written anew must be more probable by this much, as the mean of its logarithms: among texts that are about
/// as probable, the best of several paths is no better heard than the first.
const BETTER: f32 = 0.01;
/// Length of a window: longer ones save little time, and with shorter ones more sentences are torn apart.
pub(crate) const WINDOW_MS: i64 = 27_520;
/// Above this temperature a window is heard without what came before it.
const MAX_PROMPT_TEMPERATURE: f32 = 0.5;

/// Where an engine's time went, summed up since it was loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// From samples to keys and values.
    pub encode: Duration,
    /// From there to tokens.
    pub decode: Duration,
    /// From tokens to times.
    pub align: Duration,
    /// Windows heard.
    pub windows: usize,
    /// Tokens written.
    pub tokens: usize,
}

/// An engine with a model loaded.
pub struct Native {
    name: String,
    weights: Weights,
    vocabulary: Vocabulary,
    rules: Rules,
    pool: Pool,
    encoder: Encoder,
    decoder: Decoder,
    cpu: Cpu,
    random: u64,
    times: Times,
}

impl Native {
    /// Loads a ggml model file of f32, f16 or `q8_0` weights. `threads` is how many it computes with.
    ///
    /// # Errors
    /// [`AsrError::Model`] for a file that can't be read, is damaged, or is quantised in another way.
    pub fn load(path: &Path, threads: usize) -> Result<Self, AsrError> {
        let unusable = |reason: String| AsrError::Model {
            path: path.to_owned(),
            reason,
        };
        let cpu = Cpu::detect();
        let mut weights = Weights::load(path, cpu)?;
        let dimensions = weights.dimensions;
        let tokens = std::mem::take(&mut weights.tokens);
        let vocabulary =
            Vocabulary::new(tokens, dimensions.vocab, dimensions.multilingual()).map_err(unusable)?;
        let pool = Pool::new(threads.max(1));
        Ok(Self {
            name: model_name(path),
            rules: Rules::new(&vocabulary, cpu),
            encoder: Encoder::new(&weights, cpu, pool.threads()),
            decoder: Decoder::new(cpu, heads::alignment(&dimensions)),
            weights,
            vocabulary,
            pool,
            cpu,
            random: 0,
            times: Times::default(),
        })
    }

    /// Where the time went so far.
    pub fn times(&self) -> Times {
        self.times
    }

    fn check(&self, windows: &[&[f32]], request: &Request) -> Result<(), AsrError> {
        let limit = MAX_WINDOW_MS as usize * SAMPLE_RATE_HZ / 1_000;
        if let Some(window) = windows.iter().find(|window| window.len() > limit) {
            return Err(AsrError::TooLong {
                samples: window.len(),
                limit,
            });
        }
        let positions = windows
            .iter()
            .map(|window| encoder::positions(window.len()))
            .max();
        if positions > Some(self.weights.dimensions.audio_ctx as usize) {
            let reason = format!(
                "a window is too long for {}, which is no model of Whisper's size",
                self.name
            );
            return Err(AsrError::Engine(reason));
        }
        match &request.language {
            Some(language) if !self.knows(language) => Err(AsrError::Language {
                model: self.name.clone(),
                language: language.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn knows(&self, language: &str) -> bool {
        if self.vocabulary.multilingual {
            self.vocabulary.language(language).is_some()
        } else {
            language == "en"
        }
    }

    fn hear(
        &mut self,
        windows: &[&[f32]],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Vec<Heard>, AsrError> {
        let start = Instant::now();
        let sounds = windows
            .iter()
            .map(|window| self.encoder.encode(&self.weights, &self.pool, window, cancel))
            .collect::<Result<Vec<_>, _>>()?;
        let encoded = Instant::now();
        let (written, languages) = self.write(&sounds, request, cancel)?;
        drop(sounds);
        let decoded = Instant::now();
        let parts = written.iter().zip(windows).zip(languages);
        let heard = parts
            .map(|((written, window), language)| self.read(written, window.len(), language))
            .collect();
        self.times.encode += encoded - start;
        self.times.decode += decoded - encoded;
        self.times.align += decoded.elapsed();
        self.times.windows += windows.len();
        self.times.tokens += written.iter().map(|written| written.choices.len()).sum::<usize>();
        Ok(heard)
    }

    fn write(
        &mut self,
        sounds: &[Sound],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<(Vec<Written>, Vec<String>), AsrError> {
        let vocabulary = &self.vocabulary;
        let mut writer = Writer {
            weights: &self.weights,
            vocabulary,
            rules: &self.rules,
            pool: &self.pool,
            decoder: &mut self.decoder,
            cpu: self.cpu,
            temperature: request.temperature,
            random: &mut self.random,
        };
        let languages: Vec<String> = match &request.language {
            Some(language) => vec![language.clone(); sounds.len()],
            None if vocabulary.multilingual => {
                let found = writer.languages(sounds, cancel)?;
                found.into_iter().map(str::to_owned).collect()
            }
            None => vec!["en".to_owned(); sounds.len()],
        };
        let prompts: Vec<_> = languages
            .iter()
            .map(|language| prompt(vocabulary, language, request))
            .collect();
        let mut written = writer.write(sounds, &prompts, cancel)?;
        if request.temperature == 0.0 {
            write_again(&mut writer, sounds, &prompts, &mut written, cancel)?;
        }
        Ok((written, languages))
    }

    /// From the tokens of a window to its words.
    fn read(&self, written: &Written, samples: usize, language: String) -> Heard {
        let starts = self.starts(written, samples.div_ceil(SAMPLES_PER_POSITION));
        let mut phrases = Phrases::default();
        for (choice, start_ms) in written.choices.iter().zip(starts) {
            if choice.token < self.vocabulary.end {
                phrases.push(Token {
                    bytes: self.vocabulary.bytes(choice.token).to_vec(),
                    probability: choice.probability,
                    start_ms,
                });
            } else if choice.token >= self.vocabulary.first_stamp {
                phrases.stamp(i64::from(choice.token - self.vocabulary.first_stamp) * 20);
            }
        }
        let window_ms = (samples * 1_000 / SAMPLE_RATE_HZ) as i64;
        Heard {
            words: words(&phrases.tokens, &language, window_ms),
            language,
            last_timestamp_ms: phrases.last_stamp_ms,
            cut_off: written.choices.len() >= Writer::limit(&self.weights),
        }
    }

    /// When each token begins, in milliseconds; 0 for all that are no text.
    fn starts(&self, written: &Written, sounding: usize) -> Vec<i64> {
        let mut starts_ms = vec![0; written.choices.len()];
        let text: Vec<usize> = (0..written.choices.len())
            .filter(|&index| written.choices[index].token < self.vocabulary.end)
            .collect();
        let (Some(&first), Some(&last)) = (text.first(), text.last()) else {
            return starts_ms;
        };
        // A row for the start, one for what led to the first word, and one for each word as it was heard.
        let mut rows = vec![0, first];
        rows.extend(
            text.iter()
                .map(|index| index + 1)
                .filter(|&index| index <= last + 1),
        );
        let rows: Vec<_> = rows
            .into_iter()
            .filter_map(|row| written.attention.get(row))
            .collect();
        let places = align::align(self.cpu, &rows, self.decoder.alignment_heads(), sounding);
        for (index, place) in text.into_iter().zip(places.into_iter().skip(1)) {
            starts_ms[index] = place as i64 * 20;
        }
        starts_ms
    }
}

/// Writes windows that the model is not sure of once more, in the best of several ways.
fn write_again(
    writer: &mut Writer<'_>,
    sounds: &[Sound],
    prompts: &[Vec<u32>],
    written: &mut [Written],
    cancel: &AtomicBool,
) -> Result<(), AsrError> {
    let unsure = |written: &Written| !written.choices.is_empty() && written.mean_log_probability() < SURE;
    let again: Vec<usize> = (0..written.len())
        .filter(|&index| unsure(&written[index]))
        .collect();
    let windows: Vec<_> = again
        .iter()
        .map(|&index| (&sounds[index], prompts[index].as_slice()))
        .collect();
    for (index, anew) in again.into_iter().zip(writer.search(&windows, cancel)?) {
        if anew.mean_log_probability() >= written[index].mean_log_probability() + BETTER {
            written[index] = anew;
        }
    }
    Ok(())
}

/// What stands before the text of a window.
fn prompt(vocabulary: &Vocabulary, language: &str, request: &Request) -> Vec<u32> {
    let mut prompt = Vec::new();
    if request.after_sentences && request.temperature < MAX_PROMPT_TEMPERATURE {
        let tokens = vocabulary.tokenize(SENTENCES);
        prompt.push(vocabulary.previous);
        // The mark before them counts.
        prompt.extend(&tokens[tokens.len().saturating_sub(MAX_SENTENCES_TOKENS - 1)..]);
    }
    prompt.push(vocabulary.start);
    if vocabulary.multilingual {
        prompt.extend(vocabulary.language(language));
        prompt.push(vocabulary.transcribe);
    }
    prompt
}

impl Transcriber for Native {
    fn model(&self) -> &str {
        &self.name
    }

    fn is_multilingual(&self) -> bool {
        self.vocabulary.multilingual
    }

    fn transcribe(
        &mut self,
        samples: &[f32],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Heard, AsrError> {
        let mut heard = self.transcribe_batch(&[samples], request, cancel)?;
        heard
            .pop()
            .ok_or_else(|| AsrError::Engine("a window was lost".to_owned()))
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn transcribe_batch(
        &mut self,
        windows: &[&[f32]],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Vec<Heard>, AsrError> {
        self.check(windows, request)?;
        let mut heard = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH) {
            heard.extend(self.hear(batch, request, cancel)?);
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests;
