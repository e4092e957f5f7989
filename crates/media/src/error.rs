//! What can go wrong with stored objects.

/// An error of the caller's, as streams carry it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong with stored objects.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is no such object.
    #[error("there is no object '{key}' in the object store")]
    NotFound {
        /// Its key.
        key: String,
    },
    /// Text that is no key of ours.
    #[error("'{text}' is no key of a recording or an upload")]
    InvalidKey {
        /// What was found, cut to 128 characters.
        text: String,
    },
    /// The address of the store can't be used.
    #[error("cannot use the object store '{url}': {detail}")]
    InvalidUrl {
        /// The address as configured.
        url: String,
        /// What is wrong with it and what to write instead.
        detail: String,
    },
    /// The object is shorter than it was, or holds something else than was written.
    #[error("object '{key}' is not what was stored")]
    Damaged {
        /// Its key.
        key: String,
    },
    /// The object is encrypted with a key that is not among those that are here.
    #[error("object '{key}' is encrypted with the key {key_id}, which is not among the keys for recordings")]
    MissingKey {
        /// Its key, in the sense of a name.
        key: String,
        /// Id of the key that opens it.
        key_id: String,
    },
    /// Another object came in its place while it was read.
    #[error("object '{key}' was written anew while it was read")]
    Changed {
        /// Its key.
        key: String,
    },
    /// The stream that was to be stored broke off; nothing was stored.
    #[error("cannot store '{key}': its source broke off")]
    Source {
        /// Where it was to go.
        key: String,
        /// The source's own error.
        #[source]
        source: BoxError,
    },
    /// The store answered with an error or not at all.
    #[error("cannot {action} '{key}' in the object store")]
    Backend {
        /// What was tried.
        action: &'static str,
        /// On which object or prefix.
        key: String,
        /// The store's error.
        #[source]
        source: BoxError,
    },
}

impl MediaError {
    pub(crate) fn backend(action: &'static str, key: &str, source: object_store::Error) -> Self {
        match source {
            object_store::Error::NotFound { .. } => Self::NotFound { key: key.to_owned() },
            object_store::Error::Precondition { .. } => Self::Changed { key: key.to_owned() },
            source => Self::counted(action, key, source.into()),
        }
    }

    pub(crate) fn io(action: &'static str, key: &str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::NotFound { key: key.to_owned() }
        } else {
            Self::counted(action, key, source.into())
        }
    }

    /// The store's trouble, for the caller and for those who watch the server.
    fn counted(action: &'static str, key: &str, source: BoxError) -> Self {
        metrics::counter!("gametape_storage_errors_total", "action" => action).increment(1);
        Self::Backend {
            action,
            key: key.to_owned(),
            source,
        }
    }

    /// Whether the same call may work later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Backend { .. } | Self::Source { .. } | Self::Changed { .. }
        )
    }
}
