-- What identifiers were still found in the masked columns of a version, under one view.

CREATE TABLE quality.masked_copies (
    version_id uuid NOT NULL REFERENCES catalog.versions ON DELETE CASCADE,
    view_fingerprint text NOT NULL,
    leaks jsonb NOT NULL,                           -- [] where the masks hold
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (version_id, view_fingerprint)
);
