//! Browsing moments: filters, orders, pages, and the way there.

use gametape_core::{
    call::DealOutcome,
    comment::CommentKind,
    id::{CallId, MomentId, TeamId, UserId},
    moment::{Moment, MomentSort},
    page::PageRequest,
    policy::VisibleCalls,
    rubric::Scale,
    search::Query,
};
use gametape_store::MomentFilter;

use crate::{
    bench::{Bench, MINUTE_MS, START_MS, Where, segment},
    moment::{criterion, write_comment, write_evidence, write_review, write_rubric},
};

crate::on_every_engine!(
    filters_leave_what_fits,
    pages_follow_each_other_in_every_order,
    walking_and_gathering_find_the_same,
    no_list_reads_a_whole_table,
);

async fn list(
    bench: &Bench,
    visible: &VisibleCalls,
    viewer: &UserId,
    filter: &MomentFilter,
    sort: MomentSort,
) -> Vec<Moment> {
    let (mut moments, mut page) = (
        Vec::new(),
        PageRequest {
            after: None,
            limit: 2,
        },
    );
    loop {
        let list = bench
            .store
            .moment_list(visible, viewer, filter, sort, &page)
            .await
            .unwrap();
        assert!(list.items.len() == 2 || list.next.is_none());
        moments.extend(list.items);
        match list.next {
            Some(next) => page.after = Some(next),
            None => return moments,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the field that it fills may be missing")]
fn words(text: &str) -> Option<Query> {
    Some(Query::parse(text).unwrap())
}

const NOTHING: [i64; 0] = [];

#[expect(clippy::too_many_lines, reason = "one filter after the other")]
async fn filters_leave_what_fits(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let team = TeamId::new(START_MS);
    bench
        .write(&[format!(
            "INSERT INTO teams (id, name, name_folded, created_at) VALUES ('{team}', 'T', 't', 0)"
        )])
        .await;
    let said = [
        segment(0, 0, "The price is high."),
        segment(5_000, 1, "We don't see the need."),
    ];
    let first = bench.call_saying(&ann.id, "A", &said).await.id;
    let second = bench.call_saying(&bob.id, "B", &said).await.id;
    bench
        .write(&[
            format!(
                "UPDATE calls SET team_id = '{team}', deal_stage = 'Pilot', deal_outcome = 'won', \
                 deal_external_id = 'crm-1' WHERE id = '{first}'"
            ),
            format!("INSERT INTO call_tags (tag_folded, call_id) VALUES ('größe', '{first}')"),
        ])
        .await;
    let (five, three) = (
        criterion(&bench, "D", Scale::OneToFive),
        criterion(&bench, "R", Scale::OneToThree),
    );
    let rubric = write_rubric(&bench, vec![five.clone(), three.clone()]).await;
    // 0: praise of ann and 2 of 5 by bob; 1: a question of bob; 2: 3 of 3 by ann, disputed; 3: a note of ann.
    write_comment(&bench, &first, &ann.id, (0, 1_000), "praise", "call").await;
    let by_bob = write_review(&bench, &first, &bob.id, &rubric, "released").await;
    write_evidence(&bench, &first, &by_bob, &five.id, Some(2), (0, 1_000)).await;
    bench.clock.advance_ms(MINUTE_MS);
    write_comment(&bench, &first, &bob.id, (5_000, 6_000), "question", "call").await;
    bench.clock.advance_ms(MINUTE_MS);
    let by_ann = write_review(&bench, &second, &ann.id, &rubric, "released").await;
    write_evidence(&bench, &second, &by_ann, &three.id, Some(3), (0, 1_000)).await;
    let by_bob = write_review(&bench, &second, &bob.id, &rubric, "released").await;
    write_evidence(&bench, &second, &by_bob, &three.id, Some(1), (0, 1_000)).await;
    bench.clock.advance_ms(MINUTE_MS);
    write_comment(&bench, &second, &ann.id, (5_000, 6_000), "note", "call").await;
    for call in [&first, &second] {
        bench.store.moment_rebuild(call, None).await.unwrap();
    }

    let all = VisibleCalls::All;
    let numbers = async |filter: MomentFilter| {
        let mut numbers: Vec<i64> = Vec::new();
        for moment in list(&bench, &all, &ann.id, &filter, MomentSort::Newest).await {
            let call = i64::from(moment.call.id == second);
            numbers.push(call * 2 + moment.start_ms / 5_000);
        }
        numbers.reverse();
        numbers
    };
    let none = MomentFilter::default;
    let (a, b) = (Some(ann.id.clone()), Some(bob.id.clone()));
    assert_eq!(numbers(none()).await, [0, 1, 2, 3]);
    assert_eq!(
        numbers(MomentFilter {
            call_id: Some(second.clone()),
            ..none()
        })
        .await,
        [2, 3]
    );
    assert_eq!(
        numbers(MomentFilter {
            owner_id: a.clone(),
            ..none()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        numbers(MomentFilter {
            team_id: Some(team.clone()),
            ..none()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        numbers(MomentFilter {
            tag: Some("GRÖSSE".into()),
            ..none()
        })
        .await,
        NOTHING
    );
    assert_eq!(
        numbers(MomentFilter {
            tag: Some("GRÖßE".into()),
            ..none()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        numbers(MomentFilter {
            deal_stage: Some("Pilot".into()),
            ..none()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        numbers(MomentFilter {
            deal_stage: Some("pilot\0".into()),
            ..none()
        })
        .await,
        NOTHING
    );
    assert_eq!(
        numbers(MomentFilter {
            deal_outcome: Some(DealOutcome::Won),
            ..none()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        numbers(MomentFilter {
            deal_external_id: Some("crm-1".into()),
            ..none()
        })
        .await,
        [0, 1]
    );

    let scored = |criterion: Option<&_>, min: Option<i64>, max: Option<i64>| MomentFilter {
        criterion_id: criterion.cloned(),
        min_score: min,
        max_score: max,
        ..none()
    };
    assert_eq!(numbers(scored(Some(&five.id), None, None)).await, [0]);
    assert_eq!(numbers(scored(Some(&five.id), Some(3), None)).await, NOTHING);
    assert_eq!(numbers(scored(Some(&three.id), Some(2), Some(3))).await, [2]);
    assert_eq!(numbers(scored(None, Some(250), Some(250))).await, [0]);
    assert_eq!(numbers(scored(None, None, Some(300))).await, [0, 2]);
    // One score has to be in the range, not one above and another below.
    assert_eq!(numbers(scored(Some(&three.id), Some(2), Some(2))).await, NOTHING);
    // The very score is theirs.
    let by = |author: &Option<UserId>, filter: MomentFilter| MomentFilter {
        author_id: author.clone(),
        ..filter
    };
    assert_eq!(
        numbers(by(&a, scored(Some(&three.id), None, Some(1)))).await,
        NOTHING
    );
    assert_eq!(numbers(by(&b, scored(Some(&three.id), None, Some(1)))).await, [2]);
    assert_eq!(numbers(by(&a, none())).await, [0, 2, 3]);
    let kind = |kind| MomentFilter {
        comment_kind: Some(kind),
        ..none()
    };
    assert_eq!(numbers(kind(CommentKind::Praise)).await, [0]);
    assert_eq!(numbers(by(&b, kind(CommentKind::Praise))).await, NOTHING);
    assert_eq!(numbers(by(&b, kind(CommentKind::Question))).await, [1]);

    assert_eq!(
        numbers(MomentFilter {
            words: words("price"),
            ..none()
        })
        .await,
        [0, 2]
    );
    assert_eq!(
        numbers(MomentFilter {
            words: words("dont \"the need\""),
            ..none()
        })
        .await,
        [1, 3]
    );
    assert_eq!(
        numbers(MomentFilter {
            words: words("the -pri*"),
            ..none()
        })
        .await,
        [1, 3]
    );
    assert_eq!(
        numbers(MomentFilter {
            words: words("pri"),
            ..none()
        })
        .await,
        NOTHING
    );
    assert_eq!(
        numbers(MomentFilter {
            disputed: true,
            ..none()
        })
        .await,
        [2]
    );
    let dated = |from: Option<i64>, until: Option<i64>| MomentFilter {
        from,
        until,
        ..none()
    };
    assert_eq!(numbers(dated(Some(START_MS + MINUTE_MS), None)).await, [1, 2, 3]);
    assert_eq!(numbers(dated(None, Some(START_MS + MINUTE_MS))).await, [0]);
    let together = MomentFilter {
        owner_id: b.clone(),
        comment_kind: Some(CommentKind::Note),
        words: words("need"),
        ..dated(Some(START_MS), Some(START_MS + 9 * MINUTE_MS))
    };
    assert_eq!(numbers(together).await, [3]);

    let sorted = async |sort| {
        let list = list(&bench, &all, &ann.id, &none(), sort).await;
        list.iter()
            .map(|m| i64::from(m.call.id == second) * 2 + m.start_ms / 5_000)
            .collect::<Vec<_>>()
    };
    assert_eq!(sorted(MomentSort::Highest).await, [2, 0]);
    assert_eq!(sorted(MomentSort::Lowest).await, [2, 0]);
    assert_eq!(sorted(MomentSort::Discussed).await.len(), 4);
    // Where scores are asked for, they are what the order goes by; a moment with two of them comes once.
    for (sort, min_score, expected) in [
        (MomentSort::Highest, None, [2, 0].as_slice()),
        (MomentSort::Lowest, None, &[2, 0]),
        (MomentSort::Lowest, Some(1), &[0, 2]),
        (MomentSort::Highest, Some(1), &[2, 0]),
        (MomentSort::Lowest, Some(251), &[2]),
    ] {
        let filter = MomentFilter { min_score, ..none() };
        let listed = list(&bench, &all, &ann.id, &filter, sort).await;
        let listed: Vec<i64> = listed
            .iter()
            .map(|m| i64::from(m.call.id == second) * 2 + m.start_ms / 5_000)
            .collect();
        assert_eq!(listed, expected, "{sort} {min_score:?}");
    }
    let of_three = scored(Some(&three.id), None, None);
    for sort in [MomentSort::Highest, MomentSort::Lowest] {
        assert_eq!(
            list(&bench, &all, &ann.id, &of_three, sort).await.len(),
            1,
            "{sort}"
        );
    }
    // Calls that bob may not see are left out of his list.
    let his = list(
        &bench,
        &VisibleCalls::To(bob.id.clone()),
        &bob.id,
        &none(),
        MomentSort::Newest,
    )
    .await;
    assert!(his.len() == 2 && his.iter().all(|moment| moment.call.id == second));
}

/// Writes `count` moments of a call in one statement, and as many items: every third has a score of bob's out of
/// five, the others a comment of ann's. Times, scores and counts repeat, so that there are ties.
async fn write_many(bench: &Bench, call: &CallId, ann: &UserId, bob: &UserId, count: i64) {
    let id = MomentId::new(START_MS).to_string();
    let stem = &id[..id.len() - 6];
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    // Padded on the left with zeros, in a way both engines have.
    let moment_id = format!("'{stem}' || SUBSTR('00000' || CAST(i AS TEXT), LENGTH(CAST(i AS TEXT)), 6)");
    let share = "CASE WHEN i % 3 = 0 THEN (i % 5) * 250 END";
    bench
        .write(&[
            format!(
                "{numbers} INSERT INTO moments (id, call_id, layer, start_ms, end_ms, excerpt, words, \
                 comment_count, reply_count, score_count, discussion_count, lowest_permille, highest_permille, \
                 disputed, newest_at) SELECT {moment_id}, '{call}', CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END, i, \
                 i + 1, '', CASE WHEN i % 7 = 0 THEN 'seven times' ELSE 'other' END, 1, 0, 0, i % 4, {share}, \
                 {share}, CASE WHEN i % 50 = 0 THEN 1 ELSE 0 END, {START_MS} + i % 1000 FROM n"
            ),
            format!(
                "{numbers} INSERT INTO moment_items (moment_id, item_id, author_id, comment_kind, review_id, \
                 criterion_id, value, value_permille) SELECT {moment_id}, 'item', \
                 CASE WHEN i % 3 = 0 THEN '{bob}' ELSE '{ann}' END, CASE WHEN i % 3 = 0 THEN NULL ELSE 'praise' \
                 END, CASE WHEN i % 3 = 0 THEN 'review_00000000000000000000000000' END, \
                 CASE WHEN i % 3 = 0 THEN 'crit_00000000000000000000000000' END, \
                 CASE WHEN i % 3 = 0 THEN i % 5 + 1 END, {share} FROM n"
            ),
        ])
        .await;
}

async fn pages_follow_each_other_in_every_order(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let call = bench.ready_call(&ann.id, "A").await.id;
    write_many(&bench, &call, &ann.id, &bob.id, 60).await;
    for sort in MomentSort::ALL {
        let sort = *sort;
        let listed = list(
            &bench,
            &VisibleCalls::All,
            &ann.id,
            &MomentFilter::default(),
            sort,
        )
        .await;
        let key = |moment: &Moment| match sort {
            MomentSort::Newest => Some(moment.newest_at),
            MomentSort::Highest => moment.permilles.map(|permilles| permilles.1),
            MomentSort::Lowest => moment.permilles.map(|permilles| -permilles.0),
            MomentSort::Discussed => Some(moment.discussion_count),
        };
        let keys: Vec<_> = listed.iter().map(key).collect();
        assert!(keys.iter().all(Option::is_some), "{sort}");
        assert!(keys.windows(2).all(|pair| pair[0] >= pair[1]), "{sort}: {keys:?}");
        let ids: std::collections::BTreeSet<_> = listed.iter().map(|moment| &moment.id).collect();
        let expected = match sort {
            MomentSort::Highest | MomentSort::Lowest => 20,
            MomentSort::Newest | MomentSort::Discussed => 60,
        };
        assert_eq!((ids.len(), listed.len()), (expected, expected), "{sort}");
    }
}

/// With few moments lists are gathered, with many the order is walked: both ways lead to the same moments.
async fn walking_and_gathering_find_the_same(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let call = bench.ready_call(&ann.id, "A").await.id;
    write_many(&bench, &call, &ann.id, &bob.id, 15_000).await;
    let page = PageRequest {
        after: None,
        limit: 200,
    };
    let none = MomentFilter::default;
    let criterion_id = Some("crit_00000000000000000000000000".parse().unwrap());
    // Each leaves more than is gathered; together with the number of the call, less.
    for filter in [
        MomentFilter {
            owner_id: Some(ann.id.clone()),
            ..none()
        },
        MomentFilter {
            comment_kind: Some(CommentKind::Praise),
            ..none()
        },
        MomentFilter {
            author_id: Some(bob.id.clone()),
            ..none()
        },
        MomentFilter {
            criterion_id,
            ..none()
        },
        MomentFilter {
            min_score: Some(0),
            ..none()
        },
        MomentFilter {
            words: words("other"),
            ..none()
        },
        MomentFilter {
            from: Some(START_MS + 10),
            ..none()
        },
    ] {
        for sort in MomentSort::ALL {
            let ids = async |visible: &VisibleCalls, filter: &MomentFilter| {
                let list = bench
                    .store
                    .moment_list(visible, &ann.id, filter, *sort, &page)
                    .await
                    .unwrap();
                list.items.into_iter().map(|moment| moment.id).collect::<Vec<_>>()
            };
            let walked = ids(&VisibleCalls::All, &filter).await;
            let gathered = MomentFilter {
                call_id: Some(call.clone()),
                ..filter.clone()
            };
            assert_eq!(
                walked,
                ids(&VisibleCalls::All, &gathered).await,
                "{sort} {filter:?}"
            );
            let visible = VisibleCalls::To(ann.id.clone());
            assert_eq!(walked, ids(&visible, &filter).await, "{sort} {filter:?}");
            assert!(
                !walked.is_empty() || filter.comment_kind.is_some(),
                "{sort} {filter:?}"
            );
        }
    }
}

/// Whether a plan reads a table of what there is a lot of from end to end, in no useful order.
fn reads_a_whole_table(plan: &str) -> bool {
    // The first moments of an order come as `m`, too, once, and have been cut off already.
    let plan = if plan.contains("CO-ROUTINE m\n") {
        plan.replacen("SCAN m\n", "", 1)
    } else {
        plan.to_owned()
    };
    plan.lines().skip(1).map(str::trim).any(|line| {
        let tables = [
            "moments",
            "moment_items",
            "comments",
            "segments",
            "reviews",
            "m",
            "i",
        ];
        let sqlite = tables
            .iter()
            .any(|table| line.starts_with(&format!("SCAN {table}")) && !line.contains("INDEX"));
        let postgres = tables
            .iter()
            .any(|table| line.contains(&format!("Seq Scan on {table} ")));
        sqlite || postgres
    })
}

async fn no_list_reads_a_whole_table(bench: Bench) {
    let ann = bench.user("ann").await;
    let none = MomentFilter::default;
    let filters = [
        none(),
        MomentFilter {
            call_id: Some(CallId::new(1)),
            ..none()
        },
        MomentFilter {
            owner_id: Some(ann.id.clone()),
            ..none()
        },
        MomentFilter {
            team_id: Some(TeamId::new(1)),
            ..none()
        },
        MomentFilter {
            tag: Some("a".into()),
            ..none()
        },
        MomentFilter {
            deal_stage: Some("a".into()),
            ..none()
        },
        MomentFilter {
            deal_outcome: Some(DealOutcome::Open),
            ..none()
        },
        MomentFilter {
            deal_external_id: Some("a".into()),
            ..none()
        },
        MomentFilter {
            criterion_id: Some(gametape_core::id::CriterionId::new(1)),
            ..none()
        },
        MomentFilter {
            criterion_id: Some(gametape_core::id::CriterionId::new(1)),
            min_score: Some(1),
            max_score: Some(2),
            author_id: Some(ann.id.clone()),
            ..none()
        },
        MomentFilter {
            min_score: Some(1),
            max_score: Some(2),
            ..none()
        },
        MomentFilter {
            comment_kind: Some(CommentKind::Note),
            ..none()
        },
        MomentFilter {
            author_id: Some(ann.id.clone()),
            ..none()
        },
        MomentFilter {
            author_id: Some(ann.id.clone()),
            comment_kind: Some(CommentKind::Note),
            ..none()
        },
        MomentFilter {
            words: words("a \"b c\" d* -e"),
            ..none()
        },
        MomentFilter {
            disputed: true,
            ..none()
        },
        MomentFilter {
            from: Some(1),
            until: Some(2),
            ..none()
        },
    ];
    for filter in &filters {
        for sort in MomentSort::ALL {
            for visible in [VisibleCalls::All, VisibleCalls::To(ann.id.clone())] {
                let plans = bench
                    .store
                    .moment_list_plans(&visible, &ann.id, filter, *sort)
                    .await
                    .unwrap();
                assert!(!plans.is_empty());
                for plan in plans {
                    assert!(!reads_a_whole_table(&plan), "{sort} {filter:?}\n{plan}");
                }
            }
        }
    }
}
