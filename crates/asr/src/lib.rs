//! The transcriber, whisper, and the model files: get, verify, convert, list.
