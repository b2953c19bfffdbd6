-- How a file is to be read, and files that hold several tables.

ALTER TABLE catalog.uploads
    ADD COLUMN wish jsonb NOT NULL DEFAULT '{}',               -- the publisher's choices
    ADD COLUMN parent_id uuid REFERENCES catalog.uploads,      -- the archive that it came out of
    DROP CONSTRAINT uploads_state_check,
    ADD CONSTRAINT uploads_state_check
        CHECK (state IN ('queued', 'ingesting', 'held', 'ingested', 'parted', 'failed'));
CREATE INDEX uploads_by_parent ON catalog.uploads (parent_id) WHERE parent_id IS NOT NULL;
