//! The built program, started on free ports of this machine and stopped when dropped.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The password of everybody in tests.
pub const PASSWORD: &str = "correct horse battery";

/// The built program. `cargo build` makes it; it lies beside the tests' own folder.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let target = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/*/deps");
    let binary = target.join("gametape");
    assert!(
        binary.is_file(),
        "{} is missing: run `cargo build` first (`make test` does)",
        binary.display()
    );
    binary
}

/// The folder with the models that tests hear with.
pub fn models_dir() -> PathBuf {
    let dir = std::env::var_os("GAMETAPE_TEST_MODELS").map(PathBuf::from);
    let dir = dir.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/models"));
    assert!(
        dir.join("ggml-tiny.en.bin").is_file(),
        "the model tiny.en is not in {}: run `gametape --models-dir {} model get tiny.en` (`make test` does)",
        dir.display(),
        dir.display()
    );
    dir
}

/// A workspace: a data folder, and how its programs are configured.
pub struct Workspace {
    /// The folder, gone when this is dropped.
    pub dir: tempfile::TempDir,
    environment: Vec<(String, String)>,
    binary: PathBuf,
}

impl Workspace {
    /// A workspace with SQLite and local files unless `environment` says otherwise.
    pub fn new(environment: &[(&str, &str)]) -> Result<Self> {
        Self::of_binary(&binary(), environment)
    }

