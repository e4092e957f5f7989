use super::*;

/// One person's upload, comment, score and correction, and the same as it is found.
fn sound() -> (Vec<Remembered>, Found) {
    let own = |text: &str| text.to_owned();
    let person = Remembered {
        uploads: vec![Uploaded {
            title: own("p0n1z"),
            call: own("call_1"),
            hash: own("abc"),
        }],
        said: vec![Said {
            mark: own("p0n2z"),
            id: own("cmt_1"),
            body: own("p0n2z as changed"),
        }],
        reviews: [(own("rev_1"), own("call_1"))].into(),
        scores: [((own("rev_1"), own("crit_1")), 4)].into(),
        evidence: vec![(own("rev_1"), own("ev_1"))],
        corrections: [((own("call_1"), own("seg_2")), (own("p0n3z"), own("p0n3z there")))].into(),
    };
    let jobs = ["call.store", "call.analyze", "call.transcribe", "call.publish"];
    let call = FoundCall {
        id: own("call_1"),
        title: own("p0n1z"),
        state: own("ready"),
        hash: own("abc"),
        segments: [
            (own("seg_1"), (0, 0, own("Good morning."))),
            (own("seg_2"), (1, 900, own("p0n3z there"))),
        ]
        .into(),
        corrections: vec![own("p0n3z")],
        jobs: jobs.map(|kind| (own(kind), own("done"))).into(),
        comment_count: 1,
    };
    let found = Found {
        calls: vec![call],
        comments: vec![(own("call_1"), own("cmt_1"), own("p0n2z as changed"))],
        reviews: vec![(own("rev_1"), own("call_1"))],
        scores: person.scores.clone(),
        evidence: person.evidence.clone(),
        open_jobs: Vec::new(),
        objects: vec![own("recordings/rec_1/original"), own("recordings/rec_1/peaks")],
        owners: [own("rec_1")].into(),
        expected: vec![(0, 0, own("Good morning.")), (1, 900, own("Hello there"))],
        doctor: Vec::new(),
    };
    (vec![person], found)
}

/// What the checks say when one thing was done to what is found.
fn after(doctor: impl Fn(&mut Found)) -> String {
    let (people, mut found) = sound();
    doctor(&mut found);
    check(&people, &found).join("\n")
}

#[test]
fn what_is_as_promised_passes() {
    let (people, found) = sound();
    assert_eq!(check(&people, &found), Vec::<String>::new());
}

#[test]
fn lost_and_doubled_calls_are_found() {
    assert!(after(|found| found.calls.clear()).contains("upload 'p0n1z' is 0 calls"));
    assert!(after(|found| found.calls.push(found.calls[0].clone())).contains("upload 'p0n1z' is 2 calls"));
    assert!(after(|found| found.calls[0].id = "call_2".to_owned()).contains("another call than was said"));
    assert!(after(|found| found.calls[0].hash.clear()).contains("comes back changed"));
    let more = FoundCall {
        title: "nobody's".to_owned(),
        state: "ready".to_owned(),
        ..FoundCall::default()
    };
    let told = after(|found| found.calls.push(more.clone()));
    assert!(told.contains("told of 1 calls, and there are 2"), "{told}");
}

#[test]
fn calls_that_are_stuck_or_changed_are_found() {
    let stuck = after(|found| found.calls[0].state = "\"failed\": internal".to_owned());
    assert!(stuck.contains("call 'p0n1z' is \"failed\": internal"), "{stuck}");
    let lost = after(|found| {
        found.calls[0].segments.remove("seg_1");
    });
    assert!(lost.contains("is not what was heard before"), "{lost}");
    let other = after(|found| {
        let segment = found.calls[0].segments.get_mut("seg_1");
        segment.unwrap().2 = "Good evening.".to_owned();
    });
    assert!(other.contains("is not what was heard before"), "{other}");
    let twice = after(|found| {
        let again = found.calls[0].segments["seg_1"].clone();
        found.calls[0].segments.insert("seg_3".to_owned(), again);
    });
    assert!(twice.contains("is not what was heard before"), "{twice}");
    let count = after(|found| found.calls[0].comment_count = 2);
    assert!(count.contains("says 2 comments and has 1"), "{count}");
}

#[test]
fn lost_doubled_and_stale_comments_are_found() {
    assert!(after(|found| found.comments.clear()).contains("comment 'p0n2z' is there 0 times"));
    let twice = after(|found| found.comments.push(found.comments[0].clone()));
    assert!(twice.contains("comment 'p0n2z' is there 2 times"), "{twice}");
    let stale = after(|found| found.comments[0].2 = "p0n2z at first".to_owned());
    assert!(stale.contains("reads 'p0n2z at first'"), "{stale}");
    assert!(after(|found| found.comments[0].1.clear()).contains("another id than was said"));
}

#[test]
fn lost_doubled_and_stale_scores_are_found() {
    assert!(after(|found| found.reviews.clear()).contains("review rev_1 is there 0 times"));
    let stale = after(|found| {
        for value in found.scores.values_mut() {
            *value = 2;
        }
    });
    assert!(stale.contains("is Some(2) and not 4"), "{stale}");
    assert!(after(|found| found.scores.clear()).contains("is None and not 4"));
    let twice = after(|found| found.evidence.push(("rev_1".to_owned(), "ev_2".to_owned())));
    assert!(twice.contains("told of 1 places, and there are 2"), "{twice}");
    assert!(after(|found| found.evidence.clear()).contains("is there 0 times"));
}

#[test]
fn lost_and_doubled_corrections_are_found() {
    let lost = after(|found| {
        let segment = found.calls[0].segments.get_mut("seg_2");
        segment.unwrap().2 = "Hello there".to_owned();
    });
    assert!(
        lost.contains("correction 'p0n3z there' of 'p0n1z' reads"),
        "{lost}"
    );
    let twice = after(|found| found.calls[0].corrections.push("p0n3z".to_owned()));
    assert!(
        twice.contains("correction 'p0n3z' of 'p0n1z' is there 2 times"),
        "{twice}"
    );
}

#[test]
fn jobs_and_objects_that_are_left_are_found() {
    let open = after(|found| {
        found
            .open_jobs
            .push(("media.delete".to_owned(), "running".to_owned()));
    });
    assert!(open.contains("a job media.delete is still running"), "{open}");
    let twice = after(|found| {
        let again = found.calls[0].jobs[3].clone();
        found.calls[0].jobs.push(again);
    });
    assert!(twice.contains("the jobs call.publish of 'p0n1z' are"), "{twice}");
    assert!(
        after(|found| {
            found.calls[0].jobs.pop();
        })
        .contains("the jobs call.publish of 'p0n1z' are []")
    );
    let orphan = after(|found| found.objects.push("uploads/upl_9/0".to_owned()));
    assert!(orphan.contains("uploads/upl_9/0 belongs to nothing"), "{orphan}");
    assert!(
        after(|found| {
            found.objects.pop();
        })
        .contains("have 0 objects '/peaks'")
    );
    let doctor = after(|found| found.doctor.push("BAD   media".to_owned()));
    assert!(doctor.contains("doctor: BAD   media"), "{doctor}");
}
