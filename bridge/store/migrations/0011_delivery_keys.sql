-- SQLite: an index on random keys writes a page for each delivery. Digests of the newest are kept
-- in memory, and written into this table many at a time; see newest_keys.py.

ON_SQLITE DROP INDEX events_delivery;
ON_SQLITE CREATE TABLE delivery_keys (
    digest BYTES NOT NULL PRIMARY KEY,    -- of tenant, source and key; empty: see seq
    seq BIGINT NOT NULL                   -- of the event; up to which all digests are here
) WITHOUT ROWID;
