//! Who speaks on which channel of a call.

use gametape_core::{
    call::Call,
    id::{CallId, TranscriptId},
    stats::talk_stats,
    transcript::{Segment, Speaker},
};
use sqlx::AnyConnection;

use super::{bump, find, set_talk};
use crate::{
    Result, Store, StoreError, Tx,
    event::{self, NewEvent},
    row::{Fields, clean},
    search, tracker,
};

/// What people said about the speakers of a call, and how many channels there are to speak on.
pub(crate) struct Speakers {
    channels: usize,
    named: Vec<(usize, Speaker)>,
}

impl Speakers {
    /// Reads them for a call with this many channels; 1 is taken while that is not known.
    pub(crate) async fn read(
        connection: &mut AnyConnection,
        call_id: &CallId,
        channels: Option<i64>,
    ) -> Result<Self> {
        let rows =
            sqlx::query("SELECT channel, role, name FROM call_speakers WHERE call_id = $1 ORDER BY channel")
                .bind(call_id.as_str())
                .fetch_all(&mut *connection)
                .await?;
        let read = |row| {
            let fields = Fields::of(row, "call_speakers");
            let speaker = Speaker {
                role: fields.parsed("role")?,
                name: fields.text("name")?,
            };
            Ok((fields.int("channel")?.max(0) as usize, speaker))
        };
        Ok(Self {
            channels: channels.unwrap_or(1).max(1) as usize,
            named: rows.iter().map(read).collect::<Result<_>>()?,
        })
    }

    /// Who speaks on `channel`.
    pub(crate) fn on(&self, channel: usize) -> Speaker {
        let named = self.named.iter().find(|(named, _)| *named == channel);
        named.map_or_else(
            || Speaker::default_for(channel, self.channels),
            |(_, speaker)| speaker.clone(),
        )
    }
}

/// Makes the figures that lists sort by anew: who is the rep may have changed. A call without statistics has
/// none.
async fn refresh_talk(tx: &mut Tx, call: &Call) -> Result<()> {
    let has_stats: Option<i64> =
        sqlx::query_scalar("SELECT CAST(1 AS BIGINT) FROM calls WHERE id = $1 AND stats IS NOT NULL")
            .bind(call.id.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    if has_stats.is_none() {
        return Ok(());
    }
    let speakers = Speakers::read(tx, &call.id, call.channels).await?;
    let rows = sqlx::query("SELECT start_ms, end_ms, channel, text FROM segments WHERE transcript_id = $1")
        .bind(call.transcript_id.as_ref().map(TranscriptId::as_str))
        .fetch_all(&mut **tx)
        .await?;
    let read = |row| {
        let fields = Fields::of(row, "segments");
        let channel = fields.int("channel")?.max(0) as usize;
        Ok(Segment {
            id: None,
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
            channel,
            speaker: speakers.on(channel),
            text: fields.text("text")?,
            words: Vec::new(),
            edited: false,
        })
    };
    let segments = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    let stats = talk_stats(&segments, call.duration_ms.unwrap_or(0), speakers.channels);
    set_talk(tx, &call.id, Some(&stats)).await
}

impl Store {
    /// The speakers of a call, one a channel, in order; none when there is no such call.
    #[tracing::instrument(name = "db.call.speakers", level = "debug", skip_all)]
    pub async fn call_speakers(&self, id: &CallId) -> Result<Vec<Speaker>> {
        let Some(call) = self.call_get(id).await? else {
            return Ok(Vec::new());
        };
        let speakers = Speakers::read(&mut *self.read().acquire().await?, id, call.channels).await?;
        Ok((0..speakers.channels)
            .map(|channel| speakers.on(channel))
            .collect())
    }

    /// Says who speaks on a channel. A conflict when the recording has no such channel; until it is decoded,
    /// two are taken to be possible.
    #[tracing::instrument(name = "db.call.set_speaker", level = "debug", skip_all)]
    pub async fn call_set_speaker(&self, id: &CallId, channel: usize, speaker: Speaker) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find(&mut tx, id)
            .await?
            .ok_or_else(|| StoreError::not_found("call", id))?;
        if channel >= call.channels.unwrap_or(2).max(0) as usize {
            return Err(StoreError::conflict(
                "call",
                format!("it has no channel {channel}"),
            ));
        }
        sqlx::query(concat!("UPDATE calls SET ", bump!("$2"), " WHERE id = $1"))
            .bind(id.as_str())
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO call_speakers (call_id, channel, role, name) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (call_id, channel) DO UPDATE SET role = excluded.role, name = excluded.name",
        )
        .bind(id.as_str())
        .bind(channel as i64)
        .bind(speaker.role.as_str())
        .bind(clean(&speaker.name).as_ref())
        .execute(&mut *tx)
        .await?;
        refresh_talk(&mut tx, &call).await?;
        search::set_role(&mut tx, id, channel, speaker.role).await?;
        tracker::look_again(&mut tx, id).await?;
        event::write(&mut tx, id, now, &[NewEvent::call()]).await?;
        tx.commit().await?;
        Ok(())
    }
}
