//! Lists of calls.

use gametape_core::{
    call::Call,
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
};
use sqlx::AssertSqlSafe;

use super::{CallFilter, call_columns, read_call};
use crate::{
    Result, Store,
    row::{clean, fold},
};

/// A value for a place in a condition.
enum Value {
    Int(i64),
    Text(String),
}

/// Conditions that are put together from fixed texts; every value is bound, never part of the text.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition in which `?` stands for each of `values`, in order.
    fn and(&mut self, condition: &'static str, values: impl IntoIterator<Item = Value>) {
        let mut pieces = condition.split('?');
        self.sql.push_str(" AND ");
        self.sql.push_str(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(values) {
            self.values.push(value);
            self.sql.push('$');
            self.sql.push_str(&self.values.len().to_string());
            self.sql.push_str(piece);
        }
    }
}

fn conditions(visible: &VisibleCalls, filter: &CallFilter, after: Option<&Cursor>) -> Conditions {
    let mut conditions = Conditions::default();
    if let VisibleCalls::OwnedBy(owner) = visible {
        conditions.and("owner_id = ?", [Value::Text(owner.to_string())]);
    }
    if let Some(owner) = &filter.owner {
        conditions.and("owner_id = ?", [Value::Text(owner.to_string())]);
    }
    if let Some(state) = filter.state {
        conditions.and("state = ?", [Value::Text(state.to_string())]);
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        conditions.and(
            "title_folded LIKE ? ESCAPE '\\'",
            [Value::Text(contains_pattern(text))],
        );
    }
    if let Some(Cursor { key, id }) = after {
        conditions.and("created_at <= ?", [Value::Int(*key)]);
        conditions.and(
            "(created_at < ? OR id < ?)",
            [Value::Int(*key), Value::Text(clean(id).into_owned())],
        );
    }
    conditions
}

/// A pattern for what contains `text` in lower case, every character of it standing for itself.
fn contains_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in fold(text).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl Store {
    /// Calls that somebody may see and that the filter lets through, the newest first.
    #[tracing::instrument(name = "db.call.list", level = "debug", skip_all)]
    pub async fn call_list(
        &self,
        visible: &VisibleCalls,
        filter: &CallFilter,
        page: &PageRequest,
    ) -> Result<Page<Call>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let Conditions { sql, values } = conditions(visible, filter, page.after.as_ref());
        let sql = format!(
            "SELECT {} FROM calls WHERE 1 = 1{sql} ORDER BY created_at DESC, id DESC LIMIT {}",
            call_columns!(),
            limit + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
        let rows = query.fetch_all(self.read()).await?;
        let calls = rows.iter().map(read_call).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(calls, limit, |call| Cursor {
            key: call.created_at,
            id: call.id.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_hold_no_wildcards_of_the_searcher() {
        assert_eq!(contains_pattern("100%_A\\"), "%100\\%\\_a\\\\%");
    }

    #[test]
    fn places_are_numbered_in_order() {
        let after = Cursor {
            key: 7,
            id: "call_x".to_owned(),
        };
        let filter = CallFilter {
            text: Some("a".to_owned()),
            ..CallFilter::default()
        };
        let conditions = conditions(&VisibleCalls::All, &filter, Some(&after));
        assert_eq!(
            conditions.sql,
            " AND title_folded LIKE $1 ESCAPE '\\' AND created_at <= $2 AND (created_at < $3 OR id < $4)"
        );
        assert_eq!(conditions.values.len(), 4);
    }
}
