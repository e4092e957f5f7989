use super::*;
use crate::random::Random;

/// Words that follow each other, 300 ms each.
fn words(text: &str) -> Vec<Word> {
    let word = |(index, text): (usize, &str)| Word {
        start_ms: index as i64 * 300,
        end_ms: index as i64 * 300 + 250,
        text: text.to_owned(),
        confidence: 0.9,
    };
    text.split_whitespace().enumerate().map(word).collect()
}

/// What becomes of a text, and the kinds of numbers in it.
fn masked(text: &str) -> (String, Vec<NumberKind>) {
    let mut words = words(text);
    let mut text = text.to_owned();
    let mut cues = Cues::default();
    cues.note(&words);
    let passage = Passage {
        text: &mut text,
        words: &mut words,
    };
    let numbers = mask(&mut [passage], &cues);
    let spoken: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(spoken.join(" "), text);
    (text, numbers.iter().map(|found| found.number.kind).collect())
}

#[test]
fn numbers_are_taken_out_however_they_are_said() {
    use NumberKind::{Account, Card, Iban};
    for (text, wanted, kind) in [
        (
            "Sure, it's 4242 4242 4242 4242, thanks.",
            "Sure, it's •••• •••• •••• ••••, thanks.",
            Card,
        ),
        (
            "that is 4242-4242-4242-4242.",
            "that is ••••-••••-••••-••••.",
            Card,
        ),
        ("so 378282246310005 it is", "so ••••••••••••••• it is", Card),
        (
            "four two four two um four two four two, okay 4242 double four oh oh is wrong",
            "• • • • um • • • •, okay •••• • • • • is wrong",
            Card,
        ),
        (
            "forty-two forty two 4242 forty-two forty-two 42 forty-two please",
            "• • • •••• • • •• • please",
            Card,
        ),
        (
            "4242 4242 4242 4242 12 28 123 and that's all",
            "•••• •••• •••• •••• •• •• ••• and that's all",
            Card,
        ),
        // One digit heard wrongly.
        ("it is 4242 4242 4243 4242", "it is •••• •••• •••• ••••", Card),
        ("the card is 5555 4444 33", "the card is •••• •••• ••", Card),
        // A model that goes in a circle.
        (
            "it is 42424242424242424242424",
            "it is •••••••••••••••••••••••",
            Card,
        ),
        ("the security code is 123.", "the security code is •••.", Card),
        (
            "into GB29 NWBK 6016 1331 9268 19 by Friday",
            "into •••• •••• •••• •••• •••• •• by Friday",
            Iban,
        ),
        ("DE89370400440532013000.", "••••••••••••••••••••••.", Iban),
        (
            "G B two nine N W B K six zero one six 1331 9268 19",
            "• • • • • • • • • • • • •••• •••• ••",
            Iban,
        ),
        (
            "Account number one two three four five six seven eight?",
            "Account number • • • • • • • •?",
            Account,
        ),
        (
            "Sort code 20-00-00, account 5577 9911.",
            "Sort code 20-00-00, account •••• ••••.",
            Account,
        ),
    ] {
        assert_eq!(masked(text), (wanted.to_owned(), vec![kind]), "{text}");
    }
}

