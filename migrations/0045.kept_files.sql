-- Files that are no tables are kept as they came.

ALTER TABLE catalog.uploads
    DROP CONSTRAINT uploads_state_check,
    ADD CONSTRAINT uploads_state_check CHECK (state IN
        ('held', 'queued', 'ingesting', 'ingested', 'parted', 'kept', 'failed'));
