use gametape_core::{
    call::{Call, CallProblem, CallState},
    id::{CallId, UploadId, UserId},
    job::{JobKind, Priority},
    page::PageRequest,
    policy::VisibleCalls,
    transcript::{Speaker, SpeakerRole},
};
use gametape_store::{CallFilter, CallPatch, JobEnd};

use crate::bench::{
    Bench, CLI, START_MS, assert_conflict, assert_lease_lost, assert_not_found, assert_stale, new_call,
    progress, windows,
};

crate::on_every_engine!(
    a_call_and_its_first_job_are_made_together,
    an_upload_makes_one_call_of_its_owner,
    a_call_of_known_bytes_begins_where_work_is_left,
    lists_show_what_may_be_seen,
    lists_are_filtered,
    lists_come_page_by_page,
    details_are_changed_unless_somebody_else_was_faster,
    cancelling_stops_the_work,
    a_failed_call_is_tried_again_from_its_stage,
    transcribing_again_keeps_the_old_words_until_the_new_are_complete,
    speakers_have_names_by_channel,
);

async fn a_call_and_its_first_job_are_made_together(b: Bench) {
    let ann = b.user("ann").await;
    let (upload, recording) = b.complete_upload(&ann.id, "sha").await;
    let mut new = new_call(&ann.id, "Erstgespräch \0", &upload);
    new.language = Some("de".to_owned());
    new.model = Some("base".to_owned());
    let call = b.store.call_create(new).await.unwrap();
    assert_eq!(call.title, "Erstgespräch \u{fffd}");
    assert_eq!(
        (call.state, &call.recording_id),
        (CallState::Queued, &Some(recording.id))
    );
    assert_eq!(
        (
            call.requested_language.as_deref(),
            call.requested_model.as_deref()
        ),
        (Some("de"), Some("base"))
    );
    assert_eq!((call.created_at, call.updated_at), (START_MS, START_MS));
    assert_eq!(
        (call.upload_id.as_ref(), call.duplicate_of.as_ref()),
        (None, None)
    );
    assert_eq!(b.get(&call.id).await, call);
    assert_eq!(b.store.call_get(&CallId::new(1)).await.unwrap(), None);
    assert_eq!(b.store.call_stats(&call.id).await.unwrap(), None);
    let history = b.store.job_history(&call.id).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].0.kind, history[0].0.attempt), (JobKind::CallStore, 0));
}

async fn an_upload_makes_one_call_of_its_owner(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let (upload, _) = b.complete_upload(&ann.id, "sha").await;
    assert_not_found(b.store.call_create(new_call(&bob.id, "Stolen", &upload)).await);
    assert_not_found(
        b.store
            .call_create(new_call(&ann.id, "None", &UploadId::new(1)))
            .await,
    );
    let call = b.call_of(&ann.id, "Talk", &upload).await;
    assert_conflict(b.store.call_create(new_call(&ann.id, "Twice", &upload)).await);
    // Deleting the call does not set its upload free.
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert!(
        b.store
            .call_create(new_call(&ann.id, "Twice", &upload))
            .await
            .is_err()
    );
    let all = b
        .store
        .call_list(
            &VisibleCalls::All,
            &CallFilter::default(),
            &PageRequest::default(),
        )
        .await
        .unwrap();
    assert!(all.items.is_empty());
}

async fn a_call_of_known_bytes_begins_where_work_is_left(b: Bench) {
    let ann = b.user("ann").await;
    let first = b.call(&ann.id, "same").await;
    b.store_next().await;
    b.clock.advance_ms(1);
    let second = b.call(&ann.id, "same").await;
    assert_eq!(second.duplicate_of, Some(first.id.clone()));
    assert_eq!(second.recording_id, first.recording_id);
    assert_eq!(
        b.store.job_history(&second.id).await.unwrap()[0].0.kind,
        JobKind::CallAnalyze
    );
    b.analyze_next().await;
    b.clock.advance_ms(1);
    // One that waits for its upload learns of it when that is complete.
    let upload = b.upload(&ann.id, Some(10)).await;
    let third = b.call_of(&ann.id, "third", &upload).await;
    assert_eq!(third.duplicate_of, None);
    let third = b.finish_upload(&upload, "sha of same").await.call.unwrap();
    assert_eq!(
        (third.duplicate_of.as_ref(), third.duration_ms, third.channels),
        (Some(&first.id), Some(60_000), Some(2))
    );
    assert_eq!(
        b.store.job_history(&third.id).await.unwrap()[0].0.kind,
        JobKind::CallTranscribe
    );
    // When the original goes, the others no longer point to it.
    b.store.call_delete(CLI, &first.id).await.unwrap();
    assert_eq!(b.get(&second.id).await.duplicate_of, None);
}

