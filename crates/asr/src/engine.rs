//! Which engine hears.

use std::{fmt, path::Path, str::FromStr};

use crate::{AsrError, Transcriber, Whisper};

/// The engines that this program was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// whisper.cpp, through whisper-rs.
    #[default]
    Whisper,
    /// The engine of our own, which hears several windows at a time.
    #[cfg(feature = "native")]
    Native,
}

impl Engine {
    /// All of them, the default first.
    pub const ALL: &'static [Self] = &[
        Self::Whisper,
        #[cfg(feature = "native")]
        Self::Native,
    ];

    /// Its name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            #[cfg(feature = "native")]
            Self::Native => "native",
        }
    }

    /// How long a window it hears best, in milliseconds; at most [`crate::MAX_WINDOW_MS`].
    pub fn window_ms(self) -> i64 {
        match self {
            Self::Whisper => crate::whisper::WINDOW_MS,
            #[cfg(feature = "native")]
            Self::Native => crate::native::WINDOW_MS,
        }
    }

    /// Loads a ggml model file. `threads` is how many it computes with.
    ///
    /// # Errors
    /// [`AsrError::Model`] for a file that the engine can't read.
    pub fn load(self, path: &Path, threads: usize) -> Result<Box<dyn Transcriber>, AsrError> {
        Ok(match self {
            Self::Whisper => Box::new(Whisper::load(path, threads)?),
            #[cfg(feature = "native")]
            Self::Native => Box::new(crate::Native::load(path, threads)?),
        })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no engine of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no engine {name:?}; this program has {}", names())]
pub struct UnknownEngine {
    name: String,
}

fn names() -> String {
    let names: Vec<_> = Engine::ALL.iter().map(|engine| engine.as_str()).collect();
    names.join(" and ")
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|engine| engine.as_str() == name);
        found.copied().ok_or_else(|| UnknownEngine {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for engine in Engine::ALL {
            assert_eq!(engine.as_str().parse(), Ok(*engine));
        }
        let refused = "vosk".parse::<Engine>().unwrap_err().to_string();
        assert!(
            refused.contains("\"vosk\"") && refused.contains("whisper"),
            "{refused}"
        );
    }
}
