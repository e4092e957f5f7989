//! The sample calls under `samples/` and what is truly said in them, and when.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use gametape_core::transcript::{Segment, Speaker};
use serde::Deserialize;

use crate::wer::{Step, align, normalise};

/// One sentence that somebody says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utterance {
    /// Channel, counted from 0.
    pub channel: usize,
    /// When it is first heard, in milliseconds of the recording.
    pub start_ms: i64,
    /// When it is last heard.
    pub end_ms: i64,
    /// The words.
    pub text: String,
}

/// What is said in a sample call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Title of the call.
    pub title: String,
    /// Language, as a two-letter code.
    pub language: String,
    /// Who speaks, a channel each.
    pub channels: Vec<Speaker>,
    /// The sentences, ordered by `start_ms`; they overlap where people talk over each other.
    pub utterances: Vec<Utterance>,
}

impl Truth {
    /// All that is said on `channel`, as one text.
    pub fn channel_text(&self, channel: usize) -> String {
        let said = self
            .utterances
            .iter()
            .filter(|utterance| utterance.channel == channel);
        said.map(|utterance| utterance.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A sample call.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name: the files' names without their endings.
    pub name: String,
    /// The recording.
    pub audio: PathBuf,
    /// What is said in it.
    pub truth: Truth,
}

impl Sample {
    /// Loads the sample called `name`; fails where its recording is missing or its truth has another
    /// shape.
    pub fn load(name: &str) -> Result<Self> {
        let (audio, path) = (
            samples_dir().join(format!("{name}.opus")),
            samples_dir().join(format!("{name}.truth.json")),
        );
        ensure!(
            audio.is_file(),
            "{} is missing: make it with samples/make.py",
            audio.display()
        );
        let json = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let truth = serde_json::from_slice(&json).with_context(|| format!("parsing {}", path.display()))?;
        Ok(Self {
            name: name.to_owned(),
            audio,
            truth,
        })
    }
}

/// The folder of the sample calls in the source tree.
pub fn samples_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new(".."))
        .join("samples")
}

/// All sample calls, by name.
pub fn samples() -> Result<Vec<Sample>> {
    let folder = samples_dir();
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
        let file = entry?.file_name();
        names.extend(
            file.to_string_lossy()
                .strip_suffix(".truth.json")
                .map(str::to_owned),
        );
    }
    ensure!(!names.is_empty(), "no *.truth.json in {}", folder.display());
    names.sort();
    names.iter().map(|name| Sample::load(name)).collect()
}

/// How far the starts of `segments` are from the truth, in milliseconds without sign, a number for each
/// segment that begins with the first word of an utterance; others have no true start to compare with.
///
/// Words are matched by aligning each channel's transcript with what is said on it. A first word that
/// was misheard counts when the second one matches.
pub fn segment_start_errors(truth: &[Utterance], segments: &[Segment]) -> Vec<i64> {
    let channels = segments
        .iter()
        .map(|segment| segment.channel + 1)
        .max()
        .unwrap_or(0);
    (0..channels)
        .flat_map(|channel| channel_start_errors(channel, truth, segments))
        .collect()
}

/// [`segment_start_errors`] of one channel.
fn channel_start_errors(channel: usize, truth: &[Utterance], segments: &[Segment]) -> Vec<i64> {
    let said = truth.iter().filter(|utterance| utterance.channel == channel);
    let (reference, true_starts) = words_and_starts(said.map(|it| (it.start_ms, it.text.as_str())));
    let heard = segments.iter().filter(|segment| segment.channel == channel);
    let (hypothesis, heard_starts) = words_and_starts(heard.map(|it| (it.start_ms, it.text.as_str())));

    let steps = align(&reference, &hypothesis);
    let begins_alike = |place: usize| match (steps[place], steps.get(place + 1)) {
        (
            Step::Same {
                reference,
                hypothesis,
            },
            _,
        )
        | (
            Step::Substituted {
                reference,
                hypothesis,
            },
            Some(Step::Same { .. }),
        ) => true_starts[reference].zip(heard_starts[hypothesis]),
        _ => None,
    };
    (0..steps.len())
        .filter_map(begins_alike)
        .map(|(true_ms, heard_ms)| (heard_ms - true_ms).abs())
        .collect()
}

