-- How organisations and people present themselves, who looks after a theme, who follows what, and
-- what clients of CKAN keep beside the catalogue.

CREATE TABLE policies.organization_presentations (
    organization_id uuid PRIMARY KEY REFERENCES policies.organizations ON DELETE CASCADE,
    description jsonb NOT NULL DEFAULT '{}',
    image_url text NOT NULL DEFAULT '',
    type_name text NOT NULL DEFAULT 'organization',    -- what clients of CKAN call its type
    approval_status text NOT NULL DEFAULT 'approved',
    extras jsonb NOT NULL DEFAULT '[]',                -- [{"key": ..., "value": ...}]
    is_titled boolean NOT NULL DEFAULT true,           -- false: its title is only its name again
    is_removed boolean NOT NULL DEFAULT false
);

-- An organisation that stands under another one, for show: it lends no power.
CREATE TABLE policies.organization_parents (
    organization_id uuid NOT NULL REFERENCES policies.organizations ON DELETE CASCADE,
    parent_id uuid NOT NULL REFERENCES policies.organizations ON DELETE CASCADE,
    capacity text NOT NULL DEFAULT 'public',
    PRIMARY KEY (organization_id, parent_id),
    CHECK (organization_id <> parent_id)
);
CREATE INDEX organization_parents_by_parent ON policies.organization_parents (parent_id);

CREATE TABLE policies.user_presentations (
    user_id uuid PRIMARY KEY REFERENCES policies.users ON DELETE CASCADE,
    full_name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',                    -- shown to its owner and administrators
    about text NOT NULL DEFAULT '',
    image_url text NOT NULL DEFAULT '',
    extras jsonb NOT NULL DEFAULT '{}'                 -- CKAN's plugin_extras
);
CREATE INDEX user_presentations_by_email ON policies.user_presentations (lower(email))
    WHERE email <> '';

-- What the operator says of the site, under CKAN's names for it.
CREATE TABLE policies.site_options (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    value text NOT NULL
);

-- A purged organisation may have purged datasets: their tombstones keep its id.
ALTER TABLE catalog.tombstones DROP CONSTRAINT tombstones_publisher_id_fkey;

CREATE TABLE catalog.theme_members (
    theme_id uuid NOT NULL REFERENCES catalog.themes ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES policies.users,
    capacity text NOT NULL CHECK (capacity IN ('admin', 'editor', 'member')),
    PRIMARY KEY (theme_id, user_id)
);
CREATE INDEX theme_members_by_user ON catalog.theme_members (user_id);

CREATE TABLE catalog.theme_parents (
    theme_id uuid NOT NULL REFERENCES catalog.themes ON DELETE CASCADE,
    parent_id uuid NOT NULL REFERENCES catalog.themes ON DELETE CASCADE,
    capacity text NOT NULL DEFAULT 'public',
    PRIMARY KEY (theme_id, parent_id),
    CHECK (theme_id <> parent_id)
);
CREATE INDEX theme_parents_by_parent ON catalog.theme_parents (parent_id);

-- What is followed goes with its own row's end: readers join it, purges sweep it.
CREATE TABLE catalog.follows (
    user_id uuid NOT NULL REFERENCES policies.users,
    kind text NOT NULL CHECK (kind IN ('user', 'dataset', 'theme', 'organization')),
    object_id uuid NOT NULL,
    followed_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, object_id)
);
CREATE INDEX follows_by_object ON catalog.follows (kind, object_id);

-- Notes that loaders and crawlers leave about how far they came, as CKAN's do.
CREATE TABLE catalog.task_statuses (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    entity_id text NOT NULL,
    entity_type text NOT NULL,
    task_type text NOT NULL,
    key text NOT NULL,
    value text,
    state text,
    error text,
    last_updated timestamptz NOT NULL,
    CONSTRAINT one_note_a_task UNIQUE (entity_id, task_type, key)
);

CREATE TABLE catalog.term_translations (
    term text NOT NULL,
    lang_code text NOT NULL,
    term_translation text NOT NULL,
    PRIMARY KEY (term, lang_code)
);

-- Pictures of organisations, themes and people: the only blobs that are handed out by their digest.
CREATE TABLE policies.images (
    sha256 text PRIMARY KEY CHECK (length(sha256) = 64),
    media_type text NOT NULL,
    added_by uuid REFERENCES policies.users,
    added_at timestamptz NOT NULL
);
