//! Transcripts as `WebVTT`, SRT and plain text.
//!
//! What people say and are called is outside text: each format has its own way in which such text could
//! end a cue early or pass for markup, and each is closed here.

use std::fmt::Write as _;

use crate::{
    transcript::{Segment, Transcript},
    user::names,
};

/// A text form of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFormat {
    /// `WebVTT`, <https://www.w3.org/TR/webvtt1/>, with speakers as voice spans.
    Vtt,
    /// `SubRip`, which has no standard: numbered cues, the speaker before a colon.
    Srt,
    /// A line for each segment: time, speaker, words.
    Txt,
}
names!(TextFormat, "text format", Vtt = "vtt", Srt = "srt", Txt = "txt");

impl TextFormat {
    /// Its media type, without the character set, which is always UTF-8.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Vtt => "text/vtt",
            Self::Srt => "application/x-subrip",
            Self::Txt => "text/plain",
        }
    }

    /// The transcript in this format.
    pub fn render(self, transcript: &Transcript) -> String {
        match self {
            Self::Vtt => to_vtt(transcript),
            Self::Srt => to_srt(transcript),
            Self::Txt => to_txt(transcript),
        }
    }
}

/// The transcript as `WebVTT`.
fn to_vtt(transcript: &Transcript) -> String {
    let mut out = String::from("WEBVTT\n");
    for (segment, text) in spoken(transcript) {
        let (start, end) = cue_times(segment.start_ms, segment.end_ms, '.');
        let (name, text) = (escape_vtt(&one_line(&segment.speaker.name)), escape_vtt(&text));
        // A voice without a name would be no voice span at all, and one that ends in two dashes would end in the
        // arrow of a timing line.
        let voice = match name.as_str() {
            "" => String::new(),
            name if name.ends_with("--") => format!("<v {name} >"),
            name => format!("<v {name}>"),
        };
        let _ = write!(out, "\n{start} --> {end}\n{voice}{text}\n");
    }
    out
}

/// The transcript as SRT.
fn to_srt(transcript: &Transcript) -> String {
    let mut out = String::new();
    for (number, (segment, text)) in spoken(transcript).enumerate() {
        let (start, end) = cue_times(segment.start_ms, segment.end_ms, ',');
        let line = escape_srt(&labelled(segment, &text));
        let gap = if number == 0 { "" } else { "\n" };
        let _ = write!(out, "{gap}{}\n{start} --> {end}\n{line}\n", number + 1);
    }
    out
}

/// The transcript as plain text.
fn to_txt(transcript: &Transcript) -> String {
    let mut out = String::new();
    for (segment, text) in spoken(transcript) {
        let seconds = segment.start_ms.max(0) / 1_000;
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let _ = writeln!(
            out,
            "[{hours:02}:{minutes:02}:{seconds:02}] {}",
            labelled(segment, &text)
        );
    }
    out
}

/// The segments that have words, each with them on one line.
fn spoken(transcript: &Transcript) -> impl Iterator<Item = (&Segment, String)> {
    transcript
        .segments
        .iter()
        .map(|segment| (segment, one_line(&segment.text)))
        .filter(|(_, text)| !text.is_empty())
}

fn labelled(segment: &Segment, text: &str) -> String {
    let name = one_line(&segment.speaker.name);
    if name.is_empty() {
        text.to_owned()
    } else {
        format!("{name}: {text}")
    }
}

