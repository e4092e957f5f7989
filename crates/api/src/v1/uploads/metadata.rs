//! `Upload-Metadata`: pairs of a key and a Base64 value, separated by commas.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;

use super::UPLOAD_METADATA;
use crate::{
    problem::{Code, Problem, Result},
    validate,
};

const MAX_BYTES: usize = 4_096;

/// What the client says about its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// As it came, to be handed back by `HEAD`.
    pub(super) text: String,
    /// The file's name.
    pub(super) filename: String,
}

impl Metadata {
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self> {
        let invalid = || {
            Problem::new(
                Code::InvalidRequest,
                "Upload-Metadata must be keys and Base64 values, as tus says",
            )
        };
        let text = match headers.get(UPLOAD_METADATA) {
            Some(value) => value.to_str().ok().ok_or_else(invalid)?,
            None => "",
        };
        if text.len() > MAX_BYTES {
            return Err(Problem::new(
                Code::InvalidRequest,
                format!("Upload-Metadata is over {MAX_BYTES} bytes"),
            ));
        }
        let mut filename = None;
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = BASE64_STANDARD.decode(value.trim()).ok().ok_or_else(invalid)?;
            // Uppy calls it name, tus-js-client's examples filename.
            if key == "filename" || (key == "name" && filename.is_none()) {
                filename = Some(String::from_utf8_lossy(&value).into_owned());
            }
        }
        Ok(Self {
            text: text.to_owned(),
            filename: validate::filename(&filename.unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Metadata> {
        let mut headers = HeaderMap::new();
        headers.insert(UPLOAD_METADATA, value.parse().unwrap());
        Metadata::from_headers(&headers)
    }

    #[test]
    fn the_filename_is_found() {
        let encoded = BASE64_STANDARD.encode("folder/Änderung.wav");
        assert_eq!(
            read(&format!("a,filename {encoded},b eA==")).unwrap().filename,
            "Änderung.wav"
        );
        assert_eq!(read("name eC5tcDM=").unwrap().filename, "x.mp3");
        assert_eq!(read("is_confidential").unwrap().filename, "recording");
        assert_eq!(
            Metadata::from_headers(&HeaderMap::new()).unwrap().filename,
            "recording"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(read("filename !!").is_err());
        assert!(read(&"x".repeat(5_000)).is_err());
    }
}
