-- Links to delivered files: capabilities for clients that fetch a file by bare address.

CREATE TABLE exchange.links (
    id uuid PRIMARY KEY,
    receipt_id uuid NOT NULL REFERENCES exchange.receipts,
    user_id uuid NOT NULL REFERENCES policies.users,     -- the reader for whom it was made
    organization_id uuid REFERENCES policies.organizations,
    token_id uuid REFERENCES policies.tokens,            -- NULL: made in a session
    purpose text,                                        -- NULL: the agreement's own
    made_at timestamptz NOT NULL,
    first_use_by timestamptz NOT NULL CHECK (first_use_by > made_at),
    first_used_at timestamptz,                           -- NULL: not used yet
    bytes_most bigint NOT NULL CHECK (bytes_most >= 0),
    bytes_sent bigint NOT NULL DEFAULT 0 CHECK (bytes_sent BETWEEN 0 AND bytes_most)
);
CREATE INDEX links_by_receipt ON exchange.links (receipt_id);
