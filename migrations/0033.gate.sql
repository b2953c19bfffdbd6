-- Versions without the rows that broke a rule; publication of what is known to be faulty.

ALTER TABLE catalog.versions
    DROP CONSTRAINT versions_kind_check,
    ADD CONSTRAINT versions_kind_check CHECK (kind IN ('upload', 'step', 'settled', 'sifted')),
    ADD CONSTRAINT sifted_from_one CHECK (kind <> 'sifted' OR parent_id IS NOT NULL),
    DROP CONSTRAINT versions_verdict_check,
    ADD CONSTRAINT versions_verdict_check
        CHECK (verdict IN ('passed', 'passed_with_warnings', 'known_issue', 'blocked')),
    DROP CONSTRAINT gate_stands,
    ADD CONSTRAINT gate_stands CHECK (
        state <> 'published' OR verdict IN ('passed', 'passed_with_warnings', 'known_issue')
    );
CREATE UNIQUE INDEX versions_sifted_once ON catalog.versions (parent_id) WHERE kind = 'sifted';

-- What a publisher asks for a version that the gate holds back, and what another person said.
CREATE TABLE quality.pleas (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    version_id uuid NOT NULL REFERENCES catalog.versions,
    report_id uuid NOT NULL REFERENCES quality.reports,      -- the one that was looked at
    kind text NOT NULL CHECK (kind IN ('known_issue', 'appeal')),
    rule_keys text[] NOT NULL CHECK (cardinality(rule_keys) >= 1),   -- what it is about
    reason text NOT NULL CHECK (reason <> ''),
    ends_on date,                                   -- until when the issue is to be mended
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'granted', 'refused')),
    answer text NOT NULL DEFAULT '',
    decided_by uuid REFERENCES policies.users,
    decided_at timestamptz,
    CHECK ((kind = 'known_issue') = (ends_on IS NOT NULL)),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CONSTRAINT decided_by_another CHECK (decided_by <> asked_by)
);
CREATE UNIQUE INDEX plea_open ON quality.pleas (version_id) WHERE state = 'open';
CREATE INDEX pleas_by_version ON quality.pleas (version_id, asked_at DESC);
