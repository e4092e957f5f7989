//! English text to plain words, so that two ways to write the same speech compare equal.
//!
//! In the manner of the English normaliser that the Whisper paper describes (Radford et al. 2022,
//! "Robust Speech Recognition via Large-Scale Weak Supervision", appendix C) and of the `normalizers`
//! package of openai-whisper, written anew from that description. It differs where noted: `cannot`,
//! `ok` and `alright` are one with `can not`, `okay` and `all right`, a list of single digits is not run
//! together into one number, and only a handful of British spellings are known.

use super::numbers;

/// Sounds that are no words.
const FILLERS: &[&str] = &["hm", "hmm", "mm", "mmm", "mhm", "uh", "um"];

/// Whole words that stand for others.
const EXPANSIONS: &[(&str, &str)] = &[
    ("won't", "will not"),
    ("can't", "can not"),
    ("cannot", "can not"),
    ("let's", "let us"),
    ("ain't", "aint"),
    ("y'all", "you all"),
    ("wanna", "want to"),
    ("gotta", "got to"),
    ("gonna", "going to"),
    ("i'ma", "i am going to"),
    ("imma", "i am going to"),
    ("woulda", "would have"),
    ("coulda", "could have"),
    ("shoulda", "should have"),
    ("ma'am", "madam"),
    ("o'clock", "oclock"),
    ("ok", "okay"),
    ("alright", "all right"),
    ("mr", "mister"),
    ("mrs", "missus"),
    ("dr", "doctor"),
    ("prof", "professor"),
];

/// Ends of words that stand for a word of their own; `'s` is read as "is", also where it possesses, and
/// `'d` as "would" where [`PERFECT`] does not follow. That is wrong at times, but alike on both sides.
const CONTRACTIONS: &[(&str, &str)] = &[
    ("n't", "not"),
    ("'re", "are"),
    ("'s", "is"),
    ("'d", "would"),
    ("'ll", "will"),
    ("'ve", "have"),
    ("'m", "am"),
];

/// Words before which `'d` and `'s` are "had" and "has".
const PERFECT: &[&str] = &["been", "done", "got", "gone", "had"];

/// British beginnings of words and the American ones.
const SPELLINGS: &[(&str, &str)] = &[
    ("analys", "analyz"),
    ("apologis", "apologiz"),
    ("behaviour", "behavior"),
    ("cancell", "cancel"),
    ("catalogue", "catalog"),
    ("centre", "center"),
    ("cheque", "check"),
    ("colour", "color"),
    ("counsell", "counsel"),
    ("customis", "customiz"),
    ("defence", "defense"),
    ("dialogue", "dialog"),
    ("emphasis", "emphasiz"),
    ("enquir", "inquir"),
    ("favour", "favor"),
    ("finalis", "finaliz"),
    ("fulfill", "fulfil"),
    ("grey", "gray"),
    ("honour", "honor"),
    ("judgement", "judgment"),
    ("labour", "labor"),
    ("licence", "license"),
    ("litre", "liter"),
    ("maximis", "maximiz"),
    ("metre", "meter"),
    ("minimis", "minimiz"),
    ("neighbour", "neighbor"),
    ("offence", "offense"),
    ("optimis", "optimiz"),
    ("organis", "organiz"),
    ("practis", "practic"),
    ("prioritis", "prioritiz"),
    ("programme", "program"),
    ("realis", "realiz"),
    ("recognis", "recogniz"),
    ("specialis", "specializ"),
    ("standardis", "standardiz"),
    ("summaris", "summariz"),
    ("theatre", "theater"),
    ("travell", "travel"),
    ("utilis", "utiliz"),
];

/// The words of `text`: lower case, without fillers, bracketed remarks, punctuation and diacritics,
/// contractions written out, numbers as digits (with `%`, `$`, `£` or `€` where said), American spelling.
pub fn normalise(text: &str) -> Vec<String> {
    let plain = to_plain(&without_remarks(&text.to_lowercase()));
    let raw: Vec<&str> = plain
        .split_whitespace()
        .filter(|word| !FILLERS.contains(word))
        .collect();
    let mut words = Vec::with_capacity(raw.len());
    for (place, word) in raw.iter().enumerate() {
        expand(word, raw.get(place + 1).copied(), &mut words);
    }
    numbers::to_digits(&words)
        .iter()
        .map(|word| american(word))
        .collect()
}

