//! Whisper's tokens: which are special, what the text ones say, which are never written.

use std::collections::HashMap;

/// The languages, in the order of their tokens: `LANGUAGES` in openai-whisper's `tokenizer.py`.
const LANGUAGES: &str = "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no \
    th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo \
    so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue";

/// What stands for sounds and not for speech: `non_speech_tokens` in openai-whisper's `tokenizer.py`. The
/// first ones also with a space before them.
const SYMBOLS: &str = "\" # ( ) * + / : ; < = > @ [ \\ ] ^ _ ` { | } ~ 「 」 『 』 << >> <<< >>> -- --- -( -[ (' (\" \
    (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪ ♩ ♪ ♫ ♬ ♭ ♮ ♯";

/// Whisper has no timestamps beyond 30 s.
const TIMESTAMPS: u32 = 1_501;

/// The tokens of a model.
#[derive(Debug)]
pub(super) struct Vocabulary {
    text: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, u32>,
    /// Tokens, special ones included.
    pub(super) count: u32,
    pub(super) multilingual: bool,
    pub(super) end: u32,
    pub(super) start: u32,
    pub(super) transcribe: u32,
    pub(super) previous: u32,
    pub(super) no_speech: u32,
    /// Stands for 0 s; the next for 20 ms, and so on.
    pub(super) first_stamp: u32,
    languages: u32,
}

impl Vocabulary {
    /// `text` are the tokens of a file, by id; `count` is how many the model has in all.
    pub(super) fn new(text: Vec<Vec<u8>>, count: u32, multilingual: bool) -> Result<Self, String> {
        // Counted from behind: time stamps are last, the special tokens before them, then the languages.
        let first_stamp = count
            .checked_sub(TIMESTAMPS)
            .ok_or("it has too few tokens for Whisper")?;
        let end = if multilingual { 50_257 } else { 50_256 };
        // English models have places for 99 languages as well.
        let languages = first_stamp
            .checked_sub(end + 8)
            .ok_or("it has too few tokens for Whisper")?;
        let start = end + 1;
        let ids = text.iter().cloned().zip(0..).collect();
        Ok(Self {
            ids,
            count,
            multilingual,
            end,
            start,
            transcribe: first_stamp - 5,
            previous: first_stamp - 3,
            no_speech: first_stamp - 2,
            first_stamp,
            languages,
            text,
        })
    }

    /// The bytes of a token that stands for text.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        self.text.get(token as usize).map_or(&[], Vec::as_slice)
    }

    fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text.as_bytes()).copied().filter(|&id| id < self.end)
    }

    /// The token of a language, if the model knows it.
    pub(super) fn language(&self, code: &str) -> Option<u32> {
        let index = LANGUAGES.split(' ').position(|language| language == code)?;
        let index = u32::try_from(index).ok()?;
        (index < self.languages).then_some(self.start + 1 + index)
    }

    /// The language that the model thinks most probable.
    pub(super) fn likeliest_language(&self, logits: &[f32]) -> &'static str {
        let first = self.start as usize + 1;
        let of_languages = logits
            .get(first..first + self.languages as usize)
            .unwrap_or_default();
        let best = of_languages
            .iter()
            .zip(LANGUAGES.split(' '))
            .max_by(|a, b| a.0.total_cmp(b.0));
        best.map_or("en", |(_, language)| language)
    }

    /// What is never written: special tokens other than the end and time stamps, and symbols for sounds.
    pub(super) fn never_written(&self) -> Vec<u32> {
        let mut never: Vec<u32> = (self.start..self.first_stamp).collect();
        for symbol in SYMBOLS.split_whitespace() {
            never.extend(self.id(symbol));
            never.extend(self.id(&format!(" {symbol}")));
        }
        // Inside words these are welcome.
        never.extend([" -", " '"].into_iter().filter_map(|mark| self.id(mark)));
        never.sort_unstable();
        never.dedup();
        never
    }

    /// What a window may not begin with: a space, or its end.
    pub(super) fn never_first(&self) -> Vec<u32> {
        self.id(" ").into_iter().chain([self.end]).collect()
    }

    /// Tokens of a text of plain words: for each word the longest tokens that it begins with.
    pub(super) fn tokenize(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        for word in split(text) {
            let mut rest = word;
            while !rest.is_empty() {
                let mut ends = rest
                    .char_indices()
                    .map(|(at, letter)| at + letter.len_utf8())
                    .rev();
                let found = ends.find_map(|end| Some((end, self.id(&rest[..end])?)));
                let Some((end, id)) = found else { break };
                tokens.push(id);
                rest = &rest[end..];
            }
        }
        tokens
    }
}

/// Cuts text before each space and between letters and marks.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let cut = letter == ' ' || (before != ' ' && before.is_alphanumeric() != letter.is_alphanumeric());
        if cut && at > start {
            words.push(&text[start..at]);
            start = at;
        }
        before = letter;
    }
    words.push(&text[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_tokens_are_those_of_whisper() {
        let english = Vocabulary::new(Vec::new(), 51_864, false).unwrap();
        let found = (
            english.end,
            english.start,
            english.first_stamp,
            english.no_speech,
            english.previous,
        );
        assert_eq!(found, (50_256, 50_257, 50_363, 50_361, 50_360));
        let all = Vocabulary::new(Vec::new(), 51_865, true).unwrap();
        assert_eq!(
            (all.end, all.start, all.first_stamp, all.transcribe),
            (50_257, 50_258, 50_364, 50_359)
        );
        assert_eq!(all.languages, 99);
        assert_eq!(all.language("en"), Some(50_259));
        assert_eq!(all.language("yue"), None, "known from large-v3 on");
        let large = Vocabulary::new(Vec::new(), 51_866, true).unwrap();
        assert_eq!((large.languages, large.first_stamp), (100, 50_365));
        assert!(Vocabulary::new(Vec::new(), 7, true).is_err());
    }

    #[test]
    fn languages_are_those_of_whisper_cpp() {
        for (index, language) in LANGUAGES.split_whitespace().enumerate() {
            assert_eq!(
                whisper_rs::get_lang_id(language),
                Some(index as i32),
                "{language}"
            );
        }
    }

    #[test]
    fn words_become_their_longest_tokens() {
        let text = ["Thank", " you", ".", " We", "ll", " Well", ",", " "];
        let text = text.map(|token| token.as_bytes().to_vec()).to_vec();
        let vocabulary = Vocabulary::new(text, 51_864, false).unwrap();
        assert_eq!(vocabulary.tokenize("Thank you. Well, you"), [0, 1, 2, 5, 6, 1]);
        assert!(vocabulary.never_first().contains(&7));
    }
}
