//! Can what is stored be read with the keys that are here?

use futures::{StreamExt, TryStreamExt};
use gametape_media::{Keys, Media, MediaKey, Sealing};

use super::Report;
use crate::config::Config;

/// How many objects are looked at. `gametape media status` looks at all of them.
const SAMPLE: usize = 200;

pub(super) async fn check(report: &mut Report, config: &Config, media: &Media) {
    let Some(keys) = report.check("encryption", config.media_keys()) else {
        return;
    };
    if let Some(path) = config.open_keys_file() {
        let path = path.display();
        report.bad(
            "encryption",
            &format!("everybody on this machine may read the keys: chmod 600 {path}"),
        );
    }
    let sample = sample(media).await;
    if let Some(sample) = report.check("encryption", sample) {
        tell(report, keys.as_ref(), &sample);
    }
}

#[derive(Default)]
struct Sample {
    objects: usize,
    plain: usize,
    /// Objects under keys that are not here, and the id of one.
    unknown: usize,
    unknown_id: String,
    /// Objects that don't open with their key.
    damaged: Vec<String>,
}

async fn sample(media: &Media) -> anyhow::Result<Sample> {
    let mut sample = Sample::default();
    let mut entries = media.list(None);
    while let Some(entry) = entries.next().await {
        if sample.objects == SAMPLE {
            break;
        }
        let Some(key) = entry?.key else { continue };
        let sealing = match media.sealing_of(&key).await {
            Ok(sealing) => sealing,
            Err(gametape_media::MediaError::NotFound { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        sample.objects += 1;
        match sealing {
            Sealing::Plain => sample.plain += 1,
            Sealing::Unknown(id) => {
                sample.unknown += 1;
                sample.unknown_id = id;
            }
            Sealing::Key(_) => {
                if opens(media, &key).await.is_err() {
                    sample.damaged.push(key.to_string());
                }
            }
        }
    }
    Ok(sample)
}

/// Reads the first byte of an object.
async fn opens(media: &Media, key: &MediaKey) -> Result<(), gametape_media::MediaError> {
    let pieces = media.get_range(key, 0..1).await?;
    pieces.try_for_each(|_| async { Ok(()) }).await
}

fn tell(report: &mut Report, keys: Option<&Keys>, sample: &Sample) {
    let of = format!("of {} objects that were looked at", sample.objects);
    if sample.unknown > 0 {
        let (unknown, id) = (sample.unknown, &sample.unknown_id);
        report.bad(
            "encryption",
            &format!("{unknown} {of} need a key that is not here ({id})"),
        );
    }
    if let Some(first) = sample.damaged.first() {
        let damaged = sample.damaged.len();
        report.bad("encryption", &format!("{damaged} {of} can't be opened: {first}"));
    }
    let Some(keys) = keys else {
        return Report::good("encryption", "none: recordings are stored as they are");
    };
    if sample.plain > 0 {
        let plain = sample.plain;
        report.bad(
            "encryption",
            &format!("{plain} {of} are not encrypted: `gametape media rotate` does it"),
        );
    }
    Report::good(
        "encryption",
        &format!("what is stored gets the key {}", keys.current()),
    );
}
