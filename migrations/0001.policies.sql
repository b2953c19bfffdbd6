-- Who may do what on which terms, and the evidence.

CREATE SCHEMA policies;

CREATE FUNCTION policies.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: its rows are evidence and only grow',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$body$;

-- People ------------------------------------------------------------------------------------

CREATE TABLE policies.organizations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?$'),
    kind text NOT NULL
        CHECK (kind IN ('department', 'operator', 'enterprise', 'bureau', 'regulator')),
    title jsonb NOT NULL,
    credit_code text UNIQUE CHECK (length(credit_code) = 18),
    created_at timestamptz NOT NULL
);

CREATE TABLE policies.users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CHECK (length(name) BETWEEN 2 AND 100),
    password_hash text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    password_changed_at timestamptz
);
CREATE UNIQUE INDEX users_by_folded_name ON policies.users (lower(name));

CREATE TABLE policies.memberships (
    user_id uuid NOT NULL REFERENCES policies.users,
    organization_id uuid REFERENCES policies.organizations,
    role text NOT NULL
        CHECK (role IN ('publisher', 'approver', 'buyer', 'assessor', 'finance',
                        'regulator', 'bureau', 'admin')),
    granted_at timestamptz NOT NULL,
    CONSTRAINT held_once UNIQUE NULLS NOT DISTINCT (user_id, organization_id, role),
    -- Departments, operators and firms act through their own people only.
    CONSTRAINT role_of_an_organization
        CHECK (organization_id IS NOT NULL OR role NOT IN ('publisher', 'approver', 'buyer'))
);
CREATE INDEX memberships_by_organization ON policies.memberships (organization_id);

CREATE TABLE policies.sessions (
    secret_hash bytea PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id uuid NOT NULL REFERENCES policies.users,
    organization_id uuid REFERENCES policies.organizations,   -- NULL: none was chosen
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_user ON policies.sessions (user_id);
CREATE INDEX sessions_by_end ON policies.sessions (expires_at);

CREATE TABLE policies.sign_in_failures (
    subject text PRIMARY KEY,          -- 'account:…' or 'address:…', see policies/session.py
    failures integer NOT NULL CHECK (failures >= 0),
    last_failure_at timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_by_time ON policies.sign_in_failures (last_failure_at);

CREATE TABLE policies.password_links (
    secret_hash bytea PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id uuid NOT NULL REFERENCES policies.users,
    created_by uuid REFERENCES policies.users,      -- NULL: made on the command line
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX password_links_by_user ON policies.password_links (user_id);

-- Keys and tokens ---------------------------------------------------------------------------

CREATE TABLE policies.signing_keys (
    kid text PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('token', 'log', 'receipt')),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    state text NOT NULL CHECK (state IN ('next', 'current', 'old', 'dead')),
    created_at timestamptz NOT NULL,
    retire_at timestamptz NOT NULL CHECK (retire_at > created_at),  -- signs nothing ending later
    -- Every key is vouched for by the log's key of its day, so that who trusts one trusts the next.
    endorsed_by text NOT NULL REFERENCES policies.signing_keys,
    endorsement bytea NOT NULL CHECK (length(endorsement) = 64)
);
CREATE UNIQUE INDEX one_current_key ON policies.signing_keys (purpose) WHERE state = 'current';

CREATE TABLE policies.tokens (
    id uuid PRIMARY KEY DEFAULT uuidv7(),      -- the token's jti
    kind text NOT NULL CHECK (kind IN ('api', 'access')),
    user_id uuid NOT NULL REFERENCES policies.users,
    organization_id uuid REFERENCES policies.organizations,
    agreement_id uuid,
    name text NOT NULL DEFAULT '',
    issuer text NOT NULL,                      -- site address when it was issued: `iss` and `aud`
    kid text NOT NULL REFERENCES policies.signing_keys,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT access_is_bound CHECK (kind = 'api' OR agreement_id IS NOT NULL)
);
CREATE INDEX tokens_by_user ON policies.tokens (user_id, issued_at DESC);
CREATE INDEX tokens_by_agreement ON policies.tokens (agreement_id);

-- Agreements and freezes --------------------------------------------------------------------

CREATE TABLE policies.agreements (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    regime text NOT NULL CHECK (regime IN ('share', 'open', 'trade')),
    listing_id uuid NOT NULL,
    dataset_id uuid NOT NULL,
    provider_id uuid NOT NULL REFERENCES policies.organizations,
    consumer_id uuid NOT NULL REFERENCES policies.organizations,
    purpose text NOT NULL,
    actions text[] NOT NULL,
    terms text NOT NULL,               -- canonical JSON (RFC 8785) of the ODRL agreement
    terms_sha256 text NOT NULL,
    profile_id text NOT NULL,
    profile_hash text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    concluded_at timestamptz NOT NULL,
    accepted_by uuid REFERENCES policies.users,   -- NULL: concluded by a standing release
    ended_at timestamptz,
    end_reason text
);
ALTER TABLE policies.tokens
    ADD FOREIGN KEY (agreement_id) REFERENCES policies.agreements;
CREATE INDEX agreements_by_consumer ON policies.agreements (consumer_id, dataset_id);
CREATE INDEX agreements_by_listing ON policies.agreements (listing_id);

-- An emergency freeze by one person works at once and lapses at `lapses_at` unless a second
-- person confirms it; lifting takes somebody other than the one who placed it.
CREATE TABLE policies.freezes (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    target_kind text NOT NULL
        CHECK (target_kind IN ('organization', 'dataset', 'listing', 'agreement')),
    target_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) > 0),
    placed_by uuid NOT NULL REFERENCES policies.users,
    placed_at timestamptz NOT NULL,
    lapses_at timestamptz NOT NULL CHECK (lapses_at > placed_at),
    confirmed_by uuid REFERENCES policies.users CHECK (confirmed_by <> placed_by),
    confirmed_at timestamptz,
    lifted_by uuid REFERENCES policies.users CHECK (lifted_by <> placed_by),
    lifted_at timestamptz,
    lift_reason text
);
CREATE INDEX freezes_by_target ON policies.freezes (target_kind, target_id)
    WHERE lifted_at IS NULL;

