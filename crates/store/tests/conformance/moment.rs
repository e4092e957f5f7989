//! How moments are made and kept up to date. What they are made of is written behind the store's back, so these
//! tests need a database that can be opened twice; in memory they have nothing to do.

use gametape_core::{
    id::{AnchorId, CallId, CommentId, CriterionId, EvidenceId, ReviewId, RubricId, UserId},
    job::Priority,
    moment::{Moment, MomentSort},
    page::PageRequest,
    policy::VisibleCalls,
    rubric::{Criterion, Definition, Scale},
    transcript::{Speaker, SpeakerRole},
};
use gametape_store::{Correction, MomentFilter};

use crate::bench::{Bench, CLI, MINUTE_MS, Where, assert_not_found, segment};

crate::on_every_engine!(
    moments_are_made_of_what_everybody_sees,
    who_reviews_a_call_sees_no_trace_of_scores,
    a_part_made_anew_is_as_good_as_the_whole,
    moments_keep_their_ids_while_something_of_them_is_left,
    excerpts_follow_the_transcript,
    excerpts_say_who_speaks_and_what_people_read,
    moments_go_with_their_call,
);

pub(crate) fn criterion(bench: &Bench, title: &str, scale: Scale) -> Criterion {
    Criterion {
        id: CriterionId::new(bench.now()),
        title: title.to_owned(),
        guidance: String::new(),
        scale,
        levels: Vec::new(),
        weight: 1,
        cap: None,
        evidence_required: true,
    }
}

/// Writes a rubric with these lines.
pub(crate) async fn write_rubric(bench: &Bench, criteria: Vec<Criterion>) -> RubricId {
    let id = RubricId::new(bench.now());
    let definition = serde_json::to_string(&Definition { criteria }).unwrap();
    bench
        .write(&[
            format!(
                "INSERT INTO rubrics (id, title, description, current_version, version, created_at) \
                 VALUES ('{id}', 'R', '', 1, 1, 0)"
            ),
            format!(
                "INSERT INTO rubric_versions (rubric_id, version, title, definition, published_at) \
                 VALUES ('{id}', 1, 'R', '{definition}', 0)"
            ),
        ])
        .await;
    id
}

fn anchor(bench: &Bench, call: &CallId, start_ms: i64, end_ms: i64) -> (AnchorId, String) {
    let id = AnchorId::new(bench.now());
    let sql = format!(
        "INSERT INTO anchors (id, call_id, start_ms, end_ms, quote, prefix, suffix, status, created_at) \
         VALUES ('{id}', '{call}', {start_ms}, {end_ms}, '', '', '', 'exact', 0)"
    );
    (id, sql)
}

/// Writes a comment of a kind for an audience.
pub(crate) async fn write_comment(
    bench: &Bench,
    call: &CallId,
    author: &UserId,
    (start_ms, end_ms): (i64, i64),
    kind: &str,
    audience: &str,
) -> CommentId {
    let (anchor_id, anchor) = anchor(bench, call, start_ms, end_ms);
    let (id, now) = (CommentId::new(bench.now()), bench.now());
    let comment = format!(
        "INSERT INTO comments (id, call_id, author_id, anchor_id, kind, audience, body, mentions, version, \
         created_at) VALUES ('{id}', '{call}', '{author}', '{anchor_id}', '{kind}', '{audience}', 'Body of {id}', \
         '[]', 1, {now})"
    );
    bench.write(&[anchor, comment]).await;
    id
}

pub(crate) async fn write_reply(
    bench: &Bench,
    call: &CallId,
    author: &UserId,
    parent: &CommentId,
) -> CommentId {
    let (id, now) = (CommentId::new(bench.now()), bench.now());
    bench
        .write(&[format!(
            "INSERT INTO comments (id, call_id, parent_id, author_id, kind, audience, body, mentions, version, \
             created_at) VALUES ('{id}', '{call}', '{parent}', '{author}', 'note', 'call', 'Reply', '[]', 1, {now})"
        )])
        .await;
    id
}

