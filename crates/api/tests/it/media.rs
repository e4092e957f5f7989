//! Sound, waveforms, clips and words of a call.

use gametape_audio::Peaks;
use gametape_core::job::JobKind;
use gametape_media::MediaKey;
use serde_json::json;

use crate::support::{App, Ask, Reply, bytes, sha256_hex, wav};

#[tokio::test]
async fn recordings_are_served_in_ranges_before_and_after_they_are_joined() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = bytes(3_456);
    let call = app.call(&ann, "Ann \"x\".wav", &content).await;
    let path = format!("/api/v1/calls/{call}/audio");
    for joined in [false, true] {
        if joined {
            app.join(&call).await;
        }
        let whole = app.get(&ann, &path).await;
        assert_eq!(
            (whole.status.as_u16(), whole.body[..] == content),
            (200, true),
            "{joined}"
        );
        assert_eq!(whole.header("content-length"), "3456");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("etag"), format!("\"{}\"", sha256_hex(&content)));
        assert_eq!(whole.header("content-type"), "application/octet-stream");
        let disposition = whole.header("content-disposition");
        assert!(disposition.starts_with("inline; filename=\"Ann"), "{disposition}");
        let range = |range: &str| Ask::get(&path).by(&ann).header("range", range);
        for (asked, first, last) in [
            ("bytes=0-0", 0, 0),
            ("bytes=990-2010", 990, 2_010),
            ("bytes=3000-", 3_000, 3_455),
            ("bytes=-5", 3_451, 3_455),
        ] {
            let reply = app.send(range(asked)).await;
            assert_eq!(reply.status, 206, "{asked}");
            assert!(reply.body[..] == content[first..=last], "{asked}");
            assert_eq!(
                reply.header("content-range"),
                format!("bytes {first}-{last}/3456")
            );
        }
        let outside = app.send(range("bytes=3456-")).await;
        outside.is_problem(416, "range_not_satisfiable");
        assert_eq!(outside.header("content-range"), "bytes */3456");
        let head = app.send(Ask::new("HEAD", &path).by(&ann)).await;
        assert_eq!(
            (
                head.status.as_u16(),
                head.header("content-length"),
                head.body.len()
            ),
            (200, "3456", 0)
        );
        let known = Ask::get(&path)
            .by(&ann)
            .header("if-none-match", whole.header("etag"));
        assert_eq!(app.send(known).await.status, 304);
        let other = range("bytes=0-1").header("if-range", "\"other\"");
        assert_eq!(app.send(other).await.status, 200);
    }
    app.analyze(1_000).await;
    assert_eq!(app.get(&ann, &path).await.header("content-type"), "audio/wav");
    let saved = app.get(&ann, &format!("{path}?download=true")).await;
    assert!(saved.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn clips_are_cut_to_the_sample() {
    let app = App::new().await;
    let ann = app.ann().await;
    let content = wav(2_000);
    let call = app.call(&ann, "a.wav", &content).await;
    let clip =
        async |query: &str| -> Reply { app.get(&ann, &format!("/api/v1/calls/{call}/clip?{query}")).await };
    clip("start_ms=0&end_ms=10").await.is_problem(409, "not_ready");
    app.join(&call).await;
    app.analyze(2_000).await;
    let reply = clip("start_ms=500&end_ms=1250").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "audio/wav");
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    assert!(reply.header("content-disposition").contains("a.wav 0-1.wav"));
    // 8 frames a millisecond, 4 bytes a frame; the decoder's way over floats may cost one step of 32,768.
    let frames = |bytes: &[u8]| -> Vec<i16> {
        bytes
            .chunks(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    };
    let (cut, wanted) = (
        frames(&reply.body[44..]),
        frames(&content[44 + 500 * 32..44 + 1_250 * 32]),
    );
    assert_eq!(cut.len(), wanted.len());
    assert!(cut.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= 1));

    for query in [
        "start_ms=5&end_ms=5",
        "start_ms=-1&end_ms=5",
        "start_ms=0&end_ms=600001",
        "start_ms=2000&end_ms=2100",
    ] {
        clip(query).await.is_problem(422, "invalid_value");
    }
    clip("start_ms=1").await.is_problem(400, "invalid_request");
    let nonsense = app.call(&ann, "b.wav", &bytes(5_000)).await;
    app.join(&nonsense).await;
    let reply = app
        .get(
            &ann,
            &format!("/api/v1/calls/{nonsense}/clip?start_ms=0&end_ms=10"),
        )
        .await;
    assert_eq!(reply.status, 422, "{reply:?}");
    assert_ne!(reply.json()["code"], "invalid_value");
}

