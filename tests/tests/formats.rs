//! The same call in every format gives the same words.

use std::{path::Path, process::Command};

use anyhow::{Result, ensure};
use gametape_tests::{
    accuracy::{channel_text, transcribe},
    program::binary,
    truth::Sample,
    wer::{WordErrors, word_errors},
};

/// File name, and what ffmpeg needs to make it.
const FORMATS: &[(&str, &[&str])] = &[
    ("pcm.wav", &["-c:a", "pcm_s16le"]),
    ("ulaw.wav", &["-c:a", "pcm_mulaw"]),
    ("alaw.wav", &["-c:a", "pcm_alaw"]),
    ("call.mp3", &["-c:a", "libmp3lame", "-b:a", "96k"]),
    ("aac.m4a", &["-c:a", "aac", "-b:a", "96k"]),
    ("alac.m4a", &["-c:a", "alac"]),
    ("call.flac", &["-c:a", "flac"]),
    ("vorbis.ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ("opus.ogg", &["-c:a", "libopus", "-b:a", "96k"]),
    ("opus.webm", &["-c:a", "libopus", "-b:a", "96k"]),
];

#[test]
fn every_format_gives_the_same_words() -> Result<()> {
    let sample = Sample::load("bakery-discovery")?;
    let dir = tempfile::tempdir()?;
    let mut rates: Vec<(String, f64)> = Vec::new();
    let mut files = Vec::new();
    for (name, codec) in FORMATS {
        let file = dir.path().join(name);
        ffmpeg(&sample.audio, codec, &file)?;
        files.push((*name, file));
    }
    let video = dir.path().join("video.mp4");
    let picture = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=320x180:rate=5",
        "-shortest",
        "-c:v",
        "mpeg4",
        "-c:a",
        "aac",
        "-b:a",
        "96k",
    ];
    ffmpeg(&sample.audio, &picture, &video)?;
    files.push(("video.mp4", video));

    for (name, file) in files {
        let transcript = transcribe(&binary(), &file, ("whisper", "tiny.en"), 1)?;
        let mut errors = WordErrors::default();
        for channel in 0..sample.truth.channels.len() {
            errors += word_errors(
                &sample.truth.channel_text(channel),
                &channel_text(&transcript, channel),
            );
        }
        println!("{name}: {:.1} %", errors.rate() * 100.0);
        rates.push((name.to_owned(), errors.rate()));
    }
    let best = rates.iter().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min);
    let worst = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    assert!(worst - best <= 0.02, "{rates:?}");
    Ok(())
}

fn ffmpeg(from: &Path, options: &[&str], to: &Path) -> Result<()> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(from)
        .args(options)
        .arg(to)
        .output();
    let output = output.map_err(|e| anyhow::anyhow!("ffmpeg: {e}; install it: apt-get install ffmpeg"))?;
    ensure!(
        output.status.success(),
        "ffmpeg: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
