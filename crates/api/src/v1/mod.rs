//! Version 1 of the interface, one folder or file a resource.

pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod comments;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod inbox;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod me;
pub(crate) mod moments;
pub(crate) mod names;
pub(crate) mod people;
pub(crate) mod retention;
pub(crate) mod reviews;
pub(crate) mod rubrics;
pub(crate) mod sample_data;
pub(crate) mod search;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod storage;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod trackers;
pub(crate) mod uploads;
pub(crate) mod users;
