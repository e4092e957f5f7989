//! Clips: a range of a recording as a WAV file of its own.

use std::io::{Seek, SeekFrom, Write};

use crate::{
    AudioError, Decoder, Result, Source,
    wav::{HEADER_BYTES, header, push_sample},
};

/// Writes the sound from `start_ms` to `end_ms` as 16-bit PCM WAV with the recording's own rate and channels.
/// A range that reaches behind the end gives what is there; one without any sound is an error. Writing starts
/// at `out`'s position 0.
pub fn cut_clip(
    source: Source,
    filename: Option<&str>,
    start_ms: i64,
    end_ms: i64,
    out: &mut (impl Write + Seek),
) -> Result<()> {
    let outside = || AudioError::InvalidRange { start_ms, end_ms };
    if start_ms < 0 || end_ms <= start_ms {
        return Err(outside());
    }
    let mut decoder = Decoder::open(source, filename)?;
    decoder.seek_ms(start_ms)?;
    let rate = u64::from(decoder.info().sample_rate_hz);
    let frame_at = |ms: i64| (u128::from(ms as u64) * u128::from(rate) / 1000) as u64;
    let (start, end) = (frame_at(start_ms), frame_at(end_ms));
    let mut written: u64 = 0;
    let mut channels = 0;
    let mut bytes = Vec::new();
    while let Some(block) = decoder.next_block()? {
        if block.start_frame >= end {
            break;
        }
        channels = block.channels.len() as u64;
        // WAV counts bytes in 32 bits.
        let room = (u64::from(u32::MAX) - HEADER_BYTES - written) / (2 * channels.max(1));
        let last = (end - block.start_frame).min(block.frames() as u64);
        let first = start.saturating_sub(block.start_frame).min(last);
        if first == last {
            continue;
        }
        if written == 0 {
            out.seek(SeekFrom::Start(0))?;
            out.write_all(&header(rate as u32, channels as u16, 0))?;
        }
        bytes.clear();
        for frame in first..last.min(first + room) {
            for channel in &block.channels {
                push_sample(&mut bytes, channel[frame as usize]);
            }
        }
        out.write_all(&bytes)?;
        written += bytes.len() as u64;
    }
    if written == 0 {
        return Err(outside());
    }
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&header(rate as u32, channels as u16, written as u32))?;
    out.seek(SeekFrom::End(0))?;
    out.flush()?;
    Ok(())
}
