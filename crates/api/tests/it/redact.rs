//! Recordings with numbers in them: what people hear is never the file as it was uploaded.

use gametape_api::ApiConfig;
use gametape_core::{
    id::{CallId, RecordingId},
    job::{JobKind, Priority},
    redact::{Number, NumberKind, RedactedObject, Redaction},
};
use gametape_media::MediaKey;
use gametape_store::JobEnd;

use crate::support::{App, Ask, Person, bytes, sha256_hex, wav};

async fn redacting() -> App {
    App::with(ApiConfig {
        redact: true,
        ..ApiConfig::default()
    })
    .await
}

/// Takes a call that is analysed to the end, as a worker does that finds a number; what is heard from then on.
async fn take_out(app: &App, call: &CallId, recording: &RecordingId) -> Vec<u8> {
    let (_, fence) = app.claim(JobKind::CallTranscribe).await;
    let number = Number {
        kind: NumberKind::Card,
        start_ms: 500,
        end_ms: 900,
    };
    app.store
        .redactions_add(&fence, &[Redaction { channel: 0, number }])
        .await
        .unwrap();
    app.transcribe_window(call, &fence, &[(0, 0, 900, "It is •••• ••••.")])
        .await;
    let end = JobEnd::Transcribed { language: None };
    app.store.job_finish(&fence, end).await.unwrap();
    let (_, fence) = app.claim(JobKind::CallPublish).await;
    let (version, _) = app.store.redactions_list(recording).await.unwrap();
    let mut silent = wav(2_000);
    silent[44 + 400 * 32..44 + 1_000 * 32].fill(0);
    let key = MediaKey::recording_redacted(recording, version);
    app.media.put(&key, silent.clone().into()).await.unwrap();
    let object = RedactedObject {
        version,
        size_bytes: silent.len() as i64,
        sha256: sha256_hex(&silent),
    };
    app.store
        .redaction_settle(&fence, true, Some(&object))
        .await
        .unwrap();
    let end = JobEnd::Published {
        stats_json: "{}".to_owned(),
    };
    app.store.job_finish(&fence, end).await.unwrap();
    silent
}

async fn not_yet(app: &App, person: &Person, call: &CallId) {
    for rest in ["/audio", "/audio?download=true", "/clip?start_ms=0&end_ms=100"] {
        let path = format!("/api/v1/calls/{call}{rest}");
        app.get(person, &path).await.is_problem(409, "not_ready");
        let range = Ask::get(&path).by(person).header("range", "bytes=0-9");
        app.send(range).await.is_problem(409, "not_ready");
    }
}

#[tokio::test]
async fn nothing_is_heard_before_it_was_looked_through_and_the_original_never() {
    let app = redacting().await;
    let ann = app.ann().await;
    let original = wav(2_000);
    let call = app.call(&ann, "Ann's talk.mp3", &original).await;
    not_yet(&app, &ann, &call).await;
    let recording = app.join(&call).await;
    not_yet(&app, &ann, &call).await;
    app.analyze(2_000).await;
    not_yet(&app, &ann, &call).await;
    let silent = take_out(&app, &call, &recording).await;

    let path = format!("/api/v1/calls/{call}/audio");
    let whole = app.get(&ann, &path).await;
    assert!(whole.status == 200 && whole.body[..] == silent[..]);
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("content-length"), silent.len().to_string());
    assert_eq!(whole.header("etag"), format!("\"{}\"", sha256_hex(&silent)));
    let saved = app.get(&ann, &format!("{path}?download=true")).await;
    assert!(saved.body == whole.body);
    assert!(saved.header("content-disposition").contains("talk.wav"));
    // Around the edges of the silence, and behind what the original would have.
    for (first, last) in [
        (0, 0),
        (44 + 399 * 32, 44 + 401 * 32),
        (silent.len() - 5, silent.len() - 1),
    ] {
        let range = format!("bytes={first}-{last}");
        let reply = app.send(Ask::get(&path).by(&ann).header("range", &range)).await;
        assert!(
            reply.status == 206 && reply.body[..] == silent[first..=last],
            "{range}"
        );
    }
    // A client that knows the original is not told that it still has it.
    let tag = format!("\"{}\"", sha256_hex(&original));
    let known = Ask::get(&path).by(&ann).header("if-none-match", &tag);
    assert!(app.send(known).await.body == whole.body);
    let clip = app
        .get(
            &ann,
            &format!("/api/v1/calls/{call}/clip?start_ms=450&end_ms=950"),
        )
        .await;
    assert!(clip.status == 200 && clip.body[44..].iter().all(|byte| *byte == 0));
    let view = app.get(&ann, &format!("/api/v1/calls/{call}")).await.json();
    assert_eq!(view["redactions"], 1);

    // While it is transcribed again, and when the server masks no longer, the same is heard.
    app.clock.advance_ms(10);
    app.store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    assert!(app.get(&ann, &path).await.body == whole.body);
    let mut app = app;
    app.config.redact = false;
    app.restart();
    assert!(app.get(&ann, &path).await.body == whole.body);
}

#[tokio::test]
async fn without_masking_or_numbers_the_original_is_heard() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(500);
    let call = app.call(&ann, "a.wav", &content).await;
    let path = format!("/api/v1/calls/{call}/audio");
    assert!(app.get(&ann, &path).await.body[..] == content);

    let app = redacting().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &content).await;
    let path = format!("/api/v1/calls/{call}/audio");
    app.finish(&call, 1_000, &[(0, 0, 900, "Hello.")]).await;
    assert!(app.get(&ann, &path).await.body[..] == content);
}

#[tokio::test]
async fn numbers_that_were_found_are_not_heard_before_they_are_silent() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &wav(2_000)).await;
    app.join(&call).await;
    app.analyze(2_000).await;
    let (_, fence) = app.claim(JobKind::CallTranscribe).await;
    let number = Number {
        kind: NumberKind::Iban,
        start_ms: 0,
        end_ms: 900,
    };
    app.store
        .redactions_add(&fence, &[Redaction { channel: 1, number }])
        .await
        .unwrap();
    // A worker found it; that this server is told nothing of masking changes nothing.
    not_yet(&app, &ann, &call).await;
}
