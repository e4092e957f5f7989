//! Numbers that were taken out, and what is served in place of the original.

use gametape_core::{
    id::RecordingId,
    job::{JobKind, Priority},
    redact::{Number, NumberKind, RedactedObject, Redaction},
    transcript::Word,
};
use gametape_store::{Fence, JobEnd, MaskedSegment};

use crate::{
    backup::copy,
    bench::{Bench, HOUR_MS, LEASE_MS, assert_lease_lost, by, progress, segment, windows},
    comment::{at as place, new},
};

crate::on_every_engine!(
    what_was_found_adds_up,
    the_newest_object_is_served,
    it_takes_room_but_no_quota,
    late_workers_add_nothing,
    two_calls_of_a_recording_share_what_was_found,
    it_goes_with_the_call,
    masked_words_are_gone_everywhere,
    quotes_of_masked_words_are_masked,
    recordings_are_counted_by_what_was_done_about_them,
);

fn at(channel: usize, kind: NumberKind, start_ms: i64, end_ms: i64) -> Redaction {
    let number = Number {
        kind,
        start_ms,
        end_ms,
    };
    Redaction { channel, number }
}

fn object(version: i64) -> RedactedObject {
    RedactedObject {
        version,
        size_bytes: 1_000 + version,
        sha256: format!("sha of {version}"),
    }
}

/// A call that is being transcribed, by a worker that others may take the job from.
async fn transcribing(b: &Bench) -> (gametape_core::call::Call, RecordingId, Fence) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let recording = call.recording_id.clone().unwrap();
    (call, recording, fence)
}

async fn what_was_found_adds_up(b: Bench) {
    use NumberKind::{Account, Card, Iban};
    let (call, recording, fence) = transcribing(&b).await;
    assert_eq!(b.store.redactions_list(&recording).await.unwrap(), (0, vec![]));
    b.store.redactions_add(&fence, &[]).await.unwrap();
    let first = [at(1, Card, 500, 900), at(0, Iban, 100, 400)];
    b.store.redactions_add(&fence, &first).await.unwrap();
    let known = (1, vec![at(0, Iban, 100, 400), at(1, Card, 500, 900)]);
    assert_eq!(b.store.redactions_list(&recording).await.unwrap(), known);
    // Nothing new.
    b.store
        .redactions_add(&fence, &[at(1, Card, 600, 700)])
        .await
        .unwrap();
    assert_eq!(b.other.redactions_list(&recording).await.unwrap(), known);
    let more = [at(1, Account, 850, 1_200), at(0, Account, 2_000, 2_500)];
    b.store.redactions_add(&fence, &more).await.unwrap();
    let all = vec![
        at(0, Iban, 100, 400),
        at(0, Account, 2_000, 2_500),
        at(1, Card, 500, 1_200),
    ];
    assert_eq!(b.store.redactions_list(&recording).await.unwrap(), (2, all));
    assert_eq!(b.get(&call.id).await.redaction_count, 3);
    let state = b
        .store
        .recording_get(&recording)
        .await
        .unwrap()
        .unwrap()
        .redaction;
    assert_eq!((state.version, state.object, state.looked_at), (2, None, None));
}

/// Keys that deletions due by now are to delete.
async fn deleted(b: &Bench) -> Vec<String> {
    let mut keys = Vec::new();
    while let Some(job) = b
        .store
        .job_claim("w", &[JobKind::MediaDelete], LEASE_MS)
        .await
        .unwrap()
    {
        let payload = &job.payload["keys"];
        keys.extend(
            payload
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key.as_str().unwrap().to_owned()),
        );
        let fence = Fence::of(&job, "w");
        b.store.job_finish(&fence, JobEnd::Deleted).await.unwrap();
    }
    keys
}

async fn the_newest_object_is_served(b: Bench) {
    let (_, recording, fence) = transcribing(&b).await;
    deleted(&b).await;
    let before = b.store.storage_figures().await.unwrap().recordings_bytes;
    let state = async || {
        b.store
            .recording_get(&recording)
            .await
            .unwrap()
            .unwrap()
            .redaction
    };
    b.store.redaction_settle(&fence, false, None).await.unwrap();
    assert_eq!(state().await.looked_at, None);
    b.store.redaction_settle(&fence, true, None).await.unwrap();
    assert_eq!(
        (state().await.looked_at, state().await.object),
        (Some(b.now()), None)
    );
    for version in [2, 2, 3] {
        b.store
            .redaction_settle(&fence, true, Some(&object(version)))
            .await
            .unwrap();
        assert_eq!(state().await.object, Some(object(version)));
    }
    // A worker that was slower: what it made of less is not needed.
    b.store
        .redaction_settle(&fence, true, Some(&object(1)))
        .await
        .unwrap();
    assert_eq!(state().await.object, Some(object(3)));
    let figures = b.store.storage_figures().await.unwrap();
    assert_eq!(figures.recordings_bytes, before + 1_003);
    assert_eq!(
        deleted(&b).await,
        Vec::<String>::new(),
        "somebody may be listening to it"
    );
    b.clock.advance_ms(HOUR_MS);
    let mut gone = deleted(&b).await;
    gone.sort();
    let key = |version: i64| format!("recordings/{recording}/redacted-{version}");
    assert_eq!(gone, [key(1), key(2)]);
}

