//! Searching: the same words find the same texts on every engine.

use gametape_core::{
    call::DealOutcome,
    id::{CallId, CommentId, TeamId, UserId},
    job::Priority,
    page::PageRequest,
    policy::VisibleCalls,
    search::{Query, SearchHit, SearchKind},
    transcript::{Speaker, SpeakerRole},
};
use gametape_store::{CallPatch, SearchFilter};

use crate::bench::{Bench, CLI, MINUTE_MS, START_MS, Where, segment};

crate::on_every_engine!(
    the_same_words_find_the_same_texts,
    results_follow_titles_transcripts_and_speakers,
    comments_are_found_by_those_who_see_them,
    filters_and_pages,
    a_frequent_word_finds_the_newest_calls_first,
    no_search_reads_a_whole_table,
);

async fn find_as(
    bench: &Bench,
    visible: &VisibleCalls,
    viewer: &UserId,
    text: &str,
    filter: &SearchFilter,
) -> Vec<SearchHit> {
    let query = Query::parse(text).unwrap();
    let (mut hits, mut page) = (
        Vec::new(),
        PageRequest {
            after: None,
            limit: 3,
        },
    );
    loop {
        let found = bench
            .store
            .search(visible, viewer, &query, filter, &page)
            .await
            .unwrap();
        assert!(found.items.len() == 3 || found.next.is_none());
        hits.extend(found.items);
        match found.next {
            Some(next) => page.after = Some(next),
            None => return hits,
        }
    }
}

fn whole(hit: &SearchHit) -> String {
    hit.parts.iter().map(|part| part.text.as_str()).collect()
}

/// What is found by somebody who sees everything, marked.
async fn find(bench: &Bench, text: &str) -> Vec<String> {
    let everything = SearchFilter::default();
    let hits = find_as(bench, &VisibleCalls::All, &UserId::new(1), text, &everything).await;
    let mark = |hit: &SearchHit| {
        let show = |part: &gametape_core::search::Part| {
            if part.matched {
                format!("[{}]", part.text)
            } else {
                part.text.clone()
            }
        };
        hit.parts.iter().map(show).collect()
    };
    hits.iter().map(mark).collect()
}

async fn the_same_words_find_the_same_texts(bench: Bench) {
    let ann = bench.user("ann").await;
    let texts = [
        "B2B deals of 10k, 3D models, 1e5 times, v2.0.1 and 007.",
        "I don't think so - it’s a follow-up; see https://example.com/a-b?c=d.",
        "Größe, ÜBER, Straße, ΣΊΣΥΦΟΣ, İstanbul, ½ and x².",
        "naïve cafe\u{301} Привет МИР 你好 日本語 हिन्दी العربية",
        "-5 and +7, 1,000.50 at 12:30 on 2025-01-02, a@b.com &amp; <b>bold</b> 'quoted'",
        "the next step is next: step by step",
        "a.b.c U.S.A. can not cannot n't _under_score_ C++ C# #tag",
        "0x1f 1e 1e5abc 5e 12e+3 -12e3 1.5e-3x 1st",
    ];
    let segments: Vec<_> = (0..)
        .zip(&texts)
        .map(|(i, text)| segment(i * 1_000, 0, text))
        .collect();
    bench.call_saying(&ann.id, "Zebra", &segments).await;
    for (text, expected) in [
        ("b2b", vec![0]),
        ("B2B 10K", vec![0]),
        ("3d", vec![0]),
        ("1e5", vec![0]),
        ("\"v2 0 1\"", vec![0]),
        ("v2.0.1", vec![0]),
        ("007", vec![0]),
        ("07", vec![]),
        ("dont", vec![1]),
        ("don't", vec![1]),
        ("don’t", vec![1]),
        ("it's", vec![1]),
        ("follow-up", vec![1]),
        ("\"follow up see\"", vec![1]),
        ("followup", vec![]),
        ("example.com", vec![1]),
        ("https", vec![1]),
        ("größe", vec![2]),
        ("GRÖSSE", vec![]),
        ("grosse", vec![]),
        ("über straße", vec![2]),
        ("σίσυφοσ", vec![2]),
        ("ΣΊΣΥΦΟΣ", vec![2]),
        ("İSTANBUL", vec![2]),
        ("½", vec![2]),
        ("x²", vec![2]),
        ("naïve", vec![3]),
        ("naive", vec![]),
        ("cafe", vec![3]),
        ("привет мир", vec![3]),
        ("你好", vec![3]),
        ("你*", vec![3]),
        ("हिन्दी", vec![3]),
        ("العربية", vec![3]),
        ("5", vec![4]),
        ("\"1 000 50\"", vec![4]),
        ("2025-01-02", vec![4]),
        ("a@b.com", vec![4]),
        ("bold", vec![4]),
        ("quoted", vec![4]),
        ("\"next step\"", vec![5]),
        ("\"step next\"", vec![]),
        ("\"next step by\"", vec![5]),
        ("\"step by st*\"", vec![5]),
        ("ste*", vec![5]),
        ("step -by", vec![]),
        ("next -\"step next\"", vec![5]),
        ("u.s.a.", vec![6]),
        ("usa", vec![]),
        ("cannot", vec![6]),
        ("can -cannot", vec![]),
        ("under score", vec![6]),
        ("0x1f", vec![7]),
        ("1e5abc", vec![7]),
        ("1e*", vec![0, 7]),
        ("12e", vec![7]),
        ("1st", vec![7]),
        ("nt", vec![6]),
        ("not or and", vec![]),
        ("and -and", vec![]),
    ] {
        let found = find(&bench, text).await;
        let found: Vec<String> = found.iter().map(|text| text.replace(['[', ']'], "")).collect();
        let expected: Vec<&str> = expected.into_iter().map(|i: usize| texts[i]).collect();
        assert_eq!(found, expected, "{text}");
    }
    // The program's own word on it, for every text and every word of it.
    for word in texts.iter().flat_map(|text| gametape_core::words::cut(text)) {
        let query = Query::parse(&word.word).unwrap();
        let own: Vec<&str> = texts.iter().copied().filter(|text| query.matches(text)).collect();
        let found = find(&bench, &word.word).await;
        let found: Vec<String> = found.iter().map(|text| text.replace(['[', ']'], "")).collect();
        assert_eq!(found, own, "{}", word.word);
    }
    assert_eq!(
        find(&bench, "\"next st*\"").await,
        ["the [next step] is [next: step] by step"]
    );
}

