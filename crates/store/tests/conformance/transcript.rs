use gametape_core::{
    id::{CallId, TranscriptId},
    job::{JobKind, Priority},
    transcript::Word,
};
use gametape_store::{Ahead, Fence, JobEnd, NewSegment, Windows};

use crate::bench::{
    Bench, LEASE_MS, assert_conflict, assert_lease_lost, assert_not_found, progress, segment, windows,
};

crate::on_every_engine!(
    a_first_transcript_is_read_while_it_grows,
    a_call_shows_its_growing_transcript,
    a_window_is_written_once,
    another_worker_goes_on_with_the_windows_that_are_missing,
    a_job_tried_again_by_a_person_goes_on_too,
    another_model_begins_again,
    every_version_stays_readable,
    silence_makes_an_empty_transcript,
    a_window_has_a_place_in_its_own_transcript,
    odd_words_are_written_as_they_can_be,
    what_was_heard_ahead_is_gone_on_with,
    what_was_heard_ahead_in_vain_is_dropped,
    nothing_is_heard_ahead_of_an_older_transcript,
);

/// A call that waits for its transcription, claimed.
async fn claimed(b: &Bench) -> (CallId, Fence) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    (call.id, fence)
}

async fn append(b: &Bench, fence: &Fence, id: &TranscriptId, window: i64, text: &str) {
    let segments = [segment(window * 1_000, 0, text)];
    b.store
        .transcript_append(fence, id, window, Some("en"), &segments, &progress(1.0))
        .await
        .unwrap();
}

async fn texts(b: &Bench, call_id: &CallId) -> Vec<String> {
    let transcript = b.store.transcript_read(call_id).await.unwrap().unwrap();
    transcript
        .segments
        .into_iter()
        .map(|segment| segment.text)
        .collect()
}

async fn a_first_transcript_is_read_while_it_grows(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    assert_eq!(b.store.transcript_read(&call_id).await.unwrap(), None);
    let begun = b
        .store
        .transcript_begin(&fence, &call_id, "tiny.en", None, windows(2))
        .await
        .unwrap();
    assert_eq!((begun.windows_done.len(), begun.language.as_deref()), (0, None));
    let late = [segment(5_000, 1, "Later."), segment(5_000, 0, "At once.")];
    let written = b
        .store
        .transcript_append(
            &fence,
            &begun.transcript_id,
            1,
            Some("en"),
            &late,
            &progress(60.0),
        )
        .await
        .unwrap();
    assert_eq!(written.len(), 2);
    assert_eq!(
        (written[0].speaker.name.as_str(), written[1].speaker.name.as_str()),
        ("Customer", "Rep")
    );
    let early = [segment(100, 0, "First words here.")];
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, None, &early, &progress(90.0))
        .await
        .unwrap();
    let read = b.store.transcript_read(&call_id).await.unwrap().unwrap();
    assert_eq!(
        (read.model.as_str(), read.language.as_deref(), read.duration_ms),
        ("tiny.en", Some("en"), 60_000)
    );
    assert!(!read.complete);
    // By time, then by channel.
    let order: Vec<_> = read
        .segments
        .iter()
        .map(|s| (s.start_ms, s.channel, s.text.as_str()))
        .collect();
    assert_eq!(
        order,
        [
            (100, 0, "First words here."),
            (5_000, 0, "At once."),
            (5_000, 1, "Later.")
        ]
    );
    assert_eq!(read.segments[1], written[1]);
    assert_eq!(read.segments[0].words, early[0].words);
}

async fn a_call_shows_its_growing_transcript(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(1))
        .await
        .unwrap();
    let call = b.get(&call_id).await;
    assert_eq!(
        (call.transcript_id.as_ref(), call.language),
        (Some(&begun.transcript_id), None)
    );
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, Some("en"), &[], &progress(90.0))
        .await
        .unwrap();
    let call = b.get(&call_id).await;
    assert_eq!(
        (call.progress, call.language.as_deref()),
        (Some(progress(90.0)), Some("en"))
    );
    assert_eq!(call.transcript_id, Some(begun.transcript_id));
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    assert!(b.store.transcript_read(&call_id).await.unwrap().unwrap().complete);
}

