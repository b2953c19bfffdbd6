-- Batches of fed tables that rules kept from everybody but their department: the last ones.
CREATE TABLE quality.held_batches (
    id uuid PRIMARY KEY,
    distribution_id uuid NOT NULL REFERENCES catalog.distributions ON DELETE CASCADE,
    version_number integer NOT NULL CHECK (version_number > 0),
    row_count bigint NOT NULL CHECK (row_count > 0),
    rules jsonb NOT NULL,                           -- with row counts and masked examples
    held_at timestamptz NOT NULL
);
CREATE INDEX held_batches_by_distribution ON quality.held_batches (distribution_id, held_at DESC);
