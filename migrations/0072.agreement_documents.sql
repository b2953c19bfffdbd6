-- Agreements as both organisations signed them, with keys that the exchange keeps for each.

CREATE TABLE policies.organization_keys (
    kid text PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    is_current boolean NOT NULL,
    created_at timestamptz NOT NULL,
    retire_at timestamptz NOT NULL CHECK (retire_at > created_at),
    endorsed_by text NOT NULL REFERENCES policies.signing_keys,
    endorsement bytea NOT NULL CHECK (length(endorsement) = 64)
);
CREATE UNIQUE INDEX one_current_organization_key ON policies.organization_keys (organization_id)
    WHERE is_current;

-- Agreements of before have no row here: nobody signed them, and nobody signs them afterwards.
CREATE TABLE policies.agreement_documents (
    agreement_id uuid PRIMARY KEY REFERENCES policies.agreements,
    body text NOT NULL,                        -- canonical JSON (RFC 8785) of the eight sections
    provider_kid text NOT NULL REFERENCES policies.organization_keys,
    provider_signature bytea NOT NULL CHECK (length(provider_signature) = 64),
    consumer_kid text NOT NULL REFERENCES policies.organization_keys,
    consumer_signature bytea NOT NULL CHECK (length(consumer_signature) = 64),
    event_id bigint NOT NULL REFERENCES policies.events
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.agreement_documents
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON policies.agreement_documents
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
