//! What the two channels of a file are, and where somebody speaks on them.
#![expect(clippy::unwrap_used, reason = "tests may fail by them")]

mod support;

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use gametape_audio::{Analysis, ChannelPlan, Layout, Limits, Peaks, Source, analyze};
use support::{LIMITS, Random, Voices, analyzed, mixed, overlap_ms, utterances, wav};

const RATE: u32 = 16_000;

/// Length of what is heard of the sample call.
const SECONDS: i64 = 25;

fn of(left: Vec<f32>, right: Vec<f32>) -> Analysis {
    analyzed(wav(RATE, &[left, right])).unwrap().0
}

#[test]
fn two_voices_on_two_channels_are_two_speakers() {
    let voices = Voices::read(SECONDS);
    let left = mixed(&[(&voices.rep, 1.0, 0)], 0.002, 7);
    let right = mixed(&[(&voices.customer, 1.0, 0)], 0.002, 8);
    let found = of(left, right);
    assert_eq!((found.layout, found.plan()), (Layout::Split, ChannelPlan::Split));
    voices.check("rep", &found.speech[0], Some(0));
    voices.check("customer", &found.speech[1], Some(1));
    for said in &voices.utterances {
        let spans = &found.speech[said.channel];
        let first = spans.iter().find(|span| span.end_ms > said.start_ms).unwrap();
        assert!(
            first.start_ms <= said.start_ms - 40,
            "the first sound of {said:?} is cut: {first:?}"
        );
    }
}

#[test]
fn the_same_sound_twice_is_one_channel() {
    let voices = Voices::read(SECONDS);
    let both = mixed(&[(&voices.rep, 1.0, 0), (&voices.customer, 1.0, 0)], 0.002, 7);
    let others = [
        ("exact", both.clone()),
        ("faint", mixed(&[(&both, 0.25, 0)], 0.0005, 8)),
        ("late", mixed(&[(&both, 0.8, 160)], 0.002, 9)),
        ("noisy", mixed(&[(&both, 1.0, 0)], 0.004, 10)),
        ("upside down", mixed(&[(&both, -1.0, 0)], 0.0, 11)),
    ];
    for (name, other) in others {
        let found = of(both.clone(), other);
        assert_eq!(found.layout, Layout::DualMono, "{name}");
        assert!(matches!(found.plan(), ChannelPlan::Only(_)), "{name}");
        assert_eq!(found.speech.len(), 1, "{name}");
        voices.check(name, &found.speech[0], None);
    }
}

#[test]
fn a_channel_without_sound_is_left_out() {
    let voices = Voices::read(SECONDS);
    let both = mixed(&[(&voices.rep, 1.0, 0), (&voices.customer, 1.0, 0)], 0.002, 7);
    let hiss = mixed(&[(&both, 0.0, 0)], 0.001, 9);
    for (name, empty) in [("silence", vec![0.0; both.len()]), ("hiss", hiss)] {
        let found = of(empty, both.clone());
        assert_eq!(
            (found.layout, found.source_channel),
            (Layout::Mono, Some(1)),
            "{name}"
        );
        assert_eq!(found.plan(), ChannelPlan::Only(1), "{name}");
        voices.check(name, &found.speech[0], None);
    }
}

#[test]
fn two_microphones_in_one_room_are_mixed() {
    let voices = Voices::read(SECONDS);
    let left = mixed(&[(&voices.rep, 1.0, 20), (&voices.customer, 0.6, 60)], 0.003, 7);
    let right = mixed(&[(&voices.rep, 0.55, 70), (&voices.customer, 1.0, 15)], 0.003, 8);
    let found = of(left, right);
    assert_eq!((found.layout, found.plan()), (Layout::Mono, ChannelPlan::Mix));
    voices.check("room", &found.speech[0], None);
}

