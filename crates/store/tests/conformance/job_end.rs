//! The ways an attempt can end.

use gametape_core::{
    call::{CallProblem, CallState},
    job::{AttemptOutcome, JobKind, JobState, LONGEST_OUTAGE_MS, MAX_FAILURES, backoff_ms, outage_ms},
};
use gametape_store::{Actor, Fence, JobEnd};

use crate::bench::{
    ALL, Bench, HOUR_MS, LEASE_MS, analyzed, assert_conflict, assert_lease_lost, published, windows,
};

crate::on_every_engine!(
    joined_parts_are_deleted,
    what_was_found_in_the_sound_is_kept,
    a_failure_that_may_pass_is_tried_again_later,
    after_too_many_failures_the_call_fails,
    an_outage_is_waited_for_and_costs_no_try,
    a_clock_that_went_back_keeps_no_job,
    deleting_objects_is_never_given_up,
    a_lasting_failure_ends_job_and_call,
    a_returned_job_may_be_taken_at_once,
    a_worker_may_report_that_it_was_stopped,
    an_end_must_fit_its_job_and_comes_once,
    a_refused_end_changes_nothing,
);

async fn joined_parts_are_deleted(b: Bench) {
    let ann = b.user("ann").await;
    let (upload, recording) = b.complete_upload(&ann.id, "sha").await;
    b.call_of(&ann.id, "Talk", &upload).await;
    b.store_next().await;
    assert_eq!(
        b.store
            .recording_get(&recording.id)
            .await
            .unwrap()
            .unwrap()
            .parts_upload_id,
        None
    );
    assert!(b.store.upload_parts(&upload).await.unwrap().is_empty());
    assert_eq!(b.deletions().await, [format!("uploads/{upload}")]);
    // A second call of the same recording that was about to join them as well finds it done.
    let (one, _) = b.complete_upload(&ann.id, "two").await;
    b.call_of(&ann.id, "first", &one).await;
    let (two, _) = b.complete_upload(&ann.id, "two").await;
    b.call_of(&ann.id, "second", &two).await;
    b.store_next().await;
    b.store_next().await;
    let mut expected = [format!("uploads/{one}"), format!("uploads/{two}")];
    expected.sort();
    assert_eq!(b.deletions().await, expected);
}

async fn what_was_found_in_the_sound_is_kept(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let recording_id = call.recording_id.clone().unwrap();
    b.store_next().await;
    assert_eq!(b.store.recording_analysis(&recording_id).await.unwrap(), None);
    b.analyze_next().await;
    let call = b.get(&call.id).await;
    assert_eq!((call.duration_ms, call.channels), (Some(60_000), Some(2)));
    assert_eq!(
        b.store.recording_analysis(&recording_id).await.unwrap().unwrap(),
        r#"{"speech":[]}"#
    );
    let recording = b.store.recording_get(&recording_id).await.unwrap().unwrap();
    assert_eq!(recording.content_type.as_deref(), Some("audio/wav"));
}

async fn a_failure_that_may_pass_is_tried_again_later(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let error = "the disk is full\0".to_owned();
    b.store.job_finish(&fence, JobEnd::Retry { error }).await.unwrap();
    assert_eq!(b.get(&call.id).await.state, CallState::Processing);
    b.clock.advance_ms(backoff_ms(1) - 1);
    assert_eq!(b.store.job_claim("w", ALL, LEASE_MS).await.unwrap(), None);
    b.clock.advance_ms(1);
    let (job, fence) = b.claim(JobKind::CallStore).await;
    assert_eq!((job.attempt, job.failures), (2, 1));
    assert_eq!(job.last_error.as_deref(), Some("the disk is full\u{fffd}"));
    b.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(
        (job.state, job.finished_at, job.lease_owner),
        (JobState::Done, Some(b.now()), None)
    );
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome.unwrap()).collect();
    assert_eq!(outcomes, [AttemptOutcome::Retried, AttemptOutcome::Done]);
}

