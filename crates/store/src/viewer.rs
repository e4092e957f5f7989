//! People as the rules see them, many at once.

use std::collections::HashMap;

use gametape_core::{id::UserId, policy::Viewer};

use crate::{Result, Store, conditions::Conditions, row::Fields};

/// People that are asked for with one statement.
const MOST_IDS: usize = 500;

/// `column IN (…)` for ids.
fn among(column: &'static str, ids: &[UserId]) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.push::<&str>(column, []);
    conditions.push::<&str>(" IN (", []);
    for (index, id) in ids.iter().enumerate() {
        conditions.push(if index == 0 { "?" } else { ", ?" }, [id.as_str()]);
    }
    conditions.push::<&str>(")", []);
    conditions
}

impl Store {
    /// Those of these people who have an account that is not shut, with their teams.
    #[tracing::instrument(name = "db.viewer.list", level = "debug", skip_all)]
    pub async fn viewer_list(&self, ids: &[UserId]) -> Result<Vec<Viewer>> {
        let mut viewers: Vec<Viewer> = Vec::new();
        for ids in ids.chunks(MOST_IDS) {
            let Conditions { sql, values } = among("users.id", ids);
            let sql = format!(
                "SELECT users.id AS id, users.role AS role, m.team_id AS team_id FROM users \
                 LEFT JOIN team_members m ON m.user_id = users.id \
                 WHERE users.disabled_at IS NULL AND users.erased_at IS NULL AND {sql} \
                 ORDER BY users.id, m.team_id"
            );
            for row in self.fetch(sql, values).await? {
                let fields = Fields::of(&row, "users");
                let user_id: UserId = fields.parsed("id")?;
                if viewers.last().is_none_or(|last| last.user_id != user_id) {
                    viewers.push(Viewer {
                        user_id,
                        role: fields.parsed("role")?,
                        team_ids: Vec::new(),
                    });
                }
                if let (Some(viewer), Some(team_id)) = (viewers.last_mut(), fields.opt_parsed("team_id")?) {
                    viewer.team_ids.push(team_id);
                }
            }
        }
        Ok(viewers)
    }

    /// What these people are called. Who asked to be forgotten has no name any more.
    #[tracing::instrument(name = "db.user.names", level = "debug", skip_all)]
    pub async fn user_names(&self, ids: &[UserId]) -> Result<HashMap<UserId, String>> {
        let mut names = HashMap::new();
        for ids in ids.chunks(MOST_IDS) {
            let Conditions { sql, values } = among("id", ids);
            let sql = format!("SELECT id, name FROM users WHERE erased_at IS NULL AND {sql}");
            for row in self.fetch(sql, values).await? {
                let fields = Fields::of(&row, "users");
                names.insert(fields.parsed("id")?, fields.text("name")?);
            }
        }
        Ok(names)
    }
}