async fn results_follow_titles_transcripts_and_speakers(bench: Bench) {
    let ann = bench.user("ann").await;
    let call = bench.ready_call(&ann.id, "First title").await.id;
    assert_eq!(find(&bench, "title").await, ["First [title]"]);
    let hits = find_as(
        &bench,
        &VisibleCalls::All,
        &ann.id,
        "hello",
        &SearchFilter::default(),
    )
    .await;
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].kind, hits[0].range_ms),
        (SearchKind::Segment, Some((0, 900)))
    );
    assert_eq!(
        (hits[0].speaker_role, hits[0].call.id.clone()),
        (Some(SpeakerRole::Rep), call.clone())
    );
    assert_eq!(hits[0].call.title, "First title");

    let title = CallPatch {
        title: Some("Second name".to_owned()),
        ..CallPatch::default()
    };
    bench.store.call_update(CLI, &call, title).await.unwrap();
    assert!(find(&bench, "title").await.is_empty());
    assert_eq!(find(&bench, "name").await, ["Second [name]"]);

    let customers = SearchFilter {
        speaker_role: Some(SpeakerRole::Customer),
        ..SearchFilter::default()
    };
    assert!(
        find_as(&bench, &VisibleCalls::All, &ann.id, "hello", &customers)
            .await
            .is_empty()
    );
    let speaker = Speaker {
        role: SpeakerRole::Customer,
        name: "Sue".to_owned(),
    };
    bench.store.call_set_speaker(&call, 0, speaker).await.unwrap();
    assert_eq!(
        find_as(&bench, &VisibleCalls::All, &ann.id, "hello", &customers)
            .await
            .len(),
        1
    );

    // Of transcripts only the one that people read.
    bench
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    assert_eq!(find(&bench, "hello").await.len(), 1);
    bench
        .transcribe_saying(&call, &[segment(0, 0, "Good day.")])
        .await;
    assert!(find(&bench, "hello").await.is_empty());
    assert_eq!(find(&bench, "day").await, ["Good [day]."]);

    bench.store.call_delete(CLI, &call).await.unwrap();
    for word in ["day", "name", "hello"] {
        assert!(find(&bench, word).await.is_empty(), "{word}");
    }
}

