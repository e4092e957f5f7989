//! Whose turn it is: teams take turns, priorities go before each other, and nothing waits for ever.

use std::time::{Duration, Instant};

use gametape_core::{
    audit::AuditAction,
    call::Call,
    id::{CallId, UserId},
    job::{JobKind, LOW_STEP, Priority},
    page::PageRequest,
};
use gametape_store::{AuditFilter, Fence, JobEnd, NewCall, Store};

use crate::bench::{
    ALL, Bench, CLI, LEASE_MS, MINUTE_MS, Where, analyzed, assert_conflict, assert_not_found, new_call,
};

crate::on_every_engine!(
    a_bulk_upload_delays_another_team_by_one_call,
    a_bulk_upload_does_not_hold_up_the_next_stages_of_others,
    teams_take_turns,
    people_without_a_team_take_turns,
    what_a_team_had_done_before_is_no_debt,
    low_priority_waits_for_a_bounded_number_of_calls,
    high_priority_goes_first,
    one_call_can_be_moved,
    calls_without_work_have_no_priority_to_change,
    retries_are_waited_for_by_nobody,
    deletions_and_calls_take_turns,
    what_waited_before_there_were_turns_gets_them,
    claiming_follows_an_index,
    claiming_costs_the_same_however_much_waits,
);

/// The calls whose recordings are stored next, in order, until none is left.
async fn order(b: &Bench) -> Vec<CallId> {
    let mut calls = Vec::new();
    while let Some(job) = b
        .store
        .job_claim("w", &ALL[..1], 365 * 24 * 60 * MINUTE_MS)
        .await
        .unwrap()
    {
        calls.extend(job.call_id);
    }
    calls
}

async fn with(b: &Bench, owner: &UserId, title: &str, priority: Priority) -> Call {
    let (upload_id, _) = b.complete_upload(owner, &format!("sha of {title}")).await;
    let new = NewCall {
        priority,
        ..new_call(owner, title, &upload_id)
    };
    b.store.call_create(new).await.unwrap()
}

async fn calls(b: &Bench, owner: &UserId, name: &str, count: usize) -> Vec<CallId> {
    let mut made = Vec::new();
    for number in 0..count {
        b.clock.advance_ms(1);
        made.push(b.call(owner, &format!("{name} {number}")).await.id);
    }
    made
}

fn place(order: &[CallId], id: &CallId) -> usize {
    order.iter().position(|other| other == id).unwrap()
}

async fn a_bulk_upload_delays_another_team_by_one_call(b: Bench) {
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    let bulk = calls(&b, &ann.id, "bulk", 50).await;
    let single = b.call(&ben.id, "single").await;
    let stored = order(&b).await;
    assert_eq!(stored.len(), 51);
    assert_eq!(stored[0], bulk[0]);
    assert!(place(&stored, &single.id) <= 1, "{}", place(&stored, &single.id));
    // The rest of the bulk keeps its order.
    let rest: Vec<_> = stored.into_iter().filter(|id| *id != single.id).collect();
    assert_eq!(rest, bulk);
}

async fn a_bulk_upload_does_not_hold_up_the_next_stages_of_others(b: Bench) {
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    calls(&b, &ann.id, "bulk", 50).await;
    let single = b.call(&ben.id, "single").await;
    // One worker that does everything but transcribe.
    let quick = [JobKind::CallStore, JobKind::CallAnalyze];
    let mut jobs = 0;
    loop {
        b.clock.advance_ms(1);
        let job = b.store.job_claim("w", &quick, LEASE_MS).await.unwrap().unwrap();
        let done = job.call_id.as_ref() == Some(&single.id) && job.kind == JobKind::CallAnalyze;
        let end = match job.kind {
            JobKind::CallStore => JobEnd::Stored,
            _ => analyzed(),
        };
        b.store.job_finish(&Fence::of(&job, "w"), end).await.unwrap();
        jobs += 1;
        if done {
            break;
        }
    }
    // Its own two, and those of at most two of the fifty.
    assert!(jobs <= 6, "{jobs}");
    // Transcription is in the order of the same turns.
    let (first, _) = b.claim(JobKind::CallTranscribe).await;
    assert_ne!(first.call_id.as_ref(), Some(&single.id));
    let (second, _) = b.claim(JobKind::CallTranscribe).await;
    assert_eq!(second.call_id, Some(single.id));
}

