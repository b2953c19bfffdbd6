-- Invoices and credit notes: one row of numbers for each year without gaps, never changed. A number is
-- taken in the transaction that issues, so that one that fails leaves none behind.

CREATE TABLE exchange.invoice_years (
    year smallint PRIMARY KEY CHECK (year BETWEEN 2000 AND 9999),
    last_serial integer NOT NULL CHECK (last_serial > 0)
);

CREATE TABLE exchange.invoices (
    id uuid PRIMARY KEY,
    year smallint NOT NULL REFERENCES exchange.invoice_years,
    serial integer NOT NULL CHECK (serial > 0),
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    corrects_id uuid REFERENCES exchange.invoices,   -- a credit note names its invoice
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits > 0),
    body text NOT NULL,
    kid text NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    issued_by uuid NOT NULL REFERENCES policies.users,
    issued_at timestamptz NOT NULL,
    CONSTRAINT one_number_an_invoice UNIQUE (year, serial)
);
CREATE UNIQUE INDEX one_invoice_a_month ON exchange.invoices (organization_id, month)
    WHERE corrects_id IS NULL;
CREATE INDEX invoices_by_corrected ON exchange.invoices (corrects_id) WHERE corrects_id IS NOT NULL;

-- Which refunds a credit note takes off its invoice; each once.
CREATE TABLE exchange.credited_refunds (
    refund_id uuid PRIMARY KEY REFERENCES exchange.refunds,
    credit_note_id uuid NOT NULL REFERENCES exchange.invoices
);

CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.invoices
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON exchange.invoices
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON exchange.credited_refunds
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON exchange.credited_refunds
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
