//! The checksum extension.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::UPLOAD_CHECKSUM;
use crate::problem::{Code, Problem, Result};

/// Names of the algorithms, as `Tus-Checksum-Algorithm` lists them.
pub(super) const ALGORITHMS: &str = "sha1,sha256,md5";

/// The checksum that a client announced, and the one that its bytes really have. It guards against broken
/// lines, not against attackers.
pub(crate) struct Checksum {
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Md5(Md5),
}

impl Checksum {
    /// Reads `Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`, if there is one.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>> {
        let Some(value) = headers.get(UPLOAD_CHECKSUM) else {
            return Ok(None);
        };
        let invalid = |detail: &'static str| Problem::new(Code::InvalidRequest, detail);
        let (algorithm, expected) = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .ok_or_else(|| invalid("Upload-Checksum must be an algorithm, a space and Base64"))?;
        let (hasher, length) = match algorithm {
            "sha1" => (Hasher::Sha1(Sha1::new()), 20),
            "sha256" => (Hasher::Sha256(Sha256::new()), 32),
            "md5" => (Hasher::Md5(Md5::new()), 16),
            _ => {
                return Err(invalid(
                    "the algorithm of Upload-Checksum must be sha1, sha256 or md5",
                ));
            }
        };
        let expected = BASE64_STANDARD
            .decode(expected.trim())
            .ok()
            .filter(|bytes| bytes.len() == length)
            .ok_or_else(|| invalid("Upload-Checksum is no Base64 of a checksum of that algorithm"))?;
        Ok(Some(Self { expected, hasher }))
    }

    /// Counts bytes in.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Md5(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the bytes are those that were announced.
    pub(crate) fn matches(self) -> bool {
        let actual = match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
            Hasher::Md5(hasher) => hasher.finalize().to_vec(),
        };
        actual == self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<Checksum>> {
        let mut headers = HeaderMap::new();
        headers.insert(UPLOAD_CHECKSUM, value.parse().unwrap());
        Checksum::from_headers(&headers)
    }

    #[test]
    fn checksums_of_all_algorithms_are_compared() {
        for value in [
            "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "md5 XrY7u+Ae7tCTyyK7j1rNww==",
            "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
        ] {
            let mut checksum = read(value).unwrap().unwrap();
            checksum.update(b"hello ");
            checksum.update(b"world");
            assert!(checksum.matches(), "{value}");
            assert!(!read(value).unwrap().unwrap().matches());
        }
    }

    #[test]
    fn checksums_that_cannot_be_checked_are_refused() {
        for value in [
            "",
            "sha1",
            "crc32 AAAA",
            "sha1 AAAA",
            "sha1 !",
            "md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        ] {
            assert!(read(value).is_err(), "{value}");
        }
        assert!(Checksum::from_headers(&HeaderMap::new()).unwrap().is_none());
    }
}
