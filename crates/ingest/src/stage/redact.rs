//! Numbers of cards and accounts: taken out of the words before they are written, looked for again in the whole, and
//! made silent in what people hear.

use std::sync::{Arc, atomic::Ordering};

use futures::{StreamExt, stream};
use gametape_audio::{Analysis, AudioError, Silenced, Source, Span};
use gametape_core::{
    call::{Call, Recording},
    redact::{Cues, Found, Number, Passage, RedactedObject, Redaction, mask, mask_texts},
    transcript::{Segment, Word},
};
use gametape_media::MediaKey;
use gametape_store::{MaskedSegment, NewSegment};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{Attempt, StageError, missing};

/// Takes numbers out of windows as they are heard.
pub(super) struct Masker {
    /// What was said that announces numbers, by anybody: one asks, the other answers in a later window.
    cues: Cues,
    speech: Speech,
}

/// Where somebody speaks, by channel.
type Speech = Vec<Vec<Span>>;

impl Masker {
    /// For a recording with speech in these places.
    pub(super) fn new(speech: Speech) -> Self {
        Self {
            cues: Cues::default(),
            speech,
        }
    }

    /// Takes the numbers out of a window; those that reach into the next one are found in the whole.
    pub(super) fn window(&mut self, segments: &mut [NewSegment]) -> Vec<Redaction> {
        self.cues.note(segments.iter().flat_map(|segment| &segment.words));
        let parts = segments
            .iter_mut()
            .map(|segment| (segment.channel, &mut segment.text, segment.words.as_mut_slice()));
        by_channel(parts.collect(), &self.cues, &self.speech)
    }
}

/// Speech that begins this shortly before the next word is that word.
const NEXT_WORD_MS: i64 = 700;

/// Where a number is really heard: models give long words short times, but speech detection knows when somebody stops.
fn heard(found: Found, speech: &[Span]) -> Number {
    let Found { number, until_ms } = found;
    let is_its = |span: &&Span| {
        let begins_with_next = span.start_ms >= number.end_ms.max(until_ms - NEXT_WORD_MS);
        span.end_ms > number.start_ms && !begins_with_next
    };
    let spoken = speech.iter().filter(is_its);
    let last_ms = spoken.map(|span| span.end_ms.min(until_ms)).max();
    Number {
        end_ms: last_ms.unwrap_or(until_ms).max(number.end_ms),
        ..number
    }
}

type Part<'a> = (usize, &'a mut String, &'a mut [Word]);

/// Takes numbers out of what everybody says, each for himself.
fn by_channel(mut parts: Vec<Part<'_>>, cues: &Cues, speech: &[Vec<Span>]) -> Vec<Redaction> {
    parts.sort_by_key(|(channel, _, words)| (*channel, words.first().map(|word| word.start_ms)));
    let mut found = Vec::new();
    for same in parts.chunk_by_mut(|a, b| a.0 == b.0) {
        let channel = same[0].0;
        let mut passages: Vec<Passage<'_>> = same
            .iter_mut()
            .map(|(_, text, words)| Passage { text, words })
            .collect();
        let numbers = mask(&mut passages, cues);
        let speech = speech.get(channel).map_or(&[][..], Vec::as_slice);
        found.extend(numbers.into_iter().map(|found| Redaction {
            channel,
            number: heard(found, speech),
        }));
    }
    found
}

