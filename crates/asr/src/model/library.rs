//! The folder that models live in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    CATALOGUE, Description, Entry, ModelError, Progress, catalogue,
    files::{Draft, hash_file},
    inspect,
};

/// Longest record that is read.
const MAX_SIDECAR_BYTES: u64 = 64 << 10;

/// The record beside a model, `ggml-NAME.json`: what it is and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sidecar {
    name: String,
    sha256: String,
    source: String,
    license: Option<String>,
}

impl Sidecar {
    pub(super) fn new(name: &str, sha256: &str, source: &str, license: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            sha256: sha256.to_owned(),
            source: source.to_owned(),
            license: license.map(str::to_owned),
        }
    }

    /// Writes it beside a model.
    pub(super) fn write(&self, model: &Path) -> Result<(), ModelError> {
        let path = model.with_file_name(sidecar_name(model));
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(std::io::Error::from)
            .map_err(ModelError::io("write", &path))?;
        text.push(b'\n');
        let mut draft = Draft::new(&path)?;
        draft.write(&text)?;
        draft.finish()?.0.publish(&path)
    }

    /// The one beside a model, if there is one.
    fn read(model: &Path) -> Result<Option<Self>, ModelError> {
        let path = model.with_file_name(sidecar_name(model));
        let Ok(meta) = fs::metadata(&path) else {
            return Ok(None);
        };
        if meta.len() > MAX_SIDECAR_BYTES {
            return Err(ModelError::malformed(
                &path,
                "it is far too long for a model's record",
            ));
        }
        let text = fs::read(&path).map_err(ModelError::io("read", &path))?;
        let read = serde_json::from_slice(&text);
        read.map(Some)
            .map_err(|e| ModelError::malformed(&path, format!("it is no model's record: {e}")))
    }
}

/// `with_extension` would take the `.en` of `ggml-tiny.en` for one.
fn sidecar_name(model: &Path) -> String {
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    format!("{}.json", name.strip_suffix(".bin").unwrap_or(&name))
}

/// The model's name in `ggml-NAME.bin`.
fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?
        .to_str()?
        .strip_prefix("ggml-")?
        .strip_suffix(".bin")
        .filter(|name| !name.is_empty())
}

/// A model that is here, or can be had.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its file, if it is here.
    pub path: Option<PathBuf>,
    /// Length of the file that is here, or of the one that would come.
    pub size_bytes: u64,
    /// Whether [`super::get`] knows it.
    pub catalogued: bool,
    /// What the file holds, or what is wrong with its structure; `None` if it is not here. Its hash is
    /// not looked at: [`verify`] does that.
    pub structure: Option<Result<Description, ModelError>>,
}

/// The models in a folder, and those of the catalogue that are not, by name. A folder that doesn't exist
/// holds none.
///
/// # Errors
/// [`ModelError::Io`] if the folder can't be read.
pub fn list(models_dir: &Path) -> Result<Vec<Listed>, ModelError> {
    let mut all = Vec::new();
    for (name, path) in present(models_dir)? {
        let size_bytes = fs::metadata(&path).map_err(ModelError::io("read", &path))?.len();
        let structure = Some(inspect(&path));
        let catalogued = catalogue::find(&name).is_some();
        all.push(Listed {
            name,
            path: Some(path),
            size_bytes,
            catalogued,
            structure,
        });
    }
    let absent: Vec<&Entry> = CATALOGUE
        .iter()
        .filter(|entry| !all.iter().any(|here| here.name == entry.name))
        .collect();
    all.extend(absent.into_iter().map(|entry| Listed {
        name: entry.name.to_owned(),
        path: None,
        size_bytes: entry.size_bytes,
        catalogued: true,
        structure: None,
    }));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn present(models_dir: &Path) -> Result<Vec<(String, PathBuf)>, ModelError> {
    let failed = || ModelError::io("list", models_dir);
    let entries = match fs::read_dir(models_dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed()(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        if let Some(name) = name_of(&path).map(str::to_owned).filter(|_| path.is_file()) {
            found.push((name, path));
        }
    }
    Ok(found)
}

/// What a file's hash was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The pinned hash of the model of this name.
    Catalogue,
    /// The record beside the file, written when it was installed.
    Record,
    /// Nothing: it is a model of one's own. Its structure is sound.
    Nothing,
}

/// A model that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What the file holds.
    pub description: Description,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// What that was compared with.
    pub expected: Expected,
    /// Where the file came from, if its record says.
    pub source: Option<String>,
}

/// Checks a ggml file: its structure, and its hash against the catalogue (for `ggml-NAME.bin` of a name
/// in it) or the record beside it. Reads the whole file.
///
/// # Errors
/// [`ModelError::Malformed`], [`ModelError::WrongHash`], [`ModelError::Io`].
pub fn verify(path: &Path, progress: &dyn Progress) -> Result<Verified, ModelError> {
    // Its verdict waits: a cut file is malformed and of the wrong hash, and the hashes say more.
    let description = inspect(path);
    let record = Sidecar::read(path)?;
    let pinned = name_of(path)
        .and_then(catalogue::find)
        .map(|entry| entry.sha256.to_owned());
    let (expected, hash) = match (pinned, &record) {
        (Some(hash), _) => (Expected::Catalogue, Some(hash)),
        (None, Some(record)) => (Expected::Record, Some(record.sha256.clone())),
        (None, None) => (Expected::Nothing, None),
    };
    let found = hash_file(path, progress)?;
    if let Some(hash) = hash.filter(|hash| *hash != found) {
        return Err(ModelError::WrongHash {
            what: path.display().to_string(),
            expected: hash,
            found,
            advice: "remove it and get the model again, or give your own model another name".to_owned(),
        });
    }
    let source = record.map(|record| record.source);
    Ok(Verified {
        description: description?,
        sha256: found,
        expected,
        source,
    })
}

/// The file of a model that somebody named: a path to any ggml file, or the name of one in the folder.
///
/// # Errors
/// [`ModelError::Missing`], with what there is instead.
pub fn resolve(models_dir: &Path, name_or_path: &str) -> Result<PathBuf, ModelError> {
    let is_name = !name_or_path.is_empty()
        && !name_or_path.starts_with('.')
        && name_or_path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let path = models_dir.join(catalogue::file_name(name_or_path));
    if is_name && path.is_file() {
        return Ok(path);
    }
    let given = Path::new(name_or_path);
    if given.is_file() {
        return Ok(given.to_owned());
    }
    let here: Vec<String> = present(models_dir)?.into_iter().map(|(name, _)| name).collect();
    let here = if here.is_empty() {
        "no model".to_owned()
    } else {
        here.join(", ")
    };
    let advice = if catalogue::find(name_or_path).is_some() {
        format!("run 'gametape model get {name_or_path}' (there: {here})")
    } else {
        format!("give the name of one there ({here}) or the path of a ggml file")
    };
    let name = name_or_path.chars().take(256).collect();
    Err(ModelError::Missing {
        name,
        models_dir: models_dir.to_owned(),
        advice,
    })
}
