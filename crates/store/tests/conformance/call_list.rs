use std::{cmp::Ordering, collections::BTreeSet};

use gametape_core::{
    call::{Call, CallCursor, CallSort, Deal, DealOutcome, SortKey, Visibility},
    id::{CallId, TeamId, UserId},
    job::JobKind,
    page::{Order, PageRequest},
    policy::{self, Viewer, VisibleCalls},
    stats::{SpeakerStats, TalkStats},
    transcript::Speaker,
    user::Role,
};
use gametape_store::{Bounds, CallDetails, CallFilter, JobEnd};

use crate::bench::{Bench, CLI, assert_conflict, new_call, windows};

crate::on_every_engine!(
    pages_follow_each_other_in_every_order,
    cursors_of_other_lists_are_refused,
    every_filter_lets_its_calls_through,
    odd_values_find_nothing,
    lists_show_what_the_policy_allows,
);

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % sides
    }

    /// Nothing, or one of a few values.
    fn some(&mut self) -> Option<i64> {
        let roll = self.roll(4) as i64;
        (roll > 0).then(|| roll * 100)
    }
}

fn stats(share: f64, questions: i64, monologue_ms: i64) -> String {
    let rep = SpeakerStats {
        channel: 0,
        speaker: Speaker::default_for(0, 2),
        talk_ms: 1,
        talk_share: share,
        longest_monologue_ms: monologue_ms,
        questions,
        words: 1,
        words_per_minute: 1.0,
        interruptions: 0,
    };
    let stats = TalkStats {
        speakers: vec![rep],
        patience_ms: None,
        interruptions: 0,
        silence_ms: 0,
    };
    serde_json::to_string(&stats).unwrap()
}

/// Takes a call that was just made through the first stages, or all of them with these statistics.
async fn work(b: &Bench, call: &Call, duration_ms: Option<i64>, stats_json: Option<String>) {
    if let Some(duration_ms) = duration_ms {
        b.store_next().await;
        let (_, fence) = b.claim(JobKind::CallAnalyze).await;
        let end = JobEnd::Analyzed {
            duration_ms,
            channels: 2,
            content_type: "audio/wav".to_owned(),
            analysis_json: "{}".to_owned(),
            ahead: None,
        };
        b.store.job_finish(&fence, end).await.unwrap();
    }
    let Some(stats_json) = stats_json.filter(|_| duration_ms.is_some()) else {
        // Nobody is to take it for the next one.
        b.store.call_cancel(&call.id).await.unwrap();
        return;
    };
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    b.store
        .transcript_begin(&fence, &call.id, "m", Some("de"), windows(0))
        .await
        .unwrap();
    let end = JobEnd::Transcribed {
        language: Some("de".to_owned()),
    };
    b.store.job_finish(&fence, end).await.unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store
        .job_finish(&fence, JobEnd::Published { stats_json })
        .await
        .unwrap();
}

/// Calls with few values of everything, so that many are equal, and many lack something.
async fn varied(b: &Bench, count: usize) -> Vec<Call> {
    let ann = b.user("ann").await;
    let mut dice = Dice(7);
    let mut ids = Vec::new();
    for n in 0..count {
        let (upload, _) = b.complete_upload(&ann.id, &format!("sha {n}")).await;
        let title = ["alpha", "Alpha", "ÄTHER", "äther", "Zulu", "a_b"][dice.roll(6) as usize];
        let mut new = new_call(&ann.id, title, &upload);
        new.occurred_at = dice.some();
        new.details.deal.amount_minor = dice.some();
        let call = b.store.call_create(new).await.unwrap();
        let duration_ms = dice.some();
        let stats_json = dice
            .some()
            .map(|share| stats(share as f64 / 1_000.0, dice.roll(2) as i64, 5));
        work(b, &call, duration_ms, stats_json).await;
        b.clock.advance_ms(dice.roll(2) as i64);
        ids.push(call.id);
    }
    let mut calls = Vec::new();
    for id in &ids {
        calls.push(b.get(id).await);
    }
    calls
}

