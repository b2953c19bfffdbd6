-- Money is given back by two people, and by new transfers: what was charged is never edited.

INSERT INTO exchange.permitted_pairs (debit_kind, credit_kind, is_charge)
VALUES ('payable', 'available', false),              -- given back by a provider, or who had a part
       ('fee', 'available', false);                  -- and by the exchange

CREATE TABLE exchange.refunds (
    id uuid PRIMARY KEY,
    receipt_id uuid NOT NULL REFERENCES exchange.receipts,
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits > 0),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    state text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'withdrawn')),
    proposed_by uuid NOT NULL REFERENCES policies.users,
    proposed_at timestamptz NOT NULL,
    settled_by uuid REFERENCES policies.users,
    settled_at timestamptz,
    CONSTRAINT refund_settled_by_somebody
        CHECK ((state <> 'proposed') = (settled_by IS NOT NULL)
               AND (settled_by IS NULL) = (settled_at IS NULL)),
    CONSTRAINT refund_takes_two_people CHECK (state <> 'confirmed' OR settled_by <> proposed_by)
);
CREATE UNIQUE INDEX one_refund_waits_a_receipt ON exchange.refunds (receipt_id)
    WHERE state = 'proposed';
CREATE INDEX refunds_by_receipt ON exchange.refunds (receipt_id);
