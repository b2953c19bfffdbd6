-- How far promises of freshness were looked at: what broke since then is read anew by the search.
CREATE TABLE quality.promise_days (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    judged_to date NOT NULL                            -- a day in China
);

-- The open file of a version as its address serves it, so that descriptions tell size and digest
-- without reading it. It is the same on every node.
CREATE TABLE catalog.open_files (
    version_id uuid NOT NULL REFERENCES catalog.versions ON DELETE CASCADE,
    view_fingerprint text NOT NULL,                    -- what the listing shows of it
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (version_id, view_fingerprint)
);

CREATE FUNCTION catalog.note_open_file() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO catalog.search_changes (dataset_id)
    SELECT distribution.dataset_id
      FROM catalog.versions AS version
      JOIN catalog.distributions AS distribution ON distribution.id = version.distribution_id
     WHERE version.id = NEW.version_id;
    NOTIFY weir_search;
    RETURN NULL;
END
$body$;
CREATE TRIGGER search_follows AFTER INSERT OR UPDATE ON catalog.open_files
    FOR EACH ROW EXECUTE FUNCTION catalog.note_open_file();

-- Whether the addresses of data that lies elsewhere answered when somebody looked.
CREATE TABLE catalog.link_checks (
    distribution_id uuid PRIMARY KEY REFERENCES catalog.distributions ON DELETE CASCADE,
    address text NOT NULL,                             -- another one since then was not looked at
    outcome text NOT NULL CHECK (outcome IN ('answered', 'silent', 'refused')),
    status int,                                        -- of HTTP; NULL where nothing came
    checked_at timestamptz NOT NULL,
    failing_since timestamptz                          -- NULL where it answered
        CHECK ((failing_since IS NULL) = (outcome = 'answered'))
);
CREATE INDEX link_checks_by_time ON catalog.link_checks (checked_at, distribution_id);

-- Up to when a person has seen what is new among what they follow.
CREATE TABLE catalog.dashboards (
    user_id uuid PRIMARY KEY REFERENCES policies.users ON DELETE CASCADE,
    seen_at timestamptz NOT NULL
);
