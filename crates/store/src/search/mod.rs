//! Searching: what can be found is written here, in the transaction of what it is about.

use gametape_core::id::CallId;

use crate::{Result, Tx};

/// A text that can be found.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    /// `title`, `segment` or `comment`.
    pub(crate) kind: &'static str,
    /// Id of the call, the segment or the comment.
    pub(crate) source_id: &'a str,
    /// The call it belongs to.
    pub(crate) call_id: &'a CallId,
    /// Where in the recording, if it has a place there.
    pub(crate) range_ms: Option<(i64, i64)>,
    /// Who says it, for segments.
    pub(crate) speaker_role: Option<&'a str>,
    /// The text.
    pub(crate) text: &'a str,
}

/// Makes a text findable, in place of what the same source said before.
pub(crate) async fn put(_tx: &mut Tx, _document: &Document<'_>) -> Result<()> {
    Ok(())
}

/// Takes a text away.
pub(crate) async fn remove(_tx: &mut Tx, _source_id: &str) -> Result<()> {
    Ok(())
}
