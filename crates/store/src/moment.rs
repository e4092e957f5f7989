//! Moments: where comments and evidence that everybody may see overlap.

use gametape_core::{TimeMs, id::CallId};

use crate::{Result, Tx};

/// Makes the moments of a call between two times anew, after something there was written, shown or taken away.
pub(crate) async fn refresh(
    _tx: &mut Tx,
    _call_id: &CallId,
    _start_ms: i64,
    _end_ms: i64,
    _now: TimeMs,
) -> Result<()> {
    Ok(())
}

/// Makes all moments of a call anew.
pub(crate) async fn rebuild(_tx: &mut Tx, _call_id: &CallId, _now: TimeMs) -> Result<()> {
    Ok(())
}

impl crate::Store {
    /// Makes all moments of a call anew, after its comments and reviews were written by other means.
    pub async fn moments_rebuild(&self, call_id: &CallId) -> Result<()> {
        let mut tx = self.begin().await?;
        rebuild(&mut tx, call_id, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
