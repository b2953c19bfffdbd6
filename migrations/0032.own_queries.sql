-- The statements that somebody ran from the page, for themselves to find again; the newest alone.

CREATE TABLE exchange.own_queries (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES policies.users ON DELETE CASCADE,
    statement text NOT NULL CHECK (length(statement) <= 100000),
    receipt_id uuid NOT NULL REFERENCES exchange.receipts,
    asked_at timestamptz NOT NULL,
    UNIQUE (user_id, receipt_id)
);
CREATE INDEX own_queries_by_user ON exchange.own_queries (user_id, id DESC);
