//! Keeps a program running, as systemd or Kubernetes would: when it ends, it is started again.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Result, ensure};

use crate::program::Process;

/// A program that is kept running until this is dropped.
pub struct Keeper {
    /// What it is called in reports.
    pub name: String,
    kept: Arc<Kept>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Kept {
    /// 0 while it does not run.
    pid: AtomicU32,
    stop: AtomicBool,
    /// Times it was sent SIGKILL while it ran.
    killed: AtomicUsize,
    /// Times it ended.
    ended: AtomicUsize,
    /// What each of its lives logged.
    logs: Mutex<Vec<Arc<Mutex<Vec<String>>>>>,
    /// The last lines of what it wrote before it ended last.
    last_words: Mutex<String>,
}

impl Keeper {
    /// Starts it with `start`, again and again.
    pub fn new(name: &str, start: impl Fn() -> Result<Process> + Send + 'static) -> Self {
        let kept = Arc::new(Kept::default());
        let inside = Arc::clone(&kept);
        let thread = std::thread::spawn(move || keep(&inside, start));
        Self {
            name: name.to_owned(),
            kept,
            thread: Some(thread),
        }
    }

    /// Its number in the system, if it runs.
    pub fn pid(&self) -> Option<u32> {
        Some(self.kept.pid.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
    }

    /// Waits until it runs.
    pub async fn running(&self, limit: Duration) -> Result<()> {
        let begun = std::time::Instant::now();
        while self.pid().is_none() {
            ensure!(
                begun.elapsed() < limit,
                "{} does not start: {}",
                self.name,
                self.last_words()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Sends it a signal such as `STOP`; whether it ran.
    pub fn signal(&self, signal: &str) -> bool {
        let Some(pid) = self.pid() else { return false };
        if signal == "KILL" {
            self.kept.killed.fetch_add(1, Ordering::SeqCst);
        }
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &pid.to_string()])
            .status();
        sent.is_ok_and(|status| status.success())
    }

    /// Times it ended though nobody had killed it.
    pub fn ended_by_itself(&self) -> usize {
        let killed = self.kept.killed.load(Ordering::SeqCst);
        self.kept.ended.load(Ordering::SeqCst).saturating_sub(killed)
    }

    /// The errors and warnings that it logged, without what differs from one to the next, and how often.
    pub fn complaints(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let Ok(logs) = self.kept.logs.lock() else {
            return counts;
        };
        for lines in logs.iter().filter_map(|log| log.lock().ok()) {
            for line in lines.iter() {
                let told = [" ERROR ", " WARN "]
                    .iter()
                    .find_map(|level| line.split_once(level));
                if let Some((_, text)) = told {
                    *counts.entry(without_names(text)).or_default() += 1;
                }
            }
        }
        counts
    }

    /// What it wrote last before it ended, or why it did not start.
    pub fn last_words(&self) -> String {
        self.kept
            .last_words
            .lock()
            .map_or_else(|_| String::new(), |words| words.clone())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kept.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A line without ids, numbers and colours, and not too long.
fn without_names(line: &str) -> String {
    // Where it happened stands in braces before what happened.
    let line = line.rsplit_once("}: ").map_or(line, |(_, what)| what);
    let mut plain = String::new();
    let mut colour = false;
    for letter in line.chars().take(400) {
        match letter {
            '\u{1b}' => colour = true,
            'm' if colour => colour = false,
            _ if colour => {}
            _ if letter.is_ascii_digit() => {
                if !plain.ends_with('#') {
                    plain.push('#');
                }
            }
            // The rest of an id.
            _ if plain.ends_with('#') && letter.is_ascii_uppercase() => {}
            _ => plain.push(letter),
        }
    }
    plain.chars().take(200).collect()
}

fn keep(kept: &Kept, start: impl Fn() -> Result<Process>) {
    let stopped = || kept.stop.load(Ordering::SeqCst);
    let remember = |words: String| {
        if let Ok(mut last) = kept.last_words.lock() {
            *last = words;
        }
    };
    while !stopped() {
        match start() {
            Ok(mut process) => {
                if let Ok(mut logs) = kept.logs.lock() {
                    logs.push(process.lines());
                }
                kept.pid.store(process.id(), Ordering::SeqCst);
                while process.is_alive() && !stopped() {
                    std::thread::sleep(Duration::from_millis(30));
                }
                kept.pid.store(0, Ordering::SeqCst);
                if !stopped() {
                    kept.ended.fetch_add(1, Ordering::SeqCst);
                }
                let log = process.log();
                let lines: Vec<&str> = log.lines().rev().take(15).collect();
                remember(lines.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
            // The database may be away just now.
            Err(error) => {
                remember(format!("{error:#}"));
                std::thread::sleep(Duration::from_millis(300));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_names;

    #[test]
    fn lines_of_a_kind_look_alike() {
        let one =
            "job{job.id=job_01JXT21Q00K51JHDXDQWJWS8S7}: call_01JXT21Q00K51JHDXDQWJWS8S7 failed after 12 s";
        let other =
            "job{job.id=job_01JXT99Q00K51JHDXDQWJWS8AA}: call_01JXT99Q00K51JHDXDQWJWS8AA failed after 7 s";
        assert_eq!(without_names(one), "call_# failed after # s");
        assert_eq!(without_names(other), without_names(one));
    }
}
