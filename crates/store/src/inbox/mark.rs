//! Noticing that something changed in the inboxes of people who look, with one cheap statement for all of them.

use std::collections::HashMap;

use gametape_core::{id::UserId, inbox::InboxMark};

use crate::{Result, Store, conditions::Conditions, row::Fields};

/// People that are asked for with one statement.
const MOST_IDS: usize = 500;

impl Store {
    /// What tells whether something changed for each of these people. Who has read all of it is missing.
    #[tracing::instrument(name = "db.inbox.marks", level = "debug", skip_all)]
    pub async fn inbox_marks(&self, ids: &[UserId]) -> Result<HashMap<UserId, InboxMark>> {
        let mut marks = HashMap::new();
        for ids in ids.chunks(MOST_IDS) {
            let mut conditions = Conditions::default();
            conditions.and_in("user_id", ids.iter().map(UserId::as_str));
            let Conditions { sql, values } = conditions;
            let sql = format!(
                "SELECT user_id AS id, COUNT(*) AS unread, MAX(id) AS newest FROM notices \
                 WHERE read_at IS NULL{sql} GROUP BY user_id"
            );
            for row in self.fetch(sql, values).await? {
                let fields = Fields::of(&row, "notices");
                let mark = InboxMark {
                    count: fields.int("unread")?,
                    newest: fields.opt_text("newest")?,
                };
                marks.insert(fields.parsed("id")?, mark);
            }
        }
        Ok(marks)
    }
}
