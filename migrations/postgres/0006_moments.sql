-- Moments: where comments and evidence that everybody may see overlap. They are made of those, in the same
-- transaction, so that browsing them is a walk along an index.

CREATE TABLE moments (
    moment_no     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            TEXT COLLATE "C" NOT NULL UNIQUE,
    call_id       TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    -- Who sees it: 0 everybody; 1 those who see scores; 2 those who don't just now, because they review the call
    -- themselves. A moment that scores are part of is kept once as it is (1), and what is left of it without
    -- them once more (2).
    layer         BIGINT NOT NULL,
    start_ms      BIGINT NOT NULL,
    end_ms        BIGINT NOT NULL,
    excerpt       TEXT   NOT NULL,
    -- The excerpt's bare words; see search_documents.
    words         TEXT   NOT NULL,
    comment_count BIGINT NOT NULL,
    reply_count   BIGINT NOT NULL,
    score_count   BIGINT NOT NULL,
    -- All three together.
    discussion_count BIGINT NOT NULL,
    -- Scores as a share of their scale, in thousandths, so that scales compare; NULL without scores.
    lowest_permille  BIGINT,
    highest_permille BIGINT,
    -- 1 where two reviewers differ by two levels or more on one criterion.
    disputed      BIGINT NOT NULL,
    newest_at     BIGINT NOT NULL
);
CREATE INDEX moments_of_call ON moments (call_id, layer, start_ms);
-- The orders of lists. Behind what they sort by stands what tells whether somebody may see the moment, so that a
-- walk touches no more of it.
CREATE INDEX moments_by_newest ON moments (newest_at DESC, id DESC, call_id, layer);
CREATE INDEX moments_by_discussion ON moments (discussion_count DESC, id DESC, call_id, layer);
CREATE INDEX moments_by_highest ON moments (highest_permille DESC, id DESC, call_id, layer)
    WHERE highest_permille IS NOT NULL;
CREATE INDEX moments_by_lowest ON moments (lowest_permille, id, call_id, layer) WHERE lowest_permille IS NOT NULL;
CREATE INDEX moments_disputed ON moments (newest_at DESC, id DESC, call_id, layer) WHERE disputed = 1;

-- What a moment is made of.
CREATE TABLE moment_items (
    moment_id    TEXT COLLATE "C" NOT NULL REFERENCES moments (id) ON DELETE CASCADE,
    -- The comment, or the evidence.
    item_id      TEXT COLLATE "C" NOT NULL,
    author_id    TEXT COLLATE "C" NOT NULL,
    -- The comment's kind; NULL for evidence.
    comment_kind TEXT,
    -- Of the score that the evidence is for; NULL for comments.
    review_id    TEXT COLLATE "C",
    criterion_id TEXT COLLATE "C",
    -- NULL for comments, and for what is not applicable.
    value        BIGINT,
    value_permille BIGINT,
    PRIMARY KEY (moment_id, item_id)
);
CREATE INDEX moment_items_by_author ON moment_items (author_id, moment_id);
CREATE INDEX moment_items_by_kind ON moment_items (comment_kind, moment_id) WHERE comment_kind IS NOT NULL;
CREATE INDEX moment_items_by_criterion ON moment_items (criterion_id, value, moment_id)
    WHERE criterion_id IS NOT NULL;
CREATE INDEX moment_items_by_score ON moment_items (value_permille, moment_id) WHERE value_permille IS NOT NULL;

-- Where browsing starts when few calls are asked for.
CREATE INDEX calls_of_stage ON calls (deal_stage) WHERE deal_stage IS NOT NULL;
CREATE INDEX calls_of_outcome ON calls (deal_outcome) WHERE deal_outcome IS NOT NULL;

-- Lists of phrases to look for, and where they were found.
CREATE TABLE trackers (
    id           TEXT COLLATE "C"     NOT NULL PRIMARY KEY,
    title        TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    -- As JSON.
    phrases      TEXT   NOT NULL,
    -- Whose words count; NULL for everybody's.
    speaker_role TEXT,
    -- Grows with every change: what the ETag says, and what hits belong to.
    version      BIGINT NOT NULL,
    created_by   TEXT COLLATE "C"     REFERENCES users (id),
    disabled_at  BIGINT,
    -- Its row stays, so that a tracker that comes with the program does not come back.
    deleted_at   BIGINT,
    created_at   BIGINT NOT NULL
);

CREATE TABLE tracker_hits (
    tracker_id TEXT COLLATE "C"     NOT NULL REFERENCES trackers (id) ON DELETE CASCADE,
    call_id    TEXT COLLATE "C"     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    segment_id TEXT COLLATE "C"     NOT NULL REFERENCES segments (id) ON DELETE CASCADE,
    start_ms   BIGINT NOT NULL,
    end_ms     BIGINT NOT NULL,
    phrase     TEXT   NOT NULL,
    PRIMARY KEY (tracker_id, segment_id, start_ms)
);
CREATE INDEX tracker_hits_of_call ON tracker_hits (call_id, start_ms);
CREATE INDEX tracker_hits_of_tracker ON tracker_hits (tracker_id, call_id, start_ms, segment_id);
CREATE INDEX tracker_hits_of_segment ON tracker_hits (segment_id);

-- Calls that a tracker still has to look through; a worker takes them off one by one.
CREATE TABLE tracker_todo (
    tracker_id TEXT COLLATE "C" NOT NULL REFERENCES trackers (id) ON DELETE CASCADE,
    call_id    TEXT COLLATE "C" NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (tracker_id, call_id)
);
CREATE INDEX tracker_todo_of_call ON tracker_todo (call_id, tracker_id);

-- What can be searched. The words column holds the text as bare words in lower case, one space between
-- them, cut by the program, so that both engines index the same.
CREATE TABLE search_documents (
    doc_no   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'title', 'segment' or 'comment'.
    kind     TEXT   NOT NULL,
    -- Id of the call, the segment or the comment.
    source_id TEXT COLLATE "C"    NOT NULL UNIQUE,
    call_id  TEXT COLLATE "C"     NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    start_ms BIGINT,
    end_ms   BIGINT,
    -- Who speaks, for segments.
    speaker_role TEXT,
    text     TEXT   NOT NULL,
    words    TEXT   NOT NULL
);
CREATE INDEX search_documents_of_call ON search_documents (call_id, kind);

-- From here on each engine has its own.

-- The bare words of a text with their places. PostgreSQL's own parser is left out of it: what that takes for a
-- word depends on the server's settings, and the other engine would find something else.
CREATE FUNCTION words_with_places(words TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(string_agg('''' || word || ''':' || place, ' '), '')::tsvector
    FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS cut (word, place)
    WHERE word <> '' AND place < 16383
$$;

ALTER TABLE moments ADD COLUMN place TSVECTOR GENERATED ALWAYS AS (words_with_places(words)) STORED;
CREATE INDEX moments_words ON moments USING GIN (place);

ALTER TABLE search_documents ADD COLUMN place TSVECTOR GENERATED ALWAYS AS (words_with_places(words)) STORED;
CREATE INDEX search_documents_words ON search_documents USING GIN (place);