async fn list(b: &Bench, visible: &VisibleCalls, filter: &CallFilter, limit: u32) -> Vec<Call> {
    let mut page = PageRequest { after: None, limit };
    let mut seen = Vec::new();
    loop {
        let found = b.store.call_list(visible, filter, &page).await.unwrap();
        assert!(found.items.len() <= limit as usize);
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return seen;
        }
    }
}

fn key(call: &Call, sort: CallSort) -> Option<(i64, String)> {
    let number = match sort {
        CallSort::Title => return Some((0, call.title.to_lowercase())),
        CallSort::Created => Some(call.created_at),
        CallSort::Occurred => call.occurred_at,
        CallSort::Duration => call.duration_ms,
        CallSort::DealAmount => call.deal.amount_minor,
        CallSort::RepTalk => call.talk.rep_talk_permille,
        CallSort::Questions => call.talk.rep_question_count,
        CallSort::Comments => Some(call.comment_count),
    };
    number.map(|number| (number, String::new()))
}

/// What the list promises: by key, calls without one last, equal ones by age.
fn compare(a: &Call, b: &Call, sort: CallSort, order: Order) -> Ordering {
    let by_id = a.id.cmp(&b.id);
    let (in_order, nulls) = match (key(a, sort), key(b, sort)) {
        (Some(a), Some(b)) => (a.cmp(&b).then(by_id), Ordering::Equal),
        (None, None) => (by_id, Ordering::Equal),
        (Some(_), None) => (Ordering::Equal, Ordering::Less),
        (None, Some(_)) => (Ordering::Equal, Ordering::Greater),
    };
    let in_order = if order == Order::Desc {
        in_order.reverse()
    } else {
        in_order
    };
    nulls.then(in_order)
}

async fn pages_follow_each_other_in_every_order(b: Bench) {
    let calls = varied(&b, 24).await;
    for &sort in CallSort::ALL {
        let without = calls.iter().filter(|call| key(call, sort).is_none()).count();
        let can_lack = !matches!(sort, CallSort::Created | CallSort::Title | CallSort::Comments);
        assert_eq!((1..24).contains(&without), can_lack, "{sort}: {without}");
        for &order in Order::ALL {
            let mut expected = calls.clone();
            expected.sort_by(|a, b| compare(a, b, sort, order));
            let filter = CallFilter {
                sort,
                order,
                ..CallFilter::default()
            };
            for limit in [1, 5, 24, 100] {
                let seen = list(&b, &VisibleCalls::All, &filter, limit).await;
                let names = |calls: &[Call]| -> Vec<_> {
                    calls
                        .iter()
                        .map(|call| (key(call, sort), call.id.clone()))
                        .collect()
                };
                assert_eq!(names(&seen), names(&expected), "{sort} {order} {limit}");
            }
        }
    }
}

async fn cursors_of_other_lists_are_refused(b: Bench) {
    varied(&b, 3).await;
    let cursor = |sort, order, key| CallCursor {
        sort,
        order,
        key,
        id: "call_\0".to_owned(),
    };
    let number = Some(SortKey::Number(i64::MIN));
    let text = Some(SortKey::Text("\0".to_owned()));
    let read = async |filter: &CallFilter, after| {
        let page = PageRequest {
            after: Some(after),
            limit: 10,
        };
        b.store.call_list(&VisibleCalls::All, filter, &page).await
    };
    let by_length = CallFilter {
        sort: CallSort::Duration,
        ..CallFilter::default()
    };
    for other in [
        cursor(CallSort::Occurred, Order::Desc, number.clone()),
        cursor(CallSort::Duration, Order::Asc, number.clone()),
        cursor(CallSort::Duration, Order::Desc, text.clone()),
    ] {
        assert_conflict(read(&by_length, other).await);
    }
    let by_title = CallFilter {
        sort: CallSort::Title,
        ..CallFilter::default()
    };
    assert_conflict(read(&by_title, cursor(CallSort::Title, Order::Desc, number.clone())).await);
    assert_conflict(read(&by_title, cursor(CallSort::Title, Order::Desc, None)).await);
    // What is made up but fits is a place like any other.
    read(&by_title, cursor(CallSort::Title, Order::Desc, text))
        .await
        .unwrap();
    read(&by_length, cursor(CallSort::Duration, Order::Desc, number))
        .await
        .unwrap();
    read(&by_length, cursor(CallSort::Duration, Order::Desc, None))
        .await
        .unwrap();
}

