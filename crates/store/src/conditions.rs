//! Conditions of lists, put together from fixed texts; every value is bound, never part of the text.

use gametape_core::{id::UserId, policy::VisibleCalls};
use sqlx::{Any, AssertSqlSafe, any::AnyRow, query::Query};

use crate::{Result, Store, row::fold};

/// A value for a place in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The end of a `WHERE` clause that begins with a condition, and the values of its places.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition in which `?` stands for each of `values`, in order.
    pub(crate) fn and<V: Into<Value>>(
        &mut self,
        condition: &'static str,
        values: impl IntoIterator<Item = V>,
    ) {
        self.sql.push_str(" AND ");
        self.push(condition, values);
    }

    /// Adds text in which `?` stands for each of `values`, in order.
    pub(crate) fn push<V: Into<Value>>(&mut self, text: &'static str, values: impl IntoIterator<Item = V>) {
        let mut pieces = text.split('?');
        self.sql.push_str(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(values) {
            self.values.push(value.into());
            self.sql.push('$');
            self.sql.push_str(&self.values.len().to_string());
            self.sql.push_str(piece);
        }
    }

    /// Leaves the calls that somebody may see, of a table `calls`: `policy::may_see_call` as a condition.
    pub(crate) fn visible(&mut self, visible: &VisibleCalls) {
        if let VisibleCalls::To(user_id) = visible {
            let me = user_id.as_str();
            self.and(
                "(calls.visibility = 'org' OR calls.owner_id = ? \
                 OR (calls.visibility = 'team' AND calls.team_id IN \
                     (SELECT team_id FROM team_members WHERE user_id = ?)) \
                 OR EXISTS (SELECT 1 FROM call_invited i WHERE i.user_id = ? AND i.call_id = calls.id))",
                [me, me, me],
            );
        }
    }

    /// Leaves the reviews that somebody may see of those calls that they see, of tables `reviews` and `calls`:
    /// `policy::may_see_review` as a condition.
    pub(crate) fn visible_reviews(&mut self, user_id: &UserId) {
        let me = user_id.as_str();
        self.and(
            "(reviews.reviewer_id = ? \
             OR ((reviews.state = 'released' OR (reviews.state = 'submitted' AND calls.owner_id = ?)) \
                 AND NOT EXISTS (SELECT 1 FROM reviews mine WHERE mine.reviewer_id = ? \
                     AND mine.call_id = reviews.call_id AND mine.state = 'draft')))",
            [me, me, me],
        );
    }
}

/// A pattern for `LIKE … ESCAPE '\'` for what contains `text` in lower case, every character of it standing
/// for itself.
pub(crate) fn contains_pattern(text: &str) -> String {
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
    /// Reads the rows of a statement that was put together from fixed texts.
    pub(crate) async fn fetch(&self, sql: String, values: Vec<Value>) -> Result<Vec<AnyRow>> {
        let query = bind(sqlx::query(AssertSqlSafe(sql)), values);
        Ok(query.fetch_all(self.read()).await?)
    }
}

/// Binds values to the places of a statement, in order.
pub(crate) fn bind(
    mut query: Query<'_, Any, <Any as sqlx::Database>::Arguments>,
    values: Vec<Value>,
) -> Query<'_, Any, <Any as sqlx::Database>::Arguments> {
    for value in values {
        query = match value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        };
    }
    query
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
        let mut conditions = Conditions::default();
        conditions.and("a = ?", [1]);
        conditions.and("(b < ? OR c < ?)", ["x", "y"]);
        assert_eq!(conditions.sql, " AND a = $1 AND (b < $2 OR c < $3)");
        assert_eq!(conditions.values, [Value::Int(1), "x".into(), "y".into()]);
    }
}
