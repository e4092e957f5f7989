//! Passwords: argon2id with the crate's default cost (19 MiB, 2 passes, 1 lane), which is what OWASP's
//! password storage cheat sheet recommends.

use std::sync::{Arc, LazyLock};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::problem::{Problem, Result};

const MIN_CHARS: usize = 10;
const MAX_CHARS: usize = 256;

/// Why a password can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// It is too short or too long.
    #[error("a password must have {MIN_CHARS} to {MAX_CHARS} characters")]
    Length,
    /// The hash function failed.
    #[error("cannot hash the password: {0}")]
    Hash(String),
}

/// Whether a password may be chosen. Only its length counts (NIST SP 800-63B, 5.1.1.2).
pub fn check_password(password: &str) -> Result<(), PasswordError> {
    if (MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(PasswordError::Length)
    }
}

/// Hashes a password for the database; takes some 30 ms of a thread and 19 MiB of memory.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    check_password(password)?;
    hash(password)
}

fn hash(password: &str) -> Result<String, PasswordError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// The hash that stands in for that of an unknown account, so that it takes as long to be refused there.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// Hashing on threads of its own, a few at a time.
#[derive(Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new(permits: Arc<Semaphore>) -> Self {
        Self { permits }
    }

    /// Whether `password` belongs to `hash`; with no hash it does the same work and says no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        if password.len() > 4 * MAX_CHARS {
            return Ok(false);
        }
        crate::wrap::on_thread(&self.permits, move || {
            let right = verify(&password, hash.as_ref().unwrap_or(&NOBODY));
            right && hash.is_some()
        })
        .await
    }

    /// Hashes a new password, if it may be chosen.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let hashed = crate::wrap::on_thread(&self.permits, move || hash_password(&password)).await?;
        hashed.map_err(|error| match error {
            PasswordError::Length => Problem::invalid_value(error.to_string()),
            PasswordError::Hash(_) => Problem::internal(&error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_recognised_and_salted() {
        let (one, two) = (
            hash_password("correct horse").unwrap(),
            hash_password("correct horse").unwrap(),
        );
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert!(verify("correct horse", &one));
        assert!(!verify("correct Horse", &one));
        assert!(!verify("correct horse", "nonsense"));
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        assert!(check_password("123456789").is_err());
        assert!(check_password("äöüäöüäöüä").is_ok());
        assert!(check_password(&"x".repeat(257)).is_err());
    }
}
