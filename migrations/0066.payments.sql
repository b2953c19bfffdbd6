-- Money in and out takes two people: one records a payment or asks for a payout, another one confirms
-- it. A reference stands for one payment, however it is written.

CREATE TABLE exchange.payments (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits > 0),
    reference text NOT NULL,
    reference_key text NOT NULL
        GENERATED ALWAYS AS (lower(regexp_replace(normalize(reference, NFKC), '\s', '', 'g'))) STORED,
    paid_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('recorded', 'confirmed', 'withdrawn', 'earlier')),
    recorded_by uuid REFERENCES policies.users,
    recorded_at timestamptz NOT NULL,
    settled_by uuid REFERENCES policies.users,
    settled_at timestamptz,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    transfer_id uuid UNIQUE REFERENCES exchange.transfers,
    holds_reference boolean NOT NULL,
    CONSTRAINT payment_recorded_by_somebody CHECK ((state = 'earlier') = (recorded_by IS NULL)),
    CONSTRAINT payment_settled_by_somebody
        CHECK ((state IN ('confirmed', 'withdrawn')) = (settled_by IS NOT NULL)
               AND (settled_by IS NULL) = (settled_at IS NULL)),
    CONSTRAINT payment_takes_two_people CHECK (state <> 'confirmed' OR settled_by <> recorded_by),
    CONSTRAINT payment_credited_once
        CHECK ((state IN ('confirmed', 'earlier')) = (transfer_id IS NOT NULL)),
    CONSTRAINT payment_keeps_its_reference
        CHECK (state = 'earlier' OR holds_reference = (state <> 'withdrawn'))
);
CREATE UNIQUE INDEX one_payment_a_reference ON exchange.payments (reference_key)
    WHERE holds_reference;
CREATE INDEX payments_by_state ON exchange.payments (state, recorded_at DESC);

-- What one person credited before this; where a reference was used twice, its first use keeps it.
INSERT INTO exchange.payments
       (id, organization_id, amount_microcredits, reference, paid_on, state, recorded_at,
        transfer_id, holds_reference)
SELECT earlier.id, earlier.owner_id, earlier.amount, earlier.reference,
       (earlier.created_at AT TIME ZONE 'Asia/Shanghai')::date, 'earlier', earlier.created_at,
       earlier.id,
       earlier.reference <> ''
           AND row_number() OVER (
                   PARTITION BY lower(regexp_replace(normalize(earlier.reference, NFKC),
                                                     '\s', '', 'g'))
                   ORDER BY earlier.created_at, earlier.id) = 1
  FROM (SELECT transfer.id, buyer.owner_id, transfer.amount, transfer.created_at,
               regexp_replace(transfer.reason, '^top-up ?', '') AS reference
          FROM exchange.transfers AS transfer
          JOIN exchange.accounts AS cash ON cash.id = transfer.debit_account_id
          JOIN exchange.accounts AS buyer ON buyer.id = transfer.credit_account_id
         WHERE cash.kind = 'cash'
           AND buyer.kind = 'available'
           AND transfer.kind = 'direct') AS earlier;

-- What a provider asked for leaves its earnings at once, so that it cannot be asked for twice, and
-- leaves the exchange when a second person has sent it.
ALTER TABLE exchange.accounts DROP CONSTRAINT accounts_kind_check;
ALTER TABLE exchange.accounts ADD CONSTRAINT accounts_kind_check
    CHECK (kind IN ('cash', 'available', 'payable', 'due', 'fee', 'quota', 'used'));
INSERT INTO exchange.permitted_pairs (debit_kind, credit_kind, is_charge)
VALUES ('payable', 'due', false),                    -- asked for
       ('due', 'cash', false),                       -- sent
       ('due', 'payable', false);                    -- not sent

CREATE TABLE exchange.payouts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits > 0),
    bank_account text NOT NULL CHECK (length(bank_account) BETWEEN 1 AND 200),
    state text NOT NULL CHECK (state IN ('asked', 'sent', 'refused')),
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    asked_transfer_id uuid NOT NULL UNIQUE REFERENCES exchange.transfers,
    settled_by uuid REFERENCES policies.users,
    settled_at timestamptz,
    settled_transfer_id uuid UNIQUE REFERENCES exchange.transfers,
    bank_reference text NOT NULL DEFAULT '' CHECK (length(bank_reference) <= 200),
    bank_reference_key text NOT NULL
        GENERATED ALWAYS AS (lower(regexp_replace(normalize(bank_reference, NFKC), '\s', '', 'g')))
        STORED,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    CONSTRAINT payout_settled_by_somebody
        CHECK ((state <> 'asked') = (settled_by IS NOT NULL)
               AND (settled_by IS NULL) = (settled_at IS NULL)
               AND (settled_by IS NULL) = (settled_transfer_id IS NULL)),
    CONSTRAINT payout_takes_two_people CHECK (state <> 'sent' OR settled_by <> asked_by),
    CONSTRAINT payout_sent_names_its_transfer CHECK ((state = 'sent') = (bank_reference <> ''))
);
CREATE UNIQUE INDEX one_payout_a_bank_reference ON exchange.payouts (bank_reference_key)
    WHERE state = 'sent';
CREATE INDEX payouts_by_state ON exchange.payouts (state, asked_at DESC);
CREATE INDEX payouts_by_organization ON exchange.payouts (organization_id, asked_at DESC);
