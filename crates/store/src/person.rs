//! People as their colleagues see them: for mentions, participants and lists. Without their addresses.

use gametape_core::{
    id::{TeamId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    user::{Role, User},
};

use crate::{Result, Store, row::fold};

/// Somebody with an account, as everybody here may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// As shown to colleagues.
    pub name: String,
    /// What they do here.
    pub role: Role,
    /// The teams they are in.
    pub team_ids: Vec<TeamId>,
    /// Whether the account may not sign in.
    pub disabled: bool,
    /// Whether they asked to be forgotten.
    pub erased: bool,
}

impl Store {
    /// People whose name contains `text`, without regard to case; those who came first are first.
    #[tracing::instrument(name = "db.person.list", level = "debug", skip_all)]
    pub async fn person_list(&self, text: Option<&str>, page: &PageRequest) -> Result<Page<Person>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let wanted = text.map(fold).unwrap_or_default();
        let mut part = PageRequest {
            after: page.after.clone(),
            limit: MAX_LIMIT,
        };
        // Names are compared here: the engines fold letters beyond ASCII differently, and keeping a folded
        // copy would be one more place to forget a name in.
        let mut found: Vec<User> = Vec::new();
        loop {
            let users = self.user_list(&part).await?;
            found.extend(
                users
                    .items
                    .into_iter()
                    .filter(|user| fold(&user.name).contains(&wanted)),
            );
            part.after = users.next;
            if part.after.is_none() || found.len() > limit as usize {
                break;
            }
        }
        let users = Page::from_overfull(found, limit, |user: &User| Cursor {
            key: user.created_at,
            id: user.id.to_string(),
        });
        let ids: Vec<UserId> = users.items.iter().map(|user| user.id.clone()).collect();
        let memberships = self.teams_of(&ids).await?;
        let person = |user: User| Person {
            team_ids: memberships
                .iter()
                .filter(|(user_id, _)| *user_id == user.id)
                .map(|(_, team_id)| team_id.clone())
                .collect(),
            id: user.id,
            name: user.name,
            role: user.role,
            disabled: user.disabled_at.is_some(),
            erased: user.erased_at.is_some(),
        };
        Ok(Page {
            items: users.items.into_iter().map(person).collect(),
            next: users.next,
        })
    }
}
