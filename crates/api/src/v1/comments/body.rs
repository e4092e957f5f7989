//! What people write into comments, checked.

use gametape_core::{
    call::Call,
    comment::{Audience, Comment, CommentText},
    id::UserId,
    policy,
};
use gametape_store::Place;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{AudienceName, KindName};
use crate::{
    ApiState,
    extract::present,
    problem::{Problem, Result},
    validate,
};

/// Lengths in characters.
const MAX_BODY: usize = 5_000;
const MAX_PART: usize = 1_000;
const MAX_MENTIONS: usize = 50;
/// The end of a place, as long as the length of the recording is not known: a week.
const MAX_END_MS: i64 = 7 * 24 * 3_600_000;

/// A comment to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateComment {
    /// What it is for; a note unless given.
    #[serde(default)]
    pub(super) kind: KindName,
    /// The words, as Markdown, up to 5,000 characters. May be empty if one of the three parts below is there.
    #[serde(default)]
    pub(super) body: String,
    /// When and where it happened, up to 1,000 characters.
    pub(super) situation: Option<String>,
    /// What was said or done, up to 1,000 characters.
    pub(super) behaviour: Option<String>,
    /// What came of it, up to 1,000 characters.
    pub(super) impact: Option<String>,
    /// Who sees it; everybody who sees the call unless given.
    #[serde(default)]
    pub(super) audience: AudienceName,
    /// Ids of people to mention, up to 50, who may see the call.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub(super) mentions: Vec<UserId>,
    /// Start of its place, in milliseconds of the recording; without one it is about the whole call.
    pub(super) start_ms: Option<i64>,
    /// End of its place, in milliseconds of the recording.
    pub(super) end_ms: Option<i64>,
    /// The channel whose words are meant, counted from 0; all of them unless given.
    pub(super) channel: Option<u32>,
}

/// An answer to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateReply {
    /// What it is for; a note unless given.
    #[serde(default)]
    pub(super) kind: KindName,
    /// The words, as Markdown, up to 5,000 characters. May be empty if one of the three parts below is there.
    #[serde(default)]
    pub(super) body: String,
    /// When and where it happened, up to 1,000 characters.
    pub(super) situation: Option<String>,
    /// What was said or done, up to 1,000 characters.
    pub(super) behaviour: Option<String>,
    /// What came of it, up to 1,000 characters.
    pub(super) impact: Option<String>,
    /// Ids of people to mention, up to 50, who may see the comment.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub(super) mentions: Vec<UserId>,
}

/// What to change about a text; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(super) struct UpdateComment {
    /// What it is for.
    pub(super) kind: Option<KindName>,
    /// The words, as Markdown, up to 5,000 characters.
    pub(super) body: Option<String>,
    /// When and where it happened, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) situation: Option<Option<String>>,
    /// What was said or done, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) behaviour: Option<Option<String>>,
    /// What came of it, up to 1,000 characters; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) impact: Option<Option<String>>,
    /// Ids of people to mention, up to 50.
    #[schema(value_type = Option<Vec<String>>)]
    pub(super) mentions: Option<Vec<UserId>>,
    /// Start of the place to put it at, in milliseconds of the recording. Answers have no place of their own.
    pub(super) start_ms: Option<i64>,
    /// End of that place, in milliseconds of the recording.
    pub(super) end_ms: Option<i64>,
    /// The channel whose words are meant there, counted from 0; all of them unless given.
    pub(super) channel: Option<u32>,
}

impl UpdateComment {
    /// `text` with the changes.
    pub(super) fn applied_to(&self, text: &CommentText) -> CommentText {
        let part = |new: &Option<Option<String>>, old: &Option<String>| new.clone().unwrap_or(old.clone());
        CommentText {
            kind: self.kind.map_or(text.kind, Into::into),
            body: self.body.clone().unwrap_or_else(|| text.body.clone()),
            situation: part(&self.situation, &text.situation),
            behaviour: part(&self.behaviour, &text.behaviour),
            impact: part(&self.impact, &text.impact),
        }
    }
}