async fn teams_take_turns(b: Bench) {
    let (ann, ben, cat) = (b.user("ann").await, b.user("ben").await, b.user("cat").await);
    let one = b.store.team_create(CLI, "one").await.unwrap();
    for user in [&ann, &ben] {
        b.store.team_add_member(CLI, &one.id, &user.id).await.unwrap();
    }
    // Two people of one team have the turns of one.
    for (number, owner) in [&ann, &ben, &ann, &ben].into_iter().enumerate() {
        let (upload_id, _) = b.complete_upload(&owner.id, &format!("sha {number}")).await;
        let mut new = new_call(&owner.id, "of the team", &upload_id);
        new.details.team_id = Some(one.id.clone());
        b.store.call_create(new).await.unwrap();
    }
    let alone = calls(&b, &cat.id, "alone", 3).await;
    let stored = order(&b).await;
    let places: Vec<_> = alone.iter().map(|id| place(&stored, id)).collect();
    assert_eq!(places, [1, 3, 5]);
}

async fn people_without_a_team_take_turns(b: Bench) {
    let people = [b.user("ann").await, b.user("ben").await, b.user("cat").await];
    let mut waiting = Vec::new();
    for person in &people {
        waiting.push(calls(&b, &person.id, &person.name, 4).await);
    }
    let stored = order(&b).await;
    for round in 0..4 {
        for of_one in &waiting {
            assert!((round * 3..round * 3 + 3).contains(&place(&stored, &of_one[round])));
        }
    }
}

async fn what_a_team_had_done_before_is_no_debt(b: Bench) {
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    calls(&b, &ann.id, "before", 30).await;
    order(&b).await;
    // All of it is being worked on. Whoever comes now is no further back for it, nor is the other ahead.
    let ahead = calls(&b, &ben.id, "then", 5).await;
    let after = b.call(&ann.id, "now").await;
    let stored = order(&b).await;
    assert!(place(&stored, &after.id) <= 2, "{}", place(&stored, &after.id));
    assert_eq!(stored.len(), ahead.len() + 1);
}

async fn low_priority_waits_for_a_bounded_number_of_calls(b: Bench) {
    let (ann, ben, cat) = (b.user("ann").await, b.user("ben").await, b.user("cat").await);
    calls(&b, &ben.id, "ben's", 40).await;
    calls(&b, &cat.id, "cat's", 40).await;
    b.clock.advance_ms(1);
    let first = with(&b, &ann.id, "low", Priority::Low).await;
    let second = with(&b, &ann.id, "lower", Priority::Low).await;
    let stored = order(&b).await;
    let step = LOW_STEP as usize;
    let places = [place(&stored, &first.id), place(&stored, &second.id)];
    assert!(places[0] >= step, "{places:?}: it had to wait");
    assert!(places[0] <= 2 * (step + 1), "{places:?}");
    assert!(
        places[1] > places[0] + step && places[1] <= 4 * (step + 1),
        "{places:?}"
    );
    // Calls that keep coming one by one don't hold it up for ever either.
    calls(&b, &ben.id, "stream", 1).await;
    let low = with(&b, &ann.id, "again", Priority::Low).await;
    for number in 1..=3 * step {
        calls(&b, &ben.id, &format!("stream {number}"), 1).await;
        let (job, _) = b.claim(JobKind::CallStore).await;
        if job.call_id.as_ref() == Some(&low.id) {
            assert!(number > 2, "it had to wait");
            return;
        }
    }
    panic!("a call of low priority waits for ever");
}

async fn high_priority_goes_first(b: Bench) {
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    calls(&b, &ann.id, "bulk", 5).await;
    let urgent = with(&b, &ben.id, "urgent", Priority::High).await;
    b.clock.advance_ms(1);
    let also = with(&b, &ann.id, "also urgent", Priority::High).await;
    let more = with(&b, &ben.id, "more", Priority::High).await;
    let stored = order(&b).await;
    assert_eq!(&stored[..3], [urgent.id, also.id, more.id]);
}

