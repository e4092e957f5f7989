//! `gametape transcribe`: the whole way of a recording, without a server.

use std::{collections::HashSet, fs::File, ops::ControlFlow, path::Path, sync::atomic::AtomicBool};

use anyhow::Context;
use gametape_asr::{Transcriber, model};
use gametape_audio::{Analysis, Source, analyze};
use gametape_core::transcript::{Segment, Speaker, Transcript};
use gametape_ingest::hear::{Hearing, windows};

use crate::{cli, config::Config, output::result, progress::percent_bar};

pub(crate) fn run(options: &cli::Transcribe, config: &Config) -> anyhow::Result<()> {
    let path = model::resolve(&config.models_dir(), &config.model)?;
    let open = || open(&options.file);
    let (analysis, name) = (look_into(open()?, config)?, options.file.display());
    let mut engine = config.engine.load(&path, config.threads())?;
    let window_ms = config.engine.window_ms();
    let transcript = hear(
        engine.as_mut(),
        window_ms,
        open()?,
        &analysis,
        options.language.clone(),
    )
    .with_context(|| format!("{name} can't be transcribed"))?;
    result(&match options.format.as_text() {
        Some(format) => format.render(&transcript),
        None => serde_json::to_string_pretty(&transcript)?,
    });
    Ok(())
}

fn open(path: &Path) -> anyhow::Result<Source> {
    let file = File::open(path).with_context(|| format!("{} can't be opened", path.display()))?;
    Source::from_file(file).with_context(|| format!("{} can't be read", path.display()))
}

fn look_into(source: Source, config: &Config) -> anyhow::Result<Analysis> {
    let bar = percent_bar("looking for speech");
    let (analysis, _) = analyze(source, None, &config.limits(), &mut |decoded_ms, declared_ms| {
        if let Some(all_ms) = declared_ms {
            bar.set_position((decoded_ms * 1_000 / all_ms.max(1)).clamp(0, 1_000) as u64);
        }
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    Ok(analysis)
}

fn hear(
    transcriber: &mut dyn Transcriber,
    window_ms: i64,
    source: Source,
    analysis: &Analysis,
    language: Option<String>,
) -> anyhow::Result<Transcript> {
    let plans = windows(analysis, window_ms);
    let all_ms = analysis.speech_ms().max(1);
    let bar = percent_bar("transcribing");
    let channels = analysis.plan().channels();
    let mut done_ms = 0;
    let mut heard_language = language.clone();
    let mut segments = Vec::new();
    let hearing = Hearing {
        source,
        analysis,
        plans: &plans,
        done: &HashSet::new(),
        language,
        cancel: &AtomicBool::new(false),
    };
    hearing.run(transcriber, |window| {
        done_ms += window.speech_ms;
        bar.set_position((done_ms * 1_000 / all_ms).clamp(0, 1_000) as u64);
        if heard_language.is_none() && !window.segments.is_empty() {
            heard_language = Some(window.language);
        }
        segments.extend(window.segments.into_iter().map(|new| Segment {
            id: None,
            start_ms: new.start_ms,
            end_ms: new.end_ms,
            channel: new.channel,
            speaker: Speaker::default_for(new.channel, channels),
            text: new.text,
            words: new.words,
            edited: false,
        }));
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    segments.sort_by_key(|segment| (segment.start_ms, segment.channel));
    Ok(Transcript {
        language: heard_language,
        duration_ms: analysis.duration_ms,
        model: transcriber.model().to_owned(),
        complete: true,
        segments,
    })
}
