//! The waveform of a call.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_audio::Peaks;
use gametape_core::id::CallId;
use gametape_media::{MediaError, MediaKey};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{not_ready, recording};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Json, Query},
    problem::{Problem, Result},
};

/// A form of the waveform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PeaksFormat)]
pub(super) enum Format {
    /// As `audiowaveform` writes it.
    Json,
    /// As it is stored.
    Binary,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Form; JSON unless given or Accept says `application/octet-stream`.
    #[param(inline)]
    format: Option<Format>,
}

/// The lowest and highest sample of every stretch, in the JSON form of `audiowaveform`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Peaks)]
pub(super) struct PeaksView {
    /// Version of the format: 2.
    version: u32,
    /// Channels, interleaved in `data`.
    channels: usize,
    /// Sample rate that `samples_per_pixel` counts in.
    sample_rate: u32,
    /// Samples in a point.
    samples_per_pixel: u32,
    /// Bits of a value: 8.
    bits: u32,
    /// Points for each channel.
    length: usize,
    /// For every point, for every channel: lowest, highest.
    data: Vec<i8>,
}

/// The waveform of a call.
#[utoipa::path(
    get, path = "/calls/{id}/peaks", operation_id = "getPeaks", tag = "calls",
    params(("id" = String, Path, description = "Id of the call"), Wanted),
    responses((status = 200, content((PeaksView = "application/json"), (Vec<u8> = "application/octet-stream"))))
)]
pub(super) async fn peaks(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response> {
    let (_, recording) = recording(&state, &current, &id).await?;
    let stored = state
        .media
        .get(&MediaKey::recording_peaks(&recording.id))
        .await
        .map_err(|error| match error {
            MediaError::NotFound { .. } => not_ready("the waveform has not been drawn yet"),
            other => other.into(),
        })?;
    let binary = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept == "application/octet-stream");
    let format = wanted
        .format
        .unwrap_or(if binary { Format::Binary } else { Format::Json });
    let mut response = match format {
        Format::Binary => stored.into_response(),
        Format::Json => {
            let json = Peaks::from_bytes(&stored)
                .map_err(|error| Problem::internal(&error))?
                .to_json();
            Json(PeaksView {
                version: json.version,
                channels: json.channels,
                sample_rate: json.sample_rate,
                samples_per_pixel: json.samples_per_pixel,
                bits: json.bits,
                length: json.length,
                data: json.data,
            })
            .into_response()
        }
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}
