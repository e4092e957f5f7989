use gametape_core::{
    audit::{AuditAction, AuditEntry},
    call::{Call, Deal, DealOutcome, Participant, TalkFigures, Visibility},
    id::{CallId, TeamId, UserId},
    job::{JobKind, Priority},
    page::PageRequest,
    policy::VisibleCalls,
    stats::talk_stats,
    transcript::{Segment, Speaker, SpeakerRole},
};
use gametape_store::{AuditFilter, CallDetails, CallFilter, CallPatch, DealPatch, JobEnd};
use serde_json::json;

use crate::bench::{Bench, CLI, MINUTE_MS, assert_conflict, by, new_call, segment, windows};

crate::on_every_engine!(
    details_are_kept_with_a_new_call,
    what_is_left_out_of_a_change_stays,
    lists_follow_changes,
    a_call_is_shared_with_those_who_are_there,
    who_sees_a_call_and_its_end_are_noted,
    a_ready_call_has_figures,
    figures_follow_who_the_rep_is,
);

fn person(name: &str) -> Participant {
    Participant {
        name: name.to_owned(),
        user_id: None,
        company: Some("Acme\0".to_owned()),
    }
}

fn deal() -> Deal {
    Deal {
        name: Some("Großauftrag".to_owned()),
        stage: Some("Proposal".to_owned()),
        amount_minor: Some(i64::MAX),
        currency: Some("EUR".to_owned()),
        outcome: Some(DealOutcome::Won),
        external_id: Some("crm-7".to_owned()),
    }
}

async fn make(b: &Bench, owner: &UserId, details: CallDetails) -> Call {
    let upload = b.upload(owner, None).await;
    let mut new = new_call(owner, "Talk", &upload);
    new.details = details;
    b.store.call_create(new).await.unwrap()
}

async fn change(b: &Bench, id: &CallId, patch: CallPatch) -> Call {
    b.store.call_update(CLI, id, patch).await.unwrap()
}

async fn details_are_kept_with_a_new_call(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let team = b.store.team_create(CLI, "East").await.unwrap();
    let details = CallDetails {
        team_id: Some(team.id.clone()),
        visibility: Visibility::Org,
        tags: vec!["Pricing".to_owned(), "pricing".to_owned(), "\\u0000".to_owned()],
        participants: vec![person("Pat"), person("PAT")],
        invited: vec![bob.id.clone(), bob.id.clone()],
        deal: deal(),
        consent: None,
    };
    let call = make(&b, &ann.id, details.clone()).await;
    assert_eq!(b.get(&call.id).await, call);
    let kept = CallDetails {
        team_id: call.team_id,
        visibility: call.visibility,
        tags: call.tags,
        participants: call.participants,
        invited: call.invited,
        deal: call.deal,
        consent: None,
    };
    assert_eq!(kept, details);
    assert_eq!((call.talk, call.comment_count), (TalkFigures::default(), 0));
    let plain = make(&b, &ann.id, CallDetails::default()).await;
    assert_eq!((plain.visibility, plain.team_id), (Visibility::Private, None));
    assert_eq!(plain.deal, Deal::default());
}

async fn what_is_left_out_of_a_change_stays(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let team = b.store.team_create(CLI, "East").await.unwrap();
    let details = CallDetails {
        team_id: Some(team.id.clone()),
        visibility: Visibility::Team,
        tags: vec!["a".to_owned()],
        participants: vec![person("Pat")],
        invited: vec![bob.id.clone()],
        deal: deal(),
        consent: None,
    };
    let call = make(&b, &ann.id, details).await;
    let same = change(&b, &call.id, CallPatch::default()).await;
    let unchanged = Call {
        updated_at: same.updated_at,
        last_event: same.last_event,
        ..call.clone()
    };
    assert_eq!(same, unchanged);
    let deal_patch = DealPatch {
        stage: Some(None),
        outcome: Some(Some(DealOutcome::Lost)),
        ..DealPatch::default()
    };
    let patch = CallPatch {
        deal: deal_patch,
        tags: Some(vec!["b".to_owned()]),
        ..CallPatch::default()
    };
    let changed = change(&b, &call.id, patch).await;
    let expected = Call {
        updated_at: changed.updated_at,
        last_event: changed.last_event,
        tags: vec!["b".to_owned()],
        deal: Deal {
            stage: None,
            outcome: Some(DealOutcome::Lost),
            ..deal()
        },
        ..call.clone()
    };
    assert_eq!(changed, expected);
    let patch = CallPatch {
        team_id: Some(None),
        visibility: Some(Visibility::Private),
        participants: Some(Vec::new()),
        invited: Some(Vec::new()),
        deal: DealPatch::clear(),
        ..CallPatch::default()
    };
    let cleared = change(&b, &call.id, patch).await;
    assert_eq!((cleared.team_id, cleared.visibility), (None, Visibility::Private));
    assert!(cleared.participants.is_empty() && cleared.invited.is_empty());
    assert_eq!(
        (cleared.deal, cleared.tags),
        (Deal::default(), vec!["b".to_owned()])
    );
}

