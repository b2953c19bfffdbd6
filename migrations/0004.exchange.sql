-- Data changes hands.

CREATE SCHEMA exchange;

CREATE TABLE exchange.listings (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    regime text NOT NULL CHECK (regime IN ('share', 'open', 'trade')),
    state text NOT NULL CHECK (state IN ('draft', 'listed', 'suspended', 'withdrawn')),
    access_class text NOT NULL CHECK (access_class IN ('unconditional', 'conditional')),
    view jsonb NOT NULL,                             -- columns, row predicate, masks
    price jsonb NOT NULL,                            -- integers only, in micro-credits
    terms jsonb NOT NULL,                            -- what the buyer accepts, both languages
    licence text NOT NULL DEFAULT '',
    uses jsonb NOT NULL,                             -- actions, purposes, term that are offered
    declaration jsonb NOT NULL,                      -- what the provider declared for the clauses
    assessment jsonb,                                -- the independent assessor's, before trade
    standing_release_by uuid REFERENCES policies.users,
    standing_release_at timestamptz,
    profile_id text,                                 -- judged under this profile
    profile_hash text,
    judgement jsonb,                                 -- every clause with its outcome
    proposed_by uuid REFERENCES policies.users,
    proposed_at timestamptz NOT NULL,
    opened_by uuid REFERENCES policies.users,
    opened_at timestamptz,
    state_reason text NOT NULL DEFAULT '',
    CONSTRAINT share_and_open_are_free
        CHECK (regime = 'trade' OR price = '{"model": "free"}'::jsonb),
    CONSTRAINT listed_under_a_profile
        CHECK (state <> 'listed' OR (profile_hash IS NOT NULL AND judgement IS NOT NULL)),
    CONSTRAINT opener_is_not_proposer CHECK (opened_by <> proposed_by)
);
CREATE UNIQUE INDEX one_listing_a_regime ON exchange.listings (dataset_id, regime)
    WHERE state <> 'withdrawn';

CREATE TABLE exchange.applications (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    listing_id uuid NOT NULL REFERENCES exchange.listings,
    applicant_id uuid NOT NULL REFERENCES policies.organizations,
    applied_by uuid NOT NULL REFERENCES policies.users,
    purpose text NOT NULL,
    duty text NOT NULL DEFAULT '',                   -- the statutory duty that is cited
    scenario text NOT NULL DEFAULT '',
    manner text NOT NULL DEFAULT '',                 -- page, query, download
    ends_on date,
    pledged boolean NOT NULL DEFAULT false,
    state text NOT NULL
        CHECK (state IN ('submitted', 'returned', 'granted', 'refused', 'withdrawn')),
    profile_id text NOT NULL,
    profile_hash text NOT NULL,
    judgement jsonb NOT NULL,
    submitted_at timestamptz NOT NULL,
    due_on date NOT NULL,
    is_due_provisional boolean NOT NULL DEFAULT false,
    decided_by uuid REFERENCES policies.users CHECK (decided_by <> applied_by),
    decided_at timestamptz,
    decision_reason text NOT NULL DEFAULT '',
    legal_basis text NOT NULL DEFAULT '',
    agreement_id uuid REFERENCES policies.agreements,
    times_returned integer NOT NULL DEFAULT 0 CHECK (times_returned >= 0),
    CONSTRAINT refusal_states_reasons
        CHECK (state <> 'refused' OR (decision_reason <> '' AND legal_basis <> '')),
    CONSTRAINT granted_makes_agreement CHECK (state <> 'granted' OR agreement_id IS NOT NULL)
);
CREATE INDEX applications_by_listing ON exchange.applications (listing_id, state);
CREATE INDEX applications_by_applicant ON exchange.applications (applicant_id, submitted_at DESC);

-- Decisions and receipts --------------------------------------------------------------------

CREATE TABLE exchange.decisions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    at timestamptz NOT NULL,
    user_id uuid REFERENCES policies.users,
    organization_id uuid REFERENCES policies.organizations,
    token_id uuid,
    action text NOT NULL,
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    listing_id uuid REFERENCES exchange.listings,
    agreement_id uuid REFERENCES policies.agreements,
    is_allowed boolean NOT NULL,
    rule_ids text[] NOT NULL,
    reasons jsonb NOT NULL,
    facts jsonb NOT NULL,
    profile_id text NOT NULL,
    profile_hash text NOT NULL,
    policy_hash text NOT NULL,
    CONSTRAINT permit_names_its_rule CHECK (NOT is_allowed OR cardinality(rule_ids) > 0)
);
CREATE INDEX decisions_by_dataset ON exchange.decisions (dataset_id, at DESC);
CREATE INDEX decisions_by_organization ON exchange.decisions (organization_id, at DESC);

