//! The HTTP interface: routers, extractors, views, problems, `OpenAPI`, events.
//!
//! Every route below `/api/v1` requires a signed-in person, because the routers of `v1` are merged into
//! one that does ([`router`]); the few that do not are listed in [`PUBLIC_ROUTES`] and a test walks them
//! all. Who may see what is decided in `gametape_core::policy` alone.

mod accept;
mod access;
mod auth;
mod events;
mod extract;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod idempotency;
mod inbox_hub;
mod open_streams;
mod openapi;
mod ops;
mod precondition;
mod problem;
mod query;
mod quota;
mod rate;
mod receive;
mod router;
mod samples;
mod state;
mod time;
mod v1;
mod validate;
mod wrap;

pub use auth::{
    password::{PasswordError, check_password, hash_password},
    secret::Secret,
};
pub use openapi::openapi;
pub use rate::RequestRates;
pub use router::{PUBLIC_ROUTES, operation_router, router, router_with_fallback};
pub use samples::{SampleError, SampleSetting, Samples};
pub use state::{ApiConfig, ApiState};
