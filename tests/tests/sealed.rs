//! Recordings encrypted at rest, on the built program: nothing of them lies in the media folder, people notice nothing,
//! the key is changed while the server runs, and a backup comes back with the keys of its time.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use gametape_core::Clock;
use gametape_media::{Keys, Media, MediaKey, S3Options};
use gametape_store::Store;
use gametape_tests::program::{Client, Workspace};
use reqwest::{Method, header::RANGE};
use sha2::{Digest, Sha256};
use sqlx::Connection;

const LIMIT: Duration = Duration::from_mins(2);

/// Three seconds of two voices that say nothing: mono noise of 16 bits at 16 kHz.
fn wav() -> Vec<u8> {
    const RATE: u32 = 16_000;
    let mut state = 1_u32;
    let samples: Vec<i16> = (0..3 * RATE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as i16 - 2_048
        })
        .collect();
    gametape_audio::wav_file(RATE, 1, &samples)
}

/// What every file below a folder holds.
fn files(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(std::fs::read(&path)?);
        }
    }
    Ok(found)
}

/// That some objects are there, and that nothing of the recording shows in any.
fn nothing_shows(folder: &Path, recording: &[u8]) -> Result<()> {
    let objects = files(folder)?;
    ensure!(objects.len() >= 2, "recording and waveform: {}", objects.len());
    for object in objects {
        ensure!(object.starts_with(b"GTMEDIA"), "an object is not encrypted");
        for piece in [&b"RIFF"[..], &recording[1_000..1_016]] {
            ensure!(
                !object.windows(piece.len()).any(|found| found == piece),
                "it shows"
            );
        }
    }
    Ok(())
}

