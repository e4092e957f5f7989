//! Files that are cut, lie, or are something else: each gets a reason or what can be heard of it, within
//! seconds, without a panic, in bounded memory.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail by them")]

mod support;

use std::{fs, time::Instant};

use gametape_audio::{Analysis, AudioError, Source, cut_clip, wav_file};
use support::{Random, Voices, analyzed, ffmpeg, mixed, wav};

/// Longest time that one file may take.
const MAX_SECONDS: f64 = 5.0;
/// Resident memory that the whole test program stays under.
const MAX_MEMORY_KB: u64 = 300 * 1024;

/// Analyses a bad file and checks what holds for each of them.
fn tried(name: &str, bytes: &[u8]) -> Result<Analysis, AudioError> {
    let started = Instant::now();
    let outcome = analyzed(bytes).map(|(analysis, _)| analysis);
    // Cutting clips goes another way through the decoder: it seeks.
    drop(cut_clip(
        Source::from_bytes(bytes),
        None,
        1_500,
        2_000,
        &mut std::io::Cursor::new(Vec::new()),
    ));
    let seconds = started.elapsed().as_secs_f64();
    match &outcome {
        Ok(found) => println!(
            "{name}: {} ms, truncated {} ({seconds:.2} s)",
            found.duration_ms, found.truncated
        ),
        Err(error) => println!("{name}: {}: {error} ({seconds:.2} s)", error.code()),
    }
    assert!(seconds < MAX_SECONDS, "{name} took {seconds} s");
    if let Err(error) = &outcome {
        assert!(error.is_final(), "{name}: {error}");
        assert!(!error.to_string().is_empty());
    }
    if let Some(peak) = peak_memory_kb() {
        assert!(peak < MAX_MEMORY_KB, "{name} took {peak} kB");
    }
    outcome
}

fn peak_memory_kb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Name, and shape of a recording of 6 seconds in it.
fn recordings() -> Vec<(&'static str, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let voices = Voices::read(6);
    let left = mixed(&[(&voices.rep, 1.0, 0)], 0.001, 1);
    let right = mixed(&[(&voices.customer, 1.0, 0)], 0.001, 2);
    fs::write(dir.path().join("source.wav"), wav(16_000, &[left, right])).unwrap();
    let sound: &[&str] = &["-i", "source.wav"];
    let video: &[&str] = &[
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=160x120:rate=10:duration=6",
        "-i",
        "source.wav",
    ];
    let made: [(&str, &[&str], &[&str]); 11] = [
        ("call.wav", sound, &[]),
        ("mulaw.wav", sound, &["-ar", "8000", "-c:a", "pcm_mulaw"]),
        ("call.mp3", sound, &["-c:a", "libmp3lame", "-b:a", "64k"]),
        ("call.m4a", sound, &["-c:a", "aac"]),
        ("fast.m4a", sound, &["-c:a", "aac", "-movflags", "faststart"]),
        ("alac.m4a", sound, &["-c:a", "alac", "-movflags", "faststart"]),
        ("call.flac", sound, &[]),
        ("vorbis.ogg", sound, &["-c:a", "libvorbis"]),
        ("opus.ogg", sound, &["-c:a", "libopus", "-b:a", "32k"]),
        ("opus.webm", sound, &["-c:a", "libopus", "-b:a", "32k"]),
        (
            "video.mp4",
            video,
            &["-c:v", "mpeg4", "-c:a", "aac", "-movflags", "faststart"],
        ),
    ];
    made.into_iter()
        .map(|(name, input, options)| (name, fs::read(ffmpeg(dir.path(), input, options, name)).unwrap()))
        .collect()
}

#[test]
fn recordings_cut_at_every_tenth_give_what_is_there_or_a_reason() {
    for (name, bytes) in recordings() {
        let whole = tried(name, &bytes).unwrap();
        assert!(
            (whole.duration_ms - 6_000).abs() < 100 && !whole.truncated,
            "{name}: {whole:?}"
        );
        for tenth in 0..10 {
            let cut = &bytes[..bytes.len() * tenth / 10];
            let outcome = tried(&format!("{name} cut at {tenth}/10"), cut);
            let readable_from_the_start = name != "call.m4a";
            match outcome {
                Ok(found) => {
                    assert!(found.duration_ms <= 6_100, "{name} at {tenth}/10: {found:?}");
                    let expected = 600 * tenth as i64;
                    assert!(
                        (found.duration_ms - expected).abs() < 1_500,
                        "{name} at {tenth}/10: {found:?}"
                    );
                    assert!(
                        found.truncated || found.duration_ms > 5_000,
                        "{name} at {tenth}/10: {found:?}"
                    );
                }
                Err(AudioError::EmptyFile) => assert_eq!(tenth, 0, "{name}"),
                Err(error) => assert!(
                    !readable_from_the_start || tenth < 5,
                    "{name} at {tenth}/10 has sound and is refused: {error}"
                ),
            }
        }
    }
}