pub(crate) async fn write_review(
    bench: &Bench,
    call: &CallId,
    reviewer: &UserId,
    rubric: &RubricId,
    state: &str,
) -> ReviewId {
    let (id, now) = (ReviewId::new(bench.now()), bench.now());
    let released = if state == "released" {
        now.to_string()
    } else {
        "NULL".to_owned()
    };
    bench
        .write(&[format!(
            "INSERT INTO reviews (id, call_id, reviewer_id, rubric_id, rubric_version, state, summary, \
             released_at, version, created_at) VALUES ('{id}', '{call}', '{reviewer}', '{rubric}', 1, '{state}', \
             '', {released}, 1, {now})"
        )])
        .await;
    id
}

/// Writes a score, unless it is there, and a place that it rests on.
pub(crate) async fn write_evidence(
    bench: &Bench,
    call: &CallId,
    review: &ReviewId,
    criterion: &CriterionId,
    value: Option<i64>,
    (start_ms, end_ms): (i64, i64),
) -> EvidenceId {
    let (anchor_id, anchor) = anchor(bench, call, start_ms, end_ms);
    let (id, now) = (EvidenceId::new(bench.now()), bench.now());
    let value = value.map_or("NULL".to_owned(), |value| value.to_string());
    let score = format!(
        "INSERT INTO scores (review_id, criterion_id, value, note, updated_at) \
         VALUES ('{review}', '{criterion}', {value}, 'Note', 0) ON CONFLICT (review_id, criterion_id) DO NOTHING"
    );
    let evidence = format!(
        "INSERT INTO evidence (id, review_id, criterion_id, anchor_id, created_at) \
         VALUES ('{id}', '{review}', '{criterion}', '{anchor_id}', {now})"
    );
    bench.write(&[anchor, score, evidence]).await;
    id
}

/// All moments of calls that somebody sees, by start.
async fn seen(bench: &Bench, viewer: &UserId) -> Vec<Moment> {
    let page = PageRequest::default();
    let list = bench
        .store
        .moment_list(
            &VisibleCalls::All,
            viewer,
            &MomentFilter::default(),
            MomentSort::Newest,
            &page,
        )
        .await
        .unwrap();
    assert!(list.next.is_none());
    let mut moments = list.items;
    moments.sort_by_key(|moment| moment.start_ms);
    moments
}

fn ranges(moments: &[Moment]) -> Vec<(i64, i64)> {
    moments
        .iter()
        .map(|moment| (moment.start_ms, moment.end_ms))
        .collect()
}

