//! Opens a container and chooses the track to listen to.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use symphonia::{
    core::{
        audio::Channels,
        codecs::{
            CodecParameters,
            audio::{
                AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO,
                well_known as id,
            },
            registry::CodecRegistry,
        },
        errors::Error,
        formats::{
            FormatOptions, FormatReader, Track,
            probe::{Hint, Probe, ProbeOptions},
        },
        io::{MediaSourceStream, MediaSourceStreamOptions},
        meta::MetadataOptions,
    },
    default::{
        formats::{AdtsReader, MpaReader},
        register_enabled_codecs, register_enabled_formats,
    },
};
use symphonia_adapter_libopus::OpusDecoder;

use crate::{
    AudioError, Result, Source,
    container::Container,
    source::{End, Watch},
};

/// Bytes searched for the first frame of a stream without a mark of its own. Players write some junk in
/// front; what has no frame in here is something else.
const MAX_SEARCH_BYTES: u32 = 64 * 1024;
/// More channels than any call recorder writes; hostile headers claim thousands.
const MAX_CHANNELS: usize = 32;
/// Sample rates that make sense for speech.
const SAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Rate that Opus decodes to and counts at.
const OPUS_RATE_HZ: u32 = 48_000;
/// Largest packet of raw samples that a decoder may prepare for.
const MAX_FRAMES_PER_PACKET: u64 = 65_536;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<OpusDecoder>();
    codecs
});

static MARKED: LazyLock<Probe> = LazyLock::new(|| {
    let mut probe = Probe::new_with_options(&ProbeOptions {
        max_probe_depth: 64,
        ..ProbeOptions::default()
    });
    register_enabled_formats(&mut probe);
    probe
});

static UNMARKED: LazyLock<Probe> = LazyLock::new(|| {
    let options = ProbeOptions {
        max_probe_depth: MAX_SEARCH_BYTES,
        ..ProbeOptions::default()
    };
    let mut probe = Probe::new_with_options(&options);
    probe.register_format::<MpaReader<'_>>();
    probe.register_format::<AdtsReader<'_>>();
    probe
});

/// A track that can be decoded, and its decoder.
pub(crate) struct Chosen {
    pub(crate) track: Track,
    pub(crate) params: AudioCodecParameters,
    pub(crate) decoder: Box<dyn AudioDecoder>,
    pub(crate) codec: &'static str,
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: usize,
    /// Frames at 48 kHz that an Opus decoder has to drop at the start (RFC 7845, 4.2), 0 for other codecs.
    pub(crate) opus_pre_skip: u16,
}

/// Runs a call into the demuxer or a codec. They are safe Rust and still may panic on hostile bytes (index,
/// overflow); such a recording is damaged, and the worker and its other recordings go on. What a panic left
/// behind is dropped with the decoder, so looking at it again is out of question.
pub(crate) fn guarded<T>(
    watch: &Watch,
    call: impl FnOnce() -> symphonia::core::errors::Result<T>,
) -> Result<symphonia::core::errors::Result<T>> {
    let outcome = catch_unwind(AssertUnwindSafe(call));
    if let Some(error) = watch.take_error() {
        return Err(AudioError::Io(error));
    }
    if let Some(reason) = watch.exhausted() {
        return Err(AudioError::damaged(reason));
    }
    outcome.map_err(|_panic| AudioError::damaged("a decoder gave up on it"))
}

/// Opens the container behind `media_start`.
pub(crate) fn open_container(
    source: Source,
    container: Container,
    media_start: u64,
    end: End,
) -> Result<(Box<dyn FormatReader>, Watch)> {
    let (watched, watch) = source.watched(media_start, end)?;
    let stream = MediaSourceStream::new(Box::new(watched), MediaSourceStreamOptions::default());
    let probe = if container == Container::Unmarked {
        &*UNMARKED
    } else {
        &*MARKED
    };
    let opened = guarded(&watch, || {
        probe.probe(
            &Hint::new(),
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
    })?;
    let reader = opened.map_err(|error| refusal(error, container))?;
    watch.progressed();
    Ok((reader, watch))
}

/// Why a container could not be opened.
fn refusal(error: Error, container: Container) -> AudioError {
    if container == Container::Unmarked {
        return AudioError::NotMedia;
    }
    match error {
        // The only thing a well-marked WAV can lack is a known codec: ADPCM, GSM and the like.
        Error::Unsupported(what) if container == Container::Wav && what.contains("format") => {
            AudioError::UnknownCodec {
                codec: what.to_owned(),
            }
        }
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            AudioError::damaged("it ends before the sound begins")
        }
        Error::ResetRequired | Error::SeekError(_) | Error::IoError(_) => {
            AudioError::damaged("its header makes no sense")
        }
        Error::DecodeError(what) | Error::Unsupported(what) | Error::LimitError(what) => {
            AudioError::damaged(what)
        }
        _ => AudioError::damaged("its header makes no sense"),
    }
}

