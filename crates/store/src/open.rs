//! Opening the database and bringing its tables up to date.

use std::sync::Arc;

use gametape_core::{Clock, TimeMs};
use sqlx::AnyPool;

use crate::{
    Result, StoreError, Tx,
    dialect::{Engine, Pools},
};

/// A handle to the database; clones share its connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Pools,
    clock: Clock,
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// `read`, `write`, or `all` where one pool does both.
    pub pool: &'static str,
    /// Those in use.
    pub used: u32,
    /// Those that are open and wait for something to do.
    pub idle: u32,
    /// As many as there may be.
    pub most: u32,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.engine())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `sqlite:PATH` (made if it is missing; its folder must exist; PATH is taken as it stands, up to a
    /// `?`), `sqlite::memory:` or `postgres://…`. The tables are left as they are: see [`Store::migrate`].
    pub async fn connect(url: &str, clock: Clock) -> Result<Self> {
        let pools = Pools::open(url).await?;
        Ok(Self {
            inner: Arc::new(Inner { pools, clock }),
        })
    }

    /// Brings the tables up to date, with what every installation begins with: a rubric, and trackers. Processes
    /// that do it at the same time wait for each other. Refuses a
    /// database that a newer version of the program has already changed.
    #[tracing::instrument(name = "db.migrate", skip_all)]
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_tables(None).await?;
        self.rubric_ensure_default().await?;
        self.tracker_ensure_defaults().await
    }

    /// Brings the tables up to a version, and leaves them empty if they are new.
    pub(crate) async fn migrate_tables(&self, version: Option<i64>) -> Result<()> {
        let migrator = self.engine().migrations();
        match self.engine() {
            // One transaction around all of it: the driver itself takes no lock on SQLite.
            Engine::Sqlite => {
                let mut tx = self.begin().await?;
                migrator
                    .run_direct(version, &mut *tx, false)
                    .await
                    .map_err(StoreError::Migration)?;
                tx.commit().await?;
            }
            // The driver takes an advisory lock that belongs to the connection, and keeps it when a
            // migration fails: then the connection has to go.
            Engine::Postgres => {
                let mut connection = self.inner.pools.write.acquire().await?;
                if let Err(error) = migrator.run_direct(version, &mut *connection, false).await {
                    connection.close().await?;
                    return Err(StoreError::Migration(error));
                }
            }
        }
        Ok(())
    }

    /// Names of the migrations that are still to be applied, in order; empty when the tables are up to date.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        let count = sqlx::query_scalar::<_, i64>(self.engine().count_migration_tables());
        let applied: Vec<i64> = if count.fetch_one(self.read()).await? == 0 {
            Vec::new()
        } else {
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
                .fetch_all(self.read())
                .await?
        };
        let all = self.engine().migrations().iter();
        Ok(all
            .filter(|migration| !applied.contains(&migration.version))
            .map(|migration| {
                format!(
                    "{:04}_{}",
                    migration.version,
                    migration.description.replace(' ', "_")
                )
            })
            .collect())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.read()).await?;
        Ok(())
    }

    /// How many connections are open and in use.
    pub fn connections(&self) -> Vec<Connections> {
        let Pools { engine, read, write } = &self.inner.pools;
        let of = |pool: &'static str, connections: &AnyPool| {
            let idle = u32::try_from(connections.num_idle()).unwrap_or(u32::MAX);
            Connections {
                pool,
                used: connections.size().saturating_sub(idle),
                idle,
                most: connections.options().get_max_connections(),
            }
        };
        match engine {
            Engine::Sqlite => vec![of("read", read), of("write", write)],
            Engine::Postgres => vec![of("all", write)],
        }
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        self.inner.pools.engine
    }

    /// The clock that all its times come from.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Closes all connections, after the statements under way have ended.
    pub async fn close(&self) {
        self.inner.pools.read.close().await;
        self.inner.pools.write.close().await;
    }

    pub(crate) fn now(&self) -> TimeMs {
        self.inner.clock.now_ms()
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.inner.pools.begin().await
    }

    pub(crate) fn read(&self) -> &AnyPool {
        &self.inner.pools.read
    }
}
