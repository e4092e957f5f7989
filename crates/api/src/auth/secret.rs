//! Tokens, session cookies and links of invitations: 32 random bytes, of which the database keeps a hash only.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// What API tokens begin with, so that scanners find one that was committed by mistake.
const TOKEN_PREFIX: &str = "gt_";
/// What the secrets of invitations begin with.
const INVITATION_PREFIX: &str = "gti_";

/// A new secret: its text for its owner, its hash for the database.
pub struct Secret {
    /// What its owner gets to see, once.
    pub text: String,
    /// SHA-256 of the text in hex. A slow hash would gain nothing: 256 random bits can't be guessed.
    pub hash: String,
}

impl Secret {
    /// A new API token.
    pub fn api_token() -> Self {
        Self::with_prefix(TOKEN_PREFIX)
    }

    /// A new secret for the link of an invitation.
    pub(crate) fn invitation() -> Self {
        Self::with_prefix(INVITATION_PREFIX)
    }

    /// A new session cookie.
    pub(crate) fn session() -> Self {
        Self::with_prefix("")
    }

    fn with_prefix(prefix: &str) -> Self {
        let text = format!(
            "{prefix}{}",
            BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
        );
        Self {
            hash: hash(&text),
            text,
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The hash under which a secret is stored.
pub(crate) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_found_by_their_hash() {
        let (one, two) = (Secret::api_token(), Secret::api_token());
        assert_ne!(one.text, two.text);
        assert!(one.text.starts_with("gt_") && one.text.len() == 46);
        assert_eq!(hash(&one.text), one.hash);
        assert!(!format!("{one:?}").contains(&one.text));
    }
}
