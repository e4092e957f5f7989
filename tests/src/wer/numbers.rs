//! Numbers in words to numbers in digits.

/// Up to nineteen; a word's place is its value.
const UNITS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Ordinals up to nineteenth.
const ORDINAL_UNITS: &[&str] = &[
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
/// A word's place times ten is its value.
const TENS: &[&str] = &[
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
/// Ordinals of the tens.
const ORDINAL_TENS: &[&str] = &[
    "",
    "",
    "twentieth",
    "thirtieth",
    "fortieth",
    "fiftieth",
    "sixtieth",
    "seventieth",
    "eightieth",
    "ninetieth",
];
/// Words that multiply all of a number that stands before them, up to the one before.
const SCALES: &[(&str, u64)] = &[
    ("thousand", 1000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
];
/// Said after a number, written before or after it.
const MARKS: &[(&str, Mark)] = &[
    ("percent", Mark::After("%")),
    ("dollar", Mark::Before("$")),
    ("dollars", Mark::Before("$")),
    ("pound", Mark::Before("£")),
    ("pounds", Mark::Before("£")),
    ("euro", Mark::Before("€")),
    ("euros", Mark::Before("€")),
];

#[derive(Clone, Copy)]
enum Mark {
    Before(&'static str),
    After(&'static str),
}

/// Part of a number.
#[derive(Clone, Copy)]
enum Part {
    /// Below a hundred.
    Small(u64),
    Hundred,
    Scale(u64),
    /// An ordinal below a hundred; ends the number.
    Ordinal(u64),
}

fn part(word: &str) -> Option<Part> {
    let place = |names: &[&str]| names.iter().position(|name| *name == word).map(|at| at as u64);
    place(UNITS)
        .map(Part::Small)
        .or_else(|| place(TENS).map(|ten| Part::Small(ten * 10)))
        .or_else(|| place(ORDINAL_UNITS).map(Part::Ordinal))
        .or_else(|| place(ORDINAL_TENS).map(|ten| Part::Ordinal(ten * 10)))
        .or_else(|| (word == "hundred").then_some(Part::Hundred))
        .or_else(|| {
            SCALES
                .iter()
                .find(|(name, _)| *name == word)
                .map(|(_, scale)| Part::Scale(*scale))
        })
}

/// A number under construction: what is closed by a scale word, and the group below a thousand.
#[derive(Clone, Copy, Default)]
struct Sum {
    closed: u64,
    group: u64,
    /// The smallest scale word so far; a greater one starts another number.
    scale: Option<u64>,
    /// Nothing has been read yet.
    empty: bool,
}

impl Sum {
    fn new() -> Self {
        Self {
            empty: true,
            ..Self::default()
        }
    }

    /// Whether a part below a hundred can follow: after nothing, a hundred or a scale word, and the
    /// units after a ten.
    fn takes(self, small: u64) -> bool {
        let below_hundred = self.group % 100;
        let room = match below_hundred {
            0 => self.empty || self.group > 0 || self.closed > 0,
            20.. => below_hundred.is_multiple_of(10) && (1..10).contains(&small),
            _ => false,
        };
        room && (small > 0 || self.empty)
    }

    /// The number with `part` read after it; `None` where it cannot follow or the number gets too large.
    fn with(self, part: Part) -> Option<Self> {
        let next = match part {
            Part::Small(small) | Part::Ordinal(small) => self.takes(small).then(|| Self {
                group: self.group + small,
                ..self
            })?,
            Part::Hundred if self.empty => Self { group: 100, ..self },
            Part::Hundred => (1..100).contains(&self.group).then(|| Self {
                group: self.group * 100,
                ..self
            })?,
            Part::Scale(scale) => {
                if self.scale.is_some_and(|smallest| smallest <= scale) {
                    return None;
                }
                let group = if self.empty { 1 } else { self.group };
                let closed = group.checked_mul(scale)?.checked_add(self.closed)?;
                (group > 0).then_some(Self {
                    closed,
                    group: 0,
                    scale: Some(scale),
                    empty: false,
                })?
            }
        };
        Some(Self { empty: false, ..next })
    }

    fn value(self) -> Option<u64> {
        self.closed.checked_add(self.group)
    }
}

/// Writes numbers in digits: "twenty five" is `25`, "one hundred and two" `102`, "three point five"
/// `3.5`, "two and a half" `2.5`, "twenty first" `21st`, "nineteen ninety" `1990`, "ten percent" `10%`,
/// "five dollars" `$5`, "20 million" `20000000`. A one on its own stays a word, since it is as often no
/// number.
pub(super) fn to_digits(words: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let (number, mut length) = read(&words[at..]).unwrap_or_else(|| (words[at].clone(), 1));
        let mut word = if number == "1" { "one".to_owned() } else { number };
        if word.starts_with(|c: char| c.is_ascii_digit()) || word == "one" {
            let (mark, taken) = mark_after(&words[at + length..]);
            length += taken;
            let digits = if word == "one" { "1" } else { &word };
            word = match mark {
                Some(Mark::Before(sign)) => format!("{sign}{digits}"),
                Some(Mark::After(sign)) => format!("{digits}{sign}"),
                None => word,
            };
        }
        out.push(word);
        at += length;
    }
    out
}

/// What is said after a number to be written at it, and how many words it takes.
fn mark_after(rest: &[String]) -> (Option<Mark>, usize) {
    match rest {
        [per, cent, ..] if per == "per" && cent == "cent" => (Some(Mark::After("%")), 2),
        [word, ..] => {
            let mark = MARKS.iter().find(|(name, _)| name == word).map(|(_, mark)| *mark);
            (mark, usize::from(mark.is_some()))
        }
        [] => (None, 0),
    }
}

/// The number that `words` begins with, and how many words it takes; `None` where it begins with none.
fn read(words: &[String]) -> Option<(String, usize)> {
    if words[0].starts_with(|c: char| c.is_ascii_digit() || "$£€".contains(c)) {
        return read_digits(words);
    }
    let (mut sum, mut length) = (Sum::new(), 0);
    while let Some((next, taken, ordinal)) = read_part(sum, &words[length..], length > 0) {
        sum = next;
        length += taken;
        if ordinal {
            let value = sum.value()?;
            return Some((format!("{value}{}", ordinal_ending(value)), length));
        }
    }
    if length == 0 {
        return None;
    }
    let value = sum.value()?;
    if let Some((year, taken)) = read_year(value, &words[length..]) {
        return Some((year, length + taken));
    }
    let (fraction, taken) = read_fraction(&words[length..]);
    Some((format!("{value}{fraction}"), length + taken))
}

/// One more part, with the "and" before it that may stand inside a number.
fn read_part(sum: Sum, words: &[String], inside: bool) -> Option<(Sum, usize, bool)> {
    let joined = inside && words.first()? == "and" && sum.group.is_multiple_of(100);
    let part = part(words.get(usize::from(joined))?)?;
    if joined && !matches!(part, Part::Small(_) | Part::Ordinal(_)) {
        return None;
    }
    Some((
        sum.with(part)?,
        1 + usize::from(joined),
        matches!(part, Part::Ordinal(_)),
    ))
}

/// The rest of a year or a time of day said as two pairs of digits, as in "twenty twenty six".
fn read_year(first: u64, words: &[String]) -> Option<(String, usize)> {
    let Part::Small(second) = part(words.first()?)? else {
        return None;
    };
    if !(10..100).contains(&first) || second < 10 {
        return None;
    }
    let unit = match words.get(1).and_then(|word| part(word)) {
        Some(Part::Small(unit @ 1..10)) if second >= 20 => Some(unit),
        _ => None,
    };
    Some((
        format!("{first}{}", second + unit.unwrap_or(0)),
        1 + usize::from(unit.is_some()),
    ))
}

/// "point five" or "and a half" after a number, as `.5`.
fn read_fraction(words: &[String]) -> (String, usize) {
    if let [and, a, half, ..] = words
        && (and.as_str(), a.as_str(), half.as_str()) == ("and", "a", "half")
    {
        return (".5".to_owned(), 3);
    }
    if words.first().is_none_or(|word| word != "point") {
        return (String::new(), 0);
    }
    let digit = |word: &String| match part(word)? {
        Part::Small(digit @ 0..10) => Some(digit.to_string()),
        _ => None,
    };
    let digits: Vec<String> = words[1..].iter().map_while(digit).collect();
    if digits.is_empty() {
        (String::new(), 0)
    } else {
        (format!(".{}", digits.concat()), digits.len() + 1)
    }
}

/// A number already in digits, multiplied out where a scale word follows: "$20 million".
fn read_digits(words: &[String]) -> Option<(String, usize)> {
    let digits = words[0].trim_start_matches(['$', '£', '€']);
    let sign = &words[0][..words[0].len() - digits.len()];
    let scale = match words.get(1).and_then(|word| part(word)) {
        Some(Part::Scale(scale)) => scale,
        Some(Part::Hundred) => 100,
        _ => return Some((words[0].clone(), 1)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let unit = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let parsed: u64 = format!("{whole}{fraction}").parse().ok()?;
    let product = parsed.checked_mul(scale)?;
    (product % unit == 0).then(|| (format!("{sign}{}", product / unit), 2))
}

fn ordinal_ending(value: u64) -> &'static str {
    match (value % 100, value % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::to_digits;

    fn digits(text: &str) -> String {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        to_digits(&words).join(" ")
    }

    #[test]
    fn numbers_in_words_become_digits() {
        for (words, expected) in [
            ("we have twenty five people", "we have 25 people"),
            ("one hundred and two", "102"),
            ("two hundred thousand three hundred and forty", "200340"),
            ("three million and six", "3000006"),
            ("hundred shops", "100 shops"),
            ("zero", "0"),
            ("three point one four", "3.14"),
            ("two and a half hours", "2.5 hours"),
            ("nineteen eighty four", "1984"),
            ("twenty twenty six", "2026"),
            ("at ten thirty", "at 1030"),
            ("20 million", "20000000"),
            ("$1.5 million", "$1500000"),
        ] {
            assert_eq!(digits(words), expected);
        }
    }

    #[test]
    fn marks_are_written_at_the_number() {
        assert_eq!(digits("ten percent"), "10%");
        assert_eq!(digits("five per cent"), "5%");
        assert_eq!(digits("10 percent"), "10%");
        assert_eq!(digits("twenty five dollars"), "$25");
        assert_eq!(digits("one pound and three euros"), "£1 and €3");
        assert_eq!(digits("a few dollars"), "a few dollars");
    }

    #[test]
    fn ordinals_end_a_number() {
        assert_eq!(digits("the twenty first of may"), "the 21st of may");
        assert_eq!(digits("second third twelfth hundredth"), "2nd 3rd 12th hundredth");
        assert_eq!(digits("one hundred and thirteenth"), "113th");
    }

    #[test]
    fn what_is_no_single_number_stays_apart() {
        assert_eq!(digits("one of the two three six"), "one of the 2 3 6");
        assert_eq!(digits("two and three"), "2 and 3");
        assert_eq!(digits("twenty and ten"), "20 and 10");
        assert_eq!(digits("the point is"), "the point is");
        assert_eq!(digits("six point out"), "6 point out");
        assert_eq!(digits("five zero"), "5 0");
        assert_eq!(digits("1"), "one");
    }

    #[test]
    fn numbers_too_large_to_write_do_not_break_it() {
        let text = "999999999999999999999 trillion";
        assert_eq!(digits(text), text.replace("trillion", "1000000000000"));
        assert_eq!(digits("trillion trillion"), "1000000000000 1000000000000");
    }
}
