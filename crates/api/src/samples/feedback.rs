//! What sample people say about a call. Its places quote the words that are said there as soon as the call is
//! transcribed.

use gametape_core::{
    call::Call,
    comment::{Audience, CommentKind, CommentText},
    id::{ReviewId, UserId},
    review::{Rating, Review},
    rubric::{default_definition, default_rubric_id},
};
use gametape_store::{Actor, NewComment, NewReply, NewRequest, Place, Store, StoreError};

use super::{
    SampleError,
    content::{Sample, SampleComment, SampleReview, SampleState},
    load::People,
};

/// Until when sample people ask for reviews.
const DUE_IN_MS: i64 = 5 * 24 * 3_600_000;

/// Writes all of it.
pub(super) async fn write(
    store: &Store,
    people: &People,
    call: &Call,
    sample: &Sample,
) -> Result<(), SampleError> {
    for comment in &sample.feedback.comments {
        write_comment(store, people, call, sample, comment).await?;
    }
    for request in &sample.feedback.requests {
        let new = NewRequest {
            call_id: call.id.clone(),
            asker_id: people.find(sample, &request.by)?,
            asked_id: people.find(sample, &request.of)?,
            note: Some(request.note.clone()),
            due_at: Some(store.clock().now_ms() + DUE_IN_MS),
        };
        store.request_create(new).await?;
    }
    for review in &sample.feedback.reviews {
        write_review(store, people, call, sample, review).await?;
    }
    Ok(())
}

fn place(sample: &Sample, first: usize, last: usize) -> Result<Place, SampleError> {
    let (start_ms, end_ms) = sample.range_ms(first, last)?;
    Ok(Place {
        start_ms,
        end_ms,
        channel: None,
    })
}

async fn write_comment(
    store: &Store,
    people: &People,
    call: &Call,
    sample: &Sample,
    comment: &SampleComment,
) -> Result<(), SampleError> {
    let mentions = comment.mentions.iter().map(|key| people.find(sample, key));
    let range = comment.from.zip(comment.to);
    let new = NewComment {
        call_id: call.id.clone(),
        author_id: people.find(sample, &comment.by)?,
        place: range
            .map(|(first, last)| place(sample, first, last))
            .transpose()?,
        text: CommentText {
            kind: comment.kind,
            body: comment.body.clone(),
            situation: comment.situation.clone(),
            behaviour: comment.behaviour.clone(),
            impact: comment.impact.clone(),
        },
        audience: Audience::Call,
        mentions: mentions.collect::<Result<_, _>>()?,
    };
    let made = store.comment_create(new).await?;
    for reply in &comment.replies {
        let new = NewReply {
            parent_id: made.id.clone(),
            author_id: people.find(sample, &reply.by)?,
            text: CommentText {
                kind: CommentKind::Note,
                body: reply.body.clone(),
                situation: None,
                behaviour: None,
                impact: None,
            },
            mentions: Vec::new(),
        };
        store.comment_reply(new).await?;
    }
    for (by, reaction) in &comment.reactions {
        let by = people.find(sample, by)?;
        store.comment_react(&made.id, &by, reaction, true).await?;
    }
    if let Some(by) = &comment.resolved_by {
        let by = people.find(sample, by)?;
        store.comment_resolve(&made.id, Some(&by)).await?;
    }
    Ok(())
}

fn by(user_id: &UserId) -> Actor {
    Actor {
        user_id: Some(user_id.clone()),
        address: None,
    }
}

/// Begins a review with the default rubric; `None` where that is not as it came with the program: the scores
/// would not fit.
async fn begin(store: &Store, call: &Call, reviewer_id: &UserId) -> Result<Option<Review>, SampleError> {
    let review = match store
        .review_create(reviewer_id, &call.id, &default_rubric_id())
        .await
    {
        Ok(review) => review,
        Err(StoreError::Conflict { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let detail = store.review_read(&review.id).await?;
    if detail.is_some_and(|detail| detail.rubric.definition == default_definition()) {
        return Ok(Some(review));
    }
    store.review_withdraw(&by(reviewer_id), &review.id, None).await?;
    Ok(None)
}

async fn write_review(
    store: &Store,
    people: &People,
    call: &Call,
    sample: &Sample,
    wanted: &SampleReview,
) -> Result<(), SampleError> {
    let reviewer_id = people.find(sample, &wanted.by)?;
    let Some(review) = begin(store, call, &reviewer_id).await? else {
        return Ok(());
    };
    let id = &review.id;
    fill_in(store, id, sample, wanted).await?;
    let owner = by(&call.owner_id);
    if wanted.state != SampleState::Draft {
        store.review_submit(&by(&reviewer_id), id, None).await?;
    }
    if wanted.state == SampleState::Released {
        store.review_release(&owner, id, None).await?;
    }
    if let Some((response, note)) = &wanted.response {
        store.review_respond(&owner, id, *response, note, None).await?;
    }
    Ok(())
}

async fn fill_in(
    store: &Store,
    id: &ReviewId,
    sample: &Sample,
    wanted: &SampleReview,
) -> Result<(), SampleError> {
    store.review_set_summary(id, &wanted.summary, None).await?;
    for (criterion, score) in default_definition().criteria.iter().zip(&wanted.scores) {
        let rating = score.value.map_or(Rating::NotApplicable, Rating::Value);
        store
            .review_set_score(id, &criterion.id, rating, &score.note, None)
            .await?;
        for &(first, last) in &score.evidence {
            let place = place(sample, first, last)?;
            store.review_add_evidence(id, &criterion.id, &place, None).await?;
        }
    }
    Ok(())
}
