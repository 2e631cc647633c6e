-- What a comment said when it was carried over, so that later edits are seen and carried too.
ALTER TABLE sync_comments ADD COLUMN edited_at BIGINT NOT NULL DEFAULT 0; -- by its system's word
ALTER TABLE sync_comments ADD COLUMN said TEXT NOT NULL DEFAULT '';       -- digest of the text
ALTER TABLE sync_comments ADD COLUMN copy_id TEXT NOT NULL DEFAULT '';    -- on the other side
ALTER TABLE sync_comments ADD COLUMN wrote TEXT NOT NULL DEFAULT '';      -- digests of the copy's words
UPDATE sync_comments SET edited_at = copied_at;
