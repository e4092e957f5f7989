//! The audit log: who did what, for good.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{AuditId, CallId, UserId},
    user::names,
};

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuditAction {
    /// Signed in with a browser.
    #[serde(rename = "session.create")]
    SessionCreate,
    /// Signed a browser out.
    #[serde(rename = "session.delete")]
    SessionDelete,
    /// Tried to sign in and failed.
    #[serde(rename = "session.refuse")]
    SessionRefuse,
    /// Made an API token.
    #[serde(rename = "token.create")]
    TokenCreate,
    /// Stopped an API token.
    #[serde(rename = "token.revoke")]
    TokenRevoke,
    /// Made an account.
    #[serde(rename = "user.create")]
    UserCreate,
    /// Gave somebody another role.
    #[serde(rename = "user.role")]
    UserRole,
    /// Shut an account.
    #[serde(rename = "user.disable")]
    UserDisable,
    /// Opened an account again.
    #[serde(rename = "user.enable")]
    UserEnable,
    /// Changed a password.
    #[serde(rename = "user.password")]
    UserPassword,
    /// Took a copy of a person's data.
    #[serde(rename = "user.export")]
    UserExport,
    /// Made the product forget a person.
    #[serde(rename = "user.erase")]
    UserErase,
    /// Invited somebody.
    #[serde(rename = "invitation.create")]
    InvitationCreate,
    /// Took an invitation back.
    #[serde(rename = "invitation.revoke")]
    InvitationRevoke,
    /// Made a team, changed it, or changed who is in it.
    #[serde(rename = "team.change")]
    TeamChange,
    /// An administrator looked at somebody else's private call.
    #[serde(rename = "call.look")]
    CallLook,
    /// Changed who sees a call.
    #[serde(rename = "call.visibility")]
    CallVisibility,
    /// Gave the work on a call another priority.
    #[serde(rename = "call.priority")]
    CallPriority,
    /// Took a copy of a call.
    #[serde(rename = "call.export")]
    CallExport,
    /// Deleted a call.
    #[serde(rename = "call.delete")]
    CallDelete,
    /// Noted whether those in a call agreed to be recorded.
    #[serde(rename = "call.consent")]
    CallConsent,
    /// Kept a call from being deleted.
    #[serde(rename = "call.hold")]
    CallHold,
    /// Let a call be deleted again.
    #[serde(rename = "call.release")]
    CallRelease,
    /// Made a rule for how long calls are kept, changed it, or took it away.
    #[serde(rename = "retention.change")]
    RetentionChange,
    /// A call was deleted by such a rule.
    #[serde(rename = "retention.call")]
    RetentionCall,
    /// The recording of a call was deleted by such a rule.
    #[serde(rename = "retention.recording")]
    RetentionRecording,
    /// Deleted somebody's comment.
    #[serde(rename = "comment.delete")]
    CommentDelete,
    /// Released a review.
    #[serde(rename = "review.release")]
    ReviewRelease,
    /// Took a review back.
    #[serde(rename = "review.withdraw")]
    ReviewWithdraw,
    /// Took a copy of reviews.
    #[serde(rename = "review.export")]
    ReviewExport,
    /// Published a version of a rubric.
    #[serde(rename = "rubric.publish")]
    RubricPublish,
    /// Made the sample workspace.
    #[serde(rename = "sample.load")]
    SampleLoad,
    /// Took the sample workspace away.
    #[serde(rename = "sample.remove")]
    SampleRemove,
}
names!(
    AuditAction,
    "audit action",
    SessionCreate = "session.create",
    SessionDelete = "session.delete",
    SessionRefuse = "session.refuse",
    TokenCreate = "token.create",
    TokenRevoke = "token.revoke",
    UserCreate = "user.create",
    UserRole = "user.role",
    UserDisable = "user.disable",
    UserEnable = "user.enable",
    UserPassword = "user.password",
    UserExport = "user.export",
    UserErase = "user.erase",
    InvitationCreate = "invitation.create",
    InvitationRevoke = "invitation.revoke",
    TeamChange = "team.change",
    CallLook = "call.look",
    CallVisibility = "call.visibility",
    CallPriority = "call.priority",
    CallExport = "call.export",
    CallDelete = "call.delete",
    CallConsent = "call.consent",
    CallHold = "call.hold",
    CallRelease = "call.release",
    RetentionChange = "retention.change",
    RetentionCall = "retention.call",
    RetentionRecording = "retention.recording",
    CommentDelete = "comment.delete",
    ReviewRelease = "review.release",
    ReviewWithdraw = "review.withdraw",
    ReviewExport = "review.export",
    RubricPublish = "rubric.publish",
    SampleLoad = "sample.load",
    SampleRemove = "sample.remove",
);

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Which.
    pub id: AuditId,
    /// When.
    pub at: TimeMs,
    /// Who; `None` for the command line, for what the program does by itself, and for somebody who could not sign in.
    pub actor_id: Option<UserId>,
    /// What.
    pub action: AuditAction,
    /// What kind of thing it was done to, e.g. `call`.
    pub target_kind: String,
    /// Which of them.
    pub target_id: String,
    /// The call it belongs to, if it belongs to one.
    pub call_id: Option<CallId>,
    /// Network address of the client.
    pub address: Option<String>,
    /// More about it, as JSON; never a secret.
    pub detail: serde_json::Value,
}
