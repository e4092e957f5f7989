//! Erasure: what is deleted is found nowhere any more, and an older backup does not bring it back.

use gametape_core::{
    call::{Deal, Participant},
    comment::Audience,
    consent::Consent,
    erasure::{Erasure, ErasureKind},
    id::{CallId, UserId},
    page::PageRequest,
    policy::VisibleCalls,
    retention::{DAY_MS, RetentionTarget},
    search::Query,
    transcript::{Speaker, SpeakerRole},
};
use gametape_store::{
    CallPatch, Correction, DealPatch, Idempotency, KeptAnswer, NewConsent, NewReply, NewRequest, NewUpload,
    SearchFilter, Store, UploadLimits,
};

use crate::{
    backup::{Copied, copy},
    bench::{Bench, CLI, HOUR_MS, Home, Where, by, new_call, segment},
    comment::{at, new, text},
    erase::admin,
    retention::{library, rule},
    review::{actor, begin, fill},
};

crate::on_every_engine!(
    nothing_of_a_deleted_call_is_found_anywhere,
    an_older_copy_does_not_bring_back_what_was_erased,
    a_recording_that_went_stays_gone,
    erasures_are_listed_and_forgotten_at_last,
    answers_that_come_late_are_not_kept,
);

/// A word that is in nothing but the call that goes.
const WORD: &str = "zanzibarium";

fn says(what: &str) -> String {
    format!("{what} {WORD}")
}

/// A call with the word wherever people and the program write something about it; its owner.
async fn scene(b: &Bench) -> (CallId, UserId) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let upload = NewUpload {
        owner_id: ann.id.clone(),
        size_bytes: Some(10),
        filename: format!("{WORD}.wav"),
        metadata: says("filename"),
        hash_state: vec![0],
        expires_at: b.now() + HOUR_MS,
    };
    let upload = b
        .store
        .upload_create(upload, UploadLimits::default())
        .await
        .unwrap()
        .id;
    b.finish_upload(&upload, "sha of it").await;
    let mut made = new_call(&ann.id, &says("Title"), &upload);
    made.details.tags = vec![says("Tag")];
    let call = b.store.call_create(made).await.unwrap();
    b.store_next().await;
    b.analyze_next().await;
    b.transcribe_saying(
        &call.id,
        &[segment(0, 0, &says("Heard")), segment(1_000, 1, "Hi.")],
    )
    .await;
    details(b, &call.id).await;
    let speaker = Speaker {
        role: SpeakerRole::Customer,
        name: says("Pat"),
    };
    b.store.call_set_speaker(&call.id, 1, speaker).await.unwrap();
    feedback(b, &call.id, &ann, &bob).await;
    let answer = KeptAnswer {
        status: 201,
        headers: vec![("location".to_owned(), format!("/api/v1/calls/{}", call.id))],
        body: Some(format!("{{\"id\":\"{}\",\"title\":\"{WORD}\"}}", call.id).into_bytes()),
    };
    b.store.idempotency_begin(&ann.id, "key", "hash").await.unwrap();
    b.store.idempotency_finish(&ann.id, "key", &answer).await.unwrap();
    (call.id, ann.id)
}

async fn details(b: &Bench, id: &CallId) {
    let patch = CallPatch {
        participants: Some(vec![Participant {
            name: says("Pat"),
            user_id: None,
            company: Some(says("Acme")),
        }]),
        deal: DealPatch {
            name: Some(Some(says("Deal"))),
            stage: Some(Some(says("Stage"))),
            external_id: Some(Some(says("Id"))),
            ..DealPatch::default()
        },
        consent: Some(NewConsent {
            status: Consent::AllAgreed,
            note: Some(says("Consent")),
        }),
        ..CallPatch::default()
    };
    let call = b.store.call_update(CLI, id, patch).await.unwrap();
    assert_ne!(call.deal, Deal::default());
    let hold = gametape_store::NewHold {
        note: Some(says("Hold")),
        ..library()
    };
    b.store.call_hold(CLI, id, &hold).await.unwrap();
    b.store.call_release(CLI, id).await.unwrap();
    b.store.call_hold(CLI, id, &hold).await.unwrap();
}

