//! Rules for how long calls are kept, holds and consent.

use gametape_core::{
    audit::{AuditAction, AuditEntry},
    call::{Call, CallState},
    consent::{Consent, ConsentRecord},
    id::{CallId, RetentionRuleId, TeamId},
    inbox::{NoticeFilter, NoticeKind},
    job::{JobKind, Priority},
    page::PageRequest,
    policy::VisibleCalls,
    retention::{DAY_MS, GRACE_MS, Hold, HoldReason, NOTICE_MS, RetentionRule, RetentionTarget},
};
use gametape_store::{
    AuditFilter, CallFilter, CallPatch, DueAt, NewConsent, NewHold, NewRetentionRule, Preview,
    RetentionSwept, StoreError, WhatIf,
};

use crate::bench::{
    Bench, CLI, LEASE_MS, assert_conflict, assert_lease_lost, assert_not_found, assert_stale, by,
};

crate::on_every_engine!(
    rules_are_made_changed_and_taken_away,
    nothing_goes_for_a_day_after_a_change,
    a_call_goes_by_its_rule_with_all_that_belongs_to_it,
    a_recording_goes_and_its_call_stays,
    a_recording_that_is_worked_on_stays,
    a_held_call_is_deleted_by_nobody,
    owners_are_told_once_before_something_goes,
    a_preview_supposes_rules,
    a_preview_comes_in_pages,
    a_sweep_goes_on_where_it_was,
    consent_is_noted_and_found,
);

pub(crate) fn rule(target: RetentionTarget, keep_days: Option<i64>) -> NewRetentionRule {
    NewRetentionRule {
        team_id: None,
        tag: None,
        target,
        keep_days,
    }
}

async fn make(b: &Bench, new: &NewRetentionRule) -> RetentionRule {
    b.store.retention_create(CLI, new).await.unwrap()
}

async fn sweep(b: &Bench) -> RetentionSwept {
    b.store.retention_sweep(None).await.unwrap()
}

async fn preview(b: &Bench, what_if: &WhatIf, days: i64) -> Preview {
    let (until, page) = (b.now() + days * DAY_MS, PageRequest::default());
    b.store.retention_preview(what_if, until, &page).await.unwrap()
}

async fn noted(b: &Bench, action: AuditAction) -> Vec<AuditEntry> {
    let filter = AuditFilter {
        action: Some(action),
        ..AuditFilter::default()
    };
    b.store
        .audit_list(&filter, &PageRequest::default())
        .await
        .unwrap()
        .items
}

async fn tagged(b: &Bench, call: &Call, tags: &[&str]) {
    let patch = CallPatch {
        tags: Some(tags.iter().map(|&tag| tag.to_owned()).collect()),
        ..CallPatch::default()
    };
    b.store.call_update(CLI, &call.id, patch).await.unwrap();
}

pub(crate) fn library() -> NewHold {
    NewHold {
        reason: HoldReason::Library,
        note: Some("a good opening\0".to_owned()),
    }
}

async fn rules_are_made_changed_and_taken_away(b: Bench) {
    let root = b.user("root").await;
    let team = b.store.team_create(CLI, "East").await.unwrap();
    let new = NewRetentionRule {
        team_id: Some(team.id.clone()),
        tag: Some("Training\0".to_owned()),
        ..rule(RetentionTarget::Call, Some(30))
    };
    let made = b.store.retention_create(&by(&root), &new).await.unwrap();
    assert_eq!(
        (
            made.team_id.as_ref(),
            made.tag.as_deref(),
            made.keep_days,
            made.version
        ),
        (Some(&team.id), Some("Training\u{fffd}"), Some(30), 1)
    );
    assert_eq!(made.effective_at, b.now() + GRACE_MS);
    // The log is in the order of time.
    b.clock.advance_ms(1);
    // The same calls have one rule of a kind, whatever the case of their label.
    let again = NewRetentionRule {
        tag: Some("TRAINING\0".to_owned()),
        ..new.clone()
    };
    assert_conflict(b.store.retention_create(CLI, &again).await);
    let recordings = NewRetentionRule {
        target: RetentionTarget::Recording,
        ..again
    };
    let other = make(&b, &recordings).await;
    let nowhere = NewRetentionRule {
        team_id: Some(TeamId::new(1)),
        ..recordings
    };
    assert_conflict(b.store.retention_create(CLI, &nowhere).await);
    let list = b.store.retention_list().await.unwrap();
    // Any change begins the day of grace anew for all of them.
    let of_now = RetentionRule {
        effective_at: other.effective_at,
        ..made.clone()
    };
    assert!(
        list.len() == 2 && [&of_now, &other].iter().all(|rule| list.contains(rule)),
        "{list:?}"
    );

    let update = |days, version| {
        let (store, id) = (b.store.clone(), made.id.clone());
        async move { store.retention_update(CLI, &id, days, version).await }
    };
    let changed = update(None, Some(1)).await.unwrap();
    assert_eq!((changed.keep_days, changed.version), (None, 2));
    assert_stale(update(Some(5), Some(1)).await);
    assert_eq!(update(None, None).await.unwrap().version, 2, "nothing changed");
    b.clock.advance_ms(1);
    b.store.retention_delete(CLI, &made.id).await.unwrap();
    assert_not_found(b.store.retention_delete(CLI, &made.id).await);
    assert_not_found(update(Some(5), None).await);
    let log = noted(&b, AuditAction::RetentionChange).await;
    assert_eq!(log.len(), 4);
    assert_eq!(log[3].actor_id, Some(root.id));
    assert_eq!(log[3].detail["after"]["keep_days"], 30);
    assert_eq!(log[0].detail["before"]["rule_id"], made.id.as_str());
    assert!(log[0].detail["after"].is_null());

    // A team takes its rules with it.
    b.store.team_delete(CLI, &team.id).await.unwrap();
    assert!(b.store.retention_list().await.unwrap().is_empty());
}

