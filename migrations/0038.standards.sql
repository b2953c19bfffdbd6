-- The law of each day, kept whole: decisions name it by its fingerprint and can be made again.

CREATE TABLE policies.profiles (
    fingerprint text PRIMARY KEY,
    profile_id text NOT NULL,
    version integer NOT NULL,
    body text NOT NULL,                              -- canonical JSON (RFC 8785)
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE policies.rule_sets (
    fingerprint text PRIMARY KEY,
    rules text NOT NULL,                             -- Cedar
    schema text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.profiles
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON policies.rule_sets
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();

-- Official calendars of years that the release does not know yet.
CREATE TABLE policies.calendar_years (
    year integer PRIMARY KEY,
    days_off date[] NOT NULL,
    days_worked date[] NOT NULL,                     -- weekend days worked in exchange
    loaded_by uuid NOT NULL REFERENCES policies.users,
    loaded_at timestamptz NOT NULL
);

-- Live agreements judged again under a draft: what would change, and its worth.
CREATE TABLE exchange.replays (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    profile_id text NOT NULL,
    profile_hash text NOT NULL,
    body text NOT NULL,                              -- the draft, canonical JSON
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    total integer NOT NULL CHECK (total >= 0),
    done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
    last_agreement_id uuid,                          -- judged so far, in the order of ids
    finished_at timestamptz
);
CREATE TABLE exchange.replay_findings (
    replay_id uuid NOT NULL REFERENCES exchange.replays,
    agreement_id uuid NOT NULL REFERENCES policies.agreements,
    stops jsonb NOT NULL,                            -- clauses that would newly stand against it
    frees jsonb NOT NULL,                            -- clauses that would no longer
    worth_microcredits bigint NOT NULL CHECK (worth_microcredits >= 0),
    PRIMARY KEY (replay_id, agreement_id)
);
