-- What data exists.

CREATE SCHEMA catalog;

CREATE TABLE catalog.datasets (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?$'),
    title jsonb NOT NULL,
    summary jsonb NOT NULL,
    publisher_id uuid NOT NULL REFERENCES policies.organizations,
    grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 3),
    share_type text NOT NULL CHECK (share_type IN ('unconditional', 'conditional', 'not_shared')),
    share_basis text NOT NULL DEFAULT '',
    open_type text NOT NULL CHECK (open_type IN ('unconditional', 'conditional', 'not_open')),
    open_basis text NOT NULL DEFAULT '',
    update_cycle text NOT NULL
        CHECK (update_cycle IN ('real_time', 'daily', 'weekly', 'monthly', 'quarterly',
                                'yearly', 'irregular')),
    licence text NOT NULL DEFAULT '',
    keywords text[] NOT NULL DEFAULT '{}',
    state text NOT NULL
        CHECK (state IN ('draft', 'submitted', 'published', 'withdrawn')),
    state_reason text NOT NULL DEFAULT '',     -- why it was returned or withdrawn
    created_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    issued timestamptz,                            -- dct:issued, first publication
    search_words tsvector NOT NULL DEFAULT '',
    CONSTRAINT not_shared_cites_law CHECK (share_type <> 'not_shared' OR share_basis <> ''),
    CONSTRAINT not_open_gives_reason CHECK (open_type <> 'not_open' OR open_basis <> ''),
    CONSTRAINT published_has_a_date CHECK (state <> 'published' OR issued IS NOT NULL)
);
CREATE INDEX datasets_by_publisher ON catalog.datasets (publisher_id, state);
CREATE INDEX datasets_by_words ON catalog.datasets USING gin (search_words);

-- Datasets that a dataset was made from, for the grade rule and for lineage.
CREATE TABLE catalog.dataset_inputs (
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    input_id uuid NOT NULL REFERENCES catalog.datasets CHECK (input_id <> dataset_id),
    PRIMARY KEY (dataset_id, input_id)
);

CREATE TABLE catalog.distributions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?$'),
    title jsonb NOT NULL,
    key_columns text[] NOT NULL DEFAULT '{}',      -- the serving copy is sorted by these
    created_at timestamptz NOT NULL,
    UNIQUE (dataset_id, slug)
);

-- Content-addressed bytes; the file is `blobs/ab/abcdef...` under the storage folder.
CREATE TABLE catalog.blobs (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    stored_at timestamptz NOT NULL
);

CREATE TABLE catalog.uploads (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    distribution_id uuid NOT NULL REFERENCES catalog.distributions,
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
    blob_sha256 text NOT NULL REFERENCES catalog.blobs,
    uploaded_by uuid REFERENCES policies.users,
    uploaded_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'ingesting', 'ingested', 'failed')),
    stage text NOT NULL DEFAULT '',                -- what the job does now, for the progress bar
    done_permille integer NOT NULL DEFAULT 0 CHECK (done_permille BETWEEN 0 AND 1000),
    attempts integer NOT NULL DEFAULT 0,
    failure jsonb                                  -- {"code": ..., "facts": {...}} of the refusal
);
CREATE INDEX uploads_by_distribution ON catalog.uploads (distribution_id, uploaded_at DESC);

CREATE TABLE catalog.versions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    distribution_id uuid NOT NULL REFERENCES catalog.distributions,
    number integer NOT NULL CHECK (number >= 1),
    upload_id uuid NOT NULL UNIQUE REFERENCES catalog.uploads,
    delta_version bigint NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    columns jsonb NOT NULL,                        -- [{"name": ..., "type": ...}] in file order
    reading jsonb NOT NULL,                        -- encoding, delimiter, header ... as assumed
    row_count bigint NOT NULL CHECK (row_count >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    created_at timestamptz NOT NULL,
    verdict text CHECK (verdict IN ('passed', 'passed_with_warnings', 'blocked')),
    report_id uuid,
    assessed_at timestamptz,
    state text NOT NULL CHECK (state IN ('created', 'submitted', 'published', 'withdrawn')),
    state_reason text NOT NULL DEFAULT '',         -- why it was returned or withdrawn
    submitted_by uuid REFERENCES policies.users,
    submitted_at timestamptz,
    published_by uuid REFERENCES policies.users,   -- NULL under WEIR_PUBLICATION=direct
    published_under text,                          -- then the profile that decided
    published_at timestamptz,
    UNIQUE (distribution_id, number),
    -- Nothing is published that the gate did not let pass.
    CONSTRAINT gate_stands
        CHECK (state <> 'published' OR verdict IN ('passed', 'passed_with_warnings')),
    CONSTRAINT approver_is_not_submitter CHECK (published_by <> submitted_by),
    CONSTRAINT published_by_somebody
        CHECK (state <> 'published' OR published_by IS NOT NULL OR published_under IS NOT NULL)
);
CREATE INDEX versions_by_distribution ON catalog.versions (distribution_id, number DESC);

-- The Parquet files that a version consists of, verified before use.
CREATE TABLE catalog.version_files (
    version_id uuid NOT NULL REFERENCES catalog.versions,
    position integer NOT NULL CHECK (position >= 1),   -- order of the rows
    path text NOT NULL,                            -- relative to the distribution's Delta table
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL,
    PRIMARY KEY (version_id, position)
);