#[tokio::test]
async fn waveforms_come_as_json_and_as_they_are_stored() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &wav(100)).await;
    let path = format!("/api/v1/calls/{call}/peaks");
    app.get(&ann, &path).await.is_problem(409, "not_ready");
    let recording = app.join(&call).await;
    let peaks = Peaks {
        ms_per_point: 20,
        channels: vec![vec![-1, 2, -3, 4], vec![-5, 6, -7, 8]],
    };
    let key = MediaKey::recording_peaks(&recording);
    app.media.put(&key, peaks.to_bytes().into()).await.unwrap();
    let json = app.get(&ann, &path).await.json();
    assert_eq!(
        (&json["length"], &json["channels"], &json["bits"]),
        (&json!(2), &json!(2), &json!(8))
    );
    assert_eq!(json["data"], json!([-1, 2, -5, 6, -3, 4, -7, 8]));
    let binary = app.get(&ann, &format!("{path}?format=binary")).await;
    assert_eq!(Peaks::from_bytes(&binary.body).unwrap(), peaks);
    let accepted = app
        .send(
            Ask::get(&path)
                .by(&ann)
                .header("accept", "application/octet-stream"),
        )
        .await;
    assert_eq!(accepted.body, binary.body);
    app.media.put(&key, bytes(9).into()).await.unwrap();
    app.get(&ann, &path).await.is_problem(500, "internal");
}

#[tokio::test]
async fn words_come_in_every_form_and_while_they_grow() {
    let app = App::new().await;
    let ann = app.ann().await;
    let call = app.call(&ann, "a.wav", &bytes(10)).await;
    let path = format!("/api/v1/calls/{call}/transcript");
    app.get(&ann, &path).await.is_problem(409, "not_ready");
    app.join(&call).await;
    app.analyze(5_000).await;
    let (_, fence) = app.claim(JobKind::CallTranscribe).await;
    app.transcribe_window(
        &call,
        &fence,
        &[(1, 1_000, 2_000, "Fine & you?"), (0, 0, 900, "How are you?")],
    )
    .await;

    let growing = app.get(&ann, &path).await.json();
    assert_eq!(growing["complete"], false);
    assert_eq!(growing["segments"][0]["text"], "How are you?");
    assert_eq!(growing["segments"][1]["channel"], 1);
    assert_eq!(growing["segments"][1]["words"][0]["start_ms"], 1_000);
    app.get(&ann, &format!("/api/v1/calls/{call}/stats"))
        .await
        .is_problem(409, "not_ready");

    let vtt = app
        .send(Ask::get(&path).by(&ann).header("accept", "text/vtt"))
        .await;
    assert_eq!(vtt.header("content-type"), "text/vtt; charset=utf-8");
    assert!(
        vtt.text()
            .contains("00:00:01.000 --> 00:00:02.000\n<v Customer>Fine &amp; you?"),
        "{}",
        vtt.text()
    );
    let srt = app.get(&ann, &format!("{path}?format=srt")).await;
    assert_eq!(srt.header("content-type"), "application/x-subrip; charset=utf-8");
    assert!(
        srt.text()
            .starts_with("1\n00:00:00,000 --> 00:00:00,900\nRep: How are you?")
    );
    assert_eq!(
        app.get(&ann, &format!("{path}?format=txt"))
            .await
            .text()
            .lines()
            .count(),
        2
    );
    app.get(&ann, &format!("{path}?format=pdf"))
        .await
        .is_problem(400, "invalid_request");
    let zipped = app
        .send(Ask::get(&path).by(&ann).header("accept-encoding", "gzip"))
        .await;
    assert!(
        zipped
            .headers
            .get("content-encoding")
            .is_some_and(|it| it == "gzip")
    );
}
