//! Who may do what. Every rule of the product is a function here, and nowhere else.
//!
//! `routes.md` beside this file says for every route what comes of it for whom; a test walks all of it.
//!
//! The idea behind the rules: reviews are there to develop people. What somebody writes is theirs until they
//! hand it over, and a review is the reviewee's to show around: coaches and administrators see what was
//! released, like everybody else who sees the call, and no more.

use crate::{
    call::{Call, Visibility},
    comment::{Audience, Comment, CommentTemplate},
    event::EventAudience,
    id::{TeamId, UserId},
    inbox::ReviewRequest,
    job::Priority,
    retention::HoldReason,
    review::{Review, ReviewState},
    user::Role,
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user_id: UserId,
    /// What they do here.
    pub role: Role,
    /// The teams they are in.
    pub team_ids: Vec<TeamId>,
}

/// Which calls somebody may see, in the form that lists need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisibleCalls {
    /// All of them.
    All,
    /// Their own, those they are invited to, those that their teams see, and those that everybody sees.
    To(UserId),
}

/// The calls that `viewer` may see.
pub fn visible_calls(viewer: &Viewer) -> VisibleCalls {
    match viewer.role {
        Role::Admin => VisibleCalls::All,
        Role::Rep | Role::Coach => VisibleCalls::To(viewer.user_id.clone()),
    }
}

/// Whether `viewer` may see and play `call`, comment on it and review it.
pub fn may_see_call(viewer: &Viewer, call: &Call) -> bool {
    viewer.role == Role::Admin || sees_by_right(viewer, call)
}

/// Whether `viewer` sees `call` without being an administrator.
fn sees_by_right(viewer: &Viewer, call: &Call) -> bool {
    let shared = match call.visibility {
        Visibility::Private => false,
        Visibility::Team => in_team_of(viewer, call),
        Visibility::Org => true,
    };
    shared || call.owner_id == viewer.user_id || call.invited.contains(&viewer.user_id)
}

fn in_team_of(viewer: &Viewer, call: &Call) -> bool {
    call.team_id
        .as_ref()
        .is_some_and(|team_id| viewer.team_ids.contains(team_id))
}

/// Whether it goes into the audit log that `viewer` looks at `call`: only an administrator's rights open it.
pub fn is_privileged_look(viewer: &Viewer, call: &Call) -> bool {
    may_see_call(viewer, call) && !sees_by_right(viewer, call)
}

/// Whether `viewer` may change who sees `call`, stop it, transcribe it again or delete it.
pub fn may_change_call(viewer: &Viewer, call: &Call) -> bool {
    viewer.role == Role::Admin || viewer.user_id == call.owner_id
}

/// Whether `viewer` may give the work on `call` this priority: its owner may let others go first and take that back,
/// but going before everybody else is for a coach of its team and administrators to decide.
pub fn may_prioritize_call(viewer: &Viewer, call: &Call, priority: Priority) -> bool {
    viewer.role == Role::Admin
        || (viewer.role == Role::Coach && may_see_call(viewer, call) && in_team_of(viewer, call))
        || (viewer.user_id == call.owner_id && priority != Priority::High)
}

/// The priorities that whoever uploads a call may choose for it.
pub fn may_upload_with(viewer: &Viewer, priority: Priority) -> bool {
    viewer.role == Role::Admin || priority != Priority::High
}

/// Whether `viewer` may correct the words of `call`, and say who speaks: a coach of its team may, too.
pub fn may_correct_call(viewer: &Viewer, call: &Call) -> bool {
    may_change_call(viewer, call)
        || (viewer.role == Role::Coach && may_see_call(viewer, call) && in_team_of(viewer, call))
}

/// Whether `viewer` may hold `call` for this reason, and release it from a hold for this reason: coaches of its team
/// keep what others learn from; what the law wants kept is the administrators'.
pub fn may_hold_call(viewer: &Viewer, call: &Call, reason: HoldReason) -> bool {
    match viewer.role {
        Role::Admin => true,
        Role::Coach => {
            reason == HoldReason::Library
                && (call.owner_id == viewer.user_id
                    || (may_see_call(viewer, call) && in_team_of(viewer, call)))
        }
        Role::Rep => false,
    }
}

/// Whether `viewer` may put `call` into the team `team_id`: one of their own.
pub fn may_use_team(viewer: &Viewer, team_id: &TeamId) -> bool {
    viewer.role == Role::Admin || viewer.team_ids.contains(team_id)
}

/// The team of a call whose owner, `viewer`, named none: theirs, where there is no choice.
pub fn default_team(viewer: &Viewer) -> Option<TeamId> {
    match &viewer.team_ids[..] {
        [team_id] => Some(team_id.clone()),
        _ => None,
    }
}

/// The visibility of a new call for which none was chosen: a team is there to see each other's calls.
pub fn default_visibility(team_id: Option<&TeamId>) -> Visibility {
    match team_id {
        Some(_) => Visibility::Team,
        None => Visibility::Private,
    }
}

