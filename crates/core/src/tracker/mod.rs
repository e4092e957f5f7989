//! Trackers: saved lists of phrases that mark where people might want to look.

mod defaults;

use std::collections::HashMap;

pub use defaults::{DefaultTracker, defaults};

use crate::{
    TimeMs,
    id::{CallId, SegmentId, TrackerId},
    search::FoundCall,
    transcript::{Segment, SpeakerRole},
    words::cut,
};

/// Phrases a tracker may have.
pub const MAX_PHRASES: usize = 200;
/// Characters a phrase may have.
pub const MAX_PHRASE_CHARS: usize = 100;

/// A list of phrases to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    /// Which.
    pub id: TrackerId,
    /// As shown.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What to look for; a word that ends in `*` stands for all that begin so.
    pub phrases: Vec<String>,
    /// Whose words count; `None` for everybody's.
    pub speaker_role: Option<SpeakerRole>,
    /// Grows with every change.
    pub version: i64,
    /// Set when it looks for nothing any more.
    pub disabled_at: Option<TimeMs>,
    /// When it was made.
    pub created_at: TimeMs,
}

/// A place where a phrase was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerHit {
    /// By which tracker.
    pub tracker_id: TrackerId,
    /// In which call,
    pub call_id: CallId,
    /// and in which segment of it.
    pub segment_id: SegmentId,
    /// Start of the phrase's first word, in milliseconds of the recording.
    pub start_ms: i64,
    /// End of its last word, in milliseconds of the recording.
    pub end_ms: i64,
    /// The phrase, as the tracker has it.
    pub phrase: String,
}

/// Where a phrase is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The phrase, as the tracker has it.
    pub phrase: &'a str,
    /// Start of its first word, in milliseconds of the recording.
    pub start_ms: i64,
    /// End of its last word, in milliseconds of the recording.
    pub end_ms: i64,
}

/// A hit with what people want to know about its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownHit {
    /// The hit.
    pub hit: TrackerHit,
    /// Its call.
    pub call: FoundCall,
    /// What the segment says.
    pub text: String,
}

struct Pattern<'a> {
    phrase: &'a str,
    words: Vec<(String, bool)>,
}

/// Phrases, ready to look for.
pub struct Phrases<'a> {
    /// Those whose first word is given, by that.
    whole: HashMap<String, Vec<Pattern<'a>>>,
    /// Those whose first word only begins so.
    open: Vec<Pattern<'a>>,
}

/// The words of a phrase, and whether each may go on. None when there are no letters in it.
fn words_of(phrase: &str) -> Vec<(String, bool)> {
    let mut words: Vec<(String, bool)> = Vec::new();
    for part in phrase.split_whitespace() {
        words.extend(cut(part).into_iter().map(|cut| (cut.word, false)));
        if let (true, Some(last)) = (part.ends_with('*'), words.last_mut()) {
            last.1 = true;
        }
    }
    words
}

/// Whether there is anything to look for in a phrase.
pub fn is_phrase(text: &str) -> bool {
    !words_of(text).is_empty()
}

impl<'a> Phrases<'a> {
    /// Makes them ready.
    pub fn new(phrases: &'a [String]) -> Self {
        let (mut whole, mut open) = (HashMap::<String, Vec<Pattern<'a>>>::new(), Vec::new());
        for phrase in phrases {
            let words = words_of(phrase);
            match words.first() {
                Some((first, false)) => whole
                    .entry(first.clone())
                    .or_default()
                    .push(Pattern { phrase, words }),
                Some((_, true)) => open.push(Pattern { phrase, words }),
                None => {}
            }
        }
        Self { whole, open }
    }

    /// Where they are in a segment, in order. Of phrases that overlap the first counts, and of those that begin
    /// at one word the longest.
    pub fn find(&self, segment: &Segment) -> Vec<Found<'a>> {
        let words: Vec<(String, i64, i64)> = segment
            .words
            .iter()
            .flat_map(|word| {
                let pieces = cut(&word.text).into_iter();
                pieces.map(|cut| (cut.word, word.start_ms, word.end_ms))
            })
            .collect();
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let Some(pattern) = self.longest(&words[at..]) else {
                at += 1;
                continue;
            };
            let last = at + pattern.words.len() - 1;
            let hit = Found {
                phrase: pattern.phrase,
                start_ms: words[at].1,
                end_ms: words[last].2,
            };
            // Two pieces of one word begin at the same time; one hit is enough for people.
            if found
                .last()
                .is_none_or(|before: &Found<'_>| before.start_ms < hit.start_ms)
            {
                found.push(hit);
            }
            at = last + 1;
        }
        found
    }

    fn longest(&self, words: &[(String, i64, i64)]) -> Option<&Pattern<'a>> {
        let whole = self.whole.get(&words[0].0).into_iter().flatten();
        // Of phrases of one length the last counts: the one that says the whole word.
        self.open
            .iter()
            .chain(whole)
            .filter(|pattern| pattern.begins(words))
            .max_by_key(|pattern| pattern.words.len())
    }
}

