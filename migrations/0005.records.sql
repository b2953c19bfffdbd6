-- Records as the government resource directory and CKAN know them; records without data of ours;
-- who sees a record, apart from who gets its data.

-- Datasets that no organisation answers for, as CKAN allows them, belong to this stand-in. It has
-- no members and is never listed.
INSERT INTO policies.organizations (id, slug, kind, title, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'unowned', 'operator',
        '{"zh": "未归属", "en": "Unowned"}', now());

-- CKAN's names: two to a hundred of a-z, 0-9, - and _, wherever they stand.
ALTER TABLE catalog.datasets
    DROP CONSTRAINT datasets_slug_check,
    ADD CONSTRAINT datasets_slug_check CHECK (slug ~ '^[a-z0-9_-]{1,100}$'),
    DROP CONSTRAINT datasets_state_check,
    ADD CONSTRAINT datasets_state_check
        CHECK (state IN ('draft', 'submitted', 'reviewed', 'published', 'withdrawn')),
    ADD COLUMN directory jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN audience text NOT NULL DEFAULT 'public'
        CHECK (audience IN ('public', 'departments', 'own')),
    -- People of other organisations who were let in by name.
    ADD COLUMN reader_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN editor_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN reviewed_by uuid REFERENCES policies.users,
    ADD COLUMN reviewed_at timestamptz,
    ADD COLUMN submitted_by uuid REFERENCES policies.users;
CREATE INDEX datasets_by_change ON catalog.datasets (modified_at DESC, id);
CREATE INDEX datasets_by_series ON catalog.datasets ((directory ->> 'in_series'))
    WHERE directory ? 'in_series';
-- A code of the directory names one record of one provider.
CREATE UNIQUE INDEX datasets_by_gov_code
    ON catalog.datasets (publisher_id, (directory ->> 'gov_code'))
    WHERE directory ? 'gov_code' AND state <> 'withdrawn';

ALTER TABLE catalog.distributions
    ADD COLUMN description jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN access_url text NOT NULL DEFAULT '',    -- where the data is; empty: it is here
    ADD COLUMN format text NOT NULL DEFAULT '',
    ADD COLUMN media_type text NOT NULL DEFAULT '',
    ADD COLUMN kind text NOT NULL DEFAULT '',          -- CKAN's resource_type
    ADD COLUMN position integer NOT NULL DEFAULT 0,
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}',    -- what clients of CKAN keep with it
    ADD COLUMN modified_at timestamptz,
    ADD COLUMN is_removed boolean NOT NULL DEFAULT false;
UPDATE catalog.distributions SET modified_at = created_at;
ALTER TABLE catalog.distributions ALTER COLUMN modified_at SET NOT NULL;

-- Themes are CKAN's groups: datasets of many publishers under one subject.
CREATE TABLE catalog.themes (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9_-]{1,100}$'),
    title jsonb NOT NULL,
    description jsonb NOT NULL DEFAULT '{}',
    image_url text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'group',                -- CKAN's group type
    extras jsonb NOT NULL DEFAULT '[]',                -- [{"key": ..., "value": ...}]
    is_removed boolean NOT NULL DEFAULT false,
    created_by uuid REFERENCES policies.users,
    created_at timestamptz NOT NULL
);
CREATE TABLE catalog.dataset_themes (
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    theme_id uuid NOT NULL REFERENCES catalog.themes,
    PRIMARY KEY (dataset_id, theme_id)
);
CREATE INDEX dataset_themes_by_theme ON catalog.dataset_themes (theme_id);

-- Controlled tags, beside the free keywords of a dataset.
CREATE TABLE catalog.vocabularies (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 2 AND 100)
);
CREATE TABLE catalog.terms (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    vocabulary_id uuid NOT NULL REFERENCES catalog.vocabularies,
    name text NOT NULL CHECK (length(name) BETWEEN 2 AND 100),
    UNIQUE (vocabulary_id, name)
);
CREATE TABLE catalog.dataset_terms (
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    term_id uuid NOT NULL REFERENCES catalog.terms,
    PRIMARY KEY (dataset_id, term_id)
);
CREATE INDEX dataset_terms_by_term ON catalog.dataset_terms (term_id);

-- What was purged: its name and id say that it was here, and harvesters learn that it went.
CREATE TABLE catalog.tombstones (
    dataset_id uuid PRIMARY KEY,
    slug text NOT NULL,
    publisher_id uuid NOT NULL REFERENCES policies.organizations,
    was_public boolean NOT NULL,                       -- only then feeds tell of it
    removed_at timestamptz NOT NULL
);
CREATE INDEX tombstones_by_time ON catalog.tombstones (removed_at, dataset_id);

ALTER TABLE policies.organizations
    DROP CONSTRAINT organizations_slug_check,
    ADD CONSTRAINT organizations_slug_check CHECK (slug ~ '^[a-z0-9_-]{1,100}$');

-- Whether a record exists for somebody; `catalog/audience.py` says the same of one record.
CREATE FUNCTION catalog.is_seen(
    dataset catalog.datasets, member_of uuid[], oversees boolean, departments boolean, reader uuid
) RETURNS boolean LANGUAGE sql STABLE
RETURN (dataset.state = 'published'
        AND (dataset.audience = 'public' OR (dataset.audience = 'departments' AND departments)))
    OR oversees
    OR dataset.publisher_id = ANY (member_of)
    OR coalesce(reader = ANY (dataset.reader_ids) OR reader = ANY (dataset.editor_ids), false)
    OR coalesce(dataset.publisher_id = '00000000-0000-0000-0000-000000000000'
                AND dataset.created_by = reader, false);