#[test]
fn scratched_recordings_are_heard_or_refused() {
    let mut random = Random(99);
    for (name, bytes) in recordings() {
        for (kind, share) in [("few", 20_000), ("some", 2_000), ("many", 100)] {
            let mut scratched = bytes.clone();
            for _ in 0..(bytes.len() / share).max(1) {
                let place = random.next() as usize % bytes.len();
                scratched[place] = random.next() as u8;
            }
            drop(tried(&format!("{name} with {kind} wrong bytes"), &scratched));
        }
        // Headers are where lies do harm.
        for round in 0..8 {
            let mut lying = bytes.clone();
            for _ in 0..6 {
                let place = random.next() as usize % bytes.len().min(700);
                lying[place] = [0, 1, 0x7f, 0x80, 0xff, random.next() as u8][random.next() as usize % 6];
            }
            drop(tried(&format!("{name} with lies, {round}"), &lying));
        }
        // A scratch in the middle must not cost the rest.
        let mut hole = bytes.clone();
        let middle = bytes.len() / 2;
        hole[middle..middle + 200].copy_from_slice(&random.bytes(200));
        let found = tried(&format!("{name} with a hole"), &hole).unwrap();
        // What comes behind a hole in WebM is found by its index, which has nothing for six seconds.
        let lost_ms = if name == "opus.webm" { 4_000 } else { 700 };
        assert!((found.duration_ms - 6_000).abs() < lost_ms, "{name}: {found:?}");
    }
}