CREATE TABLE exchange.receipts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    created_at timestamptz NOT NULL,
    action text NOT NULL,
    user_id uuid REFERENCES policies.users,
    consumer_id uuid REFERENCES policies.organizations,
    row_count bigint NOT NULL CHECK (row_count >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    question_sha256 text NOT NULL,                   -- what was asked, of which data
    result_sha256 text NOT NULL,
    charge_microcredits bigint NOT NULL CHECK (charge_microcredits >= 0),
    body text NOT NULL,                              -- canonical JSON (RFC 8785), signed
    body_sha256 text NOT NULL UNIQUE,
    kid text NOT NULL REFERENCES policies.signing_keys,
    signature bytea NOT NULL,
    event_id bigint NOT NULL UNIQUE REFERENCES policies.events
);
CREATE INDEX receipts_by_consumer ON exchange.receipts (consumer_id, created_at DESC);
CREATE INDEX receipts_by_user ON exchange.receipts (user_id, created_at DESC);
CREATE INDEX receipts_by_question ON exchange.receipts (question_sha256, created_at DESC);

-- What one receipt covers; a query over two datasets has two rows, each with its own decision.
CREATE TABLE exchange.receipt_items (
    receipt_id uuid NOT NULL REFERENCES exchange.receipts,
    decision_id uuid NOT NULL UNIQUE REFERENCES exchange.decisions,
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    version_id uuid NOT NULL REFERENCES catalog.versions,
    listing_id uuid REFERENCES exchange.listings,
    agreement_id uuid REFERENCES policies.agreements,
    regime text NOT NULL CHECK (regime IN ('share', 'open', 'trade', 'own')),
    charge_microcredits bigint NOT NULL CHECK (charge_microcredits >= 0),
    fee_microcredits bigint NOT NULL DEFAULT 0
        CHECK (fee_microcredits BETWEEN 0 AND charge_microcredits),
    PRIMARY KEY (receipt_id, version_id),
    CONSTRAINT only_trade_costs CHECK (regime = 'trade' OR charge_microcredits = 0),
    CONSTRAINT regime_has_its_papers
        CHECK ((regime = 'own' OR listing_id IS NOT NULL)
               AND (regime NOT IN ('share', 'trade') OR agreement_id IS NOT NULL))
);
CREATE INDEX receipt_items_by_dataset ON exchange.receipt_items (dataset_id);
CREATE INDEX receipt_items_by_version ON exchange.receipt_items (version_id);
CREATE INDEX receipt_items_by_agreement ON exchange.receipt_items (agreement_id);

-- The last receipt of each agreement, so that the next one can name it.
CREATE TABLE exchange.receipt_chains (
    agreement_id uuid PRIMARY KEY REFERENCES policies.agreements,
    last_sha256 text NOT NULL
);

-- Result files: every one belongs to a receipt; reading one again inside the window is free.
-- The row goes with its file when the window has passed; the receipt stays.
CREATE TABLE exchange.results (
    receipt_id uuid PRIMARY KEY REFERENCES exchange.receipts,
    path text NOT NULL UNIQUE,                       -- relative to the results folder
    media_type text NOT NULL,
    readable_until timestamptz NOT NULL
);
CREATE INDEX results_by_end ON exchange.results (readable_until);

-- The ledger --------------------------------------------------------------------------------

CREATE TABLE exchange.accounts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid REFERENCES policies.organizations,  -- NULL: the exchange itself
    asset text NOT NULL CHECK (asset IN ('credit', 'rows', 'queries', 'epsilon')),
    kind text NOT NULL
        CHECK (kind IN ('cash', 'available', 'payable', 'fee', 'quota', 'used')),
    has_floor boolean NOT NULL,
    debits_pending bigint NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    debits_posted bigint NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_pending bigint NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    credits_posted bigint NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    opened_at timestamptz NOT NULL,
    CONSTRAINT one_account_a_kind UNIQUE NULLS NOT DISTINCT (owner_id, asset, kind),
    CONSTRAINT above_the_floor
        CHECK (NOT has_floor OR debits_pending + debits_posted <= credits_posted)
);

-- Credits are a claim on service only: no transfer between buyers, no way out but these.
CREATE TABLE exchange.permitted_pairs (
    debit_kind text NOT NULL,
    credit_kind text NOT NULL,
    is_charge boolean NOT NULL,                      -- held first, and posted with a receipt
    PRIMARY KEY (debit_kind, credit_kind)
);
INSERT INTO exchange.permitted_pairs (debit_kind, credit_kind, is_charge)
VALUES ('cash', 'available', false),                 -- top-up
       ('available', 'payable', true),               -- a buyer pays a provider
       ('payable', 'fee', false);                    -- the exchange's part of it

CREATE TABLE exchange.transfers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL CHECK (kind IN ('direct', 'pending', 'post', 'void')),
    pending_id uuid UNIQUE REFERENCES exchange.transfers,   -- resolved once
    debit_account_id uuid NOT NULL REFERENCES exchange.accounts,
    credit_account_id uuid NOT NULL REFERENCES exchange.accounts
        CHECK (credit_account_id <> debit_account_id),
    asset text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    reason text NOT NULL,
    receipt_id uuid REFERENCES exchange.receipts,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT resolves_a_pending CHECK ((kind IN ('post', 'void')) = (pending_id IS NOT NULL)),
    CONSTRAINT pending_expires CHECK ((kind = 'pending') = (expires_at IS NOT NULL)),
    CONSTRAINT charge_has_a_receipt CHECK (kind <> 'post' OR receipt_id IS NOT NULL),
    CONSTRAINT direct_moves_something CHECK (kind <> 'direct' OR amount > 0)
);
CREATE INDEX transfers_by_debit ON exchange.transfers (debit_account_id, id);
CREATE INDEX transfers_by_credit ON exchange.transfers (credit_account_id, id);
CREATE INDEX transfers_by_receipt ON exchange.transfers (receipt_id);
CREATE INDEX transfers_open ON exchange.transfers (expires_at) WHERE kind = 'pending';

