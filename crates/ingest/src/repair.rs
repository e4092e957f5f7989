//! Noticing windows that went wrong, and hearing them again.
//!
//! Whisper sometimes gives up in the middle of a window, runs in a loop, or writes without sentences. Speech detection
//! says how much there is to hear, so words that are missing or too many show. Such a window is heard again in halves
//! and then with a bit of randomness; one without sentences is heard again after a prompt that has some.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use gametape_asr::{AsrError, Heard, HeardWord, Request, Transcriber};
use gametape_audio::window::{Piece, WindowPlan};

/// A stretch of speech as long as this without one word is lost.
const UNHEARD_MS: i64 = 1_500;
/// Fewer words than this in a second of speech are too few: slow speakers say about two.
const FEWEST_WORDS_PER_S: f64 = 0.6;
/// Windows with less speech than this are too short to judge by their number of words.
const JUDGED_MS: i64 = 4_000;
/// This many words in immediate repetition of the same phrase are a loop …
const LOOP_WORDS: usize = 8;
/// … if the phrase comes at least so many times.
const LOOP_TIMES: usize = 4;
/// The longest phrase that is looked for in loops, in words.
const LONGEST_PHRASE: usize = 8;
/// The shortest phrase that is taken for an echo.
const ECHO_WORDS: usize = 3;
/// Nobody says words as quickly as this, one after the other.
const ECHO_WORD_MS: i64 = 60;
/// This many words without the end of a sentence: whisper writes so, mostly in lower case, when a window begins in
/// the middle of something. The words are right, but hard to read.
const PLAIN_WORDS: usize = 16;
/// What says the same has the same words, but for one in so many.
const SAME_BUT_ONE_IN: usize = 6;
/// Temperature of the last try.
const LAST_TEMPERATURE: f32 = 0.4;

/// What is wrong with what was heard in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The same phrase again and again.
    Loop,
    /// Speech without words.
    Lost,
    /// Words without sentences.
    Plain,
}

impl Flaw {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::Lost => "lost",
            Self::Plain => "plain",
        }
    }
}

/// Hears windows, and those again in other ways that went wrong; gives the best of what came out.
pub(crate) fn hear_windows(
    transcriber: &mut dyn Transcriber,
    windows: &[(WindowPlan, Vec<f32>)],
    language: Option<&str>,
    cancel: &AtomicBool,
) -> Result<Vec<(Heard, Option<Flaw>)>, AsrError> {
    let request = Request {
        language: language.map(ToOwned::to_owned),
        ..Request::default()
    };
    let samples: Vec<&[f32]> = windows.iter().map(|(_, samples)| samples.as_slice()).collect();
    let heard = transcriber.transcribe_batch(&samples, &request, cancel)?;
    let each = windows.iter().zip(heard);
    each.map(|((plan, samples), mut heard)| {
        heard.words = without_echoes(&heard.words);
        mend(transcriber, (plan, samples), heard, request.clone(), cancel)
    })
    .collect()
}

/// Hears a window again if something is wrong with what was heard.
fn mend(
    transcriber: &mut dyn Transcriber,
    (plan, samples): (&WindowPlan, &[f32]),
    heard: Heard,
    mut request: Request,
    cancel: &AtomicBool,
) -> Result<(Heard, Option<Flaw>), AsrError> {
    let Some(first_flaw) = flaw(plan, &heard) else {
        return Ok((heard, None));
    };
    if first_flaw == Flaw::Plain {
        let written = hear_written(transcriber, plan, samples, &heard, cancel)?;
        return Ok((written.unwrap_or(heard), Some(first_flaw)));
    }

    let mut best = heard;
    if let Some((left, right)) = plan.halves() {
        let halves = hear_halves(transcriber, (&left, &right), samples, &request, cancel)?;
        best = better(plan, best, halves);
    }
    if matches!(flaw(plan, &best), Some(Flaw::Loop | Flaw::Lost)) {
        request.temperature = LAST_TEMPERATURE;
        let warmer = hear(transcriber, samples, &request, cancel)?;
        best = better(plan, best, warmer);
    }
    best.words = without_loops(std::mem::take(&mut best.words));
    Ok((best, Some(first_flaw)))
}

/// Hears samples once.
fn hear(
    transcriber: &mut dyn Transcriber,
    samples: &[f32],
    request: &Request,
    cancel: &AtomicBool,
) -> Result<Heard, AsrError> {
    let mut heard = transcriber.transcribe(samples, request, cancel)?;
    heard.words = without_echoes(&heard.words);
    Ok(heard)
}

