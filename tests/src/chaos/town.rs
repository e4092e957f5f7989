//! What is put under stress: the program in several processes, on either engine, and what can be done to its
//! surroundings.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use sqlx::Connection as _;

use super::{
    keeper::Keeper,
    proxy::{Mode, Proxy},
};
use crate::{
    backends::{Many, files},
    program::Workspace,
};

/// How long a worker may be silent, in seconds: the shortest that the program takes.
pub const LEASE_SECONDS: u64 = 3;
/// Room on the small disk.
const DISK_BYTES: u64 = 256 << 20;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite and files: one server, one worker, on one small disk.
    Sqlite,
    /// PostgreSQL and S3, each behind a proxy: two servers, two workers.
    Postgres,
}

/// The program and its surroundings.
pub struct Town {
    /// Which engine it runs on.
    pub engine: Engine,
    /// Servers.
    pub servers: Vec<Keeper>,
    /// Workers.
    pub workers: Vec<Keeper>,
    /// Where the servers listen.
    pub addresses: Vec<String>,
    /// Before the database, where that is a server.
    pub database: Option<Proxy>,
    /// Before the object store, where that is a server.
    pub objects: Option<Proxy>,
    /// The clock of all programs, where it can be set.
    pub clock: Option<FalseClock>,
    /// The disk that everything lies on, where it can be filled.
    pub disk: Option<SmallDisk>,
    many: Option<Many>,
    // Last, so that what runs in it has ended when it goes.
    workspace: Arc<Workspace>,
}

impl Town {
    /// Sets everything up and starts it; `binary` is the program. What lasts for long without faults needs more room
    /// than a disk that is small enough to be filled.
    pub async fn new(engine: Engine, binary: &Path, small_disk: bool) -> Result<Self> {
        let many = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Many::new("chaos").await?),
        };
        let database = match &many {
            Some(many) => Some(Proxy::before(host(many.database_url())?).await?),
            None => None,
        };
        let objects = match &many {
            Some(many) => Some(Proxy::before(host(many.endpoint())?).await?),
            None => None,
        };
        let clock = FalseClock::new()?;
        let proxies = database.as_ref().zip(objects.as_ref());
        let workspace = Arc::new(workspace(binary, many.as_ref().zip(proxies), clock.as_ref())?);
        let disk = match engine {
            Engine::Sqlite if small_disk => SmallDisk::mount(workspace.dir.path())?,
            Engine::Sqlite | Engine::Postgres => None,
        };
        workspace.run(&["migrate"], "")?;
        let mut town = Self {
            engine,
            servers: Vec::new(),
            workers: Vec::new(),
            addresses: Vec::new(),
            database,
            objects,
            clock,
            disk,
            many,
            workspace,
        };
        let count = if engine == Engine::Sqlite { 1 } else { 2 };
        for number in 0..count {
            town.start(number)?;
        }
        for keeper in town.servers.iter().chain(&town.workers) {
            keeper.running(Duration::from_mins(1)).await?;
        }
        Ok(town)
    }

    fn start(&mut self, number: usize) -> Result<()> {
        // The server takes the same port again when it is started again, so that people find it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let workspace = Arc::clone(&self.workspace);
        let server = Keeper::new(&format!("server {number}"), move || {
            let listen = format!("127.0.0.1:{port}");
            Ok(workspace.serve_at(&listen, &["--no-worker"])?.process)
        });
        self.addresses.push(format!("http://127.0.0.1:{port}"));
        self.servers.push(server);
        let workspace = Arc::clone(&self.workspace);
        let worker = Keeper::new(&format!("worker {number}"), move || workspace.worker());
        self.workers.push(worker);
        Ok(())
    }

    /// Makes somebody; their token.
    pub fn person(&self, email: &str, role: &str) -> Result<String> {
        self.workspace.person(email, role)
    }

    /// What `gametape doctor` prints; an error where it is not content.
    pub fn doctor(&self) -> Result<String> {
        self.workspace.run(&["doctor"], "")
    }

    /// Ends every fault that would last.
    pub fn calm(&self) -> Result<()> {
        for proxy in [&self.database, &self.objects].into_iter().flatten() {
            proxy.set(Mode::Through);
            // Whoever was caught in the middle would wait for long.
            proxy.cut();
        }
        for keeper in &self.workers {
            keeper.signal("CONT");
        }
        match &self.disk {
            Some(disk) => disk.empty(),
            None => Ok(()),
        }
    }

    /// The database itself, past any proxy.
    pub async fn sql(&self) -> Result<sqlx::AnyConnection> {
        sqlx::any::install_default_drivers();
        let url = match &self.many {
            Some(many) => many.database_url().to_owned(),
            None => format!(
                "sqlite:{}",
                self.workspace.dir.path().join("gametape.db").display()
            ),
        };
        Ok(sqlx::AnyConnection::connect(&url).await?)
    }

    /// Every object that is stored, as `recordings/ID/NAME` or `uploads/ID/NAME`.
    pub async fn stored(&self) -> Result<Vec<String>> {
        if let Some(many) = &self.many {
            return many.objects().await;
        }
        let folder = self.workspace.dir.path().join("media");
        let name = |path: String| {
            let inside = Path::new(&path).strip_prefix(&folder);
            inside.map_or(path.clone(), |inside| inside.display().to_string())
        };
        Ok(files(&folder)?.into_iter().map(name).collect())
    }
}

