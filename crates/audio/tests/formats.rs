//! Every format that recordings come in, made with ffmpeg from one source: the same sound at the same time.
#![expect(clippy::unwrap_used, reason = "tests may fail by them")]

mod support;

use std::fs;

use gametape_audio::{ChannelPlan, Decoder, Layout, Pcm16k, Source, cut_clip};
use support::{FORMATS, Voices, analyzed, ffmpeg, mixed, wav};

/// Length of the source.
const SECONDS: i64 = 11;

/// Two people who take turns, at 16 kHz, with the noise of a line.
fn conversation() -> (Voices, [Vec<f32>; 2]) {
    let voices = Voices::read(SECONDS);
    let channels = [
        mixed(&[(&voices.rep, 1.0, 0)], 0.001, 1),
        mixed(&[(&voices.customer, 1.0, 0)], 0.001, 2),
    ];
    (voices, channels)
}

fn read_16k(bytes: Vec<u8>, plan: ChannelPlan) -> Vec<Vec<f32>> {
    let mut pcm = Pcm16k::open(Source::from_bytes(bytes), None, plan).unwrap();
    let mut channels = vec![Vec::new(); plan.channels()];
    while let Some(block) = pcm.next_block().unwrap() {
        channels
            .iter_mut()
            .zip(block)
            .for_each(|(all, piece)| all.extend(piece));
    }
    assert_eq!(pcm.position_samples(), channels[0].len() as u64);
    channels
}

/// How many samples `heard` is later than `reference`, and how alike they are there (1 is the same).
fn lag(reference: &[f32], heard: &[f32]) -> (i32, f32) {
    let range = 20_000..reference.len().min(heard.len()) - 2_000;
    let dot = |shift: i32| -> f32 {
        range
            .clone()
            .step_by(5)
            .map(|n| reference[n] * heard[(n as i32 + shift) as usize])
            .sum()
    };
    let energy = |samples: &[f32]| {
        samples[range.clone()]
            .iter()
            .step_by(5)
            .map(|s| s * s)
            .sum::<f32>()
    };
    let best = (-1_100..=1_100)
        .max_by(|a, b| dot(*a).total_cmp(&dot(*b)))
        .unwrap();
    (best, dot(best) / (energy(reference) * energy(heard)).sqrt())
}

#[test]
fn every_format_has_the_same_sound_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let (voices, source) = conversation();
    fs::write(dir.path().join("source.wav"), wav(16_000, &source)).unwrap();
    for (name, content_type, codec, options) in FORMATS {
        let bytes = fs::read(ffmpeg(dir.path(), &["-i", "source.wav"], options, name)).unwrap();
        let (analysis, peaks) = analyzed(bytes.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (analysis.content_type.as_str(), analysis.codec.as_str()),
            (*content_type, *codec),
            "{name}"
        );
        // These can't say what their encoder added.
        let untold = ["raw.aac", "fragmented.m4a"].contains(name);
        let (slack_ms, slack_lag) = if untold { (80, 1100) } else { (30, 80) };
        assert!(
            (analysis.duration_ms - 11_000).abs() <= slack_ms,
            "{name} has {} ms",
            analysis.duration_ms
        );
        assert!(!analysis.truncated, "{name}");
        assert_eq!(analysis.layout, Layout::Split, "{name}");
        assert_eq!(analysis.source_channels, 2, "{name}");
        assert_eq!(peaks.channels.len(), 2, "{name}");
        let heard = read_16k(bytes, analysis.plan());
        for (side, (reference, heard)) in source.iter().zip(&heard).enumerate() {
            let (late, likeness) = lag(reference, heard);
            println!("{name} {side}: {late} samples late, likeness {likeness:.3}");
            assert!(
                late.abs() <= slack_lag,
                "{name}: channel {side} is {late} samples late"
            );
            assert!(likeness > 0.8, "{name}: channel {side} has likeness {likeness}");
        }
        for (channel, spans) in analysis.speech.iter().enumerate() {
            voices.check(name, spans, Some(channel));
        }
    }
}

#[test]
fn the_sound_of_a_video_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let (_, source) = conversation();
    fs::write(dir.path().join("source.wav"), wav(16_000, &source)).unwrap();
    let input = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=160x120:rate=10:duration=11",
        "-i",
        "source.wav",
    ];
    for (name, content_type, codecs) in [
        ("call.mp4", "video/mp4", ["-c:v", "mpeg4", "-c:a", "aac"]),
        ("call.webm", "video/webm", ["-c:v", "libvpx", "-c:a", "libopus"]),
        ("call.mkv", "video/x-matroska", ["-c:v", "mpeg4", "-c:a", "flac"]),
    ] {
        let bytes = fs::read(ffmpeg(dir.path(), &input, &codecs, name)).unwrap();
        let (analysis, _) = analyzed(bytes.clone()).unwrap();
        assert_eq!(analysis.content_type, content_type, "{name}");
        assert!(
            (analysis.duration_ms - 11_000).abs() <= 100,
            "{name} has {} ms",
            analysis.duration_ms
        );
        let (late, likeness) = lag(&source[0], &read_16k(bytes, analysis.plan())[0]);
        println!("{name}: {late} samples late, likeness {likeness:.3}");
        assert!(
            late.abs() <= 480 && likeness > 0.9,
            "{name} is {late} samples late, likeness {likeness}"
        );
    }
    let late = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=160x120:rate=10:duration=11",
        "-itsoffset",
        "1.5",
        "-i",
        "source.wav",
    ];
    for name in ["late.mp4", "late.mkv"] {
        let bytes = fs::read(ffmpeg(dir.path(), &late, &["-c:v", "mpeg4", "-c:a", "aac"], name)).unwrap();
        let heard = read_16k(bytes, ChannelPlan::Split);
        let (late, likeness) = lag(&source[0], &heard[0][24_000..]);
        println!("{name}: {late} samples late, likeness {likeness:.3}");
        assert!(
            late.abs() <= 480 && likeness > 0.9,
            "{name}: {late} samples beside its start, likeness {likeness}"
        );
    }
}