async fn it_takes_room_but_no_quota(b: Bench) {
    let (call, _, fence) = transcribing(&b).await;
    let usage = async || b.store.usage_of_person(&call.owner_id).await.unwrap();
    let before = usage().await;
    b.store
        .redaction_settle(&fence, true, Some(&object(1)))
        .await
        .unwrap();
    assert_eq!(usage().await, before);
    let largest = b.store.largest_people(5).await.unwrap();
    let all: Vec<_> = largest.iter().map(|share| share.bytes).collect();
    assert_eq!(all, [before.recordings_bytes + 1_001]);
    let leaving = b.store.retention_of_call(&call.id).await.unwrap().unwrap();
    assert_eq!(leaving.size_bytes, Some(before.recordings_bytes + 1_001));
}

async fn late_workers_add_nothing(b: Bench) {
    let (_, recording, fence) = transcribing(&b).await;
    b.clock.advance_ms(LEASE_MS + 1);
    b.claim_as("worker-2", JobKind::CallTranscribe).await;
    let found = [at(0, NumberKind::Card, 0, 10)];
    assert_lease_lost(b.store.redactions_add(&fence, &found).await);
    assert_lease_lost(b.store.redaction_settle(&fence, true, Some(&object(1))).await);
    let transcript = gametape_core::id::TranscriptId::new(b.now());
    assert_lease_lost(b.store.transcript_mask(&fence, &transcript, &[]).await);
    assert_eq!(b.store.redactions_list(&recording).await.unwrap(), (0, vec![]));
}

async fn two_calls_of_a_recording_share_what_was_found(b: Bench) {
    let (call, recording, fence) = transcribing(&b).await;
    b.store
        .redactions_add(&fence, &[at(0, NumberKind::Card, 0, 10)])
        .await
        .unwrap();
    let (upload, same) = b.complete_upload(&call.owner_id, "sha of Talk").await;
    assert_eq!(same.id, recording);
    let other = b.call_of(&call.owner_id, "Again", &upload).await;
    assert_eq!(other.redaction_count, 1);
    let (job, fence) = b.claim_as("worker-2", JobKind::CallTranscribe).await;
    assert_eq!(job.call_id.as_ref(), Some(&other.id));
    b.store
        .redactions_add(&fence, &[at(0, NumberKind::Card, 20, 30)])
        .await
        .unwrap();
    assert_eq!(b.get(&call.id).await.redaction_count, 2);
}

async fn it_goes_with_the_call(b: Bench) {
    let (call, recording, fence) = transcribing(&b).await;
    b.store
        .redactions_add(&fence, &[at(0, NumberKind::Card, 0, 10)])
        .await
        .unwrap();
    b.store.job_finish(&fence, JobEnd::Cancelled).await.unwrap();
    let (_, _, copied) = copy(&b.store).await;
    assert_eq!(copied["redactions"].1.len(), 1);
    b.clock.advance_ms(1);
    let ann = b.store.user_get(&call.owner_id).await.unwrap().unwrap();
    b.store.call_delete(&by(&ann), &call.id).await.unwrap();
    let (_, _, copied) = copy(&b.store).await;
    assert!(copied["redactions"].1.is_empty());
    assert_eq!(b.store.redactions_list(&recording).await.unwrap(), (0, vec![]));
}

/// The transcript's segment with its digits masked.
async fn mask(b: &Bench, fence: &Fence, call: &gametape_core::call::Call, version: i64) {
    let versions = b.store.transcript_versions(&call.id).await.unwrap();
    let info = versions.iter().find(|info| info.version == version).unwrap();
    let segments = b.store.transcript_segments(call, &info.id).await.unwrap();
    let hide = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "•");
    let masked: Vec<MaskedSegment> = segments
        .into_iter()
        .map(|segment| MaskedSegment {
            id: segment.id.unwrap(),
            text: hide(&segment.text),
            words: segment
                .words
                .into_iter()
                .map(|word| Word {
                    text: hide(&word.text),
                    ..word
                })
                .collect(),
        })
        .collect();
    b.store.transcript_mask(fence, &info.id, &masked).await.unwrap();
}

