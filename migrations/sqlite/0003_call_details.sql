-- What people know about a call beside its recording. Tags, participants and invited people are JSON in the
-- call's row, which is read as a whole; the small tables below repeat them for lists to filter by, and are
-- written in the same statement's transaction.

ALTER TABLE calls ADD COLUMN team_id TEXT REFERENCES teams (id) ON DELETE SET NULL;
ALTER TABLE calls ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private';
ALTER TABLE calls ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE calls ADD COLUMN participants TEXT NOT NULL DEFAULT '[]';
ALTER TABLE calls ADD COLUMN invited TEXT NOT NULL DEFAULT '[]';
ALTER TABLE calls ADD COLUMN deal_name TEXT;
ALTER TABLE calls ADD COLUMN deal_name_folded TEXT;
ALTER TABLE calls ADD COLUMN deal_stage TEXT;
-- In the smallest unit of the currency.
ALTER TABLE calls ADD COLUMN deal_amount_minor BIGINT;
ALTER TABLE calls ADD COLUMN deal_currency TEXT;
ALTER TABLE calls ADD COLUMN deal_outcome TEXT;
ALTER TABLE calls ADD COLUMN deal_external_id TEXT;
-- Figures out of stats that lists filter and sort by.
ALTER TABLE calls ADD COLUMN rep_talk_permille BIGINT;
ALTER TABLE calls ADD COLUMN rep_longest_monologue_ms BIGINT;
ALTER TABLE calls ADD COLUMN rep_question_count BIGINT;
ALTER TABLE calls ADD COLUMN interruption_count BIGINT;
ALTER TABLE calls ADD COLUMN patience_ms BIGINT;
-- Comments and replies that everybody sees who sees the call.
ALTER TABLE calls ADD COLUMN comment_count BIGINT NOT NULL DEFAULT 0;

CREATE INDEX calls_of_team ON calls (team_id, created_at, id);
CREATE INDEX calls_by_time ON calls (occurred_at, id);
CREATE INDEX calls_of_deal ON calls (deal_external_id);

CREATE TABLE call_tags (
    tag_folded TEXT NOT NULL,
    call_id    TEXT   NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (tag_folded, call_id)
);
CREATE INDEX call_tags_of_call ON call_tags (call_id);

CREATE TABLE call_participants (
    name_folded TEXT NOT NULL,
    call_id     TEXT   NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (name_folded, call_id)
);
CREATE INDEX call_participants_of_call ON call_participants (call_id);

CREATE TABLE call_invited (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, call_id)
);
CREATE INDEX call_invited_of_call ON call_invited (call_id);

-- Who an event is for among those who see the call: NULL for all of them; ids of people as a JSON list; or
-- 'scores:' and a reviewer's id, for what is kept from people who review the call themselves just now.
ALTER TABLE events ADD COLUMN audience TEXT;
