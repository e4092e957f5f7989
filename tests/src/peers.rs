//! Gametape and other engines on the same recordings, weights and threads.

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use gametape_core::transcript::Transcript;
use serde::Deserialize;

use crate::{
    accuracy::{channel_text, transcribe_command},
    program::{Workspace, models_dir},
    truth::{Sample, samples, samples_dir},
    wer::word_errors,
};

/// How often it is asked for the first words.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Something to transcribe.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What tables call it.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// What is said on each channel, where that is known.
    pub truth: Option<Vec<String>>,
    /// Length in seconds.
    pub length_s: f64,
}

/// Who transcribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// Gametape with its own engine.
    Native,
    /// Gametape with whisper-rs.
    WhisperRs,
    /// faster-whisper in 8-bit integers, eight windows at a time: the one to beat.
    FasterWhisperBatched,
    /// faster-whisper in 8-bit integers, a window at a time.
    FasterWhisper,
    /// whisper.cpp as its Python package comes.
    PyWhisperCpp,
}

impl Contender {
    /// All, in the order of tables.
    pub const ALL: [Self; 5] = [
        Self::Native,
        Self::WhisperRs,
        Self::FasterWhisperBatched,
        Self::FasterWhisper,
        Self::PyWhisperCpp,
    ];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "gametape native",
            Self::WhisperRs => "gametape whisper",
            Self::FasterWhisperBatched => "faster-whisper-batched",
            Self::FasterWhisper => "faster-whisper",
            Self::PyWhisperCpp => "pywhispercpp",
        }
    }

    /// What our command line calls the engine.
    fn engine(self) -> &'static str {
        if self == Self::Native { "native" } else { "whisper" }
    }

    /// Whether it is one of ours.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Native | Self::WhisperRs)
    }
}

/// What one run took and gave.
#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    /// From before the model is loaded (ours: from the start of the process) to the last word.
    pub seconds: f64,
    /// From there to the first words; ours are timed by [`Bench::first_words`].
    pub first_s: Option<f64>,
    /// The most memory that it held.
    pub peak_bytes: u64,
    /// The text of each channel.
    pub texts: Vec<String>,
}

impl Run {
    /// Word error rate of each channel.
    pub fn rates(&self, truth: &[String]) -> Vec<f64> {
        let heard = self.texts.iter().map(String::as_str).chain(std::iter::repeat(""));
        let pairs = truth.iter().zip(heard);
        pairs
            .map(|(said, heard)| word_errors(said, heard).rate())
            .collect()
    }
}

/// Where programs and models are, and what they run with.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Gametape.
    pub program: PathBuf,
    /// The environment with the other engines.
    pub peers: PathBuf,
    /// The script that runs them.
    pub script: PathBuf,
    /// Threads for everybody.
    pub threads: usize,
}

impl Bench {
    /// Puts a model's weights where faster-whisper finds them.
    pub fn prepare(&self, model: &str) -> Result<PathBuf> {
        let folder = self.peers.join("models").join(model);
        if !folder.join("config.json").is_file() {
            let status = self.python().arg("prepare").arg(model).arg(&folder).status()?;
            ensure!(status.success(), "the weights of {model} can't be prepared");
        }
        Ok(folder)
    }

    fn python(&self) -> Command {
        let mut command = Command::new(self.peers.join("bin/python"));
        command.arg(&self.script);
        command
    }

