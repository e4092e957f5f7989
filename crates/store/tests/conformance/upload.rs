use gametape_core::{
    call::CallState,
    id::{RecordingId, UploadId},
    job::JobKind,
};

use crate::bench::{Bench, HOUR_MS, assert_conflict, assert_not_found};

crate::on_every_engine!(
    parts_are_added_at_the_end_only,
    no_more_bytes_than_announced,
    the_length_is_said_once,
    an_upload_of_unknown_length_is_as_long_as_it_got,
    completing_makes_a_recording_and_may_be_asked_again,
    the_same_bytes_of_one_person_are_stored_once,
    a_waiting_call_is_queued_when_its_file_is_here,
    a_call_that_was_stopped_while_waiting_stays_stopped,
    a_terminated_upload_fails_its_call,
    a_complete_upload_that_nobody_took_can_be_thrown_away,
    expired_uploads_are_swept,
    ids_of_everything_stored_can_be_walked,
);

async fn parts_are_added_at_the_end_only(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    let upload = b.store.upload_get(&id).await.unwrap().unwrap();
    assert_eq!(
        (upload.offset_bytes, upload.size_bytes, upload.completed_at),
        (0, Some(10), None)
    );
    assert_eq!(upload.hash_state, [0, 1, 255]);
    assert_eq!(
        (upload.filename.as_str(), upload.metadata.as_str()),
        ("talk.wav", "filename dGFsay53YXY=")
    );
    assert_eq!(b.append(&id, 0, 4).await.unwrap(), 4);
    assert_conflict(b.append(&id, 0, 4).await);
    assert_conflict(b.append(&id, 5, 4).await);
    assert_conflict(b.append(&id, 4, 0).await);
    assert_conflict(b.append(&id, 4, -1).await);
    b.clock.advance_ms(7);
    assert_eq!(b.append(&id, 4, 6).await.unwrap(), 10);
    let upload = b.store.upload_get(&id).await.unwrap().unwrap();
    assert_eq!(
        (upload.hash_state.as_slice(), upload.expires_at),
        ([4].as_slice(), b.now() + HOUR_MS)
    );
    let parts = b.store.upload_parts(&id).await.unwrap();
    let places: Vec<_> = parts
        .iter()
        .map(|part| (part.offset_bytes, part.size_bytes))
        .collect();
    assert_eq!(places, [(0, 4), (4, 6)]);
    assert_eq!(parts[1].media_key, format!("uploads/{id}/0000000000000004-x"));
    assert_not_found(b.append(&UploadId::new(1), 0, 1).await);
    assert_eq!(b.store.upload_get(&UploadId::new(1)).await.unwrap(), None);
}

async fn no_more_bytes_than_announced(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    assert_conflict(b.append(&id, 0, 11).await);
    b.append(&id, 0, 9).await.unwrap();
    assert_conflict(b.append(&id, 9, 2).await);
    assert_conflict(b.append(&id, 9, i64::MAX).await);
    assert_eq!(b.store.upload_get(&id).await.unwrap().unwrap().offset_bytes, 9);
    assert_eq!(b.store.upload_parts(&id).await.unwrap().len(), 1);
}

async fn the_length_is_said_once(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, None).await;
    b.append(&id, 0, 4).await.unwrap();
    assert_conflict(b.store.upload_set_size(&id, 3).await);
    assert_eq!(b.store.upload_set_size(&id, 6).await.unwrap().size_bytes, Some(6));
    b.store.upload_set_size(&id, 6).await.unwrap();
    assert_conflict(b.store.upload_set_size(&id, 7).await);
    assert_conflict(b.append(&id, 4, 3).await);
    assert_conflict(b.store.upload_complete(&id, "sha").await);
    b.append(&id, 4, 2).await.unwrap();
    b.store.upload_complete(&id, "sha").await.unwrap();
    assert_not_found(b.store.upload_set_size(&UploadId::new(1), 1).await);
}

async fn an_upload_of_unknown_length_is_as_long_as_it_got(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, None).await;
    b.append(&id, 0, 4).await.unwrap();
    let done = b.store.upload_complete(&id, "sha").await.unwrap();
    assert_eq!(done.recording.size_bytes, 4);
    assert_eq!(
        b.store.upload_get(&id).await.unwrap().unwrap().size_bytes,
        Some(4)
    );
}

