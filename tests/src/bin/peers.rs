//! Compares Gametape with faster-whisper and pywhispercpp, in turn, on the same files, weights and threads:
//! `peers PROGRAM ENVIRONMENT [--models tiny.en,base] [--rounds N] [--threads N] [--minutes N] [--speech FOLDER]
//! [--only ENGINE,…] [--recordings NAME,…]`. `scripts/bench-peers` makes the environment.

use std::{collections::HashMap, io::Write, path::PathBuf};

use anyhow::{Context, Result, bail};
use gametape_tests::peers::{Bench, Contender, Recording, Run, recordings, script};

/// What the command line says.
struct Options {
    bench: Bench,
    models: Vec<String>,
    rounds: usize,
    minutes: u32,
    speech: Option<PathBuf>,
    only: Option<Vec<String>>,
    recordings: Option<Vec<String>>,
}

/// Whether a list of names leaves this one in.
fn is_wanted(names: Option<&Vec<String>>, name: &str) -> bool {
    names.is_none_or(|names| names.iter().any(|wanted| wanted == name))
}

fn options() -> Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let mut path = |what: &str| {
        arguments
            .next()
            .map(PathBuf::from)
            .with_context(|| format!("no {what}"))
    };
    let (program, peers) = (path("program")?, path("environment")?);
    let mut options = Options {
        bench: Bench {
            program,
            peers,
            script: script(),
            threads: 2,
        },
        models: vec!["tiny.en".to_owned(), "base".to_owned()],
        rounds: 3,
        minutes: 60,
        speech: None,
        only: None,
        recordings: None,
    };
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} has no value"))?;
        match name.as_str() {
            "--models" => options.models = list(&value),
            "--rounds" => options.rounds = value.parse()?,
            "--threads" => options.bench.threads = value.parse()?,
            "--minutes" => options.minutes = value.parse()?,
            "--speech" => options.speech = Some(value.into()),
            "--only" => options.only = Some(list(&value)),
            "--recordings" => options.recordings = Some(list(&value)),
            _ => bail!("unknown option {name}"),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = options()?;
    let folder = tempfile::tempdir()?;
    let mut recordings = recordings(folder.path(), options.speech.as_deref(), options.minutes)?;
    recordings.retain(|recording| is_wanted(options.recordings.as_ref(), &recording.name));
    for model in &options.models {
        for recording in &recordings {
            let runs = in_turn(&options, model, recording).await?;
            table(model, recording, &runs, options.bench.threads)?;
        }
    }
    Ok(())
}

/// Runs everybody once a round, so that what the machine does besides meets all alike.
async fn in_turn(
    options: &Options,
    model: &str,
    recording: &Recording,
) -> Result<HashMap<&'static str, Vec<Run>>> {
    let mut runs: HashMap<_, Vec<Run>> = HashMap::new();
    for round in 0..options.rounds {
        for contender in Contender::ALL {
            let name = contender.name();
            if !is_wanted(options.only.as_ref(), name) {
                continue;
            }
            let mut run = options.bench.run(contender, model, recording)?;
            if contender.is_ours() {
                run.first_s = Some(options.bench.first_words(contender, model, recording).await?);
            }
            writeln!(
                std::io::stderr(),
                "{model}, {}, round {}: {name} {:.2} s, first words after {:.2} s",
                recording.name,
                round + 1,
                run.seconds,
                run.first_s.unwrap_or(f64::NAN)
            )?;
            runs.entry(name).or_default().push(run);
        }
    }
    Ok(runs)
}

fn table(
    model: &str,
    recording: &Recording,
    runs: &HashMap<&'static str, Vec<Run>>,
    threads: usize,
) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\n{model}, {}: {:.0} s, {threads} threads\n| engine | seconds, median | to faster-whisper-batched | first words | \
         word errors, each channel | memory |\n| --- | --- | --- | --- | --- | --- |",
        recording.name, recording.length_s
    )?;
    let peer = runs
        .get(Contender::FasterWhisperBatched.name())
        .map(|runs| median(runs.iter().map(|run| run.seconds)));
    for contender in Contender::ALL {
        let Some(runs) = runs.get(contender.name()) else {
            continue;
        };
        let seconds = median(runs.iter().map(|run| run.seconds));
        let first_s = median(runs.iter().filter_map(|run| run.first_s));
        let ratio = peer.map_or(String::new(), |peer| format!("{:.2}", seconds / peer));
        let rates = recording
            .truth
            .as_ref()
            .map_or(Vec::new(), |truth| runs[0].rates(truth));
        let rates: Vec<_> = rates
            .iter()
            .map(|rate| format!("{:.1} %", rate * 100.0))
            .collect();
        let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
        writeln!(
            out,
            "| {} | {seconds:.2} | {ratio} | {first_s:.1} s | {} | {} MB |",
            contender.name(),
            rates.join(", "),
            peak / 1_000_000
        )?;
    }
    out.flush()?;
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