/// The first audio track that can be decoded.
pub(crate) fn choose_track(tracks: &[Track], watch: &Watch) -> Result<Chosen> {
    let mut refused = None;
    for track in tracks {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            continue;
        };
        match open_decoder(track, params, watch) {
            Ok(chosen) => return Ok(chosen),
            Err(error @ AudioError::Io(_)) => return Err(error),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or(AudioError::NoAudioTrack))
}

fn open_decoder(track: &Track, params: &AudioCodecParameters, watch: &Watch) -> Result<Chosen> {
    let mut params = params.clone();
    let codec = codec_name(params.codec);
    let unknown = |detail: &str| AudioError::UnknownCodec {
        codec: format!("{codec}: {detail}"),
    };
    if params.codec == CODEC_ID_NULL_AUDIO {
        return Err(AudioError::UnknownCodec {
            codec: "unknown codec".to_owned(),
        });
    }
    let mut opus_pre_skip = 0;
    if params.codec == id::CODEC_ID_OPUS {
        // The adapter would drop these by itself, and only as many as one packet holds. The timeline does it
        // for every format in one place.
        let head = params.extra_data.take().unwrap_or_default();
        // Matroska states the rate of what was recorded. Opus itself counts at 48 kHz, whatever is stated.
        params.sample_rate = Some(OPUS_RATE_HZ);
        opus_pre_skip = head
            .get(10..12)
            .map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    }
    params.max_frames_per_packet = params
        .max_frames_per_packet
        .map(|frames| frames.min(MAX_FRAMES_PER_PACKET));
    if params
        .channels
        .as_ref()
        .is_some_and(|channels| channels.count() > MAX_CHANNELS)
    {
        return Err(unknown("more than 32 channels"));
    }
    let made = guarded(watch, || {
        CODECS.make_audio_decoder(&params, &AudioDecoderOptions::default())
    })?;
    let decoder = made.map_err(|error| unknown(&error.to_string()))?;
    let known = decoder.codec_params();
    let sample_rate_hz = known.sample_rate.or(params.sample_rate).unwrap_or(0);
    let channels = known
        .channels
        .as_ref()
        .or(params.channels.as_ref())
        .map_or(0, Channels::count);
    if !SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
        return Err(unknown(&format!("{sample_rate_hz} samples a second")));
    }
    if channels > MAX_CHANNELS {
        return Err(unknown("more than 32 channels"));
    }
    Ok(Chosen {
        track: track.clone(),
        params,
        decoder,
        codec,
        sample_rate_hz,
        channels,
        opus_pre_skip,
    })
}

fn codec_name(codec: AudioCodecId) -> &'static str {
    match codec {
        id::CODEC_ID_MP3 => "mp3",
        id::CODEC_ID_MP2 => "mp2",
        id::CODEC_ID_MP1 => "mp1",
        id::CODEC_ID_AAC => "aac",
        id::CODEC_ID_ALAC => "alac",
        id::CODEC_ID_FLAC => "flac",
        id::CODEC_ID_VORBIS => "vorbis",
        id::CODEC_ID_OPUS => "opus",
        id::CODEC_ID_PCM_ALAW => "pcm_alaw",
        id::CODEC_ID_PCM_MULAW => "pcm_mulaw",
        id::CODEC_ID_AC3 => "ac3",
        id::CODEC_ID_EAC3 => "eac3",
        id::CODEC_ID_SPEEX => "speex",
        _ => CODECS
            .get_audio_decoder(codec)
            .map_or("unknown codec", |known| known.codec.info.short_name),
    }
}

/// The media type of what was opened.
pub(crate) fn content_type(container: Container, codec: &str, has_video: bool) -> &'static str {
    match (container, has_video) {
        (Container::Wav, _) => "audio/wav",
        (Container::Flac, _) => "audio/flac",
        (Container::Ogg, _) => "audio/ogg",
        (Container::Mp4, false) => "audio/mp4",
        (Container::Mp4, true) => "video/mp4",
        (Container::Matroska { webm: true }, false) => "audio/webm",
        (Container::Matroska { webm: true }, true) => "video/webm",
        (Container::Matroska { webm: false }, false) => "audio/x-matroska",
        (Container::Matroska { webm: false }, true) => "video/x-matroska",
        (Container::Unmarked, _) if codec == "aac" => "audio/aac",
        (Container::Unmarked, _) => "audio/mpeg",
    }
}
