-- The last calls that were transcribed: how fast it goes here is taken from them.
CREATE INDEX jobs_transcribed ON jobs (finished_at DESC) WHERE kind = 'call.transcribe' AND state = 'done';

-- How a recording was cut into windows; a job goes on with what it finds only if it cuts alike.
ALTER TABLE transcripts ADD COLUMN window_ms BIGINT NOT NULL DEFAULT 20000;
