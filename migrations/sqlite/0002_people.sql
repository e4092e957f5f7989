-- Teams, invitations, and what the record keeps of who did what.

-- Set when a person asked to be forgotten: name and address are gone, what they wrote keeps its place.
ALTER TABLE users ADD COLUMN erased_at BIGINT;

CREATE TABLE teams (
    id          TEXT     NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL
);

CREATE TABLE team_members (
    team_id    TEXT     NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id    TEXT     NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_members_of_user ON team_members (user_id, team_id);

-- A link that makes an account. Only a hash of what the link holds is kept.
CREATE TABLE invitations (
    id          TEXT     NOT NULL PRIMARY KEY,
    token_hash  TEXT   NOT NULL UNIQUE,
    -- Who it is meant for, if it was said; the link works once, for whoever has it.
    email       TEXT,
    role        TEXT   NOT NULL,
    -- Ids of teams, as JSON.
    teams       TEXT   NOT NULL,
    created_by  TEXT     NOT NULL REFERENCES users (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    accepted_by TEXT     REFERENCES users (id),
    accepted_at BIGINT,
    revoked_at  BIGINT
);
CREATE INDEX invitations_by_age ON invitations (created_at, id);

-- Who did what. Written in the transaction of what it tells about; never changed and never deleted, which
-- the triggers at the end of this file see to. Without foreign keys: it outlives what it names.
CREATE TABLE audit (
    id          TEXT     NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    -- NULL for the command line.
    actor_id    TEXT,
    action      TEXT   NOT NULL,
    target_kind TEXT   NOT NULL,
    target_id   TEXT   NOT NULL,
    call_id     TEXT,
    address     TEXT,
    detail      TEXT   NOT NULL
);
CREATE INDEX audit_by_age ON audit (at, id);
CREATE INDEX audit_of_actor ON audit (actor_id, at, id);
CREATE INDEX audit_of_target ON audit (target_id, at, id);

-- Answers to requests that carried an Idempotency-Key, so that a retried one gets the same answer.
CREATE TABLE idempotency (
    user_id      TEXT     NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key          TEXT   NOT NULL,
    -- Hash of method, path and body: the same key for another request is a mistake.
    request_hash TEXT   NOT NULL,
    -- NULL while the first request is under way.
    status       BIGINT,
    headers      TEXT,
    body         BLOB,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- From here on each engine has its own.
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