/// Hears a window of English again, to be written in sentences; what comes is of use only if it says the same.
fn hear_written(
    transcriber: &mut dyn Transcriber,
    plan: &WindowPlan,
    samples: &[f32],
    first: &Heard,
    cancel: &AtomicBool,
) -> Result<Option<Heard>, AsrError> {
    if first.language != "en" {
        return Ok(None);
    }
    let request = Request {
        language: Some(first.language.clone()),
        after_sentences: true,
        ..Request::default()
    };
    let written = hear(transcriber, samples, &request, cancel)?;
    let says_the_same = differing(&first.words, &written.words) * SAME_BUT_ONE_IN <= first.words.len();
    Ok((says_the_same && flaw(plan, &written).is_none()).then_some(written))
}

/// How many words one has and the other has not, wherever they stand.
fn differing(a: &[HeardWord], b: &[HeardWord]) -> usize {
    let mut surplus: BTreeMap<String, i64> = BTreeMap::new();
    for word in a {
        *surplus.entry(key(&word.text)).or_default() += 1;
    }
    for word in b {
        *surplus.entry(key(&word.text)).or_default() -= 1;
    }
    surplus.values().map(|count| count.unsigned_abs() as usize).sum()
}

fn hear_halves(
    transcriber: &mut dyn Transcriber,
    (left, right): (&WindowPlan, &WindowPlan),
    samples: &[f32],
    request: &Request,
    cancel: &AtomicBool,
) -> Result<Heard, AsrError> {
    let per_ms = gametape_asr::SAMPLE_RATE_HZ / 1_000;
    let right_at = samples.len().saturating_sub(right.length_ms() as usize * per_ms);
    let left_to = (left.length_ms() as usize * per_ms).min(samples.len());
    let mut heard = hear(transcriber, &samples[..left_to], request, cancel)?;
    let second = hear(transcriber, &samples[right_at..], request, cancel)?;
    let offset_ms = (right_at / per_ms) as i64;
    heard.words.extend(second.words.into_iter().map(|word| HeardWord {
        start_ms: word.start_ms + offset_ms,
        end_ms: word.end_ms + offset_ms,
        ..word
    }));
    heard.last_timestamp_ms = second.last_timestamp_ms.map(|ms| ms + offset_ms);
    heard.cut_off |= second.cut_off;
    Ok(heard)
}

/// The one with fewer flaws, then the one with more to say outside of loops.
fn better(plan: &WindowPlan, a: Heard, b: Heard) -> Heard {
    let rank = |heard: &Heard| {
        let sound = flaw(plan, heard).is_none();
        (sound, without_loops(heard.words.clone()).len())
    };
    if rank(&b) > rank(&a) { b } else { a }
}

fn flaw(plan: &WindowPlan, heard: &Heard) -> Option<Flaw> {
    if heard.cut_off || find_loop(&heard.words).is_some() {
        return Some(Flaw::Loop);
    }
    let speech_ms = plan.speech_ms();
    let too_few = speech_ms >= JUDGED_MS
        && (heard.words.len() as f64) < speech_ms as f64 / 1_000.0 * FEWEST_WORDS_PER_S;
    if too_few || longest_unheard_ms(plan, &heard.words) >= UNHEARD_MS {
        return Some(Flaw::Lost);
    }
    is_plain(&heard.words).then_some(Flaw::Plain)
}

/// Whether no sentence ends in many words; in scripts without lower case that is usual.
fn is_plain(words: &[HeardWord]) -> bool {
    let ends = |word: &HeardWord| word.text.ends_with(['.', '?', '!', '…']);
    let lower = |word: &HeardWord| word.text.contains(char::is_lowercase);
    words.len() >= PLAIN_WORDS && words.iter().any(lower) && !words.iter().any(ends)
}

/// The longest stretch of speech in a window between two words.
fn longest_unheard_ms(plan: &WindowPlan, words: &[HeardWord]) -> i64 {
    let mut longest_ms = 0;
    let mut heard_to_ms = 0;
    let ends = std::iter::once((plan.length_ms(), plan.length_ms()));
    for (start_ms, end_ms) in words.iter().map(|word| (word.start_ms, word.end_ms)).chain(ends) {
        longest_ms = longest_ms.max(speech_between(plan, heard_to_ms, start_ms));
        heard_to_ms = heard_to_ms.max(end_ms);
    }
    longest_ms
}

