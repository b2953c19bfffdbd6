-- Keys of programs: a buyer's systems draw access tokens with them. Source: RFC 6749 s. 4.4,
-- RFC 7523, RFC 8693, RFC 9449.

CREATE TABLE policies.clients (
    id uuid PRIMARY KEY,                           -- `client_id`
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    agreement_id uuid REFERENCES policies.agreements,   -- NULL: every one of the organisation's
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    held_by uuid NOT NULL REFERENCES policies.users,    -- who answers for it
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > created_at),
    secret_hash bytea CHECK (length(secret_hash) = 32),
    public_jwk jsonb,
    daily_cap_microcredits bigint CHECK (daily_cap_microcredits >= 0),   -- NULL: no cap of its own
    secret_changed_at timestamptz NOT NULL,
    copied_at timestamptz,                         -- NULL: nobody said that the secret was copied
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT proven_by_one CHECK ((secret_hash IS NULL) <> (public_jwk IS NULL))
);
CREATE INDEX clients_by_organization ON policies.clients (organization_id, created_at DESC);

-- What a key's tokens spent on one day of the city's calendar.
CREATE TABLE policies.client_days (
    client_id uuid NOT NULL REFERENCES policies.clients,
    day date NOT NULL,
    spent_microcredits bigint NOT NULL CHECK (spent_microcredits >= 0),
    PRIMARY KEY (client_id, day)
);

ALTER TABLE policies.tokens
    ADD COLUMN client_id uuid REFERENCES policies.clients,
    ADD COLUMN parent_id uuid REFERENCES policies.tokens,
    ADD COLUMN actions text[],                     -- NULL: whatever the agreement allows
    ADD COLUMN rows_most bigint CHECK (rows_most >= 0),
    ADD COLUMN bytes_most bigint CHECK (bytes_most >= 0),
    ADD COLUMN queries_most bigint CHECK (queries_most >= 0),
    ADD COLUMN rows_used bigint NOT NULL DEFAULT 0 CHECK (rows_used <= rows_most),
    ADD COLUMN bytes_used bigint NOT NULL DEFAULT 0 CHECK (bytes_used <= bytes_most),
    ADD COLUMN queries_used bigint NOT NULL DEFAULT 0 CHECK (queries_used <= queries_most),
    ADD COLUMN actors text[] NOT NULL DEFAULT '{}' CHECK (cardinality(actors) <= 2),
    ADD COLUMN jkt text,                           -- thumbprint of the holder's key
    DROP CONSTRAINT access_is_bound,
    ADD CONSTRAINT access_is_bound
        CHECK (kind = 'api' OR agreement_id IS NOT NULL OR client_id IS NOT NULL);
CREATE INDEX tokens_by_client ON policies.tokens (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX tokens_by_parent ON policies.tokens (parent_id) WHERE parent_id IS NOT NULL;

-- Statements that count once: assertions and proofs, by who signed them and their `jti`.
CREATE TABLE policies.used_proofs (
    signer text NOT NULL,
    jti_hash bytea NOT NULL CHECK (length(jti_hash) = 32),
    forgotten_at timestamptz NOT NULL,
    PRIMARY KEY (signer, jti_hash)
);
CREATE INDEX used_proofs_by_end ON policies.used_proofs (forgotten_at);

CREATE TRIGGER standing_changes AFTER UPDATE OF revoked_at, ends_at, agreement_id, daily_cap_microcredits OR DELETE
    ON policies.clients
    FOR EACH STATEMENT EXECUTE FUNCTION policies.tell_of_change();