/// Whether a call may be seen like this: by a team only if it has one.
pub fn is_sharing_sound(team_id: Option<&TeamId>, visibility: Visibility) -> bool {
    visibility != Visibility::Team || team_id.is_some()
}

/// Whether `viewer`, who sees the call, may see `comment`, answer it, react to it and settle it; for an
/// answer, `comment` is what it answers. Notes to oneself are nobody else's, administrators included.
pub fn may_see_comment(viewer: &Viewer, comment: &Comment) -> bool {
    comment.author_id == viewer.user_id
        || match comment.audience {
            Audience::Call => true,
            Audience::Mentioned => comment.mentions.contains(&viewer.user_id),
            Audience::Author => false,
        }
}

/// Whether `viewer` may change what `comment` says.
pub fn may_edit_comment(viewer: &Viewer, comment: &Comment) -> bool {
    comment.author_id == viewer.user_id
}

/// Whether `viewer`, who sees `comment`, may delete it.
pub fn may_delete_comment(viewer: &Viewer, comment: &Comment) -> bool {
    comment.author_id == viewer.user_id || viewer.role == Role::Admin
}

/// Whether `viewer` may see and use `template`.
pub fn may_use_template(viewer: &Viewer, template: &CommentTemplate) -> bool {
    template.shared || template.owner_id == viewer.user_id
}

/// Whether `viewer` may change or delete `template`.
pub fn may_change_template(viewer: &Viewer, template: &CommentTemplate) -> bool {
    template.owner_id == viewer.user_id || (template.shared && may_set_standards(viewer))
}

/// Whether `viewer` may make and publish rubrics, trackers and templates for everybody.
pub fn may_set_standards(viewer: &Viewer) -> bool {
    matches!(viewer.role, Role::Coach | Role::Admin)
}

/// Whether `viewer`, who sees the call, may see `review` of it. `blind` says that they have an open review of
/// the call themselves: then they see nobody else's scores, not even as the reviewee.
pub fn may_see_review(viewer: &Viewer, call: &Call, review: &Review, blind: bool) -> bool {
    if review.reviewer_id == viewer.user_id {
        return true;
    }
    !blind
        && match review.state {
            ReviewState::Draft | ReviewState::Withdrawn => false,
            ReviewState::Submitted => call.owner_id == viewer.user_id,
            ReviewState::Released => true,
        }
}

/// Whether `viewer` may fill in, submit, take back or take up again `review`.
pub fn may_change_review(viewer: &Viewer, review: &Review) -> bool {
    review.reviewer_id == viewer.user_id
}

/// Whether `viewer` may answer and release reviews of `call`: it is the reviewee's to show around.
pub fn may_release_reviews(viewer: &Viewer, call: &Call) -> bool {
    call.owner_id == viewer.user_id
}

/// Whether `viewer`, who sees `review`, may read what happened to it and the reasons that were given: that is
/// between its author and the reviewee.
pub fn may_see_review_history(viewer: &Viewer, call: &Call, review: &Review) -> bool {
    may_change_review(viewer, review) || may_release_reviews(viewer, call)
}

/// Whether `viewer`, who sees `call`, is told that somebody was asked for a review of it, and what came of that: it
/// says whether there is a review, which is between its author and the reviewee until it is shown.
pub fn may_see_request(viewer: &Viewer, call: &Call, request: &ReviewRequest) -> bool {
    [&request.asker_id, &request.asked_id, &call.owner_id].contains(&&viewer.user_id)
}

/// Whether `viewer` may hand `request` back.
pub fn may_hand_back_request(viewer: &Viewer, request: &ReviewRequest) -> bool {
    viewer.user_id == request.asked_id
}

/// Whether `viewer` may take `request` back.
pub fn may_withdraw_request(viewer: &Viewer, request: &ReviewRequest) -> bool {
    viewer.user_id == request.asker_id
}

/// Whether `viewer`, who sees the call, is told of an event for `audience`; `blind` as in [`may_see_review`].
pub fn may_hear_event(viewer: &Viewer, audience: &EventAudience, blind: bool) -> bool {
    match audience {
        EventAudience::Everyone => true,
        EventAudience::People(user_ids) => user_ids.contains(&viewer.user_id),
        EventAudience::Scores { reviewer_id } => !blind || *reviewer_id == viewer.user_id,
    }
}

/// Whether `viewer` may manage accounts, teams and invitations, see jobs of all calls, and read the audit log.
pub fn may_administer(viewer: &Viewer) -> bool {
    viewer.role == Role::Admin
}

/// Whether `viewer` may give `user_id` another role, shut the account or open it again: nobody their own.
pub fn may_change_standing(viewer: &Viewer, user_id: &UserId) -> bool {
    may_administer(viewer) && viewer.user_id != *user_id
}

/// Whether `viewer` may take a copy of all that is known about `user_id`.
pub fn may_export_person(viewer: &Viewer, user_id: &UserId) -> bool {
    viewer.user_id == *user_id || may_administer(viewer)
}