#[test]
fn a_faint_copy_of_the_other_side_is_no_speech() {
    let voices = Voices::read(SECONDS);
    for (leak, late) in [(0.1, 0), (0.1, 240), (0.05, 600)] {
        let left = mixed(&[(&voices.rep, 1.0, 0), (&voices.customer, leak, late)], 0.001, 7);
        let right = mixed(&[(&voices.customer, 1.0, 0), (&voices.rep, leak, late)], 0.001, 8);
        let found = of(left, right);
        let name = format!("leak {leak}, {late} samples late");
        assert_eq!(found.layout, Layout::Split, "{name}");
        voices.check(&name, &found.speech[0], Some(0));
        voices.check(&name, &found.speech[1], Some(1));
    }
}

#[test]
fn soft_words_while_the_other_speaks_are_kept() {
    let voices = Voices::read(SECONDS);
    // The rep talks on and on, over all that the customer says.
    let sentence = &voices.rep[12_600 * 16..17_800 * 16];
    let talk: Vec<f32> = sentence.iter().copied().cycle().take(voices.rep.len()).collect();
    let found = of(
        mixed(&[(&talk, 1.0, 0)], 0.001, 1),
        mixed(&[(&voices.customer, 0.1, 0)], 0.0005, 2),
    );
    assert_eq!(found.layout, Layout::Split);
    voices.check("soft words", &found.speech[1], Some(1));
}

#[test]
fn quiet_recordings_are_heard() {
    let voices = Voices::read(SECONDS);
    for gain in [0.1, 0.02, 0.006] {
        let left = mixed(&[(&voices.rep, gain, 0)], gain * 0.005, 7);
        let right = mixed(&[(&voices.customer, gain, 0)], gain * 0.005, 8);
        let found = of(left, right);
        assert_eq!(found.layout, Layout::Split, "gain {gain}");
        voices.check(&format!("gain {gain}"), &found.speech[0], Some(0));
        voices.check(&format!("gain {gain}"), &found.speech[1], Some(1));
    }
}

#[test]
fn silence_tones_and_noise_are_no_speech() {
    let wave = |time_s: f32, hz: f32| (time_s * hz * std::f32::consts::TAU).sin();
    let mut random = Random(11);
    let mut noise = |loud: f32| -> Vec<f32> { (0..12 * RATE).map(|_| loud * random.sample()).collect() };
    let made = |sound: &dyn Fn(f32) -> f32| -> Vec<f32> {
        (0..12 * RATE)
            .map(|n| n as f32 / RATE as f32)
            .map(|t| if t % 6.0 < 2.0 { sound(t) } else { 0.0 })
            .collect()
    };
    let sounds = [
        ("digital silence", vec![0.0; 12 * RATE as usize]),
        (
            "noise after silence",
            [
                vec![0.0; 4 * RATE as usize],
                noise(0.01)[4 * RATE as usize..].to_vec(),
            ]
            .concat(),
        ),
        ("faint noise", noise(0.0005)),
        ("noise", noise(0.02)),
        ("loud noise", noise(0.4)),
        ("440 Hz", made(&|t| 0.3 * wave(t, 440.0))),
        ("faint 1 kHz", made(&|t| 0.01 * wave(t, 1000.0))),
        ("dial tone", made(&|t| 0.1 * (wave(t, 350.0) + wave(t, 440.0)))),
        ("ringing", made(&|t| 0.1 * (wave(t, 440.0) + wave(t, 480.0)))),
        ("ringing in Europe", made(&|t| 0.2 * wave(t, 425.0))),
        ("hum", made(&|t| 0.2 * wave(t, 50.0) + 0.1 * wave(t, 150.0))),
    ];
    for (name, sound) in sounds {
        let (found, _) = analyzed(wav(RATE, &[sound])).unwrap();
        assert_eq!(found.speech, [vec![]], "{name}");
        assert_eq!(found.duration_ms, 12_000, "{name}");
    }
}

#[test]
fn speech_up_to_the_edges_is_not_lost() {
    let voices = Voices::read(SECONDS);
    // From the middle of a sentence to the middle of it.
    let samples = voices.rep[13_500 * 16..15_500 * 16].to_vec();
    let (found, peaks) = analyzed(wav(RATE, &[samples])).unwrap();
    let spans = &found.speech[0];
    assert_eq!(
        (spans[0].start_ms, spans[spans.len() - 1].end_ms),
        (0, 2_000),
        "{spans:?}"
    );
    assert_eq!(peaks.len(), 100);
    assert_eq!(Peaks::from_bytes(&peaks.to_bytes()), Ok(peaks));
}