/// `HOST:PORT` of an address.
fn host(url: &str) -> Result<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or(rest);
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    ensure!(place.contains(':'), "{url} has no port");
    Ok(place)
}

fn workspace(
    binary: &Path,
    servers: Option<(&Many, (&Proxy, &Proxy))>,
    clock: Option<&FalseClock>,
) -> Result<Workspace> {
    let mut environment: Vec<(String, String)> =
        vec![("GAMETAPE_LEASE_SECONDS".to_owned(), LEASE_SECONDS.to_string())];
    if let Some((many, (database, objects))) = servers {
        let own = many.environment().into_iter();
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let direct = host(many.database_url())?;
        let url = many
            .database_url()
            .replace(direct, &database.address().to_string());
        environment.push(("GAMETAPE_DATABASE_URL".to_owned(), url));
        let endpoint = format!("http://{}", objects.address());
        environment.push(("GAMETAPE_S3__ENDPOINT".to_owned(), endpoint));
    }
    environment.extend(clock.into_iter().flat_map(FalseClock::environment));
    let borrowed: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Workspace::of_binary(binary, &borrowed)
}

/// The time that programs are told, by libfaketime: what the machine's clock says, moved by some seconds. Time that
/// only goes on (for timeouts) is left alone, as by a real clock that is set.
pub struct FalseClock {
    library: PathBuf,
    dir: tempfile::TempDir,
    offset_s: Mutex<i64>,
}

impl FalseClock {
    fn new() -> Result<Option<Self>> {
        let places = [
            "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib64/faketime/libfaketimeMT.so.1",
        ];
        let Some(library) = places.iter().map(PathBuf::from).find(|path| path.is_file()) else {
            return Ok(None);
        };
        let clock = Self {
            library,
            dir: tempfile::tempdir()?,
            offset_s: Mutex::new(0),
        };
        clock.set(0)?;
        Ok(Some(clock))
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("offset")
    }

    fn environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DISABLE_SHM", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// How far it is from the machine's, in seconds.
    pub fn offset_s(&self) -> i64 {
        self.offset_s.lock().map_or(0, |offset| *offset)
    }

    /// Sets it, within a second.
    pub fn set(&self, offset_s: i64) -> Result<()> {
        let new = self.dir.path().join("new");
        fs::write(&new, format!("{offset_s:+}\n"))?;
        fs::rename(new, self.file())?;
        if let Ok(mut offset) = self.offset_s.lock() {
            *offset = offset_s;
        }
        Ok(())
    }
}

/// A small file system in memory, mounted on a folder until this is dropped. Only root may mount one.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    fn mount(folder: &Path) -> Result<Option<Self>> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs"])
            .arg(folder)
            .output()
            .context("mount is missing")?;
        Ok(mounted.status.success().then(|| Self {
            folder: folder.to_owned(),
        }))
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> Result<()> {
        use std::io::Write;
        let mut file = fs::File::create(self.ballast())?;
        for size in [1 << 20, 4_096] {
            let zeros = vec![0; size];
            while file.write_all(&zeros).is_ok() {}
        }
        Ok(())
    }

    /// Gives it back.
    pub fn empty(&self) -> Result<()> {
        match fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host() -> Result<()> {
        assert_eq!(host("postgres://me@127.0.0.1:5432/db")?, "127.0.0.1:5432");
        assert_eq!(host("http://127.0.0.1:9000")?, "127.0.0.1:9000");
        assert!(host("http://nowhere").is_err());
        Ok(())
    }
}