async fn feedback(b: &Bench, id: &CallId, ann: &gametape_core::user::User, bob: &gametape_core::user::User) {
    let call = b.get(id).await;
    let comment = gametape_store::NewComment {
        place: Some(at(0, 900)),
        mentions: vec![ann.id.clone()],
        audience: Audience::Call,
        ..new(id, &bob.id, &says("Comment"))
    };
    let comment = b.store.comment_create(comment).await.unwrap();
    let patch = gametape_store::CommentPatch {
        place: None,
        text: text(&says("Comment again")),
        mentions: vec![ann.id.clone()],
        if_version: None,
    };
    b.store.comment_edit(&comment.id, patch).await.unwrap();
    let reply = NewReply {
        parent_id: comment.id.clone(),
        author_id: ann.id.clone(),
        text: text(&says("Answer")),
        mentions: Vec::new(),
    };
    b.store.comment_reply(reply).await.unwrap();
    let transcript = b.store.transcript_read(id).await.unwrap().unwrap();
    let correction = Correction {
        author_id: ann.id.clone(),
        text: format!("Corrected {WORD}s"),
        was: None,
    };
    let segment_id = transcript.segments[0].id.clone().unwrap();
    b.store
        .segment_correct(id, &segment_id, correction)
        .await
        .unwrap();
    let review = begin(b, bob, &call).await;
    fill(b, &review, 4).await;
    b.store
        .review_set_summary(&review.id, &says("Summary"), None)
        .await
        .unwrap();
    b.store
        .review_submit(&actor(bob), &review.id, None)
        .await
        .unwrap();
    b.store
        .review_reopen(&actor(bob), &review.id, &says("Reason"), None)
        .await
        .unwrap();
    b.store
        .review_submit(&actor(bob), &review.id, None)
        .await
        .unwrap();
    let request = NewRequest {
        call_id: id.clone(),
        asker_id: ann.id.clone(),
        asked_id: bob.id.clone(),
        note: Some(says("Look at")),
        due_at: None,
    };
    b.store.request_create(request).await.unwrap();
}

/// The tables in which the word is, as text or as bytes.
fn tables_with_it(copied: &Copied) -> Vec<&str> {
    let bytes = hex(WORD);
    let has = |line: &String| line.to_lowercase().contains(WORD) || line.contains(&bytes);
    let found = copied.iter().filter(|(_, (_, lines))| lines.iter().any(has));
    found.map(|(name, _)| name.as_str()).collect()
}