async fn after_too_many_failures_the_call_fails(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    for failure in 1..=MAX_FAILURES {
        let (_, fence) = b.claim(JobKind::CallStore).await;
        let error = format!("failure {failure}");
        b.store.job_finish(&fence, JobEnd::Retry { error }).await.unwrap();
        b.clock.advance_ms(backoff_ms(failure));
    }
    assert_eq!(b.store.job_claim("w", ALL, LEASE_MS).await.unwrap(), None);
    let failed = b.get(&call.id).await;
    assert_eq!(
        (failed.state, failed.problem.unwrap().code.as_str()),
        (CallState::Failed, "internal")
    );
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(
        (job.state, job.failures, attempts.len() as i64),
        (JobState::Failed, MAX_FAILURES, MAX_FAILURES)
    );
    assert_eq!(job.last_error.as_deref(), Some("failure 5"));
    assert_eq!(attempts.last().unwrap().outcome, Some(AttemptOutcome::Failed));
}

async fn an_outage_is_waited_for_and_costs_no_try(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    for attempt in 1..=3 * MAX_FAILURES {
        let (job, fence) = b.claim(JobKind::CallStore).await;
        assert_eq!((job.attempt, job.failures), (attempt, 0));
        let error = "the object store answers 500".to_owned();
        b.store
            .job_finish(&fence, JobEnd::Outage { error })
            .await
            .unwrap();
        assert_eq!(b.get(&call.id).await.state, CallState::Processing);
        b.clock.advance_ms(outage_ms(attempt) - 1);
        assert_eq!(b.store.job_claim("w", ALL, LEASE_MS).await.unwrap(), None);
        b.clock.advance_ms(1);
    }
    // After a day of it somebody should know.
    b.clock.advance_ms(LONGEST_OUTAGE_MS);
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let error = "still".to_owned();
    b.store
        .job_finish(&fence, JobEnd::Outage { error })
        .await
        .unwrap();
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!((job.failures, job.last_error.as_deref()), (1, Some("still")));
    assert_eq!(attempts[0].error.as_deref(), Some("the object store answers 500"));
}

async fn a_clock_that_went_back_keeps_no_job(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 0);
    // A job that waits to be begun.
    b.clock.advance_ms(-6 * HOUR_MS);
    assert_eq!(b.store.job_claim("w", ALL, LEASE_MS).await.unwrap(), None);
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 1);
    let (_, fence) = b.claim_as("dead", JobKind::CallStore).await;
    // A job whose worker has died: it ends with a lease that begins now.
    b.clock.advance_ms(-6 * HOUR_MS);
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 1);
    b.store.job_heartbeat(&fence, LEASE_MS).await.unwrap();
    b.clock.advance_ms(LEASE_MS + 1);
    let (job, fence) = b.claim_as("alive", JobKind::CallStore).await;
    assert_eq!((job.attempt, job.lost), (2, 1));
    // A job that waits to be tried again, and one to delete objects: those wait for a reason, but not for hours.
    let error = "no".to_owned();
    b.store.job_finish(&fence, JobEnd::Retry { error }).await.unwrap();
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 0);
    b.clock.advance_ms(-HOUR_MS);
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 1);
    let (_, fence) = b.claim(JobKind::CallStore).await;
    b.store.call_delete(&Actor::default(), &call.id).await.unwrap();
    assert_eq!(b.store.job_clock_went_back(LEASE_MS).await.unwrap(), 0);
    assert_lease_lost(b.store.job_finish(&fence, JobEnd::Stored).await);
    b.clock.advance_ms(-HOUR_MS);
    assert!(b.store.job_clock_went_back(LEASE_MS).await.unwrap() > 0);
    b.claim(JobKind::MediaDelete).await;
}