/// Runs of white space and control characters become one space: an empty line would end a cue.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `<` opens a tag, `&` a character reference, and `>` could complete the arrow of a timing line or end
/// the name of a voice.
fn escape_vtt(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// SRT has no escapes. Players read `<b>` and `{\an8}` as markup, and some search for the arrow anywhere,
/// so look-alikes stand in for the characters that start those.
fn escape_srt(text: &str) -> String {
    text.replace("-->", "→")
        .replace('<', "‹")
        .replace('>', "›")
        .replace("{\\", "{ \\")
}

/// Start and end of a cue, which has to last at least a millisecond to be shown.
pub(crate) fn cue_times(start_ms: i64, end_ms: i64, point: char) -> (String, String) {
    let start_ms = start_ms.clamp(0, i64::MAX - 1);
    let end_ms = end_ms.max(start_ms + 1);
    (clock(start_ms, point), clock(end_ms, point))
}

fn clock(ms: i64, point: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{:03}", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Speaker;

    fn transcript(segments: &[(i64, i64, &str, &str)]) -> Transcript {
        let segments = segments.iter().map(|&(start_ms, end_ms, name, text)| Segment {
            id: None,
            start_ms,
            end_ms,
            channel: 0,
            speaker: Speaker {
                name: name.to_owned(),
                ..Speaker::default_for(0, 2)
            },
            text: text.to_owned(),
            words: Vec::new(),
            edited: false,
        });
        Transcript {
            language: Some("en".to_owned()),
            duration_ms: 10_000,
            model: "tiny.en".to_owned(),
            complete: true,
            segments: segments.collect(),
        }
    }

    #[test]
    fn plain_speech_comes_out_in_every_format() {
        let call = transcript(&[
            (1_234, 4_000, "Ann", " Hello there. "),
            (3_725_006, 3_726_000, "Bob", "It's 5 o'clock — ça va?"),
        ]);
        assert_eq!(
            to_vtt(&call),
            "WEBVTT\n\n00:00:01.234 --> 00:00:04.000\n<v Ann>Hello there.\n\
             \n01:02:05.006 --> 01:02:06.000\n<v Bob>It's 5 o'clock — ça va?\n"
        );
        assert_eq!(
            to_srt(&call),
            "1\n00:00:01,234 --> 00:00:04,000\nAnn: Hello there.\n\
             \n2\n01:02:05,006 --> 01:02:06,000\nBob: It's 5 o'clock — ça va?\n"
        );
        assert_eq!(
            to_txt(&call),
            "[00:00:01] Ann: Hello there.\n[01:02:05] Bob: It's 5 o'clock — ça va?\n"
        );
    }

    #[test]
    fn text_can_neither_end_a_cue_nor_pass_for_markup() {
        let odd = "a --> b\r\n\r\n00:00:00.000 --> 99:00:00.000\n<c.red>x</c> & {\\an8}\u{0}\u{85}y";
        let call = transcript(&[(0, 1_000, "A > <v Eve>\n& Co", odd)]);

        let vtt = to_vtt(&call);
        assert_eq!(vtt.matches("-->").count(), 1, "{vtt}");
        assert_eq!(vtt.matches('<').count(), 1, "{vtt}");
        assert_eq!(vtt.lines().count(), 4, "{vtt}");
        assert!(
            vtt.contains("<v A &gt; &lt;v Eve&gt; &amp; Co>a --&gt; b 00:"),
            "{vtt}"
        );

        let dashes = to_vtt(&transcript(&[(0, 1_000, "Ann --", "Yes.")]));
        assert!(dashes.ends_with("<v Ann -- >Yes.\n"), "{dashes}");

        let srt = to_srt(&call);
        assert_eq!(srt.matches("-->").count(), 1, "{srt}");
        assert!(!srt.contains('<') && !srt.contains("{\\"), "{srt}");
        assert_eq!(srt.lines().count(), 3, "{srt}");

        let txt = to_txt(&call);
        assert_eq!(txt.lines().count(), 1, "{txt}");
        assert!(
            txt.contains("<c.red>x</c> & {\\an8} y"),
            "plain text is left as it is: {txt}"
        );
    }

    #[test]
    fn empty_segments_are_left_out_and_times_stay_in_order() {
        let call = transcript(&[(5, 9, "A", " \n"), (-20, -10, "", "x"), (500, 500, "A", "y")]);
        assert_eq!(
            to_srt(&call),
            "1\n00:00:00,000 --> 00:00:00,001\nx\n\n2\n00:00:00,500 --> 00:00:00,501\nA: y\n"
        );
        assert!(to_vtt(&call).contains("\n00:00:00.000 --> 00:00:00.001\nx\n"));
        assert_eq!(to_vtt(&transcript(&[])), "WEBVTT\n");
        assert_eq!(to_txt(&transcript(&[])), "");
    }

    #[test]
    fn calls_longer_than_a_hundred_hours_keep_their_hours() {
        let call = transcript(&[(360_000_000, 360_000_500, "A", "x")]);
        assert!(to_vtt(&call).contains("100:00:00.000 --> 100:00:00.500"));
        // No call is that long, but no number may be too much.
        assert_eq!(
            to_vtt(&transcript(&[(i64::MAX, 0, "A", "x")]))
                .matches("-->")
                .count(),
            1
        );
    }
}
