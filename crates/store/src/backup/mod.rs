//! Copies of the whole database in a form that either engine reads back: rows as lines of JSON, table by table.

mod load;
mod snapshot;
mod tables;

use serde::{Deserialize, Serialize};

pub use load::Load;
pub use snapshot::Snapshot;

/// A table of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the values in a line.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub kind: ColumnKind,
}

/// What a column holds. Every kind may be null, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A string.
    Text,
    /// A whole number of 64 bits at most.
    Int,
    /// Bytes; hexadecimal in a line.
    Bytes,
}

impl TableShape {
    fn column_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.join(", ")
    }
}