#[test]
fn other_numbers_stay() {
    for text in [
        "Call me on 020 7946 0958 or 0044 20 7946 0958.",
        "My account manager is on the phone, 555-123-4567.",
        "My card has my mobile: +44 7911 123456.",
        "The account has 12,000,000 users and 4,500,000 seats.",
        "It costs 1,299.00 or $4,242 for 3 years, so 42.50 a day.",
        "On 2026-11-22 at 10:30, or 05/12/2026.",
        "We ordered 1200 units, 350 boxes and 16 pallets for 4242.",
        "The card ends in 4242.",
        "In 2024 2025 2026 we grew by ten, twenty and thirty percent.",
        "One two three, testing, one two three.",
        "",
        "No numbers at all.",
    ] {
        assert_eq!(masked(text), (text.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn a_number_goes_on_over_pauses_and_segments_until_the_pause_is_long() {
    let say = |pause_ms: i64| {
        let (mut first, mut second) = (words("card 4242 4242"), words("4242 4242 right"));
        for word in &mut second {
            word.start_ms += 850 + pause_ms;
            word.end_ms += 850 + pause_ms;
        }
        let (mut a, mut b) = ("card 4242 4242".to_owned(), "4242 4242 right".to_owned());
        let numbers = mask(
            &mut [
                Passage {
                    text: &mut a,
                    words: &mut first,
                },
                Passage {
                    text: &mut b,
                    words: &mut second,
                },
            ],
            &Cues::default(),
        );
        (a, b, numbers)
    };
    let (first, second, numbers) = say(5_000);
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("card •••• ••••", "•••• •••• right")
    );
    let wanted = Number {
        kind: NumberKind::Card,
        start_ms: 300,
        end_ms: 5_850 + 550,
    };
    // Nothing is said until the next word.
    let until_ms = 5_850 + 600;
    assert_eq!(
        numbers,
        [Found {
            number: wanted,
            until_ms
        }]
    );
    assert!(say(15_000).2.is_empty());
}

#[test]
fn a_number_may_go_on_until_the_next_word_or_for_as_long_as_it_takes() {
    let until = |next_ms: Option<i64>| {
        let mut words = words("it's 4242424242424242");
        words.extend(next_ms.map(|start_ms| Word {
            start_ms,
            end_ms: start_ms + 100,
            text: "okay".to_owned(),
            confidence: 1.0,
        }));
        let mut text = String::new();
        let passage = Passage {
            text: &mut text,
            words: &mut words,
        };
        mask(&mut [passage], &Cues::default())[0].until_ms
    };
    assert_eq!(until(Some(400)), 550, "its own words count");
    assert_eq!(until(Some(5_000)), 5_000);
    assert_eq!(until(Some(60_000)), 300 + 16 * 800);
    assert_eq!(until(None), 300 + 16 * 800);
}

#[test]
fn one_side_asks_and_the_other_answers() {
    let answer = words("12345678 sure");
    let text = "12345678 sure".to_owned();
    let ask = |question: &str, after_ms: i64| {
        let (mut cues, mut words, mut text) = (Cues::default(), answer.clone(), text.clone());
        cues.note(&self::words(question));
        for word in &mut words {
            word.start_ms += after_ms;
            word.end_ms += after_ms;
        }
        let passage = Passage {
            text: &mut text,
            words: &mut words,
        };
        mask(&mut [passage], &cues).len()
    };
    assert_eq!(ask("And your account number please", 3_000), 1);
    assert_eq!(ask("And your account number please", 60_000), 0);
    assert_eq!(ask("For the account, your phone number please", 3_000), 0);
    assert_eq!(ask("And what else?", 3_000), 0);
}

#[test]
fn a_quote_is_masked_with_what_stands_around_it() {
    let mut texts = ["my card is 4242", "4242 4242  4242", "thanks. 5 seats"].map(str::to_owned);
    assert!(mask_texts(&mut texts));
    assert_eq!(texts, ["my card is ••••", "•••• ••••  ••••", "thanks. 5 seats"]);
    assert!(!mask_texts(&mut texts));
    assert!(!mask_texts(&mut []));
}

#[test]
fn the_rest_of_a_number_follows_what_was_taken_out_before() {
    assert_eq!(
        masked("it's •••• ••••, 4242 42 okay"),
        ("it's •••• ••••, •••• •• okay".to_owned(), vec![NumberKind::Card])
    );
    let (again, none) = masked("it's •••• ••••, •••• ••");
    assert_eq!((again.as_str(), none.len()), ("it's •••• ••••, •••• ••", 0));
}

#[test]
fn any_words_are_looked_through_and_what_is_masked_stays_masked() {
    const PARTS: &[&str] = &[
        "4242",
        "42",
        "4",
        "four",
        "double",
        "forty",
        "oh",
        "GB29",
        "NWBK",
        "G",
        "um",
        "•••",
        "account",
        "card",
        "phone",
        "$4",
        "1,000",
        "é",
        "—",
        "",
        "(020)",
        "+44",
        "ß-4",
        "٤٢",
        "4242-4242-",
        "-",
        "hello,",
    ];
    let mut random = Random::new(7);
    for _ in 0..3_000 {
        let count = random.below(40);
        let mut at_ms = 0;
        let mut words: Vec<Word> = (0..count)
            .map(|_| {
                at_ms += random.between(-200, 4_000);
                Word {
                    start_ms: at_ms,
                    end_ms: at_ms + random.between(-10, 600),
                    text: PARTS[random.below(PARTS.len())].to_owned(),
                    confidence: 1.0,
                }
            })
            .collect();
        let before = words.clone();
        let joined: Vec<&str> = before.iter().map(|word| word.text.as_str()).collect();
        let mut text = joined.join(" ");
        let mut cues = Cues::default();
        cues.note(&words);
        let run = |text: &mut String, words: &mut [Word]| mask(&mut [Passage { text, words }], &cues);
        let numbers = run(&mut text, &mut words);
        assert_eq!(words.len(), before.len());
        for (after, before) in words.iter().zip(&before) {
            assert_eq!((after.start_ms, after.end_ms), (before.start_ms, before.end_ms));
            let shows_digit = after.text.chars().any(|c| c.is_ascii_digit());
            assert!(after.text == before.text || !shows_digit, "{before:?} {after:?}");
        }
        assert_eq!(numbers.is_empty(), words == before, "{text}");
        assert!(run(&mut text, &mut words).is_empty(), "{text}");
    }
}