async fn moments_are_made_of_what_everybody_sees(bench: Bench) {
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let call = bench.ready_call(&ann.id, "A").await.id;
    assert_not_found(bench.store.moment_rebuild(&CallId::new(1), None).await);
    if bench.place == Where::Memory {
        return;
    }
    let five = criterion(&bench, "Discovery", Scale::OneToFive);
    let other = criterion(&bench, "Rapport", Scale::YesNo);
    let rubric = write_rubric(&bench, vec![five.clone(), other.clone()]).await;

    let first = write_comment(&bench, &call, &ann.id, (0, 1_000), "praise", "call").await;
    write_comment(&bench, &call, &bob.id, (500, 2_000), "question", "call").await;
    // None of these is for everybody, or has a place.
    write_comment(&bench, &call, &bob.id, (0, 60_000), "note", "author").await;
    write_comment(&bench, &call, &bob.id, (0, 60_000), "note", "mentioned").await;
    let gone = write_comment(&bench, &call, &bob.id, (0, 60_000), "note", "call").await;
    bench
        .write(&[format!("UPDATE comments SET deleted_at = 1 WHERE id = '{gone}'")])
        .await;
    bench.clock.advance_ms(MINUTE_MS);
    let reply = write_reply(&bench, &call, &bob.id, &first).await;
    write_reply(&bench, &call, &ann.id, &first).await;
    bench
        .write(&[format!("UPDATE comments SET deleted_at = 1 WHERE id = '{reply}'")])
        .await;
    for state in ["draft", "submitted", "withdrawn"] {
        let rubric = write_rubric(&bench, vec![five.clone()]).await;
        let review = write_review(&bench, &call, &bob.id, &rubric, state).await;
        write_evidence(&bench, &call, &review, &five.id, Some(3), (0, 60_000)).await;
    }
    let review = write_review(&bench, &call, &bob.id, &rubric, "released").await;
    write_evidence(&bench, &call, &review, &five.id, Some(4), (1_500, 3_000)).await;
    write_evidence(&bench, &call, &review, &five.id, Some(4), (2_000, 2_500)).await;
    write_evidence(&bench, &call, &review, &other.id, None, (3_000, 4_000)).await;
    bench.store.moment_rebuild(&call, None).await.unwrap();

    let moments = seen(&bench, &ann.id).await;
    assert_eq!(ranges(&moments), [(0, 3_000), (3_000, 4_000)]);
    let moment = &moments[0];
    assert_eq!(moment.call.id, call);
    assert_eq!(
        (moment.call.title.as_str(), &moment.call.owner_id),
        ("A", &ann.id)
    );
    assert_eq!(moment.excerpt, "Hello. Hi there.");
    let mut people = [ann.id.clone(), bob.id.clone()];
    people.sort();
    assert_eq!(moment.people, people);
    let kinds: Vec<_> = moment
        .comments
        .iter()
        .map(|(kind, n)| (kind.as_str(), *n))
        .collect();
    assert_eq!(kinds, [("praise", 1), ("question", 1)]);
    // A score counts once, though it rests on two places here.
    assert_eq!(
        (moment.reply_count, moment.discussion_count, moment.scores.len()),
        (1, 4, 1)
    );
    let score = &moment.scores[0];
    assert_eq!(
        (
            score.criterion_title.as_str(),
            score.value,
            score.scale,
            &score.reviewer_id
        ),
        ("Discovery", Some(4), Some(Scale::OneToFive), &bob.id)
    );
    assert_eq!(moment.permilles, Some((750, 750)));
    assert_eq!(moment.newest_at, bench.now());
    assert!(!moment.disputed);
    // Not applicable is a score, but none that can be high or low.
    assert_eq!((moments[1].scores[0].value, moments[1].permilles), (None, None));

    let review = write_review(&bench, &call, &ann.id, &rubric, "released").await;
    write_evidence(&bench, &call, &review, &five.id, Some(2), (2_900, 3_000)).await;
    bench
        .store
        .moment_rebuild(&call, Some((2_900, 3_000)))
        .await
        .unwrap();
    assert!(seen(&bench, &ann.id).await[0].disputed);
}