async fn completing_makes_a_recording_and_may_be_asked_again(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    assert_conflict(b.store.upload_complete(&id, "sha").await);
    b.append(&id, 0, 10).await.unwrap();
    let done = b.store.upload_complete(&id, "sha").await.unwrap();
    let recording = done.recording.clone();
    assert_eq!(
        (recording.owner_id.clone(), recording.sha256.as_str()),
        (ann.id, "sha")
    );
    assert_eq!(
        (recording.size_bytes, recording.filename.as_str()),
        (10, "talk.wav")
    );
    assert_eq!(recording.parts_upload_id.as_ref(), Some(&id));
    assert_eq!(done.call, None);
    b.clock.advance_ms(5);
    assert_eq!(b.store.upload_complete(&id, "sha").await.unwrap(), done);
    assert_conflict(b.append(&id, 10, 1).await);
    assert_eq!(
        b.store.recording_get(&recording.id).await.unwrap(),
        Some(recording)
    );
    assert_eq!(b.store.recording_get(&RecordingId::new(1)).await.unwrap(), None);
    assert_eq!(b.store.upload_parts(&id).await.unwrap().len(), 1);
    assert!(b.deletions().await.is_empty());
    assert_not_found(b.store.upload_complete(&UploadId::new(1), "sha").await);
}

async fn the_same_bytes_of_one_person_are_stored_once(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let (_, first) = b.complete_upload(&ann.id, "same").await;
    let (second, again) = b.complete_upload(&ann.id, "same").await;
    assert_eq!(again, first);
    assert!(b.store.upload_parts(&second).await.unwrap().is_empty());
    assert_eq!(b.deletions().await, [format!("uploads/{second}")]);
    assert_eq!(
        b.store.upload_complete(&second, "same").await.unwrap().recording,
        first
    );
    // Another person's copy is theirs: deleting one must not touch the other.
    let (_, others) = b.complete_upload(&bob.id, "same").await;
    assert_ne!(others.id, first.id);
}

async fn a_waiting_call_is_queued_when_its_file_is_here(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    let call = b.call_of(&ann.id, "Talk", &id).await;
    assert_eq!(
        (call.state, call.upload_id.as_ref()),
        (CallState::Uploading, Some(&id))
    );
    assert_eq!(
        b.store.job_claim("w", &[JobKind::CallStore], 1).await.unwrap(),
        None
    );
    b.clock.advance_ms(3);
    let done = b.finish_upload(&id, "sha").await;
    let queued = done.call.clone().unwrap();
    assert_eq!(
        (queued.id.clone(), queued.state, queued.upload_id.clone()),
        (call.id, CallState::Queued, None)
    );
    assert_eq!(queued.recording_id, Some(done.recording.id.clone()));
    assert!(queued.updated_at > call.updated_at);
    assert_eq!(b.store.upload_complete(&id, "sha").await.unwrap(), done);
    let (job, _) = b.claim(JobKind::CallStore).await;
    assert_eq!(job.call_id, Some(queued.id));
}

async fn a_call_that_was_stopped_while_waiting_stays_stopped(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    let call = b.call_of(&ann.id, "Talk", &id).await;
    b.store.call_cancel(&call.id).await.unwrap();
    let done = b.finish_upload(&id, "sha").await;
    assert_eq!(done.call.unwrap().state, CallState::Cancelled);
    assert_eq!(b.store.job_next_run_at().await.unwrap(), None);
    // Now that the file is here, it can be taken up again.
    assert_eq!(
        b.store.call_retry(&call.id).await.unwrap().state,
        CallState::Queued
    );
    b.claim(JobKind::CallStore).await;
}