async fn found(b: &Bench, visible: &VisibleCalls, filter: CallFilter) -> usize {
    let page = b.store.call_list(visible, &filter, &PageRequest::default()).await;
    page.unwrap().items.len()
}

async fn lists_follow_changes(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let details = CallDetails {
        tags: vec!["ÜBER".to_owned()],
        participants: vec![person("Zoë Quinn")],
        invited: vec![bob.id.clone()],
        ..CallDetails::default()
    };
    let call = make(&b, &ann.id, details).await;
    let seen = async || {
        let all = &VisibleCalls::All;
        let tag = CallFilter {
            tag: Some("über".to_owned()),
            ..CallFilter::default()
        };
        let participant = CallFilter {
            participant: Some("ZOË".to_owned()),
            ..CallFilter::default()
        };
        let shared = CallFilter {
            shared_with: Some(bob.id.clone()),
            ..CallFilter::default()
        };
        let of_bob = VisibleCalls::To(bob.id.clone());
        [
            found(&b, all, tag).await,
            found(&b, all, participant).await,
            found(&b, all, shared).await,
            found(&b, &of_bob, CallFilter::default()).await,
        ]
    };
    assert_eq!(seen().await, [1, 1, 1, 1]);
    // Something else changes.
    let other = CallPatch {
        title: Some("x".to_owned()),
        ..CallPatch::default()
    };
    change(&b, &call.id, other).await;
    assert_eq!(seen().await, [1, 1, 1, 1]);
    let patch = CallPatch {
        tags: Some(vec!["über uns".to_owned()]),
        participants: Some(vec![person("Zoe")]),
        invited: Some(Vec::new()),
        ..CallPatch::default()
    };
    change(&b, &call.id, patch).await;
    assert_eq!(seen().await, [0, 0, 0, 0]);
    if b.place != crate::bench::Where::Memory {
        b.store.call_delete(CLI, &call.id).await.unwrap();
        for table in ["call_tags", "call_participants", "call_invited"] {
            assert_eq!(b.count(table).await, 0, "{table}");
        }
    }
}

async fn a_call_is_shared_with_those_who_are_there(b: Bench) {
    let ann = b.user("ann").await;
    let call = make(&b, &ann.id, CallDetails::default()).await;
    for patch in [
        CallPatch {
            visibility: Some(Visibility::Team),
            ..CallPatch::default()
        },
        CallPatch {
            team_id: Some(Some(TeamId::new(1))),
            ..CallPatch::default()
        },
        CallPatch {
            invited: Some(vec![UserId::new(1)]),
            ..CallPatch::default()
        },
    ] {
        assert_conflict(b.store.call_update(CLI, &call.id, patch).await);
        assert_eq!(b.get(&call.id).await, call);
    }
    let upload = b.upload(&ann.id, None).await;
    let mut new = new_call(&ann.id, "Talk", &upload);
    new.details.team_id = Some(TeamId::new(1));
    assert_conflict(b.store.call_create(new).await);
    // The refused call left its upload free.
    b.call_of(&ann.id, "Talk", &upload).await;
}

async fn noted(b: &Bench, action: AuditAction) -> Vec<AuditEntry> {
    let filter = AuditFilter {
        action: Some(action),
        ..AuditFilter::default()
    };
    let page = b.store.audit_list(&filter, &PageRequest::default()).await;
    page.unwrap().items
}

