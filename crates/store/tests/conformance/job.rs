//! Claiming and keeping jobs.

use gametape_core::{
    call::{CallState, Progress, Stage},
    job::{AttemptOutcome, Backlog, JobKind, JobState, MAX_LOST, Pace},
};
use gametape_store::{Fence, JobEnd, Waiting};

use crate::bench::{
    ALL, Bench, LEASE_MS, START_MS, analyzed, assert_conflict, assert_lease_lost, progress, published,
    segment, windows,
};

crate::on_every_engine!(
    the_stages_of_a_call_follow_each_other,
    a_claimed_job_belongs_to_its_worker,
    urgent_work_goes_first,
    a_worker_gets_only_the_kinds_it_takes,
    a_job_whose_worker_fell_silent_goes_to_another,
    heartbeats_keep_a_job,
    a_late_worker_changes_nothing,
    progress_of_a_reclaimed_stage_stays,
    a_job_that_stops_every_worker_is_given_up,
    progress_forgives_lost_workers,
    jobs_can_be_counted_and_awaited,
    what_waits_is_known_by_kind,
    the_backlog_is_what_is_left_to_hear,
);

async fn the_stages_of_a_call_follow_each_other(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let mut stages = Vec::new();
    loop {
        b.clock.advance_ms(1);
        let Some(job) = b.store.job_claim("w", &ALL[..4], LEASE_MS).await.unwrap() else {
            break;
        };
        let fence = Fence::of(&job, "w");
        let now = b.get(&call.id).await;
        assert_eq!(now.state, CallState::Processing);
        stages.push(now.progress.unwrap().stage);
        let end = match job.kind {
            JobKind::CallStore => JobEnd::Stored,
            JobKind::CallAnalyze => analyzed(),
            JobKind::CallTranscribe => {
                b.store
                    .transcript_begin(&fence, &call.id, "m", None, windows(0))
                    .await
                    .unwrap();
                JobEnd::Transcribed { language: None }
            }
            _ => published(),
        };
        b.store.job_finish(&fence, end).await.unwrap();
    }
    assert_eq!(stages, Stage::ALL);
    let ready = b.get(&call.id).await;
    assert_eq!(
        (ready.state, ready.progress, ready.problem),
        (CallState::Ready, None, None)
    );
    let history = b.store.job_history(&call.id).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|(job, _)| job.kind).collect();
    assert_eq!(kinds, JobKind::ALL[..4]);
    for (job, attempts) in &history {
        assert_eq!(
            (job.state, job.attempt, job.failures, job.lost),
            (JobState::Done, 1, 0, 0)
        );
        assert_eq!(
            (attempts.len(), attempts[0].outcome),
            (1, Some(AttemptOutcome::Done))
        );
    }
}

