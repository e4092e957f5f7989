//! Progress on a terminal.

use std::{sync::Mutex, time::Duration};

use gametape_asr::model::{Progress, Step};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::message;

/// A bar for a share of something, on standard error; invisible where that is no terminal.
pub(crate) fn percent_bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(1_000);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} % {eta:>4} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// Shows how a model comes in.
#[derive(Default)]
pub(crate) struct ModelProgress(Mutex<Option<(Step, ProgressBar)>>);

impl Progress for ModelProgress {
    fn bytes(&self, step: Step, done: u64, total: u64) {
        let Ok(mut current) = self.0.lock() else { return };
        if current.as_ref().is_none_or(|(shown, _)| *shown != step) {
            if let Some((_, bar)) = current.take() {
                bar.finish_and_clear();
            }
            *current = Some((step, bytes_bar(step, total)));
        }
        if let Some((_, bar)) = current.as_ref() {
            bar.set_length(total.max(done));
            bar.set_position(done);
        }
    }

    fn note(&self, text: &str) {
        message(text);
    }
}

impl Drop for ModelProgress {
    fn drop(&mut self) {
        if let Ok(Some((_, bar))) = self.0.get_mut().map(Option::take) {
            bar.finish_and_clear();
        }
    }
}

fn bytes_bar(step: Step, total: u64) -> ProgressBar {
    let what = match step {
        Step::Check => "checking",
        Step::Download => "downloading",
        Step::Pip => "installing with pip",
        Step::Unpack => "unpacking",
        Step::Convert => "converting",
    };
    if total == 0 {
        let spinner = ProgressBar::new_spinner();
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner.set_message(what);
        return spinner;
    }
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}