/// The words of all texts, and for each word the start of the text that it is the first word of.
fn words_and_starts<'a>(texts: impl Iterator<Item = (i64, &'a str)>) -> (Vec<String>, Vec<Option<i64>>) {
    let mut texts: Vec<_> = texts.collect();
    texts.sort_by_key(|(start_ms, _)| *start_ms);
    let (mut all, mut starts) = (Vec::new(), Vec::new());
    for (start_ms, text) in texts {
        let words = normalise(text);
        starts.extend((0..words.len()).map(|place| (place == 0).then_some(start_ms)));
        all.extend(words);
    }
    (all, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(channel: usize, start_ms: i64, text: &str) -> Utterance {
        Utterance {
            channel,
            start_ms,
            end_ms: start_ms + 1000,
            text: text.to_owned(),
        }
    }

    fn heard(channel: usize, start_ms: i64, text: &str) -> Segment {
        Segment {
            id: None,
            start_ms,
            end_ms: start_ms + 1000,
            channel,
            speaker: Speaker::default_for(channel, 2),
            text: text.to_owned(),
            words: Vec::new(),
            edited: false,
        }
    }

    #[test]
    fn starts_are_compared_on_the_segment_s_own_channel() {
        let truth = [
            said(0, 1000, "Good morning."),
            said(1, 1400, "Good morning."),
            said(0, 3000, "All well?"),
        ];
        let segments = [
            heard(1, 1500, "good morning"),
            heard(0, 970, "Good morning"),
            heard(0, 3250, "All well"),
        ];
        assert_eq!(segment_start_errors(&truth, &segments), [30, 250, 100]);
    }

    #[test]
    fn segments_that_begin_inside_an_utterance_are_left_out() {
        let truth = [
            said(0, 1000, "We lost the sales of the morning."),
            said(0, 5000, "It hurt."),
        ];
        let segments = [
            heard(0, 1100, "We lost the sales"),
            heard(0, 2500, "of the morning. It hurt."),
        ];
        assert_eq!(segment_start_errors(&truth, &segments), [100]);
    }

    #[test]
    fn misheard_first_word_counts_only_before_a_heard_second() {
        let truth = [said(0, 1000, "Hi Mark, hello."), said(0, 5000, "Goodbye then.")];
        let segments = [
            heard(0, 1200, "High Mark, hello."),
            heard(0, 5100, "Could I when"),
        ];
        assert_eq!(segment_start_errors(&truth, &segments), [200]);
    }

    #[test]
    fn empty_and_invented_segments_have_no_start() {
        let truth = [said(0, 1000, "Hello there.")];
        let segments = [
            heard(0, 0, "..."),
            heard(0, 1000, "Hello there."),
            heard(0, 9000, "thanks for watching"),
        ];
        assert_eq!(segment_start_errors(&truth, &segments), [0]);
        assert!(segment_start_errors(&[], &segments).is_empty());
    }

    #[test]
    fn every_sample_has_two_sides_in_order() {
        let samples = samples().unwrap();
        assert!(samples.len() >= 3);
        for Sample { name, truth, .. } in samples {
            assert_eq!(truth.channels.len(), 2, "{name}");
            for channel in 0..2 {
                let mine: Vec<_> = truth
                    .utterances
                    .iter()
                    .filter(|it| it.channel == channel)
                    .collect();
                assert!(mine.len() > 10, "{name}");
                assert!(mine.iter().all(|it| it.start_ms < it.end_ms), "{name}");
                assert!(
                    mine.windows(2).all(|pair| pair[0].end_ms < pair[1].start_ms),
                    "{name}"
                );
            }
            assert!(truth.utterances.is_sorted_by_key(|it| it.start_ms), "{name}");
        }
    }
}
