//! Pieces of the statements behind lists of moments: conditions on what moments are made of, and orders.

use gametape_core::{moment::MomentSort, page::Cursor};

use crate::{
    conditions::{Conditions, Value},
    row::clean,
};

/// Conditions on an item of a moment.
pub(super) struct ItemSql {
    /// Whose it is.
    pub(super) author: &'static str,
    /// By an index, and when a moment's few items are looked through: its kind,
    pub(super) kind: [&'static str; 2],
    /// its criterion,
    pub(super) criterion: [&'static str; 2],
    /// that it has a level at least, or at most,
    pub(super) value: [&'static str; 3],
    /// and a share of its scale at least, or at most.
    pub(super) share: [[&'static str; 3]; 2],
}

macro_rules! item_sql {
    ($t:literal) => {
        ItemSql {
            author: concat!($t, ".author_id = ?"),
            kind: [
                concat!($t, ".comment_kind = ?"),
                concat!($t, ".comment_kind || '' = ?"),
            ],
            criterion: [
                concat!($t, ".criterion_id = ?"),
                concat!($t, ".criterion_id || '' = ?"),
            ],
            value: [
                concat!($t, ".value IS NOT NULL"),
                concat!($t, ".value >= ?"),
                concat!($t, ".value <= ?"),
            ],
            share: [
                [
                    concat!($t, ".value_permille IS NOT NULL"),
                    concat!($t, ".value_permille >= ?"),
                    concat!($t, ".value_permille <= ?"),
                ],
                [
                    concat!($t, ".value_permille IS NOT NULL"),
                    concat!($t, ".value_permille + 0 >= ?"),
                    concat!($t, ".value_permille + 0 <= ?"),
                ],
            ],
        }
    };
}

/// On an item `i`, where reading begins.
pub(super) const ITEM: ItemSql = item_sql!("i");
/// On another one of the same moment, `j`.
pub(super) const OTHER: ItemSql = item_sql!("j");

/// Leaves what is behind `after`: `condition` is one of the order's two.
pub(super) fn push_behind(sql: &mut Conditions, condition: &'static str, after: Option<&Cursor>) {
    if let Some(Cursor { key, id }) = after {
        sql.and(condition, [Value::Int(*key), Value::Text(clean(id).into_owned())]);
    }
}

/// What an order is made of.
pub(super) struct OrderSql {
    /// The column of a moment that it goes by.
    pub(super) key: &'static str,
    /// `DESC` or `ASC`.
    pub(super) way: &'static str,
    /// What is behind a place in it, for the moment's column,
    pub(super) behind: &'static str,
    /// and for what was gathered.
    pub(super) behind_found: &'static str,
}

impl OrderSql {
    /// What an order goes by where reading begins with it: `by_score` when it is the scores that are asked for, and
    /// then levels `with_criterion`, shares of scales without.
    pub(super) fn of(sort: MomentSort, by_score: bool, with_criterion: bool) -> Self {
        macro_rules! order {
            ($key:literal, $id:literal, $way:literal, $than:literal) => {
                Self {
                    key: $key,
                    way: $way,
                    behind: concat!("(", $key, ", ", $id, ") ", $than, " (?, ?)"),
                    behind_found: concat!("(sort_key, id) ", $than, " (?, ?)"),
                }
            };
        }
        match (sort, by_score, with_criterion) {
            (MomentSort::Newest, ..) => order!("m.newest_at", "m.id", "DESC", "<"),
            (MomentSort::Discussed, ..) => order!("m.discussion_count", "m.id", "DESC", "<"),
            (MomentSort::Highest, false, _) => order!("m.highest_permille", "m.id", "DESC", "<"),
            (MomentSort::Lowest, false, _) => order!("m.lowest_permille", "m.id", "ASC", ">"),
            (MomentSort::Highest, true, true) => order!("i.value", "i.moment_id", "DESC", "<"),
            (MomentSort::Lowest, true, true) => order!("i.value", "i.moment_id", "ASC", ">"),
            (MomentSort::Highest, true, false) => order!("i.value_permille", "i.moment_id", "DESC", "<"),
            (MomentSort::Lowest, true, false) => order!("i.value_permille", "i.moment_id", "ASC", ">"),
        }
    }
}
