//! Writing a copy back.

use serde_json::Value;
use sqlx::{AssertSqlSafe, any::AnyArguments, query::Query};

use super::{Column, ColumnKind, TableShape, tables};
use crate::{Result, Store, StoreError, Tx, dialect::Engine};

/// Values that one statement carries at most; SQLite takes 32,766 of them.
const MOST_VALUES: usize = 8_000;

/// A copy that is being written into an empty database: all of it will be there, or nothing.
pub struct Load {
    tx: Tx,
    engine: Engine,
    shapes: Vec<TableShape>,
}

impl Store {
    /// Makes tables of version `schema` and begins to write a copy of them. A conflict where something is in the
    /// database already, and for tables of a newer version of the program.
    #[tracing::instrument(name = "db.backup.load", level = "debug", skip_all)]
    pub async fn backup_load(&self, schema: i64) -> Result<Load> {
        let engine = self.engine();
        if !engine.migrations().version_exists(schema) {
            return Err(StoreError::conflict(
                "backup",
                "it was made by a newer version of the program",
            ));
        }
        self.migrate_tables(Some(schema)).await?;
        let mut tx = self.begin().await?;
        let applied: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&mut *tx)
            .await?;
        if applied != schema {
            return Err(in_use());
        }
        let mut shapes = Vec::with_capacity(tables::TABLES.len());
        for (name, _) in tables::TABLES {
            let Some(shape) = tables::shape(&mut tx, engine, name).await? else {
                continue;
            };
            let probe = format!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM {name} LIMIT 1) AS found");
            let found: i64 = sqlx::query_scalar(AssertSqlSafe(probe))
                .fetch_one(&mut *tx)
                .await?;
            if found > 0 {
                return Err(in_use());
            }
            shapes.push(shape);
        }
        for statement in engine.defer_references() {
            sqlx::query(*statement).execute(&mut *tx).await?;
        }
        Ok(Load { tx, engine, shapes })
    }
}

impl Load {
    /// What the tables of its version hold.
    pub fn tables(&self) -> &[TableShape] {
        &self.shapes
    }

    /// Writes lines of a table, as [`Snapshot::rows`](super::Snapshot::rows) gave them. Tables must come in their
    /// order. A conflict where they are not what this version of the tables holds.
    pub async fn rows(&mut self, table: &TableShape, lines: &[String]) -> Result<()> {
        // Names become part of statements, so only those of our own tables will do.
        let known = self.shapes.iter().find(|shape| shape.name == table.name);
        let sound = known.is_some_and(|known| {
            !table.columns.is_empty() && table.columns.iter().all(|column| known.columns.contains(column))
        });
        if !sound {
            return Err(damaged(&table.name, "it has other columns"));
        }
        for lines in lines.chunks((MOST_VALUES / table.columns.len()).max(1)) {
            let statement = insert(table, lines.len());
            let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
            for line in lines {
                let values: Vec<Value> =
                    serde_json::from_str(line).map_err(|error| damaged(&table.name, &error.to_string()))?;
                if values.len() != table.columns.len() {
                    return Err(damaged(&table.name, "a line has too many or too few values"));
                }
                for (column, value) in table.columns.iter().zip(values) {
                    query = bind(query, column, value).ok_or_else(|| {
                        damaged(&table.name, &format!("{} holds something else", column.name))
                    })?;
                }
            }
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Checks that everything refers to something, and keeps it.
    pub async fn finish(mut self) -> Result<()> {
        for statement in self.engine.check_references() {
            sqlx::query(*statement).execute(&mut *self.tx).await?;
        }
        self.tx.commit().await?;
        Ok(())
    }
}

fn insert(table: &TableShape, rows: usize) -> String {
    let columns = table.columns.len();
    let row = |row: usize| {
        let places: Vec<_> = (1..=columns)
            .map(|place| format!("${}", row * columns + place))
            .collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO {} ({}) VALUES {}",
        table.name,
        table.column_list(),
        rows.join(", ")
    )
}

type Statement<'q> = Query<'q, sqlx::Any, AnyArguments>;

/// Adds a value to a statement; `None` where it is no value of this column.
fn bind<'q>(query: Statement<'q>, column: &Column, value: Value) -> Option<Statement<'q>> {
    Some(match (column.kind, value) {
        (ColumnKind::Text, Value::Null) => query.bind(None::<String>),
        (ColumnKind::Int, Value::Null) => query.bind(None::<i64>),
        (ColumnKind::Bytes, Value::Null) => query.bind(None::<Vec<u8>>),
        (ColumnKind::Text, Value::String(text)) => query.bind(text),
        (ColumnKind::Int, Value::Number(number)) => query.bind(number.as_i64()?),
        (ColumnKind::Bytes, Value::String(text)) => query.bind(hex::decode(text).ok()?),
        _ => return None,
    })
}

fn in_use() -> StoreError {
    StoreError::conflict(
        "database",
        "there is something in it already; a backup needs an empty one",
    )
}

fn damaged(table: &str, why: &str) -> StoreError {
    StoreError::conflict("backup", format!("table {table} is damaged: {why}"))
}