async fn who_sees_a_call_and_its_end_are_noted(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let actor = by(&ann);
    let call = make(&b, &ann.id, CallDetails::default()).await;
    let unshared = CallPatch {
        title: Some("x".to_owned()),
        tags: Some(vec!["x".to_owned()]),
        visibility: Some(Visibility::Private),
        invited: Some(Vec::new()),
        ..CallPatch::default()
    };
    b.store.call_update(&actor, &call.id, unshared).await.unwrap();
    assert!(noted(&b, AuditAction::CallVisibility).await.is_empty());
    let shared = CallPatch {
        visibility: Some(Visibility::Org),
        invited: Some(vec![bob.id.clone()]),
        ..CallPatch::default()
    };
    b.store.call_update(&actor, &call.id, shared).await.unwrap();
    let log = noted(&b, AuditAction::CallVisibility).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0].actor_id, &log[0].call_id),
        (&Some(ann.id.clone()), &Some(call.id.clone()))
    );
    assert_eq!(
        log[0].detail,
        json!({
            "before": {"visibility": "private", "team_id": null, "invited": []},
            "after": {"visibility": "org", "team_id": null, "invited": [bob.id]},
        })
    );
    b.store.call_delete(&actor, &call.id).await.unwrap();
    b.store.call_delete(&actor, &call.id).await.unwrap_err();
    let log = noted(&b, AuditAction::CallDelete).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].target_id, call.id.as_str());
    assert_eq!(log[0].detail, json!({"owner_id": ann.id}));
}

/// What a rep and a customer say in the benches' calls: a second each, of which the rep says 900 ms.
fn spoken(rep: usize) -> Vec<Segment> {
    let segment = |channel: usize, start_ms, text: &str| Segment {
        id: None,
        start_ms,
        end_ms: start_ms + 900,
        channel,
        speaker: Speaker {
            role: if channel == rep {
                SpeakerRole::Rep
            } else {
                SpeakerRole::Customer
            },
            name: "x".to_owned(),
        },
        text: text.to_owned(),
        words: Vec::new(),
        edited: false,
    };
    vec![
        segment(0, 0, "Why? And how?"),
        segment(1, 2_000, "Well, so."),
        segment(1, 3_000, "So?"),
    ]
}

/// Takes a call to the end, with what is [`spoken`].
async fn publish(b: &Bench, id: &CallId, stats_json: String) {
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, id, "m", None, windows(1))
        .await
        .unwrap();
    let segments: Vec<_> = spoken(0)
        .iter()
        .map(|it| segment(it.start_ms, it.channel, &it.text))
        .collect();
    let progress = crate::bench::progress(90.0);
    b.store
        .transcript_append(&fence, &begun.transcript_id, 0, None, &segments, &progress)
        .await
        .unwrap();
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store
        .job_finish(&fence, JobEnd::Published { stats_json })
        .await
        .unwrap();
}

async fn a_ready_call_has_figures(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let stats = talk_stats(&spoken(0), MINUTE_MS, 2);
    publish(&b, &call.id, serde_json::to_string(&stats).unwrap()).await;
    let talk = b.get(&call.id).await.talk;
    assert_eq!(talk, TalkFigures::of(&stats));
    assert_eq!(
        (talk.rep_talk_permille, talk.rep_question_count),
        (Some(333), Some(2))
    );
    // What is no statistics has no figures, and old ones do not stay.
    b.store
        .call_retranscribe(&call.id, None, None, Priority::Normal)
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    b.store
        .transcript_begin(&fence, &call.id, "m", None, windows(0))
        .await
        .unwrap();
    let end = JobEnd::Transcribed { language: None };
    b.store.job_finish(&fence, end).await.unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store
        .job_finish(&fence, crate::bench::published())
        .await
        .unwrap();
    assert_eq!(b.get(&call.id).await.talk, TalkFigures::default());
}

async fn figures_follow_who_the_rep_is(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let stats = talk_stats(&spoken(0), MINUTE_MS, 2);
    let speaker = |role| Speaker {
        role,
        name: "x".to_owned(),
    };
    // Before there are statistics there is nothing to follow.
    b.store
        .call_set_speaker(&call.id, 0, speaker(SpeakerRole::Rep))
        .await
        .unwrap();
    assert_eq!(b.get(&call.id).await.talk, TalkFigures::default());
    publish(&b, &call.id, serde_json::to_string(&stats).unwrap()).await;
    for (channel, role) in [(0, SpeakerRole::Customer), (1, SpeakerRole::Rep)] {
        b.store
            .call_set_speaker(&call.id, channel, speaker(role))
            .await
            .unwrap();
    }
    let expected = TalkFigures::of(&talk_stats(&spoken(1), MINUTE_MS, 2));
    assert_eq!(
        (expected.rep_question_count, expected.rep_longest_monologue_ms),
        (Some(1), Some(1_900))
    );
    assert_eq!(b.get(&call.id).await.talk, expected);
}
