-- Systems that API callers made known, beside those of the configuration.
CREATE TABLE integrations (
    id TEXT NOT NULL PRIMARY KEY,         -- int_…
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,                   -- the connector
    identifier TEXT NOT NULL,             -- unique in the tenant; what rules call it
    sealed BYTES NOT NULL,                -- credentials and settings, JSON, for this row only
    scope TEXT NOT NULL,                  -- JSON, see bridge/made.py
    metadata TEXT NOT NULL,               -- JSON
    created_by TEXT NOT NULL,             -- as the caller says
    made_with TEXT NOT NULL,              -- the key's id
    active BIGINT NOT NULL,               -- 0: its actions wait
    trouble TEXT NOT NULL DEFAULT '',     -- why its token could not be renewed
    valid_until BIGINT NOT NULL DEFAULT 0, -- of the access token, milliseconds; 0: no end known
    renewing_until BIGINT NOT NULL DEFAULT 0, -- a node renews the token; others wait that long
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL               -- counts every change
);
CREATE UNIQUE INDEX integrations_identifier ON integrations (tenant, identifier);
CREATE INDEX integrations_valid ON integrations (valid_until) WHERE valid_until > 0;