    /// As [`new`](Self::new), with another build of the program.
    pub fn of_binary(binary: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut all = vec![
            ("GAMETAPE_DATA_DIR".to_owned(), dir.path().display().to_string()),
            (
                "GAMETAPE_MODELS_DIR".to_owned(),
                models_dir().display().to_string(),
            ),
            // Threads that wait for each other in a crowd of tests wait long.
            ("GAMETAPE_THREADS".to_owned(), "1".to_owned()),
        ];
        // Tests ask more often than people do.
        for asker in ["ACCOUNT", "TOKEN", "ADDRESS"] {
            all.push((format!("GAMETAPE_{asker}_REQUESTS_PER_MINUTE"), "0".to_owned()));
        }
        all.extend(
            environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Ok(Self {
            dir,
            environment: all,
            binary: binary.canonicalize()?,
        })
    }

    /// The program with these arguments, configured for this workspace.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_remove("RUST_LOG");
        // What is meant for the tests themselves is no setting of the program, which refuses those it does not know.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GAMETAPE_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end and gives what it printed.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("no input")?
            .write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "{arguments:?}: {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes a person and a token that may do whatever they may.
    pub fn person(&self, email: &str, role: &str) -> Result<String> {
        self.run(
            &["user", "create", email, "--name", email, "--role", role],
            PASSWORD,
        )?;
        self.token(email, if role == "admin" { "admin" } else { "write" })
    }

    /// Makes a token for somebody.
    pub fn token(&self, email: &str, scope: &str) -> Result<String> {
        let printed = self.run(
            &["token", "create", email, "--name", "test", "--scope", scope],
            "",
        )?;
        Ok(printed.trim().to_owned())
    }

    /// Starts `gametape serve` and waits until it listens.
    pub fn serve(&self, extra: &[&str]) -> Result<Server> {
        self.serve_at("127.0.0.1:0", extra)
    }

    /// As [`serve`](Self::serve), at this address.
    pub fn serve_at(&self, listen: &str, extra: &[&str]) -> Result<Server> {
        let arguments = [&["serve", "--listen", listen], extra].concat();
        let process = Process::start(&mut self.command(&arguments), "listens on ")?;
        let address = process
            .ready_line
            .rsplit("listens on ")
            .next()
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
            .trim()
            .to_owned();
        Ok(Server { process, address })
    }

    /// Starts `gametape worker` and waits until it is ready.
    pub fn worker(&self) -> Result<Process> {
        Process::start(&mut self.command(&["worker"]), "is ready")
    }
}

/// A program that runs until it is dropped.
pub struct Process {
    child: Child,
    ready_line: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    fn start(command: &mut Command, ready: &'static str) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stderr.take().context("no log")?).lines();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (sender, receiver) = mpsc::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(std::result::Result::ok) {
                if line.contains(ready) {
                    let _ = sender.send(line.clone());
                }
                kept.lock().expect("the log").push(line);
            }
        });
        let Ok(ready_line) = receiver.recv_timeout(Duration::from_mins(1)) else {
            let _ = child.kill();
            bail!(
                "the program did not start: {}",
                log.lock().expect("the log").join("\n")
            );
        };
        Ok(Self {
            child,
            ready_line,
            log,
        })
    }

    /// Kills it at once, as a power failure would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits; gives how long that took.
    pub fn terminate(mut self) -> Result<Duration> {
        let begun = Instant::now();
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > Duration::from_secs(30) {
                bail!("it did not stop: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(begun.elapsed())
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it logs, line by line, also when it has ended.
    pub fn lines(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.log)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").join("\n")
    }

    /// The most memory it has held, in bytes.
    pub fn peak_memory_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .context("no VmHWM")?;
        let kilobytes: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kilobytes * 1_024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running server.
pub struct Server {
    /// Its process.
    pub process: Process,
    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub address: String,
}

impl Server {
    /// Somebody who uses it with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.address, token)
    }
}

/// Somebody who uses the API with a token.
#[derive(Clone)]
pub struct Client {
    /// For requests that the functions here don't make.
    pub http: reqwest::Client,
    address: String,
    token: String,
}

impl Client {
    /// Somebody with this token, at a server such as `http://127.0.0.1:7400`.
    pub fn new(address: &str, token: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            address: address.to_owned(),
            token: token.to_owned(),
        }
    }

    /// A request below `/api/v1`.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}/api/v1{path}", self.address))
            .bearer_auth(&self.token)
    }

    /// Gets JSON; a status that is no success is an error that has the answer in it.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = json(self.request(reqwest::Method::GET, path).send().await?).await;
        answer.with_context(|| format!("GET {path}"))
    }

    /// Gets text in the form asked for.
    pub async fn get_text(&self, path: &str, accept: &str) -> Result<String> {
        let response = self
            .request(reqwest::Method::GET, path)
            .header("accept", accept)
            .send()
            .await?;
        Ok(response.error_for_status()?.text().await?)
    }

    /// Uploads a file as a form and gives the answer, whatever it is.
    pub async fn upload(&self, name: &str, data: Vec<u8>) -> Result<reqwest::Response> {
        let file = reqwest::multipart::Part::bytes(data).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file);
        Ok(self
            .request(reqwest::Method::POST, "/calls")
            .multipart(form)
            .send()
            .await?)
    }

    /// Uploads a file as a form and gives the call's id.
    pub async fn create_call(&self, name: &str, data: Vec<u8>) -> Result<String> {
        let call = json(self.upload(name, data).await?).await?;
        Ok(call["id"].as_str().context("the call has no id")?.to_owned())
    }

    /// The first segment that can be read, if there is one yet.
    pub async fn first_words(&self, call_id: &str) -> Result<Option<Value>> {
        let path = format!("/calls/{call_id}/transcript");
        let answer = self.request(reqwest::Method::GET, &path).send().await?;
        if answer.status() == reqwest::StatusCode::CONFLICT {
            return Ok(None);
        }
        Ok(json(answer).await?["segments"].get(0).cloned())
    }

    /// Waits until there is nothing left to do on a call and gives it.
    pub async fn wait(&self, call_id: &str, limit: Duration) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let call = self.get(&format!("/calls/{call_id}")).await?;
            if matches!(call["state"].as_str(), Some("ready" | "failed" | "cancelled")) {
                return Ok(call);
            }
            if begun.elapsed() > limit {
                bail!("after {limit:?} the call is not done: {call}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The JSON of an answer; a status that is no success is an error that has the answer in it.
pub async fn json(response: reqwest::Response) -> Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{status}: {text}");
    }
    Ok(serde_json::from_str(&text)?)
}
