-- Consent, holds, rules for how long calls are kept, and what an older backup must not bring back.

-- Whether those who are heard agreed to be recorded, who noted that and when.
ALTER TABLE calls ADD COLUMN consent TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE calls ADD COLUMN consent_note TEXT;
ALTER TABLE calls ADD COLUMN consent_by TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE calls ADD COLUMN consent_at BIGINT;
-- A held call is deleted by nobody; held_at says whether.
ALTER TABLE calls ADD COLUMN held_at BIGINT;
ALTER TABLE calls ADD COLUMN held_by TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE calls ADD COLUMN hold_reason TEXT;
ALTER TABLE calls ADD COLUMN hold_note TEXT;
-- Set when the recording went and the call stayed.
ALTER TABLE calls ADD COLUMN recording_deleted_at BIGINT;

CREATE TABLE retention_rules (
    id           TEXT COLLATE "C"   NOT NULL PRIMARY KEY,
    -- NULL for the calls of all teams and of none.
    team_id      TEXT COLLATE "C"   REFERENCES teams (id) ON DELETE CASCADE,
    -- NULL for any label and none.
    tag          TEXT,
    tag_folded   TEXT,
    -- 'recording' or 'call'.
    target       TEXT   NOT NULL,
    -- NULL for good.
    keep_days    BIGINT,
    -- Nothing goes by it before.
    effective_at BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
-- The same calls have one rule of a kind.
CREATE UNIQUE INDEX retention_rules_once
    ON retention_rules (target, COALESCE(team_id, ''), COALESCE(tag_folded, ''));

-- What was deleted for good: ids alone. Without foreign keys: what they name is gone.
CREATE TABLE erasures (
    id        TEXT COLLATE "C"   NOT NULL PRIMARY KEY,
    -- 'call', 'recording' (then the id is the call's) or 'person'.
    kind      TEXT   NOT NULL,
    erased_at BIGINT NOT NULL
);
CREATE INDEX erasures_by_age ON erasures (erased_at, id);

-- Answers that are kept for repeated requests show what a call holds: they go with it.
ALTER TABLE idempotency ADD COLUMN call_id TEXT COLLATE "C";
CREATE INDEX idempotency_of_call ON idempotency (call_id) WHERE call_id IS NOT NULL;
-- So do the names of its files.
CREATE INDEX uploads_of_call ON uploads (call_id) WHERE call_id IS NOT NULL;
