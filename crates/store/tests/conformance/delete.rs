//! Deleting a call: nothing of it stays, and nothing of others goes.

use gametape_core::{id::CallId, job::JobKind};
use gametape_store::JobEnd;

use crate::bench::{
    Bench, CLI, HOUR_MS, LEASE_MS, Where, assert_lease_lost, assert_not_found, progress, published, segment,
    windows,
};

crate::on_every_engine!(
    a_ready_call_goes_with_all_that_belongs_to_it,
    objects_wait_for_the_worker_that_may_still_write_them,
    a_cancelled_worker_counts_too,
    a_recording_stays_while_another_call_has_it,
    a_recording_stays_while_an_upload_may_still_use_it,
    deleting_a_waiting_call_ends_its_upload,
    deletions_that_are_done_are_forgotten_after_a_week,
);

async fn a_ready_call_goes_with_all_that_belongs_to_it(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    let kept = b.ready_call(&ann.id, "Kept").await;
    b.deletions().await;
    b.store.call_delete(CLI, &call.id).await.unwrap();
    let recording_id = call.recording_id.unwrap();
    assert_eq!(b.deletions().await, [format!("recordings/{recording_id}")]);
    assert_eq!(b.store.call_get(&call.id).await.unwrap(), None);
    assert_eq!(b.store.recording_get(&recording_id).await.unwrap(), None);
    assert_eq!(b.store.recording_analysis(&recording_id).await.unwrap(), None);
    assert_eq!(b.store.transcript_read(&call.id).await.unwrap(), None);
    assert!(b.store.transcript_versions(&call.id).await.unwrap().is_empty());
    assert!(b.store.job_history(&call.id).await.unwrap().is_empty());
    assert!(b.store.events_after(&call.id, 0, 100).await.unwrap().is_empty());
    assert_eq!(b.store.event_last_seq(&call.id).await.unwrap(), 0);
    assert_not_found(b.store.call_delete(CLI, &call.id).await);
    assert_not_found(b.store.call_delete(CLI, &CallId::new(1)).await);
    assert!(b.store.transcript_read(&kept.id).await.unwrap().is_some());
    if b.place != Where::Memory {
        b.store.call_delete(CLI, &kept.id).await.unwrap();
        b.deletions().await;
        for table in [
            "calls",
            "recordings",
            "uploads",
            "upload_parts",
            "transcripts",
            "transcript_windows",
            "segments",
            "events",
        ] {
            assert_eq!(b.count(table).await, 0, "{table}");
        }
    }
}

async fn objects_wait_for_the_worker_that_may_still_write_them(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let upload = b
        .store
        .recording_get(call.recording_id.as_ref().unwrap())
        .await
        .unwrap()
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallStore).await;
    b.clock.advance_ms(1_000);
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert_lease_lost(b.store.job_heartbeat(&fence, LEASE_MS).await);
    assert_lease_lost(b.store.job_finish(&fence, JobEnd::Stored).await);
    assert!(b.deletions().await.is_empty());
    // The lease has 29 s left, and a second is added.
    b.clock.advance_ms(LEASE_MS - 1);
    assert!(b.deletions().await.is_empty());
    b.clock.advance_ms(1);
    let expected = [
        format!("recordings/{}", upload.id),
        format!("uploads/{}", upload.parts_upload_id.unwrap()),
    ];
    assert_eq!(b.deletions().await, expected);
}

async fn a_cancelled_worker_counts_too(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.claim(JobKind::CallStore).await;
    b.store.call_cancel(&call.id).await.unwrap();
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert!(b.deletions().await.is_empty());
    b.clock.advance_ms(LEASE_MS + 1_000);
    assert_eq!(b.deletions().await.len(), 2);
}

async fn a_recording_stays_while_another_call_has_it(b: Bench) {
    let ann = b.user("ann").await;
    let first = b.call(&ann.id, "same").await;
    let second = b.call(&ann.id, "same").await;
    b.deletions().await;
    // The bytes still lie in the parts of the first call's upload.
    b.store.call_delete(CLI, &first.id).await.unwrap();
    assert!(b.deletions().await.is_empty());
    let recording_id = second.recording_id.unwrap();
    let recording = b.store.recording_get(&recording_id).await.unwrap().unwrap();
    let parts_id = recording.parts_upload_id.unwrap();
    assert_eq!(b.store.upload_parts(&parts_id).await.unwrap().len(), 1);
    b.store_next().await;
    assert_eq!(b.deletions().await, [format!("uploads/{parts_id}")]);
    b.analyze_next().await;
    b.transcribe_and_publish(&second.id).await;
    b.store.call_delete(CLI, &second.id).await.unwrap();
    assert_eq!(b.deletions().await, [format!("recordings/{recording_id}")]);
}

async fn a_recording_stays_while_an_upload_may_still_use_it(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "same").await;
    let (upload, recording) = b.complete_upload(&ann.id, "sha of same").await;
    assert_eq!(Some(&recording.id), call.recording_id.as_ref());
    b.deletions().await;
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert!(b.deletions().await.is_empty());
    let again = b.call_of(&ann.id, "Again", &upload).await;
    assert_eq!(again.duplicate_of, None);
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &again.id, "m", None, windows(1))
        .await
        .unwrap();
    let hi = [segment(0, 0, "Hi.")];
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, None, &hi, &progress(1.0))
        .await
        .unwrap();
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store.job_finish(&fence, published()).await.unwrap();
    b.store.call_delete(CLI, &again.id).await.unwrap();
    assert_eq!(b.deletions().await, [format!("recordings/{}", recording.id)]);
}

async fn deleting_a_waiting_call_ends_its_upload(b: Bench) {
    let ann = b.user("ann").await;
    let upload = b.upload(&ann.id, Some(10)).await;
    b.append(&upload, 0, 4).await.unwrap();
    let call = b.call_of(&ann.id, "Talk", &upload).await;
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert_eq!(b.store.upload_get(&upload).await.unwrap(), None);
    assert_not_found(b.append(&upload, 4, 6).await);
    assert_eq!(b.deletions().await, [format!("uploads/{upload}")]);
}

async fn deletions_that_are_done_are_forgotten_after_a_week(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    b.deletions().await;
    b.store.call_delete(CLI, &call.id).await.unwrap();
    b.clock.advance_ms(7 * 24 * HOUR_MS);
    let done = b.store.job_sweep().await.unwrap();
    assert!(done > 0, "what was deleted while the call was made");
    b.store.job_sweep().await.unwrap();
    assert_eq!(
        b.deletions().await.len(),
        1,
        "the deletion that nobody did yet is still there"
    );
}