async fn write_comment(
    bench: &Bench,
    call: &CallId,
    author: &UserId,
    parent: Option<&CommentId>,
    audience: &str,
    text: &str,
) -> CommentId {
    let id = CommentId::new(bench.now());
    let parent = parent.map_or("NULL".to_owned(), |parent| format!("'{parent}'"));
    let words = gametape_core::words::bare(text);
    bench
        .write(&[
            format!(
                "INSERT INTO comments (id, call_id, parent_id, author_id, kind, audience, body, mentions, version, \
                 created_at) VALUES ('{id}', '{call}', {parent}, '{author}', 'note', '{audience}', '{text}', '[]', \
                 1, 0)"
            ),
            format!(
                "INSERT INTO search_documents (kind, source_id, call_id, text, words) \
                 VALUES ('comment', '{id}', '{call}', '{text}', '{words}')"
            ),
        ])
        .await;
    id
}

async fn comments_are_found_by_those_who_see_them(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let (ann, bob, eve) = (
        bench.user("ann").await,
        bench.user("bob").await,
        bench.user("eve").await,
    );
    let call = bench.ready_call(&ann.id, "A").await.id;
    write_comment(&bench, &call, &ann.id, None, "call", "secret open").await;
    let some = write_comment(&bench, &call, &ann.id, None, "mentioned", "secret some").await;
    bench
        .write(&[format!(
            "INSERT INTO comment_mentions (user_id, comment_id) VALUES ('{}', '{some}')",
            bob.id
        )])
        .await;
    let own = write_comment(&bench, &call, &ann.id, None, "author", "secret own").await;
    // Answers follow what they answer, whatever they say themselves.
    write_comment(&bench, &call, &bob.id, Some(&some), "call", "secret reply some").await;
    write_comment(&bench, &call, &ann.id, Some(&own), "call", "secret reply own").await;
    let gone = write_comment(&bench, &call, &ann.id, None, "call", "secret gone").await;
    bench
        .write(&[format!("UPDATE comments SET deleted_at = 1 WHERE id = '{gone}'")])
        .await;

    let seen = async |visible: &VisibleCalls, viewer: &UserId| {
        let hits = find_as(&bench, visible, viewer, "secret", &SearchFilter::default()).await;
        let mut texts: Vec<String> = hits.iter().map(whole).collect();
        texts.sort();
        texts
    };
    let all = VisibleCalls::All;
    assert_eq!(
        seen(&all, &ann.id).await,
        [
            "secret open",
            "secret own",
            "secret reply own",
            "secret reply some",
            "secret some"
        ]
    );
    assert_eq!(
        seen(&all, &bob.id).await,
        ["secret open", "secret reply some", "secret some"]
    );
    // An administrator sees all calls, but no notes that are meant for others.
    assert_eq!(seen(&all, &eve.id).await, ["secret open"]);
    assert!(seen(&VisibleCalls::To(eve.id.clone()), &eve.id).await.is_empty());
    let hits = find_as(&bench, &all, &bob.id, "\"reply some\"", &SearchFilter::default()).await;
    assert_eq!(
        (hits[0].author_id.clone(), hits[0].range_ms),
        (Some(bob.id.clone()), None)
    );
}

