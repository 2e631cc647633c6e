-- Times are integer milliseconds UTC. JSON is text. SERIAL_KEY and BYTES stand for each
-- engine's own words.

CREATE TABLE events (
    seq SERIAL_KEY,                       -- orders all events of this store
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    key TEXT NOT NULL,                    -- what makes a redelivery recognisable
    part BIGINT NOT NULL,                 -- its place among the events of one body
    type TEXT NOT NULL,
    subject TEXT NOT NULL,                -- with the tenant, the lane
    time BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body_of TEXT NOT NULL,                -- the event whose row in bodies holds the body
    state TEXT NOT NULL,                  -- see EventState
    reason TEXT NOT NULL DEFAULT '',      -- why it is failed or ignored
    rules_version TEXT NOT NULL DEFAULT '',
    open_actions BIGINT NOT NULL DEFAULT 0, -- of its actions, those that are not finished
    dead_actions BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX events_delivery ON events (tenant, source, key);
-- What the matcher looks for. Empty when all is matched, so it costs nothing to keep.
CREATE INDEX events_received ON events (seq) WHERE state = 'received';
-- Which bodies later parts of a delivery still need; few senders put several events into one.
CREATE INDEX events_body ON events (body_of) WHERE part > 0;
CREATE INDEX events_failed ON events (seq) WHERE state = 'failed';

-- Apart from the events, so that scanning those does not read the bodies.
CREATE TABLE bodies (
    event_id TEXT NOT NULL PRIMARY KEY,
    headers TEXT NOT NULL,                -- JSON object, proofs and secrets taken out
    body BYTES NOT NULL
);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    position BIGINT NOT NULL,             -- which element of each
    element TEXT NOT NULL,                -- that element, JSON
    once TEXT,                            -- the value of once_per
    on_failure TEXT NOT NULL,
    variables TEXT NOT NULL,              -- the vars its deferred templates read, JSON
    grouped TEXT NOT NULL DEFAULT '[]',   -- ids of the events a throttled run stands for
    planned_at BIGINT NOT NULL
);
CREATE INDEX runs_event ON runs (event_id);

CREATE TABLE actions (
    seq SERIAL_KEY,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_seq BIGINT NOT NULL,            -- orders the lane
    tenant TEXT NOT NULL,
    lane TEXT NOT NULL,
    rule TEXT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    step TEXT NOT NULL,
    integration TEXT NOT NULL,
    parameters TEXT NOT NULL,             -- JSON
    deferred TEXT NOT NULL,               -- JSON list of pointers into parameters
    condition TEXT NOT NULL,
    mark TEXT NOT NULL,                   -- what the thing it makes carries
    state TEXT NOT NULL,                  -- see ActionState
    reason TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    may_exist BIGINT NOT NULL DEFAULT 0,  -- 1: a try may have done it although no answer came
    next_try_at BIGINT NOT NULL,
    outputs TEXT NOT NULL DEFAULT '{}',   -- JSON, what later steps read
    planned_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX actions_lane ON actions (tenant, lane, event_seq, seq)
    WHERE state IN ('pending', 'running', 'waiting');
CREATE INDEX actions_event ON actions (event_id);
CREATE INDEX actions_run ON actions (run_id);
CREATE INDEX actions_dead ON actions (seq) WHERE state = 'dead';

-- A row for each lane that has an unfinished action; the lane is what workers claim.
CREATE TABLE lanes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    due_at BIGINT NOT NULL,               -- when its first action may run
    held TEXT NOT NULL DEFAULT '',        -- the dead action that holds it, else empty
    leased_by TEXT NOT NULL DEFAULT '',
    leased_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, name)
);
CREATE INDEX lanes_due ON lanes (due_at) WHERE held = '';
CREATE INDEX lanes_leased ON lanes (leased_by) WHERE leased_by <> '';

-- Which node writes to which object outside, such as an issue, so that others wait.
CREATE TABLE object_leases (
    tenant TEXT NOT NULL,
    integration TEXT NOT NULL,
    object TEXT NOT NULL,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, integration, object)
);

-- One row for each try.
CREATE TABLE attempts (
    seq SERIAL_KEY,
    action_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    outcome TEXT NOT NULL,                -- done, found, again, dead, skipped
    reason TEXT NOT NULL,
    next_try_at BIGINT,
    exchanges TEXT NOT NULL               -- JSON list: the HTTP requests, cut and redacted
);
CREATE INDEX attempts_action ON attempts (action_id);

-- What ties a subject, or a value of once_per, to a ticket outside.
CREATE TABLE links (
    seq SERIAL_KEY,
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    once TEXT,                            -- null: not remembered for once_per
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- the record it stands for: finding, alert, case …
    record_id TEXT NOT NULL,
    run_id TEXT NOT NULL,                 -- the run that owns it
    event_id TEXT NOT NULL,
    state TEXT NOT NULL,                  -- intent, done, or free when its run died
    integration TEXT NOT NULL DEFAULT '',
    ticket TEXT NOT NULL DEFAULT '',      -- the key, such as SEC-12
    ticket_id TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX links_once ON links (tenant, rule, once) WHERE once IS NOT NULL;
CREATE INDEX links_run ON links (run_id);
CREATE INDEX links_subject ON links (tenant, subject);
CREATE INDEX links_ticket ON links (tenant, ticket) WHERE ticket <> '';

-- The latest known state of each scan, finding, case, job, alert and issue.
CREATE TABLE records (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    parent TEXT NOT NULL,                 -- a finding's scan; else empty
    url TEXT NOT NULL,
    data TEXT NOT NULL,                   -- JSON, as the last event had it
    event_id TEXT NOT NULL,
    event_time BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, id)
);
CREATE INDEX records_subject ON records (tenant, subject);

-- When the runs of a throttled rule started, newest last.
CREATE TABLE throttles (
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    value TEXT NOT NULL,
    starts TEXT NOT NULL,                 -- JSON list of times, at most as many as the rule allows
    group_run TEXT NOT NULL DEFAULT '',   -- the waiting run that takes further events in
    PRIMARY KEY (tenant, rule, value)
);

-- Deliveries that were turned away, a bounded number for each source.
CREATE TABLE refusals (
    seq SERIAL_KEY,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    status BIGINT NOT NULL,
    body_bytes BIGINT NOT NULL,
    remote TEXT NOT NULL
);
CREATE INDEX refusals_source ON refusals (tenant, source, seq);

-- Rule errors and matches, counted.
CREATE TABLE rule_counts (
    tenant TEXT NOT NULL,
    rule TEXT NOT NULL,
    matched BIGINT NOT NULL DEFAULT 0,
    errors BIGINT NOT NULL DEFAULT 0,
    last_matched_at BIGINT,
    last_error_at BIGINT,
    last_error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, rule)
);
