//! whisper.cpp, through whisper-rs: the default engine.

use std::{
    ffi::c_void,
    path::Path,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use whisper_rs::{
    DtwMode, DtwModelPreset, DtwParameters, FullParams, SamplingStrategy, WhisperContext,
    WhisperContextParameters, WhisperState,
};

use crate::{
    AsrError,
    model::{self, Dimensions},
    tokens::{Phrases, Token, words},
    transcriber::{Heard, MAX_WINDOW_MS, Request, SAMPLE_RATE_HZ, Transcriber},
};

/// Samples that one encoder position stands for: 20 ms.
const SAMPLES_PER_POSITION: usize = SAMPLE_RATE_HZ / 50;
/// Encoder lengths are multiples of this: attention falls off the fast matrix path otherwise.
const POSITION_STEP: usize = 64;
/// The most tokens whisper writes for one window: half its text context, less four.
const MAX_TEXT_TOKENS: usize = 448 / 2 - 4;
/// What comes before a window that is to be written in sentences, and how many tokens of it at most.
pub(crate) const SENTENCES: &str = "Thank you. Well, what would you like to know? Let me see.";
pub(crate) const MAX_SENTENCES_TOKENS: usize = 32;
/// Length of a window. It may be up to 29.44 s, but memory grows with the square of the window (attention) and with its
/// words (alignment), and encoding is quicker per second. docs/performance.md has the measurements.
pub(crate) const WINDOW_MS: i64 = 20_000;
/// Scratch memory for aligning words with sound.
const ALIGNMENT_BYTES: usize = 128 << 20;

/// The weights and a state to run them in.
pub struct Whisper {
    name: String,
    context: WhisperContext,
    /// `None` only while it is made anew.
    state: Option<WhisperState>,
    /// Whether words were chosen at random since the state was made.
    drawn: bool,
    threads: usize,
}

impl Whisper {
    /// Loads a ggml model file. `threads` is how many it computes with.
    pub fn load(path: &Path, threads: usize) -> Result<Self, AsrError> {
        static LOGGING: Once = Once::new();
        LOGGING.call_once(whisper_rs::install_logging_hooks);

        let unusable = |reason: String| AsrError::Model {
            path: path.to_owned(),
            reason,
        };
        // whisper.cpp trusts what a file says about itself; a damaged one must not get that far.
        let description = model::inspect(path).map_err(|e| unusable(e.to_string()))?;
        let mut parameters = WhisperContextParameters::default();
        parameters.flash_attn(false).dtw_parameters(DtwParameters {
            mode: alignment(&description.dimensions),
            dtw_mem_size: ALIGNMENT_BYTES,
        });
        let context =
            WhisperContext::new_with_params(path, parameters).map_err(|e| unusable(e.to_string()))?;
        let state = context.create_state().map_err(|e| unusable(e.to_string()))?;
        Ok(Self {
            name: model_name(path),
            context,
            state: Some(state),
            drawn: false,
            threads: threads.max(1),
        })
    }

    fn parameters<'t>(&self, positions: usize, request: &Request) -> FullParams<'static, 't> {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(self.threads as i32);
        parameters.set_audio_ctx(positions as i32);
        // One encode a window: whisper would otherwise encode the rest again whenever its last time
        // stamp falls short of the end.
        parameters.set_single_segment(true);
        parameters.set_no_context(true);
        parameters.set_n_max_text_ctx(if request.after_sentences {
            MAX_SENTENCES_TOKENS as i32
        } else {
            0
        });
        parameters.set_temperature(request.temperature);
        // Windows that fail are noticed and decoded again by the caller, who knows how much speech there is.
        parameters.set_temperature_inc(0.0);
        parameters.set_suppress_blank(true);
        parameters.set_suppress_nst(true);
        parameters.set_print_progress(false);
        parameters.set_print_special(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        if self.context.is_multilingual() {
            let language = request.language.as_deref().and_then(whisper_rs::get_lang_id);
            parameters.set_language(Some(
                language.and_then(whisper_rs::get_lang_str).unwrap_or("auto"),
            ));
        } else {
            parameters.set_language(Some("en"));
        }
        parameters
    }

    /// The state, made anew where words are to be chosen at random and were before: its random numbers begin once, when
    /// it is made, and the same sound is to come to the same words whatever was heard before it.
    fn state(&mut self, temperature: f32) -> Result<&mut WhisperState, AsrError> {
        let draws = temperature > 0.0;
        if draws && self.drawn {
            // The old one first: there may be no room for two.
            self.state = None;
        }
        self.drawn |= draws;
        let state = match self.state.take() {
            Some(state) => state,
            None => self
                .context
                .create_state()
                .map_err(|e| AsrError::Engine(e.to_string()))?,
        };
        Ok(self.state.insert(state))
    }

    /// Reads the tokens of the last run: text tokens, the last time stamp, and how many there were.
    fn tokens(&self) -> (Vec<Token>, Option<i64>, usize) {
        let end_of_text = self.context.token_eot();
        let first_stamp = self.context.token_beg();
        let mut phrases = Phrases::default();
        let mut count = 0;
        for segment in self.state.iter().flat_map(WhisperState::as_iter) {
            for index in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(index) else {
                    continue;
                };
                let data = token.token_data();
                count += 1;
                if data.id < end_of_text {
                    let bytes = token.to_bytes().unwrap_or_default().to_vec();
                    // Times are in hundredths of a second; -1 where alignment found none.
                    let start_ms = data.t_dtw.max(0) * 10;
                    phrases.push(Token {
                        bytes,
                        probability: data.p,
                        start_ms,
                    });
                } else if data.id >= first_stamp {
                    phrases.stamp(i64::from(data.id - first_stamp) * 20);
                }
            }
        }
        (phrases.tokens, phrases.last_stamp_ms, count)
    }
}