/// A text within its limits, that says something.
pub(super) fn text(text: CommentText) -> Result<CommentText> {
    let part = |what: &str, part: Option<String>| -> Result<Option<String>> {
        let part = part
            .map(|part| validate::text(what, &part, MAX_PART))
            .transpose()?;
        Ok(part.filter(|part| !part.is_empty()))
    };
    let text = CommentText {
        kind: text.kind,
        body: validate::text("body", &text.body, MAX_BODY)?,
        situation: part("situation", text.situation)?,
        behaviour: part("behaviour", text.behaviour)?,
        impact: part("impact", text.impact)?,
    };
    let parts = [&text.situation, &text.behaviour, &text.impact];
    if text.body.is_empty() && parts.iter().all(|part| part.is_none()) {
        return Err(Problem::invalid_value(
            "write a body, or one of situation, behaviour and impact",
        ));
    }
    Ok(text)
}

/// Where a comment is to point, if anywhere.
pub(super) fn place(
    (start_ms, end_ms, channel): (Option<i64>, Option<i64>, Option<u32>),
    call: &Call,
) -> Result<Option<Place>> {
    let (start_ms, end_ms) = match (start_ms, end_ms) {
        (Some(start_ms), Some(end_ms)) => (start_ms, end_ms),
        (None, None) if channel.is_none() => return Ok(None),
        _ => {
            let detail = "start_ms and end_ms belong together, and channel to both";
            return Err(Problem::invalid_value(detail));
        }
    };
    let last_ms = call.duration_ms.unwrap_or(MAX_END_MS);
    if start_ms < 0 || start_ms >= end_ms || end_ms > last_ms {
        return Err(Problem::invalid_value(format!(
            "start_ms must be 0 or more, and end_ms behind it and at most {last_ms}"
        )));
    }
    let channels = call.channels.unwrap_or(2).max(1);
    if channel.is_some_and(|channel| i64::from(channel) >= channels) {
        return Err(Problem::invalid_value(format!(
            "the call has {channels} channels"
        )));
    }
    Ok(Some(Place {
        start_ms,
        end_ms,
        channel: channel.map(|channel| channel as usize),
    }))
}

/// The people to mention, each once: those who are not in `before` yet must have an account and see the call
/// and, where it is an answer, the comment `root`.
pub(super) async fn mentions(
    state: &ApiState,
    call: &Call,
    root: Option<&Comment>,
    wanted: &[UserId],
    before: &[UserId],
) -> Result<Vec<UserId>> {
    let mut mentions: Vec<UserId> = Vec::new();
    for id in wanted {
        if mentions.len() > MAX_MENTIONS {
            break;
        }
        if !mentions.contains(id) {
            mentions.push(id.clone());
        }
    }
    if mentions.len() > MAX_MENTIONS {
        return Err(Problem::invalid_value(format!(
            "a comment mentions {MAX_MENTIONS} people at most"
        )));
    }
    let new: Vec<UserId> = mentions
        .iter()
        .filter(|id| !before.contains(id))
        .cloned()
        .collect();
    if new.is_empty() {
        return Ok(mentions);
    }
    let viewers = state.store.viewer_list(&new).await?;
    for id in &new {
        let viewer = viewers.iter().find(|viewer| viewer.user_id == *id);
        let sees = viewer.is_some_and(|viewer| {
            policy::may_see_call(viewer, call)
                && root.is_none_or(|root| policy::may_see_comment(viewer, root))
        });
        if !sees {
            return Err(Problem::invalid_value(format!(
                "{id} can't be mentioned: there is no such person, or they don't see this"
            )));
        }
    }
    Ok(mentions)
}

/// Whether a comment that is not an answer may mention these people.
pub(super) fn fits_audience(audience: Audience, mentions: &[UserId]) -> Result<()> {
    match audience {
        Audience::Mentioned if mentions.is_empty() => Err(Problem::invalid_value(
            "a comment for the people it mentions has to mention somebody",
        )),
        Audience::Author if !mentions.is_empty() => {
            Err(Problem::invalid_value("a note to oneself mentions nobody"))
        }
        _ => Ok(()),
    }
}