async fn masked_words_are_gone_everywhere(b: Bench) {
    let ann = b.user("ann").await;
    let said = [
        segment(0, 0, "Account 12345678 please."),
        segment(2_000, 1, "Thanks."),
    ];
    let call = b.call_saying(&ann.id, "Talk", &said).await;
    let other = b.call_saying(&ann.id, "Other", &said).await;
    b.clock.advance_ms(10);
    b.store
        .call_retranscribe(&call.id, None, None, Priority::Normal)
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call.id, "base", None, windows(1))
        .await
        .unwrap();
    b.store
        .transcript_append(
            &fence,
            &begun.transcript_id,
            0,
            Some("en"),
            &said,
            &progress(50.0),
        )
        .await
        .unwrap();
    let seen = b.store.event_last_seq(&call.id).await.unwrap();
    for version in [1, 2] {
        mask(&b, &fence, &call, version).await;
        let read = b
            .store
            .transcript_read_version(&call.id, version)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.segments[0].text, "Account •••••••• please.");
        assert_eq!(read.segments[0].words[1].text, "••••••••");
        assert_eq!(
            (read.segments[0].words[1].start_ms, read.segments[1].text.as_str()),
            (100, "Thanks.")
        );
    }
    let news = b.store.events_after(&call.id, seen, 10).await.unwrap();
    assert!(
        news.iter().all(|event| event.kind.as_str() == "edit") && news.len() == 2,
        "{news:?}"
    );
    let end = JobEnd::Transcribed { language: None };
    b.store.job_finish(&fence, end).await.unwrap();
    let (_, _, copied) = copy(&b.store).await;
    for (table, (_, lines)) in &copied {
        let mine = lines.iter().filter(|line| line.contains("12345678"));
        for line in mine {
            assert!(
                line.contains(other.id.as_str()) || table == "segments",
                "{table}: {line}"
            );
        }
    }
    let left = copied["segments"]
        .1
        .iter()
        .filter(|line| line.contains("12345678"));
    assert_eq!(left.count(), 1, "that of the other call");
    // Somebody else's transcript is none of this job's.
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    mask(&b, &fence, &other, 1).await;
    let read = b.store.transcript_read(&other.id).await.unwrap().unwrap();
    assert_eq!(read.segments[0].text, "Account 12345678 please.");
}

async fn recordings_are_counted_by_what_was_done_about_them(b: Bench) {
    let figures = async || {
        let figures = b.store.redaction_figures().await.unwrap();
        (
            figures.with_numbers,
            figures.not_silent_yet,
            figures.not_looked_through,
        )
    };
    let ann = b.user("ann").await;
    b.ready_call(&ann.id, "Before").await;
    assert_eq!(figures().await, (0, 0, 1));
    b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    b.store
        .redactions_add(&fence, &[at(0, NumberKind::Card, 0, 10)])
        .await
        .unwrap();
    assert_eq!(figures().await, (1, 1, 1));
    b.store
        .redaction_settle(&fence, true, Some(&object(1)))
        .await
        .unwrap();
    assert_eq!(figures().await, (1, 0, 1));
}

async fn quotes_of_masked_words_are_masked(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let said = [segment(0, 0, "Account 12345678 please.")];
    let call = b.call_saying(&ann.id, "Talk", &said).await;
    let other = b.call_saying(&ann.id, "Other", &said).await;
    for id in [&call.id, &other.id] {
        let mut note = new(id, &bob.id, "Mind this");
        note.place = Some(place(0, 250));
        b.store.comment_create(note).await.unwrap();
    }
    b.clock.advance_ms(10);
    b.store
        .call_retranscribe(&call.id, None, None, Priority::Normal)
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    mask(&b, &fence, &call, 1).await;
    for (id, mine) in [(&call.id, true), (&other.id, false)] {
        let mut quotes = b.store.quotes_list(id).await.unwrap();
        assert!(
            quotes.len() == 1 && quotes[0].texts.concat().contains("12345678"),
            "{quotes:?}"
        );
        quotes[0].texts = ["a".to_owned(), "•".to_owned(), "b".to_owned()];
        b.store.quotes_mask(&fence, &quotes).await.unwrap();
        let found = b.store.quotes_list(id).await.unwrap();
        assert_eq!(found == quotes, mine, "those of the job's call alone");
    }
    let (_, _, copied) = copy(&b.store).await;
    for table in ["anchors", "moments", "segments", "search_documents"] {
        let lines = copied[table].1.iter().filter(|line| line.contains("12345678"));
        assert_eq!(lines.count(), 1, "{table}: that of the other call");
    }
}
