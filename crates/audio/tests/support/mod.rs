//! Sounds made here, and files made of them with ffmpeg.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test program uses a part of it, and tests may fail by panics"
)]

use std::{
    fs::{self, File},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
};

use gametape_audio::{
    Analysis, AudioError, ChannelPlan, Limits, Pcm16k, Peaks, Source, Span, analyze, wav_file,
};

/// Limits of the tests: a quarter of an hour.
pub const LIMITS: Limits = Limits {
    max_duration_ms: 15 * 60_000,
};

/// Random numbers that are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From -1 to 1.
    pub fn sample(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// What somebody says in a sample call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utterance {
    pub channel: usize,
    pub start_ms: i64,
    pub end_ms: i64,
}

/// What is said in a sample call, from its truth.
pub fn utterances(truth: &Path) -> Vec<Utterance> {
    let truth: serde_json::Value = serde_json::from_slice(&fs::read(truth).unwrap()).unwrap();
    let read = |utterance: &serde_json::Value| Utterance {
        channel: utterance["channel"].as_u64().unwrap() as usize,
        start_ms: utterance["start_ms"].as_i64().unwrap(),
        end_ms: utterance["end_ms"].as_i64().unwrap(),
    };
    truth["utterances"].as_array().unwrap().iter().map(read).collect()
}

/// The first seconds of a sample call at 16 kHz: the two voices with silence between what they say.
pub struct Voices {
    pub rep: Vec<f32>,
    pub customer: Vec<f32>,
    pub utterances: Vec<Utterance>,
}

impl Voices {
    pub fn read(seconds: i64) -> Self {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
        let utterances = utterances(&samples.join("bakery-discovery.truth.json")).into_iter();
        let utterances: Vec<Utterance> = utterances
            .filter(|utterance| utterance.end_ms + 100 < seconds * 1000)
            .collect();
        let file = File::open(samples.join("bakery-discovery.opus")).unwrap();
        let mut pcm = Pcm16k::open(Source::from_file(file).unwrap(), None, ChannelPlan::Split).unwrap();
        let mut voices = [Vec::new(), Vec::new()];
        for _ in 0..seconds {
            let block = pcm.next_block().unwrap().unwrap();
            voices
                .iter_mut()
                .zip(block)
                .for_each(|(voice, piece)| voice.extend(piece));
        }
        for (channel, voice) in voices.iter_mut().enumerate() {
            let own: Vec<_> = utterances
                .iter()
                .filter(|utterance| utterance.channel == channel)
                .collect();
            for (n, sample) in voice.iter_mut().enumerate() {
                let ms = n as i64 / 16;
                if !own
                    .iter()
                    .any(|said| (said.start_ms - 30..said.end_ms + 30).contains(&ms))
                {
                    *sample = 0.0;
                }
            }
        }
        let [rep, customer] = voices;
        Self {
            rep,
            customer,
            utterances,
        }
    }

    /// Checks that `spans` cover what is said on `channel` (or on any, for `None`) and little else.
    pub fn check(&self, what: &str, spans: &[Span], channel: Option<usize>) {
        let mut heard_ms = 0;
        for said in &self.utterances {
            if channel.is_some_and(|channel| channel != said.channel) {
                continue;
            }
            let covered_ms = overlap_ms(spans, said.start_ms, said.end_ms);
            let said_ms = said.end_ms - said.start_ms;
            assert!(
                covered_ms * 100 >= said_ms * 94,
                "{what}: {covered_ms} ms heard of {said:?}: {spans:?}"
            );
            heard_ms += overlap_ms(spans, said.start_ms - 350, said.end_ms + 400);
        }
        let all_ms: i64 = spans.iter().map(|span| span.duration_ms()).sum();
        assert!(
            all_ms - heard_ms < 500,
            "{what}: speech where there is none: {spans:?}"
        );
    }
}

/// Milliseconds that `spans` share with a time.
pub fn overlap_ms(spans: &[Span], start_ms: i64, end_ms: i64) -> i64 {
    spans
        .iter()
        .map(|span| (span.end_ms.min(end_ms) - span.start_ms.max(start_ms)).max(0))
        .sum()
}

/// Sounds times gain and later by some samples, added up, with noise.
pub fn mixed(parts: &[(&[f32], f32, usize)], noise: f32, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    let mut out: Vec<f32> = (0..parts[0].0.len()).map(|_| random.sample() * noise).collect();
    for (sound, gain, late) in parts {
        out.iter_mut()
            .skip(*late)
            .zip(*sound)
            .for_each(|(out, sample)| *out += gain * sample);
    }
    out
}

