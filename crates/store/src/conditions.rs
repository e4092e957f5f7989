//! Conditions of lists, put together from fixed texts; every value is bound, never part of the text.

use gametape_core::{id::UserId, policy::VisibleCalls, search};
use sqlx::{Any, AssertSqlSafe, Row as _, any::AnyRow, query::Query};

use crate::{Engine, Result, Store, dialect::Worded, row::fold};

/// What a review has to be for somebody to see it, of tables `reviews` and `calls`, with three places for them.
macro_rules! visible_reviews {
    () => {
        "(reviews.reviewer_id = ? \
         OR ((reviews.state = 'released' OR (reviews.state = 'submitted' AND calls.owner_id = ?)) \
             AND NOT EXISTS (SELECT 1 FROM reviews mine WHERE mine.reviewer_id = ? \
                 AND mine.call_id = reviews.call_id AND mine.state = 'draft')))"
    };
}
pub(crate) use visible_reviews;

/// What a comment that is no answer has to be for somebody to see it, of a table `comments`, with two places for
/// them.
macro_rules! visible_comments {
    () => {
        "(comments.audience = 'call' OR comments.author_id = ? OR (comments.audience = 'mentioned' AND EXISTS \
             (SELECT 1 FROM comment_mentions m WHERE m.user_id = ? AND m.comment_id = comments.id)))"
    };
}
pub(crate) use visible_comments;

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

    /// Adds that `column` is one of `values`. Without any, nothing is.
    pub(crate) fn and_in<V: Into<Value>>(
        &mut self,
        column: &'static str,
        values: impl IntoIterator<Item = V>,
    ) {
        let first = self.values.len();
        self.values.extend(values.into_iter().map(Into::into));
        let places: Vec<String> = (first + 1..=self.values.len()).map(|n| format!("${n}")).collect();
        self.sql.push_str(" AND ");
        if places.is_empty() {
            self.sql.push_str("1 = 0");
        } else {
            self.sql.push_str(column);
            self.sql.push_str(" IN (");
            self.sql.push_str(&places.join(", "));
            self.sql.push(')');
        }
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

    /// Adds text without places.
    pub(crate) fn text(&mut self, text: &'static str) {
        self.sql.push_str(text);
    }

    /// Adds a limit that is the same each time, as a number: PostgreSQL, which may make one plan for all values, would
    /// take a value for a tenth of what there is, and read whole tables for it.
    pub(crate) fn fixed_limit(&mut self, most: i64) {
        self.sql.push_str(" LIMIT ");
        self.sql.push_str(&most.to_string());
    }

    /// Adds a list in brackets of places for `values`, of which there must be one at least.
    pub(crate) fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) {
        self.sql.push('(');
        for (i, value) in values.into_iter().enumerate() {
            let text = if i == 0 { "?" } else { ", ?" };
            self.push(text, [value]);
        }
        self.sql.push(')');
    }

    /// Leaves the rows that have the words of `query`.
    pub(crate) fn with_terms(&mut self, engine: Engine, row: Worded, query: &search::Query) {
        for (terms, wanted) in [(query.wanted(), true), (query.unwanted(), false)] {
            for term in terms {
                self.and(engine.has_term(row, wanted), [engine.plain_term(term)]);
            }
        }
    }

    /// Leaves the moments, of a table `m`, that `viewer` sees: who has an open review of the call does not see
    /// where other people's scores rest, see `policy::may_see_review`.
    pub(crate) fn seen_moments(&mut self, viewer: &UserId) {
        self.and(
            "(m.layer = 0 OR m.layer = CASE WHEN EXISTS (SELECT 1 FROM reviews mine \
               WHERE mine.reviewer_id = ? AND mine.call_id = m.call_id AND mine.state = 'draft') \
             THEN 2 ELSE 1 END)",
            [viewer.as_str()],
        );
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
        self.and(visible_reviews!(), [me, me, me]);
    }

    /// Leaves the comments that somebody may see who sees the call, of a table `comments` without answers:
    /// `policy::may_see_comment` as a condition.
    pub(crate) fn visible_comments(&mut self, viewer: &UserId) {
        let me = viewer.as_str();
        self.and(visible_comments!(), [me, me]);
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

    /// What the engine says about how it goes about a statement; PostgreSQL as if it could not read whole tables,
    /// which it does with small ones whatever their indexes are.
    pub(crate) async fn explain(&self, statement: Conditions) -> Result<String> {
        let (explain, column, before) = self.engine().explain();
        let Conditions { sql, values } = statement;
        let mut tx = self.begin().await?;
        if let Some(before) = before {
            sqlx::query(before).execute(&mut *tx).await?;
        }
        let query = bind(sqlx::query(AssertSqlSafe(format!("{explain} {sql}"))), values);
        let rows = query.fetch_all(&mut *tx).await?;
        let mut text = format!("{sql}\n");
        for row in &rows {
            text.push_str("  ");
            text.push_str(&row.try_get::<String, _>(column)?);
            text.push('\n');
        }
        Ok(text)
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
        conditions.and_in("d", ["p", "q"]);
        assert_eq!(
            conditions.sql,
            " AND a = $1 AND (b < $2 OR c < $3) AND d IN ($4, $5)"
        );
        let texts = ["x", "y", "p", "q"].map(Value::from);
        assert_eq!(conditions.values[0], Value::Int(1));
        assert_eq!(conditions.values[1..], texts);
        let mut nothing = Conditions::default();
        nothing.and_in("d", [] as [&str; 0]);
        assert_eq!(nothing.sql, " AND 1 = 0");
    }
}
