-- What an organisation means to spend in a month, when it wants to be told, and whether it is
-- stopped there. What was spent is counted with each receipt, and can be counted anew from receipts.

CREATE TABLE exchange.budgets (
    organization_id uuid PRIMARY KEY REFERENCES policies.organizations,
    cap_microcredits bigint NOT NULL CHECK (cap_microcredits > 0),
    is_hard_stop boolean NOT NULL,
    set_by uuid NOT NULL REFERENCES policies.users,
    set_at timestamptz NOT NULL
);

CREATE TABLE exchange.budget_months (
    organization_id uuid NOT NULL REFERENCES exchange.budgets ON DELETE CASCADE,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    spent_microcredits bigint NOT NULL CHECK (spent_microcredits >= 0),
    told_percent integer NOT NULL DEFAULT 0 CHECK (told_percent IN (0, 50, 80, 100)),
    told_at timestamptz,
    PRIMARY KEY (organization_id, month)
);