impl Pattern<'_> {
    fn begins(&self, words: &[(String, i64, i64)]) -> bool {
        words.len() >= self.words.len()
            && self.words.iter().zip(words).all(|((wanted, open), (word, ..))| {
                word == wanted || (*open && word.starts_with(wanted.as_str()))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Speaker, Word};

    fn segment(text: &str) -> Segment {
        let word = |(i, text): (usize, &str)| Word {
            start_ms: i as i64 * 100,
            end_ms: i as i64 * 100 + 90,
            text: text.to_owned(),
            confidence: 1.0,
        };
        Segment {
            id: None,
            start_ms: 0,
            end_ms: 10_000,
            channel: 0,
            speaker: Speaker::default_for(0, 1),
            text: text.to_owned(),
            words: text.split(' ').enumerate().map(word).collect(),
            edited: false,
        }
    }

    fn find(phrases: &[&str], text: &str) -> Vec<(String, i64, i64)> {
        let phrases: Vec<String> = phrases.iter().map(|phrase| (*phrase).to_owned()).collect();
        let found = Phrases::new(&phrases).find(&segment(text));
        found
            .into_iter()
            .map(|found| (found.phrase.to_owned(), found.start_ms, found.end_ms))
            .collect()
    }

    #[test]
    fn phrases_are_found_whatever_their_case_and_punctuation() {
        assert_eq!(
            find(
                &["too expensive", "can't afford"],
                "That's TOO, expensive! We can’t afford it."
            ),
            [
                ("too expensive".to_owned(), 100, 290),
                ("can't afford".to_owned(), 400, 590)
            ]
        );
        assert_eq!(
            find(&["price"], "prices pricey price"),
            [("price".to_owned(), 200, 290)]
        );
        assert_eq!(
            find(&["follow up"], "a follow-up call")[0],
            ("follow up".to_owned(), 100, 190)
        );
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_word() {
        assert_eq!(find(&["pric*"], "prices pricey price rice").len(), 3);
        assert_eq!(find(&["send* me * over"], "sending me over").len(), 1);
        assert_eq!(
            find(&["need* approval"], "needs no approval, needed approval").len(),
            1
        );
        assert!(find(&["*", "", "…"], "anything * at all").is_empty());
        assert!(!is_phrase("*") && !is_phrase(" ") && is_phrase("a*"));
    }

    #[test]
    fn one_place_is_one_hit() {
        assert_eq!(
            find(
                &["not now", "not", "now is", "not now is", "no*"],
                "not now is not"
            ),
            [("not now is".to_owned(), 0, 290), ("not".to_owned(), 300, 390)]
        );
        assert_eq!(find(&["yes"], "yes-yes yes").len(), 2);
        assert!(find(&["yes"], "").is_empty());
    }

    #[test]
    fn what_comes_with_the_program_can_be_used() {
        let all = defaults();
        assert!((8..=12).contains(&all.len()));
        let mut ids = std::collections::BTreeSet::new();
        for tracker in all {
            assert!(
                ids.insert(tracker.id.parse::<TrackerId>().unwrap()),
                "{}",
                tracker.id
            );
            let phrases = tracker.phrases();
            assert!(phrases.len() >= 8 && phrases.len() <= MAX_PHRASES);
            let mut seen = std::collections::BTreeSet::new();
            for phrase in &phrases {
                assert!(is_phrase(phrase) && phrase.len() <= MAX_PHRASE_CHARS, "{phrase}");
                assert!(seen.insert(words_of(phrase)), "{phrase} twice");
            }
        }
    }

    #[test]
    fn the_default_set_marks_common_objections_and_questions() {
        for (title, text) in [
            ("Price objection", "The price is much higher than we expected."),
            (
                "Price objection",
                "Anchor offered us almost the same product for less money.",
            ),
            (
                "Timing objection",
                "I do not want to change anything before the new year.",
            ),
            ("Competitor", "We are also talking to Riverside."),
            (
                "Authority objection",
                "Our board meets at the end of the month, and I need their approval.",
            ),
            (
                "Need objection",
                "We already send messages from the system that we have.",
            ),
            (
                "Trust and security",
                "We cannot lose any of them, is our data encrypted?",
            ),
            (
                "Discovery question",
                "And when somebody calls in sick, what happens next?",
            ),
            ("Impact question", "What did that late opening cost you?"),
            ("Next step", "I will send you an invitation for Thursday at ten."),
        ] {
            let tracker = defaults().iter().find(|tracker| tracker.title == title);
            let phrases = tracker.unwrap().phrases();
            assert!(
                !Phrases::new(&phrases).find(&segment(text)).is_empty(),
                "{title}: {text}"
            );
        }
        let small_talk = segment("Good morning, this is Mark speaking, thank you.");
        for tracker in defaults() {
            let phrases = tracker.phrases();
            assert!(
                Phrases::new(&phrases).find(&small_talk).is_empty(),
                "{}",
                tracker.title
            );
        }
    }
}
