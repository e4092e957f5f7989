//! What people were told is done, what is found in the end, and whether that is the same.

use std::collections::{BTreeMap, BTreeSet};

use gametape_core::job::JobKind;

/// A recording that somebody uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Title of the call; nobody else uses it.
    pub title: String,
    /// The call that the server named.
    pub call: String,
    /// SHA-256 of the file.
    pub hash: String,
}

/// A comment or an answer that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The word that its text begins with; nobody else uses it.
    pub mark: String,
    /// The id that the server named.
    pub id: String,
    /// Its text, as it was last changed.
    pub body: String,
}

/// What one person was told is done.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// Uploads.
    pub uploads: Vec<Uploaded>,
    /// Comments and answers.
    pub said: Vec<Said>,
    /// Reviews, by id: the call.
    pub reviews: BTreeMap<String, String>,
    /// The last value by review and criterion.
    pub scores: BTreeMap<(String, String), i64>,
    /// Ids of places that scores rest on, by review.
    pub evidence: Vec<(String, String)>,
    /// The last text by call and segment, with the word that it begins with.
    pub corrections: BTreeMap<(String, String), (String, String)>,
}

/// A call as it is found.
#[derive(Debug, Clone, Default)]
pub struct FoundCall {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its state, with the problem if it has one.
    pub state: String,
    /// SHA-256 of the recording as it comes back.
    pub hash: String,
    /// Segments of the transcript, by id: channel, start, and text.
    pub segments: BTreeMap<String, (i64, i64, String)>,
    /// What corrections that hold have put in.
    pub corrections: Vec<String>,
    /// Kind and state of each of its jobs.
    pub jobs: Vec<(String, String)>,
    /// How many comments it says that it has.
    pub comment_count: usize,
}

/// What is found in the end.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Calls.
    pub calls: Vec<FoundCall>,
    /// Comments and answers: call, id, text.
    pub comments: Vec<(String, String, String)>,
    /// Reviews: id, and the call.
    pub reviews: Vec<(String, String)>,
    /// The value by review and criterion.
    pub scores: BTreeMap<(String, String), i64>,
    /// Ids of places, by review.
    pub evidence: Vec<(String, String)>,
    /// Jobs that are open, of whatever call: kind and state.
    pub open_jobs: Vec<(String, String)>,
    /// Objects that are stored.
    pub objects: Vec<String>,
    /// Ids of recordings and uploads that the database knows.
    pub owners: BTreeSet<String>,
    /// The transcript of the same sound as it was before anything went wrong: channel, start, text.
    pub expected: Vec<(i64, i64, String)>,
    /// What `doctor` has to say against it.
    pub doctor: Vec<String>,
}

/// Everything that is not as it was promised; one line each.
pub fn check(people: &[Remembered], found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    for person in people {
        check_uploads(person, found, &mut wrong);
        check_said(person, found, &mut wrong);
        check_reviews(person, found, &mut wrong);
    }
    check_nothing_else(people, found, &mut wrong);
    for call in &found.calls {
        check_call(people, call, found, &mut wrong);
    }
    check_rest(found, &mut wrong);
    wrong
}

fn check_uploads(person: &Remembered, found: &Found, wrong: &mut Vec<String>) {
    for upload in &person.uploads {
        let calls: Vec<&FoundCall> = found
            .calls
            .iter()
            .filter(|call| call.title == upload.title)
            .collect();
        let [call] = calls[..] else {
            wrong.push(format!("upload '{}' is {} calls", upload.title, calls.len()));
            continue;
        };
        if call.id != upload.call {
            wrong.push(format!(
                "upload '{}' became another call than was said",
                upload.title
            ));
        }
        if call.hash != upload.hash {
            wrong.push(format!("the recording of '{}' comes back changed", upload.title));
        }
    }
    for ((call, segment), (mark, text)) in &person.corrections {
        let Some(call) = found.calls.iter().find(|it| it.id == *call) else {
            continue;
        };
        let read = call.segments.get(segment).map(|(_, _, text)| text);
        if read != Some(text) {
            wrong.push(format!("correction '{text}' of '{}' reads {read:?}", call.title));
        }
        let times = call
            .corrections
            .iter()
            .filter(|after| after.contains(mark))
            .count();
        if times != 1 {
            wrong.push(format!(
                "correction '{mark}' of '{}' is there {times} times",
                call.title
            ));
        }
    }
}

/// The word that marks a text as somebody's.
pub fn mark_of(body: &str) -> &str {
    body.split(' ').next().unwrap_or_default()
}