async fn a_claimed_job_belongs_to_its_worker(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.clock.advance_ms(5);
    let job = b.store.job_claim("one", ALL, LEASE_MS).await.unwrap().unwrap();
    assert_eq!(
        (job.kind, job.state, job.attempt),
        (JobKind::CallStore, JobState::Running, 1)
    );
    assert_eq!(
        (job.call_id.as_ref(), job.lease_owner.as_deref()),
        (Some(&call.id), Some("one"))
    );
    assert_eq!(
        (job.lease_until, job.run_at),
        (Some(b.now() + LEASE_MS), START_MS)
    );
    assert_eq!(b.store.job_claim("two", ALL, LEASE_MS).await.unwrap(), None);
    let (listed, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!(listed, job);
    assert_eq!(
        (attempts[0].worker.as_str(), attempts[0].started_at),
        ("one", b.now())
    );
    assert_eq!((attempts[0].outcome, attempts[0].finished_at), (None, None));
}

async fn urgent_work_goes_first(b: Bench) {
    let ann = b.user("ann").await;
    let first = b.call(&ann.id, "first").await;
    b.store_next().await;
    b.analyze_next().await;
    b.clock.advance_ms(1);
    let second = b.call(&ann.id, "second").await;
    b.clock.advance_ms(1);
    let third = b.call(&ann.id, "third").await;
    b.deletions().await;
    // The first waits longest, but for hours of work; the others are older first.
    for expected in [second.id, third.id, first.id] {
        let job = b.store.job_claim("w", ALL, LEASE_MS).await.unwrap().unwrap();
        assert_eq!(job.call_id, Some(expected));
    }
}

async fn a_worker_gets_only_the_kinds_it_takes(b: Bench) {
    let ann = b.user("ann").await;
    b.call(&ann.id, "Talk").await;
    for kinds in [&ALL[1..], &[]] {
        assert_eq!(b.store.job_claim("w", kinds, LEASE_MS).await.unwrap(), None);
    }
    assert!(
        b.store
            .job_claim("w", &ALL[..1], LEASE_MS)
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_job_whose_worker_fell_silent_goes_to_another(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.claim_as("one", JobKind::CallStore).await;
    b.clock.advance_ms(LEASE_MS);
    assert_eq!(b.store.job_claim("two", ALL, LEASE_MS).await.unwrap(), None);
    b.clock.advance_ms(1);
    let job = b.store.job_claim("two", ALL, LEASE_MS).await.unwrap().unwrap();
    assert_eq!((job.attempt, job.lost, job.failures), (2, 1, 0));
    let (_, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    let outcomes: Vec<_> = attempts.iter().map(|a| (a.worker.as_str(), a.outcome)).collect();
    assert_eq!(outcomes, [("one", Some(AttemptOutcome::Lost)), ("two", None)]);
    assert!(attempts[0].error.is_some());
}

async fn heartbeats_keep_a_job(b: Bench) {
    let ann = b.user("ann").await;
    b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    for _ in 0..5 {
        b.clock.advance_ms(LEASE_MS / 3);
        b.store.job_heartbeat(&fence, LEASE_MS).await.unwrap();
    }
    assert_eq!(b.store.job_claim("two", ALL, LEASE_MS).await.unwrap(), None);
    // Late, but nobody took it: it still holds.
    b.clock.advance_ms(LEASE_MS + 1);
    b.store.job_heartbeat(&fence, LEASE_MS).await.unwrap();
    assert_eq!(b.store.job_claim("two", ALL, LEASE_MS).await.unwrap(), None);
    let imposter = Fence {
        worker: "two".to_owned(),
        ..fence.clone()
    };
    assert_lease_lost(b.store.job_heartbeat(&imposter, LEASE_MS).await);
}

async fn a_late_worker_changes_nothing(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    // The same worker process may even come back to the job it lost.
    let (_, late) = b.claim_as("one", JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&late, &call.id, "m", None, windows(2))
        .await
        .unwrap();
    b.clock.advance_ms(LEASE_MS + 1);
    let (_, fence) = b.claim_as("one", JobKind::CallTranscribe).await;
    let (before, seq) = (
        b.get(&call.id).await,
        b.store.event_last_seq(&call.id).await.unwrap(),
    );
    let words = [segment(0, 0, "Late.")];
    assert_lease_lost(b.store.job_heartbeat(&late, LEASE_MS).await);
    assert_lease_lost(b.store.job_progress(&late, &progress(99.0)).await);
    assert_lease_lost(
        b.store
            .transcript_begin(&late, &call.id, "m", None, windows(2))
            .await,
    );
    assert_lease_lost(
        b.store
            .transcript_append(&late, &begun.transcript_id, 0, None, &words, &progress(99.0))
            .await,
    );
    for end in [
        JobEnd::Transcribed { language: None },
        JobEnd::Retry {
            error: "late".to_owned(),
        },
        JobEnd::Returned,
        JobEnd::Cancelled,
    ] {
        assert_lease_lost(b.store.job_finish(&late, end).await);
    }
    assert_eq!(b.get(&call.id).await, before);
    assert_eq!(b.store.event_last_seq(&call.id).await.unwrap(), seq);
    assert!(
        b.store
            .transcript_read(&call.id)
            .await
            .unwrap()
            .unwrap()
            .segments
            .is_empty()
    );
    b.store.job_heartbeat(&fence, LEASE_MS).await.unwrap();
}

async fn progress_of_a_reclaimed_stage_stays(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    assert_eq!(
        b.get(&call.id).await.progress.unwrap().percent.to_bits(),
        0.0_f64.to_bits()
    );
    b.store.job_progress(&fence, &progress(40.0)).await.unwrap();
    b.clock.advance_ms(LEASE_MS + 1);
    b.claim_as("two", JobKind::CallTranscribe).await;
    assert_eq!(b.get(&call.id).await.progress, Some(progress(40.0)));
    // Numbers that are none don't end up in the database.
    let (_, fence) = {
        b.clock.advance_ms(LEASE_MS + 1);
        b.claim_as("three", JobKind::CallTranscribe).await
    };
    for (given, noted) in [(f64::NAN, 0.0), (f64::INFINITY, 0.0), (180.0, 100.0), (-1.0, 0.0)] {
        b.store.job_progress(&fence, &progress(given)).await.unwrap();
        assert_eq!(b.get(&call.id).await.progress, Some(progress(noted)));
    }
}

async fn a_job_that_stops_every_worker_is_given_up(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    for i in 1..=MAX_LOST {
        let job = b
            .store
            .job_claim(&format!("w{i}"), ALL, LEASE_MS)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((job.attempt, job.lost), (i, i - 1));
        b.clock.advance_ms(LEASE_MS + 1);
    }
    // Another call's job is given out in the same breath.
    let other = b.call(&ann.id, "Other").await;
    let job = b.store.job_claim("last", ALL, LEASE_MS).await.unwrap().unwrap();
    assert_eq!(job.call_id, Some(other.id));
    let failed = b.get(&call.id).await;
    assert_eq!(
        (failed.state, failed.problem.unwrap().code.as_str()),
        (CallState::Failed, "worker_lost")
    );
    let (job, attempts) = b.store.job_history(&call.id).await.unwrap().remove(0);
    assert_eq!((job.state, job.attempt), (JobState::Failed, MAX_LOST));
    assert_eq!(attempts.len() as i64, MAX_LOST);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.outcome == Some(AttemptOutcome::Lost))
    );
    b.store.call_retry(&call.id).await.unwrap();
}

async fn progress_forgives_lost_workers(b: Bench) {
    let ann = b.user("ann").await;
    b.call(&ann.id, "Talk").await;
    for _ in 0..MAX_LOST * 2 {
        let (job, fence) = b.claim(JobKind::CallStore).await;
        assert!(job.lost <= 1);
        b.store.job_progress(&fence, &progress(1.0)).await.unwrap();
        b.clock.advance_ms(LEASE_MS + 1);
    }
    b.claim(JobKind::CallStore).await;
}

async fn jobs_can_be_counted_and_awaited(b: Bench) {
    assert!(b.store.job_counts().await.unwrap().is_empty());
    assert_eq!(b.store.job_next_run_at().await.unwrap(), None);
    let ann = b.user("ann").await;
    b.call(&ann.id, "one").await;
    b.call(&ann.id, "two").await;
    assert_eq!(
        b.store.job_counts().await.unwrap(),
        [(JobKind::CallStore, JobState::Queued, 2)]
    );
    assert_eq!(b.store.job_next_run_at().await.unwrap(), Some(START_MS));
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let expected = [
        (JobKind::CallStore, JobState::Queued, 1),
        (JobKind::CallStore, JobState::Running, 1),
    ];
    assert_eq!(b.store.job_counts().await.unwrap(), expected);
    b.claim(JobKind::CallStore).await;
    assert_eq!(
        b.store.job_next_run_at().await.unwrap(),
        Some(START_MS + LEASE_MS + 1)
    );
    assert_conflict(b.store.job_finish(&fence, analyzed()).await);
    b.store
        .job_finish(
            &fence,
            JobEnd::Retry {
                error: "x".to_owned(),
            },
        )
        .await
        .unwrap();
    assert_eq!(b.store.job_next_run_at().await.unwrap(), Some(START_MS + 2_000));
}

async fn what_waits_is_known_by_kind(b: Bench) {
    assert!(b.store.job_waiting().await.unwrap().is_empty());
    let ann = b.user("ann").await;
    b.call(&ann.id, "one").await;
    b.call(&ann.id, "two").await;
    b.clock.advance_ms(5_000);
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let waiting = Waiting {
        kind: JobKind::CallStore,
        due: 1,
        delayed: 0,
        running: 1,
        oldest_ms: 5_000,
    };
    assert_eq!(b.store.job_waiting().await.unwrap(), [waiting]);

    // One fails and waits for its time; the other waits on.
    let error = "x".to_owned();
    b.store.job_finish(&fence, JobEnd::Retry { error }).await.unwrap();
    let delayed = Waiting {
        delayed: 1,
        running: 0,
        ..waiting
    };
    assert_eq!(b.store.job_waiting().await.unwrap(), [delayed]);

    // The worker of the other falls silent: its job waits since its lease ended, the first since its time came.
    b.claim(JobKind::CallStore).await;
    b.clock.advance_ms(LEASE_MS + 1 + 700);
    let silent = Waiting {
        due: 2,
        delayed: 0,
        running: 0,
        oldest_ms: (LEASE_MS + 1 + 700) - 2_000,
        ..waiting
    };
    assert_eq!(b.store.job_waiting().await.unwrap(), [silent]);
}

async fn the_backlog_is_what_is_left_to_hear(b: Bench) {
    let nothing = Backlog {
        calls: 0,
        unknown_length: 0,
        recording_ms: 0,
        running: 0,
        pace: None,
    };
    assert_eq!(b.store.backlog("m").await.unwrap(), nothing);
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "one").await;
    let waiting = Backlog {
        calls: 1,
        unknown_length: 1,
        ..nothing
    };
    assert_eq!(b.store.backlog("m").await.unwrap(), waiting);

    let (_, fence) = b.claim(JobKind::CallStore).await;
    b.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    let (_, fence) = b.claim(JobKind::CallAnalyze).await;
    b.store.job_finish(&fence, analyzed()).await.unwrap();
    let length_ms = b.get(&call.id).await.duration_ms.unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call.id, "m", None, windows(1))
        .await
        .unwrap();
    let quarter = Progress {
        stage: Stage::Transcribe,
        ..progress(25.0)
    };
    b.store.job_progress(&fence, &quarter).await.unwrap();
    let under_way = Backlog {
        calls: 1,
        recording_ms: length_ms - length_ms / 4,
        running: 1,
        ..nothing
    };
    assert_eq!(b.store.backlog("m").await.unwrap(), under_way);

    b.clock.advance_ms(500);
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, None, &[], &quarter)
        .await
        .unwrap();
    let end = JobEnd::Transcribed { language: None };
    b.store.job_finish(&fence, end).await.unwrap();
    let heard = Backlog {
        pace: Some(Pace {
            recording_ms: length_ms,
            took_ms: 500,
        }),
        ..nothing
    };
    assert_eq!(b.store.backlog("m").await.unwrap(), heard);
    assert_eq!(b.store.pace("m").await.unwrap(), heard.pace);
    assert_eq!(b.store.backlog("another").await.unwrap(), nothing);
}
