-- What was set aside from a version: cells that do not fit their column, rows that break a rule.
-- The values are Parquet among the blobs, for the publisher's own people alone; the counts are told.

CREATE TABLE catalog.quarantines (
    version_id uuid NOT NULL REFERENCES catalog.versions ON DELETE CASCADE,
    set_aside_by text NOT NULL CHECK (set_aside_by IN ('reading', 'rules')),
    blob_sha256 text NOT NULL REFERENCES catalog.blobs,
    value_count bigint NOT NULL CHECK (value_count >= 1),
    row_count bigint NOT NULL CHECK (row_count BETWEEN 1 AND value_count),
    set_aside_at timestamptz NOT NULL,
    PRIMARY KEY (version_id, set_aside_by)
);