impl Transcriber for Whisper {
    fn model(&self) -> &str {
        &self.name
    }

    fn is_multilingual(&self) -> bool {
        self.context.is_multilingual()
    }

    fn transcribe(
        &mut self,
        samples: &[f32],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Heard, AsrError> {
        let limit = MAX_WINDOW_MS as usize * SAMPLE_RATE_HZ / 1_000;
        if samples.len() > limit {
            return Err(AsrError::TooLong {
                samples: samples.len(),
                limit,
            });
        }
        if let Some(language) = &request.language {
            let known = if self.is_multilingual() {
                whisper_rs::get_lang_id(language).is_some()
            } else {
                language == "en"
            };
            if !known {
                return Err(AsrError::Language {
                    model: self.name.clone(),
                    language: language.clone(),
                });
            }
        }
        let positions = samples
            .len()
            .div_ceil(SAMPLES_PER_POSITION)
            .next_multiple_of(POSITION_STEP)
            .max(2 * POSITION_STEP);
        let mut padded = samples.to_vec();
        padded.resize(positions * SAMPLES_PER_POSITION, 0.0);

        let mut parameters = self.parameters(positions, request);
        let mut before = Vec::new();
        if request.after_sentences {
            let tokens = self.context.tokenize(SENTENCES, MAX_SENTENCES_TOKENS);
            before = tokens.map_err(|e| AsrError::Engine(e.to_string()))?;
        }
        parameters.set_tokens(&before);
        #[expect(
            unsafe_code,
            reason = "whisper-rs's safe setter hands the callback a pointer of another type"
        )]
        // SAFETY: `stop_asked` only reads the flag, which outlives the call to `full` below, the only
        // place where whisper uses it.
        unsafe {
            parameters.set_abort_callback(Some(stop_asked));
            parameters.set_abort_callback_user_data(std::ptr::from_ref(cancel).cast_mut().cast());
        }
        let outcome = self.state(request.temperature)?.full(parameters, &padded);
        if cancel.load(Ordering::Relaxed) {
            return Err(AsrError::Cancelled);
        }
        outcome.map_err(|e| AsrError::Engine(e.to_string()))?;

        let language = if self.is_multilingual() {
            let id = self.state.as_ref().map(WhisperState::full_lang_id_from_state);
            id.and_then(whisper_rs::get_lang_str).unwrap_or("en").to_owned()
        } else {
            "en".to_owned()
        };
        let (tokens, last_timestamp_ms, count) = self.tokens();
        let window_ms = (samples.len() * 1_000 / SAMPLE_RATE_HZ) as i64;
        Ok(Heard {
            words: words(&tokens, &language, window_ms),
            language,
            last_timestamp_ms,
            cut_off: count >= MAX_TEXT_TOKENS,
        })
    }
}

/// whisper asks this before every step of its computation.
#[expect(unsafe_code, reason = "the signature is whisper's")]
unsafe extern "C" fn stop_asked(cancel: *mut c_void) -> bool {
    // SAFETY: set together with this function, see `transcribe`.
    unsafe { &*cancel.cast::<AtomicBool>() }.load(Ordering::Relaxed)
}

/// `models/ggml-tiny.en.bin` is the model `tiny.en`.
pub(crate) fn model_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.strip_prefix("ggml-").unwrap_or(&stem).to_owned()
}

/// The attention heads that follow the sound, by which words get their times: whisper.cpp knows those of
/// `OpenAI`'s models; for others the upper half of the layers serves.
fn alignment(shape: &Dimensions) -> DtwMode<'static> {
    let english = !shape.multilingual();
    let model_preset = match (shape.audio_layer, shape.text_layer, english) {
        (4, 4, true) => DtwModelPreset::TinyEn,
        (4, 4, false) => DtwModelPreset::Tiny,
        (6, 6, true) => DtwModelPreset::BaseEn,
        (6, 6, false) => DtwModelPreset::Base,
        (12, 12, true) => DtwModelPreset::SmallEn,
        (12, 12, false) => DtwModelPreset::Small,
        (24, 24, true) => DtwModelPreset::MediumEn,
        (24, 24, false) => DtwModelPreset::Medium,
        (32, 32, _) if shape.mels == 128 => DtwModelPreset::LargeV3,
        (32, 32, _) => DtwModelPreset::LargeV2,
        (32, 4, _) => DtwModelPreset::LargeV3Turbo,
        _ => {
            return DtwMode::TopMost {
                n_top: (shape.text_layer / 2).max(1) as i32,
            };
        }
    };
    DtwMode::ModelPreset { model_preset }
}