/// Sets one filter.
type Set<'a> = &'a (dyn Fn(&mut CallFilter) + Sync);
/// Says which calls it lets through.
type Fits<'a> = &'a (dyn Fn(&Call) -> bool + Sync);

async fn every_filter_lets_its_calls_through(b: Bench) {
    let ann = b.user("ann 2").await;
    let team = b.store.team_create(CLI, "East").await.unwrap();
    let mut calls = varied(&b, 16).await;
    let (upload, _) = b.complete_upload(&ann.id, "other").await;
    let mut new = new_call(&ann.id, "Other", &upload);
    new.details = CallDetails {
        team_id: Some(team.id.clone()),
        visibility: Visibility::Team,
        deal: Deal {
            name: Some("GROSS_auftrag".to_owned()),
            stage: Some("Won deal".to_owned()),
            outcome: Some(DealOutcome::Won),
            external_id: Some("crm-7".to_owned()),
            ..Deal::default()
        },
        ..CallDetails::default()
    };
    let other = b.store.call_create(new).await.unwrap();
    work(&b, &other, Some(77), Some(stats(0.5, 9, 1_234))).await;
    calls.push(b.get(&other.id).await);
    let from = |min| Bounds {
        min: Some(min),
        max: None,
    };
    let to = |max| Bounds {
        min: None,
        max: Some(max),
    };
    let (calls, b) = (&calls, &b);
    let check = async |set: Set<'_>, fits: Fits<'_>| {
        let mut filter = CallFilter::default();
        set(&mut filter);
        let ids = |calls: Vec<&Call>| -> BTreeSet<CallId> { calls.iter().map(|it| it.id.clone()).collect() };
        let expected = ids(calls.iter().filter(|call| fits(call)).collect());
        assert!(!expected.is_empty() && expected.len() < calls.len(), "{filter:?}");
        let seen = list(b, &VisibleCalls::All, &filter, 3).await;
        assert_eq!(seen.len(), expected.len(), "{filter:?}");
        assert_eq!(ids(seen.iter().collect()), expected, "{filter:?}");
    };
    let text = |text: &str| Some(text.to_owned());
    check(&|f| f.owner = Some(ann.id.clone()), &|it| it.owner_id == ann.id).await;
    check(&|f| f.team = Some(team.id.clone()), &|it| it.team_id.is_some()).await;
    check(&|f| f.visibility = Some(Visibility::Team), &|it| {
        it.visibility == Visibility::Team
    })
    .await;
    check(&|f| f.language = text("de"), &|it| it.language.is_some()).await;
    check(&|f| f.deal_name = text("gross_"), &|it| it.deal.name.is_some()).await;
    check(&|f| f.deal_stage = text("Won deal"), &|it| {
        it.deal.stage.is_some()
    })
    .await;
    check(&|f| f.deal_outcome = Some(DealOutcome::Won), &|it| {
        it.deal.outcome.is_some()
    })
    .await;
    check(&|f| f.deal_external_id = text("crm-7"), &|it| {
        it.deal.external_id.is_some()
    })
    .await;
    check(&|f| f.deal_amount_minor = from(200), &|it| {
        it.deal.amount_minor >= Some(200)
    })
    .await;
    check(&|f| f.duration_ms = to(100), &|it| {
        it.duration_ms.is_some_and(|ms| ms <= 100)
    })
    .await;
    check(&|f| f.occurred_at = from(300), &|it| it.occurred_at >= Some(300)).await;
    let made_at = calls[8].created_at;
    check(&|f| f.created_at = to(made_at), &|it| it.created_at <= made_at).await;
    check(&|f| f.rep_talk_permille = from(200), &|it| {
        it.talk.rep_talk_permille >= Some(200)
    })
    .await;
    check(&|f| f.rep_longest_monologue_ms = from(6), &|it| {
        it.talk.rep_longest_monologue_ms >= Some(6)
    })
    .await;
    check(&|f| f.rep_question_count = to(0), &|it| {
        it.talk.rep_question_count == Some(0)
    })
    .await;
}

