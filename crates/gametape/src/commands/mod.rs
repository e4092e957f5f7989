//! The commands, one file each.

mod backup;
mod demo;
mod doctor;
mod erasures;
mod media;
mod migrate;
mod model;
mod openapi;
mod restore;
mod serve;
mod token;
mod transcribe;
mod user;
mod worker;

use anyhow::Context;

use crate::{cli::Command, config::Config};

/// Runs a command to its end.
pub(crate) fn run(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        // These compute on this thread; they need no runtime of their own.
        Command::Transcribe(options) => transcribe::run(&options, &config),
        Command::Model(command) => model::run(command, &config),
        Command::Openapi => openapi::run(),
        Command::Serve(options) => block_on(serve::run(options, config)),
        Command::Worker(options) => block_on(worker::run(options, config)),
        Command::Migrate => block_on(migrate::run(&config)),
        Command::User(command) => block_on(user::run(command, &config)),
        Command::Token(command) => block_on(token::run(command, &config)),
        Command::Demo(options) => block_on(demo::run(&options, config)),
        Command::Backup(options) => block_on(backup::run(&options, &config)),
        Command::Restore(options) => block_on(restore::run(&options, &config)),
        Command::Erasures(command) => block_on(erasures::run(command, &config)),
        Command::Media(command) => block_on(media::run(command, &config)),
        Command::Doctor => block_on(doctor::run(&config)),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't start")?;
    let outcome = runtime.block_on(work);
    // Work left on the processor has been told to stop; it is not worth waiting for.
    runtime.shutdown_background();
    outcome
}
