//! What the running program shows to those who watch it is what dashboard and alert rules ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use gametape_tests::{
    program::{Server, Workspace, binary},
    prometheus::{Mentioned, Sample, placeholders, read_question, read_samples},
};
use reqwest::Method;
use serde_json::{Value, json};
use yaml_rust2::{Yaml, YamlLoader};

/// Labels that Prometheus itself adds to whatever it reads.
const ADDED: [&str; 2] = ["instance", "job"];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// A second of a tone at 8 kHz: a call without a word, which goes through all stages.
fn tone() -> Vec<u8> {
    let samples = (0..8_000).map(|n| ((f64::from(n) * 0.345).sin() * 8_000.0) as i16);
    gametape_audio::wav_file(8_000, 1, &samples.collect::<Vec<_>>())
}

async fn scrape(address: &str) -> Result<String> {
    let answer = reqwest::get(format!("{address}/metrics")).await?;
    Ok(answer.error_for_status()?.text().await?)
}

/// Asks again until what is shown satisfies.
async fn scrape_until(address: &str, enough: impl Fn(&[Sample]) -> bool) -> Result<String> {
    let begun = Instant::now();
    loop {
        let text = scrape(address).await?;
        if enough(&read_samples(&text)?) {
            return Ok(text);
        }
        ensure!(begun.elapsed() < Duration::from_secs(30), "not shown: {text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn is_done(samples: &[Sample], kind: &str) -> bool {
    samples.iter().any(|it| {
        it.name == "gametape_jobs_total"
            && it.labels["kind"] == kind
            && it.labels["outcome"] == "done"
            && it.value > 0.0
    })
}

/// A call from upload to deletion, and requests that are none.
async fn use_it(server: &Server, token: &str) -> Result<()> {
    let client = server.client(token);
    let call_id = client.create_call("tone.wav", tone()).await?;
    let call = client.wait(&call_id, Duration::from_mins(1)).await?;
    ensure!(call["state"] == "ready", "{call}");
    let comment = json!({"start_ms": 0, "end_ms": 500, "kind": "note", "body": "x"});
    let made = client.request(Method::POST, &format!("/calls/{call_id}/comments"));
    made.json(&comment).send().await?.error_for_status()?;
    let gone = client.request(Method::DELETE, &format!("/calls/{call_id}"));
    gone.send().await?.error_for_status()?;
    for n in 0..40 {
        let method = Method::from_bytes(format!("BREW{n}").as_bytes())?;
        client.request(method, &format!("/calls/none{n}")).send().await?;
        client
            .http
            .get(format!("{}/nowhere/{n}", server.address))
            .send()
            .await?;
    }
    Ok(())
}

/// What is shown, by name.
struct Shown(BTreeMap<String, Vec<BTreeMap<String, String>>>);

impl Shown {
    fn of(samples: &[Sample]) -> Self {
        let mut shown: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sample in samples {
            let mut labels = sample.labels.clone();
            labels.extend(ADDED.map(|name| (name.to_owned(), "gametape".to_owned())));
            shown.entry(sample.name.clone()).or_default().push(labels);
        }
        // Prometheus makes this one.
        let up = ADDED.map(|name| (name.to_owned(), "gametape".to_owned()));
        shown.insert("up".to_owned(), vec![up.into()]);
        Self(shown)
    }

    /// What a question mentions that is not shown.
    fn missing(&self, question: &str, mentioned: &Mentioned) -> Vec<String> {
        let mut missing = Vec::new();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for selector in &mentioned.selectors {
            let Some(series) = self.0.get(&selector.name) else {
                missing.push(format!("{}: in {question}", selector.name));
                continue;
            };
            known.extend(series.iter().flat_map(|labels| labels.keys().map(String::as_str)));
            for matcher in &selector.matchers {
                let values: BTreeSet<_> = series.iter().filter_map(|it| it.get(&matcher.label)).collect();
                let wanted: Vec<_> = matcher.value.split('|').collect();
                let is_plain = wanted.iter().all(|it| !it.contains(['.', '*', '(', '$']));
                let found = if is_plain {
                    wanted.iter().any(|it| values.contains(&(*it).to_owned()))
                } else {
                    !values.is_empty()
                };
                if !found {
                    missing.push(format!("{}{{{matcher:?}}}: in {question}", selector.name));
                }
            }
        }
        let unknown = mentioned
            .grouping
            .iter()
            .filter(|it| !known.contains(it.as_str()));
        missing.extend(unknown.map(|it| format!("label {it}: in {question}")));
        missing
    }
}

/// Questions with the text that goes with their answers.
fn questions_of_rules() -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(deploy().join("prometheus/alerts.yml"))?;
    let documents = YamlLoader::load_from_str(&text)?;
    let mut found = Vec::new();
    for group in documents[0]["groups"].as_vec().context("no groups")? {
        for rule in group["rules"].as_vec().context("no rules")? {
            let text = |yaml: &Yaml| yaml.as_str().map(ToOwned::to_owned).context("no text");
            found.push((text(&rule["expr"])?, text(&rule["annotations"]["summary"])?));
        }
    }
    Ok(found)
}

fn questions_of_dashboard() -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(deploy().join("grafana/gametape.json"))?;
    let dashboard: Value = serde_json::from_str(&text)?;
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().context("no panels")? {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = |name: &str| target[name].as_str().map(ToOwned::to_owned).context("no text");
            found.push((
                text("expr")?.replace("$__rate_interval", "5m"),
                text("legendFormat")?,
            ));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().into_iter().flatten() {
        let text = |name: &str| {
            annotation[name]
                .as_str()
                .map(ToOwned::to_owned)
                .context("no text")
        };
        found.push((text("expr")?, text("titleFormat")?));
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_rules_ask_for_what_is_shown() -> Result<()> {
    let workspace = Workspace::new(&[])?;
    let token = workspace.person("ann@example.com", "rep")?;
    let server = workspace.serve(&[])?;
    use_it(&server, &token).await?;
    let text = scrape_until(&server.address, |samples| {
        is_done(samples, "media.delete") && samples.iter().any(|it| it.name == "gametape_jobs_open")
    })
    .await?;
    let samples = read_samples(&text)?;
    let shown = Shown::of(&samples);

    let (rules, panels) = (questions_of_rules()?, questions_of_dashboard()?);
    assert!(
        rules.len() >= 15 && panels.len() >= 20,
        "questions were not found"
    );
    let mut missing = Vec::new();
    for (question, words) in rules.iter().chain(&panels) {
        let mut mentioned = read_question(question)?;
        mentioned.grouping.extend(placeholders(words));
        missing.extend(shown.missing(question, &mentioned));
    }
    assert!(missing.is_empty(), "{missing:#?}\n{text}");
    assert!(
        !shown
            .missing("x", &read_question("gametape_jobs_total{kind=\"x\"}")?)
            .is_empty(),
        "a value that is not there is not missed"
    );

    has_few_series(&samples);
    is_true(&samples);
    lint(&text)
}

/// However many methods and paths somebody invents.
fn has_few_series(samples: &[Sample]) {
    // Forty methods and eighty paths that nobody knows are one of each.
    let requests = samples
        .iter()
        .filter(|it| it.name == "gametape_http_requests_total");
    let (methods, routes): (BTreeSet<_>, BTreeSet<_>) = requests
        .map(|it| (it.labels["method"].clone(), it.labels["route"].clone()))
        .unzip();
    assert!(methods.contains("other") && methods.len() <= 8, "{methods:?}");
    assert!(
        routes.contains("/api/v1/calls/{call_id}") || routes.contains("/api/v1/calls/{id}"),
        "{routes:?}"
    );
    assert!(
        routes.len() < 15 && routes.iter().all(|it| !it.contains("none")),
        "{routes:?}"
    );
    assert!(samples.len() < 1_500, "{} series", samples.len());
}

/// What can be known from outside is as shown.
fn is_true(samples: &[Sample]) {
    let value = |name: &str| samples.iter().find(|it| it.name == name).map(|it| it.value);
    assert_eq!(value("gametape_database_up"), Some(1.0));
    assert!(value("process_resident_memory_bytes").is_some_and(|bytes| bytes > 1e6));
    for kind in [
        "call.store",
        "call.analyze",
        "call.transcribe",
        "call.publish",
        "media.delete",
    ] {
        assert!(is_done(samples, kind), "{kind}");
    }
    let now = gametape_core::Clock::System.now_ms() as f64 / 1_000.0;
    let beats = samples
        .iter()
        .filter(|it| it.name == "gametape_worker_heartbeat_timestamp_seconds")
        .collect::<Vec<_>>();
    assert_eq!(beats.len(), 2, "{beats:?}");
    assert!(beats.iter().all(|it| (now - it.value).abs() < 10.0), "{beats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_answers_for_itself() -> Result<()> {
    let workspace = Workspace::new(&[("GAMETAPE_METRICS_LISTEN", "127.0.0.1:0")])?;
    workspace.run(&["migrate"], "")?;
    let worker = workspace.worker()?;
    let log = worker.log();
    let line = log
        .lines()
        .find(|line| line.contains("measurements at"))
        .context("no address")?;
    let address = line
        .split("measurements at ")
        .nth(1)
        .and_then(|rest| rest.split("/metrics").next())
        .context("no address")?;
    assert_eq!(reqwest::get(format!("{address}/healthz")).await?.status(), 200);
    assert_eq!(reqwest::get(format!("{address}/readyz")).await?.status(), 200);
    assert_eq!(reqwest::get(format!("{address}/api/v1/me")).await?.status(), 404);
    let text = scrape_until(address, |samples| {
        samples
            .iter()
            .any(|it| it.name == "gametape_worker_heartbeat_timestamp_seconds")
            && samples.iter().any(|it| it.name == "gametape_disk_free_bytes")
    })
    .await?;
    // What all workers share, the servers show.
    assert!(!text.contains("gametape_jobs_open{"), "{text}");
    lint(&text)
}

#[test]
fn the_rules_speak_when_they_should_and_are_silent_when_not() -> Result<()> {
    let folder = deploy().join("prometheus");
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let done = Command::new(promtool()?)
            .args(arguments)
            .current_dir(&folder)
            .output()?;
        let said =
            String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{arguments:?}: {said}");
    }
    // Every rule has its test.
    let tests = std::fs::read_to_string(folder.join("alerts_test.yml"))?;
    let rules = std::fs::read_to_string(folder.join("alerts.yml"))?;
    let names: Vec<_> = rules
        .lines()
        .filter_map(|it| it.trim().strip_prefix("- alert: "))
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        assert!(tests.contains(&format!("- name: {name}\n")), "{name} has no test");
        assert!(
            tests.contains(&format!("alertname: {name}, ")),
            "{name} is not in the quiet day"
        );
    }
    Ok(())
}

#[test]
fn every_rule_has_a_part_of_the_runbook() -> Result<()> {
    let runbook = std::fs::read_to_string(deploy().join("../docs/runbook.md"))?;
    let headings: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|it| it.to_lowercase().replace(' ', "-"))
        .collect();
    let rules = std::fs::read_to_string(deploy().join("prometheus/alerts.yml"))?;
    let mut alert = "";
    let mut seen = 0;
    for line in rules.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- alert: ") {
            alert = name;
        } else if let Some(place) = line.strip_prefix("runbook: docs/runbook.md#") {
            assert!(
                headings.contains(place),
                "{alert}: docs/runbook.md has no part '{place}'"
            );
            assert!(
                runbook.contains(&format!("`{alert}`")),
                "docs/runbook.md does not name {alert}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, questions_of_rules()?.len());
    Ok(())
}

/// Prometheus' own checker: in `PATH`, or where `scripts/setup test` puts it.
fn promtool() -> Result<PathBuf> {
    let built = binary();
    let target = built
        .parent()
        .and_then(Path::parent)
        .context("no target folder")?;
    let ours = target.join("tools/promtool");
    if ours.is_file() {
        return Ok(ours);
    }
    let mut asked = Command::new("promtool");
    asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return Ok(PathBuf::from("promtool"));
    }
    bail!(
        "promtool is neither in PATH nor at {}: run `scripts/setup test` (`make test` does)",
        ours.display()
    )
}

/// Whether Prometheus finds anything to say about what is shown.
fn lint(text: &str) -> Result<()> {
    let mut child = Command::new(promtool()?)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("no input")?
        .write_all(text.as_bytes())?;
    let done = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}");
    Ok(())
}
