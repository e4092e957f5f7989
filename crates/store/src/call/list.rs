//! Lists of calls.

use gametape_core::{
    call::Call,
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
};

use super::{CallFilter, call_columns, read_call};
use crate::{
    Result, Store,
    conditions::{Conditions, Value, contains_pattern},
    row::clean,
};

fn conditions(visible: &VisibleCalls, filter: &CallFilter, after: Option<&Cursor>) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.visible(visible);
    if let Some(owner) = &filter.owner {
        conditions.and("owner_id = ?", [owner.as_str()]);
    }
    if let Some(state) = filter.state {
        conditions.and("state = ?", [state.as_str()]);
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        conditions.and("title_folded LIKE ? ESCAPE '\\'", [contains_pattern(text)]);
    }
    if let Some(Cursor { key, id }) = after {
        conditions.and("created_at <= ?", [*key]);
        conditions.and(
            "(created_at < ? OR id < ?)",
            [Value::Int(*key), Value::Text(clean(id).into_owned())],
        );
    }
    conditions
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
        let rows = self.fetch(sql, values).await?;
        let calls = rows.iter().map(read_call).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(calls, limit, |call| Cursor {
            key: call.created_at,
            id: call.id.to_string(),
        }))
    }
}