-- One key, one effect -----------------------------------------------------------------------

CREATE TABLE policies.idempotency_keys (
    owner text NOT NULL,               -- the user, or the address of an anonymous caller
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_sha256 text NOT NULL,
    response jsonb,                    -- NULL while the first request is under way
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);

-- The event log -----------------------------------------------------------------------------

CREATE TABLE policies.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,                     -- NULL: the system itself, or an anonymous visitor
    organization_id uuid,
    dataset_id uuid,
    subject_id uuid,                   -- the version, listing, agreement, receipt, user ... told of
    -- Canonical JSON (RFC 8785); these bytes are the leaf.
    body text NOT NULL CHECK (octet_length(body) <= 1000000)
);
CREATE INDEX events_by_dataset ON policies.events (dataset_id, id);
CREATE INDEX events_by_organization ON policies.events (organization_id, id);
CREATE INDEX events_by_subject ON policies.events (subject_id, id);
CREATE INDEX events_by_kind ON policies.events (kind, id);
CREATE INDEX events_by_actor ON policies.events (actor_id, id);

-- Committed events that have no leaf yet. A row comes with its event and goes with its leaf, so the
-- sequencer sees exactly what is missing, whatever order the transactions ended in.
CREATE TABLE policies.unsequenced_events (
    event_id bigint PRIMARY KEY REFERENCES policies.events
);

-- The lineage edges that event bodies tell of, once more, so that they can be followed both ways.
CREATE TABLE policies.lineage_edges (
    event_id bigint NOT NULL REFERENCES policies.events,
    source text NOT NULL,              -- asset ids like 'version:UUID', 'blob:SHA256'
    target text NOT NULL,
    made_by text NOT NULL,             -- what made the target of the source, 'ingest', 'query' ...
    PRIMARY KEY (event_id, source, target)
);
CREATE INDEX lineage_edges_by_source ON policies.lineage_edges (source);
CREATE INDEX lineage_edges_by_target ON policies.lineage_edges (target);

-- Personal fields: the leaf holds SHA-256 of salt and text, so erasing a row leaves a provable gap.
CREATE TABLE policies.event_personal (
    event_id bigint PRIMARY KEY REFERENCES policies.events,
    salt bytea NOT NULL CHECK (length(salt) = 32),
    body text NOT NULL
);

-- Dense leaves of the RFC 9162 tree, and the roots of its complete subtrees.
CREATE TABLE policies.leaves (
    leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
    event_id bigint NOT NULL UNIQUE REFERENCES policies.events,
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32)
);
CREATE TABLE policies.tree_nodes (
    level smallint NOT NULL CHECK (level >= 1),
    position bigint NOT NULL CHECK (position >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
);
CREATE TABLE policies.tree_heads (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tree_size bigint NOT NULL CHECK (tree_size >= 0),
    root_hash bytea NOT NULL CHECK (length(root_hash) = 32),
    signed_at timestamptz NOT NULL,
    kid text NOT NULL REFERENCES policies.signing_keys,
    signature bytea NOT NULL
);
CREATE INDEX tree_heads_by_size ON policies.tree_heads (tree_size);

CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.events
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON policies.events
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.leaves
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON policies.leaves
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.tree_nodes
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON policies.tree_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.tree_heads
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON policies.tree_heads
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.lineage_edges
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON policies.lineage_edges
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_erased BEFORE UPDATE ON policies.event_personal
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
