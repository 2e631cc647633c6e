-- What the bridge wrote outside lately, so that it is recognised when it comes back as an event.
CREATE TABLE outbound_writes (
    seq SERIAL_KEY,
    tenant TEXT NOT NULL,
    integration TEXT NOT NULL,
    object TEXT NOT NULL,                 -- the issue, case or alert, see bridge/changes.py
    field TEXT NOT NULL,                  -- status, summary, comment, created …
    digest TEXT NOT NULL,                 -- hash of the value, see bridge/changes.py
    said TEXT NOT NULL,                   -- the value in a few words, for people
    rule TEXT NOT NULL,                   -- whose action wrote it
    outside_id TEXT NOT NULL DEFAULT '',  -- a comment's id, once it is known
    written_at BIGINT NOT NULL,
    event_id TEXT NOT NULL DEFAULT ''     -- the event that told of it and used it up
);
CREATE INDEX outbound_writes_object ON outbound_writes (tenant, object);
CREATE INDEX outbound_writes_event ON outbound_writes (event_id) WHERE event_id <> '';
CREATE INDEX outbound_writes_age ON outbound_writes (written_at);

-- How often sync gave a field of an object a value it had had before; open: it is left alone.
CREATE TABLE sync_breakers (
    tenant TEXT NOT NULL,
    integration TEXT NOT NULL,
    object TEXT NOT NULL,
    field TEXT NOT NULL,
    writes TEXT NOT NULL,                 -- JSON list of [milliseconds, digest], the newest last
    opened_at BIGINT NOT NULL DEFAULT 0,  -- 0: closed
    open_until BIGINT NOT NULL DEFAULT 0, -- moved on by every change that it sees meanwhile
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, integration, object, field)
);
CREATE INDEX sync_breakers_open ON sync_breakers (open_until) WHERE opened_at > 0;

-- What two sides of a sync rule last agreed on, for each field; held: a person has to decide.
CREATE TABLE sync_fields (
    id TEXT NOT NULL PRIMARY KEY,         -- syn_…
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    left_id TEXT NOT NULL,
    right_id TEXT NOT NULL,
    field TEXT NOT NULL,
    state TEXT NOT NULL,                  -- agreed or held
    left_value TEXT NOT NULL,             -- JSON, as the left side said it when they agreed
    right_value TEXT NOT NULL,
    changed_at BIGINT NOT NULL,           -- when the agreed value was chosen, by its side's word
    agreed_at BIGINT NOT NULL,
    held_left TEXT NOT NULL DEFAULT 'null',
    held_right TEXT NOT NULL DEFAULT 'null',
    held_at BIGINT NOT NULL DEFAULT 0,
    take TEXT NOT NULL DEFAULT '',        -- left or right, once a person has decided
    event_id TEXT NOT NULL DEFAULT '',    -- the event that met the conflict
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sync_fields_pair ON sync_fields (tenant, rule, left_id, right_id, field);
CREATE INDEX sync_fields_held ON sync_fields (tenant, held_at) WHERE state = 'held';

-- Comments that were carried over, or were there before: a copy that somebody deletes stays away.
CREATE TABLE sync_comments (
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    left_id TEXT NOT NULL,
    right_id TEXT NOT NULL,
    side TEXT NOT NULL,                   -- where it was written: left or right
    comment_id TEXT NOT NULL,
    copied_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, rule, left_id, right_id, side, comment_id)
);

-- How far the reconciler has come with a rule, so that it goes on there.
CREATE TABLE reconciled (
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    after_seq BIGINT NOT NULL,            -- of the link that was looked at last; 0: from the start
    finished_at BIGINT NOT NULL,          -- of the last whole round
    PRIMARY KEY (tenant, rule)
);
