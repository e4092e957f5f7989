//! Many rows at a time, straight into the tables.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context, Result};
use gametape_core::{rubric::Definition, words::cut};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};

/// Rows of one table wait until there are so many.
const BATCH: usize = 400;
/// Tables in an order in which what is pointed at comes first.
const ORDER: [&str; 12] = [
    "teams",
    "team_members",
    "calls",
    "call_tags",
    "transcripts",
    "segments",
    "anchors",
    "comments",
    "reviews",
    "scores",
    "evidence",
    "search_documents",
];

/// A value in a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    NullText,
    NullInt,
    Int(i64),
    Text(String),
}

impl Cell {
    pub(super) fn text_or_null(text: Option<&str>) -> Self {
        text.map_or(Self::NullText, Self::from)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[derive(Default)]
struct Waiting {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A connection, and rows that wait to be written.
pub(super) struct Rows {
    connection: AnyConnection,
    waiting: BTreeMap<&'static str, Waiting>,
}

impl Rows {
    pub(super) async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(url).await?;
        if url.starts_with("sqlite") {
            connection.execute("PRAGMA busy_timeout = 60000").await?;
            // A database for a benchmark need not outlive a power failure while it is filled.
            connection.execute("PRAGMA synchronous = OFF").await?;
        }
        Ok(Self {
            connection,
            waiting: BTreeMap::new(),
        })
    }

    /// Adds a row; `columns` is the same for all rows of a table.
    pub(super) fn add(&mut self, table: &'static str, columns: &[&'static str], row: Vec<Cell>) {
        debug_assert_eq!(columns.len(), row.len(), "{table}");
        let waiting = self.waiting.entry(table).or_default();
        if waiting.columns.is_empty() {
            waiting.columns = columns.to_vec();
        }
        waiting.rows.push(row);
    }

    /// Lets search find a text, as the store does when it is written: a `title`, a `segment` or a `comment`.
    pub(super) fn add_findable(
        &mut self,
        kind: &str,
        source_id: &str,
        call_id: &str,
        said: Option<(i64, i64, &str)>,
        text: &str,
    ) {
        let words: Vec<_> = cut(text).into_iter().map(|cut| cut.word).collect();
        let time = |time: Option<i64>| time.map_or(Cell::NullInt, Cell::from);
        self.add(
            "search_documents",
            &[
                "kind",
                "source_id",
                "call_id",
                "start_ms",
                "end_ms",
                "speaker_role",
                "text",
                "words",
            ],
            vec![
                kind.into(),
                source_id.into(),
                call_id.into(),
                time(said.map(|(start_ms, ..)| start_ms)),
                time(said.map(|(_, end_ms, _)| end_ms)),
                Cell::text_or_null(said.map(|(.., role)| role)),
                text.into(),
                words.join(" ").into(),
            ],
        );
    }

    /// Writes all that waits, in one transaction.
    pub(super) async fn commit(&mut self) -> Result<()> {
        let mut tx = self.connection.begin().await?;
        for table in ORDER {
            let Some(Waiting { columns, rows }) = self.waiting.remove(table) else {
                continue;
            };
            for batch in rows.chunks(BATCH) {
                insert(&mut tx, table, &columns, batch).await?;
            }
        }
        anyhow::ensure!(self.waiting.is_empty(), "a table is missing in the order");
        tx.commit().await?;
        Ok(())
    }

    /// The id and version of a published rubric, and what it holds.
    pub(super) async fn rubric(&mut self) -> Result<((String, i64), Definition)> {
        let row = sqlx::query(
            "SELECT rubric_id, version, definition FROM rubric_versions ORDER BY rubric_id LIMIT 1",
        )
        .fetch_optional(&mut self.connection)
        .await?
        .context("there is no published rubric")?;
        let definition: String = row.try_get("definition")?;
        Ok((
            (row.try_get("rubric_id")?, row.try_get("version")?),
            serde_json::from_str(&definition)?,
        ))
    }

    /// Lets the engine count what is there, as its own housekeeping does sooner or later.
    pub(super) async fn analyze(&mut self) -> Result<()> {
        self.connection.execute("ANALYZE").await?;
        Ok(())
    }
}

async fn insert(
    tx: &mut sqlx::Transaction<'_, sqlx::Any>,
    table: &str,
    columns: &[&str],
    rows: &[Vec<Cell>],
) -> Result<()> {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut place = 0;
    for row in 0..rows.len() {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            place += 1;
            let comma = if column == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}${place}");
        }
        sql.push(')');
    }
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for cell in rows.iter().flatten() {
        query = match cell {
            Cell::NullText => query.bind(None::<String>),
            Cell::NullInt => query.bind(None::<i64>),
            Cell::Int(number) => query.bind(*number),
            Cell::Text(text) => query.bind(text.as_str()),
        };
    }
    query
        .execute(&mut **tx)
        .await
        .with_context(|| format!("fill {table}"))?;
    Ok(())
}