async fn titles(b: &Bench, visible: &VisibleCalls, filter: &CallFilter) -> Vec<String> {
    let page = b
        .store
        .call_list(visible, filter, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|call| call.title).collect()
}

async fn lists_show_what_may_be_seen(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    for (owner, title) in [(&ann, "a1"), (&bob, "b1"), (&ann, "a2")] {
        b.call(&owner.id, title).await;
        b.clock.advance_ms(1);
    }
    let everything = CallFilter::default();
    assert_eq!(
        titles(&b, &VisibleCalls::All, &everything).await,
        ["a2", "b1", "a1"]
    );
    assert_eq!(
        titles(&b, &VisibleCalls::To(ann.id.clone()), &everything).await,
        ["a2", "a1"]
    );
    // Asking for somebody else's calls shows none of them.
    let of_bob = CallFilter {
        owner: Some(bob.id.clone()),
        ..CallFilter::default()
    };
    assert_eq!(titles(&b, &VisibleCalls::All, &of_bob).await, ["b1"]);
    assert!(titles(&b, &VisibleCalls::To(ann.id), &of_bob).await.is_empty());
    assert!(
        titles(&b, &VisibleCalls::To(UserId::new(1)), &everything)
            .await
            .is_empty()
    );
}

async fn lists_are_filtered(b: Bench) {
    let ann = b.user("ann").await;
    for title in ["100% ÜBERZEUGT", "100 über_zeugt", r"back\slash"] {
        b.call(&ann.id, title).await;
        b.clock.advance_ms(1);
    }
    let waiting = b.upload(&ann.id, None).await;
    b.call_of(&ann.id, "Waits", &waiting).await;
    for (text, expected) in [
        ("überzeugt", vec!["100% ÜBERZEUGT"]),
        ("ÜBER", vec!["100 über_zeugt", "100% ÜBERZEUGT"]),
        ("100%", vec!["100% ÜBERZEUGT"]),
        ("r_z", vec!["100 über_zeugt"]),
        (r"K\S", vec![r"back\slash"]),
        ("' OR 1=1 --", vec![]),
        ("\0", vec![]),
        (
            "",
            vec!["Waits", r"back\slash", "100 über_zeugt", "100% ÜBERZEUGT"],
        ),
    ] {
        let filter = CallFilter {
            text: Some(text.to_owned()),
            ..CallFilter::default()
        };
        assert_eq!(titles(&b, &VisibleCalls::All, &filter).await, expected, "{text}");
    }
    let filter = CallFilter {
        state: Some(CallState::Uploading),
        text: Some("w".to_owned()),
        ..CallFilter::default()
    };
    assert_eq!(titles(&b, &VisibleCalls::All, &filter).await, ["Waits"]);
}

async fn lists_come_page_by_page(b: Bench) {
    let ann = b.user("ann").await;
    let mut made: Vec<Call> = Vec::new();
    for i in 0..7 {
        made.push(b.call(&ann.id, &format!("call {i}")).await);
        // Some share their millisecond.
        b.clock.advance_ms(i % 2);
    }
    made.sort_by_key(|call| std::cmp::Reverse((call.created_at, call.id.clone())));
    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let found = b
            .store
            .call_list(&VisibleCalls::To(ann.id.clone()), &CallFilter::default(), &page)
            .await
            .unwrap();
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
        // What comes in meanwhile shifts nothing.
        b.clock.advance_ms(1);
        b.call(&ann.id, &format!("new {}", seen.len())).await;
    }
    assert_eq!(seen, made);
}

