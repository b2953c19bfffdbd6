-- Files that arrive in pieces, perhaps over days: what was promised, and which bytes are here.

CREATE TABLE catalog.arrivals (
    id uuid PRIMARY KEY,
    distribution_id uuid NOT NULL REFERENCES catalog.distributions ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES policies.users,
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 1),
    fingerprint text NOT NULL DEFAULT '',          -- by which its sender finds it again
    is_held boolean NOT NULL,                      -- it is to be looked at before it is read
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,               -- pushed on by each piece
    upload_id uuid REFERENCES catalog.uploads ON DELETE CASCADE     -- once all of it is accepted
);
CREATE INDEX arrivals_by_user ON catalog.arrivals (user_id, begun_at) WHERE upload_id IS NULL;
CREATE INDEX arrivals_by_end ON catalog.arrivals (expires_at);

CREATE TABLE catalog.arrived_pieces (
    arrival_id uuid NOT NULL REFERENCES catalog.arrivals ON DELETE CASCADE,
    first_byte bigint NOT NULL CHECK (first_byte >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 1),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (arrival_id, first_byte)
);
