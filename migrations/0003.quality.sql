-- Is the data fit for use.

CREATE SCHEMA quality;

-- A dataset's own rules, beside those of the packs.
CREATE TABLE quality.rules (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    body jsonb NOT NULL,
    created_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE INDEX rules_by_dataset ON quality.rules (dataset_id) WHERE removed_at IS NULL;

CREATE TABLE quality.profiles (
    version_id uuid PRIMARY KEY REFERENCES catalog.versions,
    body jsonb NOT NULL,
    made_at timestamptz NOT NULL
);

CREATE TABLE quality.reports (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    version_id uuid NOT NULL REFERENCES catalog.versions,
    verdict text NOT NULL CHECK (verdict IN ('passed', 'passed_with_warnings', 'blocked')),
    score integer CHECK (score BETWEEN 0 AND 100),   -- NULL: not rated
    grade text CHECK (grade IN ('A', 'B', 'C', 'D', 'E')),
    body jsonb NOT NULL,                             -- the report; examples in it are masked
    suite_sha256 text NOT NULL,
    gx_result text NOT NULL,                         -- the evidence, as Great Expectations gave it
    gx_result_sha256 text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL
);
CREATE INDEX reports_by_version ON quality.reports (version_id, finished_at DESC);

ALTER TABLE catalog.versions
    ADD CONSTRAINT assessed_by_a_report FOREIGN KEY (report_id) REFERENCES quality.reports;
