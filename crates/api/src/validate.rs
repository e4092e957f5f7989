//! Rules for what people may write into fields.

use crate::problem::{Problem, Result};

/// Text on one line, without spaces around it, of 1 to `max_chars` characters.
pub(crate) fn line(what: &str, text: &str, max_chars: usize) -> Result<String> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > max_chars {
        return Err(Problem::invalid_value(format!(
            "{what} must have 1 to {max_chars} characters"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::invalid_value(format!(
            "{what} must be one line without control characters"
        )));
    }
    Ok(text.to_owned())
}

/// Text on one line that may be missing.
pub(crate) fn opt_line(what: &str, text: Option<&str>, max_chars: usize) -> Result<Option<String>> {
    text.map(|text| line(what, text, max_chars)).transpose()
}

/// Text to look for, without spaces around it, of at most `max_chars` characters; `None` for nothing.
pub(crate) fn wanted(what: &str, text: Option<String>, max_chars: usize) -> Result<Option<String>> {
    let text = text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > max_chars) {
        return Err(Problem::invalid_value(format!(
            "{what} must have {max_chars} characters at most"
        )));
    }
    Ok(text)
}

/// A list of at most `max` entries.
pub(crate) fn at_most<T>(what: &str, list: &[T], max: usize) -> Result<()> {
    if list.len() <= max {
        return Ok(());
    }
    Err(Problem::invalid_value(format!(
        "{what} may have {max} entries at most"
    )))
}

/// Text of any number of lines, without spaces around it, of `max_chars` characters at most; may be empty.
pub(crate) fn text(what: &str, text: &str, max_chars: usize) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > max_chars {
        return Err(Problem::invalid_value(format!(
            "{what} must have {max_chars} characters at most"
        )));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(Problem::invalid_value(format!(
            "{what} must have no control characters but line ends and tabs"
        )));
    }
    Ok(text)
}

/// A whole number between `lowest` and `highest`, both included.
pub(crate) fn number(what: &str, number: i64, lowest: i64, highest: i64) -> Result<i64> {
    if (lowest..=highest).contains(&number) {
        Ok(number)
    } else {
        Err(Problem::invalid_value(format!(
            "{what} must be between {lowest} and {highest}"
        )))
    }
}

/// A sign-in name. Whether mail arrives there is not our concern; it only has to look like an address.
pub(crate) fn email(text: &str) -> Result<String> {
    let text = line("email", text, 254)?;
    let looks_right = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    });
    if looks_right {
        Ok(text)
    } else {
        Err(Problem::invalid_value(
            "email must be an address such as ann@example.com",
        ))
    }
}

/// A language as a two- or three-letter code; empty and `auto` stand for detection.
pub(crate) fn language(text: Option<String>) -> Result<Option<String>> {
    let Some(text) = text.filter(|text| !text.is_empty() && text != "auto") else {
        return Ok(None);
    };
    if (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase()) {
        Ok(Some(text))
    } else {
        Err(Problem::invalid_value(
            "language must be a code of two or three small letters, such as en, or auto",
        ))
    }
}

/// The name of a model.
pub(crate) fn model(text: Option<String>) -> Result<Option<String>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let fine = text.len() <= 64
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if fine {
        Ok(Some(text))
    } else {
        Err(Problem::invalid_value(
            "model must be the name of a model, such as base or tiny.en",
        ))
    }
}

/// A point in time between 1970 and 9999, in milliseconds.
pub(crate) fn time_ms(what: &str, time_ms: i64) -> Result<i64> {
    if (0..253_402_300_800_000).contains(&time_ms) {
        Ok(time_ms)
    } else {
        Err(Problem::invalid_value(format!(
            "{what} must be a time in milliseconds since 1970"
        )))
    }
}

/// The last part of a path as a browser or a script may have sent it, without what could break a line.
pub(crate) fn filename(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let clean = clean.trim().to_owned();
    if clean.is_empty() {
        "recording".to_owned()
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_bounded() {
        assert_eq!(line("title", "  A call ", 10).unwrap(), "A call");
        assert_eq!(line("title", "äöü", 3).unwrap(), "äöü");
        for text in ["", " ", "four", "a\nb", "\u{0}"] {
            assert!(line("title", text, 3).is_err(), "{text:?}");
        }
    }

    #[test]
    fn texts_may_be_empty_and_have_lines() {
        assert_eq!(text("note", " a\r\n\tb ", 4).unwrap(), "a\n\tb");
        assert_eq!(text("note", " ", 1).unwrap(), "");
        for wrong in ["12345", "a\u{0}", "a\u{1b}b", "a\rb"] {
            assert!(text("note", wrong, 4).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_keep_within_their_bounds() {
        assert!(number("n", 0, 0, 5).is_ok() && number("n", 5, 0, 5).is_ok());
        for wrong in [-1, 6, i64::MIN, i64::MAX] {
            assert!(number("n", wrong, 0, 5).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_languages_and_models_look_right() {
        assert!(email("ann@example.com").is_ok());
        for text in ["", "ann", "@x", "a@", "a@b@c", "a b@c"] {
            assert!(email(text).is_err(), "{text}");
        }
        assert_eq!(language(Some("auto".to_owned())).unwrap(), None);
        assert_eq!(language(Some("en".to_owned())).unwrap(), Some("en".to_owned()));
        assert!(language(Some("EN'; --".to_owned())).is_err());
        assert!(model(Some("large-v3.q8_0".to_owned())).is_ok());
        assert!(model(Some("../../etc".to_owned())).is_err());
        assert!(model(Some("..".to_owned())).is_err());
    }

    #[test]
    fn filenames_lose_their_folders() {
        assert_eq!(filename("C:\\calls\\Ann & Bob.mp3"), "Ann & Bob.mp3");
        assert_eq!(filename("../../x.wav"), "x.wav");
        assert_eq!(filename("/"), "recording");
        assert_eq!(filename("a\r\nb.wav"), "ab.wav");
    }
}
