//! What a run comes to, for people to read.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{Plan, faults::Counts, memory::Remembered, soak::Samples, town::Engine};

/// What a run comes to.
#[derive(Debug)]
pub struct Report {
    engine: Engine,
    seed: u64,
    lasted: Duration,
    people: usize,
    /// How often each kind of fault happened.
    pub faults: Counts,
    /// What became of requests.
    pub counts: BTreeMap<String, usize>,
    /// Memory and handles, where they were watched.
    pub samples: Samples,
    /// When the last person had their last answer, after the last fault.
    pub answered_after: Duration,
    /// When nothing was left to be done, after the last fault.
    pub at_rest_after: Duration,
    told: [(&'static str, usize); 6],
    /// Errors and warnings in the programs' logs.
    pub complaints: BTreeMap<String, usize>,
    /// What is not as it was promised.
    pub wrong: Vec<String>,
}

impl Report {
    /// One with nothing in it yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            engine: plan.engine,
            seed: plan.seed,
            lasted: plan.lasts,
            people: plan.people,
            faults: Counts::new(),
            counts: BTreeMap::new(),
            samples: Samples::default(),
            answered_after: Duration::ZERO,
            at_rest_after: Duration::ZERO,
            told: [("", 0); 6],
            complaints: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }

    /// All faults: those of a kind, answers that were lost, and uploads that were cut off.
    pub fn fault_count(&self) -> usize {
        let people = ["answer lost: caller hung up", "pieces of uploads cut off"];
        let by_people = people.iter().filter_map(|name| self.counts.get(*name));
        self.faults.values().chain(by_people).sum()
    }

    /// Those that were done to programs and their surroundings.
    pub fn outer_fault_count(&self) -> usize {
        self.faults.values().sum()
    }

    /// Counts what people were told is done.
    pub fn remember(&mut self, people: &[Remembered]) {
        let sum = |count: fn(&Remembered) -> usize| people.iter().map(count).sum();
        self.told = [
            ("uploads", sum(|person| person.uploads.len())),
            ("comments and answers", sum(|person| person.said.len())),
            ("reviews", sum(|person| person.reviews.len())),
            ("scores", sum(|person| person.scores.len())),
            ("places", sum(|person| person.evidence.len())),
            ("corrections", sum(|person| person.corrections.len())),
        ];
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match self.engine {
            Engine::Sqlite => "SQLite and files",
            Engine::Postgres => "PostgreSQL and S3",
        };
        writeln!(
            f,
            "\n{engine}: {} people, {:.0} s, seed {}",
            self.people,
            self.lasted.as_secs_f64(),
            self.seed
        )?;
        let outer = self.outer_fault_count();
        writeln!(
            f,
            "  faults: {outer}, with those on people's own lines {}",
            self.fault_count()
        )?;
        for (fault, count) in &self.faults {
            writeln!(f, "    {count:>6}  {}", fault.name())?;
        }
        for (name, count) in &self.counts {
            writeln!(f, "    {count:>6}  {name}")?;
        }
        writeln!(f, "  acknowledged, and found again:")?;
        for (name, count) in &self.told {
            writeln!(f, "    {count:>6}  {name}")?;
        }
        writeln!(
            f,
            "  after the last fault: all answered in {:.1} s, at rest in {:.1} s",
            self.answered_after.as_secs_f64(),
            self.at_rest_after.as_secs_f64()
        )?;
        write!(f, "{}", self.samples)?;
        let mut complaints: Vec<_> = self.complaints.iter().collect();
        complaints.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        writeln!(f, "  most frequent in the logs:")?;
        for (line, count) in complaints.iter().take(12) {
            writeln!(f, "    {count:>6}  {line}")?;
        }
        if self.wrong.is_empty() {
            return write!(f, "  everything holds");
        }
        writeln!(f, "  {} things are WRONG:", self.wrong.len())?;
        for line in self.wrong.iter().take(50) {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
