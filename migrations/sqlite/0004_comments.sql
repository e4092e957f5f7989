-- Anchors, comments on them, and corrections of the transcript.

-- A place in a call: a stretch of time, and the words that were there. Words tie it to the transcript when
-- that is made again: status says how well that went.
CREATE TABLE anchors (
    id            TEXT     NOT NULL PRIMARY KEY,
    call_id       TEXT     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    -- The version whose words it holds; NULL where there were none yet. Without a foreign key.
    transcript_id TEXT,
    start_ms      BIGINT NOT NULL,
    end_ms        BIGINT NOT NULL,
    -- Words of one channel only; NULL for all of them.
    channel       BIGINT,
    quote         TEXT   NOT NULL,
    prefix        TEXT   NOT NULL,
    suffix        TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX anchors_of_call ON anchors (call_id, start_ms);

CREATE TABLE comments (
    id          TEXT     NOT NULL PRIMARY KEY,
    call_id     TEXT     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    -- The comment it answers; an answer has neither place nor audience of its own.
    parent_id   TEXT     REFERENCES comments (id) ON DELETE CASCADE,
    author_id   TEXT     NOT NULL REFERENCES users (id),
    -- NULL for the call as a whole, and for answers.
    anchor_id   TEXT     UNIQUE REFERENCES anchors (id) ON DELETE CASCADE,
    kind        TEXT   NOT NULL,
    audience    TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    situation   TEXT,
    behaviour   TEXT,
    impact      TEXT,
    -- Ids of people, as JSON.
    mentions    TEXT   NOT NULL,
    resolved_at BIGINT,
    resolved_by TEXT     REFERENCES users (id),
    -- Grows with every edit: what the ETag says.
    version     BIGINT NOT NULL,
    edited_at   BIGINT,
    deleted_at  BIGINT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX comments_of_call ON comments (call_id, created_at, id);
CREATE INDEX comments_of_parent ON comments (parent_id, created_at, id);
CREATE INDEX comments_of_author ON comments (author_id, created_at, id);

-- What a comment said before it was edited.
CREATE TABLE comment_versions (
    comment_id TEXT     NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    version    BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    situation  TEXT,
    behaviour  TEXT,
    impact     TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (comment_id, version)
);

CREATE TABLE comment_mentions (
    user_id    TEXT     NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    comment_id TEXT     NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, comment_id)
);
CREATE INDEX comment_mentions_of_comment ON comment_mentions (comment_id);

CREATE TABLE comment_reactions (
    comment_id TEXT     NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    user_id    TEXT     NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reaction   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (comment_id, user_id, reaction)
);
CREATE INDEX comment_reactions_of_user ON comment_reactions (user_id);

-- Comments that people write often.
CREATE TABLE comment_templates (
    id         TEXT     NOT NULL PRIMARY KEY,
    owner_id   TEXT     NOT NULL REFERENCES users (id),
    -- Set when everybody may use it.
    shared_at  BIGINT,
    title      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    situation  TEXT,
    behaviour  TEXT,
    impact     TEXT,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX comment_templates_of_owner ON comment_templates (owner_id, created_at, id);

-- A correction: words of the machine that its anchor quotes, and what a person wrote instead. The machine's
-- words stay as they are; corrections are laid over them when they are read.
CREATE TABLE edits (
    id          TEXT     NOT NULL PRIMARY KEY,
    call_id     TEXT     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    anchor_id   TEXT     NOT NULL UNIQUE REFERENCES anchors (id) ON DELETE CASCADE,
    author_id   TEXT     NOT NULL REFERENCES users (id),
    replacement TEXT   NOT NULL,
    reverted_at BIGINT,
    reverted_by TEXT     REFERENCES users (id),
    created_at  BIGINT NOT NULL
);
CREATE INDEX edits_of_call ON edits (call_id, created_at, id);
