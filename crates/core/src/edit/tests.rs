use super::*;
use crate::{random::Random, transcript::Speaker};

/// Segments of channel 0, one a second apart, with a word every 100 ms.
fn heard(texts: &[&str]) -> Vec<Segment> {
    let segment = |(index, text): (usize, &&str)| {
        let start_ms = index as i64 * 5_000;
        let word = |(at, text): (usize, &str)| Word {
            start_ms: start_ms + at as i64 * 100,
            end_ms: start_ms + at as i64 * 100 + 90,
            text: text.to_owned(),
            confidence: 0.5,
        };
        Segment {
            id: None,
            start_ms,
            end_ms: start_ms + 4_000,
            channel: 0,
            speaker: Speaker::default_for(0, 2),
            text: (*text).to_owned(),
            words: text.split_whitespace().enumerate().map(word).collect(),
            edited: false,
        }
    };
    texts.iter().enumerate().map(segment).collect()
}

fn id() -> TranscriptId {
    TranscriptId::new(1)
}

/// Carries a plan out.
fn carry_out(edits: &mut Vec<Edit>, plan: Plan) {
    for index in plan.revert {
        edits[index].reverted = Some((UserId::new(1), 1));
    }
    edits.extend(plan.make.into_iter().map(|new| Edit {
        id: EditId::new(1),
        call_id: CallId::new(1),
        anchor: new.anchor,
        author_id: UserId::new(1),
        replacement: new.replacement,
        reverted: None,
        created_at: 1,
    }));
}

fn correct(machine: &[Segment], edits: &mut Vec<Edit>, index: usize, text: &str) {
    let plan = plan(machine, edits, index, text, &id()).unwrap();
    carry_out(edits, plan);
}

fn read(machine: &[Segment], edits: &[Edit]) -> Vec<Segment> {
    let mut segments = machine.to_vec();
    lay_over_segments(&mut segments, edits);
    segments
}

/// Active corrections as before and after.
fn active(edits: &[Edit]) -> Vec<(&str, &str)> {
    let active = edits.iter().filter(|edit| edit.is_active());
    active
        .map(|edit| (edit.anchor.quote.as_str(), edit.replacement.as_str()))
        .collect()
}

#[test]
fn only_what_changed_is_corrected() {
    let machine = heard(&["so we use sales force and jon likes it a lot."]);
    let mut edits = Vec::new();
    correct(
        &machine,
        &mut edits,
        0,
        "so we use Salesforce and John likes it a lot.",
    );
    assert_eq!(active(&edits), [("sales force", "Salesforce"), ("jon", "John")]);
    let shown = &read(&machine, &edits)[0];
    assert!(shown.edited);
    assert_eq!(shown.text, "so we use Salesforce and John likes it a lot.");
    let word = &shown.words[3];
    assert_eq!((word.start_ms, word.end_ms), (300, 490));
    assert!((word.confidence - 1.0).abs() < f32::EPSILON);
    assert_eq!(shown.words[4], machine[0].words[5]);
}

#[test]
fn added_words_take_a_neighbour_along_and_deleted_ones_leave_a_gap() {
    let machine = heard(&["one two three", "thank you."]);
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "zero one two and a half three four");
    assert_eq!(
        active(&edits),
        [
            ("one", "zero one"),
            ("two", "two and a half"),
            ("three", "three four")
        ]
    );
    correct(&machine, &mut edits, 1, "  ");
    assert_eq!(active(&edits)[3], ("thank you.", ""));
    let shown = read(&machine, &edits);
    assert_eq!(shown[0].text, "zero one two and a half three four");
    assert_eq!((shown[1].text.as_str(), shown[1].words.len()), ("", 0));
    // Words have times in order, within the run.
    let times: Vec<_> = shown[0].words.iter().map(|it| (it.start_ms, it.end_ms)).collect();
    assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{times:?}");
    // Written again, nothing is left to correct.
    correct(&machine, &mut edits, 1, "thank you.");
    assert_eq!(active(&edits).len(), 3);
    assert!(!read(&machine, &edits)[1].edited);
}

#[test]
fn a_correction_of_a_correction_takes_its_place() {
    let machine = heard(&["we met ann at acme last week"]);
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "we met Ann Lee at acme last week");
    correct(&machine, &mut edits, 0, "we met Anne Lee at acme last week");
    assert_eq!(active(&edits), [("ann", "Anne Lee")]);
    correct(&machine, &mut edits, 0, "we met Anne at Acme last week");
    assert_eq!(active(&edits), [("ann", "Anne"), ("acme", "Acme")]);
    correct(&machine, &mut edits, 0, "we met ann at acme last week");
    assert_eq!(active(&edits), []);
    assert_eq!(edits.len(), 4);
    assert_eq!(read(&machine, &edits), machine);
}

#[test]
fn text_without_spaces_stays_without() {
    let mut machine = heard(&["你 好 世 界"]);
    machine[0].text = "你好世界".to_owned();
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "你 好 世 节");
    assert_eq!(read(&machine, &edits)[0].text, "你好世节");
}

#[test]
fn signs_alone_come_with_a_word_and_a_segment_without_words_is_refused() {
    let machine = heard(&["well — yes", "— —", ""]);
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "well , yes");
    assert_eq!(active(&edits), [("well —", "well ,")]);
    assert_eq!(read(&machine, &edits)[0].text, "well , yes");
    for (index, text) in [(1, "— no"), (3, "x")] {
        assert_eq!(plan(&machine, &edits, index, text, &id()), Err(NoWords));
    }
    // Nothing to correct, and nothing asked for either.
    assert_eq!(plan(&machine, &edits, 2, "", &id()), Ok(Plan::default()));
}