#[expect(clippy::too_many_lines, reason = "one filter after the other")]
async fn filters_and_pages(bench: Bench) {
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let said: Vec<_> = (0..4)
        .map(|i| segment(i * 1_000, (i % 2) as usize, "Again a word."))
        .collect();
    let first = bench.call_saying(&ann.id, "Word one", &said).await.id;
    bench.clock.advance_ms(MINUTE_MS);
    let second = bench.call_saying(&bob.id, "Word two", &said).await.id;
    let none = SearchFilter::default;
    let count = async |filter: SearchFilter| {
        let hits = find_as(&bench, &VisibleCalls::All, &ann.id, "word", &filter).await;
        let newest = hits.iter().filter(|hit| hit.call.id == second).count();
        (newest, hits.len() - newest)
    };
    let hits = find_as(&bench, &VisibleCalls::All, &ann.id, "word", &none()).await;
    let order: Vec<_> = hits
        .iter()
        .map(|hit| (hit.call.id == second, hit.range_ms.map(|range| range.0)))
        .collect();
    let of_one = |is_second| [None, Some(0), Some(1_000), Some(2_000), Some(3_000)].map(|at| (is_second, at));
    assert_eq!(order, [of_one(true), of_one(false)].concat());

    let title = Some(SearchKind::Title);
    assert_eq!(
        count(SearchFilter {
            kind: title,
            ..none()
        })
        .await,
        (1, 1)
    );
    let role = Some(SpeakerRole::Customer);
    assert_eq!(
        count(SearchFilter {
            speaker_role: role,
            ..none()
        })
        .await,
        (2, 2)
    );
    assert_eq!(
        count(SearchFilter {
            call_id: Some(first.clone()),
            ..none()
        })
        .await,
        (0, 5)
    );
    assert_eq!(
        count(SearchFilter {
            owner_id: Some(bob.id.clone()),
            ..none()
        })
        .await,
        (5, 0)
    );
    assert_eq!(
        count(SearchFilter {
            team_id: Some(TeamId::new(1)),
            ..none()
        })
        .await,
        (0, 0)
    );
    assert_eq!(
        count(SearchFilter {
            tag: Some("x".into()),
            ..none()
        })
        .await,
        (0, 0)
    );
    let outcome = Some(DealOutcome::Won);
    assert_eq!(
        count(SearchFilter {
            deal_outcome: outcome,
            ..none()
        })
        .await,
        (0, 0)
    );
    // Both took place an hour before the tests.
    assert_eq!(
        count(SearchFilter {
            from: Some(START_MS),
            ..none()
        })
        .await,
        (0, 0)
    );
    assert_eq!(
        count(SearchFilter {
            until: Some(START_MS),
            ..none()
        })
        .await,
        (5, 5)
    );
    let mine = find_as(
        &bench,
        &VisibleCalls::To(bob.id.clone()),
        &bob.id,
        "word",
        &none(),
    )
    .await;
    assert!(mine.len() == 5 && mine.iter().all(|hit| hit.call.id == second));

    // A cursor that we did not give is no reason to fail.
    let query = Query::parse("word").unwrap();
    for id in ["", "x", "call_ -9999999999999999999999 x", "a\0b 1 2"] {
        let after = Some(gametape_core::page::Cursor {
            key: i64::MAX,
            id: id.to_owned(),
        });
        let page = PageRequest { after, limit: 200 };
        let found = bench
            .store
            .search(&VisibleCalls::All, &ann.id, &query, &none(), &page)
            .await;
        assert_eq!(found.unwrap().items.len(), 10, "{id}");
    }
}

/// When more texts have a word than are gathered, calls are looked through: the answer is the same.
async fn a_frequent_word_finds_the_newest_calls_first(bench: Bench) {
    if bench.place == Where::Memory {
        return;
    }
    let ann = bench.user("ann").await;
    let old = bench.ready_call(&ann.id, "Old frequent").await.id;
    bench.clock.advance_ms(MINUTE_MS);
    let new = bench.ready_call(&ann.id, "New frequent").await.id;
    bench
        .write(&[format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
             INSERT INTO search_documents (kind, source_id, call_id, start_ms, end_ms, speaker_role, text, words) \
             SELECT 'segment', 'seg_' || CAST(i AS TEXT), CASE WHEN i % 50 = 0 THEN '{new}' ELSE '{old}' END, i, \
             i + 1, 'rep', 'frequent', 'frequent' FROM n"
        )])
        .await;
    let query = Query::parse("frequent").unwrap();
    let (mut hits, mut page) = (
        Vec::new(),
        PageRequest {
            after: None,
            limit: 200,
        },
    );
    loop {
        let found = bench
            .store
            .search(
                &VisibleCalls::All,
                &ann.id,
                &query,
                &SearchFilter::default(),
                &page,
            )
            .await
            .unwrap();
        hits.extend(found.items);
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(hits.len(), 5_002);
    assert!(hits[..101].iter().all(|hit| hit.call.id == new));
    assert_eq!(
        (hits[0].kind, hits[101].kind),
        (SearchKind::Title, SearchKind::Title)
    );
    let starts: Vec<_> = hits[102..].iter().map(|hit| hit.range_ms).collect();
    assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
}

async fn no_search_reads_a_whole_table(bench: Bench) {
    let ann = bench.user("ann").await;
    let query = Query::parse("a \"b c\" d* -e").unwrap();
    let filter = SearchFilter {
        kind: Some(SearchKind::Segment),
        owner_id: Some(ann.id.clone()),
        ..SearchFilter::default()
    };
    for filter in [SearchFilter::default(), filter] {
        for visible in [VisibleCalls::All, VisibleCalls::To(ann.id.clone())] {
            for plan in bench
                .store
                .search_plans(&visible, &ann.id, &query, &filter)
                .await
                .unwrap()
            {
                for line in plan.lines().skip(1).map(str::trim) {
                    for table in ["search_documents", "comments", "d", "c", "top"] {
                        let bare = line == format!("SCAN {table}")
                            || line.contains(&format!("Seq Scan on {table} "));
                        assert!(!bare, "{plan}");
                    }
                }
            }
        }
    }
}
