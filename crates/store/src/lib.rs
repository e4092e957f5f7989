//! The database: one file a noun, one SQL for SQLite and PostgreSQL, and the job table.
//!
//! A [`Store`] is a handle that is cheap to clone. Its functions are named `noun_verb`; each is one
//! transaction, so what belongs together (a call and its job, a segment and its event) is committed
//! together or not at all. Reads that may find nothing answer with an `Option`.
//!
//! Rows are locked in one order everywhere, so that PostgreSQL's writers don't wait for each other in a
//! circle: uploads, jobs, recordings, calls, then what hangs on a call. SQLite has one writer at a time.

mod anchor;
mod audit;
mod backup;
mod by_call;
mod call;
mod comment;
mod conditions;
mod dialect;
mod edit;
mod erase;
mod erasure;
mod error;
mod event;
mod idempotency;
mod inbox;
mod invitation;
mod job;
mod moment;
mod open;
mod person;
mod recording;
mod redaction;
mod retention;
mod review;
mod row;
mod rubric;
mod search;
mod session;
mod storage;
mod team;
mod token;
mod tracker;
mod transcript;
mod upload;
mod user;
mod viewer;

pub use anchor::Place;
pub use audit::{Actor, AuditFilter, NewAudit};
pub use backup::{Column, ColumnKind, Load, Snapshot, TableShape};
pub use call::{Bounds, CallDetails, CallFilter, CallPatch, DealPatch, NewCall, NewConsent, NewHold};
pub use comment::{CommentPatch, MAX_COMMENTS, NewComment, NewReply, NewTemplate, TemplatePatch};
pub use dialect::Engine;
pub use edit::Correction;
pub use erasure::Applied;
pub use error::StoreError;
pub use idempotency::{Idempotency, KeptAnswer, same_key, under_key, without_key};
pub use inbox::NewRequest;
pub use invitation::NewInvitation;
pub use job::{Ahead, DeletePayload, Fence, JobEnd, Waiting};
pub use moment::MomentFilter;
pub use open::{Connections, Store};
pub use person::Person;
pub use redaction::{MaskedSegment, Quote};
pub use retention::{DueAt, Leaving, NewRetentionRule, Preview, PreviewTotals, RetentionSwept, WhatIf};
pub use review::{ReviewDetail, ReviewExport, ReviewExportFilter, ReviewFilter, ReviewLine, ReviewRelation};
pub use rubric::{NewRubric, RubricPatch, RubricVersionInfo};
pub use search::SearchFilter;
pub use session::{NewSession, Session};
pub use storage::{RedactionFigures, StorageFigures};
pub use token::{NewToken, Token};
pub use tracker::{NewTracker, TrackerPatch};
pub use transcript::{NewSegment, TranscriptInfo, TranscriptProgress, Windows};
pub use upload::{Limit, NewPart, NewUpload, PersonUsage, Share, UploadDone, UploadLimits};
pub use user::{NewUser, UserPatch};

pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;
pub(crate) type Tx = sqlx::Transaction<'static, sqlx::Any>;