async fn plays(client: &Client, call: &str, recording: &[u8]) -> Result<()> {
    let path = format!("/calls/{call}/audio");
    let whole = client
        .request(Method::GET, &path)
        .send()
        .await?
        .error_for_status()?;
    ensure!(whole.content_length() == Some(recording.len() as u64));
    ensure!(whole.bytes().await? == recording, "the recording is another");
    let part = client
        .request(Method::GET, &path)
        .header(RANGE, "bytes=65530-65545")
        .send()
        .await?;
    ensure!(part.status() == 206);
    let said = part
        .headers()
        .get("content-range")
        .context("no range")?
        .to_str()?
        .to_owned();
    ensure!(said == format!("bytes 65530-65545/{}", recording.len()), "{said}");
    ensure!(part.bytes().await? == recording[65_530..65_546]);
    let clip = format!("/calls/{call}/clip?start_ms=1000&end_ms=2000");
    let clip = client
        .request(Method::GET, &clip)
        .send()
        .await?
        .error_for_status()?
        .bytes()
        .await?;
    ensure!(
        clip[44..] == recording[44 + 32_000..44 + 64_000],
        "the clip is another"
    );
    let peaks = format!("/calls/{call}/peaks");
    client
        .request(Method::GET, &peaks)
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

/// Leaves the only recording as it is where a number was found and silenced; returns what is heard of it from then on.
async fn silence(workspace: &Workspace, keys: &Path, recording: &[u8]) -> Result<Vec<u8>> {
    let folder = workspace.dir.path();
    let url = format!("sqlite:{}", folder.join("gametape.db").display());
    let store = Store::connect(&url, Clock::System).await?;
    let ids = store.recordings_all_ids(None, 2).await?;
    ensure!(ids.len() == 1);
    store.close().await;
    let mut silenced = recording.to_vec();
    silenced[44 + 16_000..44 + 48_000].fill(0);
    let media = Media::open(
        folder.join("media").to_str().context("a name")?,
        &S3Options::default(),
    )?
    .with_keys(Keys::read(keys)?);
    let key = MediaKey::recording_redacted(&ids[0], 1);
    media.put(&key, silenced.clone().into()).await?;
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    sqlx::query(
        "UPDATE recordings SET redaction_version = 1, redacted_version = 1, redacted_size_bytes = $1, \
           redacted_sha256 = $2, redaction_looked_at = created_at",
    )
    .bind(silenced.len() as i64)
    .bind(hex::encode(Sha256::digest(&silenced)))
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(silenced)
}

fn write_keys(path: &Path, lines: &[&str]) -> Result<()> {
    std::fs::write(path, lines.join("\n"))?;
    Ok(std::fs::set_permissions(
        path,
        std::fs::Permissions::from_mode(0o600),
    )?)
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_encrypted_and_their_key_can_be_changed() -> Result<()> {
    let outside = tempfile::tempdir()?;
    let keys = outside.path().join("media.keys");
    let environment = [("GAMETAPE_MEDIA_KEYS_FILE", keys.to_str().context("a name")?)];
    let workspace = Workspace::new(&environment)?;
    let first = workspace.run(&["media", "key", "first"], "")?.trim().to_owned();
    let second = workspace.run(&["media", "key", "second"], "")?.trim().to_owned();
    write_keys(&keys, &[&first, &second])?;
    let media = workspace.dir.path().join("media");
    let token = workspace.person("ana@example.com", "rep")?;
    let recording = wav();

    let server = workspace.serve(&[])?;
    let client = server.client(&token);
    let call = client.create_call("noise.wav", recording.clone()).await?;
    nothing_shows_of_parts(&media, &recording)?;
    let ready = client.wait(&call, LIMIT).await?;
    ensure!(ready["state"] == "ready", "{ready}");
    nothing_shows(&media, &recording)?;
    plays(&client, &call, &recording).await?;
    // A number was said in it: what is heard in its place is an object like others.
    let recording = silence(&workspace, &keys, &recording).await?;
    plays(&client, &call, &recording).await?;
    nothing_shows(&media, &recording)?;

    // Another key, while the server runs that knows both.
    let backup = outside.path().join("backup");
    let backup = backup.to_str().context("a name")?;
    workspace.run(&["backup", backup], "")?;
    nothing_shows(&Path::new(backup).join("media"), &recording)?;
    write_keys(&keys, &[&second, &first])?;
    let said = workspace.run(&["media", "rotate"], "")?;
    ensure!(
        said.contains("3 of 3 objects") && said.contains("key second"),
        "{said}"
    );
    let said = workspace.run(&["media", "rotate"], "")?;
    ensure!(said.contains("0 of 3 objects"), "{said}");
    plays(&client, &call, &recording).await?;
    let said = workspace.run(&["media", "status"], "")?;
    let lines: Vec<_> = said.lines().collect();
    ensure!(lines.len() == 2, "{said}");
    ensure!(
        lines[0].trim_start().starts_with("0 ") && lines[0].ends_with("key first"),
        "{said}"
    );
    ensure!(
        lines[1].trim_start().starts_with("3 ") && lines[1].contains("key second (current)"),
        "{said}"
    );
    // Not only the length counts for what a folder has already.
    workspace.run(&["backup", backup], "")?;
    server.process.terminate()?;

    // Without the old key all is well; without the new one doctor says so.
    write_keys(&keys, &[&second])?;
    let found = workspace.run(&["doctor"], "")?;
    ensure!(found.lines().all(|line| line.starts_with("ok")), "{found}");
    write_keys(&keys, &[&first])?;
    ensure!(workspace.run(&["doctor"], "").is_err(), "the key is missing");

    write_keys(&keys, &[&second])?;
    let other = Workspace::new(&environment)?;
    other.run(&["restore", backup], "")?;
    nothing_shows(&other.dir.path().join("media"), &recording)?;
    let server = other.serve(&["--no-worker"])?;
    plays(&server.client(&token), &call, &recording).await?;
    Ok(())
}

/// What has arrived of an upload, or was made of it already, is encrypted as well.
fn nothing_shows_of_parts(folder: &Path, recording: &[u8]) -> Result<()> {
    let objects = files(folder)?;
    ensure!(!objects.is_empty(), "nothing was stored");
    for object in objects {
        let piece = &recording[1_000..1_016];
        ensure!(
            !object.windows(piece.len()).any(|found| found == piece),
            "a part shows"
        );
    }
    Ok(())
}
