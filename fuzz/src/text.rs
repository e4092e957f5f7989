//! Transcripts with odd text, and queries.

use arbitrary::Arbitrary;
use gametape_core::{
    csv,
    export::TextFormat,
    search::Query,
    transcript::{Segment, Speaker, SpeakerRole, Transcript},
};

/// A transcript of anything.
#[derive(Debug, Arbitrary)]
pub struct Odd {
    segments: Vec<OddSegment>,
}

#[derive(Debug, Arbitrary)]
struct OddSegment {
    start_ms: i64,
    end_ms: i64,
    name: String,
    text: String,
}

/// Writes it in all forms, and reads them back as a player does.
pub fn export(odd: Odd) {
    let mut table = String::new();
    for segment in &odd.segments {
        csv::push_row(&mut table, [segment.name.as_str(), segment.text.as_str()]);
    }
    assert_eq!(read_csv(&table).len(), odd.segments.len(), "{table:?}");
    let segments = odd.segments.into_iter().map(|odd| Segment {
        id: None,
        start_ms: odd.start_ms,
        end_ms: odd.end_ms,
        channel: 0,
        speaker: Speaker {
            role: SpeakerRole::Other,
            name: odd.name,
        },
        text: odd.text,
        words: Vec::new(),
        edited: false,
    });
    let transcript = Transcript {
        language: None,
        duration_ms: 0,
        model: String::new(),
        complete: true,
        segments: segments.collect(),
    };
    let is_blank = |text: &str| text.chars().all(|c| c.is_whitespace() || c.is_control());
    let spoken = transcript
        .segments
        .iter()
        .filter(|it| !is_blank(&it.text))
        .count();

    let vtt = TextFormat::Vtt.render(&transcript);
    let cues = blocks(vtt.strip_prefix("WEBVTT\n").expect("a head"));
    assert_eq!(cues.len(), spoken, "{vtt:?}");
    for cue in &cues {
        let [times, text] = cue[..] else { panic!("{cue:?}") };
        check_times(times, '.');
        assert!(!text.contains("-->"), "{text:?}");
        let spoken = match text.strip_prefix("<v ") {
            Some(rest) => rest.split_once('>').expect("the end of a voice").1,
            None => text,
        };
        assert!(!spoken.contains(['<', '>']), "{text:?}");
    }
    let srt = TextFormat::Srt.render(&transcript);
    let cues = blocks(&srt);
    assert_eq!(cues.len(), spoken, "{srt:?}");
    for (index, cue) in cues.iter().enumerate() {
        let [number, times, text] = cue[..] else {
            panic!("{cue:?}")
        };
        assert_eq!(number, (index + 1).to_string());
        check_times(times, ',');
        assert!(
            !text.contains("-->") && !text.contains(['<', '>']) && !text.contains("{\\"),
            "{text:?}"
        );
    }
    assert_eq!(TextFormat::Txt.render(&transcript).lines().count(), spoken);
}

/// Groups of lines between empty ones. Players end lines at more than one sign.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text
        .split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
        .collect();
    let groups = lines.split(|line| line.is_empty());
    groups
        .filter(|group| !group.is_empty())
        .map(<[&str]>::to_vec)
        .collect()
}

fn check_times(line: &str, point: char) {
    let (start, end) = line.split_once(" --> ").expect("an arrow");
    let ms = |text: &str| {
        let (rest, millis) = text.split_once(point).expect("a point");
        assert_eq!(millis.len(), 3, "{text}");
        let mut seconds: i128 = 0;
        for part in rest.split(':') {
            assert!(part.len() >= 2, "{text}");
            seconds = seconds * 60 + part.parse::<i128>().expect("a number");
        }
        seconds * 1_000 + millis.parse::<i128>().expect("a number")
    };
    assert!(ms(start) < ms(end), "{line}");
}

/// Rows of a table (RFC 4180).
fn read_csv(table: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut rest = table.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {
                rest.next();
                row.push(std::mem::take(&mut field));
                assert_eq!(row.len(), 2, "{row:?}");
                for field in &row {
                    assert!(
                        !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
                        "{field:?}"
                    );
                }
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && field.is_empty(), "{table:?}");
    rows
}

/// Reads a query and looks for it in a text.
pub fn search(query: &str, text: &str, max_chars: u8) {
    let Ok(query) = Query::parse(query) else { return };
    assert!(!query.wanted().is_empty());
    for term in query.wanted().iter().chain(query.unwanted()) {
        assert!(!term.words.is_empty(), "{term:?}");
        // They end up between quotes in the engines' own languages.
        assert!(
            term.words
                .iter()
                .all(|word| word.chars().all(char::is_alphanumeric)),
            "{term:?}"
        );
    }
    let found = query.matches(text);
    let parts = query.excerpt(text, usize::from(max_chars));
    let shown: String = parts.iter().map(|part| part.text.as_str()).collect();
    let inside = shown.strip_prefix('…').unwrap_or(&shown);
    assert!(
        text.contains(inside) || text.contains(inside.strip_suffix('…').unwrap_or(inside)) || shown == text,
        "{shown:?} is no part of {text:?}"
    );
    if found && !text.is_empty() {
        assert!(!parts.is_empty());
    }
}
