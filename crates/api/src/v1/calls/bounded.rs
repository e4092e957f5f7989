//! Keeps the parser of forms from holding more than it needs.
//!
//! It reads on until it has found what it looks for, a boundary or the end of a field's headers, and keeps all that
//! it has read. Files may be long here, so the length of the body bounds nothing: a form whose headers never end
//! would fill the memory.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::{Stream, StreamExt};

/// What the parser may read without finding anything: the headers of a field are a few hundred bytes.
const MAX_SEARCHED_BYTES: usize = 64 * 1024;

/// What the parser has read since it last found something.
#[derive(Debug, Clone, Default)]
pub(super) struct Searched(Arc<AtomicUsize>);

impl Searched {
    /// The parser gave something out: what it held before is gone.
    pub(super) fn found(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether the parser may read these bytes, too.
    fn may_take(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed) < MAX_SEARCHED_BYTES
    }
}

/// A body that breaks off when the parser searches for too long.
pub(super) fn bounded(body: Body, searched: Searched) -> Body {
    Body::from_stream(Bounded {
        stream: body.into_data_stream(),
        searched,
        pause: false,
    })
}

struct Bounded {
    stream: BodyDataStream,
    searched: Searched,
    /// Whether to give the parser a chance to look at what it has before it gets more: it takes all it can get.
    pause: bool,
}

impl Stream for Bounded {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.stream.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.pause = true;
            if !self.searched.may_take(bytes.len()) {
                return Poll::Ready(Some(Err("a field of the form has no beginning or no end".into())));
            }
        }
        next.map(|item| item.map(|bytes| bytes.map_err(Into::into)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless(piece: &'static str) -> Body {
        let piece = Bytes::from_static(piece.as_bytes());
        Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(piece.clone())
        }))
    }

    #[tokio::test]
    async fn a_search_without_end_breaks_off() {
        let mut taken = 0;
        let mut stream = bounded(endless("0123456789abcdef"), Searched::default()).into_data_stream();
        while let Some(Ok(bytes)) = stream.next().await {
            taken += bytes.len();
        }
        assert_eq!(taken, MAX_SEARCHED_BYTES);
    }

    #[tokio::test]
    async fn what_was_found_does_not_count() {
        let searched = Searched::default();
        let mut stream = bounded(endless("0123456789abcdef"), searched.clone()).into_data_stream();
        for _ in 0..100_000 {
            stream.next().await.unwrap().unwrap();
            searched.found();
        }
    }
}
