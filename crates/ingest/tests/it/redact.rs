//! Numbers that are said: no trace of them in what is written, and silence where they are heard.

use std::sync::atomic::AtomicBool;

use gametape_asr::{AsrError, Heard, HeardWord, Request, Transcriber};
use gametape_core::{
    call::{CallState, Recording},
    id::CallId,
    job::{JobKind, Priority},
    redact::{NumberKind, RedactedObject},
};
use gametape_ingest::Worker;
use gametape_media::MediaKey;
use gametape_store::Actor;
use sha2::{Digest, Sha256};

use crate::support::Place;

/// A recording with a speaker on each channel.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/bakery-discovery.opus");

/// Hears the same number in every window.
#[derive(Clone, Copy)]
struct Teller;

impl Transcriber for Teller {
    fn model(&self) -> &'static str {
        "teller"
    }

    fn is_multilingual(&self) -> bool {
        false
    }

    fn transcribe(&mut self, samples: &[f32], _: &Request, _: &AtomicBool) -> Result<Heard, AsrError> {
        let length_ms = samples.len() as i64 / 16;
        let text = "Sure, my card is 4242 4242 4242 4242. Did you get it?";
        let count = text.split(' ').count() as i64;
        let word = |(index, text): (i64, &str)| HeardWord {
            text: text.to_owned(),
            start_ms: index * length_ms / count,
            end_ms: (index + 1) * length_ms / count,
            confidence: 0.9,
            spaced: true,
        };
        Ok(Heard {
            language: "en".to_owned(),
            words: (0..).zip(text.split(' ')).map(word).collect(),
            last_timestamp_ms: Some(length_ms),
            cut_off: false,
        })
    }
}

impl Place {
    fn teller(&self, redact: bool) -> Worker {
        self.worker("w", JobKind::ALL, redact, Teller)
    }

    async fn sample(&self) -> CallId {
        let ann = self.person("ann").await;
        let recording = std::fs::read(SAMPLE).unwrap();
        self.call(&ann, "a.opus", recording).await
    }

    /// The recording of a call that must be ready.
    async fn recording(&self, id: &CallId) -> Recording {
        let call = self.sound_call(id).await;
        assert_eq!(call.state, CallState::Ready);
        let found = self
            .store
            .recording_get(&call.recording_id.unwrap())
            .await
            .unwrap();
        found.unwrap()
    }

    /// The words of a call, and all that was told about it.
    async fn said(&self, id: &CallId) -> String {
        let transcript = self.store.transcript_read(id).await.unwrap().unwrap();
        let mut said = serde_json::to_string(&transcript).unwrap();
        for event in self.store.events_after(id, 0, 10_000).await.unwrap() {
            said.push_str(&event.data.to_string());
        }
        said
    }

    async fn stored(&self, recording: &Recording, object: &RedactedObject) -> Vec<u8> {
        let key = MediaKey::recording_redacted(&recording.id, object.version);
        self.media.get(&key).await.unwrap().to_vec()
    }

    /// Whether the number is anywhere in the files of the database.
    fn is_on_disk(&self) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let files = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file());
        files.into_iter().any(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(9).any(|bytes| bytes == b"4242 4242")
        })
    }
}

/// Whether all samples of both channels from one time to another are silence; 44 bytes of header, 16 kHz.
fn is_silent(wav: &[u8], start_ms: i64, end_ms: i64) -> bool {
    let at = |ms: i64| (44 + ms.max(0) as usize * 16 * 4).min(wav.len());
    wav[at(start_ms)..at(end_ms)].iter().all(|byte| *byte == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_written_nowhere_and_heard_nowhere() {
    let place = Place::new().await;
    let call = place.sample().await;
    place.teller(true).drain().await.unwrap();

    let said = place.said(&call).await;
    assert!(said.contains("my card is •••• •••• •••• ••••. Did"));
    assert!(!said.contains("4242"));
    assert!(!place.is_on_disk());

    let recording = place.recording(&call).await;
    let (version, found) = place.store.redactions_list(&recording.id).await.unwrap();
    let object = recording.redaction.object.clone().unwrap();
    assert_eq!((object.version, recording.redaction.version), (version, version));
    assert!(recording.redaction.looked_at.is_some());
    let wav = place.stored(&recording, &object).await;
    assert_eq!(wav.len() as i64, object.size_bytes);
    assert_eq!(hex::encode(Sha256::digest(&wav)), object.sha256);
    assert!(found.len() > 4 && found.iter().any(|one| one.channel == 1));
    for one in &found {
        assert_eq!(one.number.kind, NumberKind::Card);
        assert!(
            is_silent(&wav, one.number.start_ms - 400, one.number.end_ms + 200),
            "{one:?}"
        );
    }
    let spoken = found.windows(2).filter(|pair| pair[0].channel == pair[1].channel);
    let kept =
        spoken.filter(|pair| !is_silent(&wav, pair[0].number.end_ms + 200, pair[1].number.start_ms - 400));
    assert!(kept.count() > 4, "all of it is silent");

    // Heard again, with masking switched off since: what was found stays silent.
    place
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    place.teller(false).drain().await.unwrap();
    assert_eq!(place.recording(&call).await.redaction, recording.redaction);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_from_before_is_masked_when_it_is_heard_again() {
    let place = Place::new().await;
    let call = place.sample().await;
    place.teller(false).drain().await.unwrap();
    assert!(place.said(&call).await.contains("4242"));
    let before = place.recording(&call).await.redaction;
    assert_eq!((before.version, before.object, before.looked_at), (0, None, None));

    place
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    place.teller(true).drain().await.unwrap();
    assert!(!place.said(&call).await.contains("4242"));
    let old = place
        .store
        .transcript_read_version(&call, 1)
        .await
        .unwrap()
        .unwrap();
    assert!(old.segments.iter().all(|segment| !segment.text.contains("4242")));
    assert!(place.recording(&call).await.redaction.object.is_some());

    place.store.call_delete(&Actor::default(), &call).await.unwrap();
    place.teller(true).drain().await.unwrap();
    assert!(!place.folder.path().join("media/recordings").exists());
}
