//! The parts of an MP4 that the demuxer leaves out and that shift times: edit lists
//! (ISO/IEC 14496-12, 8.6.6). They say how many samples of encoder delay to drop at the start and whether
//! the sound begins later than the picture.

use std::{collections::HashMap, io};

use crate::Source;

/// A `moov` box is read into memory up to this size; three hours of video need about 10 MB.
const MAX_MOOV_BYTES: u64 = 32 * 1024 * 1024;
/// Longest edit that is believed: a year.
const MAX_EDIT_MS: i128 = 366 * 24 * 3600 * 1000;
/// Longest claim of a cut box that is believed.
const MAX_CLAIM_BYTES: u64 = 1 << 46;
/// Boxes looked at on the top level before giving up.
const MAX_TOP_LEVEL_BOXES: usize = 4096;

/// How a track's media maps to the time that a player shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Media time at which playing starts, in the track's time scale.
    pub(crate) media_start: i64,
    /// Silence before it, in milliseconds.
    pub(crate) delay_ms: i64,
    /// Length played, in milliseconds; `None` if not stated.
    pub(crate) played_ms: Option<i64>,
}

/// What is known about the movie.
#[derive(Debug, Default)]
pub(crate) struct Movie {
    /// Edits by track id.
    pub(crate) edits: HashMap<u32, Edit>,
    /// Whether one of the tracks is a picture.
    pub(crate) has_video: bool,
    /// Where the last box claims to end, if that is behind the end of the file. The demuxer passes over a
    /// box that it knows to be cut, with all the sound in it.
    pub(crate) claimed_end: Option<u64>,
}

/// Reads edits and track kinds. A file that makes no sense here gives an empty answer: the demuxer, which
/// reads it next, reports what is wrong.
pub(crate) fn read_movie(source: &mut Source, start: u64) -> io::Result<Movie> {
    let mut movie = Movie::default();
    let mut position = start;
    for _ in 0..MAX_TOP_LEVEL_BOXES {
        let left = source.len_bytes().saturating_sub(position);
        let head = source.read_at(position, 16)?;
        let Some((kind, header_len, len)) = box_header(&head, left) else {
            if let Some((_, _, len)) = box_header(&head, MAX_CLAIM_BYTES) {
                movie.claimed_end = Some(position + len);
            }
            break;
        };
        if &kind == b"moov" {
            if len > MAX_MOOV_BYTES {
                break;
            }
            let body = source.read_at(position + header_len, (len - header_len) as usize)?;
            movie = parse_moov(&body);
        }
        position += len;
    }
    Ok(movie)
}

/// Kind, header length and whole length of the box that `bytes` start with; `available` bounds the length.
fn box_header(bytes: &[u8], available: u64) -> Option<([u8; 4], u64, u64)> {
    let short = u64::from(u32_at(bytes, 0)?);
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let (header_len, len) = match short {
        0 => (8, available),
        1 => (
            16,
            u64::from(u32_at(bytes, 8)?) << 32 | u64::from(u32_at(bytes, 12)?),
        ),
        len => (8, len),
    };
    (len >= header_len && len <= available).then_some((kind, header_len, len))
}

/// The boxes inside `bytes`: kind and body.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, header_len, len) = box_header(bytes, bytes.len() as u64)?;
        let (this, rest) = bytes.split_at(len as usize);
        bytes = rest;
        Some((kind, &this[header_len as usize..]))
    })
}

fn find(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes).find_map(|(kind, body)| (kind == wanted).then_some(body))
}

fn parse_moov(moov: &[u8]) -> Movie {
    let movie_scale = find(moov, *b"mvhd").and_then(time_scale).unwrap_or(1000);
    let mut movie = Movie::default();
    for (kind, trak) in boxes(moov) {
        if &kind != b"trak" {
            continue;
        }
        let handler = find(trak, *b"mdia").and_then(|mdia| find(mdia, *b"hdlr"));
        movie.has_video |= handler.and_then(|hdlr| hdlr.get(8..12)) == Some(b"vide");
        let id =
            find(trak, *b"tkhd").and_then(|tkhd| u32_at(tkhd, if version(tkhd)? == 1 { 20 } else { 12 }));
        let edits = find(trak, *b"edts").and_then(|edts| find(edts, *b"elst"));
        if let (Some(id), Some(elst)) = (id, edits) {
            movie
                .edits
                .extend(parse_elst(elst, movie_scale).map(|edit| (id, edit)));
        }
    }
    movie
}

/// The first edit that plays something, with the empty edits before it as a delay. `None` where the list
/// does more than that (cuts, repeats, speeds), which recorders do not do.
fn parse_elst(elst: &[u8], movie_scale: u32) -> Option<Edit> {
    let wide = version(elst)? == 1;
    let count = u32_at(elst, 4)?.min(64) as usize;
    let entry_len = if wide { 20 } else { 12 };
    let to_ms = |ticks: i64| {
        let ms = i128::from(ticks) * 1000 / i128::from(movie_scale.max(1));
        ms.clamp(0, MAX_EDIT_MS) as i64
    };
    let mut edit = Edit::default();
    for index in 0..count {
        let entry = elst.get(8 + index * entry_len..)?;
        let (duration, media_start) = if wide {
            (i64_at(entry, 0)?, i64_at(entry, 8)?)
        } else {
            // Durations are unsigned, start times signed: -1 marks an empty edit.
            (i64::from(u32_at(entry, 0)?), i64::from(u32_at(entry, 4)? as i32))
        };
        if media_start < 0 {
            edit.delay_ms = to_ms(duration).saturating_add(edit.delay_ms);
            continue;
        }
        edit.media_start = media_start;
        edit.played_ms = (duration > 0 && index + 1 == count).then(|| to_ms(duration));
        return Some(edit);
    }
    None
}

fn version(full_box: &[u8]) -> Option<u8> {
    full_box.first().copied()
}

fn time_scale(header: &[u8]) -> Option<u32> {
    u32_at(header, if version(header)? == 1 { 20 } else { 12 })
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(offset..offset + 4)?.try_into().ok()?,
    ))
}

fn i64_at(bytes: &[u8], offset: usize) -> Option<i64> {
    Some(i64::from_be_bytes(
        bytes.get(offset..offset + 8)?.try_into().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elst(entries: &[(u32, i32)]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0];
        bytes.extend((entries.len() as u32).to_be_bytes());
        for (duration, start) in entries {
            bytes.extend(duration.to_be_bytes());
            bytes.extend(start.to_be_bytes());
            bytes.extend([0, 1, 0, 0]);
        }
        bytes
    }

    #[test]
    fn encoder_delay_and_late_start_are_read() {
        let edit = parse_elst(&elst(&[(500, -1), (60_000, 1024)]), 1000);
        assert_eq!(
            edit,
            Some(Edit {
                media_start: 1024,
                delay_ms: 500,
                played_ms: Some(60_000)
            })
        );
    }

    #[test]
    fn cut_and_lying_lists_are_no_edit() {
        let mut cut = elst(&[(500, 1024)]);
        cut.truncate(14);
        assert_eq!(parse_elst(&cut, 1000), None);
        let mut lying = elst(&[]);
        lying[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(parse_elst(&lying, 0), None);
    }

    #[test]
    fn boxes_with_nonsense_lengths_end_the_walk() {
        assert_eq!(boxes(&[0, 0, 0, 4, b'f', b'r', b'e', b'e']).count(), 0);
        assert_eq!(boxes(&[0xff; 64]).count(), 0);
        assert_eq!(boxes(&[0, 0, 0, 8, b'f', b'r', b'e', b'e']).count(), 1);
    }
}