async fn nothing_goes_for_a_day_after_a_change(b: Bench) {
    let ann = b.user("ann").await;
    let team = b.store.team_create(CLI, "East").await.unwrap();
    let call = b.ready_call(&ann.id, "Talk").await;
    b.clock.advance_ms(100 * DAY_MS);
    let all = make(&b, &rule(RetentionTarget::Call, Some(10))).await;
    assert_eq!(sweep(&b).await.calls, 0);
    b.clock.advance_ms(GRACE_MS - 1);
    assert_eq!(sweep(&b).await.calls, 0);
    // Another change, even of another rule, or a team that goes, begins the day anew.
    let exempt = NewRetentionRule {
        tag: Some("keep".to_owned()),
        ..rule(RetentionTarget::Call, None)
    };
    let exempt = make(&b, &exempt).await;
    b.clock.advance_ms(GRACE_MS - 1);
    b.store.retention_delete(CLI, &exempt.id).await.unwrap();
    b.clock.advance_ms(GRACE_MS - 1);
    b.store.team_delete(CLI, &team.id).await.unwrap();
    b.clock.advance_ms(GRACE_MS - 1);
    b.store
        .retention_update(CLI, &all.id, Some(11), None)
        .await
        .unwrap();
    b.clock.advance_ms(GRACE_MS - 1);
    assert_eq!(sweep(&b).await.calls, 0);
    assert!(b.store.call_get(&call.id).await.unwrap().is_some());
    b.clock.advance_ms(1);
    assert_eq!(sweep(&b).await.calls, 1);
    assert_eq!(b.store.call_get(&call.id).await.unwrap(), None);
}

async fn a_call_goes_by_its_rule_with_all_that_belongs_to_it(b: Bench) {
    let ann = b.user("ann").await;
    let (old, kept) = (
        b.ready_call(&ann.id, "Old").await,
        b.ready_call(&ann.id, "Kept").await,
    );
    tagged(&b, &kept, &["Training"]).await;
    let rules = [
        rule(RetentionTarget::Call, Some(10)),
        NewRetentionRule {
            tag: Some("training".to_owned()),
            ..rule(RetentionTarget::Call, None)
        },
    ];
    let by_rule = make(&b, &rules[0]).await;
    make(&b, &rules[1]).await;
    b.clock.advance_ms(9 * DAY_MS);
    let young = b.ready_call(&ann.id, "Young").await;
    b.deletions().await;
    b.clock.advance_ms(DAY_MS - 60_000);
    assert_eq!(sweep(&b).await.calls, 0);
    b.clock.advance_ms(60_000);
    let swept = sweep(&b).await;
    assert_eq!((swept.calls, swept.recordings, swept.next), (1, 0, None));
    assert_eq!(sweep(&b).await.calls, 0, "nothing goes twice");
    assert_eq!(b.store.call_get(&old.id).await.unwrap(), None);
    assert_eq!(b.store.transcript_read(&old.id).await.unwrap(), None);
    let recording_id = old.recording_id.unwrap();
    assert_eq!(b.deletions().await, [format!("recordings/{recording_id}")]);
    for call in [&kept, &young] {
        assert!(b.store.call_get(&call.id).await.unwrap().is_some());
    }
    let entries = noted(&b, AuditAction::RetentionCall).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].target_id, old.id.as_str());
    assert_eq!(entries[0].detail["rule_id"], by_rule.id.as_str());
    assert_eq!(entries[0].detail["owner_id"], ann.id.as_str());
    assert!(noted(&b, AuditAction::CallDelete).await.is_empty());
}