-- A transfer moves its accounts in the same statement; the checks above then hold for all of them.
CREATE FUNCTION exchange.apply_transfer() RETURNS trigger
LANGUAGE plpgsql AS $body$
DECLARE
    held exchange.transfers;
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM exchange.accounts AS debited
                     JOIN exchange.accounts AS credited ON credited.id = NEW.credit_account_id
                     JOIN exchange.permitted_pairs AS pair
                       ON pair.debit_kind = debited.kind AND pair.credit_kind = credited.kind
                    WHERE debited.id = NEW.debit_account_id
                      AND pair.is_charge = (NEW.kind <> 'direct')) THEN
        RAISE EXCEPTION 'a % transfer between these accounts is not permitted', NEW.kind
            USING ERRCODE = 'check_violation', CONSTRAINT = 'permitted_pair';
    END IF;
    -- Both rows in one order, so that two transfers never wait for each other.
    PERFORM 1
       FROM exchange.accounts
      WHERE id IN (NEW.debit_account_id, NEW.credit_account_id)
      ORDER BY id
        FOR UPDATE;
    IF EXISTS (SELECT 1
                 FROM exchange.accounts
                WHERE id IN (NEW.debit_account_id, NEW.credit_account_id)
                  AND asset <> NEW.asset) THEN
        RAISE EXCEPTION 'a transfer stays within one asset'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_asset';
    END IF;
    IF NEW.kind IN ('post', 'void') THEN
        SELECT * INTO held FROM exchange.transfers WHERE id = NEW.pending_id;
        IF held.kind <> 'pending'
           OR held.debit_account_id <> NEW.debit_account_id
           OR held.credit_account_id <> NEW.credit_account_id
           OR NEW.amount > held.amount
           OR (NEW.kind = 'post' AND NEW.created_at >= held.expires_at)
           OR (NEW.kind = 'void' AND NEW.amount <> 0) THEN
            RAISE EXCEPTION 'transfer % does not resolve %', NEW.id, NEW.pending_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'resolves_what_is_held';
        END IF;
    END IF;
    UPDATE exchange.accounts
       SET debits_pending = debits_pending
               + CASE NEW.kind WHEN 'pending' THEN NEW.amount
                               WHEN 'direct' THEN 0 ELSE -held.amount END,
           debits_posted = debits_posted
               + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount ELSE 0 END
     WHERE id = NEW.debit_account_id;
    UPDATE exchange.accounts
       SET credits_pending = credits_pending
               + CASE NEW.kind WHEN 'pending' THEN NEW.amount
                               WHEN 'direct' THEN 0 ELSE -held.amount END,
           credits_posted = credits_posted
               + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount ELSE 0 END
     WHERE id = NEW.credit_account_id;
    RETURN NEW;
END
$body$;
CREATE TRIGGER moves_its_accounts AFTER INSERT ON exchange.transfers
    FOR EACH ROW EXECUTE FUNCTION exchange.apply_transfer();

-- A receipt is whole when its transaction ends: its items add up, each under a decision that
-- allowed it, and the ledger moved what it says.
CREATE FUNCTION exchange.check_receipt() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.charge_microcredits IS DISTINCT FROM
           (SELECT sum(charge_microcredits)
              FROM exchange.receipt_items
             WHERE receipt_id = NEW.id)
       OR NEW.charge_microcredits IS DISTINCT FROM
           (SELECT coalesce(sum(amount), 0)
              FROM exchange.transfers
             WHERE receipt_id = NEW.id AND kind = 'post' AND asset = 'credit')
       OR EXISTS (SELECT 1
                    FROM exchange.receipt_items AS item
                    JOIN exchange.decisions AS decision ON decision.id = item.decision_id
                   WHERE item.receipt_id = NEW.id AND NOT decision.is_allowed) THEN
        RAISE EXCEPTION 'receipt % does not add up', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_adds_up';
    END IF;
    RETURN NULL;
END
$body$;
CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT ON exchange.receipts
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION exchange.check_receipt();

-- Fair use of open data, per caller and day.
CREATE TABLE exchange.fair_use (
    caller text NOT NULL,
    day date NOT NULL,
    queries integer NOT NULL CHECK (queries >= 0),
    rows bigint NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (caller, day)
);

CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.transfers
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON exchange.transfers
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.receipts
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON exchange.receipts
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.receipt_items
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.decisions
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON exchange.decisions
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