async fn a_window_is_written_once(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let id = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(2))
        .await
        .unwrap()
        .transcript_id;
    append(&b, &fence, &id, 0, "Once.").await;
    let seq = b.store.event_last_seq(&call_id).await.unwrap();
    let again = [segment(0, 0, "Twice.")];
    assert_conflict(
        b.store
            .transcript_append(&fence, &id, 0, None, &again, &progress(2.0))
            .await,
    );
    assert_eq!(texts(&b, &call_id).await, ["Once."]);
    assert_eq!(b.store.event_last_seq(&call_id).await.unwrap(), seq);
    append(&b, &fence, &id, 1, "Next.").await;
    assert_eq!(texts(&b, &call_id).await, ["Once.", "Next."]);
}

async fn another_worker_goes_on_with_the_windows_that_are_missing(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let id = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(4))
        .await
        .unwrap()
        .transcript_id;
    append(&b, &fence, &id, 2, "Two.").await;
    append(&b, &fence, &id, 0, "Zero.").await;
    b.clock.advance_ms(LEASE_MS + 1);
    let (_, second) = b.claim_as("two", JobKind::CallTranscribe).await;
    let resumed = b
        .store
        .transcript_begin(&second, &call_id, "m", None, windows(4))
        .await
        .unwrap();
    assert_eq!(
        (&resumed.transcript_id, resumed.windows_done.as_slice()),
        (&id, [0, 2].as_slice())
    );
    assert_eq!(resumed.language.as_deref(), Some("en"));
    let late = [segment(0, 0, "Late.")];
    assert_lease_lost(
        b.store
            .transcript_append(&fence, &id, 1, None, &late, &progress(1.0))
            .await,
    );
    // Also across a failure of its own.
    append(&b, &second, &id, 1, "One.").await;
    b.store
        .job_finish(
            &second,
            JobEnd::Retry {
                error: "x".to_owned(),
            },
        )
        .await
        .unwrap();
    b.clock.advance_ms(2_000);
    let (_, third) = b.claim_as("three", JobKind::CallTranscribe).await;
    let resumed = b
        .store
        .transcript_begin(&third, &call_id, "m", None, windows(4))
        .await
        .unwrap();
    assert_eq!(resumed.windows_done, [0, 1, 2]);
    append(&b, &third, &id, 3, "Three.").await;
    b.store
        .job_finish(
            &third,
            JobEnd::Transcribed {
                language: Some("en".to_owned()),
            },
        )
        .await
        .unwrap();
    assert_eq!(texts(&b, &call_id).await, ["Zero.", "One.", "Two.", "Three."]);
}

async fn a_job_tried_again_by_a_person_goes_on_too(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let id = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(2))
        .await
        .unwrap()
        .transcript_id;
    append(&b, &fence, &id, 0, "Zero.").await;
    b.store.call_cancel(&call_id).await.unwrap();
    b.store.call_retry(&call_id).await.unwrap();
    let (_, second) = b.claim_as("two", JobKind::CallTranscribe).await;
    let resumed = b
        .store
        .transcript_begin(&second, &call_id, "m", None, windows(2))
        .await
        .unwrap();
    assert_eq!((resumed.transcript_id, resumed.windows_done), (id, vec![0]));
}

async fn another_model_begins_again(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let old = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(2))
        .await
        .unwrap()
        .transcript_id;
    append(&b, &fence, &old, 0, "Old.").await;
    let seq = b.store.event_last_seq(&call_id).await.unwrap();
    let new = b
        .store
        .transcript_begin(&fence, &call_id, "other", Some("de"), windows(2))
        .await
        .unwrap();
    assert_ne!(new.transcript_id, old);
    assert_eq!((new.windows_done.len(), new.language.as_deref()), (0, Some("de")));
    let longer = Windows {
        length_ms: 27_520,
        ..windows(2)
    };
    let same_words = new.transcript_id;
    let new = b
        .store
        .transcript_begin(&fence, &call_id, "other", Some("de"), longer)
        .await
        .unwrap();
    assert_ne!(
        new.transcript_id, same_words,
        "windows of another length are cut elsewhere"
    );
    // There was nothing else to read, so the new one takes its place at once, and people are told.
    assert!(texts(&b, &call_id).await.is_empty());
    assert_eq!(b.get(&call_id).await.transcript_id, Some(new.transcript_id));
    assert_eq!(
        b.store.events_after(&call_id, seq, 10).await.unwrap()[0]
            .kind
            .as_str(),
        "call"
    );
    assert_eq!(b.store.transcript_versions(&call_id).await.unwrap().len(), 1);
    let lost = [segment(0, 0, "Lost.")];
    assert_not_found(
        b.store
            .transcript_append(&fence, &old, 1, None, &lost, &progress(1.0))
            .await,
    );
}