async fn who_reviews_a_call_sees_no_trace_of_scores(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob, eve) = (
        bench.user("ann").await,
        bench.user("bob").await,
        bench.user("eve").await,
    );
    let (call, other) = (
        bench.ready_call(&ann.id, "A").await.id,
        bench.ready_call(&ann.id, "B").await.id,
    );
    let line = criterion(&bench, "Discovery", Scale::OneToFive);
    let rubric = write_rubric(&bench, vec![line.clone()]).await;
    for call in [&call, &other] {
        write_comment(&bench, call, &ann.id, (0, 1_000), "praise", "call").await;
        write_comment(&bench, call, &ann.id, (4_000, 5_000), "praise", "call").await;
        write_comment(&bench, call, &ann.id, (9_000, 9_500), "praise", "call").await;
        let review = write_review(&bench, call, &bob.id, &rubric, "released").await;
        write_evidence(&bench, call, &review, &line.id, Some(1), (500, 4_500)).await;
        write_evidence(&bench, call, &review, &line.id, Some(1), (7_000, 8_000)).await;
        bench.store.moment_rebuild(call, None).await.unwrap();
    }
    let open = vec![(0, 5_000), (7_000, 8_000), (9_000, 9_500)];
    let hidden = vec![(0, 1_000), (4_000, 5_000), (9_000, 9_500)];
    let of = async |viewer: &UserId, call: &CallId| {
        let all = seen(&bench, viewer).await;
        all.into_iter()
            .filter(|moment| moment.call.id == *call)
            .collect::<Vec<_>>()
    };
    let review = write_review(&bench, &call, &eve.id, &rubric, "draft").await;
    assert_eq!(ranges(&of(&ann.id, &call).await), open);
    let blind = of(&eve.id, &call).await;
    assert_eq!(ranges(&blind), hidden);
    assert!(
        blind
            .iter()
            .all(|moment| moment.scores.is_empty() && moment.people == [ann.id.clone()])
    );
    assert!(
        blind
            .iter()
            .all(|moment| moment.permilles.is_none() && !moment.disputed)
    );
    assert_eq!(ranges(&of(&eve.id, &other).await), open);

    // What leads to one of them by its id is hidden, too.
    let get = async |viewer: &UserId, moment: &Moment| {
        bench
            .store
            .moment_get(&VisibleCalls::All, viewer, &moment.id)
            .await
            .unwrap()
    };
    let scored = of(&ann.id, &call).await.remove(0);
    let (found, items) = get(&ann.id, &scored).await.unwrap();
    assert_eq!(found, scored);
    let items: Vec<_> = items
        .iter()
        .map(|shown| (shown.item.start_ms, shown.text.clone()))
        .collect();
    assert_eq!(items.len(), 3);
    assert_eq!(items[1], (500, "Note".to_owned()));
    assert!(items[0].1.starts_with("Body of comment_"));
    assert!(get(&eve.id, &scored).await.is_none());
    assert!(get(&eve.id, &blind[0]).await.is_some());
    assert!(get(&ann.id, &blind[0]).await.is_none());
    let stranger = VisibleCalls::To(eve.id.clone());
    assert!(
        bench
            .store
            .moment_get(&stranger, &eve.id, &blind[0].id)
            .await
            .unwrap()
            .is_none()
    );
    let list = bench
        .store
        .moment_list(
            &stranger,
            &eve.id,
            &MomentFilter::default(),
            MomentSort::Newest,
            &PageRequest::default(),
        )
        .await
        .unwrap();
    assert!(list.items.is_empty());

    bench
        .write(&[format!(
            "UPDATE reviews SET state = 'submitted' WHERE id = '{review}'"
        )])
        .await;
    assert_eq!(ranges(&of(&eve.id, &call).await), open);
}

/// All that is kept of a call's moments, as text.
async fn kept(bench: &Bench) -> Vec<String> {
    let mut kept = bench
        .texts(
            "SELECT CAST(layer AS TEXT) || ' ' || id || ' ' || CAST(start_ms AS TEXT) || '-' \
               || CAST(end_ms AS TEXT) || ' ' || excerpt || ' ' || words || ' ' || CAST(comment_count AS TEXT) \
               || ' ' || CAST(reply_count AS TEXT) || ' ' || CAST(score_count AS TEXT) || ' ' \
               || COALESCE(CAST(lowest_permille AS TEXT), '') || ' ' \
               || COALESCE(CAST(highest_permille AS TEXT), '') || ' ' || CAST(disputed AS TEXT) || ' ' \
               || CAST(newest_at AS TEXT) FROM moments ORDER BY id",
        )
        .await;
    kept.extend(
        bench
            .texts(
                "SELECT moment_id || ' ' || item_id || ' ' || author_id || COALESCE(comment_kind, '') \
                   || COALESCE(criterion_id, '') || COALESCE(CAST(value AS TEXT), '') \
                   || COALESCE(CAST(value_permille AS TEXT), '') FROM moment_items ORDER BY moment_id, item_id",
            )
            .await,
    );
    kept
}

