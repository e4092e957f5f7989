//! The form of an encrypted object: a head, then pieces that are sealed one by one.
//!
//! ```text
//! head   48 bytes   GTMEDIA 01 (8) | id of the key (8) | salt (32)
//! piece  64 KiB of the object, encrypted, and 16 bytes that prove it; the last one is shorter
//! ```
//!
//! Every object has a key of its own: HKDF-SHA256 of the master key, the salt, and the object's name. Pieces are sealed
//! with AES-256-GCM. The nonce of a piece is its number (4 bytes, big-endian, after 7 zeros) and a byte that says
//! whether it is the last: the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár. So a piece can be
//! read alone, and none can be changed, exchanged, left out at the end, or taken to another object without being
//! noticed. An empty object has one empty piece.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Salt},
    rand::{SecureRandom, SystemRandom},
};

use crate::keys::MasterKey;

/// What an encrypted object begins with; the last byte is the version of the form.
const MAGIC: [u8; 8] = *b"GTMEDIA\x01";
const KEY_ID_BYTES: usize = 8;
const SALT_BYTES: usize = 32;
/// Length of a head.
pub(crate) const HEAD_BYTES: usize = MAGIC.len() + KEY_ID_BYTES + SALT_BYTES;
/// What of an object is in a piece.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;
/// What proves a piece.
const TAG_BYTES: usize = 16;
/// A piece as it is stored.
pub(crate) const SEALED_BYTES: usize = PIECE_BYTES + TAG_BYTES;

/// Which master key an object is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The beginning of an encrypted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) key_id: KeyId,
    salt: [u8; SALT_BYTES],
}

impl Head {
    /// The head at the beginning of what is stored; `None` for what is not encrypted.
    pub(crate) fn read(stored: &[u8]) -> Option<Self> {
        let rest = stored.get(..HEAD_BYTES)?.strip_prefix(&MAGIC)?;
        let (key_id, salt) = rest.split_at(KEY_ID_BYTES);
        Some(Self {
            key_id: KeyId(key_id.try_into().ok()?),
            salt: salt.try_into().ok()?,
        })
    }

    fn write(&self) -> Vec<u8> {
        [&MAGIC[..], &self.key_id.0, &self.salt].concat()
    }
}

/// Nothing more is said of why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// The key of one object.
pub(crate) struct ObjectKey(LessSafeKey);

impl ObjectKey {
    fn derive(master: &MasterKey, head: &Head, name: &str) -> Result<Self, Refused> {
        let secret = Salt::new(HKDF_SHA256, &head.salt).extract(master.bytes());
        let info = [&MAGIC[..], name.as_bytes()];
        let key = secret
            .expand(&info, &AES_256_GCM)
            .map_err(|Unspecified| Refused)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(key))))
    }

    /// The key of the object `name`, which has this head.
    pub(crate) fn of(master: &MasterKey, head: &Head, name: &str) -> Result<Self, Refused> {
        if master.id() == head.key_id {
            Self::derive(master, head, name)
        } else {
            Err(Refused)
        }
    }

    /// A new key for the object `name`, and the bytes that it begins with.
    pub(crate) fn new(master: &MasterKey, name: &str) -> Result<(Self, Vec<u8>), Refused> {
        let mut salt = [0; SALT_BYTES];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|Unspecified| Refused)?;
        let head = Head {
            key_id: master.id(),
            salt,
        };
        Ok((Self::derive(master, &head, name)?, head.write()))
    }

    /// Seals a piece, in place.
    pub(crate) fn seal(&self, number: u64, last: bool, piece: &mut Vec<u8>) -> Result<(), Refused> {
        let nonce = nonce(number, last)?;
        self.0
            .seal_in_place_append_tag(nonce, Aad::empty(), piece)
            .map_err(|Unspecified| Refused)
    }

    /// Opens a piece, in place.
    pub(crate) fn open(&self, number: u64, last: bool, piece: &mut Vec<u8>) -> Result<(), Refused> {
        let nonce = nonce(number, last)?;
        let length = self
            .0
            .open_in_place(nonce, Aad::empty(), piece)
            .map_err(|Unspecified| Refused)?
            .len();
        piece.truncate(length);
        Ok(())
    }
}

fn nonce(number: u64, last: bool) -> Result<Nonce, Refused> {
    let number = u32::try_from(number).ok().ok_or(Refused)?;
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    Ok(Nonce::assume_unique_for_key(nonce))
}

/// How an encrypted object is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Length of the object.
    pub(crate) size_bytes: u64,
    /// Its pieces.
    pub(crate) pieces: u64,
    stored_bytes: u64,
}

impl Cut {
    /// How an object is cut of which this much is stored; `None` where no object can have that length.
    pub(crate) fn of_stored(stored_bytes: u64) -> Option<Self> {
        let body = stored_bytes.checked_sub(HEAD_BYTES as u64)?;
        let pieces = body.div_ceil(SEALED_BYTES as u64).max(1);
        let last = body.checked_sub((pieces - 1) * SEALED_BYTES as u64)?;
        // Only an object without any bytes has an empty piece.
        let shortest = TAG_BYTES as u64 + u64::from(pieces > 1);
        (last >= shortest).then(|| Self {
            size_bytes: body - pieces * TAG_BYTES as u64,
            pieces,
            stored_bytes,
        })
    }

