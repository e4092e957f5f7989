//! Short recordings for tests, and what is heard in them.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::Client;

/// The first seconds: short, so that what is done meanwhile meets uploads, decoding and publishing, too.
pub fn beginning(audio: &std::path::Path, seconds: u32) -> Result<Vec<u8>> {
    let output = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(audio)
        .args(["-t", &seconds.to_string(), "-c", "copy", "-f", "ogg", "-"])
        .output()
        .context("ffmpeg is missing; install it: apt-get install ffmpeg")?;
    anyhow::ensure!(
        output.status.success(),
        "ffmpeg: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

/// The same sound in a file of other content: a comment is appended that decoders pass over, so that uploads are
/// not recognised as the same recording.
pub fn distinct(recording: &[u8], number: usize) -> Vec<u8> {
    let mut data = recording.to_vec();
    data.extend_from_slice(format!("call {number}").as_bytes());
    data
}

/// Times and texts of all segments.
pub async fn words(client: &Client, call_id: &str) -> Result<Vec<(i64, i64, String)>> {
    let transcript = client.get(&format!("/calls/{call_id}/transcript")).await?;
    let segments = transcript["segments"].as_array().context("no segments")?;
    let read = |segment: &Value| {
        let start_ms = segment["start_ms"].as_i64().context("no start")?;
        let channel = segment["channel"].as_i64().context("no channel")?;
        Ok((
            start_ms,
            channel,
            segment["text"].as_str().context("no text")?.to_owned(),
        ))
    };
    segments.iter().map(read).collect()
}
