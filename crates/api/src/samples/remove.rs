//! Taking the sample workspace away, and nothing else.

use gametape_store::{Actor, Store};

use super::{PEOPLE, SampleError, Samples, TEAM};

impl Samples {
    /// Deletes the sample calls with all that was said about them, the sample team if nobody else is in it, and the
    /// sample people. What these left elsewhere stays without a name. Nothing to remove is no error.
    pub async fn remove(&self, store: &Store, actor: &Actor) -> Result<(), SampleError> {
        for call in self.calls(store).await? {
            store.call_delete(actor, &call.id).await?;
        }
        let mut ids = Vec::new();
        for person in &PEOPLE {
            if let Some((user, _)) = store.user_find_by_email(person.email).await? {
                // Whoever does this is a real person by now.
                if actor.user_id.as_ref() != Some(&user.id) {
                    ids.push(user.id);
                }
            }
        }
        let teams = store.team_list().await?;
        let team = teams.into_iter().find(|team| team.name == TEAM);
        if let Some(team) = team.filter(|team| team.member_ids.iter().all(|id| ids.contains(id))) {
            store.team_delete(actor, &team.id).await?;
        }
        for id in &ids {
            store.person_remove(id, actor).await?;
        }
        Ok(())
    }
}
