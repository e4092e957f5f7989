//! The tokens of a faster-whisper folder, as the bytes that whisper.cpp wants.

use std::{fs, path::Path};

use super::ModelError;

const END_OF_TEXT: &str = "<|endoftext|>";

/// Whisper's vocabularies take about 1 MB.
const MAX_SIZE_BYTES: u64 = 16 << 20;

/// Reads `vocabulary.json` (a list of strings) or `vocabulary.txt` (one a line) and gives the tokens
/// that stand for text, by id, as bytes. whisper.cpp names the special tokens behind them itself.
pub(super) fn read(dir: &Path, tokens: u32, multilingual: bool) -> Result<Vec<Vec<u8>>, ModelError> {
    let (list, lines) = (dir.join("vocabulary.json"), dir.join("vocabulary.txt"));
    let path = if list.exists() { list } else { lines };
    let failed = || ModelError::io("read", &path);
    if fs::metadata(&path).map_err(failed())?.len() > MAX_SIZE_BYTES {
        return Err(ModelError::malformed(
            &path,
            "it is far too long for a list of tokens",
        ));
    }
    let text = fs::read_to_string(&path).map_err(failed())?;
    let names: Vec<String> = if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text)
            .map_err(|e| ModelError::malformed(&path, format!("it is no JSON list of strings: {e}")))?
    } else {
        text.strip_suffix('\n')
            .unwrap_or(&text)
            .split('\n')
            .map(str::to_owned)
            .collect()
    };
    decode(&names, tokens, multilingual).map_err(|detail| ModelError::malformed(&path, detail))
}

fn decode(names: &[String], tokens: u32, multilingual: bool) -> Result<Vec<Vec<u8>>, String> {
    if names.len() != tokens as usize {
        return Err(format!(
            "it lists {} tokens, and the model has {tokens}",
            names.len()
        ));
    }
    let end = names.iter().position(|name| name == END_OF_TEXT);
    let end = end.ok_or_else(|| format!("it has no {END_OF_TEXT}, so it is not Whisper's"))?;
    let bytes_of = ByteLevel::new();
    let mut out = Vec::with_capacity(end + 1);
    for (id, name) in names[..end].iter().enumerate() {
        let bytes = bytes_of.decode(name);
        out.push(bytes.ok_or_else(|| format!("its token {id} has a letter that stands for no byte"))?);
    }
    // The published English-only files list the end of text among the tokens, the multilingual ones
    // don't. It is never written as text, so either works; this way the files come out the same.
    if !multilingual {
        out.push(END_OF_TEXT.as_bytes().to_vec());
    }
    Ok(out)
}

/// GPT-2's way to write any bytes as visible letters: printable bytes of Latin-1 stand for themselves,
/// the others, in their order, for the letters from U+0100 on. Source: `bytes_to_unicode` in `OpenAI`'s
/// GPT-2, `src/encoder.py`.
struct ByteLevel {
    hidden: Vec<u8>,
}

impl ByteLevel {
    fn new() -> Self {
        Self {
            hidden: (0..=u8::MAX).filter(|&byte| !Self::shows(byte)).collect(),
        }
    }

    fn shows(byte: u8) -> bool {
        matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
    }

    fn decode(&self, name: &str) -> Option<Vec<u8>> {
        name.chars()
            .map(|letter| match u8::try_from(u32::from(letter)) {
                Ok(byte) => Self::shows(byte).then_some(byte),
                Err(_) => self.hidden.get((u32::from(letter) - 0x100) as usize).copied(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_become_the_bytes_they_stand_for() {
        let level = ByteLevel::new();
        assert_eq!(level.decode("Ġhello").unwrap(), b" hello");
        assert_eq!(level.decode("Ċ").unwrap(), b"\n");
        assert_eq!(level.decode("åľº").unwrap(), "场".as_bytes());
        assert_eq!(level.decode(" "), None, "a space is written as Ġ");
        assert_eq!(level.decode("中"), None);
        let all: std::collections::HashSet<u8> = (0..=0x143)
            .filter_map(char::from_u32)
            .filter_map(|letter| level.decode(&letter.to_string()))
            .flatten()
            .collect();
        assert_eq!(all.len(), 256, "every byte has a letter");
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let good = names(&["!", "Ġa", END_OF_TEXT, "<|en|>"]);
        assert_eq!(decode(&good, 4, true).unwrap(), [b"!".to_vec(), b" a".to_vec()]);
        assert_eq!(decode(&good, 4, false).unwrap().len(), 3);
        assert!(decode(&good, 5, true).unwrap_err().contains("lists 4 tokens"));
        assert!(decode(&names(&["a"]), 1, true).unwrap_err().contains(END_OF_TEXT));
        assert!(
            decode(&names(&["a b", END_OF_TEXT]), 2, true)
                .unwrap_err()
                .contains("token 0")
        );
    }
}
