-- Requests as the share decree asks: part grants, a longer clock by consent, delivery, disputes,
-- corrections, and what each duty of a department needs.

ALTER TABLE exchange.applications
    ADD COLUMN wanted_columns text[],                -- NULL: all that is offered
    ADD COLUMN is_flow_back boolean NOT NULL DEFAULT false,
    ADD COLUMN reason_code text NOT NULL DEFAULT '',
    ADD COLUMN assigned_to uuid REFERENCES policies.users,
    ADD COLUMN extension_days integer CHECK (extension_days > 0),
    ADD COLUMN extension_reason text NOT NULL DEFAULT '',
    ADD COLUMN extension_asked_by uuid REFERENCES policies.users,
    ADD COLUMN extension_asked_at timestamptz,
    ADD COLUMN extension_consented_by uuid REFERENCES policies.users,
    ADD COLUMN extension_consented_at timestamptz,
    ADD COLUMN reminded_days integer NOT NULL DEFAULT 0 CHECK (reminded_days >= 0),
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN is_part_granted boolean NOT NULL DEFAULT false,
    ADD COLUMN delivery_due_on date,
    ADD COLUMN is_delivery_provisional boolean NOT NULL DEFAULT false,
    ADD COLUMN delivery_reminded_days integer NOT NULL DEFAULT 0,
    ADD COLUMN delivery_escalated_at timestamptz,
    ADD COLUMN delivered_at timestamptz,
    ADD COLUMN times_disputed integer NOT NULL DEFAULT 0 CHECK (times_disputed >= 0),
    ADD CONSTRAINT extension_takes_two CHECK (extension_consented_by <> extension_asked_by),
    ADD CONSTRAINT extension_is_whole
        CHECK ((extension_days IS NULL) = (extension_asked_by IS NULL)
               AND (extension_consented_by IS NULL OR extension_asked_by IS NOT NULL)),
    ADD CONSTRAINT provisional_is_never_escalated
        CHECK (escalated_at IS NULL OR NOT is_due_provisional);
CREATE INDEX applications_waiting ON exchange.applications (due_on) WHERE state = 'submitted';
CREATE INDEX applications_undelivered ON exchange.applications (delivery_due_on)
    WHERE state = 'granted' AND delivered_at IS NULL;

-- What an agreement lets out where that is less than its listing offers.
CREATE TABLE exchange.agreement_views (
    agreement_id uuid PRIMARY KEY REFERENCES policies.agreements,
    view jsonb NOT NULL
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.agreement_views
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();

-- Who releases the answers of an organisation; without a row each of its approvers may.
CREATE TABLE exchange.share_heads (
    organization_id uuid PRIMARY KEY REFERENCES policies.organizations,
    user_id uuid NOT NULL REFERENCES policies.users,
    named_by uuid REFERENCES policies.users,
    named_at timestamptz NOT NULL
);

-- Three steps in their order: between the two, the share authority, its government.
CREATE TABLE exchange.dispute_steps (
    application_id uuid NOT NULL REFERENCES exchange.applications,
    round integer NOT NULL CHECK (round > 0),
    step integer NOT NULL CHECK (step BETWEEN 1 AND 3),
    opened_by uuid NOT NULL REFERENCES policies.users,
    opened_at timestamptz NOT NULL,
    ground text NOT NULL CHECK (ground <> ''),
    outcome text CHECK (outcome IN ('agreed', 'kept')),
    outcome_words text NOT NULL DEFAULT '',
    reference text NOT NULL DEFAULT '',
    closed_by uuid REFERENCES policies.users CHECK (closed_by <> opened_by),
    closed_at timestamptz,
    PRIMARY KEY (application_id, round, step),
    CONSTRAINT closed_with_an_outcome
        CHECK ((outcome IS NULL) = (closed_at IS NULL)
               AND (outcome IS NULL OR outcome_words <> '')),
    CONSTRAINT government_is_cited CHECK (step < 3 OR outcome IS NULL OR reference <> '')
);
CREATE INDEX dispute_steps_open ON exchange.dispute_steps (step, opened_at) WHERE outcome IS NULL;

-- Which data and columns a duty needs; NULL columns: all of them.
CREATE TABLE exchange.duty_needs (
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    duty text NOT NULL,
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    columns text[],
    PRIMARY KEY (organization_id, duty, dataset_id)
);

CREATE TABLE exchange.corrections (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    asker_id uuid NOT NULL REFERENCES policies.organizations,
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    record_reference text NOT NULL,
    fault text NOT NULL CHECK (fault <> ''),
    due_on date NOT NULL,
    is_due_provisional boolean NOT NULL DEFAULT false,
    reminded_days integer NOT NULL DEFAULT 0,
    escalated_at timestamptz,
    outcome text CHECK (outcome IN ('corrected', 'kept')),
    outcome_words text NOT NULL DEFAULT '',
    version_id uuid REFERENCES catalog.versions,
    closed_by uuid REFERENCES policies.users,
    closed_at timestamptz,
    CONSTRAINT closed_with_an_outcome
        CHECK ((outcome IS NULL) = (closed_at IS NULL)
               AND (outcome IS NULL OR outcome_words <> '')),
    CONSTRAINT corrected_by_a_version CHECK (outcome <> 'corrected' OR version_id IS NOT NULL),
    CONSTRAINT provisional_is_never_escalated
        CHECK (escalated_at IS NULL OR NOT is_due_provisional)
);
CREATE INDEX corrections_open ON exchange.corrections (due_on) WHERE outcome IS NULL;
CREATE INDEX corrections_by_dataset ON exchange.corrections (dataset_id, asked_at DESC);
CREATE INDEX corrections_by_asker ON exchange.corrections (asker_id, asked_at DESC);
