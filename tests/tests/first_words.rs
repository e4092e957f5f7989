//! A long recording can be read before it has been looked into as a whole, and says the same in the end.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use gametape_core::transcript::Transcript;
use gametape_tests::{
    accuracy::transcribe,
    peers::long_call,
    program::{Workspace, binary},
    truth::samples,
};

/// Of the long call.
const MINUTES: u32 = 6;
const DONE_WITHIN: Duration = Duration::from_mins(5);

/// What was said, and when, on which channel.
fn said(transcript: &Transcript) -> Vec<(i64, usize, &str)> {
    let segments = transcript.segments.iter();
    segments
        .map(|segment| (segment.start_ms, segment.channel, segment.text.as_str()))
        .collect()
}

/// Uploads a file; gives its transcript, and how many of its windows were heard ahead.
async fn heard(file: &Path) -> Result<(Transcript, usize)> {
    let workspace = Workspace::new(&[])?;
    let token = workspace.person("rep@example.com", "rep")?;
    let server = workspace.serve(&[])?;
    let client = server.client(&token);
    let call_id = client.create_call("call", std::fs::read(file)?).await?;
    let call = client.wait(&call_id, DONE_WITHIN).await?;
    ensure!(call["state"] == "ready", "{call}");
    let transcript = client.get(&format!("/calls/{call_id}/transcript")).await?;
    let log = server.process.log();
    let ahead = log
        .split("windows_ahead=")
        .nth(1)
        .context("nothing about windows in the log")?;
    let digits: String = ahead.chars().take_while(char::is_ascii_digit).collect();
    Ok((serde_json::from_value(transcript)?, digits.parse()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn first_words_are_heard_ahead_and_kept_where_they_are_part_of_the_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let call = long_call(folder.path(), &samples()?, MINUTES)?.file;
    let (transcript, ahead) = heard(&call).await?;
    ensure!(
        ahead == 2,
        "{ahead} windows were heard ahead, not one of each channel"
    );
    let alone = transcribe(&binary(), &call, ("whisper", "tiny.en"), 1)?;
    assert_eq!(said(&transcript), said(&alone));

    // Somebody is silent until the third minute: for so long there seems to be one speaker.
    let late = folder.path().join("late.opus");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(&call)
        .args(["-af", "aeval=val(0)|val(1)*gte(t\\,150):c=same"])
        .arg(&late)
        .output()?;
    ensure!(
        output.status.success(),
        "ffmpeg: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (transcript, ahead) = heard(&late).await?;
    ensure!(ahead == 0, "{ahead} windows of one speaker were taken for two");
    let alone = transcribe(&binary(), &late, ("whisper", "tiny.en"), 1)?;
    assert_eq!(said(&transcript), said(&alone));
    Ok(())
}
