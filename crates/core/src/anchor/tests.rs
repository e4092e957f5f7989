use super::*;
use crate::random::Random;

const SMALL: &[&str] = &["yes", "no", "so", "well", "right", "price", "we", "you"];

fn word(text: &str, start_ms: i64) -> Word {
    Word {
        start_ms,
        end_ms: start_ms + 80,
        text: text.to_owned(),
        confidence: 1.0,
    }
}

/// Words of a text, one every 100 ms.
fn words(text: &str) -> Vec<Word> {
    let each = text.split(' ').enumerate();
    each.map(|(i, text)| word(text, i as i64 * 100)).collect()
}

/// The words of a text from a time on, one every 100 ms.
fn said(start_ms: i64, text: &str) -> Vec<Word> {
    let mut words = words(text);
    for word in &mut words {
        word.start_ms += start_ms;
        word.end_ms += start_ms;
    }
    words
}

fn anchor(words: &[Word], start_ms: i64, end_ms: i64) -> Anchor {
    let quote = quote_of(words, start_ms, end_ms);
    Anchor {
        start_ms,
        end_ms,
        channel: None,
        quote: quote.quote,
        prefix: quote.prefix,
        suffix: quote.suffix,
        status: AnchorStatus::Exact,
        transcript_id: None,
    }
}

/// The anchor of the first time that `text` is said.
fn anchor_on(words: &[Word], text: &str) -> Anchor {
    let count = text.split(' ').count();
    let at = words.windows(count).position(|it| text_of(it) == text).unwrap();
    let anchor = anchor(words, words[at].start_ms, words[at + count - 1].end_ms);
    assert_eq!(anchor.quote, text);
    anchor
}

fn found(old: &Anchor, new: Vec<Word>) -> (AnchorStatus, String) {
    let id = TranscriptId::new(2);
    let new = Words::new(new).reattach(old, &id);
    (new.status, new.quote)
}

#[test]
fn a_quote_holds_the_words_whose_middle_is_inside() {
    let words = words("a b c d e f g h i j");
    let quote = quote_of(&words, 330, 545);
    assert_eq!(
        (quote.prefix.as_str(), quote.quote.as_str(), quote.suffix.as_str()),
        ("a b c", "d e f", "g h i j")
    );
    assert_eq!(quote_of(&words, 350, 390).quote, "");
    assert_eq!(quote_of(&[], 0, 10), Quote::default());
}

#[test]
fn case_and_punctuation_are_no_difference_and_the_new_spelling_is_quoted() {
    let old = anchor_on(
        &words("so the price is ten percent less this year"),
        "price is ten",
    );
    let new = said(300, "So, the Price is ten percent less. This year!");
    let id = TranscriptId::new(2);
    let it = Words::new(new).reattach(&old, &id);
    assert_eq!(
        (it.status, it.quote.as_str()),
        (AnchorStatus::Exact, "Price is ten")
    );
    assert_eq!((it.start_ms, it.end_ms), (500, 780));
    assert_eq!((it.prefix.as_str(), it.transcript_id), ("So, the", Some(id)));
}

#[test]
fn a_range_that_still_holds_its_words_stays_as_the_person_drew_it() {
    let old = anchor(&words("one two three four five"), 170, 395);
    assert_eq!(old.quote, "three four");
    let mut new = words("one two three four five");
    new[2].start_ms -= 25;
    let id = TranscriptId::new(2);
    let it = Words::new(new).reattach(&old, &id);
    assert_eq!(
        (it.status, it.start_ms, it.end_ms),
        (AnchorStatus::Exact, 170, 395)
    );
}

#[test]
fn words_that_stand_elsewhere_with_their_neighbours_have_moved() {
    let text = "if we look at what the board decided last week";
    let old = anchor_on(&words(text), "the board decided");
    let new = said(5_000, text);
    assert_eq!(
        found(&old, new),
        (AnchorStatus::Moved, "the board decided".to_owned())
    );
    // The same words by chance, much later and with other neighbours, are something else.
    let chance = said(60_000, "nobody knows why the board decided that thing today");
    assert_eq!(found(&old, chance).0, AnchorStatus::Check);
}