/// The same numbers on every run.
fn below(state: &mut u64, bound: i64) -> i64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as i64 % bound
}

async fn a_part_made_anew_is_as_good_as_the_whole(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let call = bench.ready_call(&ann.id, "A").await.id;
    let line = criterion(&bench, "Discovery", Scale::OneToFive);
    let rubric = write_rubric(&bench, vec![line.clone()]).await;
    let review = write_review(&bench, &call, &bob.id, &rubric, "released").await;
    let mut random = 11;
    let mut there: Vec<(String, (i64, i64))> = Vec::new();
    for _ in 0..80 {
        bench.clock.advance_ms(1);
        let start_ms = below(&mut random, 3_000);
        let range = (start_ms, start_ms + 1 + below(&mut random, 300));
        let changed = match below(&mut random, 5) {
            0 | 1 => {
                let id = write_comment(&bench, &call, &ann.id, range, "praise", "call").await;
                there.push((format!("comments SET deleted_at = 1 WHERE id = '{id}'"), range));
                range
            }
            2 => {
                let id = write_evidence(&bench, &call, &review, &line.id, Some(3), range).await;
                there.push((
                    format!("evidence SET review_id = 'gone' WHERE id = '{id}'"),
                    range,
                ));
                range
            }
            _ if there.is_empty() => continue,
            _ => {
                let (update, range) = there.swap_remove(below(&mut random, there.len() as i64) as usize);
                // Evidence is deleted outright.
                let statement = match update.split_once("evidence SET review_id = 'gone'") {
                    Some((_, rest)) => format!("DELETE FROM evidence{rest}"),
                    None => format!("UPDATE {update}"),
                };
                bench.write(&[statement]).await;
                range
            }
        };
        bench.store.moment_rebuild(&call, Some(changed)).await.unwrap();
        let part = kept(&bench).await;
        bench.store.moment_rebuild(&call, None).await.unwrap();
        assert_eq!(part, kept(&bench).await);
    }
    assert!(
        there.len() > 10,
        "there is something left to look at: {}",
        there.len()
    );
}

async fn moments_keep_their_ids_while_something_of_them_is_left(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let ann = bench.user("ann").await;
    let call = bench.ready_call(&ann.id, "A").await.id;
    let line = criterion(&bench, "Discovery", Scale::OneToFive);
    let rubric = write_rubric(&bench, vec![line.clone()]).await;
    let ids = async || -> Vec<_> { seen(&bench, &ann.id).await.into_iter().map(|m| m.id).collect() };
    let make = async |range: (i64, i64)| bench.store.moment_rebuild(&call, Some(range)).await.unwrap();

    write_comment(&bench, &call, &ann.id, (1_000, 2_000), "praise", "call").await;
    write_comment(&bench, &call, &ann.id, (4_000, 5_000), "praise", "call").await;
    make((1_000, 5_000)).await;
    let before = ids().await;
    assert_eq!(before.len(), 2);
    // Joined: the earlier one goes on.
    let between = write_comment(&bench, &call, &ann.id, (1_500, 4_500), "praise", "call").await;
    make((1_500, 4_500)).await;
    assert_eq!(ids().await, before[..1]);
    // Apart again: the first part goes on, the other is new.
    bench
        .write(&[format!(
            "UPDATE comments SET deleted_at = 1 WHERE id = '{between}'"
        )])
        .await;
    make((1_500, 4_500)).await;
    let after = ids().await;
    assert_eq!((after.len(), &after[0]), (2, &before[0]));
    // A score joins, the id stays.
    let review = write_review(&bench, &call, &ann.id, &rubric, "released").await;
    write_evidence(&bench, &call, &review, &line.id, Some(3), (0, 1_500)).await;
    make((0, 1_500)).await;
    assert_eq!(ids().await, after);
    bench.write(&["DELETE FROM evidence".to_owned()]).await;
    make((0, 1_500)).await;
    assert_eq!(ids().await, after);
    assert_eq!(bench.count("moments").await, 2);
}

