//! Moments: where comments and evidence that everybody may see overlap. They are kept up to date in the
//! transaction that changes what they are made of, so that browsing them is a walk along an index.

mod excerpt;
mod items;
mod list;
mod pieces;
mod read;
mod statement;
mod write;

use std::collections::BTreeMap;

use gametape_core::{
    TimeMs,
    id::{CallId, MomentId},
    moment::{Formed, Layer, form},
};

use crate::{Result, Store, StoreError, Tx, row::Fields};

pub use list::MomentFilter;

use excerpt::excerpts;
use items::public_items;
use write::{OldItem, write};

/// A moment as it was.
struct OldMoment {
    id: MomentId,
    layer: Layer,
    start_ms: i64,
    items: BTreeMap<String, OldItem>,
}

/// Makes the moments of a call anew between two times: where the item that was written, shown, changed or taken
/// away is, and where it was. What it costs goes with the items that hang together there, not with the call's.
pub(crate) async fn refresh(
    tx: &mut Tx,
    call_id: &CallId,
    start_ms: i64,
    end_ms: i64,
    now: TimeMs,
) -> Result<()> {
    lock(tx, call_id).await?;
    let (from_ms, until_ms) = reach(tx, call_id, start_ms, end_ms.max(start_ms.saturating_add(1))).await?;
    remake(tx, call_id, from_ms, until_ms, now).await
}

/// Makes all moments of a call anew.
pub(crate) async fn rebuild(tx: &mut Tx, call_id: &CallId, now: TimeMs) -> Result<()> {
    lock(tx, call_id).await?;
    remake(tx, call_id, i64::MIN, i64::MAX, now).await
}

/// Keeps others from changing moments of the call until the transaction ends: from here on it sees what they
/// wrote.
async fn lock(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    sqlx::query("UPDATE calls SET event_seq = event_seq WHERE id = $1")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The stretch of the moments that reach into `start_ms..end_ms`, and of that itself.
///
/// It is all that has to be made anew. Items that did not change lie in an old moment of everybody or of those
/// who see scores, and these cover their stretches without a gap and don't overlap. So an item that reaches into
/// the result, which is such moments and the range that they all reach into, belongs to one of them; and what
/// is new lies in the range. No item hangs out of the result, and every moment of people who don't see scores is
/// part of another one, thus inside or outside as a whole.
async fn reach(tx: &mut Tx, call_id: &CallId, start_ms: i64, end_ms: i64) -> Result<(i64, i64)> {
    let (mut from_ms, mut until_ms) = (start_ms, end_ms);
    for layer in [Layer::All, Layer::Scored] {
        // Moments of a layer don't overlap: of those that begin before the range the last one may reach into it.
        let row = sqlx::query(
            "SELECT MIN(start_ms) AS low, MAX(end_ms) AS high FROM moments \
             WHERE call_id = $1 AND layer = $2 AND start_ms < $4 AND end_ms > $3 \
               AND start_ms >= COALESCE((SELECT MAX(b.start_ms) FROM moments b \
                 WHERE b.call_id = $1 AND b.layer = $2 AND b.start_ms <= $3), $3)",
        )
        .bind(call_id.as_str())
        .bind(layer.number())
        .bind(start_ms)
        .bind(end_ms)
        .fetch_one(&mut **tx)
        .await?;
        let fields = Fields::of(&row, "moments");
        if let (Some(low), Some(high)) = (fields.opt_int("low")?, fields.opt_int("high")?) {
            from_ms = from_ms.min(low);
            until_ms = until_ms.max(high);
        }
    }
    Ok((from_ms, until_ms))
}

/// Makes the moments that begin in a stretch anew, of the items that begin in it. See [`reach`] for why that is
/// enough.
async fn remake(tx: &mut Tx, call_id: &CallId, from_ms: i64, until_ms: i64, now: TimeMs) -> Result<()> {
    let old = write::old_moments(tx, call_id, from_ms, until_ms).await?;
    let items = public_items(tx, call_id, from_ms, until_ms).await?;
    let formed = form(&items);
    let ranges: Vec<_> = formed
        .iter()
        .map(|moment| (moment.start_ms, moment.end_ms))
        .collect();
    let excerpts = excerpts(tx, call_id, &ranges).await?;
    let ids = inherit(&formed, &old);
    write(tx, call_id, &old, &formed, &ids, &excerpts, now).await
}

/// Which old moment each new one goes on: the earliest that it shares an item with, so that links last.
fn inherit<'a>(formed: &[Formed], old: &'a [OldMoment]) -> Vec<Option<&'a OldMoment>> {
    let mut of_item: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (i, moment) in old.iter().enumerate() {
        for id in moment.items.keys() {
            let key = (moment.layer == Layer::Blind, id.as_str());
            of_item.entry(key).or_default().push(i);
        }
    }
    let mut taken = vec![false; old.len()];
    let inherit = |new: &Formed| {
        let before = new
            .items
            .iter()
            .filter_map(|item| of_item.get(&(new.layer == Layer::Blind, item.id.as_str())))
            .flatten()
            .copied()
            .filter(|&i| !taken[i])
            .min_by_key(|&i| (old[i].start_ms, &old[i].id));
        before.map(|i| {
            taken[i] = true;
            &old[i]
        })
    };
    formed.iter().map(inherit).collect()
}

impl Store {
    /// Makes moments of a call anew: all of them, or those between two times. For those who write comments and
    /// reviews in bulk; everybody else's are kept up to date.
    #[tracing::instrument(name = "db.moment.rebuild", level = "debug", skip_all)]
    pub async fn moment_rebuild(&self, call_id: &CallId, range_ms: Option<(i64, i64)>) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        crate::call::find(&mut tx, call_id)
            .await?
            .ok_or_else(|| StoreError::not_found("call", call_id))?;
        match range_ms {
            Some((start_ms, end_ms)) => refresh(&mut tx, call_id, start_ms, end_ms, now).await?,
            None => rebuild(&mut tx, call_id, now).await?,
        }
        tx.commit().await?;
        Ok(())
    }
}
