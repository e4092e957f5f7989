//! Writing files whole or not at all, and hashing them.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{ModelError, Progress, Step};

/// SHA-256 of a file, in hex.
pub(super) fn hash_file(path: &Path, progress: &dyn Progress) -> Result<String, ModelError> {
    let failed = || ModelError::io("read", path);
    let mut file = File::open(path).map_err(ModelError::io("open", path))?;
    let total = file.metadata().map_err(failed())?.len();
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed()(e)),
        };
        hasher.update(&buffer[..read]);
        done += read as u64;
        progress.bytes(Step::Check, done, total);
    }
    Ok(hex::encode(hasher.finalize()))
}

/// A file in the making: it lies beside its destination under a temporary name, is hashed as it is
/// written, and vanishes unless it is published.
pub(super) struct Draft {
    file: BufWriter<NamedTempFile>,
    hasher: Sha256,
    size_bytes: u64,
}

impl Draft {
    /// Starts a file that will be at `target`, whose folder is made if need be.
    pub(super) fn new(target: &Path) -> Result<Self, ModelError> {
        let folder = folder_of(target);
        fs::create_dir_all(folder).map_err(ModelError::io("create", folder))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".model-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let file = builder
            .tempfile_in(folder)
            .map_err(ModelError::io("write into", folder))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, file),
            hasher: Sha256::new(),
            size_bytes: 0,
        })
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        match self.file.write_all(bytes) {
            Ok(()) => Ok(()),
            Err(e) => Err(ModelError::io("write", self.file.get_ref().path())(e)),
        }
    }

    /// Bytes written.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Ends writing; gives the SHA-256 in hex.
    pub(super) fn finish(self) -> Result<(Finished, String), ModelError> {
        let path = self.file.get_ref().path().to_owned();
        let failed = || ModelError::io("write", &path);
        let file = self.file.into_inner().map_err(|e| failed()(e.into_error()))?;
        file.as_file().sync_all().map_err(failed())?;
        Ok((Finished(file), hex::encode(self.hasher.finalize())))
    }
}

/// A complete file that is not yet in its place.
pub(super) struct Finished(NamedTempFile);

impl Finished {
    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts it in its place, in one step, over whatever is there.
    pub(super) fn publish(self, target: &Path) -> Result<(), ModelError> {
        self.0
            .persist(target)
            .map_err(|e| ModelError::io("write", target)(e.error))?;
        // The name is durable only once the folder is.
        let folder = folder_of(target);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(ModelError::io("write into", folder))
    }
}

/// The folder a file lies in.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