async fn every_version_stays_readable(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    b.clock.advance_ms(10);
    b.store
        .call_retranscribe(&call.id, None, None, Priority::Normal)
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let id = b
        .store
        .transcript_begin(&fence, &call.id, "base", None, windows(2))
        .await
        .unwrap()
        .transcript_id;
    append(&b, &fence, &id, 0, "Better.").await;
    let versions = b.store.transcript_versions(&call.id).await.unwrap();
    let listed: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.model.as_str(), v.complete))
        .collect();
    assert_eq!(listed, [(1, "tiny.en", true), (2, "base", false)]);
    assert_eq!(
        (
            &versions[1].id,
            versions[1].created_at,
            versions[0].language.as_deref()
        ),
        (&id, b.now(), Some("en"))
    );
    let growing = b
        .store
        .transcript_read_version(&call.id, 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (growing.segments[0].text.as_str(), growing.complete),
        ("Better.", false)
    );
    let old = b.store.transcript_read_version(&call.id, 1).await.unwrap();
    assert_eq!(old, b.store.transcript_read(&call.id).await.unwrap());
    assert_eq!(b.store.transcript_read_version(&call.id, 3).await.unwrap(), None);
    assert_eq!(
        b.store.transcript_read_version(&CallId::new(1), 1).await.unwrap(),
        None
    );
    // Begun once more by a new job, the unfinished one is gone and the old one is still read.
    b.store.call_cancel(&call.id).await.unwrap();
    b.store
        .call_retranscribe(&call.id, None, None, Priority::Normal)
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let third = b
        .store
        .transcript_begin(&fence, &call.id, "base", None, windows(2))
        .await
        .unwrap();
    assert!(third.windows_done.is_empty());
    assert_eq!(
        b.store.transcript_read(&call.id).await.unwrap().unwrap().model,
        "tiny.en"
    );
    assert_eq!(b.store.transcript_versions(&call.id).await.unwrap().len(), 2);
}

async fn silence_makes_an_empty_transcript(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    assert_conflict(
        b.store
            .job_finish(&fence, JobEnd::Transcribed { language: None })
            .await,
    );
    b.store
        .transcript_begin(&fence, &call_id, "m", None, windows(0))
        .await
        .unwrap();
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let read = b.store.transcript_read(&call_id).await.unwrap().unwrap();
    assert!(read.complete && read.segments.is_empty());
    assert_eq!(read.language, None);
}

async fn a_window_has_a_place_in_its_own_transcript(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let id = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(2))
        .await
        .unwrap()
        .transcript_id;
    for window in [-1, 2] {
        assert_conflict(
            b.store
                .transcript_append(&fence, &id, window, None, &[], &progress(1.0))
                .await,
        );
    }
    let unknown = TranscriptId::new(1);
    assert_not_found(
        b.store
            .transcript_append(&fence, &unknown, 0, None, &[], &progress(1.0))
            .await,
    );
    assert_conflict(
        b.store
            .transcript_begin(&fence, &CallId::new(1), "m", None, windows(1))
            .await,
    );
    // Another call's job may not write here.
    let bob = b.user("bob").await;
    b.call(&bob.id, "Other").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, other) = b.claim_as("two", JobKind::CallTranscribe).await;
    assert_conflict(
        b.store
            .transcript_append(&other, &id, 0, None, &[], &progress(1.0))
            .await,
    );
    assert!(texts(&b, &call_id).await.is_empty());
}

async fn odd_words_are_written_as_they_can_be(b: Bench) {
    let (call_id, fence) = claimed(&b).await;
    let id = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(1))
        .await
        .unwrap()
        .transcript_id;
    let word = |text: &str, confidence| Word {
        start_ms: 0,
        end_ms: 1,
        text: text.to_owned(),
        confidence,
    };
    let odd = NewSegment {
        start_ms: 0,
        end_ms: 1,
        channel: 0,
        text: "nul \0 'quote' \"x\" \\ 😀".to_owned(),
        words: vec![
            word("\0", f32::NAN),
            word("'\"\\😀", f32::INFINITY),
            word("ok", 1.5),
        ],
    };
    let written = b
        .store
        .transcript_append(&fence, &id, 0, Some("e\0"), &[odd], &progress(1.0))
        .await
        .unwrap();
    let read = b.store.transcript_read(&call_id).await.unwrap().unwrap();
    assert_eq!(read.segments, written);
    assert_eq!(read.segments[0].text, "nul \u{fffd} 'quote' \"x\" \\ 😀");
    let confidences: Vec<_> = read.segments[0]
        .words
        .iter()
        .map(|word| word.confidence)
        .collect();
    assert_eq!(confidences, [0.0, 0.0, 1.0]);
}

