-- Catalogues of others that are taken in: where from, each run with what it would do and did, and
-- what each source said of each record last.

CREATE TABLE catalog.harvest_sources (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    publisher_id uuid NOT NULL REFERENCES policies.organizations,
    title jsonb NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ckan', 'dcat', 'data_json', 'oai_pmh', 'csv_manifest')),
    address text NOT NULL DEFAULT '',              -- empty: the file is sent by its publisher
    blob_sha256 text REFERENCES catalog.blobs,
    file_name text NOT NULL DEFAULT '',
    schedule text NOT NULL CHECK (schedule IN ('by_hand', 'hourly', 'daily', 'weekly', 'monthly')),
    matching text NOT NULL CHECK (matching IN ('several_keys', 'strict')),
    guard_permille integer NOT NULL CHECK (guard_permille BETWEEN 0 AND 1000),
    options jsonb NOT NULL DEFAULT '{}',
    is_paused boolean NOT NULL DEFAULT false,
    created_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL,
    changed_by uuid REFERENCES policies.users,     -- who said last where the records come from
    modified_at timestamptz NOT NULL,
    approved_by uuid REFERENCES policies.users,
    approved_at timestamptz,
    next_at timestamptz,                           -- NULL: by hand
    validators jsonb NOT NULL DEFAULT '{}',        -- what the last applied answer said of itself
    last_run_id uuid,                              -- the run that made the present state
    CONSTRAINT approver_is_another
        CHECK (approved_by IS NULL OR (approved_by IS DISTINCT FROM created_by
                                       AND approved_by IS DISTINCT FROM changed_by)),
    CONSTRAINT approved_when CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
CREATE INDEX harvest_sources_by_publisher ON catalog.harvest_sources (publisher_id, id);
CREATE INDEX harvest_sources_due ON catalog.harvest_sources (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE catalog.harvest_runs (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    source_id uuid NOT NULL REFERENCES catalog.harvest_sources,
    number integer NOT NULL CHECK (number >= 1),
    state text NOT NULL
        CHECK (state IN ('queued', 'reading', 'planned', 'unchanged', 'applying', 'applied',
                         'undoing', 'undone', 'failed')),
    matching text NOT NULL,
    is_automatic boolean NOT NULL,
    base_run_id uuid REFERENCES catalog.harvest_runs,   -- the state that it was compared with
    source_modified_at timestamptz NOT NULL,
    read_count integer NOT NULL DEFAULT 0,         -- records that came so far
    done_count integer NOT NULL DEFAULT 0,         -- items carried out so far
    total_count integer NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    notes jsonb NOT NULL DEFAULT '[]',
    guard jsonb,                                   -- what the guard against mass loss found
    failure jsonb,
    validators jsonb NOT NULL DEFAULT '{}',
    started_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,               -- the last sign of life of its work
    planned_at timestamptz,
    applied_by uuid REFERENCES policies.users,
    applied_at timestamptz,
    undone_by uuid REFERENCES policies.users,
    undone_at timestamptz,
    UNIQUE (source_id, number)
);
CREATE INDEX harvest_runs_by_source ON catalog.harvest_runs (source_id, number DESC);
-- One run at a time works on a source.
CREATE UNIQUE INDEX harvest_runs_at_work ON catalog.harvest_runs (source_id)
    WHERE state IN ('queued', 'reading', 'applying', 'undoing');
ALTER TABLE catalog.harvest_sources
    ADD FOREIGN KEY (last_run_id) REFERENCES catalog.harvest_runs;

CREATE TABLE catalog.harvest_items (
    run_id uuid NOT NULL REFERENCES catalog.harvest_runs,
    position integer NOT NULL,
    act text NOT NULL CHECK (act IN ('add', 'change', 'remove', 'return', 'suspect', 'refuse')),
    identifier text NOT NULL,
    title text NOT NULL,
    dataset_id uuid,                               -- no key: what was added may be undone
    matched_by text,
    suspicion text,
    other_title text NOT NULL DEFAULT '',
    differences jsonb NOT NULL DEFAULT '[]',
    findings jsonb NOT NULL DEFAULT '[]',
    remote jsonb,                                  -- the record as it came; NULL for what went
    before jsonb,                                  -- what stood here, for undoing
    done_at timestamptz,
    written_md5 text,                              -- of the dataset after the act
    undone_at timestamptz,
    outcome text,                                  -- why it was not done or not undone
    PRIMARY KEY (run_id, position)
);
CREATE INDEX harvest_items_by_act ON catalog.harvest_items (run_id, act, position);
CREATE INDEX harvest_items_to_do ON catalog.harvest_items (run_id, position)
    WHERE done_at IS NULL AND act IN ('add', 'change', 'remove', 'return');

-- What a source said of each record last; differences are taken against this, not against what
-- people here made of the record since.
CREATE TABLE catalog.harvested_records (
    source_id uuid NOT NULL REFERENCES catalog.harvest_sources,
    dataset_id uuid NOT NULL UNIQUE REFERENCES catalog.datasets ON DELETE CASCADE,
    identifier text NOT NULL,
    remote jsonb NOT NULL,
    gone_at timestamptz,                           -- withdrawn at source
    PRIMARY KEY (source_id, dataset_id)
);
CREATE INDEX harvested_records_by_identifier
    ON catalog.harvested_records (md5(identifier), source_id);
CREATE INDEX harvested_records_in_order ON catalog.harvested_records (source_id, identifier);

-- The log of each source: what happened in words that stay.
CREATE TABLE catalog.harvest_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id uuid NOT NULL REFERENCES catalog.harvest_sources,
    run_id uuid REFERENCES catalog.harvest_runs ON DELETE SET NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    by_user uuid REFERENCES policies.users         -- NULL: the schedule
);
CREATE INDEX harvest_log_by_source ON catalog.harvest_log (source_id, id DESC);

-- A CKAN that moves in: how far the move has come, and what became of each thing.
CREATE TABLE catalog.ckan_moves (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    address text NOT NULL UNIQUE,
    started_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE TABLE catalog.ckan_moved (
    move_id uuid NOT NULL REFERENCES catalog.ckan_moves,
    kind text NOT NULL
        CHECK (kind IN ('organization', 'group', 'user', 'dataset', 'file')),
    remote_id text NOT NULL,
    name text NOT NULL,
    local_id text NOT NULL DEFAULT '',
    outcome text NOT NULL CHECK (outcome IN ('moved', 'found', 'failed')),
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    PRIMARY KEY (move_id, kind, remote_id)
);
