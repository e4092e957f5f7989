//! Peer review of sales calls on your own machine: the program.
//!
//! Results go to standard output, progress and messages to standard error. Exit codes: 0, 1 (could not do
//! it, the reason is on standard error), 2 (wrong usage).

mod app;
mod archive;
mod cli;
mod commands;
mod config;
mod erased;
mod lifecycle;
mod measure;
mod memory;
mod output;
mod progress;
mod server;
mod telemetry;
mod traces;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    memory::give_back_large_pieces();
    let cli = cli::Cli::parse();
    let config = match config::Config::load(&cli.options) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    // Held to the end: dropping it sends the last spans.
    let _traces = match telemetry::start(&config, cli.command.is_service()) {
        Ok(traces) => traces,
        Err(error) => return refuse(&error),
    };
    match commands::run(cli.command, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &anyhow::Error) -> ExitCode {
    output::message(&format!("gametape: {error:#}"));
    ExitCode::FAILURE
}
