//! Opening a store by its address.

use std::{fmt, path::Path as FilePath, sync::Arc, time::Duration};

use object_store::{BackoffConfig, ClientOptions, RetryConfig, aws::AmazonS3Builder, path::Path};
use url::Url;

use crate::{Media, MediaError, local::LocalRoot};

/// How to reach an S3 server. What is left out comes from the usual `AWS_*` environment variables.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Options {
    /// Address of the server, e.g. `http://127.0.0.1:9000`; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Region, e.g. `eu-central-1`.
    pub region: Option<String>,
    /// Id of the access key.
    pub access_key_id: Option<String>,
    /// The secret that belongs to it.
    pub secret_access_key: Option<String>,
    /// Whether plain `http://` is allowed.
    pub allow_http: bool,
    /// Whether the bucket stands in the host name instead of the path.
    pub virtual_hosted_style: bool,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &self.secret_access_key.as_ref().map(|_| "…"))
            .field("allow_http", &self.allow_http)
            .field("virtual_hosted_style", &self.virtual_hosted_style)
            .finish()
    }
}

impl Media {
    /// Opens the store at `url`: a folder (`/srv/media`, `media`, `file:///srv/media`; made if missing)
    /// or `s3://BUCKET/PREFIX`. No request is sent yet; see [`ping`](Self::ping).
    pub fn open(url: &str, s3: &S3Options) -> Result<Self, MediaError> {
        let invalid = |detail: &str| MediaError::InvalidUrl {
            url: url.to_owned(),
            detail: detail.to_owned(),
        };
        if url.is_empty() {
            return Err(invalid("it is empty; name a folder or s3://bucket/prefix"));
        }
        if !url.contains("://") {
            return Self::open_folder(url, FilePath::new(url));
        }
        let parsed = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
        match parsed.scheme() {
            "file" => {
                let folder = parsed
                    .to_file_path()
                    .map_err(|()| invalid("write file:/// and the whole path"))?;
                Self::open_folder(url, &folder)
            }
            "s3" => Self::open_s3(&parsed, s3),
            _ => Err(invalid("write a folder, file:///folder or s3://bucket/prefix")),
        }
    }

    fn open_folder(url: &str, folder: &FilePath) -> Result<Self, MediaError> {
        let (local, store) = LocalRoot::open(url, folder)?;
        Ok(Self {
            store: Arc::new(store),
            root: Path::default(),
            local: Some(local),
            keys: None,
        })
    }

    fn open_s3(url: &Url, options: &S3Options) -> Result<Self, MediaError> {
        let invalid = |detail: String| MediaError::InvalidUrl {
            url: url.to_string(),
            detail,
        };
        let bucket = url
            .host_str()
            .filter(|bucket| !bucket.is_empty())
            .ok_or_else(|| invalid("it names no bucket; write s3://bucket/prefix".to_owned()))?;
        let root = Path::from_url_path(url.path()).map_err(|error| invalid(error.to_string()))?;

        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_virtual_hosted_style_request(options.virtual_hosted_style)
            .with_allow_http(options.allow_http)
            .with_client_options(client_options(options))
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(5),
                    base: 2.0,
                },
                max_retries: 6,
                retry_timeout: Duration::from_mins(1),
            });
        if let Some(endpoint) = &options.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if let Some(region) = &options.region {
            builder = builder.with_region(region);
        }
        if let Some(id) = &options.access_key_id {
            builder = builder.with_access_key_id(id);
        }
        if let Some(secret) = &options.secret_access_key {
            builder = builder.with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            store: Arc::new(store),
            root,
            local: None,
            keys: None,
        })
    }
}

/// The whole-request timeout covers a part of 8 MiB over a slow line; what hangs earlier is cut earlier.
fn client_options(options: &S3Options) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(options.allow_http)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_mins(2))
}
