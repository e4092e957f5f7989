//! Prometheus' two languages, as far as tests need them: what a program shows, and what is asked of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

/// A value with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name, for parts of a histogram with `_bucket`, `_sum` or `_count`.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Value.
    pub value: f64,
}

/// What a program shows at `/metrics`.
pub fn read_samples(text: &str) -> Result<Vec<Sample>> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').context("a line without a value")?;
            let mut cursor = Cursor::new(series);
            let name = cursor.word();
            let labels = cursor.matchers()?;
            ensure!(cursor.is_at_end(), "{line}");
            let labels = labels.into_iter().map(|it| (it.label, it.value));
            Ok(Sample {
                name,
                labels: labels.collect(),
                value: value.parse().with_context(|| line.to_owned())?,
            })
        })
        .collect()
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// Which.
    pub label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub operator: String,
    /// What it is held against.
    pub value: String,
}

/// A measurement that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Name.
    pub name: String,
    /// Conditions.
    pub matchers: Vec<Matcher>,
}

/// What a question in `PromQL` mentions.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mentioned {
    /// Measurements.
    pub selectors: Vec<Selector>,
    /// Labels by which is grouped or matched.
    pub grouping: BTreeSet<String>,
}

/// Words of the language that are followed by labels in parentheses.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Other words of the language.
const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// What `question` mentions. Every word that is none of the language's and no function counts as a measurement, so
/// that misspelt ones are found out.
pub fn read_question(question: &str) -> Result<Mentioned> {
    let mut cursor = Cursor::new(question);
    let mut mentioned = Mentioned::default();
    while !cursor.is_at_end() {
        let next = cursor.peek();
        if next.is_some_and(|c| c.is_ascii_digit()) {
            cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '.');
        } else if next == Some('[') {
            cursor.take_while(|c| c != ']');
        } else if next.is_some_and(is_word) {
            let word = cursor.word();
            cursor.space();
            if GROUPING.contains(&word.as_str()) {
                ensure!(cursor.eat('('), "{question}: no labels after {word}");
                let labels = cursor.take_while(|c| c != ')');
                mentioned
                    .grouping
                    .extend(labels.split(',').map(|label| label.trim().to_owned()));
            } else if !WORDS.contains(&word.as_str()) && !cursor.is_at_arguments() {
                let matchers = cursor.matchers().with_context(|| question.to_owned())?;
                mentioned.selectors.push(Selector { name: word, matchers });
            }
        } else {
            cursor.skip();
        }
    }
    ensure!(
        !mentioned.selectors.is_empty(),
        "nothing is asked by '{question}'"
    );
    Ok(mentioned)
}

/// The labels that a text for people fills in: `{{label}}` or `{{ $labels.label }}`.
pub fn placeholders(text: &str) -> Vec<String> {
    let parts = text.split("{{").skip(1);
    parts
        .filter_map(|part| part.split_once("}}"))
        .map(|(name, _)| name.trim().trim_start_matches("$labels.").to_owned())
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// A text that is read from its start.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Whether what was read is a function: its arguments follow, or the labels that it groups by.
    fn is_at_arguments(&self) -> bool {
        let follows = |word: &str| {
            let rest = self.rest.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(is_word))
        };
        self.peek() == Some('(') || follows("by") || follows("without")
    }

    fn skip(&mut self) {
        let length = self.peek().map_or(0, char::len_utf8);
        self.rest = &self.rest[length..];
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.skip();
        }
        found
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }

    fn word(&mut self) -> String {
        self.take_while(is_word)
    }

    /// `{label="value", …}`, or nothing.
    fn matchers(&mut self) -> Result<Vec<Matcher>> {
        let mut matchers = Vec::new();
        if !self.eat('{') {
            return Ok(matchers);
        }
        loop {
            self.space();
            if self.eat('}') {
                return Ok(matchers);
            }
            let label = self.word();
            let operator = self.take_while(|c| matches!(c, '=' | '!' | '~'));
            if label.is_empty() || !self.eat('"') {
                bail!("no condition at '{}'", self.rest);
            }
            let mut value = String::new();
            while let Some(c) = self.peek() {
                self.skip();
                match c {
                    '"' => break,
                    '\\' => value.extend(self.peek().inspect(|_| self.skip())),
                    c => value.push(c),
                }
            }
            matchers.push(Matcher {
                label,
                operator,
                value,
            });
            self.eat(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_shows_is_read() {
        let text = "# HELP a b\na 1\nb{x=\"1,}\\\"\",y=\"z\"} NaN\n\nc_bucket{le=\"+Inf\"} 2e3\n";
        let samples = read_samples(text).expect("samples");
        assert_eq!(samples.len(), 3);
        assert_eq!(samples[1].labels["x"], "1,}\"");
        assert!(samples[1].value.is_nan());
        assert!((samples[2].value - 2_000.0).abs() < 1e-9);
    }

    #[test]
    fn what_a_question_mentions_is_found() {
        let question =
            r#"sum by (le, kind) (rate(a_bucket{x=~"b|c", y!="}"}[5m])) / on (kind) d > 4 * 3600 and e"#;
        let mentioned = read_question(question).expect("a question");
        let names: Vec<_> = mentioned
            .selectors
            .iter()
            .map(|it| (it.name.as_str(), it.matchers.len()))
            .collect();
        assert_eq!(names, [("a_bucket", 2), ("d", 0), ("e", 0)]);
        assert_eq!(mentioned.grouping, ["kind", "le"].map(ToOwned::to_owned).into());
        assert!(read_question("1 + 1").is_err());
        assert_eq!(placeholders("{{a}} of {{ $labels.b }}"), ["a", "b"]);
    }
}