/// A call under analysis of which two windows of three were heard ahead.
async fn heard_ahead(b: &Bench) -> (CallId, Fence, TranscriptId) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    let (_, fence) = b.claim(JobKind::CallAnalyze).await;
    let begun = b
        .store
        .transcript_begin_ahead(&fence, "m", None, windows(3), 2)
        .await
        .unwrap()
        .unwrap();
    append(b, &fence, &begun.transcript_id, 0, "One.").await;
    append(b, &fence, &begun.transcript_id, 1, "Two.").await;
    (call.id, fence, begun.transcript_id)
}

/// The end of an analysis after which the whole has five windows.
fn analyzed_behind(numbers: Option<[(i64, i64); 2]>) -> JobEnd {
    let ahead = numbers.map(|numbers| Ahead {
        windows: windows(5),
        numbers: numbers.to_vec(),
    });
    match crate::bench::analyzed() {
        JobEnd::Analyzed {
            duration_ms,
            channels,
            content_type,
            analysis_json,
            ..
        } => JobEnd::Analyzed {
            duration_ms,
            channels,
            content_type,
            analysis_json,
            ahead,
        },
        other => other,
    }
}

async fn what_was_heard_ahead_is_gone_on_with(b: Bench) {
    let (call_id, fence, transcript_id) = heard_ahead(&b).await;
    assert_eq!(texts(&b, &call_id).await, ["One.", "Two."]);
    let call = b.get(&call_id).await;
    assert_eq!((call.channels, call.language.as_deref()), (Some(2), Some("en")));
    // In the whole, a window of the other channel came to lie before them.
    b.store
        .job_finish(&fence, analyzed_behind(Some([(0, 1), (1, 2)])))
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(5))
        .await
        .unwrap();
    assert_eq!(
        (begun.transcript_id, begun.windows_done, begun.language.as_deref()),
        (transcript_id.clone(), vec![1, 2], Some("en"))
    );
    for window in [0, 3, 4] {
        append(&b, &fence, &transcript_id, window, "More.").await;
    }
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let read = b.store.transcript_read(&call_id).await.unwrap().unwrap();
    assert_eq!((read.complete, read.segments.len()), (true, 5));
    assert_eq!(b.store.transcript_versions(&call_id).await.unwrap().len(), 1);
}

async fn what_was_heard_ahead_in_vain_is_dropped(b: Bench) {
    let (call_id, fence, _) = heard_ahead(&b).await;
    b.store.job_finish(&fence, analyzed_behind(None)).await.unwrap();
    assert_eq!(b.store.transcript_read(&call_id).await.unwrap(), None);
    assert_eq!(b.get(&call_id).await.language, None);
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call_id, "m", None, windows(5))
        .await
        .unwrap();
    assert_eq!(begun.windows_done, [0_i64; 0]);
    append(&b, &fence, &begun.transcript_id, 0, "Anew.").await;
    assert_eq!(texts(&b, &call_id).await, ["Anew."]);
}

async fn nothing_is_heard_ahead_of_an_older_transcript(b: Bench) {
    let (call_id, fence, _) = heard_ahead(&b).await;
    // Another attempt hears anew: its windows may be others.
    b.store
        .job_finish(
            &fence,
            JobEnd::Retry {
                error: "flaky".to_owned(),
            },
        )
        .await
        .unwrap();
    b.clock.advance_ms(60_000);
    let (_, fence) = b.claim(JobKind::CallAnalyze).await;
    let ahead = |fence: Fence| {
        let store = b.store.clone();
        async move {
            store
                .transcript_begin_ahead(&fence, "m", Some("en"), windows(1), 1)
                .await
        }
    };
    assert!(ahead(fence.clone()).await.unwrap().is_some());
    assert_eq!(texts(&b, &call_id).await, [""; 0]);
    b.store.job_finish(&fence, analyzed_behind(None)).await.unwrap();
    b.transcribe_and_publish(&call_id).await;
    let read = b.store.transcript_read(&call_id).await.unwrap().unwrap();
    assert_eq!((read.complete, read.segments.len()), (true, 2));
    assert_lease_lost(ahead(fence).await);
}