#[test]
fn words_heard_a_little_differently_have_moved_and_others_are_to_be_checked() {
    let old = anchor_on(
        &words("well I think our prize list is far too long for you"),
        "our prize list is far too long",
    );
    let better = words("well I think our price list is too long for you");
    assert_eq!(
        found(&old, better),
        (AnchorStatus::Moved, "our price list is too long".to_owned())
    );
    let other = words("completely different things are being said here at this time now");
    assert_eq!(
        found(&old, other),
        (AnchorStatus::Check, "our prize list is far too long".to_owned())
    );
}

#[test]
fn a_short_word_is_not_found_by_chance() {
    let old = anchor_on(&words("a b c d yes e f g h"), "yes");
    let mut new = words("a b c d e f g h");
    new.extend(said(9_000, "k l yes m n"));
    assert_eq!(found(&old, new).0, AnchorStatus::Check);
}

#[test]
fn a_place_without_words_is_the_same_as_long_as_nobody_speaks_there() {
    let mut before = words("a b c");
    before.extend(said(5_000, "d e f"));
    let old = anchor(&before, 1_000, 2_000);
    assert_eq!(found(&old, before.clone()), (AnchorStatus::Exact, String::new()));
    before.extend(said(1_500, "hello"));
    assert_eq!(found(&old, before), (AnchorStatus::Check, String::new()));
}

#[test]
fn the_words_around_tell_two_copies_apart_and_else_the_nearer_one_is_meant() {
    let old = anchor_on(&words("did he say yes he did say yes she did"), "yes");
    // Everything comes 400 ms later, so that the second copy is nearer to where the first was.
    let mut later = said(400, "did he say yes he did say yes she did");
    later.truncate(10);
    let id = TranscriptId::new(2);
    let it = Words::new(later).reattach(&old, &id);
    assert_eq!((it.status, it.start_ms), (AnchorStatus::Exact, 700));

    let copies: Vec<Word> = (0..5).flat_map(|n| said(n * 1_000, "uh huh")).collect();
    let old = anchor(&copies, 2_000, 2_180);
    let shifted: Vec<Word> = (0..5).flat_map(|n| said(n * 1_000 + 300, "uh huh")).collect();
    let it = Words::new(shifted).reattach(&old, &id);
    assert_eq!((it.status, it.start_ms), (AnchorStatus::Exact, 2_300));
}

#[test]
fn a_long_quote_is_found_by_its_ends() {
    let mut random = Random::new(5);
    let text: Vec<String> = (0..300).map(|n| format!("w{}", n * 8 % 301)).collect();
    let before = words(&text.join(" "));
    let old = anchor(&before, 5_000, 25_000);
    let after: Vec<Word> = before
        .iter()
        .filter(|_| random.below(20) > 0)
        .map(|it| word(&it.text, it.start_ms + 150))
        .collect();
    let id = TranscriptId::new(2);
    let it = Words::new(after).reattach(&old, &id);
    assert_eq!(it.status, AnchorStatus::Moved);
    assert!(
        (it.start_ms - 5_000).abs() < 1_000 && (it.end_ms - 25_000).abs() < 1_000,
        "{it:?}"
    );
}

/// Words at random, some of them at the same time as others.
fn random_words(random: &mut Random, count: usize, from: &[&str]) -> Vec<Word> {
    let mut at = 0;
    let mut next = |_| {
        at += random.below(400) as i64;
        let text = from[random.below(from.len())];
        let text = if random.below(4) == 0 {
            format!("{text},")
        } else {
            text.to_owned()
        };
        Word {
            end_ms: at + random.below(300) as i64,
            ..word(&text, at)
        }
    };
    (0..count).map(&mut next).collect()
}

/// What another model might hear: words changed, dropped and added, times a little different.
fn heard_again(random: &mut Random, words: &[Word], from: &[&str]) -> Vec<Word> {
    let mut again = Vec::new();
    for it in words {
        let start_ms = it.start_ms + random.below(300) as i64 - 150;
        let text = match random.below(20) {
            0 => continue,
            1 => from[random.below(from.len())].to_owned(),
            2 => it.text.to_uppercase(),
            _ => it.text.clone(),
        };
        again.push(word(&text, start_ms));
        if random.below(20) == 0 {
            again.push(word(from[random.below(from.len())], start_ms + 50));
        }
    }
    again
}

