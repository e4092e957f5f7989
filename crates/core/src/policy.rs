//! Who may do what. Every rule of the product is a function here, and nowhere else.

use crate::{call::Call, id::UserId, user::Role};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user_id: UserId,
    /// What they do here.
    pub role: Role,
}

/// Which calls somebody may see, in the form that lists need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisibleCalls {
    /// All of them.
    All,
    /// Their own.
    OwnedBy(UserId),
}

/// The calls that `viewer` may see.
pub fn visible_calls(viewer: &Viewer) -> VisibleCalls {
    match viewer.role {
        Role::Admin => VisibleCalls::All,
        Role::Rep | Role::Coach => VisibleCalls::OwnedBy(viewer.user_id.clone()),
    }
}

/// Whether `viewer` may see and play `call`.
pub fn may_see_call(viewer: &Viewer, call: &Call) -> bool {
    match visible_calls(viewer) {
        VisibleCalls::All => true,
        VisibleCalls::OwnedBy(user_id) => call.owner_id == user_id,
    }
}

/// Whether `viewer` may change, stop, transcribe again or delete `call`.
pub fn may_change_call(viewer: &Viewer, call: &Call) -> bool {
    viewer.role == Role::Admin || viewer.user_id == call.owner_id
}

/// Whether `viewer` may see accounts other than their own, and jobs of all calls.
pub fn may_administer(viewer: &Viewer) -> bool {
    viewer.role == Role::Admin
}