async fn odd_values_find_nothing(b: Bench) {
    let calls = varied(&b, 4).await;
    for (has_comments, count) in [(true, 0), (false, calls.len())] {
        let filter = CallFilter {
            has_comments: Some(has_comments),
            ..CallFilter::default()
        };
        assert_eq!(list(&b, &VisibleCalls::All, &filter, 100).await.len(), count);
    }
    for odd in ["\0", "'", "%", "x\u{10ffff}"] {
        let odd = Some(odd.to_owned());
        let filter = CallFilter {
            participant: odd.clone(),
            tag: odd.clone(),
            language: odd.clone(),
            deal_name: odd.clone(),
            deal_stage: odd.clone(),
            deal_external_id: odd,
            duration_ms: Bounds {
                min: Some(i64::MIN),
                max: Some(i64::MAX),
            },
            ..CallFilter::default()
        };
        assert!(list(&b, &VisibleCalls::All, &filter, 9).await.is_empty());
    }
}

/// Calls of random people, shared in random ways, and everybody who might look: the list shows each exactly
/// what the policy lets them see.
async fn lists_show_what_the_policy_allows(b: Bench) {
    let mut dice = Dice(42);
    let mut people: Vec<UserId> = Vec::new();
    for name in ["ann", "bob", "cat", "dan", "eve"] {
        people.push(b.user(name).await.id);
    }
    let mut teams: Vec<TeamId> = Vec::new();
    for name in ["x", "y", "z"] {
        let team = b.store.team_create(CLI, name).await.unwrap().id;
        for user in &people {
            if dice.roll(2) == 0 {
                b.store.team_add_member(CLI, &team, user).await.unwrap();
            }
        }
        teams.push(team);
    }
    let mut calls = Vec::new();
    for n in 0..60 {
        let owner = &people[dice.roll(5) as usize];
        let team_id = teams.get(dice.roll(4) as usize).cloned();
        let visibility = match dice.roll(6) {
            0 => Visibility::Org,
            1 | 2 => Visibility::Private,
            _ if team_id.is_some() => Visibility::Team,
            _ => Visibility::Private,
        };
        let invited = people.iter().filter(|_| dice.roll(6) == 0).cloned().collect();
        let upload = b.upload(owner, None).await;
        let mut new = new_call(owner, &format!("call {n}"), &upload);
        new.details = CallDetails {
            team_id,
            visibility,
            invited,
            ..CallDetails::default()
        };
        calls.push(b.store.call_create(new).await.unwrap().id);
    }
    // A team goes: what it saw is seen by fewer.
    b.store.team_delete(CLI, &teams[2]).await.unwrap();
    let mut whole = Vec::new();
    for id in &calls {
        whole.push(b.get(id).await);
    }
    for user_id in &people {
        for &role in Role::ALL {
            let viewer = Viewer {
                user_id: user_id.clone(),
                role,
                team_ids: b.store.user_team_ids(user_id).await.unwrap(),
            };
            let visible = policy::visible_calls(&viewer);
            for filter in [
                CallFilter::default(),
                CallFilter {
                    team: Some(teams[0].clone()),
                    ..CallFilter::default()
                },
                CallFilter {
                    shared_with: Some(people[0].clone()),
                    sort: CallSort::Title,
                    ..CallFilter::default()
                },
            ] {
                let wanted = |call: &&Call| {
                    (filter.team.is_none() || call.team_id == filter.team)
                        && filter
                            .shared_with
                            .as_ref()
                            .is_none_or(|id| call.invited.contains(id))
                };
                let mut expected: Vec<_> = whole
                    .iter()
                    .filter(wanted)
                    .filter(|call| policy::may_see_call(&viewer, call))
                    .map(|call| call.id.clone())
                    .collect();
                let mut seen: Vec<_> = list(&b, &visible, &filter, 7)
                    .await
                    .into_iter()
                    .map(|it| it.id)
                    .collect();
                expected.sort();
                seen.sort();
                assert_eq!(seen, expected, "{role} {filter:?}");
            }
        }
    }
    let stranger = VisibleCalls::To(UserId::new(1));
    let for_all = whole
        .iter()
        .filter(|call| call.visibility == Visibility::Org)
        .count();
    assert_eq!(
        list(&b, &stranger, &CallFilter::default(), 200).await.len(),
        for_all
    );
    assert!(for_all > 0);
}
