//! Comments for other programs: as a `WebVTT` metadata track, and as W3C Web Annotations.

use std::{collections::HashMap, fmt::Write as _};

use serde_json::{Map, Value, json};

use crate::{
    anchor::Anchor,
    clock::iso_date,
    comment::{Comment, CommentKind, Thread},
    export::cue_times,
    id::UserId,
};

/// Comments of a call to write out.
#[derive(Debug, Clone)]
pub struct CommentExport<'a> {
    /// Address of the call, without a slash at its end; others are made from it.
    pub call_url: &'a str,
    /// The call's title.
    pub title: &'a str,
    /// The comments, in order.
    pub threads: &'a [Thread],
    /// What people are called; who has no name stays without.
    pub names: &'a HashMap<UserId, String>,
}

impl CommentExport<'_> {
    /// As a `WebVTT` metadata track: a cue for each comment that has a place, with JSON as its payload. JSON
    /// escapes line breaks, and the arrow that would make a line a timing line is escaped here.
    pub fn to_vtt(&self) -> String {
        let mut cues: Vec<(&Anchor, &Thread)> = self
            .threads
            .iter()
            .filter_map(|thread| Some((thread.comment.anchor.as_ref()?, thread)))
            .collect();
        // Cues have to be in order of their starts.
        cues.sort_by_key(|(anchor, _)| anchor.start_ms);
        let mut out = String::from("WEBVTT\n");
        for (anchor, thread) in cues {
            let (start, end) = cue_times(anchor.start_ms, anchor.end_ms, '.');
            let payload = escape(&self.payload(anchor, thread).to_string());
            let id = &thread.comment.id;
            let _ = write!(out, "\n{id}\n{start} --> {end}\n{payload}\n");
        }
        out
    }

    fn payload(&self, anchor: &Anchor, thread: &Thread) -> Value {
        let comment = &thread.comment;
        let replies: Vec<Value> = thread
            .replies
            .iter()
            .map(|reply| {
                json!({
                    "id": reply.id, "author": self.name(reply), "body": reply.text.body,
                    "created_at": reply.created_at,
                })
            })
            .collect();
        json!({
            "id": comment.id,
            "kind": comment.text.kind,
            "author": self.name(comment),
            "body": comment.text.body,
            "situation": comment.text.situation,
            "behaviour": comment.text.behaviour,
            "impact": comment.text.impact,
            "quote": anchor.quote,
            "status": anchor.status,
            "resolved": comment.resolved.is_some(),
            "created_at": comment.created_at,
            "replies": replies,
        })
    }

    /// As an annotation collection of the Web Annotation Data Model, <https://www.w3.org/TR/annotation-model/>,
    /// all on its first page. Situation, behaviour and impact are named in a context of our own.
    pub fn to_json_ld(&self) -> Value {
        let comments = format!("{}/comments", self.call_url);
        let items: Vec<Value> = self
            .threads
            .iter()
            .flat_map(|thread| std::iter::once(&thread.comment).chain(&thread.replies))
            .filter(|comment| comment.deleted_at.is_none())
            .map(|comment| self.annotation(comment))
            .collect();
        json!({
            "@context": ["http://www.w3.org/ns/anno.jsonld", {
                "situation": "urn:gametape:situation",
                "behaviour": "urn:gametape:behaviour",
                "impact": "urn:gametape:impact",
                "status": "urn:gametape:status",
            }],
            "id": comments,
            "type": "AnnotationCollection",
            "label": self.title,
            "total": items.len(),
            "first": {
                "id": format!("{comments}#page-1"),
                "type": "AnnotationPage",
                "partOf": comments,
                "startIndex": 0,
                "items": items,
            },
        })
    }

    fn annotation(&self, comment: &Comment) -> Value {
        let motivation = motivation(comment);
        let mut annotation = Map::new();
        let mut put = |key: &str, value: Value| annotation.insert(key.to_owned(), value);
        put("id", json!(format!("urn:gametape:{}", comment.id)));
        put("type", json!("Annotation"));
        put("motivation", json!(motivation));
        let mut creator = json!({"id": format!("urn:gametape:{}", comment.author_id), "type": "Person"});
        if let (Some(name), Some(creator)) = (self.name(comment), creator.as_object_mut()) {
            creator.insert("name".to_owned(), json!(name));
        }
        put("creator", creator);
        put("created", json!(iso_date(comment.created_at)));
        if let Some(edited_at) = comment.edited_at {
            put("modified", json!(iso_date(edited_at)));
        }
        put("body", body(comment, motivation));
        put("target", self.target(comment));
        Value::Object(annotation)
    }

    /// What an annotation is about: a stretch of the sound and the words in it, the call, or another comment.
    fn target(&self, comment: &Comment) -> Value {
        if let Some(parent_id) = &comment.parent_id {
            return json!(format!("urn:gametape:{parent_id}"));
        }
        let source = format!("{}/audio", self.call_url);
        let Some(anchor) = &comment.anchor else {
            return json!({"source": source});
        };
        let (start, end) = (seconds(anchor.start_ms), seconds(anchor.end_ms));
        let mut selectors = vec![json!({
            "type": "FragmentSelector",
            "conformsTo": "http://www.w3.org/TR/media-frags/",
            "value": format!("t={start},{end}"),
        })];
        if !anchor.quote.is_empty() {
            selectors.push(json!({
                "type": "TextQuoteSelector",
                "exact": anchor.quote, "prefix": anchor.prefix, "suffix": anchor.suffix,
            }));
        }
        json!({"source": source, "selector": selectors, "status": anchor.status})
    }

    fn name(&self, comment: &Comment) -> Option<&str> {
        self.names.get(&comment.author_id).map(String::as_str)
    }
}