#[test]
fn random_bytes_behind_every_magic_number_are_refused() {
    let mut random = Random(7);
    let magics: [(&str, Vec<u8>); 15] = [
        ("nothing", vec![]),
        ("wav", b"RIFF\xff\xff\x00\x00WAVEfmt ".to_vec()),
        ("wav with a format", wav_file(8_000, 1, &[])[..36].to_vec()),
        ("id3", b"ID3\x04\x00\x00\x00\x00\x02\x01".to_vec()),
        ("mp3", vec![0xff, 0xfb, 0x90, 0x64]),
        ("adts", vec![0xff, 0xf1, 0x50, 0x80]),
        ("mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec()),
        (
            "mp4 with a movie",
            b"\0\0\0\x10ftypisom\0\0\0\0\0\0\xff\xffmoov".to_vec(),
        ),
        ("flac", b"fLaC\0\0\0\x22".to_vec()),
        ("ogg", b"OggS\0\x02".to_vec()),
        (
            "opus",
            b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x02".to_vec(),
        ),
        (
            "webm",
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm".to_vec(),
        ),
        (
            "matroska",
            b"\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("avi", b"RIFF\xff\xff\x00\x00AVI LIST".to_vec()),
        ("aiff", b"FORM\0\0\xff\xffAIFF".to_vec()),
    ];
    for (name, magic) in magics {
        for len in [16, 1_000, 100_000, 3_000_000] {
            let mut bytes = magic.clone();
            bytes.extend(random.bytes(len));
            let outcome = tried(&format!("{len} random bytes as {name}"), &bytes);
            assert!(outcome.is_err(), "{name}, {len} bytes: {outcome:?}");
        }
    }
}

#[test]
fn other_kinds_of_files_are_refused_by_name() {
    let zip = [b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), Random(3).bytes(200_000)].concat();
    for (name, bytes, code) in [
        ("nothing", Vec::new(), "empty_file"),
        ("a byte", vec![0], "not_media"),
        ("half a magic number", b"RI".to_vec(), "not_media"),
        ("a zip", zip, "not_media"),
        (
            "text",
            "Hello, I am calling about your offer.\n"
                .repeat(10_000)
                .into_bytes(),
            "not_media",
        ),
        (
            "a web page",
            b"<!DOCTYPE html><html><body>404</body></html>".to_vec(),
            "not_media",
        ),
        ("zeros", vec![0; 1_000_000], "not_media"),
        ("ones", vec![0xff; 1_000_000], "not_media"),
        ("a header alone", wav_file(8_000, 1, &[]), "no_audio"),
        (
            "a header that promises",
            wav_file(8_000, 1, &[0; 8_000])[..44].to_vec(),
            "damaged",
        ),
    ] {
        assert_eq!(tried(name, &bytes).unwrap_err().code(), code, "{name}");
    }
}

/// A WAV file of two seconds of 8 kHz sound whose header bytes at an offset are others.
fn wav_with(offset: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = wav(8_000, &[mixed(&[(&vec![0.0; 16_000], 1.0, 0)], 0.1, 1)]);
    bytes[offset..offset + value.len()].copy_from_slice(value);
    bytes
}

#[test]
fn headers_that_lie_about_sizes_do_no_harm() {
    let huge = u32::MAX.to_le_bytes();
    let cases: [(&str, usize, &[u8]); 16] = [
        ("riff length 0", 4, &[0; 4]),
        ("riff length huge", 4, &huge),
        ("format chunk huge", 16, &huge),
        ("format chunk empty", 16, &[0; 4]),
        ("format tag nonsense", 20, &[0x34, 0x12]),
        ("no channels", 22, &[0, 0]),
        ("65535 channels", 22, &[0xff, 0xff]),
        ("sample rate 0", 24, &[0; 4]),
        ("sample rate 1", 24, &[1, 0, 0, 0]),
        ("sample rate huge", 24, &huge),
        ("frame size 0", 32, &[0, 0]),
        ("frame size huge", 32, &[0xff, 0xff]),
        ("no bits", 34, &[0, 0]),
        ("65535 bits", 34, &[0xff, 0xff]),
        ("data empty", 40, &[0; 4]),
        ("data huge", 40, &huge),
    ];
    for (name, offset, value) in cases {
        if let Ok(found) = tried(name, &wav_with(offset, value)) {
            assert!((1..=2_000).contains(&found.duration_ms), "{name}: {found:?}");
        }
    }
}

/// Overwrites what follows `mark`, after `skip` bytes, everywhere in a file.
fn overwritten(bytes: &[u8], mark: &[u8], skip: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes
        .windows(mark.len())
        .enumerate()
        .filter(|(_, window)| *window == mark)
        .map(|(place, _)| place)
        .collect();
    assert!(
        !places.is_empty(),
        "no {} in the file",
        String::from_utf8_lossy(mark)
    );
    for place in places {
        let start = place + mark.len() + skip;
        if start + value.len() <= bytes.len() {
            bytes[start..start + value.len()].copy_from_slice(value);
        }
    }
    bytes
}

#[test]
fn tables_and_elements_that_claim_gigabytes_do_no_harm() {
    let recordings = recordings();
    let of = |wanted: &str| &recordings.iter().find(|(name, _)| *name == wanted).unwrap().1;
    let huge = u32::MAX.to_be_bytes();
    for mark in ["stsz", "stco", "stsc", "stts"] {
        for skip in [4, 8] {
            let lying = overwritten(of("fast.m4a"), mark.as_bytes(), skip, &huge);
            drop(tried(&format!("{mark} claims 4 G at {skip}"), &lying));
        }
    }
    for (mark, skip) in [
        ("mdhd", 12),
        ("mvhd", 12),
        ("mp4a", 16),
        ("mp4a", 24),
        ("elst", 4),
        ("elst", 8),
        ("elst", 12),
        ("esds", 4),
    ] {
        for value in [&huge, &[0; 4], &0x7fff_ffff_u32.to_be_bytes()] {
            let lying = overwritten(of("fast.m4a"), mark.as_bytes(), skip, value);
            drop(tried(&format!("{mark} says {value:?} at {skip}"), &lying));
        }
    }
    let alac = overwritten(of("alac.m4a"), b"alac", 4, &huge);
    drop(tried("alac with frames of 4 G", &alac));
    let flac = overwritten(of("call.flac"), b"fLaC", 4, &[0xff; 18]);
    drop(tried("flac with a header of ones", &flac));
    let cluster = overwritten(
        of("opus.webm"),
        b"\x1f\x43\xb6\x75",
        0,
        &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
    );
    drop(tried("webm with a cluster of 72 petabytes", &cluster));
    let private = overwritten(
        of("opus.webm"),
        b"\x63\xa2",
        0,
        &[0x01, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    );
    drop(tried("webm with codec data of 36 petabytes", &private));
    let pages = overwritten(
        of("opus.ogg"),
        b"OggS",
        2,
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    );
    drop(tried("ogg with absurd positions", &pages));
    let head = overwritten(of("opus.ogg"), b"OpusHead", 1, &[0xff, 0xff, 0xff]);
    drop(tried("opus with 255 channels", &head));
    let tagged = [b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f".as_slice(), of("call.mp3")].concat();
    assert_eq!(tried("a tag of 256 MB", &tagged).unwrap_err().code(), "not_media");
    let joined = [of("call.mp3").as_slice(), of("call.mp3")].concat();
    let found = tried("two mp3 joined", &joined).unwrap();
    assert!((found.duration_ms - 12_000).abs() < 150, "{found:?}");
    let chained = [of("opus.ogg").as_slice(), of("opus.ogg")].concat();
    let found = tried("two ogg joined", &chained).unwrap();
    assert!((found.duration_ms - 12_000).abs() < 150, "{found:?}");
}