#[test]
fn files_without_sound_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=2"];
    for name in ["silent.mp4", "silent.mkv"] {
        let bytes = fs::read(ffmpeg(dir.path(), &picture, &["-c:v", "mpeg4", "-an"], name)).unwrap();
        assert_eq!(analyzed(bytes).unwrap_err().code(), "no_audio_track", "{name}");
    }
    let png = fs::read(ffmpeg(dir.path(), &picture, &["-frames:v", "1"], "picture.png")).unwrap();
    assert_eq!(analyzed(png).unwrap_err().code(), "not_media");
    fs::write(dir.path().join("source.wav"), wav(16_000, &conversation().1)).unwrap();
    for (name, codec) in [
        ("adpcm.wav", "adpcm_ms"),
        ("ac3.mp4", "ac3"),
        ("ac3.mkv", "ac3"),
        ("mp2.mkv", "mp2"),
    ] {
        let bytes = fs::read(ffmpeg(
            dir.path(),
            &["-i", "source.wav"],
            &["-ar", "48000", "-c:a", codec],
            name,
        ))
        .unwrap();
        assert_eq!(analyzed(bytes).unwrap_err().code(), "unknown_codec", "{name}");
    }
}

#[test]
fn more_than_two_channels_are_mixed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("source.wav"), wav(16_000, &conversation().1)).unwrap();
    let options = ["-filter_complex", "[0:a]pan=4c|c0=c0|c1=c1|c2=0.1*c0|c3=0.1*c1"];
    let bytes = fs::read(ffmpeg(dir.path(), &["-i", "source.wav"], &options, "quad.wav")).unwrap();
    let (analysis, peaks) = analyzed(bytes).unwrap();
    assert_eq!((analysis.source_channels, analysis.layout), (4, Layout::Mono));
    assert_eq!((analysis.speech.len(), peaks.channels.len()), (1, 1));
    assert!(analysis.speech[0].len() >= 3, "{:?}", analysis.speech);
}

#[test]
fn clips_hold_the_very_samples() {
    let dir = tempfile::tempdir().unwrap();
    let (_, source) = conversation();
    fs::write(dir.path().join("source.wav"), wav(16_000, &source)).unwrap();
    for (name, _, _, options) in FORMATS {
        let bytes = fs::read(ffmpeg(dir.path(), &["-i", "source.wav"], options, name)).unwrap();
        let mut whole = Decoder::open(Source::from_bytes(bytes.clone()), None).unwrap();
        let mut samples = Vec::new();
        while let Some(block) = whole.next_block().unwrap() {
            assert_eq!(block.start_frame, samples.len() as u64, "{name}");
            samples.extend_from_slice(&block.channels[0]);
        }
        let rate = whole.info().sample_rate_hz;
        for (start_ms, end_ms) in [(0, 900), (1_234, 2_345), (8_500, 20_000)] {
            let mut out = std::io::Cursor::new(Vec::new());
            cut_clip(
                Source::from_bytes(bytes.clone()),
                None,
                start_ms,
                end_ms,
                &mut out,
            )
            .unwrap();
            let mut clip = Decoder::open(Source::from_bytes(out.into_inner()), None).unwrap();
            assert_eq!(
                (clip.info().sample_rate_hz, clip.info().channels),
                (rate, 2),
                "{name}"
            );
            let mut cut = Vec::new();
            while let Some(block) = clip.next_block().unwrap() {
                cut.extend_from_slice(&block.channels[0]);
            }
            let start = (start_ms * i64::from(rate) / 1000) as usize;
            let end = ((end_ms * i64::from(rate) / 1000) as usize).min(samples.len());
            let expected = &samples[start..end];
            assert!(
                cut.len().abs_diff(expected.len()) <= rate as usize / 500,
                "{name} {start_ms}: {} of {}",
                cut.len(),
                expected.len()
            );
            // AAC fills bands with noise that is another one at every decoding.
            let bound = if name.contains("aac") { 0.2 } else { 0.01 };
            // Matroska's time stamps are milliseconds, so that a clip may start one beside.
            let most = if name.ends_with("webm") || name.ends_with("mkv") {
                rate as i32 / 700
            } else {
                0
            };
            let differs = |shift: i32| -> f32 {
                let (cut, expected) = (
                    &cut[shift.max(0) as usize..],
                    &expected[(-shift).max(0) as usize..],
                );
                cut.iter().zip(expected).map(|(a, b)| (a - b).powi(2)).sum()
            };
            let error = (-most..=most).map(differs).fold(f32::MAX, f32::min);
            let energy: f32 = expected.iter().map(|sample| sample.powi(2)).sum();
            println!(
                "{name} {start_ms}: error {:.1} dB",
                10.0 * (error / energy.max(1e-9)).log10()
            );
            assert!(
                error <= bound * energy + 1e-4,
                "{name} from {start_ms} ms differs: {error} of {energy}"
            );
        }
        let outside = cut_clip(
            Source::from_bytes(bytes),
            None,
            60_000,
            61_000,
            &mut std::io::Cursor::new(Vec::new()),
        );
        assert_eq!(outside.unwrap_err().code(), "invalid_range", "{name}");
    }
}