fn motivation(comment: &Comment) -> &'static str {
    match comment.text.kind {
        _ if comment.parent_id.is_some() => "replying",
        CommentKind::Praise | CommentKind::Improve => "assessing",
        CommentKind::Question => "questioning",
        CommentKind::Note => "commenting",
    }
}

fn body(comment: &Comment, purpose: &str) -> Value {
    let text = &comment.text;
    let mut body = json!({
        "type": "TextualBody",
        "value": text.body,
        "format": "text/markdown",
        "purpose": purpose,
    });
    let parts = [
        ("situation", &text.situation),
        ("behaviour", &text.behaviour),
        ("impact", &text.impact),
    ];
    for (name, part) in parts {
        if let (Some(part), Some(body)) = (part, body.as_object_mut()) {
            body.insert(name.to_owned(), json!(part));
        }
    }
    body
}

/// Milliseconds as seconds with a fraction where there is one, as media fragments have it.
fn seconds(ms: i64) -> String {
    let ms = ms.max(0);
    match ms % 1_000 {
        0 => (ms / 1_000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1_000),
    }
}

/// JSON in which nothing can be taken for markup or for the arrow of a timing line. Outside of strings it has
/// none of these characters.
fn escape(json: &str) -> String {
    json.replace('>', "\\u003e")
        .replace('<', "\\u003c")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        anchor::AnchorStatus,
        comment::{Audience, CommentText},
        id::{CallId, CommentId},
    };

    fn comment(body: &str, place: Option<(i64, i64)>) -> Comment {
        Comment {
            id: CommentId::new(1),
            call_id: CallId::new(1),
            parent_id: None,
            author_id: "user_00000000000000000000000001".parse().unwrap(),
            anchor: place.map(|(start_ms, end_ms)| Anchor {
                start_ms,
                end_ms,
                channel: None,
                quote: "it costs --> less".to_owned(),
                prefix: "well".to_owned(),
                suffix: String::new(),
                status: AnchorStatus::Moved,
                transcript_id: None,
            }),
            text: CommentText {
                kind: CommentKind::Question,
                body: body.to_owned(),
                situation: None,
                behaviour: Some("You asked.".to_owned()),
                impact: None,
            },
            audience: Audience::Call,
            mentions: Vec::new(),
            reactions: Vec::new(),
            resolved: None,
            version: 1,
            edited_at: Some(951_827_696_789),
            deleted_at: None,
            created_at: 784_111_777_000,
        }
    }

    fn thread(comment: Comment) -> Thread {
        Thread {
            comment,
            replies: Vec::new(),
        }
    }

    fn names() -> HashMap<UserId, String> {
        let ann = "user_00000000000000000000000001".parse().unwrap();
        HashMap::from([(ann, "Ann <b>".to_owned())])
    }

    fn export<'a>(threads: &'a [Thread], names: &'a HashMap<UserId, String>) -> CommentExport<'a> {
        CommentExport {
            call_url: "/api/v1/calls/call_1",
            title: "Talk",
            threads,
            names,
        }
    }

    #[test]
    fn nothing_in_a_comment_ends_its_cue_or_starts_another() {
        let odd = "a --> b\r\n\r\n00:00:00.000 --> 99:00:00.000\n\"x\" & <c>\u{0}";
        let threads = [
            thread(comment(odd, Some((61_250, 61_250)))),
            thread(comment("of the whole call", None)),
            thread(comment("earlier", Some((1_000, 2_000)))),
        ];
        let vtt = export(&threads, &names()).to_vtt();
        let lines: Vec<&str> = vtt.lines().collect();
        assert_eq!(lines.len(), 9, "{vtt}");
        assert_eq!(lines[0], "WEBVTT");
        assert_eq!(lines[2], threads[2].comment.id.as_str());
        assert_eq!(lines[3], "00:00:01.000 --> 00:00:02.000");
        assert_eq!(lines[7], "00:01:01.250 --> 00:01:01.251");
        assert_eq!(vtt.matches("-->").count(), 2, "{vtt}");
        assert!(
            !vtt.contains('<') && !vtt.contains('&') && !vtt.contains('\r'),
            "{vtt}"
        );
        let payload: Value = serde_json::from_str(lines[8]).unwrap();
        assert_eq!(payload["body"], odd);
        assert_eq!(payload["author"], "Ann <b>");
        assert_eq!(payload["behaviour"], "You asked.");
        assert_eq!(payload["status"], "moved");
    }

    #[test]
    fn annotations_point_at_the_sound_and_at_the_words() {
        let mut reply = comment("why?", None);
        let parent = comment("hm", Some((1_500, 3_000)));
        reply.parent_id = Some(parent.id.clone());
        let mut gone = comment("", None);
        gone.deleted_at = Some(1);
        let threads = [
            Thread {
                comment: parent.clone(),
                replies: vec![reply],
            },
            thread(gone),
        ];
        let json = export(&threads, &names()).to_json_ld();
        assert_eq!(json["type"], "AnnotationCollection");
        assert_eq!((&json["total"], &json["label"]), (&json!(2), &json!("Talk")));
        let items = json["first"]["items"].as_array().unwrap();
        let first = &items[0];
        assert_eq!(first["motivation"], "questioning");
        assert_eq!(first["creator"]["name"], "Ann <b>");
        assert_eq!(first["created"], "1994-11-06T08:49:37.000Z");
        assert_eq!(first["modified"], "2000-02-29T12:34:56.789Z");
        assert_eq!(first["body"]["value"], "hm");
        assert_eq!(first["body"]["behaviour"], "You asked.");
        assert!(first["body"].get("impact").is_none());
        let target = &first["target"];
        assert_eq!(target["source"], "/api/v1/calls/call_1/audio");
        assert_eq!(target["selector"][0]["value"], "t=1.500,3");
        assert_eq!(target["selector"][1]["exact"], "it costs --> less");
        assert_eq!(target["selector"][1]["prefix"], "well");
        assert_eq!(items[1]["motivation"], "replying");
        assert_eq!(items[1]["target"], first["id"]);
    }
}