async fn a_recording_goes_and_its_call_stays(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    let twin = b.call(&ann.id, "Talk").await;
    b.deletions().await;
    make(&b, &rule(RetentionTarget::Recording, Some(5))).await;
    // The twin of the same bytes is still to be transcribed: its recording stays, and so do the bytes.
    b.clock.advance_ms(5 * DAY_MS);
    assert_eq!(sweep(&b).await.recordings, 1);
    let without = b.get(&call.id).await;
    assert_eq!(
        (without.recording_id.as_ref(), without.state),
        (None, CallState::Ready)
    );
    assert_eq!(without.recording_deleted_at, Some(b.now()));
    assert!(b.store.transcript_read(&call.id).await.unwrap().is_some());
    assert!(b.deletions().await.is_empty());
    assert_conflict(
        b.store
            .call_retranscribe(&call.id, None, None, Priority::Normal)
            .await,
    );
    b.store.call_cancel(&twin.id).await.unwrap();
    assert_eq!(sweep(&b).await.recordings, 1);
    let recording_id = call.recording_id.unwrap();
    assert_eq!(b.deletions().await, [format!("recordings/{recording_id}")]);
    assert_eq!(b.store.recording_get(&recording_id).await.unwrap(), None);
    assert_eq!(sweep(&b).await, RetentionSwept::default());
    assert_eq!(noted(&b, AuditAction::RetentionRecording).await.len(), 2);
    // The same file can come again.
    let again = b.ready_call(&ann.id, "Talk").await;
    assert_ne!(again.recording_id, Some(recording_id));
    b.store.call_delete(CLI, &call.id).await.unwrap();
}

async fn a_recording_that_is_worked_on_stays(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    make(&b, &rule(RetentionTarget::Recording, Some(5))).await;
    b.clock.advance_ms(5 * DAY_MS);
    let (_, fence) = b.claim(JobKind::CallStore).await;
    assert_eq!(sweep(&b).await, RetentionSwept::default());
    b.store.job_heartbeat(&fence, LEASE_MS).await.unwrap();
    // The whole call goes, though, and its worker is told.
    make(&b, &rule(RetentionTarget::Call, Some(5))).await;
    b.clock.advance_ms(GRACE_MS);
    assert_eq!(sweep(&b).await.calls, 1);
    assert_lease_lost(b.store.job_heartbeat(&fence, LEASE_MS).await);
    assert_eq!(b.store.call_get(&call.id).await.unwrap(), None);
}