fn hex(text: &str) -> String {
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// How often the word, or the beginning of it, is in the files of an SQLite database.
async fn in_files(b: &Bench) -> usize {
    let path = b.url.strip_prefix("sqlite:").unwrap();
    b.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    bytes.make_ascii_lowercase();
    let word = WORD.as_bytes();
    bytes.windows(word.len()).filter(|found| *found == word).count()
}

async fn found(b: &Bench) -> usize {
    let query = Query::parse(WORD).unwrap();
    let (filter, page) = (SearchFilter::default(), PageRequest::default());
    let me = b.user("searcher").await.id;
    b.store
        .search(&VisibleCalls::All, &me, &query, &filter, &page)
        .await
        .unwrap()
        .items
        .len()
}

async fn nothing_of_a_deleted_call_is_found_anywhere(b: Bench) {
    let (id, owner_id) = scene(&b).await;
    let (_, _, before) = copy(&b.store).await;
    let there = tables_with_it(&before);
    for table in [
        "anchors",
        "call_participants",
        "call_speakers",
        "call_tags",
        "calls",
        "comment_versions",
        "comments",
        "edits",
        "events",
        "idempotency",
        "moments",
        "recordings",
        "review_history",
        "review_requests",
        "reviews",
        "search_documents",
        "segments",
        "uploads",
    ] {
        assert!(
            there.contains(&table),
            "the test puts nothing into {table}: {there:?}"
        );
    }
    if b.place == Where::File {
        assert!(in_files(&b).await > 0);
    }
    b.store.call_release(CLI, &id).await.unwrap();
    b.deletions().await;
    b.store.call_delete(CLI, &id).await.unwrap();
    assert_eq!(b.deletions().await.len(), 1, "its objects go");
    let (_, _, after) = copy(&b.store).await;
    assert_eq!(tables_with_it(&after), Vec::<&str>::new());
    assert_eq!(found(&b).await, 0);
    if b.place == Where::File {
        assert_eq!(in_files(&b).await, 0);
    }
    // Its id is in the log, in the list of erasures, and where it keeps things from being done twice.
    let names_it = |lines: &Vec<String>| lines.iter().any(|line| line.contains(id.as_str()));
    let left: Vec<_> = after
        .iter()
        .filter(|(_, (_, lines))| names_it(lines))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(left, ["audit", "erasures", "idempotency"]);
    let again = b.store.idempotency_begin(&owner_id, "key", "hash").await.unwrap();
    let empty = KeptAnswer {
        status: 201,
        headers: Vec::new(),
        body: None,
    };
    assert_eq!(again, Idempotency::Answered(empty));
}

/// All that was erased, as a file would hand it on.
async fn erased(store: &Store) -> Vec<Erasure> {
    store.erasure_list("", 1_000).await.unwrap()
}

/// Another database with this copy in it.
async fn restored(b: &Bench, (schema, order, copied): &(i64, Vec<String>, Copied)) -> (Home, Store) {
    let home = Home::make(b.place).await;
    let target = Store::connect(&home.url, b.clock.clock()).await.unwrap();
    let mut load = target.backup_load(*schema).await.unwrap();
    for name in order {
        let (table, lines) = &copied[name];
        load.rows(table, lines).await.unwrap();
    }
    load.finish().await.unwrap();
    target.migrate().await.unwrap();
    (home, target)
}

async fn an_older_copy_does_not_bring_back_what_was_erased(b: Bench) {
    admin(&b).await;
    let (id, owner_id) = scene(&b).await;
    let kept = b.ready_call(&owner_id, "Kept").await;
    let older = copy(&b.store).await;
    b.store.call_release(CLI, &id).await.unwrap();
    b.store.call_delete(CLI, &id).await.unwrap();
    b.store.person_erase(&owner_id, CLI).await.unwrap();
    let list = erased(&b.store).await;
    assert_eq!(
        list.iter()
            .map(|it| (it.id.as_str(), it.kind))
            .collect::<Vec<_>>(),
        [
            (id.as_str(), ErasureKind::Call),
            (owner_id.as_str(), ErasureKind::Person)
        ]
    );

    let (home, target) = restored(&b, &older).await;
    assert!(
        target
            .call_get(&id)
            .await
            .unwrap()
            .is_some_and(|call| call.hold.is_some())
    );
    let applied = target.erasure_apply(&list).await.unwrap();
    assert_eq!(
        (applied.calls, applied.recordings, applied.people, applied.refused),
        (1, 0, 1, 0)
    );
    assert_eq!(target.call_get(&id).await.unwrap(), None);
    assert!(target.call_get(&kept.id).await.unwrap().is_some());
    assert!(
        target
            .user_get(&owner_id)
            .await
            .unwrap()
            .unwrap()
            .erased_at
            .is_some()
    );
    let (_, _, after) = copy(&target).await;
    assert_eq!(tables_with_it(&after), Vec::<&str>::new());
    // Once more is no error, and what never was here is remembered, too.
    let strangers = [
        Erasure {
            id: CallId::new(5).to_string(),
            kind: ErasureKind::Call,
            erased_at: 7,
        },
        Erasure {
            id: "nonsense".to_owned(),
            kind: ErasureKind::Person,
            erased_at: 7,
        },
    ];
    let again = [&list[..], &strangers[..]].concat();
    let applied = target.erasure_apply(&again).await.unwrap();
    assert_eq!((applied.calls, applied.people), (0, 0));
    assert_eq!(erased(&target).await.len(), 4);
    target.close().await;
    home.remove().await;
}

async fn a_recording_that_went_stays_gone(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    // The list is by id, which begins with the time.
    b.clock.advance_ms(1);
    let waiting = b.call(&ann.id, "Waiting").await;
    let older = copy(&b.store).await;
    b.store.call_cancel(&waiting.id).await.unwrap();
    b.store
        .retention_create(CLI, &rule(RetentionTarget::Recording, Some(1)))
        .await
        .unwrap();
    b.clock.advance_ms(2 * DAY_MS);
    assert_eq!(b.store.retention_sweep(None).await.unwrap().recordings, 2);
    let list = erased(&b.store).await;
    assert!(list.iter().all(|it| it.kind == ErasureKind::Recording) && list.len() == 2);
    let (home, target) = restored(&b, &older).await;
    let applied = target.erasure_apply(&list).await.unwrap();
    assert_eq!((applied.calls, applied.recordings), (0, 2));
    for id in [&call.id, &waiting.id] {
        let call = target.call_get(id).await.unwrap().unwrap();
        assert!(call.recording_id.is_none() && call.recording_deleted_at.is_some());
        // Work that the copy still had to do has nothing to work on any more.
        assert!(call.state.is_final());
    }
    assert_eq!(target.erasure_apply(&list).await.unwrap().recordings, 0);
    target.close().await;
    home.remove().await;
    // A call that goes later goes for good.
    b.store.call_delete(CLI, &call.id).await.unwrap();
    let kinds: Vec<_> = erased(&b.store).await.into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ErasureKind::Call, ErasureKind::Recording]);
}

async fn erasures_are_listed_and_forgotten_at_last(b: Bench) {
    let ann = b.user("ann").await;
    for title in ["a", "b", "c"] {
        let call = b.call(&ann.id, title).await;
        b.store.call_delete(CLI, &call.id).await.unwrap();
    }
    let all = erased(&b.store).await;
    let first = b.store.erasure_list("", 2).await.unwrap();
    let rest = b.store.erasure_list(&first[1].id, 2).await.unwrap();
    assert_eq!([first, rest].concat(), all);
    assert_eq!(all.len(), 3);
    b.clock.advance_ms(400 * DAY_MS);
    assert_eq!(b.store.erasure_sweep().await.unwrap(), 0);
    b.clock.advance_ms(1);
    assert_eq!(b.store.erasure_sweep().await.unwrap(), 3);
}

async fn answers_that_come_late_are_not_kept(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store
        .idempotency_begin(&by(&ann).user_id.unwrap(), "k", "h")
        .await
        .unwrap();
    b.store.call_delete(CLI, &call.id).await.unwrap();
    let answer = KeptAnswer {
        status: 200,
        headers: Vec::new(),
        body: Some(format!("{{\"call_id\":\"{}\"}}", call.id).into_bytes()),
    };
    b.store.idempotency_finish(&ann.id, "k", &answer).await.unwrap();
    let kept = KeptAnswer { body: None, ..answer };
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::Answered(kept)
    );
}
