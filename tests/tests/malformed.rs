//! Files that are cut, empty, lying or hostile get a reason soon, cost no memory and leave nothing behind.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gametape_tests::{
    program::{Client, Workspace},
    truth::Sample,
};
use reqwest::Method;

/// Each file gets its reason within this time.
const SOON: Duration = Duration::from_secs(5);
/// What the server may hold at most, with a model loaded.
const MOST_MEMORY_BYTES: u64 = 300 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn malformed_files_get_a_reason_and_leave_nothing_behind() -> Result<()> {
    let workspace = Workspace::new(&[])?;
    let token = workspace.person("ana@example.com", "rep")?;
    let mut server = workspace.serve(&[])?;
    let client = server.client(&token);
    let sample = std::fs::read(Sample::load("warehouse-renewal")?.audio)?;
    let files = files(&sample);
    assert!(files.len() >= 60, "{} files", files.len());

    let mut slowest = Duration::ZERO;
    for (name, data) in &files {
        let begun = Instant::now();
        let verdict = verdict(&client, name, data.clone())
            .await
            .with_context(|| name.clone())?;
        slowest = slowest.max(begun.elapsed());
        println!("{name}: {verdict} ({:?})", begun.elapsed());
        assert!(begun.elapsed() <= SOON, "{name} took {:?}", begun.elapsed());
    }
    assert!(server.process.is_alive(), "{}", server.process.log());
    let memory = server.process.peak_memory_bytes()?;
    println!(
        "{} files, slowest {slowest:?}, at most {} MB of memory",
        files.len(),
        memory >> 20
    );
    assert!(memory < MOST_MEMORY_BYTES, "{memory} bytes");

    tokio::time::sleep(Duration::from_secs(4)).await;
    let left: Vec<_> = std::fs::read_dir(workspace.dir.path().join("media"))?.collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

/// Uploads a file, waits for the reason it is refused with, and deletes the call.
async fn verdict(client: &Client, name: &str, data: Vec<u8>) -> Result<String> {
    let response = client.upload(name, data).await?;
    let status = response.status();
    let answer: serde_json::Value = response.json().await?;
    if !status.is_success() {
        assert!(status.is_client_error(), "{status} {answer}");
        return Ok(format!(
            "{status}, {}",
            answer["code"].as_str().context("no code")?
        ));
    }
    let call_id = answer["id"].as_str().context("no id")?;
    let call = client.wait(call_id, SOON).await?;
    assert_eq!(call["state"], "failed", "{call}");
    let detail = call["problem"]["detail"].as_str().context("no detail")?;
    assert!(detail.len() > 20, "{detail}");
    let code = call["problem"]["code"].as_str().context("no code")?.to_owned();
    assert_ne!(code, "internal", "{call}");
    client
        .request(Method::DELETE, &format!("/calls/{call_id}"))
        .send()
        .await?
        .error_for_status()?;
    Ok(code)
}

fn files(sample: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("empty.wav".to_owned(), Vec::new()),
        ("one-byte.mp3".to_owned(), vec![b'R']),
    ];
    let magics: &[(&str, &[u8])] = &[
        ("wav", b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00"),
        ("rf64.wav", b"RF64\xff\xff\xff\xffWAVEds64"),
        ("mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f"),
        ("frame.mp3", b"\xff\xfb\x90\x64"),
        ("m4a", b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00"),
        ("mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"),
        ("flac", b"fLaC\x00\x00\x00\x22"),
        ("ogg", b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01"),
        ("zip.wav", b"PK\x03\x04\x14\x00\x00\x00\x08\x00"),
    ];
    let mut random = 0x2545_f491_u32;
    let mut noise = |length: usize| -> Vec<u8> {
        let next = || {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            (random >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    for (name, magic) in magics {
        files.push((format!("magic-only.{name}"), magic.to_vec()));
        for length in [64, 5_000, 300_000] {
            files.push((
                format!("noise-{length}.{name}"),
                [magic, &noise(length)[..]].concat(),
            ));
        }
    }
    for length in [1_000, 200_000] {
        files.push((
            format!("text-{length}.wav"),
            b"Not sound at all. ".repeat(length / 18),
        ));
        files.push((format!("zeros-{length}.mp3"), vec![0; length]));
    }
    files.extend(lying_wavs());
    // The headers of a real recording without its sound, cut at every tenth.
    let headers = &sample[..sample.len().min(300)];
    for tenth in 1..10 {
        files.push((
            format!("cut-{tenth}.opus"),
            headers[..headers.len() * tenth / 10].to_vec(),
        ));
    }
    files
}

/// Wave files whose headers say what can't be.
fn lying_wavs() -> Vec<(String, Vec<u8>)> {
    // name, format tag, channels, rate, block align, bits, declared bytes of sound
    let lies: &[(&str, u16, u16, u32, u16, u16, u32)] = &[
        ("no-channels", 1, 0, 8_000, 2, 16, 1_000),
        ("no-rate", 1, 1, 0, 2, 16, 1_000),
        ("many-channels", 1, 65_535, 8_000, 2, 16, 1_000),
        ("huge-rate", 1, 1, u32::MAX, 2, 16, 1_000),
        ("no-bits", 1, 1, 8_000, 2, 0, 1_000),
        ("odd-bits", 1, 1, 8_000, 2, 13, 1_000),
        ("unknown-codec", 0x4242, 1, 8_000, 2, 16, 1_000),
        ("no-sound", 1, 1, 8_000, 2, 16, 0),
        ("huge-size", 1, 65_535, 192_000, 65_535, 32, u32::MAX),
    ];
    let wav = |&(name, tag, channels, rate, align, bits, declared): &(&str, u16, u16, u32, u16, u16, u32)| {
        let mut data = b"RIFF".to_vec();
        data.extend(declared.wrapping_add(36).to_le_bytes());
        data.extend(b"WAVEfmt \x10\x00\x00\x00");
        data.extend(tag.to_le_bytes());
        data.extend(channels.to_le_bytes());
        data.extend(rate.to_le_bytes());
        data.extend(rate.wrapping_mul(u32::from(align)).to_le_bytes());
        data.extend(align.to_le_bytes());
        data.extend(bits.to_le_bytes());
        data.extend(b"data");
        data.extend(declared.to_le_bytes());
        (format!("{name}.wav"), data)
    };
    lies.iter().map(wav).collect()
}
