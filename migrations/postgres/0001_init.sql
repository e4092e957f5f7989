-- The first shape of the database. The file of the same name in the other engine's folder makes the same
-- tables; only the spelling of bytes and of the order of ids differs.
--
-- What holds everywhere: ids are text with a prefix and a ULID, so they sort by age. Times are milliseconds
-- since 1970 and come from the program's clock, never from the database's. JSON is text. There are no
-- booleans: a time that may be missing says whether, and when.
--
-- Ids are compared byte by byte (COLLATE "C"), as the other engine does: their order must not hang on the
-- language of the machine.

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL,
    -- The address in lower case, folded by the program: the two engines fold letters beyond ASCII differently.
    email_folded  TEXT   NOT NULL UNIQUE,
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    disabled_at   BIGINT,
    created_at    BIGINT NOT NULL
);
CREATE INDEX users_by_age ON users (created_at, id);

-- Only hashes of secrets are kept: who reads the database can't sign in with what is found here.
CREATE TABLE sessions (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   TEXT   NOT NULL UNIQUE,
    user_agent   TEXT,
    address      TEXT,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    token_hash   TEXT   NOT NULL UNIQUE,
    scope        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at   BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX tokens_of_user ON tokens (user_id);

-- A file on its way in. The row outlives its completion until expires_at, so that a client that lost the
-- answer to its last bytes can ask again.
CREATE TABLE uploads (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id     TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    -- NULL until the client says how long the file is.
    size_bytes   BIGINT,
    offset_bytes BIGINT NOT NULL,
    -- State of the running SHA-256, so that another process can go on hashing where this one was killed.
    hash_state   BYTEA  NOT NULL,
    filename     TEXT   NOT NULL,
    metadata     TEXT   NOT NULL,
    -- The call that took this upload, for good: without a foreign key, because an upload whose call is
    -- deleted must not be free for another. Setting it is also what locks two calls out of each other.
    call_id      TEXT COLLATE "C",
    -- What it became. Without a foreign key: the two tables name each other.
    recording_id TEXT COLLATE "C",
    completed_at BIGINT,
    expires_at   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_of_recording ON uploads (recording_id);

CREATE TABLE upload_parts (
    upload_id    TEXT COLLATE "C" NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    offset_bytes BIGINT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    media_key    TEXT   NOT NULL,
    PRIMARY KEY (upload_id, offset_bytes)
);

CREATE TABLE recordings (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id        TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    sha256          TEXT   NOT NULL,
    size_bytes      BIGINT NOT NULL,
    filename        TEXT   NOT NULL,
    content_type    TEXT,
    -- The upload whose parts hold the bytes; NULL once they are joined into one object.
    parts_upload_id TEXT COLLATE "C",
    -- What the first look into the sound found, and the two numbers of it that calls carry.
    analysis        TEXT,
    duration_ms     BIGINT,
    channels        BIGINT,
    created_at      BIGINT NOT NULL,
    -- The same bytes from the same person are stored once.
    UNIQUE (owner_id, sha256)
);
CREATE INDEX recordings_of_parts ON recordings (parts_upload_id);

CREATE TABLE calls (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id           TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    title              TEXT   NOT NULL,
    -- In lower case, for searching; folded by the program, see users.
    title_folded       TEXT   NOT NULL,
    state              TEXT   NOT NULL,
    progress           TEXT,
    problem            TEXT,
    occurred_at        BIGINT,
    requested_language TEXT,
    language           TEXT,
    requested_model    TEXT,
    duration_ms        BIGINT,
    channels           BIGINT,
    recording_id       TEXT COLLATE "C" REFERENCES recordings (id),
    -- The upload it waits for; NULL once that is complete.
    upload_id          TEXT COLLATE "C" UNIQUE REFERENCES uploads (id) ON DELETE SET NULL,
    -- The version that people read. Without a foreign key: the two tables name each other.
    transcript_id      TEXT COLLATE "C",
    duplicate_of       TEXT COLLATE "C" REFERENCES calls (id) ON DELETE SET NULL,
    stats              TEXT,
    -- Number of the last event. Raising it in the transaction that writes the event leaves no gaps, and
    -- lets one writer at a time work on a call.
    event_seq          BIGINT NOT NULL,
    created_at         BIGINT NOT NULL,
    -- Grows with every change, even within one millisecond: it is what writers compare.
    updated_at         BIGINT NOT NULL
);
-- Lists show the newest first, either of one owner or of all.
CREATE INDEX calls_by_age ON calls (created_at, id);
CREATE INDEX calls_of_owner ON calls (owner_id, created_at, id);
CREATE INDEX calls_of_recording ON calls (recording_id);
-- Deleting a call looks for those that name it.
CREATE INDEX calls_of_original ON calls (duplicate_of);

CREATE TABLE call_speakers (
    call_id TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    channel BIGINT NOT NULL,
    role    TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    PRIMARY KEY (call_id, channel)
);

CREATE TABLE events (
    call_id    TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (call_id, seq)
);

-- A row is a unit of work with a lease. Who may write for it is decided by id, attempt and lease_owner
-- together, so that a worker that was taken for dead changes nothing when it wakes up.
CREATE TABLE jobs (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    call_id     TEXT COLLATE "C" REFERENCES calls (id) ON DELETE CASCADE,
    payload     TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    -- Higher goes first.
    priority    BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    lost        BIGINT NOT NULL,
    run_at      BIGINT NOT NULL,
    lease_owner TEXT,
    -- Kept when a job is stopped from outside: until then its worker may not have noticed, and still write.
    lease_until BIGINT,
    last_error  TEXT,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT
);
-- What claiming walks: it holds open jobs only, however many are over.
CREATE INDEX jobs_open ON jobs (priority DESC, run_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_of_call ON jobs (call_id, created_at);
-- The stages of a call follow each other; two at once would be a mistake, and this is where it stops.
CREATE UNIQUE INDEX jobs_one_open_per_call ON jobs (call_id)
    WHERE call_id IS NOT NULL AND state IN ('queued', 'running');

CREATE TABLE job_attempts (
    job_id      TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt     BIGINT NOT NULL,
    worker      TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT,
    outcome     TEXT,
    error       TEXT,
    PRIMARY KEY (job_id, attempt)
);

CREATE TABLE transcripts (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    call_id       TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    -- The job that makes it: a later attempt of the same job goes on with it.
    job_id        TEXT COLLATE "C" NOT NULL,
    version       BIGINT NOT NULL,
    model         TEXT   NOT NULL,
    language      TEXT,
    windows_total BIGINT NOT NULL,
    completed_at  BIGINT,
    created_at    BIGINT NOT NULL,
    UNIQUE (call_id, version)
);
CREATE UNIQUE INDEX transcripts_one_unfinished ON transcripts (call_id) WHERE completed_at IS NULL;

-- A window is a piece of sound that is decoded in one go. Its row is written with its segments: it tells a
-- resumed job what is left, and its key keeps segments from being written twice.
CREATE TABLE transcript_windows (
    transcript_id TEXT COLLATE "C" NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
    window_no     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (transcript_id, window_no)
);

CREATE TABLE segments (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    transcript_id TEXT COLLATE "C" NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
    window_no     BIGINT NOT NULL,
    start_ms      BIGINT NOT NULL,
    end_ms        BIGINT NOT NULL,
    channel       BIGINT NOT NULL,
    text          TEXT   NOT NULL,
    words         TEXT   NOT NULL
);
CREATE INDEX segments_in_order ON segments (transcript_id, start_ms, channel, id);
