-- Who stands behind a key: what ticket authors are told apart by. Several keys may be one user's.
CREATE TABLE users (
    id SERIAL_KEY,
    tenant TEXT NOT NULL,
    username TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_name ON users (tenant, username);

-- API keys. Of the secret only the SHA-256 is here: 256 random bits need no slower hash.
CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,         -- key_…
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,                   -- viewer, operator or admin
    user_id BIGINT NOT NULL,
    hint TEXT NOT NULL,                   -- the secret's first letters, to tell keys apart
    digest TEXT NOT NULL UNIQUE,          -- SHA-256 of the secret, hex
    per_minute BIGINT NOT NULL DEFAULT 0, -- requests a minute; 0 for the configured number
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,             -- a key's id, or cli
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX keys_tenant ON keys (tenant, id);

-- Signed in at the dashboard, with a key that still holds.
CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,     -- SHA-256 of the cookie's secret, hex
    key_id TEXT NOT NULL,
    csrf TEXT NOT NULL,                   -- what forms and scripts of this session send along
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Who changed what. Never edited; retention leaves it.
CREATE TABLE audit (
    seq SERIAL_KEY,
    tenant TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,                  -- a key's id, or cli
    name TEXT NOT NULL,                   -- that key's name then
    what TEXT NOT NULL,                   -- such as key.create
    object TEXT NOT NULL,                 -- the id of what was changed
    detail TEXT NOT NULL,                 -- JSON object without secrets
    request_id TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, seq);