async fn one_call_can_be_moved(b: Bench) {
    let ann = b.user("ann").await;
    let bulk = calls(&b, &ann.id, "bulk", 5).await;
    let moved = b
        .store
        .call_prioritize(CLI, &bulk[4], Priority::High)
        .await
        .unwrap();
    assert_eq!(moved.priority, Priority::High);
    b.clock.advance_ms(1);
    let back = b
        .store
        .call_prioritize(CLI, &bulk[0], Priority::Low)
        .await
        .unwrap();
    assert_eq!(
        (back.priority, b.get(&bulk[0]).await.priority),
        (Priority::Low, Priority::Low)
    );
    let again = b
        .store
        .call_prioritize(CLI, &bulk[0], Priority::Low)
        .await
        .unwrap();
    assert_eq!(again.updated_at, back.updated_at);
    let page = b
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    let noted: Vec<_> = page
        .items
        .iter()
        .filter(|e| e.action == AuditAction::CallPriority)
        .collect();
    assert_eq!(noted.len(), 2);
    assert_eq!(
        noted[0].detail,
        serde_json::json!({"before": "normal", "after": "low"})
    );
    // The stages that follow go first, too.
    let (job, fence) = b.claim(JobKind::CallStore).await;
    assert_eq!(job.call_id.as_ref(), Some(&bulk[4]));
    b.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    let (job, fence) = b.claim(JobKind::CallStore).await;
    assert_eq!(job.call_id.as_ref(), Some(&bulk[1]));
    b.store.job_finish(&fence, JobEnd::Stored).await.unwrap();
    let (job, _) = b.claim(JobKind::CallAnalyze).await;
    assert_eq!(job.call_id.as_ref(), Some(&bulk[4]));
    let rest = order(&b).await;
    assert_eq!(rest, [bulk[2].clone(), bulk[3].clone(), bulk[0].clone()]);
}

async fn calls_without_work_have_no_priority_to_change(b: Bench) {
    let ann = b.user("ann").await;
    let ready = b.ready_call(&ann.id, "ready").await;
    assert_conflict(b.store.call_prioritize(CLI, &ready.id, Priority::High).await);
    assert_not_found(
        b.store
            .call_prioritize(CLI, &CallId::new(1), Priority::High)
            .await,
    );
    // What still comes in has one, and keeps it until it is here.
    let upload_id = b.upload(&ann.id, Some(10)).await;
    let coming = b.call_of(&ann.id, "coming", &upload_id).await;
    calls(&b, &ann.id, "bulk", 3).await;
    b.store
        .call_prioritize(CLI, &coming.id, Priority::High)
        .await
        .unwrap();
    b.finish_upload(&upload_id, "sha of coming").await;
    assert_eq!(order(&b).await[0], coming.id);
    // Once it is transcribed again, it is a call like others.
    let again = b
        .store
        .call_retranscribe(&ready.id, None, None, Priority::Low)
        .await
        .unwrap();
    assert_eq!(again.priority, Priority::Low);
    b.store.call_cancel(&ready.id).await.unwrap();
    assert_eq!(
        b.store.call_retry(&ready.id).await.unwrap().priority,
        Priority::Normal
    );
}

async fn retries_are_waited_for_by_nobody(b: Bench) {
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    let failing = b.call(&ann.id, "failing").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let again = JobEnd::Retry {
        error: "the object store is away".to_owned(),
    };
    b.store.job_finish(&fence, again).await.unwrap();
    // It waits with the lowest turn there is; those that come don't take theirs after it for ever.
    let waiting = calls(&b, &ann.id, "ann's", 10).await;
    b.claim(JobKind::CallStore).await;
    b.claim(JobKind::CallStore).await;
    let new = b.call(&ben.id, "new").await;
    b.clock.advance_ms(3_000);
    let stored = order(&b).await;
    assert_eq!(stored[0], failing.id, "its turn stays");
    assert!(place(&stored, &new.id) <= 2 && stored.contains(&waiting[9]));
}

async fn deletions_and_calls_take_turns(b: Bench) {
    let ann = b.user("ann").await;
    for title in ["one", "two", "three"] {
        let call = b.ready_call(&ann.id, title).await;
        b.store.call_delete(CLI, &call.id).await.unwrap();
    }
    b.clock.advance_ms(MINUTE_MS);
    calls(&b, &ann.id, "more", 3).await;
    let quick = [JobKind::CallStore, JobKind::MediaDelete];
    let mut kinds = Vec::new();
    while let Some(job) = b.store.job_claim("w", &quick, LEASE_MS).await.unwrap() {
        kinds.push(job.kind);
    }
    let first_half = kinds.len() / 2;
    for kind in quick {
        assert!(
            kinds[..first_half].contains(&kind) && kinds[first_half..].contains(&kind),
            "{kinds:?}"
        );
    }
}

