//! `gametape model`: the files that speech becomes words with.

use std::path::Path;

use anyhow::{Context, bail};
use gametape_asr::model::{self, Expected};

use crate::{
    cli::{Model, Precision},
    config::Config,
    output::{message, result},
    progress::ModelProgress,
};

pub(crate) fn run(command: Model, config: &Config) -> anyhow::Result<()> {
    let models_dir = config.models_dir();
    match command {
        Model::List => list(&models_dir),
        Model::Get { name } => get(&name, config),
        Model::Convert { dir, name, precision } => convert(&dir, name, precision, config),
        Model::Verify { name } => verify(&models_dir, name.as_deref()),
    }
}

fn list(models_dir: &Path) -> anyhow::Result<()> {
    for found in model::list(models_dir)? {
        let megabytes = found.size_bytes / 1_000_000;
        let state = match (&found.path, &found.structure) {
            (None, _) => "can be had".to_owned(),
            (Some(_), Some(Err(error))) => format!("unusable: {error}"),
            (Some(path), _) => format!("here: {}", path.display()),
        };
        result(&format!("{:<22} {megabytes:>5} MB  {state}", found.name));
    }
    Ok(())
}

/// Makes sure that a model of the catalogue is in the models folder.
pub(super) fn get(name: &str, config: &Config) -> anyhow::Result<()> {
    config.prepare_data_dir()?;
    let installed = model::get(name, &config.models_dir(), &ModelProgress::default())?;
    match &installed.source {
        None => message(&format!("The model {name} was here already.")),
        Some(source) => message(&format!("The model {name} is here now: {source}.")),
    }
    result(&format!(
        "{}  sha256 {}",
        installed.path.display(),
        installed.sha256
    ));
    Ok(())
}

fn convert(dir: &Path, name: Option<String>, precision: Precision, config: &Config) -> anyhow::Result<()> {
    config.prepare_data_dir()?;
    let folder = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name
        .or(folder)
        .context("the model needs a name: give it with --name")?;
    if name.contains(['/', '\\']) {
        bail!("'{name}' can't be a model's name: it has a slash in it");
    }
    let out = config.models_dir().join(format!("ggml-{name}.bin"));
    let precision = match precision {
        Precision::F16 => model::Precision::F16,
        Precision::Q8_0 => model::Precision::Q8_0,
    };
    let converted = model::convert(dir, &out, precision, &ModelProgress::default())?;
    message(if converted.lossless {
        "Every weight has kept its exact value."
    } else {
        "Weights were rounded to the chosen precision."
    });
    result(&format!("{}  sha256 {}", out.display(), converted.sha256));
    Ok(())
}

fn verify(models_dir: &Path, name: Option<&str>) -> anyhow::Result<()> {
    let paths = match name {
        Some(name) => vec![model::resolve(models_dir, name)?],
        None => model::list(models_dir)?
            .into_iter()
            .filter_map(|found| found.path)
            .collect(),
    };
    if paths.is_empty() {
        bail!(
            "there is no model in {}: get one with `gametape model get tiny.en`",
            models_dir.display()
        );
    }
    let mut bad = 0;
    for path in &paths {
        match model::verify(path, &ModelProgress::default()) {
            Ok(seen) => {
                let against = match seen.expected {
                    Expected::Catalogue => "as published",
                    Expected::Record => "as recorded when it came",
                    Expected::Nothing => "sound; there is no hash to hold it against",
                };
                result(&format!("{}  sha256 {}  {against}", path.display(), seen.sha256));
            }
            Err(error) => {
                bad += 1;
                message(&format!("{error}"));
            }
        }
    }
    if bad > 0 {
        bail!("{bad} of {} model files can't be used", paths.len());
    }
    Ok(())
}