async fn details_are_changed_unless_somebody_else_was_faster(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Old").await;
    let patch = |title: &str, seen| CallPatch {
        title: Some(title.to_owned()),
        if_updated_at: seen,
        ..CallPatch::default()
    };
    // Twice in the same millisecond, and yet the second writer notices the first.
    let changed = b
        .store
        .call_update(CLI, &call.id, patch("New", Some(call.updated_at)))
        .await
        .unwrap();
    assert_eq!(
        (changed.title.as_str(), changed.occurred_at),
        ("New", call.occurred_at)
    );
    assert!(changed.updated_at > call.updated_at);
    assert_stale(
        b.store
            .call_update(CLI, &call.id, patch("Newer", Some(call.updated_at)))
            .await,
    );
    b.store
        .call_update(CLI, &call.id, patch("Newer", None))
        .await
        .unwrap();
    let no_time = CallPatch {
        occurred_at: Some(None),
        ..CallPatch::default()
    };
    let changed = b.store.call_update(CLI, &call.id, no_time).await.unwrap();
    assert_eq!((changed.title.as_str(), changed.occurred_at), ("Newer", None));
    let filter = CallFilter {
        text: Some("newer".to_owned()),
        ..CallFilter::default()
    };
    assert_eq!(titles(&b, &VisibleCalls::All, &filter).await, ["Newer"]);
    assert_not_found(b.store.call_update(CLI, &CallId::new(1), patch("x", None)).await);
    // Progress is no change that stands in a person's way.
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let seen = b.get(&call.id).await.updated_at;
    b.store.job_progress(&fence, &progress(50.0)).await.unwrap();
    b.store
        .call_update(CLI, &call.id, patch("Newest", Some(seen)))
        .await
        .unwrap();
}

async fn cancelling_stops_the_work(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    b.clock.advance_ms(2);
    let cancelled = b.store.call_cancel(&call.id).await.unwrap();
    assert_eq!(
        (cancelled.state, cancelled.progress),
        (CallState::Cancelled, None)
    );
    assert_lease_lost(b.store.job_heartbeat(&fence, 1_000).await);
    assert_lease_lost(b.store.job_finish(&fence, JobEnd::Stored).await);
    assert_conflict(b.store.call_cancel(&call.id).await);
    assert_not_found(b.store.call_cancel(&CallId::new(1)).await);
    assert_eq!(b.store.job_next_run_at().await.unwrap(), None);
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(
        (job.state.as_str(), job.finished_at),
        ("cancelled", Some(b.now()))
    );
    assert_eq!(attempts[0].outcome.unwrap().as_str(), "cancelled");
    assert!(b.get(&call.id).await.recording_id.is_some());
}

async fn a_failed_call_is_tried_again_from_its_stage(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    assert_conflict(b.store.call_retry(&call.id).await);
    b.store_next().await;
    let (_, fence) = b.claim(JobKind::CallAnalyze).await;
    let problem = CallProblem {
        code: "no_audio_track".to_owned(),
        detail: "There is no sound in it.".to_owned(),
    };
    b.store
        .job_finish(&fence, JobEnd::Fail(problem.clone()))
        .await
        .unwrap();
    let failed = b.get(&call.id).await;
    assert_eq!(
        (failed.state, failed.problem, failed.progress),
        (CallState::Failed, Some(problem), None)
    );
    let again = b.store.call_retry(&call.id).await.unwrap();
    assert_eq!((again.state, again.problem), (CallState::Queued, None));
    assert_conflict(b.store.call_retry(&call.id).await);
    b.analyze_next().await;
    // Cancelled in the last stage, it goes on there.
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    b.store
        .transcript_begin(&fence, &call.id, "m", None, windows(0))
        .await
        .unwrap();
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    b.store.call_cancel(&call.id).await.unwrap();
    b.store.call_retry(&call.id).await.unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store
        .job_finish(&fence, crate::bench::published())
        .await
        .unwrap();
    assert_eq!(b.get(&call.id).await.state, CallState::Ready);
    assert_conflict(b.store.call_retry(&call.id).await);
    assert_not_found(b.store.call_retry(&CallId::new(1)).await);
}