async fn what_waited_before_there_were_turns_gets_them(b: Bench) {
    if b.place == Where::Memory {
        return; // Nobody else can get at it to undo the step.
    }
    let (ann, ben) = (b.user("ann").await, b.user("ben").await);
    let ready = b.ready_call(&ann.id, "ready").await;
    let bulk = calls(&b, &ann.id, "bulk", 3).await;
    let single = b.call(&ben.id, "single").await.id;
    for statement in [
        "DROP INDEX jobs_turn",
        "DROP INDEX jobs_clock",
        "DROP INDEX jobs_running",
        "DROP INDEX jobs_of_key",
        "ALTER TABLE jobs DROP COLUMN fair_key",
        "ALTER TABLE jobs DROP COLUMN turn",
        "ALTER TABLE calls DROP COLUMN priority",
        "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 30",
        "CREATE INDEX jobs_open ON jobs (priority DESC, run_at, id) WHERE state IN ('queued', 'running')",
        "DELETE FROM _sqlx_migrations WHERE version = 12",
    ] {
        b.execute(statement).await.unwrap();
    }
    let store = Store::connect(&b.url, b.clock.clock()).await.unwrap();
    assert_eq!(store.pending_migrations().await.unwrap(), ["0012_turns"]);
    store.migrate().await.unwrap();
    let bench = Bench { store, ..b.clone() };
    assert_eq!(bench.get(&ready.id).await.priority, Priority::Normal);
    // Another one comes in between those that wait.
    let late = bench.call(&ben.id, "late").await.id;
    let stored = order(&bench).await;
    assert_eq!(stored.len(), 5);
    assert_eq!(stored[..2], [bulk[0].clone(), single]);
    assert!(place(&stored, &late) <= 3, "{}", place(&stored, &late));
    bench.store.close().await;
}

async fn claiming_follows_an_index(b: Bench) {
    let plan = b.store.job_claim_plan(ALL).await.unwrap();
    assert_eq!(plan.matches("jobs_turn").count(), ALL.len(), "{plan}");
    assert!(
        !plan.contains("Seq Scan") && !plan.contains("SCAN jobs"),
        "{plan}"
    );
    let plan = b.store.job_turn_plan().await.unwrap();
    for index in ["jobs_clock", "jobs_running", "jobs_of_key"] {
        assert_eq!(plan.matches(index).count(), 1, "{plan}");
    }
}

/// Adds jobs that wait, and nothing else, behind the store's back.
async fn fill(b: &Bench, from: usize, to: usize) {
    let statement = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to}) \
         INSERT INTO jobs (id, kind, payload, state, fair_key, turn, attempt, failures, lost, run_at, created_at) \
         SELECT 'job_01ARZ3NDEKTSV4RRFFQ0' || SUBSTR(CAST(1000000 + n AS TEXT), 2), 'call.transcribe', '{{}}', \
           'queued', 'team:normal', n, 0, 0, 0, 0, 0 FROM numbers"
    );
    b.execute(&statement).await.unwrap();
}

/// The shortest of some claims, and of some looks for work where all that waits is of another kind.
async fn shortest(b: &Bench) -> [Duration; 2] {
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..15 {
        for (shortest, kinds) in shortest
            .iter_mut()
            .zip([&[JobKind::CallTranscribe][..], &ALL[..2]])
        {
            let begun = Instant::now();
            b.store.job_claim("w", kinds, LEASE_MS).await.unwrap();
            *shortest = begun.elapsed().min(*shortest);
        }
    }
    shortest
}

async fn claiming_costs_the_same_however_much_waits(b: Bench) {
    if b.place == Where::Memory {
        return; // Nobody else can get at it to fill it.
    }
    fill(&b, 1, 100).await;
    let few = shortest(&b).await;
    fill(&b, 101, 100_000).await;
    let many = shortest(&b).await;
    // To go through all that waits would take a thousand times as long.
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < few * 10, "{few:?} {many:?}");
    }
}
