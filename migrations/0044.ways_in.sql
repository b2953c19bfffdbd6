-- A file may replace the rows that are there, be added to them, or change those with its keys.

ALTER TABLE catalog.uploads
    ADD COLUMN way text NOT NULL DEFAULT 'replace'
        CHECK (way IN ('replace', 'append', 'upsert'));
ALTER TABLE catalog.arrivals
    ADD COLUMN way text NOT NULL DEFAULT 'replace'
        CHECK (way IN ('replace', 'append', 'upsert'));
ALTER TABLE catalog.connections
    ADD COLUMN way text NOT NULL DEFAULT 'replace'
        CHECK (way IN ('replace', 'append', 'upsert'));

ALTER TABLE catalog.versions
    ADD COLUMN change jsonb,                      -- what differs from the version before; NULL: not compared
    DROP CONSTRAINT upload_has_its_file,
    -- A file put into a table that is fed in steps makes a settled version of it.
    ADD CONSTRAINT upload_has_its_file CHECK (
        (kind <> 'upload' OR upload_id IS NOT NULL)
        AND (upload_id IS NULL OR kind IN ('upload', 'settled'))
    );