async fn excerpts_follow_the_transcript(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let ann = bench.user("ann").await;
    let long = "word ".repeat(80);
    let segments = [
        segment(0, 0, "Good morning."),
        segment(60, 1, "Hello you."),
        segment(1_000, 0, long.trim()),
    ];
    let call = bench.call_saying(&ann.id, "A", &segments).await.id;
    write_comment(&bench, &call, &ann.id, (0, 300), "praise", "call").await;
    write_comment(&bench, &call, &ann.id, (900, 10_000), "praise", "call").await;
    bench.store.moment_rebuild(&call, None).await.unwrap();
    let moments = seen(&bench, &ann.id).await;
    assert_eq!(moments[0].excerpt, "Good morning. Hello you.");
    assert_eq!(moments[1].excerpt, format!("{}…", "word ".repeat(48).trim()));

    bench
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    bench
        .transcribe_saying(&call, &[segment(0, 0, "Guten Morgen.")])
        .await;
    let moments = seen(&bench, &ann.id).await;
    assert_eq!(
        (moments[0].excerpt.as_str(), moments[1].excerpt.as_str()),
        ("Guten Morgen.", "")
    );
}

async fn excerpts_say_who_speaks_and_what_people_read(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let ann = bench.user("ann").await;
    let segments = [segment(0, 0, "Good mourning."), segment(60, 1, "Hello you.")];
    let call = bench.call_saying(&ann.id, "A", &segments).await.id;
    write_comment(&bench, &call, &ann.id, (0, 300), "praise", "call").await;
    bench.store.moment_rebuild(&call, None).await.unwrap();
    let turns = async || {
        let moment = seen(&bench, &ann.id).await.remove(0);
        let turns = moment.turns.into_iter();
        let said = turns.map(|turn| (turn.speaker.name, turn.text)).collect();
        let said: Vec<(String, String)> = said;
        (moment.excerpt, said)
    };
    let said = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let (excerpt, names) = turns().await;
    assert_eq!(excerpt, "Good mourning. Hello you.");
    assert_eq!(
        names,
        [said("Rep", "Good mourning."), said("Customer", "Hello you.")]
    );

    // A correction is read at once, and a name as it is today.
    let transcript = bench.store.transcript_read(&call).await.unwrap().unwrap();
    let correction = Correction {
        author_id: ann.id.clone(),
        text: "Good morning.".to_owned(),
        was: None,
    };
    let id = transcript.segments[0].id.clone().unwrap();
    bench.store.segment_correct(&call, &id, correction).await.unwrap();
    let pat = Speaker {
        role: SpeakerRole::Customer,
        name: "Pat".to_owned(),
    };
    bench.store.call_set_speaker(&call, 1, pat).await.unwrap();
    let (excerpt, names) = turns().await;
    assert_eq!(excerpt, "Good morning. Hello you.");
    assert_eq!(names, [said("Rep", "Good morning."), said("Pat", "Hello you.")]);
}

async fn moments_go_with_their_call(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let ann = bench.user("ann").await;
    let call = bench.ready_call(&ann.id, "A").await.id;
    write_comment(&bench, &call, &ann.id, (0, 200), "praise", "call").await;
    bench.store.moment_rebuild(&call, None).await.unwrap();
    assert_eq!(bench.count("moments").await, 1);
    // Comments and what they are tied to go with the call by a way of their own.
    bench
        .write(&[
            "DELETE FROM comments".to_owned(),
            "DELETE FROM anchors".to_owned(),
        ])
        .await;
    bench.store.call_delete(CLI, &call).await.unwrap();
    assert_eq!(
        (bench.count("moments").await, bench.count("moment_items").await),
        (0, 0)
    );
}