fn check_said(person: &Remembered, found: &Found, wrong: &mut Vec<String>) {
    for said in &person.said {
        let same: Vec<_> = found
            .comments
            .iter()
            .filter(|(_, _, body)| mark_of(body) == said.mark)
            .collect();
        let [(_, id, body)] = same[..] else {
            wrong.push(format!("comment '{}' is there {} times", said.mark, same.len()));
            continue;
        };
        if *id != said.id {
            wrong.push(format!("comment '{}' has another id than was said", said.mark));
        }
        if *body != said.body {
            wrong.push(format!("comment '{}' reads '{body}'", said.body));
        }
    }
}

fn check_reviews(person: &Remembered, found: &Found, wrong: &mut Vec<String>) {
    for (review, call) in &person.reviews {
        let times = found
            .reviews
            .iter()
            .filter(|(id, on)| id == review && on == call)
            .count();
        if times != 1 {
            wrong.push(format!("review {review} is there {times} times"));
        }
    }
    for (place, value) in &person.scores {
        let read = found.scores.get(place);
        if read != Some(value) {
            wrong.push(format!("score {place:?} is {read:?} and not {value}"));
        }
    }
    for place in &person.evidence {
        let times = found.evidence.iter().filter(|it| *it == place).count();
        if times != 1 {
            wrong.push(format!("evidence {place:?} is there {times} times"));
        }
    }
}

/// Whoever asked got an answer in the end, so there is nothing but what they were told of.
fn check_nothing_else(people: &[Remembered], found: &Found, wrong: &mut Vec<String>) {
    let told = |count: fn(&Remembered) -> usize| people.iter().map(count).sum::<usize>();
    for (what, told, there) in [
        ("calls", told(|p| p.uploads.len()), found.calls.len()),
        ("comments", told(|p| p.said.len()), found.comments.len()),
        ("reviews", told(|p| p.reviews.len()), found.reviews.len()),
        ("scores", told(|p| p.scores.len()), found.scores.len()),
        ("places", told(|p| p.evidence.len()), found.evidence.len()),
    ] {
        if told != there {
            wrong.push(format!(
                "people were told of {told} {what}, and there are {there}"
            ));
        }
    }
}

fn check_call(people: &[Remembered], call: &FoundCall, found: &Found, wrong: &mut Vec<String>) {
    if call.state != "ready" {
        wrong.push(format!("call '{}' is {}", call.title, call.state));
        return;
    }
    let corrected: BTreeSet<&String> = people
        .iter()
        .flat_map(|person| person.corrections.keys())
        .filter(|(id, _)| *id == call.id)
        .map(|(_, segment)| segment)
        .collect();
    let mut heard: Vec<_> = call.segments.iter().collect();
    heard.sort_by_key(|(_, (channel, start, _))| (*channel, *start));
    let mut expected: Vec<_> = found.expected.iter().collect();
    expected.sort_by_key(|(channel, start, _)| (*channel, *start));
    let alike = heard.len() == expected.len()
        && heard.iter().zip(&expected).all(|((id, heard), expected)| {
            let place = (heard.0, heard.1) == (expected.0, expected.1);
            place && (corrected.contains(id) || heard.2 == expected.2)
        });
    if !alike {
        let title = &call.title;
        wrong.push(format!(
            "the transcript of '{title}' is not what was heard before: {heard:?} and not {expected:?}"
        ));
    }
    for kind in [
        JobKind::CallStore,
        JobKind::CallAnalyze,
        JobKind::CallTranscribe,
        JobKind::CallPublish,
    ] {
        let states: Vec<&str> = call
            .jobs
            .iter()
            .filter(|(it, _)| it == kind.as_str())
            .map(|(_, state)| state.as_str())
            .collect();
        if states != ["done"] {
            wrong.push(format!("the jobs {kind} of '{}' are {states:?}", call.title));
        }
    }
    let comments = found.comments.iter().filter(|(on, _, _)| *on == call.id).count();
    if comments != call.comment_count {
        let said = call.comment_count;
        wrong.push(format!(
            "call '{}' says {said} comments and has {comments}",
            call.title
        ));
    }
}

fn check_rest(found: &Found, wrong: &mut Vec<String>) {
    for (kind, state) in &found.open_jobs {
        wrong.push(format!("a job {kind} is still {state}"));
    }
    for object in &found.objects {
        let owner = object.split('/').nth(1).unwrap_or_default();
        if !found.owners.contains(owner) {
            wrong.push(format!("the object {object} belongs to nothing"));
        }
    }
    for object in ["/original", "/peaks"] {
        let ends = |path: &&String| path.starts_with("recordings/") && path.ends_with(object);
        let there = found.objects.iter().filter(ends).count();
        if there != found.calls.len() {
            wrong.push(format!(
                "{} calls have {there} objects '{object}'",
                found.calls.len()
            ));
        }
    }
    wrong.extend(found.doctor.iter().map(|line| format!("doctor: {line}")));
}

#[cfg(test)]
mod tests;
