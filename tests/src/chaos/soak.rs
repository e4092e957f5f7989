//! Memory and handles of the programs over time, and whether they grow.

use std::{
    fmt, fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::town::Town;

/// Time between two samples.
const EVERY: Duration = Duration::from_secs(10);
/// The first part, in percent, is left out: caches fill, a model is loaded.
const WARM_UP_PERCENT: usize = 25;
/// Growth that is taken for none, in megabytes an hour: allocators are not flat to the byte.
pub const MOST_MEGABYTES_AN_HOUR: f64 = 32.0;
/// Growth that is taken for none, in handles an hour.
pub const MOST_HANDLES_AN_HOUR: f64 = 6.0;
/// A run that is shorter says nothing about an hour.
const SHORTEST: Duration = Duration::from_mins(10);

/// One look at a process.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    /// What it holds for itself, without pages of files.
    memory_megabytes: f64,
    handles: f64,
}

/// Looks at processes, by name.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    all: Vec<(String, Vec<Sample>)>,
}

impl Samples {
    /// Looks at every server and worker until `until`.
    pub async fn take(town: &Town, until: Instant) -> Result<Self> {
        let begun = Instant::now();
        let keepers: Vec<_> = town.servers.iter().chain(&town.workers).collect();
        let mut all: Vec<(String, Vec<Sample>)> = keepers
            .iter()
            .map(|keeper| (keeper.name.clone(), Vec::new()))
            .collect();
        while Instant::now() < until {
            for (keeper, (_, samples)) in keepers.iter().zip(&mut all) {
                let pid = keeper
                    .pid()
                    .with_context(|| format!("{} does not run", keeper.name))?;
                samples.push(look(pid, begun.elapsed())?);
            }
            tokio::time::sleep(EVERY.min(until.saturating_duration_since(Instant::now()))).await;
        }
        Ok(Self { all })
    }

    /// What grows too much; nothing where the run was too short to tell.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, samples) in &self.all {
            let samples = warm(samples);
            if samples
                .last()
                .is_none_or(|last| last.seconds < SHORTEST.as_secs_f64())
            {
                continue;
            }
            let memory = slope_an_hour(samples, |sample| sample.memory_megabytes);
            if memory > MOST_MEGABYTES_AN_HOUR {
                wrong.push(format!("{name} grows by {memory:.1} MB an hour"));
            }
            let handles = slope_an_hour(samples, |sample| sample.handles);
            if handles > MOST_HANDLES_AN_HOUR {
                wrong.push(format!("{name} opens {handles:.1} handles an hour more"));
            }
        }
        wrong
    }
}

fn warm(samples: &[Sample]) -> &[Sample] {
    &samples[samples.len() * WARM_UP_PERCENT / 100..]
}

fn look(pid: u32, since: Duration) -> Result<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: f64 = kilobytes.context("no RssAnon")?.parse()?;
    Ok(Sample {
        seconds: since.as_secs_f64(),
        memory_megabytes: kilobytes * 1_024.0 / 1e6,
        handles: fs::read_dir(format!("/proc/{pid}/fd"))?.count() as f64,
    })
}

/// The slope of the straight line that fits best, by least squares, an hour; 0 where there is none.
fn slope_an_hour(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count.max(1.0);
    let (mid_time, mid_value) = (mean(&|sample| sample.seconds), mean(&value));
    let (mut together, mut alone) = (0.0, 0.0);
    for sample in samples {
        together += (sample.seconds - mid_time) * (value(sample) - mid_value);
        alone += (sample.seconds - mid_time).powi(2);
    }
    if alone > 0.0 {
        together / alone * 3_600.0
    } else {
        0.0
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, samples) in &self.all {
            let warm = warm(samples);
            let (Some(first), Some(last)) = (warm.first(), warm.last()) else {
                continue;
            };
            writeln!(
                f,
                "  {name}: memory {:.1} MB → {:.1} MB ({:+.1} MB an hour, {MOST_MEGABYTES_AN_HOUR} at most), \
                 handles {} → {} ({:+.1} an hour, {MOST_HANDLES_AN_HOUR} at most), {} samples",
                first.memory_megabytes,
                last.memory_megabytes,
                slope_an_hour(warm, |sample| sample.memory_megabytes),
                first.handles,
                last.handles,
                slope_an_hour(warm, |sample| sample.handles),
                warm.len()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A look each 10 s for an hour at a process that grows by so much an hour, and wobbles.
    fn growing(megabytes: f64, handles: f64) -> Samples {
        let sample = |number: usize| {
            let hours = number as f64 / 360.0;
            let wobble = if number.is_multiple_of(2) { 3.0 } else { -3.0 };
            Sample {
                seconds: hours * 3_600.0,
                memory_megabytes: 80.0 + hours * megabytes + wobble,
                handles: 40.0 + hours * handles,
            }
        };
        Samples {
            all: vec![("server".to_owned(), (0..360).map(sample).collect())],
        }
    }

    #[test]
    fn what_grows_is_told_from_what_wobbles() {
        assert_eq!(growing(0.0, 0.0).wrong(), Vec::<String>::new());
        let memory = growing(100.0, 0.0).wrong();
        assert!(memory.len() == 1 && memory[0].contains("MB"), "{memory:?}");
        let handles = growing(0.0, 60.0).wrong();
        assert!(
            handles.len() == 1 && handles[0].contains("handles"),
            "{handles:?}"
        );
    }

    #[test]
    fn the_slope_is_that_of_the_line() {
        let slope = slope_an_hour(&growing(12.0, 0.0).all[0].1, |sample| sample.handles);
        assert!(slope.abs() < 1e-9);
        let slope = slope_an_hour(&growing(12.0, 0.0).all[0].1, |sample| sample.memory_megabytes);
        assert!((slope - 12.0).abs() < 0.5, "{slope}");
        assert!(slope_an_hour(&[], |_| 1.0).abs() < 1e-9);
    }
}
