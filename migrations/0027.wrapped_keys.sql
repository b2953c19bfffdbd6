-- Private keys and other secrets of an installation of several machines: sealed with AES-256-GCM
-- under a secret that only the machines have (WEIR_KEY_SECRET), so that the database alone, or a
-- copy of it, signs nothing. Installations of one machine keep them as files and have no rows.
CREATE TABLE policies.wrapped_keys (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,200}$'),
    wrapped bytea NOT NULL CHECK (length(wrapped) BETWEEN 29 AND 4096),
    created_at timestamptz NOT NULL DEFAULT now()
);