fn sorted(words: &[Word]) -> Vec<Word> {
    Words::new(words.to_vec()).words().to_vec()
}

#[test]
fn an_anchor_never_claims_other_words_to_be_its_own() {
    let large: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let id = TranscriptId::new(2);
    let mut counts = [0_usize; 3];
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let from = if seed % 2 == 0 { SMALL } else { &large[..] };
        let before = sorted(&random_words(&mut random, 120, from));
        let after = heard_again(&mut random, &before, from);
        let after = Words::new(after);
        for _ in 0..20 {
            let start_ms = random.below(24_000) as i64;
            let old = anchor(&before, start_ms, start_ms + 1 + random.below(4_000) as i64);
            let new = after.reattach(&old, &id);
            let there = quote_of(after.words(), new.start_ms, new.end_ms);
            let same = normal_words(&there.quote).eq(normal_words(&old.quote));
            match new.status {
                AnchorStatus::Exact => {
                    assert!(same, "seed {seed}: {old:?} became {new:?}");
                    let moved_ms = (new.start_ms - old.start_ms).min(new.end_ms - old.end_ms);
                    assert!(moved_ms <= NEAR_MS, "seed {seed}: {old:?} became {new:?}");
                    assert_eq!(new.quote, there.quote);
                    counts[0] += 1;
                }
                AnchorStatus::Moved => {
                    assert_eq!(new.quote, there.quote);
                    counts[1] += 1;
                }
                AnchorStatus::Check => {
                    assert_eq!((&new.quote, new.start_ms), (&old.quote, old.start_ms));
                    counts[2] += 1;
                }
            }
            assert!(new.start_ms < new.end_ms);
        }
    }
    // All three outcomes were seen often.
    assert!(
        counts[0] > 1_000 && counts[1] > 1_000 && counts[2] > 100,
        "{counts:?}"
    );
}

#[test]
fn of_equal_copies_the_nearest_is_meant() {
    let id = TranscriptId::new(2);
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut starts = vec![2_000];
        for _ in 0..12 {
            let last = starts[starts.len() - 1];
            starts.push(last + 400 + random.below(900) as i64);
        }
        let copies = |by_ms: i64| -> Vec<Word> {
            let copies = starts.iter().flat_map(|start| said(start + by_ms, "uh huh"));
            copies.collect()
        };
        // In the middle, where all that is around is the same, too.
        let start_ms = starts[5 + random.below(3)];
        let old = anchor(&copies(0), start_ms, start_ms + 180);
        let by_ms = random.below(1_600) as i64 - 800;
        let new = Words::new(copies(by_ms)).reattach(&old, &id);
        let off = |start: &i64| (start + by_ms - start_ms).abs();
        let nearest_off = starts.iter().map(off).min().unwrap();
        let new_off = starts
            .iter()
            .filter(|start| (new.start_ms - **start - by_ms).abs() < 90)
            .map(off)
            .min();
        assert_eq!(new.status, AnchorStatus::Exact);
        assert_eq!(new_off, Some(nearest_off), "seed {seed}: {old:?} became {new:?}");
    }
}

#[test]
fn in_an_unchanged_transcript_every_anchor_stays() {
    let id = TranscriptId::new(2);
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let before = sorted(&random_words(&mut random, 80, SMALL));
        let again = Words::new(before.clone());
        for _ in 0..20 {
            let start_ms = random.below(16_000) as i64;
            let old = anchor(&before, start_ms, start_ms + 1 + random.below(3_000) as i64);
            let new = again.reattach(&old, &id);
            assert_eq!(
                new,
                Anchor {
                    transcript_id: Some(id.clone()),
                    ..old
                },
                "seed {seed}"
            );
        }
    }
}

#[test]
fn thousands_of_anchors_in_a_long_call_take_no_time() {
    let mut random = Random::new(1);
    let before = sorted(&random_words(&mut random, 10_000, SMALL));
    let after = Words::new(heard_again(&mut random, &before, SMALL));
    let id = TranscriptId::new(2);
    let began = std::time::Instant::now();
    for n in 0..2_000 {
        let old = anchor(&before, n * 900, n * 900 + 5_000);
        after.reattach(&old, &id);
    }
    // Far from the tenth of a second that it takes, and further from the minutes of a quadratic search.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
