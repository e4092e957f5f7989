//! Reading columns, with the table, column and row in the error when one can't be understood, and cleaning
//! text from outside before it is bound.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, any::AnyRow};

use crate::{Result, StoreError};

/// A row of a known table.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'r> {
    row: &'r AnyRow,
    table: &'static str,
}

impl<'r> Fields<'r> {
    pub(crate) fn of(row: &'r AnyRow, table: &'static str) -> Self {
        Self { row, table }
    }

    pub(crate) fn int(self, column: &'static str) -> Result<i64> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn opt_int(self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn text(self, column: &'static str) -> Result<String> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn opt_text(self, column: &'static str) -> Result<Option<String>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn bytes(self, column: &'static str) -> Result<Vec<u8>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn opt_bytes(self, column: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(self.row.try_get(column)?)
    }

    /// An id, or a name of a closed list.
    pub(crate) fn parsed<T>(self, column: &'static str) -> Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(column)?;
        text.parse().map_err(|error| self.inconsistent(column, &error))
    }

    pub(crate) fn opt_parsed<T>(self, column: &'static str) -> Result<Option<T>>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.opt_text(column)?;
        text.map(|text| text.parse().map_err(|error| self.inconsistent(column, &error)))
            .transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|error| self.inconsistent(column, &error))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(self, column: &'static str) -> Result<Option<T>> {
        let text = self.opt_text(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.inconsistent(column, &error)))
            .transpose()
    }

    fn inconsistent(self, column: &'static str, detail: &dyn Display) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            column,
            row: self.row.try_get("id").unwrap_or_default(),
            detail: detail.to_string(),
        }
    }
}

/// JSON text of one of our own types, whose maps all have text keys, so that it can't fail; should one ever
/// fail, the row says `null` instead of the process dying.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Text as both engines can hold it: PostgreSQL refuses the character NUL, so it becomes the replacement
/// character.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Text in lower case, for comparing without regard to case the same way on both engines.
pub(crate) fn fold(text: &str) -> String {
    clean(text).to_lowercase()
}
