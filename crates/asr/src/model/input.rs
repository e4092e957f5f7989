//! Reading binary files that nobody vouches for.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::ModelError;

/// A file read in little-endian pieces. Every piece is held against the file's length before memory is
/// taken for it, so that a lying length costs an error and no more.
#[derive(Debug)]
pub(super) struct Input {
    reader: BufReader<File>,
    path: PathBuf,
    len: u64,
    at: u64,
}

impl Input {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let file = File::open(path).map_err(ModelError::io("open", path))?;
        let meta = file.metadata().map_err(ModelError::io("read", path))?;
        if !meta.is_file() {
            return Err(ModelError::malformed(path, "it is not a regular file"));
        }
        let reader = BufReader::with_capacity(1 << 16, file);
        Ok(Self {
            reader,
            path: path.to_owned(),
            len: meta.len(),
            at: 0,
        })
    }

    /// Length of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes read or skipped so far.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes left.
    pub(super) fn remaining(&self) -> u64 {
        self.len - self.at
    }

    pub(super) fn malformed(&self, detail: impl Into<String>) -> ModelError {
        ModelError::malformed(&self.path, detail)
    }

    /// Fails unless the next `size_bytes` are there.
    fn need(&self, size_bytes: u64, what: &str) -> Result<(), ModelError> {
        if size_bytes <= self.remaining() {
            return Ok(());
        }
        Err(self.malformed(format!(
            "it ends at byte {} within {what}, which needs {size_bytes} bytes from byte {} on; is it cut?",
            self.len, self.at
        )))
    }

    pub(super) fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<(), ModelError> {
        self.need(buffer.len() as u64, what)?;
        self.reader
            .read_exact(buffer)
            .map_err(ModelError::io("read", &self.path))?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ModelError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub(super) fn u8(&mut self, what: &str) -> Result<u8, ModelError> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(super) fn u16(&mut self, what: &str) -> Result<u16, ModelError> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// A piece of text of a declared length.
    pub(super) fn text(&mut self, size_bytes: u64, what: &str) -> Result<String, ModelError> {
        self.need(size_bytes, what)?;
        let mut bytes = vec![0; size_bytes as usize];
        self.fill(&mut bytes, what)?;
        String::from_utf8(bytes).map_err(|_utf8| self.malformed(format!("{what} is not UTF-8")))
    }

    pub(super) fn skip(&mut self, size_bytes: u64, what: &str) -> Result<(), ModelError> {
        self.need(size_bytes, what)?;
        self.seek(self.at + size_bytes)
    }

    /// Goes to a position that lies within the file.
    pub(super) fn seek(&mut self, to: u64) -> Result<(), ModelError> {
        let by = i64::try_from(to)
            .ok()
            .zip(i64::try_from(self.at).ok())
            .map(|(to, at)| to - at);
        let moved = match by {
            Some(by) => self.reader.seek_relative(by),
            None => self.reader.seek(SeekFrom::Start(to)).map(drop),
        };
        moved.map_err(ModelError::io("read", &self.path))?;
        self.at = to;
        Ok(())
    }
}
