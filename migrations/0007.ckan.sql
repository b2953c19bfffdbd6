-- What clients of CKAN keep with datasets: links between them, views of their files, people who were
-- let in by name with a capacity. And records that were purged while evidence still names them.

-- A purged record that a receipt, decision or report refers to keeps its id and nothing else.
ALTER TABLE catalog.datasets ADD COLUMN is_purged boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION catalog.is_seen(
    dataset catalog.datasets, member_of uuid[], oversees boolean, departments boolean, reader uuid
) RETURNS boolean LANGUAGE sql STABLE
RETURN NOT dataset.is_purged
   AND ((dataset.state = 'published'
         AND (dataset.audience = 'public' OR (dataset.audience = 'departments' AND departments)))
        OR oversees
        OR dataset.publisher_id = ANY (member_of)
        OR coalesce(reader = ANY (dataset.reader_ids) OR reader = ANY (dataset.editor_ids), false)
        OR coalesce(dataset.publisher_id = '00000000-0000-0000-0000-000000000000'
                    AND dataset.created_by = reader, false));

CREATE TABLE catalog.relationships (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    subject_id uuid NOT NULL REFERENCES catalog.datasets ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES catalog.datasets ON DELETE CASCADE,
    kind text NOT NULL
        CHECK (kind IN ('depends_on', 'derives_from', 'links_to', 'child_of')),
    comment text NOT NULL DEFAULT '' CHECK (length(comment) <= 20000),
    CONSTRAINT told_once UNIQUE (subject_id, object_id, kind),
    CHECK (subject_id <> object_id)
);
CREATE INDEX relationships_by_object ON catalog.relationships (object_id);

CREATE TABLE catalog.resource_views (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    distribution_id uuid NOT NULL REFERENCES catalog.distributions ON DELETE CASCADE,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 100),
    title text NOT NULL DEFAULT '' CHECK (length(title) <= 2000),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 20000),
    position integer NOT NULL DEFAULT 0,
    settings jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX resource_views_by_distribution
    ON catalog.resource_views (distribution_id, position, id);

-- `reader_ids` and `editor_ids` of the dataset say the same, for decisions and search.
CREATE TABLE catalog.collaborators (
    dataset_id uuid NOT NULL REFERENCES catalog.datasets ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES policies.users,
    capacity text NOT NULL CHECK (capacity IN ('admin', 'editor', 'member')),
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (dataset_id, user_id)
);
CREATE INDEX collaborators_by_user ON catalog.collaborators (user_id);
