-- Tables that are fed in small steps: each batch is a version of its own, of which lists show the
-- settled ones. What clients of CKAN's DataStore say of a table beside its rows.

ALTER TABLE catalog.versions
    ALTER COLUMN upload_id DROP NOT NULL,
    ADD COLUMN kind text NOT NULL DEFAULT 'upload'
        CHECK (kind IN ('upload', 'step', 'settled')),
    ADD COLUMN parent_id uuid REFERENCES catalog.versions,  -- the state that the step changed
    ADD COLUMN offered_under text,                 -- profile that let it be read before its check
    ADD COLUMN is_dropped boolean NOT NULL DEFAULT false,   -- the table was taken away since
    ADD CONSTRAINT upload_has_its_file CHECK ((kind = 'upload') = (upload_id IS NOT NULL));
CREATE INDEX versions_unsettled ON catalog.versions (distribution_id, number DESC)
    WHERE kind <> 'step';
CREATE INDEX versions_by_parent ON catalog.versions (parent_id) WHERE parent_id IS NOT NULL;

ALTER TABLE catalog.version_files
    ADD COLUMN row_count bigint;                   -- known where the file was written by a step

CREATE TABLE catalog.step_tables (
    distribution_id uuid PRIMARY KEY REFERENCES catalog.distributions ON DELETE CASCADE,
    next_row_id bigint NOT NULL CHECK (next_row_id >= 1),
    primary_key text[] NOT NULL DEFAULT '{}',
    indexes jsonb NOT NULL DEFAULT '[]',           -- lists of columns, as they were asked for
    infos jsonb NOT NULL DEFAULT '{}'              -- what is said of each column
);

CREATE TABLE catalog.table_aliases (
    alias text PRIMARY KEY CHECK (length(alias) BETWEEN 1 AND 255),
    distribution_id uuid NOT NULL REFERENCES catalog.distributions ON DELETE CASCADE
);
CREATE INDEX table_aliases_by_distribution ON catalog.table_aliases (distribution_id);
