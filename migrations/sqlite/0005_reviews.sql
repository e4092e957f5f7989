-- Rubrics and the reviews made with them.

CREATE TABLE rubrics (
    id          TEXT     NOT NULL PRIMARY KEY,
    title       TEXT   NOT NULL,
    description TEXT   NOT NULL,
    -- What is being worked on, as JSON; NULL when it is what was published last.
    draft       TEXT,
    -- The version that new reviews take; NULL until one is published.
    current_version BIGINT,
    -- Grows with every change: what the ETag says.
    version     BIGINT NOT NULL,
    created_by  TEXT     REFERENCES users (id),
    archived_at BIGINT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX rubrics_by_age ON rubrics (created_at, id);

-- Published versions. They are never changed: reviews point at them.
CREATE TABLE rubric_versions (
    rubric_id    TEXT     NOT NULL REFERENCES rubrics (id) ON DELETE CASCADE,
    version      BIGINT NOT NULL,
    title        TEXT   NOT NULL,
    definition   TEXT   NOT NULL,
    published_by TEXT     REFERENCES users (id),
    published_at BIGINT NOT NULL,
    PRIMARY KEY (rubric_id, version)
);

CREATE TABLE reviews (
    id              TEXT     NOT NULL PRIMARY KEY,
    call_id         TEXT     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    reviewer_id     TEXT     NOT NULL REFERENCES users (id),
    rubric_id       TEXT     NOT NULL REFERENCES rubrics (id),
    rubric_version  BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    summary         TEXT   NOT NULL,
    -- The result in thousandths, for lists; NULL until it is submitted, or where nothing was scored.
    result_permille BIGINT,
    response        TEXT,
    response_note   TEXT,
    responded_at    BIGINT,
    submitted_at    BIGINT,
    released_at     BIGINT,
    withdrawn_at    BIGINT,
    -- Grows with every change: what the ETag says.
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX reviews_of_call ON reviews (call_id, created_at, id);
CREATE INDEX reviews_of_reviewer ON reviews (reviewer_id, created_at, id);
-- Nobody has two scorecards of one kind for a call, but those that were taken back.
CREATE UNIQUE INDEX reviews_once ON reviews (call_id, reviewer_id, rubric_id) WHERE state <> 'withdrawn';
-- Who must not see other people's scores just now.
CREATE INDEX reviews_open ON reviews (reviewer_id, call_id) WHERE state = 'draft';

CREATE TABLE scores (
    review_id      TEXT     NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    criterion_id   TEXT     NOT NULL,
    -- NULL for not applicable.
    value          BIGINT,
    note           TEXT   NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (review_id, criterion_id)
);

CREATE TABLE evidence (
    id           TEXT     NOT NULL PRIMARY KEY,
    review_id    TEXT     NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    criterion_id TEXT     NOT NULL,
    -- Both go with their call; without the cascade PostgreSQL would look at this key too early then.
    anchor_id    TEXT     NOT NULL UNIQUE REFERENCES anchors (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL
);
CREATE INDEX evidence_of_review ON evidence (review_id, criterion_id, created_at, id);

-- What happened to a review, with the reasons people gave.
CREATE TABLE review_history (
    id         TEXT     NOT NULL PRIMARY KEY,
    review_id  TEXT     NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    actor_id   TEXT     NOT NULL REFERENCES users (id),
    action     TEXT   NOT NULL,
    reason     TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX review_history_of_review ON review_history (review_id, created_at, id);