    /// The piece in which a byte of the object is.
    pub(crate) fn piece_of(position: u64) -> u64 {
        position / PIECE_BYTES as u64
    }

    /// Whether a piece is the last.
    pub(crate) fn is_last(&self, piece: u64) -> bool {
        piece + 1 == self.pieces
    }

    /// Where pieces are stored, from the first to the last of them.
    pub(crate) fn stored(&self, first: u64, last: u64) -> std::ops::Range<u64> {
        let at = |piece: u64| HEAD_BYTES as u64 + piece * SEALED_BYTES as u64;
        at(first)..at(last + 1).min(self.stored_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_bytes("test", [byte; 32])
    }

    fn sealed(name: &str, pieces: &[&[u8]]) -> (Head, Vec<Vec<u8>>) {
        let (key, head) = ObjectKey::new(&master(1), name).unwrap();
        let seal = |(number, piece): (usize, &&[u8])| {
            let mut piece = piece.to_vec();
            key.seal(number as u64, number + 1 == pieces.len(), &mut piece)
                .unwrap();
            piece
        };
        let sealed = pieces.iter().enumerate().map(seal).collect();
        (Head::read(&head).unwrap(), sealed)
    }

    fn opens(key: &ObjectKey, number: u64, last: bool, piece: &[u8]) -> Option<Vec<u8>> {
        let mut piece = piece.to_vec();
        key.open(number, last, &mut piece).ok().map(|()| piece)
    }

    #[test]
    fn pieces_open_in_their_place_only() {
        let (head, pieces) = sealed("a", &[b"first", b"second", b"last"]);
        let key = ObjectKey::of(&master(1), &head, "a").unwrap();
        assert_eq!(opens(&key, 0, false, &pieces[0]).unwrap(), b"first");
        assert_eq!(opens(&key, 2, true, &pieces[2]).unwrap(), b"last");
        assert_eq!(opens(&key, 1, false, &pieces[0]), None, "moved");
        assert_eq!(opens(&key, 1, true, &pieces[1]), None, "cut off behind it");
        assert_eq!(
            opens(&key, 2, false, &pieces[2]),
            None,
            "something added behind it"
        );
        for at in 0..pieces[1].len() {
            let mut changed = pieces[1].clone();
            changed[at] ^= 1;
            assert_eq!(opens(&key, 1, false, &changed), None, "byte {at}");
        }
        assert_eq!(opens(&key, 1, false, &pieces[1][..10]), None);
        assert_eq!(opens(&key, u64::from(u32::MAX) + 1, false, &pieces[0]), None);
    }

    #[test]
    fn objects_have_keys_of_their_own() {
        let (head, pieces) = sealed("a", &[b"only"]);
        let other_name = ObjectKey::of(&master(1), &head, "b").unwrap();
        assert_eq!(opens(&other_name, 0, true, &pieces[0]), None);
        assert!(ObjectKey::of(&master(2), &head, "a").is_err());
        let (same_name, _) = sealed("a", &[b"only"]);
        assert_ne!(head, same_name);
        let other_salt = ObjectKey::of(&master(1), &same_name, "a").unwrap();
        assert_eq!(opens(&other_salt, 0, true, &pieces[0]), None);
    }

    #[test]
    fn heads_are_told_from_recordings() {
        let (_, head) = ObjectKey::new(&master(1), "a").unwrap();
        assert_eq!(head.len(), HEAD_BYTES);
        assert!(Head::read(&head).is_some());
        assert!(Head::read(&head[..HEAD_BYTES - 1]).is_none());
        assert!(Head::read(&[b'R'; 100]).is_none());
        let mut next_version = head;
        next_version[7] = 2;
        assert!(Head::read(&next_version).is_none());
    }

    #[test]
    fn lengths_follow_from_what_is_stored() {
        let (piece, tag) = (PIECE_BYTES as u64, TAG_BYTES as u64);
        for (size_bytes, pieces) in [
            (0, 1),
            (1, 1),
            (piece - 1, 1),
            (piece, 1),
            (piece + 1, 2),
            (3 * piece, 3),
            (3 * piece + 5, 4),
        ] {
            let stored_bytes = HEAD_BYTES as u64 + size_bytes + pieces * tag;
            let cut = Cut::of_stored(stored_bytes).unwrap();
            assert_eq!((cut.size_bytes, cut.pieces), (size_bytes, pieces));
            assert_eq!(cut.stored(0, pieces - 1), HEAD_BYTES as u64..stored_bytes);
            assert!(cut.is_last(pieces - 1) && (pieces == 1 || !cut.is_last(0)));
        }
        let whole = HEAD_BYTES as u64 + SEALED_BYTES as u64;
        for stored_bytes in [0, 47, 48, 63, whole + 1, whole + 16] {
            assert_eq!(Cut::of_stored(stored_bytes), None, "{stored_bytes}");
        }
    }
}