/// Takes numbers out of a whole transcript; the segments that changed, and what was found.
fn whole(mut segments: Vec<Segment>, speech: &[Vec<Span>]) -> (Vec<MaskedSegment>, Vec<Redaction>) {
    let before: Vec<String> = segments.iter().map(|segment| segment.text.clone()).collect();
    let mut cues = Cues::default();
    let mut channels: Vec<usize> = segments.iter().map(|segment| segment.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    for channel in channels {
        let mine = segments.iter().filter(|segment| segment.channel == channel);
        cues.note(mine.flat_map(|segment| &segment.words));
    }
    let parts = segments
        .iter_mut()
        .map(|segment| (segment.channel, &mut segment.text, segment.words.as_mut_slice()));
    let found = by_channel(parts.collect(), &cues, speech);
    let changed = segments
        .into_iter()
        .zip(before)
        .filter(|(segment, before)| segment.text != *before);
    let masked = changed.filter_map(|(segment, _)| {
        Some(MaskedSegment {
            id: segment.id?,
            text: segment.text,
            words: segment.words,
        })
    });
    (masked.collect(), found)
}

/// Looks through all that was ever heard of a call: for numbers that reach over windows, that one side announced and the
/// other said, in older versions of the transcript, which people may read, too, and in what is quoted of them.
pub(super) async fn look_through(
    attempt: &Attempt,
    call: &Call,
    recording: &Recording,
) -> Result<(), StageError> {
    if !attempt.tools.redact {
        return Ok(());
    }
    let store = &attempt.tools.store;
    let speech: Arc<Speech> = Arc::new(analysis_of(attempt, recording).await?.speech);
    for version in store.transcript_versions(&call.id).await? {
        let segments = store.transcript_segments(call, &version.id).await?;
        let speech = Arc::clone(&speech);
        let (masked, found) = attempt.tools.cpu.run(move || whole(segments, &speech)).await?;
        // What is known to be there is written first: words that are masked say no more where they were.
        store.redactions_add(&attempt.fence, &found).await?;
        if !masked.is_empty() {
            store
                .transcript_mask(&attempt.fence, &version.id, &masked)
                .await?;
        }
    }
    // Places that are not found in a new transcript keep the words that they quoted of an old one.
    let mut quotes = store.quotes_list(&call.id).await?;
    quotes.retain_mut(|quote| mask_texts(&mut quote.texts));
    if !quotes.is_empty() {
        store.quotes_mask(&attempt.fence, &quotes).await?;
    }
    Ok(())
}

async fn analysis_of(attempt: &Attempt, recording: &Recording) -> Result<Analysis, StageError> {
    let analysis = attempt.tools.store.recording_analysis(&recording.id).await?;
    let analysis = analysis.ok_or_else(|| missing("analysis"))?;
    serde_json::from_str(&analysis).map_err(|e| StageError::Retry(e.to_string()))
}

/// Makes what is served in place of the original, where numbers were found that it is not silent at yet.
pub(super) async fn silence(
    attempt: &Attempt,
    recording: &Recording,
) -> Result<Option<RedactedObject>, StageError> {
    let store = &attempt.tools.store;
    let (version, redactions) = store.redactions_list(&recording.id).await?;
    let made = recording
        .redaction
        .object
        .as_ref()
        .map_or(0, |object| object.version);
    if version <= made {
        return Ok(None);
    }
    let analysis = analysis_of(attempt, recording).await?;
    let span = |Redaction { number, .. }: Redaction| {
        let Number { start_ms, end_ms, .. } = number;
        Span { start_ms, end_ms }
    };
    let quiet: Vec<Span> = redactions.into_iter().map(span).collect();
    let key = MediaKey::recording_redacted(&recording.id, version);
    let (size_bytes, sha256) = write(attempt, recording, &analysis, quiet, &key).await?;
    tracing::info!(recording.id = %recording.id, version, size_bytes, "made {} silent where numbers are said", recording.id);
    Ok(Some(RedactedObject {
        version,
        size_bytes: size_bytes as i64,
        sha256,
    }))
}

/// Decodes on a thread of its own while this task stores what comes; the length and the hash.
async fn write(
    attempt: &Attempt,
    recording: &Recording,
    analysis: &Analysis,
    quiet: Vec<Span>,
    key: &MediaKey,
) -> Result<(u64, String), StageError> {
    let media = &attempt.tools.media;
    let reader = media.reader(&MediaKey::recording_original(&recording.id)).await?;
    let (plan, duration_ms) = (analysis.plan(), analysis.duration_ms);
    let (stop, finish) = (Arc::clone(&attempt.stop), attempt.finish.clone());
    let (sender, receiver) = mpsc::channel::<Result<Vec<u8>, AudioError>>(4);
    let work = attempt.tools.cpu.run(move || {
        let length_bytes = reader.byte_len();
        let mut pieces = match Silenced::open(Source::new(reader, length_bytes), plan, duration_ms, &quiet) {
            Ok(pieces) => pieces,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let piece = if stop.load(Ordering::Relaxed) || finish.is_cancelled() {
                Err(AudioError::Cancelled)
            } else {
                pieces.next_piece()
            };
            let Some(piece) = piece.transpose() else { return };
            let failed = piece.is_err();
            // Nobody takes it any more when storing failed; the reason is reported there.
            if sender.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    let mut hash = Sha256::new();
    // What went wrong is kept here: the object store would wrap it up.
    let mut broken = None;
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let pieces = pieces.map(|piece| match piece {
        Ok(bytes) => {
            hash.update(&bytes);
            Ok(bytes.into())
        }
        Err(error) => {
            let told = error.to_string();
            broken = Some(error);
            Err(told)
        }
    });
    let (worked, stored) = tokio::join!(work, media.put_stream(key, pieces));
    worked?;
    match broken {
        Some(AudioError::Cancelled) => Err(StageError::Returned),
        Some(error) => Err(error.into()),
        None => Ok((stored?, hex::encode(hash.finalize()))),
    }
}

#[cfg(test)]
mod tests {
    use gametape_core::{id::SegmentId, transcript::Speaker};

    use super::*;

    fn segment(channel: usize, start_ms: i64, text: &str) -> NewSegment {
        let word = |(index, text): (usize, &str)| Word {
            start_ms: start_ms + index as i64 * 200,
            end_ms: start_ms + index as i64 * 200 + 150,
            text: text.to_owned(),
            confidence: 1.0,
        };
        let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
        NewSegment {
            start_ms,
            end_ms: words.last().map_or(start_ms, |word| word.end_ms),
            channel,
            text: text.to_owned(),
            words,
        }
    }

    #[test]
    fn what_one_window_asks_for_is_taken_out_of_the_next() {
        let mut masker = Masker::new(Vec::new());
        let mut question = [segment(0, 0, "Your account number please?")];
        assert!(masker.window(&mut question).is_empty());
        let mut answer = [
            segment(1, 5_000, "One two three four five"),
            segment(1, 6_500, "six seven eight, yes."),
        ];
        let found = masker.window(&mut answer);
        assert_eq!(
            (answer[0].text.as_str(), answer[1].text.as_str()),
            ("• • • • •", "• • •, yes.")
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].channel, found[0].number.start_ms), (1, 5_000));
    }

    #[test]
    fn a_number_lasts_as_long_as_somebody_speaks() {
        let span = |start_ms: i64, end_ms: i64| Span { start_ms, end_ms };
        let speech = vec![
            vec![],
            vec![span(500, 4_000), span(4_500, 8_000), span(30_000, 31_000)],
        ];
        let end_ms = |text: &str, next_ms: Option<i64>| {
            let mut window = vec![segment(1, 1_000, text)];
            window.extend(next_ms.map(|start_ms| segment(1, start_ms, "Okay.")));
            Masker::new(speech.clone()).window(&mut window)[0].number.end_ms
        };
        assert_eq!(end_ms("4242424242424242", None), 8_000);
        assert_eq!(end_ms("4242424242424242", Some(6_000)), 6_000);
        assert_eq!(
            end_ms("4242424242424242", Some(4_200)),
            4_000,
            "the other side may speak"
        );
        assert_eq!(
            end_ms("4242424242424242", Some(4_700)),
            4_000,
            "that is the next word"
        );
        assert_eq!(
            end_ms("4242424242424242", Some(1_100)),
            1_150,
            "its word is all there is"
        );
        assert_eq!(end_ms("card 12345678", None), 1_200 + 8 * 800);
    }

    #[test]
    fn speakers_do_not_add_up() {
        let mut masker = Masker::new(Vec::new());
        let mut window = [segment(0, 0, "it is 4242 4242"), segment(1, 400, "4242 4242")];
        assert!(masker.window(&mut window).is_empty());
        assert_eq!(
            (window[0].text.as_str(), window[1].text.as_str()),
            ("it is 4242 4242", "4242 4242")
        );
    }

    #[test]
    fn a_number_that_reaches_over_windows_is_found_in_the_whole() {
        let mut masker = Masker::new(Vec::new());
        let mut windows = [
            segment(0, 0, "it is 4242 4242 4242"),
            segment(1, 300, "Nice weather."),
            segment(0, 2_000, "4242 and no more"),
        ];
        let whole_of = |segments: &[NewSegment]| {
            let read = |new: &NewSegment| Segment {
                id: Some(SegmentId::new(new.start_ms)),
                start_ms: new.start_ms,
                end_ms: new.end_ms,
                channel: new.channel,
                speaker: Speaker::default_for(new.channel, 2),
                text: new.text.clone(),
                words: new.words.clone(),
                edited: false,
            };
            whole(segments.iter().map(read).collect(), &[])
        };
        for window in &mut windows {
            assert!(masker.window(std::slice::from_mut(window)).is_empty());
        }
        let (changed, found) = whole_of(&windows);
        let texts: Vec<&str> = changed.iter().map(|segment| segment.text.as_str()).collect();
        assert_eq!(texts, ["it is •••• •••• ••••", "•••• and no more"]);
        assert_eq!(
            (found.len(), found[0].number.start_ms, found[0].number.end_ms),
            (1, 400, 2_200)
        );
    }
}
