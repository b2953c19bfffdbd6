-- What changed since the version before, as it was told when a version was checked.

CREATE TABLE quality.drifts (
    version_id uuid PRIMARY KEY REFERENCES catalog.versions ON DELETE CASCADE,
    body jsonb NOT NULL,
    made_at timestamptz NOT NULL
);