/// Takes out what stands in brackets, such as `[laughs]`; an open bracket that never closes takes nothing.
fn without_remarks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(', '<']) {
        let closing = match rest.as_bytes()[open] {
            b'[' => ']',
            b'(' => ')',
            _ => '>',
        };
        let Some(length) = rest[open..].find(closing) else {
            break;
        };
        kept.push_str(&rest[..open]);
        kept.push(' ');
        rest = &rest[open + length + 1..];
    }
    kept + rest
}

/// Lower-case letters and digits with spaces between words; an apostrophe stays inside a word, `.`
/// between digits, `%` after and a currency sign before one. Commas and colons between digits close up,
/// so that 1,000 is 1000 and 10:30 is 1030, as "ten thirty" comes out.
fn to_plain(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut plain = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map_or(' ', |at| chars[at]);
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        let in_number = before.is_ascii_digit() && after.is_ascii_digit();
        match c {
            '\'' | '\u{2019}' if before.is_alphanumeric() && after.is_alphanumeric() => plain.push('\''),
            '.' if in_number => plain.push('.'),
            ',' | ':' if in_number => {}
            '%' if before.is_ascii_digit() => plain.push('%'),
            '$' | '£' | '€' if after.is_ascii_digit() => plain.extend([' ', c]),
            // Marks that combine with the letter before them.
            '\u{300}'..='\u{36f}' => {}
            _ if c.is_ascii_alphanumeric() => plain.push(c),
            _ if c.is_alphanumeric() => push_without_diacritic(c, &mut plain),
            _ => plain.push(' '),
        }
    }
    plain
}

/// Latin letters without their marks; others as they are.
fn push_without_diacritic(c: char, plain: &mut String) {
    let base = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ì'..='ï' | 'ī' | 'į' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return plain.push(c),
    };
    plain.push_str(base);
}

/// Writes `word` out in full; `next` tells "had" from "would".
fn expand(word: &str, next: Option<&str>, words: &mut Vec<String>) {
    if let Some((_, long)) = EXPANSIONS.iter().find(|(short, _)| *short == word) {
        words.extend(long.split(' ').map(str::to_owned));
        return;
    }
    for (ending, long) in CONTRACTIONS {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| !stem.is_empty()) else {
            continue;
        };
        let perfect = next.is_some_and(|next| PERFECT.contains(&next));
        // Two at once, as in "shouldn't've".
        expand(stem, None, words);
        words.push(match *ending {
            "'d" if perfect => "had".to_owned(),
            "'s" if perfect => "has".to_owned(),
            _ => (*long).to_owned(),
        });
        return;
    }
    words.extend(
        word.split('\'')
            .filter(|part| !part.is_empty())
            .map(str::to_owned),
    );
}

/// The American spelling of a word.
fn american(word: &str) -> String {
    SPELLINGS
        .iter()
        .find_map(|(british, spelling)| Some(format!("{spelling}{}", word.strip_prefix(british)?)))
        .unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        normalise(text).join(" ")
    }

    #[test]
    fn punctuation_case_and_diacritics_go() {
        assert_eq!(
            plain("Well -- the CAFÉ, \"naïve\"; well-known?!"),
            "well the cafe naive well known"
        );
        assert_eq!(plain("cafe\u{301}"), "cafe");
        assert_eq!(plain("Привет"), "привет");
    }

    #[test]
    fn fillers_and_remarks_go() {
        assert_eq!(plain("Um, hmm [laughs] right (door) uh, yes mm-hm"), "right yes");
        assert_eq!(plain("less (than ever"), "less than ever");
    }

    #[test]
    fn contractions_are_written_out() {
        for (short, long) in [
            ("I won't and can't", "I will not and can not"),
            ("cannot", "can not"),
            ("We’re sure they've left", "we are sure they have left"),
            ("I'd go, I'd been", "I would go, I had been"),
            ("it's, she's gone", "it is she has gone"),
            ("Let's; I'm; you'll; didn't", "let us I am you will did not"),
            ("shouldn't've", "should not have"),
            ("Mr. Hill's", "mister hill is"),
            ("the drivers' yard", "the drivers yard"),
            ("rock 'n' roll", "rock n roll"),
        ] {
            assert_eq!(plain(short), plain(long));
        }
        assert_eq!(plain("I'd been, we'd go"), "i had been we would go");
    }

    #[test]
    fn british_and_american_spelling_are_one() {
        assert_eq!(
            plain("organised colours at the travelling theatre centre"),
            plain("organized colors at the traveling theater center")
        );
        assert_ne!(plain("colour"), plain("collar"));
    }

    #[test]
    fn no_words_come_of_no_words() {
        assert!(normalise(" ... -- '' \u{2019} ").is_empty());
    }
}
