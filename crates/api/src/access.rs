//! From an id in a request to the thing itself, for those who may have it.
//!
//! What somebody may not see is as good as missing (404); what they see but may not change is forbidden (403).

use gametape_core::{
    call::Call,
    id::{CallId, ReviewId},
    policy,
};
use gametape_store::ReviewDetail;

use crate::{
    ApiState,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
};

/// The call, if the caller may see it. An administrator's look at somebody else's private call is noted.
pub(crate) async fn visible_call(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<Call> {
    let call = state.store.call_get(id).await?;
    let call = call
        .filter(|call| policy::may_see_call(&current.viewer, call))
        .ok_or_else(|| Problem::not_found("call"))?;
    if policy::is_privileged_look(&current.viewer, &call) {
        state.store.audit_look(&current.actor(), id).await?;
    }
    Ok(call)
}

/// The caller as they stand now, if they are still let in and may still see the call: for streams, whose reader
/// may lose both while they are open.
pub(crate) async fn still_sees(
    state: &ApiState,
    current: &CurrentUser,
    id: &CallId,
) -> Result<Option<CurrentUser>> {
    let Some(fresh) = current.again(state).await? else {
        return Ok(None);
    };
    match visible_call(state, &fresh, id).await {
        Ok(_) => Ok(Some(fresh)),
        Err(problem) if problem.code() == Code::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The call, if the caller may change it.
pub(crate) async fn changeable_call(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<Call> {
    let call = visible_call(state, current, id).await?;
    if policy::may_change_call(&current.viewer, &call) {
        Ok(call)
    } else {
        Err(forbidden("only the call's owner may do this"))
    }
}

/// The call, if the caller may correct its words and say who speaks.
pub(crate) async fn correctable_call(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<Call> {
    let call = visible_call(state, current, id).await?;
    if policy::may_correct_call(&current.viewer, &call) {
        Ok(call)
    } else {
        Err(forbidden(
            "only the call's owner and the coaches of its team may do this",
        ))
    }
}

/// The review with all that belongs to it, if the caller may see it, and its call.
pub(crate) async fn visible_review(
    state: &ApiState,
    current: &CurrentUser,
    id: &ReviewId,
) -> Result<(ReviewDetail, Call)> {
    let missing = || Problem::not_found("review");
    let detail = state.store.review_read(id).await?.ok_or_else(missing)?;
    let review = &detail.review;
    // Whoever does not see the call is not told that there is a review of it either.
    let call = visible_call(state, current, &review.call_id)
        .await
        .map_err(|problem| match problem.code() {
            Code::NotFound => missing(),
            _ => problem,
        })?;
    let me = &current.viewer.user_id;
    let blind = state.store.review_is_open(me, &review.call_id).await?;
    if policy::may_see_review(&current.viewer, &call, review, blind) {
        Ok((detail, call))
    } else {
        Err(missing())
    }
}

/// The review, if the caller may change it, and its call.
pub(crate) async fn changeable_review(
    state: &ApiState,
    current: &CurrentUser,
    id: &ReviewId,
) -> Result<(ReviewDetail, Call)> {
    let (detail, call) = visible_review(state, current, id).await?;
    if policy::may_change_review(&current.viewer, &detail.review) {
        Ok((detail, call))
    } else {
        Err(forbidden("only the review's author may do this"))
    }
}

/// What somebody sees but may not do.
pub(crate) fn forbidden(detail: &'static str) -> Problem {
    Problem::new(Code::Forbidden, detail)
}
