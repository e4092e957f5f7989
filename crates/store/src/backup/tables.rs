//! The tables, and what their columns hold.

use sqlx::AnyConnection;

use super::{Column, ColumnKind, TableShape};
use crate::{Result, StoreError, dialect::Engine, row::Fields};

/// Every table with what orders its rows. None refers to a later one; those that refer to themselves are named in
/// [`Engine::defer_references`].
pub(super) const TABLES: [(&str, &str); 46] = [
    ("users", "id"),
    ("sessions", "id"),
    ("tokens", "id"),
    ("teams", "id"),
    ("team_members", "team_id, user_id"),
    ("invitations", "id"),
    ("audit", "id"),
    ("idempotency", "user_id, key"),
    ("uploads", "id"),
    ("upload_parts", "upload_id, offset_bytes"),
    ("recordings", "id"),
    ("redactions", "recording_id, channel, start_ms"),
    ("calls", "id"),
    ("call_speakers", "call_id, channel"),
    ("call_tags", "call_id, tag_folded"),
    ("call_participants", "call_id, name_folded"),
    ("call_invited", "call_id, user_id"),
    ("events", "call_id, seq"),
    ("jobs", "id"),
    ("job_attempts", "job_id, attempt"),
    ("transcripts", "id"),
    ("transcript_windows", "transcript_id, window_no"),
    ("segments", "id"),
    ("anchors", "id"),
    ("comments", "id"),
    ("comment_versions", "comment_id, version"),
    ("comment_mentions", "comment_id, user_id"),
    ("comment_reactions", "comment_id, user_id, reaction"),
    ("comment_templates", "id"),
    ("edits", "id"),
    ("rubrics", "id"),
    ("rubric_versions", "rubric_id, version"),
    ("reviews", "id"),
    ("scores", "review_id, criterion_id"),
    ("evidence", "id"),
    ("review_history", "id"),
    ("moments", "id"),
    ("moment_items", "moment_id, item_id"),
    ("trackers", "id"),
    ("tracker_hits", "tracker_id, segment_id, start_ms"),
    ("tracker_todo", "tracker_id, call_id"),
    ("search_documents", "source_id"),
    ("review_requests", "id"),
    ("notices", "id"),
    ("retention_rules", "id"),
    ("erasures", "id"),
];

/// The columns of a table, but for those that the engine fills itself; `None` where there is no such table, as in a
/// database of an older version.
pub(super) async fn shape(
    connection: &mut AnyConnection,
    engine: Engine,
    name: &'static str,
) -> Result<Option<TableShape>> {
    let rows = sqlx::query(engine.columns_of_table())
        .bind(name)
        .fetch_all(connection)
        .await?;
    let column = |row| {
        let fields = Fields::of(row, name);
        let type_name = fields.text("type_name")?;
        let kind = kind_of(&type_name).ok_or_else(|| {
            StoreError::conflict("database", format!("columns of type {type_name} can't be copied"))
        })?;
        let name = fields.text("name")?;
        Ok(Column { name, kind })
    };
    let columns: Vec<Column> = rows.iter().map(column).collect::<Result<_>>()?;
    Ok((!columns.is_empty()).then(|| TableShape {
        name: name.to_owned(),
        columns,
    }))
}

fn kind_of(type_name: &str) -> Option<ColumnKind> {
    match type_name.to_ascii_lowercase().as_str() {
        "text" => Some(ColumnKind::Text),
        "bigint" | "integer" | "smallint" => Some(ColumnKind::Int),
        "blob" | "bytea" => Some(ColumnKind::Bytes),
        _ => None,
    }
}
