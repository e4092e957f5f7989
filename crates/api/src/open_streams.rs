//! How many event streams a person has open: each asks the database again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use gametape_core::id::UserId;
use http::{HeaderValue, header};

use crate::problem::{Code, Problem, Result};

/// A browser opens two for each tab, and no more than six at all without HTTP/2.
const MAX_STREAMS: usize = 100;

/// The streams of all people. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenStreams(Arc<Mutex<HashMap<UserId, usize>>>);

/// A place for a stream; closing it is dropping this.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    all: OpenStreams,
    user_id: UserId,
}

impl OpenStreams {
    /// A place for one more stream of a person.
    pub(crate) fn open(&self, user_id: &UserId) -> Result<StreamPlace> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user_id.clone()).or_default();
        if *count >= MAX_STREAMS {
            let problem = Problem::new(
                Code::TooManyRequests,
                format!("no more than {MAX_STREAMS} event streams of one person may be open: close some"),
            );
            return Err(problem.header(header::RETRY_AFTER, HeaderValue::from_static("60")));
        }
        *count += 1;
        metrics::gauge!("gametape_event_streams").increment(1.0);
        Ok(StreamPlace {
            all: self.clone(),
            user_id: user_id.clone(),
        })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        metrics::gauge!("gametape_event_streams").decrement(1.0);
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let streams = OpenStreams::default();
        let (ann, bob) = (UserId::new(1), UserId::new(2));
        let mut places: Vec<_> = (0..MAX_STREAMS).map(|_| streams.open(&ann).unwrap()).collect();
        assert_eq!(streams.open(&ann).unwrap_err().code(), Code::TooManyRequests);
        drop(streams.open(&bob).unwrap());
        places.pop();
        places.push(streams.open(&ann).unwrap());
        drop(places);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
