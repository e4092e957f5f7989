//! What kind of file it is, from its own bytes: names and browsers' claims are not trusted.

use std::io;

use crate::Source;

/// Bytes at the start that are looked at.
const HEAD_BYTES: usize = 4096;
/// `ID3v2` tags in front of each other that are passed over before giving up.
const MAX_TAGS: usize = 8;

/// Containers that are told apart by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Wav,
    Flac,
    Ogg,
    Mp4,
    Matroska {
        webm: bool,
    },
    /// Bare MPEG audio frames, or something that only a closer search can tell.
    Unmarked,
}

/// Where the media starts and what it is.
pub(crate) struct Sniffed {
    pub(crate) container: Container,
    /// Offset of the first byte behind `ID3v2` tags, which hold pictures of any size and no sound.
    pub(crate) media_start: u64,
}

/// Looks at the first bytes.
pub(crate) fn sniff(source: &mut Source) -> io::Result<Sniffed> {
    let mut media_start = 0;
    let mut head = source.read_at(0, HEAD_BYTES)?;
    for _ in 0..MAX_TAGS {
        let Some(len) = id3v2_len(&head) else { break };
        media_start += len;
        head = source.read_at(media_start, HEAD_BYTES)?;
    }
    Ok(Sniffed {
        container: container_of(&head),
        media_start,
    })
}

/// Length in bytes of the `ID3v2` tag that `head` starts with (<https://id3.org/id3v2.4.0-structure>, 3.1).
fn id3v2_len(head: &[u8]) -> Option<u64> {
    let header: [u8; 10] = head.get(..10)?.try_into().ok()?;
    let size = &header[6..10];
    if &header[..3] != b"ID3" || header[3] == 0xff || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let body = size.iter().fold(0u64, |sum, byte| sum << 7 | u64::from(*byte));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    Some(10 + body + footer)
}

/// Whether a Matroska file is shorter than its segment claims to be (RFC 8794 has the encoding of sizes).
pub(crate) fn is_cut_matroska(source: &mut Source, start: u64) -> io::Result<bool> {
    let head = source.read_at(start, HEAD_BYTES)?;
    let claimed_len = ebml_size(&head, 4).and_then(|(header_body, header_len)| {
        let segment = 4 + header_len + usize::try_from(header_body).ok()?;
        let is_segment = head.get(segment..)?.starts_with(&[0x18, 0x53, 0x80, 0x67]);
        let (body, len) = ebml_size(&head, segment + 4)?;
        is_segment.then_some((segment + 4 + len) as u64 + body)
    });
    Ok(claimed_len.is_some_and(|claimed| claimed > source.len_bytes() - start))
}

/// Value and length of the size at `offset`; `None` for the unknown size of live streams.
fn ebml_size(bytes: &[u8], offset: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(offset)?;
    let len = first.leading_zeros() as usize + 1;
    let rest = bytes.get(offset + 1..offset + len)?;
    let marked = rest
        .iter()
        .fold(u64::from(first), |value, byte| value << 8 | u64::from(*byte));
    let value = marked & !(1 << (7 * len));
    (len <= 8 && value != (1 << (7 * len)) - 1).then_some((value, len))
}

fn container_of(head: &[u8]) -> Container {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"RIFF") && at(8, b"WAVE") {
        Container::Wav
    } else if at(0, b"fLaC") {
        Container::Flac
    } else if at(0, b"OggS") {
        Container::Ogg
    } else if at(4, b"ftyp") {
        Container::Mp4
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Container::Matroska {
            webm: head.windows(4).take(256).any(|window| window == b"webm"),
        }
    } else {
        Container::Unmarked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(bytes: &[u8]) -> Sniffed {
        sniff(&mut Source::from_bytes(bytes)).unwrap()
    }

    #[test]
    fn tags_in_front_are_passed_over() {
        let mut bytes = b"ID3\x04\x00\x00\x00\x00\x01\x02".to_vec();
        bytes.extend(vec![0; 130]);
        bytes.extend(b"fLaC");
        let found = sniffed(&bytes);
        assert_eq!((found.container, found.media_start), (Container::Flac, 140));
    }

    #[test]
    fn a_tag_that_claims_more_than_the_file_holds_leaves_nothing() {
        let found = sniffed(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f");
        assert_eq!(found.container, Container::Unmarked);
    }

    #[test]
    fn sizes_of_matroska_elements_are_read() {
        assert_eq!(ebml_size(&[0x81], 0), Some((1, 1)));
        assert_eq!(ebml_size(&[0, 0x40, 0x02], 1), Some((2, 2)));
        assert_eq!(ebml_size(&[0x01, 0, 0, 0, 0, 0, 1, 0], 0), Some((256, 8)));
        assert_eq!(
            ebml_size(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0),
            None
        );
        assert_eq!(ebml_size(&[0xff], 0), None);
        assert_eq!(ebml_size(&[0x40], 0), None);
        assert_eq!(ebml_size(&[0; 16], 0), None);
    }

    #[test]
    fn containers_are_known_by_content() {
        assert_eq!(sniffed(b"RIFF\0\0\0\0WAVEfmt ").container, Container::Wav);
        assert_eq!(sniffed(b"RIFF\0\0\0\0AVI LIST").container, Container::Unmarked);
        assert_eq!(sniffed(b"\0\0\0\x20ftypM4A ").container, Container::Mp4);
        assert_eq!(sniffed(b"PK\x03\x04").container, Container::Unmarked);
    }
}