async fn transcribing_again_keeps_the_old_words_until_the_new_are_complete(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    assert_eq!(
        (call.duration_ms, call.language.as_deref()),
        (Some(60_000), Some("en"))
    );
    assert_eq!(
        b.store.call_stats(&call.id).await.unwrap().unwrap(),
        r#"{"talk_share":[0.5,0.5]}"#
    );
    let queued = b
        .store
        .call_retranscribe(
            &call.id,
            Some("base".to_owned()),
            Some("de".to_owned()),
            Priority::Normal,
        )
        .await
        .unwrap();
    assert_eq!(
        (queued.state, queued.requested_model.as_deref()),
        (CallState::Queued, Some("base"))
    );
    assert_eq!(queued.requested_language.as_deref(), Some("de"));
    assert_eq!(queued.transcript_id, call.transcript_id);
    assert_conflict(
        b.store
            .call_retranscribe(&call.id, None, None, Priority::Normal)
            .await,
    );
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let before = b.store.event_last_seq(&call.id).await.unwrap();
    let begun = b
        .store
        .transcript_begin(&fence, &call.id, "base", Some("de"), windows(1))
        .await
        .unwrap();
    let new = [crate::bench::segment(0, 0, "Hallo.")];
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, None, &new, &progress(90.0))
        .await
        .unwrap();
    let read = b.store.transcript_read(&call.id).await.unwrap().unwrap();
    assert_eq!(
        (read.model.as_str(), read.segments.len(), read.complete),
        ("tiny.en", 2, true)
    );
    // Those who read the old words are not sent the new ones.
    let events = b.store.events_after(&call.id, before, 10).await.unwrap();
    assert!(
        events.iter().all(|event| event.kind.as_str() == "progress"),
        "{events:?}"
    );
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let read = b.store.transcript_read(&call.id).await.unwrap().unwrap();
    assert_eq!(
        (read.model.as_str(), read.language.as_deref()),
        ("base", Some("de"))
    );
    assert_eq!(read.segments[0].text, "Hallo.");
    assert_eq!(b.get(&call.id).await.language.as_deref(), Some("de"));
    assert_not_found(
        b.store
            .call_retranscribe(&CallId::new(1), None, None, Priority::Normal)
            .await,
    );
}

async fn speakers_have_names_by_channel(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    assert_eq!(
        b.store.call_speakers(&call.id).await.unwrap(),
        [Speaker::default_for(0, 1)]
    );
    b.analyze_next().await;
    assert_eq!(
        b.store.call_speakers(&call.id).await.unwrap(),
        [Speaker::default_for(0, 2), Speaker::default_for(1, 2)]
    );
    let pat = Speaker {
        role: SpeakerRole::Customer,
        name: "Pat".to_owned(),
    };
    b.store
        .call_set_speaker(
            &call.id,
            1,
            Speaker {
                name: "Pet".to_owned(),
                ..pat.clone()
            },
        )
        .await
        .unwrap();
    b.store.call_set_speaker(&call.id, 1, pat.clone()).await.unwrap();
    assert_eq!(
        b.store.call_speakers(&call.id).await.unwrap(),
        [Speaker::default_for(0, 2), pat.clone()]
    );
    b.transcribe_and_publish(&call.id).await;
    let read = b.store.transcript_read(&call.id).await.unwrap().unwrap();
    assert_eq!(read.segments[0].speaker.name, "Rep");
    assert_eq!(read.segments[1].speaker, pat);
    assert_conflict(b.store.call_set_speaker(&call.id, 2, pat.clone()).await);
    assert_not_found(b.store.call_set_speaker(&CallId::new(1), 0, pat).await);
    assert!(b.store.call_speakers(&CallId::new(1)).await.unwrap().is_empty());
}