    /// Transcribes a recording of English once, in a process of its own.
    pub fn run(&self, contender: Contender, model: &str, recording: &Recording) -> Result<Run> {
        let mut command = match contender {
            Contender::Native | Contender::WhisperRs => {
                let engine = contender.engine();
                let mut command = transcribe_command(&self.program, (engine, model), self.threads);
                command.args(["--language", "en"]);
                command
            }
            _ => {
                let mut command = self.python();
                let folder = self.prepare(model)?;
                command
                    .arg(contender.name())
                    .arg(models_dir().join(format!("ggml-{model}.bin")))
                    .arg(folder)
                    .args([&self.threads.to_string(), "en"]);
                command
            }
        };
        command
            .arg(&recording.file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let begun = Instant::now();
        let (output, peak_bytes) = output_and_peak(&mut command)?;
        let seconds = begun.elapsed().as_secs_f64();
        if !contender.is_ours() {
            let json = output.lines().last().unwrap_or_default();
            return serde_json::from_str(json).with_context(|| format!("{}: {output}", contender.name()));
        }
        let transcript: Transcript = serde_json::from_str(&output)?;
        let channels = transcript
            .segments
            .iter()
            .map(|segment| segment.channel + 1)
            .max();
        Ok(Run {
            seconds,
            first_s: None,
            peak_bytes,
            texts: (0..channels.unwrap_or(0))
                .map(|channel| channel_text(&transcript, channel))
                .collect(),
        })
    }
}

impl Bench {
    /// Seconds from the end of an upload to words that can be read, in a server of its own that has no model loaded.
    pub async fn first_words(&self, contender: Contender, model: &str, recording: &Recording) -> Result<f64> {
        let threads = self.threads.to_string();
        let workspace = Workspace::of_binary(
            &self.program,
            &[
                ("GAMETAPE_ENGINE", contender.engine()),
                ("GAMETAPE_MODEL", model),
                ("GAMETAPE_THREADS", &threads),
            ],
        )?;
        let token = workspace.person("rep@example.com", "rep")?;
        let server = workspace.serve(&[])?;
        let client = server.client(&token);
        let call_id = client
            .create_call("call", std::fs::read(&recording.file)?)
            .await?;
        let begun = Instant::now();
        while client.first_words(&call_id).await?.is_none() {
            let call = client.get(&format!("/calls/{call_id}")).await?;
            ensure!(
                call["state"] != "failed" && call["state"] != "ready",
                "nothing was heard: {call}"
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// Runs a command to its end; gives what it printed and the most memory that it held.
fn output_and_peak(command: &mut Command) -> Result<(String, u64)> {
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    let mut output = String::new();
    child
        .stdout
        .take()
        .context("no output")?
        .read_to_string(&mut output)?;
    let id = i32::try_from(child.id())?;
    let (status, usage) = wait_with_usage(id)?;
    let status = std::process::ExitStatus::from_raw(status);
    ensure!(status.success(), "{command:?}: {status}");
    Ok((output, usage))
}

/// Waits for a child of this process; gives its status and the most memory that it held, in bytes.
#[expect(
    unsafe_code,
    reason = "the standard library does not tell what a child has used"
)]
fn wait_with_usage(id: i32) -> Result<(i32, u64)> {
    let mut status = 0;
    // SAFETY: an all-zero `rusage` is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the types that `wait4` writes.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
    ensure!(waited == id, "the process {id} can't be waited for");
    // Linux counts in kilobytes.
    Ok((status, usage.ru_maxrss as u64 * 1_024))
}

/// The recordings to compare on; `folder` keeps those that are made here. A folder of more speech may hold `*.wav`
/// beside `*.txt` with what is said in them.
pub fn recordings(folder: &Path, speech: Option<&Path>, minutes: u32) -> Result<Vec<Recording>> {
    let samples = samples()?;
    let mut all: Vec<Recording> = Vec::new();
    if let Some(speech) = speech {
        all.push(telephone(folder, speech)?);
    }
    for sample in &samples {
        all.push(recording_of(sample)?);
    }
    if minutes > 0 {
        all.push(long_call(folder, &samples, minutes)?);
    }
    Ok(all)
}

fn truth_of(sample: &Sample) -> Vec<String> {
    let channels = 0..sample.truth.channels.len();
    channels
        .map(|channel| sample.truth.channel_text(channel))
        .collect()
}

fn recording_of(sample: &Sample) -> Result<Recording> {
    Ok(Recording {
        name: sample.name.clone(),
        length_s: length_s(&sample.audio)?,
        file: sample.audio.clone(),
        truth: Some(truth_of(sample)),
    })
}

/// Real speech as a telephone carries it: 8 kHz in µ-law, a second of silence between one sentence and the next.
fn telephone(folder: &Path, speech: &Path) -> Result<Recording> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(speech)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "wav") && path.with_extension("txt").is_file()
        })
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} has no *.wav with *.txt", speech.display());
    let said = files
        .iter()
        .map(|file| std::fs::read_to_string(file.with_extension("txt")));
    let said = said.collect::<Result<Vec<_>, _>>()?.join(" ");
    let file = folder.join("telephone.wav");
    join(
        &files,
        1,
        &["-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw"],
        &file,
    )?;
    Ok(Recording {
        name: "telephone".to_owned(),
        length_s: length_s(&file)?,
        file,
        truth: Some(vec![said]),
    })
}

/// The samples one after the other, again and again, with pauses of three seconds.
pub fn long_call(folder: &Path, samples: &[Sample], minutes: u32) -> Result<Recording> {
    let wanted_s = f64::from(minutes) * 60.0;
    let (mut files, mut said, mut so_far_s) = (Vec::new(), vec![String::new(); 2], 0.0);
    for sample in samples.iter().cycle() {
        if so_far_s >= wanted_s {
            break;
        }
        so_far_s += length_s(&sample.audio)? + 3.0;
        files.push(sample.audio.clone());
        for (said, more) in said.iter_mut().zip(truth_of(sample)) {
            said.push(' ');
            said.push_str(&more);
        }
    }
    let file = folder.join("long.opus");
    join(
        &files,
        3,
        &["-ar", "48000", "-ac", "2", "-c:a", "libopus", "-b:a", "48k"],
        &file,
    )?;
    Ok(Recording {
        name: format!("{minutes} min"),
        length_s: length_s(&file)?,
        file,
        truth: Some(said),
    })
}

/// Joins files with silence behind each.
fn join(files: &[PathBuf], silence_s: u32, options: &[&str], out: &Path) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    for file in files {
        command.arg("-i").arg(file);
    }
    let padded = |index: usize| format!("[{index}:a]aresample=16000,apad=pad_dur={silence_s}[p{index}];");
    let mut filter: String = (0..files.len()).map(padded).collect();
    filter.extend((0..files.len()).map(|index| format!("[p{index}]")));
    filter.extend([
        "concat=n=".to_owned(),
        files.len().to_string(),
        ":v=0:a=1[out]".to_owned(),
    ]);
    command
        .args(["-filter_complex", &filter, "-map", "[out]"])
        .args(options)
        .arg(out);
    let status = command.status().context("ffmpeg is needed")?;
    ensure!(status.success(), "ffmpeg could not make {}", out.display());
    Ok(())
}

fn length_s(file: &Path) -> Result<f64> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .context("ffprobe is needed")?;
    let text = String::from_utf8(output.stdout)?;
    text.trim()
        .parse()
        .with_context(|| format!("the length of {}", file.display()))
}

/// The script that runs the other engines.
pub fn script() -> PathBuf {
    samples_dir().join("../tests/peers/peers.py")
}
