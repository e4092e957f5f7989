//! Transcripts as VTT, SRT and plain text.
