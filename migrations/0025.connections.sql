-- Where a distribution's data comes from by itself, and each time that it was read.

CREATE TABLE catalog.connections (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    distribution_id uuid NOT NULL UNIQUE REFERENCES catalog.distributions ON DELETE CASCADE,
    source jsonb NOT NULL,                         -- kind and place, without any secret
    sealed_secret bytea,                           -- AES-GCM; NULL where the source asks for none
    rhythm jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'on', 'paused')),
    is_tried boolean NOT NULL DEFAULT false,
    host_key text NOT NULL DEFAULT '',             -- pinned when the server was first seen
    validators jsonb NOT NULL DEFAULT '{}',        -- what was taken in last said of itself
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    next_at timestamptz,                           -- NULL: by hand
    created_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL
);
CREATE INDEX connections_due ON catalog.connections (next_at)
    WHERE next_at IS NOT NULL AND state = 'on';

CREATE TABLE catalog.connection_runs (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    connection_id uuid NOT NULL REFERENCES catalog.connections ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 1),
    is_try boolean NOT NULL,
    state text NOT NULL CHECK (state IN
        ('queued', 'fetching', 'loading', 'loaded', 'unchanged', 'tried', 'failed')),
    started_by uuid REFERENCES policies.users,     -- NULL: the schedule
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    source_modified_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    size_bytes bigint,
    row_count bigint,
    upload_id uuid REFERENCES catalog.uploads ON DELETE SET NULL,
    failure jsonb,
    look jsonb,                                    -- first rows of the newest try
    UNIQUE (connection_id, number)
);
CREATE INDEX connection_runs_by_upload ON catalog.connection_runs (upload_id)
    WHERE upload_id IS NOT NULL;
-- One run at a time asks a source.
CREATE UNIQUE INDEX connection_runs_at_work ON catalog.connection_runs (connection_id)
    WHERE state IN ('queued', 'fetching');
