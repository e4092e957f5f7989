-- What waits for people: whom somebody asked for a review, and what each is told.

-- A person asked for a review of a call.
CREATE TABLE review_requests (
    id         TEXT NOT NULL PRIMARY KEY,
    call_id    TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    asker_id   TEXT NOT NULL REFERENCES users (id),
    asked_id   TEXT NOT NULL REFERENCES users (id),
    note       TEXT,
    due_at     BIGINT,
    -- 'open', 'done' or 'handed_back'. One that its asker takes back is deleted.
    state      TEXT   NOT NULL,
    -- Why it was handed back.
    reason     TEXT,
    -- When it was done or handed back.
    ended_at   BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX review_requests_of_call ON review_requests (call_id, created_at, id);
-- Nobody is asked twice at the same time.
CREATE UNIQUE INDEX review_requests_once ON review_requests (asked_id, call_id) WHERE state = 'open';

-- What somebody is told. What it is about is read where it is kept, so that it says what is there now and goes
-- when that goes; who may not see it any more does not see the notice either.
CREATE TABLE notices (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT   NOT NULL,
    call_id    TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    comment_id TEXT REFERENCES comments (id) ON DELETE CASCADE,
    review_id  TEXT REFERENCES reviews (id) ON DELETE CASCADE,
    request_id TEXT REFERENCES review_requests (id) ON DELETE CASCADE,
    -- Whose doing it is; NULL for the program's.
    actor_id   TEXT REFERENCES users (id),
    read_at    BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX notices_of_user ON notices (user_id, created_at, id);
CREATE INDEX notices_unread ON notices (user_id, id) WHERE read_at IS NULL;
CREATE INDEX notices_of_call ON notices (call_id, kind);
CREATE INDEX notices_of_request ON notices (request_id) WHERE request_id IS NOT NULL;
-- Everybody is told once of a comment, and once of each thing that happens to a review.
CREATE UNIQUE INDEX notices_of_comment ON notices (comment_id, user_id) WHERE comment_id IS NOT NULL;
CREATE UNIQUE INDEX notices_of_review ON notices (review_id, user_id, kind) WHERE review_id IS NOT NULL;
