-- Searches that a person keeps, to be told when something new fits. Nobody else sees them.

CREATE TABLE catalog.saved_searches (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES policies.users ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    query text NOT NULL CHECK (length(query) <= 8000),  -- the address of the search, without its path
    saved_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,                       -- what was published since then is new
    UNIQUE (user_id, query)
);
CREATE INDEX saved_searches_by_user ON catalog.saved_searches (user_id, saved_at DESC, id);