async fn a_held_call_is_deleted_by_nobody(b: Bench) {
    let (ann, coach) = (b.user("ann").await, b.user("coach").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let held = b
        .store
        .call_hold(&by(&coach), &call.id, &library())
        .await
        .unwrap();
    let expected = Hold {
        reason: HoldReason::Library,
        note: Some("a good opening\u{fffd}".to_owned()),
        held_by: Some(coach.id.clone()),
        held_at: b.now(),
    };
    assert_eq!(held.hold.as_ref(), Some(&expected));
    assert_eq!(b.get(&call.id).await, held);
    let refused = b.store.call_delete(CLI, &call.id).await;
    assert!(matches!(
        refused,
        Err(StoreError::Held {
            reason: HoldReason::Library
        })
    ));
    make(&b, &rule(RetentionTarget::Call, Some(1))).await;
    make(&b, &rule(RetentionTarget::Recording, Some(1))).await;
    b.clock.advance_ms(10 * DAY_MS);
    assert_eq!(sweep(&b).await, RetentionSwept::default());
    let found = preview(&b, &WhatIf::AsIs, 1).await;
    assert!(found.items[0].held);
    let totals = found.totals.unwrap();
    assert_eq!(
        (totals.calls, totals.recordings, totals.held, totals.bytes),
        (0, 0, 1, 0)
    );
    let filter = CallFilter {
        held: Some(true),
        ..CallFilter::default()
    };
    let list = b
        .store
        .call_list(&VisibleCalls::All, &filter, &PageRequest::default())
        .await;
    assert_eq!(list.unwrap().items.len(), 1);
    // Another reason takes the place of the first.
    let legal = NewHold {
        reason: HoldReason::Legal,
        note: None,
    };
    let held = b.store.call_hold(CLI, &call.id, &legal).await.unwrap();
    assert_eq!(
        held.hold.map(|hold| (hold.reason, hold.held_by)),
        Some((HoldReason::Legal, None))
    );
    let free = b.store.call_release(&by(&coach), &call.id).await.unwrap();
    assert_eq!(free.hold, None);
    assert_eq!(
        b.store.call_release(CLI, &call.id).await.unwrap(),
        free,
        "nobody holds it"
    );
    assert_eq!(sweep(&b).await.calls, 1);
    assert_eq!(noted(&b, AuditAction::CallHold).await.len(), 2);
    assert_eq!(noted(&b, AuditAction::CallRelease).await.len(), 1);
    assert_not_found(b.store.call_hold(CLI, &call.id, &legal).await);
    assert_not_found(b.store.call_release(CLI, &call.id).await);
}

async fn told(b: &Bench, call: &Call) -> usize {
    let (all, page) = (VisibleCalls::All, PageRequest::default());
    let notices = b
        .store
        .inbox_list(&call.owner_id, &all, NoticeFilter::default(), &page)
        .await
        .unwrap()
        .items;
    let leaving = notices.iter().filter(|it| it.kind == NoticeKind::CallLeaving);
    leaving.filter(|it| it.call_id == call.id).count()
}

async fn owners_are_told_once_before_something_goes(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    let rule = make(&b, &rule(RetentionTarget::Call, Some(30))).await;
    b.clock.advance_ms(30 * DAY_MS - NOTICE_MS - 60_000);
    assert_eq!(sweep(&b).await.told, 0);
    b.clock.advance_ms(60_000);
    assert_eq!(sweep(&b).await.told, 1);
    assert_eq!(sweep(&b).await.told, 0);
    assert_eq!(told(&b, &call).await, 1);
    // What is held stays, and so does what another rule keeps for longer.
    b.store.call_hold(CLI, &call.id, &library()).await.unwrap();
    assert_eq!((told(&b, &call).await, sweep(&b).await.told), (0, 0));
    b.store.call_release(CLI, &call.id).await.unwrap();
    assert_eq!((sweep(&b).await.told, told(&b, &call).await), (1, 1));
    b.store
        .retention_update(CLI, &rule.id, Some(60), None)
        .await
        .unwrap();
    assert_eq!((told(&b, &call).await, sweep(&b).await.told), (0, 0));
}

async fn a_preview_supposes_rules(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    assert!(preview(&b, &WhatIf::AsIs, 36_525).await.items.is_empty());
    let made_at = call.created_at;
    // A rule that there is not yet would take it, after its day of grace.
    let with = WhatIf::With(rule(RetentionTarget::Call, Some(3)));
    assert!(preview(&b, &with, 2).await.items.is_empty());
    let found = preview(&b, &with, 4).await;
    let due = |at, id: Option<&RetentionRuleId>| {
        Some(DueAt {
            at,
            rule_id: id.cloned(),
        })
    };
    assert_eq!(found.items.len(), 1);
    let item = &found.items[0];
    assert_eq!(
        (&item.call_id, item.title.as_str(), item.size_bytes),
        (&call.id, "Talk", Some(10))
    );
    assert_eq!(
        (item.recording.clone(), item.call.clone()),
        (None, due(made_at + 3 * DAY_MS, None))
    );
    let totals = found.totals.unwrap();
    assert_eq!((totals.calls, totals.recordings, totals.bytes), (1, 0, 10));
    assert!(totals.complete);
    assert!(
        b.store.retention_list().await.unwrap().is_empty(),
        "only supposed"
    );

    let all = make(&b, &rule(RetentionTarget::Recording, Some(7))).await;
    let east = NewRetentionRule {
        tag: Some("keep".to_owned()),
        ..rule(RetentionTarget::Recording, None)
    };
    let exempt = make(&b, &east).await;
    tagged(&b, &call, &["Keep"]).await;
    assert!(preview(&b, &WhatIf::AsIs, 30).await.items.is_empty());
    let found = preview(&b, &WhatIf::Without(exempt.id), 30).await;
    assert_eq!(found.items[0].recording, due(made_at + 7 * DAY_MS, Some(&all.id)));
    // One for the same calls stands in the place of the one that there is.
    let other = NewRetentionRule {
        tag: Some("KEEP".to_owned()),
        keep_days: Some(9),
        ..east
    };
    let found = preview(&b, &WhatIf::With(other), 30).await;
    assert_eq!(found.items[0].recording, due(made_at + 9 * DAY_MS, None));
    assert_eq!(found.totals.unwrap().recordings, 1);

    tagged(&b, &call, &[]).await;
    let now = b.store.retention_of_call(&call.id).await.unwrap().unwrap();
    assert_eq!(now.recording, due(made_at + 7 * DAY_MS, Some(&all.id)));
    assert_eq!((now.call, now.held), (None, false));
    assert_eq!(b.store.retention_of_call(&CallId::new(1)).await.unwrap(), None);
}

async fn a_preview_comes_in_pages(b: Bench) {
    let ann = b.user("ann").await;
    let mut calls = Vec::new();
    for title in ["a", "b", "c", "d", "e"] {
        calls.push(b.call(&ann.id, title).await.id);
        b.clock.advance_ms(1);
    }
    make(&b, &rule(RetentionTarget::Call, Some(1))).await;
    let until = b.now() + 2 * DAY_MS;
    let mut page = PageRequest {
        limit: 2,
        after: None,
    };
    let mut found = Vec::new();
    loop {
        let part = b
            .store
            .retention_preview(&WhatIf::AsIs, until, &page)
            .await
            .unwrap();
        assert_eq!(
            part.totals.map(|totals| totals.calls),
            page.after.is_none().then_some(5)
        );
        found.extend(part.items.into_iter().map(|item| item.call_id));
        page.after = part.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(found, calls);
}

async fn a_sweep_goes_on_where_it_was(b: Bench) {
    let ann = b.user("ann").await;
    let first = b.call(&ann.id, "first").await;
    b.clock.advance_ms(1);
    let second = b.call(&ann.id, "second").await;
    make(&b, &rule(RetentionTarget::Call, Some(1))).await;
    b.clock.advance_ms(3 * DAY_MS);
    let after = gametape_core::page::Cursor {
        key: first.created_at,
        id: first.id.to_string(),
    };
    assert_eq!(b.store.retention_sweep(Some(&after)).await.unwrap().calls, 1);
    assert!(b.store.call_get(&first.id).await.unwrap().is_some());
    assert_eq!(b.store.call_get(&second.id).await.unwrap(), None);
}

async fn consent_is_noted_and_found(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    assert_eq!(call.consent, ConsentRecord::default());
    let agreed = NewConsent {
        status: Consent::AllAgreed,
        note: Some("by e-mail\0".to_owned()),
    };
    let patch = |consent: &NewConsent| CallPatch {
        consent: Some(consent.clone()),
        ..CallPatch::default()
    };
    let noted_call = b
        .store
        .call_update(&by(&ann), &call.id, patch(&agreed))
        .await
        .unwrap();
    let record = ConsentRecord {
        status: Consent::AllAgreed,
        note: Some("by e-mail\u{fffd}".to_owned()),
        noted_by: Some(ann.id.clone()),
        noted_at: Some(b.now()),
    };
    assert_eq!(noted_call.consent, record);
    // The same once more is no news; what is left out stays.
    b.clock.advance_ms(5);
    let same = b.store.call_update(CLI, &call.id, patch(&agreed)).await.unwrap();
    let left = b
        .store
        .call_update(CLI, &call.id, CallPatch::default())
        .await
        .unwrap();
    assert_eq!((&same.consent, &left.consent), (&record, &record));
    let entries = noted(&b, AuditAction::CallConsent).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].detail["after"], "all_agreed");
    let found = async |consent| {
        let filter = CallFilter {
            consent: Some(consent),
            ..CallFilter::default()
        };
        let page = PageRequest::default();
        let list = b.store.call_list(&VisibleCalls::All, &filter, &page).await;
        list.unwrap().items.len()
    };
    assert_eq!(
        (found(Consent::AllAgreed).await, found(Consent::Unknown).await),
        (1, 0)
    );

    let (upload, _) = b.complete_upload(&ann.id, "other").await;
    let mut new = crate::bench::new_call(&ann.id, "Other", &upload);
    new.details.consent = Some(NewConsent {
        status: Consent::Refused,
        note: None,
    });
    let made = b.store.call_create(new).await.unwrap();
    assert_eq!(
        (made.consent.status, made.consent.noted_by, made.consent.noted_at),
        (Consent::Refused, Some(ann.id), Some(b.now()))
    );
    assert_eq!(found(Consent::Refused).await, 1);
}
