-- What each agreement used of a month, where its price depends on it: a subscription, a month's own
-- price, units that cost nothing, tiers. It moves with the receipts that say the same.

CREATE TABLE exchange.month_use (
    agreement_id uuid NOT NULL REFERENCES policies.agreements,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    deliveries bigint NOT NULL CHECK (deliveries > 0),
    units bigint NOT NULL CHECK (units >= 0),
    PRIMARY KEY (agreement_id, month)
);
