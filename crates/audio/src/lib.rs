//! Decode, resample, speech detection, peaks and clips: pure and synchronous.