#[test]
fn the_analysis_survives_being_stored() {
    let voices = Voices::read(SECONDS);
    let found = of(voices.rep, voices.customer);
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Analysis>(&json).unwrap(), found);
}

#[test]
fn limits_and_cancelling_stop_the_work() {
    let bytes = wav(RATE, &[vec![0.1; 10 * RATE as usize]]);
    let limits = Limits {
        max_duration_ms: 8_000,
    };
    let mut calls = 0;
    let error = analyze(Source::from_bytes(bytes.clone()), None, &limits, &mut |_, _| {
        calls += 1;
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert_eq!((error.code(), error.is_final(), calls), ("too_long", true, 0));

    // The same with a header that does not know the length.
    let mut endless = bytes.clone();
    endless[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    endless[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = analyze(Source::from_bytes(endless.clone()), None, &limits, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert_eq!(error.code(), "too_long");
    let (found, _) = analyzed(endless).unwrap();
    assert_eq!((found.duration_ms, found.truncated), (10_000, false));

    let mut seen = Vec::new();
    let error = analyze(
        Source::from_bytes(bytes),
        None,
        &LIMITS,
        &mut |decoded_ms, declared_ms| {
            seen.push((decoded_ms, declared_ms));
            if decoded_ms > 3_000 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .unwrap_err();
    assert_eq!((error.code(), error.is_final()), ("cancelled", false));
    assert!(seen.len() > 4 && seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(seen.iter().all(|(_, declared_ms)| *declared_ms == Some(10_000)));
}

/// A source whose storage fails after some bytes.
struct Failing(std::io::Cursor<Vec<u8>>, u64);

impl std::io::Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.0.position() >= self.1 {
            std::thread::sleep(Duration::from_millis(1));
            return Err(std::io::Error::new(
                std::io::ErrorKind::ConnectionReset,
                "the storage went away",
            ));
        }
        self.0.read(buf)
    }
}

impl std::io::Seek for Failing {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn storage_that_fails_is_no_fault_of_the_file() {
    let bytes = wav(RATE, &[vec![0.1; 10 * RATE as usize]]);
    for fail_at in [0, 20, 5_000, 100_000] {
        let len = bytes.len() as u64;
        let source = Source::new(Failing(std::io::Cursor::new(bytes.clone()), fail_at), len);
        let error = analyze(source, None, &LIMITS, &mut |_, _| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(
            (error.code(), error.is_final()),
            ("io", false),
            "at {fail_at}: {error}"
        );
    }
}

#[test]
fn all_that_is_said_in_the_sample_calls_is_heard() {
    for name in ["bakery-discovery", "clinic-pricing", "warehouse-renewal"] {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
        let (found, _) = analyzed(fs::read(samples.join(format!("{name}.opus"))).unwrap()).unwrap();
        assert_eq!(
            (found.layout, found.content_type.as_str()),
            (Layout::Split, "audio/ogg"),
            "{name}"
        );
        let utterances = utterances(&samples.join(format!("{name}.truth.json")));
        let (mut said_ms, mut missed_ms) = (0, 0);
        for said in &utterances {
            let length_ms = said.end_ms - said.start_ms;
            let heard_ms = overlap_ms(&found.speech[said.channel], said.start_ms, said.end_ms);
            assert!(
                heard_ms * 10 >= length_ms * 8,
                "{name}: {heard_ms} ms of {said:?} heard"
            );
            said_ms += length_ms;
            missed_ms += length_ms - heard_ms;
        }
        println!(
            "{name}: {missed_ms} of {said_ms} ms missed, {} ms heard",
            found.speech_ms()
        );
        assert!(
            missed_ms * 100 <= said_ms,
            "{name}: {missed_ms} of {said_ms} ms missed"
        );
        assert!(
            found.speech_ms() < said_ms + 400 * utterances.len() as i64,
            "{name}: {} ms",
            found.speech_ms()
        );
    }
}