async fn a_terminated_upload_fails_its_call(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(10)).await;
    let call = b.call_of(&ann.id, "Talk", &id).await;
    b.append(&id, 0, 4).await.unwrap();
    b.store.upload_delete(&id).await.unwrap();
    assert_eq!(b.store.upload_get(&id).await.unwrap(), None);
    assert!(b.store.upload_parts(&id).await.unwrap().is_empty());
    let call = b.get(&call.id).await;
    assert_eq!((call.state, call.upload_id), (CallState::Failed, None));
    assert_eq!(call.problem.unwrap().code, "upload_terminated");
    assert_eq!(b.deletions().await, [format!("uploads/{id}")]);
    assert_conflict(b.store.call_retry(&call.id).await);
    assert_not_found(b.store.upload_delete(&id).await);
    assert_not_found(b.append(&id, 4, 1).await);
}

async fn a_complete_upload_that_nobody_took_can_be_thrown_away(b: Bench) {
    let ann = b.user("ann").await;
    let (taken, _) = b.complete_upload(&ann.id, "taken").await;
    b.call_of(&ann.id, "Talk", &taken).await;
    assert_conflict(b.store.upload_delete(&taken).await);
    let (free, recording) = b.complete_upload(&ann.id, "free").await;
    b.store.upload_delete(&free).await.unwrap();
    assert_eq!(b.store.recording_get(&recording.id).await.unwrap(), None);
    assert_eq!(
        b.deletions().await,
        [format!("recordings/{}", recording.id), format!("uploads/{free}")]
    );
}

async fn expired_uploads_are_swept(b: Bench) {
    let ann = b.user("ann").await;
    let partial = b.upload(&ann.id, Some(10)).await;
    b.append(&partial, 0, 4).await.unwrap();
    let waiting = b.upload(&ann.id, Some(10)).await;
    let call = b.call_of(&ann.id, "Waits", &waiting).await;
    let (unused, recording) = b.complete_upload(&ann.id, "unused").await;
    let (used, _) = b.complete_upload(&ann.id, "used").await;
    b.call_of(&ann.id, "Uses", &used).await;
    b.clock.advance_ms(HOUR_MS - 1);
    assert_eq!(b.store.upload_sweep().await.unwrap(), 0);
    let fresh = b.upload(&ann.id, Some(10)).await;
    b.clock.advance_ms(1);
    assert_eq!(b.store.upload_sweep().await.unwrap(), 3);
    for gone in [&partial, &waiting, &unused] {
        assert_eq!(b.store.upload_get(gone).await.unwrap(), None);
    }
    let call = b.get(&call.id).await;
    assert_eq!(
        (call.state, call.problem.unwrap().code.as_str()),
        (CallState::Failed, "upload_expired")
    );
    assert_eq!(b.store.recording_get(&recording.id).await.unwrap(), None);
    let mut expected = vec![
        format!("recordings/{}", recording.id),
        format!("uploads/{partial}"),
        format!("uploads/{unused}"),
        format!("uploads/{waiting}"),
    ];
    expected.sort();
    assert_eq!(b.deletions().await, expected);
    // The bytes of this one still lie in its parts; it goes once they are joined.
    assert!(b.store.upload_get(&used).await.unwrap().is_some());
    assert!(b.store.upload_get(&fresh).await.unwrap().is_some());
    b.store_next().await;
    assert_eq!(b.store.upload_sweep().await.unwrap(), 0);
    assert_eq!(b.store.upload_get(&used).await.unwrap(), None);
}

async fn ids_of_everything_stored_can_be_walked(b: Bench) {
    let ann = b.user("ann").await;
    let (mut uploads, mut recordings) = (Vec::new(), Vec::new());
    for i in 0..5 {
        let (upload, recording) = b.complete_upload(&ann.id, &format!("sha {i}")).await;
        uploads.push(upload);
        recordings.push(recording.id);
    }
    uploads.sort();
    recordings.sort();
    let first = b.store.recordings_all_ids(None, 2).await.unwrap();
    assert_eq!(first, recordings[..2]);
    assert_eq!(
        b.store.recordings_all_ids(first.last(), 10).await.unwrap(),
        recordings[2..]
    );
    let first = b.store.uploads_all_ids(None, 3).await.unwrap();
    assert_eq!(first, uploads[..3]);
    assert_eq!(
        b.store.uploads_all_ids(first.last(), 10).await.unwrap(),
        uploads[3..]
    );
    assert!(
        b.store
            .uploads_all_ids(uploads.last(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}
