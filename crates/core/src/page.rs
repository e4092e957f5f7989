//! Keyset pages: stable while rows come and go, and as quick on page 1,000 as on page 1.

use serde::{Deserialize, Serialize};

use crate::user::names;

/// How many items a page has unless asked otherwise.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items a page may have.
pub const MAX_LIMIT: u32 = 200;

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The lowest, oldest or first of the alphabet at the top.
    Asc,
    /// The other way round.
    #[default]
    Desc,
}
names!(Order, "order", Asc = "asc", Desc = "desc");

/// What a caller asks for: items behind `after` (the sort key and the id of the last item seen).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C = Cursor> {
    /// The last item seen; `None` for the first page.
    pub after: Option<C>,
    /// At most this many items, between 1 and [`MAX_LIMIT`].
    pub limit: u32,
}

impl<C> Default for PageRequest<C> {
    fn default() -> Self {
        Self {
            after: None,
            limit: DEFAULT_LIMIT,
        }
    }
}

/// Where a page ended: the value of the sort column, and the id that breaks ties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Value of the sort column, in milliseconds or as the column has it.
    pub key: i64,
    /// The id of the last item.
    pub id: String,
}

/// A page of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C = Cursor> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Cuts a list that was read with one item more than `limit`, so that the extra one tells whether
    /// there is a next page.
    pub fn from_overfull(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
