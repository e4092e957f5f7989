//! How much encryption costs: writes and reads an object in a folder, without keys and with, and prints MB a second.
//!
//! `cargo run --release -p gametape-media --example speed -- FOLDER [MB]`

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::Instant;

use futures::TryStreamExt;
use gametape_core::id::RecordingId;
use gametape_media::{BoxError, Bytes, Keys, Media, MediaKey, MediaPrefix, S3Options};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let megabytes: usize = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let plain = Media::open(&folder, &S3Options::default())?;
    let sealed = plain.clone().with_keys(Keys::parse(&Keys::make("speed")?)?);
    let recording = RecordingId::new(0);
    let key = MediaKey::recording_original(&recording);
    let piece = Bytes::from(
        (0..1_000_000_usize)
            .map(|n| (n ^ (n >> 8)) as u8)
            .collect::<Vec<_>>(),
    );
    for round in 1..=3 {
        for (what, media) in [("plain", &plain), ("encrypted", &sealed)] {
            let pieces = futures::stream::iter((0..megabytes).map(|_| Ok::<_, BoxError>(piece.clone())));
            let begun = Instant::now();
            media.put_stream(&key, pieces).await?;
            let written = begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            let mut length = 0;
            let mut stream = media.get_stream(&key).await?;
            while let Some(piece) = stream.try_next().await? {
                length += piece.len();
            }
            let read = begun.elapsed().as_secs_f64();
            let rate = |seconds: f64| length as f64 / 1e6 / seconds;
            println!(
                "{round} {what}: written {:.0} MB/s, read {:.0} MB/s",
                rate(written),
                rate(read)
            );
        }
    }
    plain.delete_prefix(&MediaPrefix::recording(&recording)).await?;
    Ok(())
}
