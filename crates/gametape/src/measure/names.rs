//! All measurements: what they say, and those that count from 0 on.
//!
//! A counter that appears only with the first event hides that event: Prometheus sees no step from 0 to 1. So
//! every counter with known labels is there from the start.

use gametape_core::job::JobKind;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

/// How an attempt at a job may end.
const OUTCOMES: [&str; 5] = ["done", "failed", "retry", "returned", "lost"];
/// What is done with stored objects.
const ACTIONS: [&str; 7] = ["read", "store", "look up", "delete", "list", "reach", "open"];

/// Tells the collector what there will be.
pub(crate) fn announce() {
    describe_requests();
    describe_jobs();
    describe_machine();
    for kind in JobKind::ALL {
        for outcome in OUTCOMES {
            counter!("gametape_jobs_total", "kind" => kind.as_str(), "outcome" => outcome).absolute(0);
        }
    }
    for action in ACTIONS {
        counter!("gametape_storage_errors_total", "action" => action).absolute(0);
    }
    for kind in ["unavailable", "refused"] {
        counter!("gametape_database_errors_total", "kind" => kind).absolute(0);
    }
    for limit in ["account", "token", "address"] {
        counter!("gametape_requests_refused_total", "limit" => limit).absolute(0);
    }
    counter!("gametape_speech_transcribed_seconds_total").absolute(0);
    metrics::gauge!("gametape_event_streams").set(0.0);
}

fn describe_requests() {
    describe_counter!(
        "gametape_http_requests_total",
        "Requests answered, by method, route and status."
    );
    describe_histogram!(
        "gametape_http_request_seconds",
        "Time from a request's head to its answer's head."
    );
    describe_counter!(
        "gametape_requests_refused_total",
        "Requests refused with 429, by the limit that they were over."
    );
    describe_gauge!("gametape_event_streams", "Event streams that are open.");
}

fn describe_jobs() {
    describe_counter!(
        "gametape_jobs_total",
        "Attempts at jobs of this process, by kind and how they ended."
    );
    describe_histogram!("gametape_job_seconds", "Time that an attempt at a job took.");
    describe_gauge!(
        "gametape_jobs_open",
        "Open jobs of the whole installation: due, delayed after a failure, or running."
    );
    describe_gauge!(
        "gametape_job_oldest_due_seconds",
        "How long the job that has been due longest waits for a worker."
    );
    describe_gauge!(
        "gametape_backlog_recording_seconds",
        "Length of the recordings that are still to be transcribed."
    );
    describe_gauge!(
        "gametape_transcription_speed_ratio",
        "Hours of recordings that are transcribed in an hour at present, as the last calls went."
    );
    describe_counter!(
        "gametape_speech_transcribed_seconds_total",
        "Speech that this process turned into words."
    );
    describe_counter!(
        "gametape_windows_repaired_total",
        "Windows of speech that were heard again, by what was wrong with them."
    );
    describe_gauge!(
        "gametape_worker_heartbeat_timestamp_seconds",
        "When a lane of this worker last spoke with the database."
    );
}

fn describe_machine() {
    describe_gauge!(
        "gametape_build_info",
        "1, with the version and the database engine."
    );
    describe_gauge!("gametape_database_up", "Whether the database answers.");
    describe_gauge!(
        "gametape_database_ping_seconds",
        "Time that the database took for its last answer."
    );
    describe_gauge!(
        "gametape_database_connections",
        "Connections to the database, used and idle."
    );
    describe_gauge!(
        "gametape_database_connections_max",
        "Most connections to the database."
    );
    describe_counter!(
        "gametape_database_errors_total",
        "Statements that the database did not carry out."
    );
    describe_counter!(
        "gametape_storage_errors_total",
        "Trouble with the object store, by what was tried."
    );
    describe_gauge!(
        "gametape_disk_free_bytes",
        "Room left for data and for recordings on this machine."
    );
    describe_gauge!(
        "gametape_disk_size_bytes",
        "Size of the disk that data and recordings are on."
    );
    describe_gauge!("process_start_time_seconds", "When this process began.");
    describe_gauge!("process_resident_memory_bytes", "Memory that this process holds.");
    describe_gauge!(
        "process_open_fds",
        "Files and connections that this process has open."
    );
    describe_gauge!(
        "process_max_fds",
        "Files and connections that this process may have open."
    );
}
