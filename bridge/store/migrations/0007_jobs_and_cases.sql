-- What a tenant's admins switch on and off. There is a row only once something was set.
CREATE TABLE app_settings (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,                   -- such as jira
    value TEXT NOT NULL,                  -- JSON object
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- Notes that callers keep with a job; what the job is and how far, its record says.
CREATE TABLE job_notes (
    tenant TEXT NOT NULL,
    job_id TEXT NOT NULL,
    id TEXT NOT NULL,
    position BIGINT NOT NULL,             -- its place among the job's notes, from 0
    step_name TEXT NOT NULL,
    serials TEXT NOT NULL,                -- JSON: a list of serial numbers, or how many
    text TEXT NOT NULL,
    ticket TEXT NOT NULL DEFAULT '',      -- where it was pushed to
    comment_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, job_id, id)
);
CREATE INDEX job_notes_id ON job_notes (tenant, id);

-- One row for each push of a job to its ticket.
CREATE TABLE pushes (
    id TEXT NOT NULL PRIMARY KEY,         -- psh_…; the marks of what it writes follow from it
    tenant TEXT NOT NULL,
    job_id TEXT NOT NULL,
    what TEXT NOT NULL,                   -- table, summary, or note: and the note's id
    ticket TEXT NOT NULL,
    digest TEXT NOT NULL,                 -- SHA-256 of what it says
    state TEXT NOT NULL,                  -- see PushState
    reason TEXT NOT NULL DEFAULT '',      -- why it failed
    actor TEXT NOT NULL,                  -- the key it was asked for with
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX pushes_job ON pushes (tenant, job_id, created_at);
CREATE INDEX pushes_age ON pushes (updated_at);

-- What is known of a case beside its record.
CREATE TABLE cases (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    changes BIGINT NOT NULL,              -- how often it changed: events of it, and pushes
    version TEXT NOT NULL,                -- its source's word for its version, else made from changes
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- Comments of cases: an event may bring all of them, or only the newest.
CREATE TABLE case_comments (
    tenant TEXT NOT NULL,
    case_id TEXT NOT NULL,
    id TEXT NOT NULL,
    data TEXT NOT NULL,                   -- JSON object, as its source told it
    time BIGINT NOT NULL,                 -- of the first event that told it
    pushed_at BIGINT,                     -- when it was last seen to be outside
    pushed_by TEXT NOT NULL DEFAULT '',   -- JSON object: who had it pushed
    PRIMARY KEY (tenant, case_id, id)
);

-- What a case became outside, one row for each integration it was pushed to.
CREATE TABLE case_incidents (
    tenant TEXT NOT NULL,
    case_id TEXT NOT NULL,
    integration TEXT NOT NULL,
    external_service TEXT NOT NULL,       -- JSON object, as answers show it
    pushed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, case_id, integration)
);
CREATE INDEX case_incidents_integration ON case_incidents (tenant, integration);
