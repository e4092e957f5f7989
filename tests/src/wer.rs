//! Word error rate: how far a transcript is from what was said.
//!
//! Both texts are normalised first, so that spelling, punctuation and ways to write a number do not
//! count as errors; see [`normalise`].

mod normalise;
mod numbers;

use std::ops::AddAssign;

pub use normalise::normalise;

/// Errors of a transcript against what was said, in words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordErrors {
    /// Words that were said.
    pub reference: usize,
    /// Words heard as another word.
    pub substitutions: usize,
    /// Words said and not heard.
    pub deletions: usize,
    /// Words heard and not said.
    pub insertions: usize,
}

impl WordErrors {
    /// All errors.
    pub fn errors(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// Errors a word said; above 1 when more was invented than said. Where nothing was said it is 0 for
    /// an empty transcript and infinite for any other.
    pub fn rate(&self) -> f64 {
        match (self.reference, self.errors()) {
            (0, 0) => 0.0,
            (said, wrong) => wrong as f64 / said as f64,
        }
    }
}

impl AddAssign for WordErrors {
    /// Pools two texts: the rate of the sum weighs each word alike.
    fn add_assign(&mut self, other: Self) {
        self.reference += other.reference;
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
    }
}

/// Word errors of `hypothesis` (the transcript) against `reference` (what was said), both normalised.
pub fn word_errors(reference: &str, hypothesis: &str) -> WordErrors {
    let (said, heard) = (normalise(reference), normalise(hypothesis));
    let mut errors = WordErrors {
        reference: said.len(),
        ..WordErrors::default()
    };
    for step in align(&said, &heard) {
        match step {
            Step::Same { .. } => {}
            Step::Substituted { .. } => errors.substitutions += 1,
            Step::Deleted { .. } => errors.deletions += 1,
            Step::Inserted { .. } => errors.insertions += 1,
        }
    }
    errors
}

/// One step of an alignment; the numbers are places in the two lists of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The word was heard as said.
    Same {
        /// Place in what was said.
        reference: usize,
        /// Place in the transcript.
        hypothesis: usize,
    },
    /// Another word was heard in its place.
    Substituted {
        /// Place in what was said.
        reference: usize,
        /// Place in the transcript.
        hypothesis: usize,
    },
    /// The word was not heard.
    Deleted {
        /// Place in what was said.
        reference: usize,
    },
    /// A word was heard that nobody said.
    Inserted {
        /// Place in the transcript.
        hypothesis: usize,
    },
}

/// Where the cheapest way to a cell of the table comes from.
#[derive(Clone, Copy)]
enum From {
    Both,
    Reference,
    Hypothesis,
}

/// The alignment with the fewest errors (Levenshtein distance over words), from first to last word.
///
/// Takes time and memory in the product of the lengths, a byte a pair: 9 MB for 3,000 words each.
pub fn align(reference: &[String], hypothesis: &[String]) -> Vec<Step> {
    let width = hypothesis.len() + 1;
    let mut origins = vec![From::Hypothesis; (reference.len() + 1) * width];
    let mut above: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for (r, said) in reference.iter().enumerate() {
        row[0] = r + 1;
        origins[(r + 1) * width] = From::Reference;
        for (h, heard) in hypothesis.iter().enumerate() {
            let paired = above[h] + usize::from(said != heard);
            let (deleted, inserted) = (above[h + 1] + 1, row[h] + 1);
            let (cost, origin) = if paired <= deleted && paired <= inserted {
                (paired, From::Both)
            } else if deleted <= inserted {
                (deleted, From::Reference)
            } else {
                (inserted, From::Hypothesis)
            };
            row[h + 1] = cost;
            origins[(r + 1) * width + h + 1] = origin;
        }
        std::mem::swap(&mut above, &mut row);
    }
    walk_back(reference, hypothesis, &origins)
}