#[test]
fn words_that_share_a_time_are_told_apart() {
    let mut machine = heard(&["a b c d"]);
    for word in &mut machine[0].words[1..3] {
        (word.start_ms, word.end_ms) = (250, 250);
    }
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "a x c d");
    assert_eq!(read(&machine, &edits)[0].text, "a x c d");
    correct(&machine, &mut edits, 0, "a x y d");
    assert_eq!(read(&machine, &edits)[0].text, "a x y d");
}

/// The corrections as they stand in a new transcript, and how that reads.
fn again(edits: &[Edit], machine: &[Segment]) -> (Vec<Edit>, String) {
    let words = machine.iter().flat_map(|it| it.words.clone()).collect();
    let words = Words::new(words);
    let edits: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            anchor: reattach(edit, &words, &TranscriptId::new(2)),
            ..edit.clone()
        })
        .collect();
    let texts: Vec<_> = read(machine, &edits).into_iter().map(|it| it.text).collect();
    let text = texts.join(" | ");
    (edits, text)
}

#[test]
fn corrections_are_carried_over_to_a_new_transcript() {
    let machine = heard(&["well jon from the acme company said he would like it"]);
    let mut edits = Vec::new();
    correct(
        &machine,
        &mut edits,
        0,
        "well John Smith from the Acme Inc company said he would love it",
    );
    let status = |edits: &[Edit]| edits.iter().map(|it| it.anchor.status).collect::<Vec<_>>();

    // The same mistakes: corrected again, also where a segment is parted in another place.
    let (same, text) = again(
        &edits,
        &heard(&["um well Jon from the acme, company said he would like it"]),
    );
    assert_eq!(
        text,
        "um well John Smith from the Acme Inc company said he would love it"
    );
    assert_eq!(status(&same), [AnchorStatus::Exact; 3]);

    // Heard right this time: nothing to correct.
    let right = "well John Smith from the Acme Inc company said he would love it";
    let (done, text) = again(&edits, &heard(&[right]));
    assert_eq!(
        (text.as_str(), status(&done)),
        (right, vec![AnchorStatus::Exact; 3])
    );
    assert_eq!(done[0].anchor.quote, "jon");
    // And wrong once more by the next model: corrected as at first.
    let (_, text) = again(&done, &machine);
    assert_eq!(text, right);

    // Heard differently: left alone, to be looked at.
    let other = "well Joan from the agme company said he would like it";
    let (odd, text) = again(&edits, &heard(&[other]));
    assert_eq!(
        status(&odd),
        [AnchorStatus::Check, AnchorStatus::Check, AnchorStatus::Exact]
    );
    assert_eq!(text, "well Joan from the agme company said he would love it");
}

#[test]
fn a_correction_over_two_segments_is_read_in_the_first() {
    let machine = heard(&["we use sales force here"]);
    let mut edits = Vec::new();
    correct(&machine, &mut edits, 0, "we use Salesforce here");
    let mut parted = heard(&["we use sales", "force here"]);
    for (at, word) in parted[1].words.iter_mut().enumerate() {
        (word.start_ms, word.end_ms) = (300 + at as i64 * 100, 390 + at as i64 * 100);
    }
    let (edits, text) = again(&edits, &parted);
    assert_eq!(text, "we use Salesforce | here");
    let shown = read(&parted, &edits);
    assert_eq!((shown[0].words[2].start_ms, shown[0].words[2].end_ms), (200, 290));
    // And may be corrected there.
    let mut more = edits;
    correct(&parted, &mut more, 0, "we use Sales Force");
    assert_eq!(read(&parted, &more)[0].text, "we use Sales Force");
    assert_eq!(active(&more), [("sales force", "Sales Force")]);
}

#[test]
fn whatever_is_written_is_read_and_taking_it_back_leaves_the_machines_words() {
    const WORDS: &[&str] = &["a", "b", "c", "d,", "—", "E"];
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let mut text = |most: usize| -> String {
            let words: Vec<&str> = (0..random.below(most))
                .map(|_| WORDS[random.below(WORDS.len())])
                .collect();
            words.join(" ")
        };
        let texts = [text(12), format!("x {}", text(12)), text(12)];
        let machine = heard(&[texts[0].as_str(), texts[1].as_str(), texts[2].as_str()]);
        let mut edits = Vec::new();
        for _ in 0..6 {
            let wanted = text(14);
            let before = read(&machine, &edits);
            correct(&machine, &mut edits, 1, &wanted);
            let after = read(&machine, &edits);
            assert_eq!(after[1].text, wanted, "seed {seed}");
            // Others are left alone.
            assert_eq!((&after[0], &after[2]), (&before[0], &before[2]), "seed {seed}");
            // Words outside of all corrections are the machine's, times and all.
            let runs: Vec<_> = edits
                .iter()
                .filter(|it| it.is_active())
                .map(|it| &it.anchor)
                .collect();
            for word in &machine[1].words {
                let inside = |run: &&Anchor| (run.start_ms..run.end_ms).contains(&middle_ms(word));
                assert!(
                    runs.iter().any(inside) || after[1].words.contains(word),
                    "seed {seed}: {word:?}"
                );
            }
        }
        for edit in &mut edits {
            edit.reverted = Some((UserId::new(1), 2));
        }
        assert_eq!(read(&machine, &edits), machine, "seed {seed}");
    }
}
