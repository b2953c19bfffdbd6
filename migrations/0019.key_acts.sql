-- Changes of signing keys before their time: one administrator proposes, another one confirms.
CREATE UNIQUE INDEX one_next_key ON policies.signing_keys (purpose) WHERE state = 'next';

CREATE TABLE policies.key_acts (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('rotate', 'bury')),
    purpose text NOT NULL CHECK (purpose IN ('token', 'log', 'receipt')),
    kid text NOT NULL REFERENCES policies.signing_keys,   -- the next key, or the one to be dead
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    proposed_by uuid NOT NULL REFERENCES policies.users,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'withdrawn')),
    settled_by uuid REFERENCES policies.users,
    settled_at timestamptz,
    CONSTRAINT settled_by_somebody
        CHECK ((state = 'proposed') = (settled_by IS NULL) AND (settled_by IS NULL) = (settled_at IS NULL)),
    CONSTRAINT takes_two_people CHECK (state <> 'confirmed' OR settled_by <> proposed_by)
);
CREATE UNIQUE INDEX one_key_act_at_a_time ON policies.key_acts (purpose) WHERE state = 'proposed';