async fn deleting_objects_is_never_given_up(b: Bench) {
    let ann = b.user("ann").await;
    let upload = b.upload(&ann.id, None).await;
    b.store.upload_delete(&upload).await.unwrap();
    for failure in 1..=MAX_FAILURES * 2 {
        let (_, fence) = b.claim(JobKind::MediaDelete).await;
        b.store
            .job_finish(
                &fence,
                JobEnd::Retry {
                    error: "offline".to_owned(),
                },
            )
            .await
            .unwrap();
        b.clock.advance_ms(backoff_ms(failure));
    }
    assert_eq!(b.deletions().await, [format!("uploads/{upload}")]);
    assert_eq!(
        b.store.job_counts().await.unwrap(),
        [(JobKind::MediaDelete, JobState::Done, 1)]
    );
}

async fn a_lasting_failure_ends_job_and_call(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let problem = CallProblem {
        code: "unknown_codec".to_owned(),
        detail: "It can't be decoded.".to_owned(),
    };
    b.store
        .job_finish(&fence, JobEnd::Fail(problem.clone()))
        .await
        .unwrap();
    let failed = b.get(&call.id).await;
    assert_eq!((failed.state, failed.problem), (CallState::Failed, Some(problem)));
    let events = b.store.events_after(&call.id, 0, 100).await.unwrap();
    assert_eq!(events.last().unwrap().data["problem"]["code"], "unknown_codec");
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(
        (job.state, attempts[0].outcome),
        (JobState::Failed, Some(AttemptOutcome::Failed))
    );
    assert_eq!(
        job.last_error.as_deref(),
        Some("unknown_codec: It can't be decoded.")
    );
    assert_eq!(b.store.job_next_run_at().await.unwrap(), None);
}

async fn a_returned_job_may_be_taken_at_once(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    for _ in 0..MAX_FAILURES * 2 {
        let (_, fence) = b.claim(JobKind::CallStore).await;
        b.store.job_finish(&fence, JobEnd::Returned).await.unwrap();
        assert_lease_lost(b.store.job_heartbeat(&fence, LEASE_MS).await);
    }
    let (job, _) = b.claim(JobKind::CallStore).await;
    assert_eq!(
        (job.attempt, job.failures, job.lost),
        (MAX_FAILURES * 2 + 1, 0, 0)
    );
    let (_, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Returned));
}

async fn a_worker_may_report_that_it_was_stopped(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    b.store.job_finish(&fence, JobEnd::Cancelled).await.unwrap();
    assert_eq!(b.get(&call.id).await.state, CallState::Cancelled);
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(
        (job.state, attempts[0].outcome),
        (JobState::Cancelled, Some(AttemptOutcome::Cancelled))
    );
}

async fn an_end_must_fit_its_job_and_comes_once(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    for wrong in [
        analyzed(),
        published(),
        JobEnd::Deleted,
        JobEnd::Transcribed { language: None },
    ] {
        assert_conflict(b.store.job_finish(&fence, wrong).await);
    }
    b.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    assert_lease_lost(b.store.job_finish(&fence, JobEnd::Stored).await);
    assert_eq!(b.store.job_history(&call.id).await.unwrap().len(), 2);
}

async fn a_refused_end_changes_nothing(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    b.store
        .transcript_begin(&fence, &call.id, "m", None, windows(3))
        .await
        .unwrap();
    let before = (
        b.get(&call.id).await,
        b.store.job_history(&call.id).await.unwrap(),
        b.store.event_last_seq(&call.id).await.unwrap(),
        b.store.transcript_versions(&call.id).await.unwrap(),
    );
    // Windows are missing: the transaction had begun to write, and takes it all back.
    assert_conflict(
        b.store
            .job_finish(&fence, JobEnd::Transcribed { language: None })
            .await,
    );
    let after = (
        b.get(&call.id).await,
        b.store.job_history(&call.id).await.unwrap(),
        b.store.event_last_seq(&call.id).await.unwrap(),
        b.store.transcript_versions(&call.id).await.unwrap(),
    );
    assert_eq!(before, after);
    let fence = Fence { ..fence };
    b.store
        .job_finish(
            &fence,
            JobEnd::Retry {
                error: "again".to_owned(),
            },
        )
        .await
        .unwrap();
}
