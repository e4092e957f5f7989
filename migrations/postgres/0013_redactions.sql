-- Numbers of cards and accounts that were taken out of what is said.

-- Where in a recording they are heard. Kept whatever becomes of the transcript: a later one adds to them. What overlaps
-- on a channel is one row.
CREATE TABLE redactions (
    recording_id TEXT COLLATE "C" NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    -- Whose words they are in, counted from 0.
    channel      BIGINT NOT NULL,
    start_ms     BIGINT NOT NULL,
    end_ms       BIGINT NOT NULL,
    -- 'card', 'iban' or 'account'.
    kind         TEXT   NOT NULL,
    PRIMARY KEY (recording_id, channel, start_ms)
);

-- Grows with every change of these rows …
ALTER TABLE recordings ADD COLUMN redaction_version BIGINT NOT NULL DEFAULT 0;
-- … and this is the version of them that the object with silence in it was made for, which is served in place of the
-- original; 0 where there is none.
ALTER TABLE recordings ADD COLUMN redacted_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN redacted_size_bytes BIGINT;
ALTER TABLE recordings ADD COLUMN redacted_sha256 TEXT;
-- When a whole transcript of it had been looked through, by a program that was told to.
ALTER TABLE recordings ADD COLUMN redaction_looked_at BIGINT;