/// Follows the table of origins from its last cell to its first.
fn walk_back(reference: &[String], hypothesis: &[String], origins: &[From]) -> Vec<Step> {
    let (mut r, mut h) = (reference.len(), hypothesis.len());
    let mut steps = Vec::with_capacity(r.max(h));
    while r > 0 || h > 0 {
        steps.push(match origins[r * (hypothesis.len() + 1) + h] {
            From::Both => {
                (r, h) = (r - 1, h - 1);
                if reference[r] == hypothesis[h] {
                    Step::Same {
                        reference: r,
                        hypothesis: h,
                    }
                } else {
                    Step::Substituted {
                        reference: r,
                        hypothesis: h,
                    }
                }
            }
            From::Reference => {
                r -= 1;
                Step::Deleted { reference: r }
            }
            From::Hypothesis => {
                h -= 1;
                Step::Inserted { hypothesis: h }
            }
        });
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn each_kind_of_error_is_counted_apart() {
        let errors = word_errors(
            "we open the big shop at nine today",
            "we opened the shop at nine right today",
        );
        assert_eq!(
            errors,
            WordErrors {
                reference: 8,
                substitutions: 1,
                deletions: 1,
                insertions: 1
            }
        );
        assert!((errors.rate() - 0.375).abs() < 1e-12);
    }

    #[test]
    fn writing_it_differently_is_no_error() {
        let errors = word_errors(
            "I can't organise ten percent for the colour, it's twenty-five dollars.",
            "Um, I cannot organize 10% for the color. It is $25",
        );
        assert_eq!(
            errors,
            WordErrors {
                reference: 11,
                ..WordErrors::default()
            }
        );
    }

    #[test]
    fn nothing_said_and_nothing_heard_is_perfect_but_invention_is_not() {
        assert!(word_errors("", "").rate().abs() < 1e-12);
        assert!(word_errors("", "thank you").rate().is_infinite());
        assert!((word_errors("thank you", "").rate() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rate_passes_one_when_more_is_invented_than_said() {
        assert!((word_errors("okay", "okay thanks for watching").rate() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn pooled_texts_weigh_each_word_alike() {
        let mut total = word_errors("a b c d e f g h i j", "a b c d e f g h i j");
        total += word_errors("one", "two");
        assert_eq!((total.reference, total.errors()), (11, 1));
    }

    #[test]
    fn alignment_names_the_places_of_both_sides() {
        assert_eq!(
            align(&words("the red fox ran"), &words("red fax ran away")),
            [
                Step::Deleted { reference: 0 },
                Step::Same {
                    reference: 1,
                    hypothesis: 0
                },
                Step::Substituted {
                    reference: 2,
                    hypothesis: 1
                },
                Step::Same {
                    reference: 3,
                    hypothesis: 2
                },
                Step::Inserted { hypothesis: 3 },
            ]
        );
    }

    /// Distance by its recursive definition, slow and plain.
    fn distance(a: &[String], b: &[String]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a_rest @ ..], [y, b_rest @ ..]) => {
                let paired = distance(a_rest, b_rest) + usize::from(x != y);
                paired.min(distance(a_rest, b) + 1).min(distance(a, b_rest) + 1)
            }
        }
    }

    #[test]
    fn alignment_has_the_fewest_errors() {
        // Every text of up to five words of an alphabet of two against a few others.
        for a in 0..32_u32 {
            for b in [0b1_0110_u32, 0b0_0111, 0b1_0101] {
                let text = |bits: u32, length: u32| -> Vec<String> {
                    (0..length).map(|i| (bits >> i & 1).to_string()).collect()
                };
                let (reference, hypothesis) = (text(a, 5), text(b, 3 + a % 3));
                let steps = align(&reference, &hypothesis);
                let errors = steps
                    .iter()
                    .filter(|step| !matches!(step, Step::Same { .. }))
                    .count();
                assert_eq!(
                    errors,
                    distance(&reference, &hypothesis),
                    "{reference:?} {hypothesis:?}"
                );
            }
        }
    }

    #[test]
    fn three_thousand_words_are_aligned() {
        let reference: Vec<String> = (0..3000).map(|i| format!("w{}", i * 7919 % 500)).collect();
        let mut hypothesis = reference.clone();
        hypothesis.remove(1500);
        hypothesis[10] = "other".to_owned();
        let errors = align(&reference, &hypothesis);
        assert_eq!(
            errors
                .iter()
                .filter(|step| !matches!(step, Step::Same { .. }))
                .count(),
            2
        );
    }
}
