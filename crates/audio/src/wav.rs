//! 16-bit PCM in WAV files.

/// Bytes of a WAV header for 16-bit PCM.
pub(crate) const HEADER_BYTES: u64 = 44;

/// Adds a sample, which lies between -1 and 1.
pub(crate) fn push_sample(bytes: &mut Vec<u8>, sample: f32) {
    let sample = (sample * 32_767.0).round() as i16;
    bytes.extend_from_slice(&sample.to_le_bytes());
}

/// A RIFF/WAVE header with the format chunk of plain PCM and the start of the data chunk.
pub(crate) fn header(sample_rate_hz: u32, channels: u16, data_bytes: u32) -> Vec<u8> {
    let frame_bytes = channels.saturating_mul(2);
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    header.extend(b"RIFF");
    header.extend((data_bytes.saturating_add(36)).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16u32.to_le_bytes());
    header.extend(1u16.to_le_bytes());
    header.extend(channels.to_le_bytes());
    header.extend(sample_rate_hz.to_le_bytes());
    header.extend(
        sample_rate_hz
            .saturating_mul(u32::from(frame_bytes))
            .to_le_bytes(),
    );
    header.extend(frame_bytes.to_le_bytes());
    header.extend(16u16.to_le_bytes());
    header.extend(b"data");
    header.extend(data_bytes.to_le_bytes());
    header
}

/// A whole WAV file of samples that lie as they are played: one for each channel, then the next of each. For short sound;
/// what doesn't fit into a header's 4 GB can't be told there.
#[must_use]
pub fn wav_file(sample_rate_hz: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data_bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = header(sample_rate_hz, channels, data_bytes);
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}
