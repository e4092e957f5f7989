//! Master keys: where they come from, and which is used.

use std::{fmt, path::Path};

use ring::{
    digest::{SHA256, digest},
    error::Unspecified,
    rand::{SecureRandom, SystemRandom},
};

use crate::seal::KeyId;

const KEY_BYTES: usize = 32;
const MAX_NAME: usize = 64;

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read.
    #[error("the keys for recordings can't be read from {path}")]
    File {
        /// Where they should be.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A line that is no key. What it says is not repeated: it may be one but for a letter.
    #[error("key {number} of the keys for recordings {reason}; a key is NAME:64 hexadecimal digits")]
    Line {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is none.
    #[error("there is no key for recordings where keys should be; `gametape media key` makes one")]
    Empty,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// A key from which those of objects are derived.
#[derive(Clone)]
pub(crate) struct MasterKey {
    name: String,
    bytes: [u8; KEY_BYTES],
    id: KeyId,
}

impl MasterKey {
    pub(crate) fn from_bytes(name: &str, bytes: [u8; KEY_BYTES]) -> Self {
        // The first bytes of a hash say nothing about a key that was chosen at random.
        let hash = digest(&SHA256, &[b"gametape media key id".as_slice(), &bytes].concat());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_ref()[..8]);
        Self {
            name: name.to_owned(),
            bytes,
            id: KeyId(id),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }
}

/// Master keys by name. The first one is used for writing, all of them for reading.
#[derive(Clone)]
pub struct Keys(Vec<MasterKey>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.name))
            .finish()
    }
}

impl Keys {
    /// Keys as text: `NAME:64 hexadecimal digits`, each on a line of its own or behind a comma. What follows a `#` is
    /// not looked at.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        let entries = lines.flat_map(|line| line.split(',')).map(str::trim);
        let mut keys: Vec<MasterKey> = Vec::new();
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let number = keys.len() + 1;
            let wrong = |reason| KeysError::Line { number, reason };
            let (name, digits) = entry.split_once(':').ok_or_else(|| wrong("has no name"))?;
            let name = name.trim();
            let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(sound) {
                return Err(wrong(
                    "has a name of other than letters, digits, '-', '_' and '.'",
                ));
            }
            let mut bytes = [0; KEY_BYTES];
            let decoded = hex::decode_to_slice(digits.trim(), &mut bytes);
            decoded
                .ok()
                .ok_or_else(|| wrong("is not 64 hexadecimal digits"))?;
            let key = MasterKey::from_bytes(name, bytes);
            if keys
                .iter()
                .any(|other| other.name == key.name || other.id == key.id)
            {
                return Err(wrong("is there twice, by its name or as it is"));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeysError::Empty);
        }
        Ok(Self(keys))
    }

    /// Keys in a file, as [`parse`](Self::parse) reads them.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeysError::File {
            path: path.display().to_string(),
            source,
        })?;
        Self::parse(&text)
    }

    /// A new key with this name, as [`parse`](Self::parse) reads it.
    pub fn make(name: &str) -> Result<String, KeysError> {
        let mut bytes = [0_u8; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|Unspecified| KeysError::Random)?;
        let line = format!("{name}:{}", hex::encode(bytes));
        Self::parse(&line).map(|_| line)
    }

    /// The name of the key that is used for writing.
    pub fn current(&self) -> &str {
        &self.newest().name
    }

    /// The names of all keys, the current one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.name.as_str())
    }

    pub(crate) fn newest(&self) -> &MasterKey {
        // There is at least one.
        &self.0[0]
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    pub(crate) fn name_of(&self, id: KeyId) -> Option<&str> {
        self.find(id).map(|key| key.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_lines_and_commas() {
        let (one, two) = ("01".repeat(32), "0A".repeat(32));
        let keys = Keys::parse(&format!("# ours\nnew: {one} # of this year\n\n old:{two}\n")).unwrap();
        assert_eq!(keys.names().collect::<Vec<_>>(), ["new", "old"]);
        assert_eq!(keys.current(), "new");
        assert_eq!(keys.newest().bytes(), [1; 32]);
        let same = Keys::parse(&format!("new:{one},old:{two}")).unwrap();
        assert_eq!(
            same.find(keys.0[1].id()).map(MasterKey::bytes),
            Some(&[10; 32][..])
        );
        assert!(!format!("{keys:?}").contains("0101"));
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let key = "ab".repeat(32);
        for text in [
            String::new(),
            "# nothing".to_owned(),
            key.clone(),
            format!(":{key}"),
            format!("a b:{key}"),
            format!("a:{}", &key[..62]),
            format!("a:{key}00"),
            format!("a:{}", key.replace('a', "g")),
            format!("a:+1{}", &key[..62]),
            format!("a:{key}\na:{}", "01".repeat(32)),
            format!("a:{key},b:{key}"),
        ] {
            let error = Keys::parse(&text).unwrap_err();
            assert!(!error.to_string().contains("abab"), "{error}");
        }
    }

    #[test]
    fn new_keys_can_be_used_and_differ() {
        let (one, two) = (Keys::make("a").unwrap(), Keys::make("a").unwrap());
        assert_ne!(one, two);
        assert_eq!(Keys::parse(&one).unwrap().current(), "a");
        assert!(Keys::make("no name").is_err());
    }
}
