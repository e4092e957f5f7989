//! Reading a copy.

use futures::TryStreamExt;
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};

use super::{Column, ColumnKind, TableShape, tables};
use crate::{Result, Store, StoreError, Tx, dialect::Engine};

/// The database as it is at one moment, however much is written while it is read.
pub struct Snapshot {
    tx: Tx,
    engine: Engine,
    schema: i64,
}

impl Store {
    /// Takes hold of the database as it is now. A conflict where its tables are not of this version.
    #[tracing::instrument(name = "db.backup.snapshot", level = "debug", skip_all)]
    pub async fn backup_snapshot(&self) -> Result<Snapshot> {
        let engine = self.engine();
        let mut tx = self.read().begin_with(engine.begin_snapshot()).await?;
        let schema: Option<i64> =
            sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&mut *tx)
                .await?;
        let newest = engine.newest_migration();
        match schema {
            Some(schema) if schema == newest => Ok(Snapshot { tx, engine, schema }),
            _ => Err(StoreError::conflict(
                "database",
                "its tables are of another version of the program",
            )),
        }
    }
}

impl Snapshot {
    /// Version of its tables.
    pub fn schema(&self) -> i64 {
        self.schema
    }

    /// Its tables, in the order in which they must be written back.
    pub async fn tables(&mut self) -> Result<Vec<TableShape>> {
        let mut shapes = Vec::with_capacity(tables::TABLES.len());
        for (name, _) in tables::TABLES {
            shapes.extend(tables::shape(&mut self.tx, self.engine, name).await?);
        }
        Ok(shapes)
    }

    /// Gives every row of a table to `each`, as a line of JSON; returns how many there are.
    pub async fn rows<E: From<StoreError>>(
        &mut self,
        table: &TableShape,
        mut each: impl FnMut(&str) -> std::result::Result<(), E>,
    ) -> std::result::Result<u64, E> {
        let order = tables::TABLES.iter().find(|(name, _)| *name == table.name);
        let Some((name, order)) = order else {
            return Err(StoreError::not_found("table", &table.name).into());
        };
        let statement = format!("SELECT {} FROM {name} ORDER BY {order}", table.column_list());
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch(&mut *self.tx);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
            each(&line(&row, &table.columns)?)?;
            count += 1;
        }
        Ok(count)
    }
}

fn line(row: &AnyRow, columns: &[Column]) -> Result<String> {
    let values = columns.iter().enumerate().map(|(index, column)| {
        Ok(match column.kind {
            ColumnKind::Text => row.try_get::<Option<String>, _>(index)?.map(Value::from),
            ColumnKind::Int => row.try_get::<Option<i64>, _>(index)?.map(Value::from),
            ColumnKind::Bytes => {
                let bytes = row.try_get::<Option<Vec<u8>>, _>(index)?;
                bytes.map(|bytes| Value::from(hex::encode(bytes)))
            }
        }
        .unwrap_or(Value::Null))
    });
    Ok(Value::from(values.collect::<Result<Vec<_>>>()?).to_string())
}
