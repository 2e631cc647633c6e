-- Tickets that API callers made. The issues are in Jira; this is what is known of them here.
CREATE TABLE tickets (
    id SERIAL_KEY,
    tenant TEXT NOT NULL,
    user_id BIGINT NOT NULL,              -- who reported it
    integration TEXT NOT NULL,            -- where its issue is
    mark TEXT NOT NULL,                   -- what the issue carries, so that it can be found again
    once TEXT,                            -- the Idempotency-Key it was asked for with
    asked TEXT NOT NULL,                  -- SHA-256 of the request: a key stands for one
    state TEXT NOT NULL,                  -- see TicketState
    reason TEXT NOT NULL DEFAULT '',      -- why there is no issue
    jira_key TEXT NOT NULL DEFAULT '',
    jira_id TEXT NOT NULL DEFAULT '',
    summary TEXT NOT NULL,
    description TEXT,
    issue_type TEXT NOT NULL,
    priority TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT '',
    assigned_to TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tickets_once ON tickets (tenant, user_id, once) WHERE once IS NOT NULL;
CREATE INDEX tickets_listed ON tickets (tenant, state, id);
CREATE INDEX tickets_reported ON tickets (tenant, user_id, state, id);
CREATE INDEX tickets_intended ON tickets (updated_at) WHERE state = 'intent';

-- Who wrote a comment or uploaded a file through the API: in Jira the bridge's account did.
CREATE TABLE ticket_parts (
    id SERIAL_KEY,
    tenant TEXT NOT NULL,
    ticket_id BIGINT NOT NULL,
    kind TEXT NOT NULL,                   -- comment or file
    outside_id TEXT NOT NULL DEFAULT '',  -- its id in Jira; empty while no answer came
    mark TEXT NOT NULL DEFAULT '',        -- what a comment carries
    user_id BIGINT NOT NULL,
    role TEXT NOT NULL,                   -- that user's role then
    created_at BIGINT NOT NULL
);
CREATE INDEX ticket_parts_of ON ticket_parts (tenant, ticket_id, kind);

-- Which findings a scan has, which records were heard of last, and which tickets a record has.
CREATE INDEX records_parent ON records (tenant, parent) WHERE parent <> '';
CREATE INDEX records_time ON records (tenant, kind, event_time, id);
CREATE INDEX links_record ON links (tenant, kind, record_id);
