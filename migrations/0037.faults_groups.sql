-- A reader says that data is wrong; the department verifies, corrects and reports back.
-- Source: 政务数据共享条例 art. 26 par. 2.

CREATE TABLE exchange.faults (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    version_id uuid NOT NULL REFERENCES catalog.versions,       -- the one that was read
    column_name text NOT NULL DEFAULT '',                       -- '' where it is about whole rows
    place text NOT NULL DEFAULT '',                             -- which row, in the reader's words
    claim text NOT NULL CHECK (claim <> ''),
    asked_by uuid NOT NULL REFERENCES policies.users,
    asker_id uuid REFERENCES policies.organizations,            -- for whom; null: for nobody
    asked_at timestamptz NOT NULL,
    due_on date NOT NULL,
    is_due_provisional boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'corrected', 'refused')),
    answer text NOT NULL DEFAULT '',
    answered_by uuid REFERENCES policies.users,
    answered_at timestamptz,
    corrected_version_id uuid REFERENCES catalog.versions,
    CHECK ((state = 'open') = (answered_at IS NULL)),
    CHECK ((state = 'corrected') = (corrected_version_id IS NOT NULL)),
    CHECK (corrected_version_id <> version_id),
    CONSTRAINT answered_by_another CHECK (answered_by <> asked_by)
);
CREATE INDEX faults_by_dataset ON exchange.faults (dataset_id, asked_at DESC);
CREATE INDEX faults_by_asker ON exchange.faults (asked_by, asked_at DESC);
CREATE INDEX faults_by_version ON exchange.faults (version_id);
CREATE INDEX faults_waiting ON exchange.faults (due_on) WHERE state IN ('open', 'accepted');

-- Columns that together tell a person apart, as a publisher declares them, and how many rows must
-- share their values.
CREATE TABLE quality.groups_declared (
    distribution_id uuid PRIMARY KEY REFERENCES catalog.distributions ON DELETE CASCADE,
    columns text[] NOT NULL CHECK (cardinality(columns) BETWEEN 1 AND 20),
    about text NOT NULL DEFAULT '',                 -- the column that must differ within a group
    least integer NOT NULL CHECK (least BETWEEN 2 AND 10000),
    declared_by uuid NOT NULL REFERENCES policies.users,
    declared_at timestamptz NOT NULL
);

-- What was counted in one version: sizes alone, never a value.
CREATE TABLE quality.groups_counted (
    version_id uuid PRIMARY KEY REFERENCES catalog.versions ON DELETE CASCADE,
    body jsonb NOT NULL,
    counted_at timestamptz NOT NULL,
    answer text NOT NULL DEFAULT '' CHECK (answer IN ('', 'kept', 'blanked')),
    reason text NOT NULL DEFAULT '',
    answered_by uuid REFERENCES policies.users,
    answered_at timestamptz,
    CHECK ((answer = '') = (answered_at IS NULL))
);
