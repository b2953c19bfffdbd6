-- Contracts (Open Data Contract Standard) that publishers brought for their datasets.

CREATE TABLE quality.contracts (
    dataset_id uuid PRIMARY KEY REFERENCES catalog.datasets,
    body jsonb NOT NULL,                            -- whole, with what is not read here
    rule_ids uuid[] NOT NULL,                       -- the rules that it became
    unchecked text[] NOT NULL,                      -- what it asks and nothing checks
    taken_in_by uuid REFERENCES policies.users,
    taken_in_at timestamptz NOT NULL
);
