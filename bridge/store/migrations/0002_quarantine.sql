-- Deliveries whose proof was refused, whole and sealed, a bounded number for each source.
CREATE TABLE quarantine (
    id TEXT NOT NULL PRIMARY KEY,         -- qua_…; a later one sorts later
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    reason TEXT NOT NULL,                 -- why it was refused then, in one word
    message TEXT NOT NULL,
    remote TEXT NOT NULL,
    size BIGINT NOT NULL,                 -- bytes of what is sealed
    sealed BYTES NOT NULL                 -- the delivery, for this row only; last, as it is long
);
-- With the size, so that adding sizes up does not walk over what is sealed.
CREATE INDEX quarantine_source ON quarantine (tenant, source, id, size);

-- How many refused deliveries could not be kept, and why.
CREATE TABLE quarantine_lost (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    why TEXT NOT NULL,                    -- see bridge/store/quarantine.py
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, source, why)
);

-- Which secrets of a source still prove deliveries.
CREATE TABLE secrets_seen (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,                   -- a keyed digest: no guess can be tried on it
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, source, name)
);
