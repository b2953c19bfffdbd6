-- Personal and other sensitive data that was recognised in a version, and what its publisher said.

CREATE TABLE quality.sensitive_findings (
    version_id uuid NOT NULL REFERENCES catalog.versions,
    column_name text NOT NULL,
    kind text NOT NULL,
    value_count bigint NOT NULL,                    -- cells that are not empty
    formed_count bigint NOT NULL CHECK (formed_count <= value_count),
    valid_count bigint NOT NULL CHECK (valid_count <= formed_count),
    found_at timestamptz NOT NULL,
    PRIMARY KEY (version_id, column_name, kind)
);

-- An answer holds for the later versions of the distribution too, until another one replaces it.
CREATE TABLE quality.sensitive_answers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    distribution_id uuid NOT NULL REFERENCES catalog.distributions,
    column_name text NOT NULL,
    kind text NOT NULL,
    answer text NOT NULL CHECK (answer IN ('kept', 'masked', 'dropped')),
    reason text NOT NULL,
    version_id uuid NOT NULL REFERENCES catalog.versions,   -- the one that was looked at
    answered_by uuid NOT NULL REFERENCES policies.users,
    answered_at timestamptz NOT NULL,
    replaced_at timestamptz,
    CHECK (answer <> 'kept' OR reason <> '')
);
CREATE UNIQUE INDEX sensitive_answer_in_force
    ON quality.sensitive_answers (distribution_id, column_name, kind) WHERE replaced_at IS NULL;

-- Rules that the system drew from the data, for the publisher to keep or refuse.
CREATE TABLE quality.proposals (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    rule_key text NOT NULL,                         -- over check and columns
    body jsonb NOT NULL,                            -- rule and evidence
    state text NOT NULL CHECK (state IN ('open', 'kept', 'refused')),
    proposed_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES policies.users,
    UNIQUE (dataset_id, rule_key),
    CHECK ((state = 'open') = (decided_at IS NULL))
);
