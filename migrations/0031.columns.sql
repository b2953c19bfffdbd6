-- The dictionary of a distribution: what its columns mean. It outlives versions.

CREATE TABLE catalog.column_notes (
    distribution_id uuid NOT NULL REFERENCES catalog.distributions ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    title jsonb NOT NULL,                           -- {"zh": ..., "en": ...}
    meaning jsonb NOT NULL,
    unit text NOT NULL CHECK (length(unit) <= 100),
    code_list text NOT NULL CHECK (length(code_list) <= 100),  -- a name that joins columns share
    changed_by uuid NOT NULL REFERENCES policies.users,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (distribution_id, name)
);
CREATE INDEX column_notes_by_code_list ON catalog.column_notes (code_list) WHERE code_list <> '';
