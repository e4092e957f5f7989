//! The servers that many machines share: a PostgreSQL database and an S3 bucket, each fresh for one test.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use gametape_media::{Media, S3Options};

/// Variables that `scripts/test-postgres` and `scripts/test-s3` set.
fn variable(name: &str, script: &str) -> Result<String> {
    std::env::var(name)
        .with_context(|| format!("{name} is not set: run this by `make test`, or under {script}"))
}

/// A database and a place in a bucket of their own.
pub struct Many {
    database_url: String,
    media_url: String,
    endpoint: String,
    access_key: String,
    secret_key: String,
}

impl Many {
    /// Makes them; `name` keeps tests apart.
    pub async fn new(name: &str) -> Result<Self> {
        let bucket = variable("GAMETAPE_TEST_S3_BUCKET", "scripts/test-s3")?;
        Ok(Self {
            database_url: Self::database(name).await?,
            media_url: format!("s3://{bucket}/{name}-{}", std::process::id()),
            endpoint: variable("GAMETAPE_TEST_S3_ENDPOINT", "scripts/test-s3")?,
            access_key: variable("GAMETAPE_TEST_S3_ACCESS_KEY", "scripts/test-s3")?,
            secret_key: variable("GAMETAPE_TEST_S3_SECRET_KEY", "scripts/test-s3")?,
        })
    }

    /// Makes a fresh database on the test server and gives its address.
    pub async fn database(name: &str) -> Result<String> {
        let admin = variable("GAMETAPE_TEST_POSTGRES_URL", "scripts/test-postgres")?;
        let database = format!("{name}_{}", std::process::id());
        let (server, _) = admin.rsplit_once('/').context("the address has no database")?;
        let create = format!("CREATE DATABASE {database}");
        let made = tokio::process::Command::new("psql")
            .args([admin.as_str(), "-qc", &create])
            .status()
            .await?;
        anyhow::ensure!(made.success(), "the database {database} can't be made");
        Ok(format!("{server}/{database}"))
    }

    /// The address of the database.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The address of the object store's server.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Configuration of the program for them.
    pub fn environment(&self) -> Vec<(&str, &str)> {
        vec![
            ("GAMETAPE_DATABASE_URL", &self.database_url),
            ("GAMETAPE_MEDIA_URL", &self.media_url),
            ("GAMETAPE_S3__ENDPOINT", &self.endpoint),
            ("GAMETAPE_S3__REGION", "us-east-1"),
            ("GAMETAPE_S3__ALLOW_HTTP", "true"),
            ("GAMETAPE_S3__ACCESS_KEY_ID", &self.access_key),
            ("GAMETAPE_S3__SECRET_ACCESS_KEY", &self.secret_key),
        ]
    }

    /// Every object that is stored.
    pub async fn objects(&self) -> Result<Vec<String>> {
        let options = S3Options {
            endpoint: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            access_key_id: Some(self.access_key.clone()),
            secret_access_key: Some(self.secret_key.clone()),
            allow_http: true,
            ..S3Options::default()
        };
        let media = Media::open(&self.media_url, &options)?;
        Ok(media.list(None).map_ok(|entry| entry.path).try_collect().await?)
    }
}

/// Every file below a folder.
pub fn files(dir: &std::path::Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string());
            }
        }
    }
    Ok(found)
}
