-- How soon the work on a call is done: high, normal or low.
ALTER TABLE calls ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';

-- Whose turn it is: lower goes first. The turns of one key, which is a team or a person and a priority, follow each
-- other, so that keys take turns. It was the kind of a job that decided before.
ALTER TABLE jobs ADD COLUMN fair_key TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_open;
ALTER TABLE jobs DROP COLUMN priority;

UPDATE jobs SET fair_key = COALESCE(
    (SELECT COALESCE(calls.team_id, calls.owner_id) || ':normal' FROM calls WHERE calls.id = jobs.call_id), 'deletions')
WHERE state IN ('queued', 'running');
UPDATE jobs SET turn = ranked.turn
FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY fair_key ORDER BY run_at, id) AS turn FROM jobs
      WHERE state IN ('queued', 'running')) AS ranked
WHERE ranked.id = jobs.id;

-- What claiming walks, a kind at a time: open jobs only, however many are over.
CREATE INDEX jobs_turn ON jobs (kind, turn, id) WHERE state IN ('queued', 'running');
-- What is next among all, the last turn that is worked on, and the last turn of a key: a new job finds its place by
-- these.
CREATE INDEX jobs_clock ON jobs (turn) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (turn) WHERE state = 'running';
CREATE INDEX jobs_of_key ON jobs (fair_key, turn) WHERE state IN ('queued', 'running');
