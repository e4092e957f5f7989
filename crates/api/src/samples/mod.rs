//! The sample workspace: made-up people, their calls, and what they say about them. It comes with the program, so
//! that a new installation can be looked at before there is a recording.

mod content;
mod feedback;
mod load;
mod remove;

use gametape_core::{call::Visibility, user::Role};
use gametape_media::MediaError;
use gametape_store::StoreError;

pub use content::Samples;

/// The sample team.
const TEAM: &str = "Demo team";
/// What nobody's password hashes to: an account with it can't be signed in to.
const NO_PASSWORD: &str = "!";

/// A person of the sample workspace.
struct SamplePerson {
    /// What the samples call them.
    key: &'static str,
    /// Below a name that can be nobody's (RFC 2606).
    email: &'static str,
    name: &'static str,
    role: Role,
}

/// The first one owns the calls.
const PEOPLE: [SamplePerson; 3] = [
    SamplePerson {
        key: "ana",
        email: "ana@demo.example",
        name: "Ana Torres",
        role: Role::Rep,
    },
    SamplePerson {
        key: "luis",
        email: "luis@demo.example",
        name: "Luis Meyer",
        role: Role::Rep,
    },
    SamplePerson {
        key: "carla",
        email: "carla@demo.example",
        name: "Carla Jensen",
        role: Role::Coach,
    },
];

/// How the sample workspace is made.
#[derive(Debug, Clone)]
pub struct SampleSetting {
    /// With this, sample people can sign in: only where nobody else can reach the server.
    pub password_hash: Option<String>,
    /// Who sees the sample calls.
    pub visibility: Visibility,
}

/// Why the sample workspace can't be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// There are no samples.
    #[error("there are no sample calls in {0}")]
    Missing(String),
    /// A file can't be read.
    #[error("{name} can't be read")]
    Read {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not say what it should.
    #[error("{name} can't be understood: {detail}")]
    Content {
        /// Which.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recordings can't be stored.
    #[error(transparent)]
    Media(#[from] MediaError),
}