/// A WAV file with 16-bit samples.
pub fn wav(rate: u32, channels: &[Vec<f32>]) -> Vec<u8> {
    let sample = |value: f32| (value.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
    let samples: Vec<i16> = (0..channels[0].len())
        .flat_map(|frame| channels.iter().map(move |channel| sample(channel[frame])))
        .collect();
    wav_file(rate, channels.len() as u16, &samples)
}

/// Analyses bytes without watching.
pub fn analyzed(bytes: impl Into<Vec<u8>>) -> Result<(Analysis, Peaks), AudioError> {
    analyze(Source::from_bytes(bytes), None, &LIMITS, &mut |_, _| {
        ControlFlow::Continue(())
    })
}

/// Runs ffmpeg in `dir`: reads `input`, writes `output` with `options` between.
pub fn ffmpeg(dir: &Path, input: &[&str], options: &[&str], output: &str) -> PathBuf {
    let path = dir.join(output);
    let run = Command::new("ffmpeg")
        .current_dir(dir)
        .args(["-nostdin", "-v", "error", "-y"])
        .args(input)
        .args(options)
        .arg(&path)
        .output()
        .unwrap_or_else(|error| {
            panic!("ffmpeg can't be started ({error}): install it with 'apt-get install ffmpeg'")
        });
    assert!(
        run.status.success(),
        "ffmpeg made no {output}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    path
}

/// The formats that recordings come in: name, media type, codec, options for ffmpeg.
pub const FORMATS: &[(&str, &str, &str, &[&str])] = &[
    ("pcm_u8.wav", "audio/wav", "pcm_u8", &["-c:a", "pcm_u8"]),
    ("pcm_s16.wav", "audio/wav", "pcm_s16le", &["-c:a", "pcm_s16le"]),
    ("pcm_s24.wav", "audio/wav", "pcm_s24le", &["-c:a", "pcm_s24le"]),
    ("pcm_s32.wav", "audio/wav", "pcm_s32le", &["-c:a", "pcm_s32le"]),
    ("pcm_f32.wav", "audio/wav", "pcm_f32le", &["-c:a", "pcm_f32le"]),
    ("pcm_48k.wav", "audio/wav", "pcm_s16le", &["-ar", "48000"]),
    (
        "mulaw.wav",
        "audio/wav",
        "pcm_mulaw",
        &["-ar", "8000", "-c:a", "pcm_mulaw"],
    ),
    (
        "alaw.wav",
        "audio/wav",
        "pcm_alaw",
        &["-ar", "8000", "-c:a", "pcm_alaw"],
    ),
    (
        "tone.mp3",
        "audio/mpeg",
        "mp3",
        &["-c:a", "libmp3lame", "-b:a", "64k"],
    ),
    (
        "low.mp3",
        "audio/mpeg",
        "mp3",
        &["-ar", "8000", "-c:a", "libmp3lame", "-b:a", "16k"],
    ),
    (
        "vbr.mp3",
        "audio/mpeg",
        "mp3",
        &["-ar", "44100", "-c:a", "libmp3lame", "-q:a", "4"],
    ),
    (
        "aac.m4a",
        "audio/mp4",
        "aac",
        &["-ar", "44100", "-c:a", "aac", "-b:a", "96k"],
    ),
    (
        "low.m4a",
        "audio/mp4",
        "aac",
        &["-ar", "8000", "-c:a", "aac", "-b:a", "24k"],
    ),
    (
        "fragmented.m4a",
        "audio/mp4",
        "aac",
        &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"],
    ),
    ("alac.m4a", "audio/mp4", "alac", &["-c:a", "alac"]),
    ("call.flac", "audio/flac", "flac", &["-c:a", "flac"]),
    (
        "vorbis.ogg",
        "audio/ogg",
        "vorbis",
        &["-ar", "44100", "-c:a", "libvorbis", "-q:a", "4"],
    ),
    (
        "opus.ogg",
        "audio/ogg",
        "opus",
        &["-c:a", "libopus", "-b:a", "32k"],
    ),
    (
        "opus.webm",
        "audio/webm",
        "opus",
        &["-c:a", "libopus", "-b:a", "32k"],
    ),
    (
        "vorbis.webm",
        "audio/webm",
        "vorbis",
        &["-ar", "44100", "-c:a", "libvorbis", "-q:a", "4"],
    ),
    (
        "opus.mkv",
        "audio/x-matroska",
        "opus",
        &["-c:a", "libopus", "-b:a", "32k"],
    ),
    (
        "raw.aac",
        "audio/aac",
        "aac",
        &["-ar", "44100", "-c:a", "aac", "-b:a", "96k"],
    ),
];