fn speech_between(plan: &WindowPlan, from_ms: i64, to_ms: i64) -> i64 {
    let within = |piece: &Piece| {
        let end_ms = piece.at_ms + piece.end_ms - piece.start_ms;
        (end_ms.min(to_ms) - piece.at_ms.max(from_ms)).max(0)
    };
    plan.pieces.iter().map(within).sum()
}

/// The first loop: where it begins, the phrase's length in words and how many times it comes.
fn find_loop(words: &[HeardWord]) -> Option<(usize, usize, usize)> {
    let keys: Vec<String> = words.iter().map(|word| key(&word.text)).collect();
    for start in 0..keys.len() {
        for length in 1..=LONGEST_PHRASE.min((keys.len() - start) / 2) {
            let phrase = &keys[start..start + length];
            let times = keys[start..]
                .chunks_exact(length)
                .take_while(|chunk| *chunk == phrase)
                .count();
            if times >= LOOP_TIMES && times * length >= LOOP_WORDS {
                return Some((start, length, times));
            }
        }
    }
    None
}

/// Keeps two rounds of every loop.
fn without_loops(mut words: Vec<HeardWord>) -> Vec<HeardWord> {
    while let Some((start, length, times)) = find_loop(&words) {
        words.drain(start + 2 * length..start + times * length);
    }
    words
}

/// Drops what whisper writes a second time with no sound for it: aligned with the sound, such words have no time left.
/// People who do repeat themselves take their time.
fn without_echoes(words: &[HeardWord]) -> Vec<HeardWord> {
    without_repeats(without_timeless(words))
}

/// Drops runs of words that take no time and that were all said before: at the end of a window whisper sometimes
/// begins anew from its start.
fn without_timeless(words: &[HeardWord]) -> Vec<HeardWord> {
    let timeless = |word: &HeardWord| word.end_ms <= word.start_ms;
    let mut kept: Vec<HeardWord> = Vec::with_capacity(words.len());
    for run in words.chunk_by(|a, b| timeless(a) == timeless(b)) {
        let said = |word: &HeardWord| kept.iter().any(|before| key(&before.text) == key(&word.text));
        let echo = run.len() >= ECHO_WORDS && run.iter().all(|word| timeless(word) && said(word));
        if !echo {
            kept.extend_from_slice(run);
        }
    }
    kept
}

/// Drops a phrase that comes twice in a row, the second time too quickly to be said.
fn without_repeats(mut words: Vec<HeardWord>) -> Vec<HeardWord> {
    let mut start = 0;
    while start < words.len() {
        let echo = (ECHO_WORDS..=(words.len() - start) / 2).find(|&length| {
            let (phrase, copy) = words[start..start + 2 * length].split_at(length);
            let same = phrase.iter().zip(copy).all(|(a, b)| key(&a.text) == key(&b.text));
            let took_ms = copy[length - 1].end_ms - copy[0].start_ms;
            same && took_ms < length as i64 * ECHO_WORD_MS
        });
        if let Some(length) = echo {
            words.drain(start + length..start + 2 * length);
        }
        start += 1;
    }
    words
}

