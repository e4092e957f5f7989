//! What the samples are made of: `NAME.opus`, `NAME.truth.json` and `NAME.feedback.json`.

use std::path::Path;

use bytes::Bytes;
use gametape_core::{comment::CommentKind, review::ReviewResponse, transcript::Speaker};
use serde::{Deserialize, de::DeserializeOwned};

use super::SampleError;

macro_rules! embedded {
    ($($name:literal),+) => {
        &[$((
            $name,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/", $name, ".opus")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/", $name, ".truth.json")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/", $name, ".feedback.json")),
        )),+]
    };
}

/// Name, recording, what is said, and what people say about it.
const EMBEDDED: &[(&str, &[u8], &str, &str)] =
    embedded!("bakery-discovery", "clinic-pricing", "warehouse-renewal");

/// The sample calls.
#[derive(Debug)]
pub struct Samples(pub(super) Vec<Sample>);

/// A sample call.
#[derive(Debug)]
pub(super) struct Sample {
    /// Its name, e.g. `clinic-pricing`.
    pub(super) name: String,
    pub(super) recording: Bytes,
    pub(super) truth: Truth,
    pub(super) feedback: Feedback,
}

/// What is said in a recording.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub(super) title: String,
    pub(super) language: String,
    pub(super) channels: Vec<Speaker>,
    utterances: Vec<Utterance>,
}

#[derive(Debug, Deserialize)]
struct Utterance {
    start_ms: i64,
    end_ms: i64,
}

/// What people say about a call. They are named by the keys of the sample people, places by the first and the
/// last utterance.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feedback {
    pub(super) comments: Vec<SampleComment>,
    pub(super) reviews: Vec<SampleReview>,
    pub(super) requests: Vec<SampleRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleComment {
    pub(super) by: String,
    pub(super) kind: CommentKind,
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
    pub(super) body: String,
    pub(super) situation: Option<String>,
    pub(super) behaviour: Option<String>,
    pub(super) impact: Option<String>,
    #[serde(default)]
    pub(super) mentions: Vec<String>,
    /// Who gave it, and which.
    #[serde(default)]
    pub(super) reactions: Vec<(String, String)>,
    #[serde(default)]
    pub(super) replies: Vec<SampleReply>,
    pub(super) resolved_by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleReply {
    pub(super) by: String,
    pub(super) body: String,
}

/// How far a sample review got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SampleState {
    Draft,
    Submitted,
    Released,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleReview {
    pub(super) by: String,
    pub(super) state: SampleState,
    pub(super) summary: String,
    /// In the order of the default rubric.
    pub(super) scores: Vec<SampleScore>,
    /// What the reviewee says, with a note.
    pub(super) response: Option<(ReviewResponse, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleScore {
    /// Null for not applicable.
    pub(super) value: Option<i64>,
    pub(super) note: String,
    #[serde(default)]
    pub(super) evidence: Vec<(usize, usize)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleRequest {
    pub(super) by: String,
    pub(super) of: String,
    pub(super) note: String,
}

impl Sample {
    fn read(name: &str, recording: Bytes, truth: &str, feedback: Option<&str>) -> Result<Self, SampleError> {
        Ok(Self {
            name: name.to_owned(),
            recording,
            truth: parse(name, truth)?,
            feedback: feedback.map_or_else(|| Ok(Feedback::default()), |text| parse(name, text))?,
        })
    }

    /// Where the utterances from `first` to `last` are, in milliseconds.
    pub(super) fn range_ms(&self, first: usize, last: usize) -> Result<(i64, i64), SampleError> {
        let utterances = &self.truth.utterances;
        match (utterances.get(first), utterances.get(last)) {
            (Some(from), Some(to)) if from.start_ms < to.end_ms => Ok((from.start_ms, to.end_ms)),
            _ => Err(self.wrong(format!("there are no utterances {first} to {last}"))),
        }
    }

    pub(super) fn wrong(&self, detail: String) -> SampleError {
        SampleError::Content {
            name: self.name.clone(),
            detail,
        }
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, SampleError> {
    serde_json::from_str(text).map_err(|error| SampleError::Content {
        name: name.to_owned(),
        detail: error.to_string(),
    })
}

impl Samples {
    /// The samples that come with the program.
    pub fn embedded() -> Result<Self, SampleError> {
        let read = |(name, recording, truth, feedback): &(&str, &'static [u8], &str, &str)| {
            Sample::read(name, Bytes::from_static(recording), truth, Some(feedback))
        };
        EMBEDDED.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The recording of the first sample: a call on two channels, for trying out a model.
    pub fn recording(&self) -> Option<Bytes> {
        self.0.first().map(|sample| sample.recording.clone())
    }

    /// The samples in a folder, in the order of their names; files with feedback may be missing.
    pub fn read_folder(folder: &Path) -> Result<Self, SampleError> {
        let read_error = |path: &Path, source| SampleError::Read {
            name: path.display().to_string(),
            source,
        };
        let mut samples = Vec::new();
        let entries = std::fs::read_dir(folder).map_err(|error| read_error(folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| read_error(folder, error))?.path();
            let file = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let Some(name) = file.strip_suffix(".truth.json") else {
                continue;
            };
            let truth = std::fs::read_to_string(&path).map_err(|error| read_error(&path, error))?;
            let opus = folder.join(format!("{name}.opus"));
            let recording = std::fs::read(&opus).map_err(|error| read_error(&opus, error))?;
            let feedback = std::fs::read_to_string(folder.join(format!("{name}.feedback.json"))).ok();
            samples.push(Sample::read(name, recording.into(), &truth, feedback.as_deref())?);
        }
        if samples.is_empty() {
            return Err(SampleError::Missing(folder.display().to_string()));
        }
        samples.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(samples))
    }
}