fn key(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(length_ms: i64) -> WindowPlan {
        let pieces = vec![Piece {
            start_ms: 0,
            end_ms: length_ms,
            at_ms: 0,
        }];
        WindowPlan {
            index: 0,
            channel: 0,
            pieces,
        }
    }

    fn said(text: &str, from_ms: i64) -> Vec<HeardWord> {
        let word = |(i, text): (usize, &str)| HeardWord {
            text: text.to_owned(),
            start_ms: from_ms + i as i64 * 400,
            end_ms: from_ms + i as i64 * 400 + 350,
            confidence: 0.9,
            spaced: true,
        };
        text.split(' ').enumerate().map(word).collect()
    }

    fn heard(words: Vec<HeardWord>) -> Heard {
        Heard {
            language: "en".to_owned(),
            words,
            ..Heard::default()
        }
    }

    /// Says each of its lines in turn.
    struct Scripted(Vec<Heard>);

    impl Transcriber for Scripted {
        fn model(&self) -> &'static str {
            "scripted"
        }

        fn is_multilingual(&self) -> bool {
            false
        }

        fn transcribe(&mut self, _: &[f32], _: &Request, _: &AtomicBool) -> Result<Heard, AsrError> {
            Ok(self.0.remove(0))
        }
    }

    fn hear_one(engine: &mut Scripted, plan: WindowPlan, samples: Vec<f32>) -> (Heard, Option<Flaw>) {
        let cancel = AtomicBool::new(false);
        hear_windows(engine, &[(plan, samples)], None, &cancel)
            .unwrap()
            .remove(0)
    }

    #[test]
    fn a_loop_is_seen_and_ordinary_emphasis_is_not() {
        assert_eq!(find_loop(&said("no no no no no no no no no", 0)), Some((0, 1, 9)));
        let thanks = ["I see.", &"thank you very much ".repeat(5)].join(" ");
        assert_eq!(find_loop(&said(thanks.trim(), 0)), Some((2, 4, 5)));
        assert_eq!(find_loop(&said("no no no that is very very very good", 0)), None);
    }

    #[test]
    fn speech_without_words_is_lost() {
        let text = "one two three four five six seven eight nine ten";
        assert_eq!(flaw(&plan(5_000), &heard(said(text, 0))), None);
        assert_eq!(
            flaw(&plan(12_000), &heard(said(text, 0))),
            Some(Flaw::Lost),
            "the end is missing"
        );
        assert_eq!(
            flaw(&plan(12_000), &heard(said(text, 7_000))),
            Some(Flaw::Lost),
            "the start is missing"
        );
        assert_eq!(
            flaw(&plan(6_000), &heard(said("hm", 3_000))),
            Some(Flaw::Lost),
            "too few words"
        );
        assert_eq!(
            flaw(&plan(1_200), &heard(Vec::new())),
            None,
            "a cough is no speech"
        );
    }

    #[test]
    fn words_without_sentences_are_heard_again_and_kept_unless_it_says_the_same() {
        let plain = "that sounds painful what did that late opening cost you then i am sorry to hear";
        let written = "That sounds painful. What did that late opening cost you then? I am sorry to hear.";
        let other =
            "That sounds painful. That sounds painful. What did that late opening cost you then? I am sorry.";
        let hear_both = |second: &str| {
            let mut engine = Scripted(vec![heard(said(plain, 0)), heard(said(second, 0))]);
            let (best, seen) = hear_one(&mut engine, plan(7_000), vec![0.0; 100]);
            assert_eq!(seen, Some(Flaw::Plain));
            best.words
        };
        assert_eq!(hear_both(written), said(written, 0));
        assert_eq!(hear_both(other), said(plain, 0), "it says something twice");
    }

    #[test]
    fn a_lost_window_is_heard_again_in_halves_with_times_kept() {
        let text = "one two three four five six seven eight nine ten eleven twelve";
        let mut engine = Scripted(vec![
            heard(Vec::new()),
            heard(said(text, 0)),
            heard(said(text, 100)),
        ]);
        let samples = vec![0.0; 160_000];
        let (best, seen) = hear_one(&mut engine, plan(10_000), samples);
        assert_eq!(seen, Some(Flaw::Lost));
        assert_eq!(best.words.len(), 24);
        assert_eq!(best.words[12].start_ms, 5_100);
        assert!(engine.0.is_empty());
    }

    #[test]
    fn an_echo_without_sound_goes_and_a_phrase_said_twice_stays() {
        let mut words = said("when would it run when would it run okay", 0);
        assert_eq!(without_echoes(&words).len(), 9);
        for word in &mut words[4..8] {
            (word.start_ms, word.end_ms) = (1_550, 1_550);
        }
        let left: Vec<_> = without_echoes(&words).into_iter().map(|word| word.text).collect();
        assert_eq!(left, ["when", "would", "it", "run", "okay"]);
    }

    #[test]
    fn the_start_written_once_more_at_the_end_goes_and_new_words_stay() {
        let mut words = said(
            "good morning sarah is this a good time okay okay good morning sarah",
            0,
        );
        for word in &mut words[9..] {
            (word.start_ms, word.end_ms) = (3_600, 3_600);
        }
        let text = |words: Vec<HeardWord>| {
            words
                .into_iter()
                .map(|word| word.text)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            text(without_echoes(&words)),
            "good morning sarah is this a good time okay"
        );
        words[11].text = "evening".to_owned();
        assert_eq!(
            without_echoes(&words).len(),
            words.len(),
            "it was not said before"
        );
    }

    #[test]
    fn a_loop_that_will_not_go_away_is_shortened() {
        let looped = || heard(said("and so and so and so and so and so", 0));
        let mut engine = Scripted(vec![looped(), looped()]);
        let (best, seen) = hear_one(&mut engine, plan(3_900), vec![0.0; 100]);
        assert_eq!(seen, Some(Flaw::Loop));
        assert_eq!(best.words.len(), 4);
    }
}
