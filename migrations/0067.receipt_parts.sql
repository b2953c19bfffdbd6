-- Of a charge others than the provider have their part: the operator, and those whose data the
-- product was made from. Each part is a transfer beside the charge, under the same receipt.

INSERT INTO exchange.permitted_pairs (debit_kind, credit_kind, is_charge)
VALUES ('payable', 'payable', false);

CREATE TABLE exchange.receipt_parts (
    receipt_id uuid NOT NULL REFERENCES exchange.receipts,
    dataset_id uuid NOT NULL REFERENCES catalog.datasets,
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    role text NOT NULL CHECK (role IN ('operator', 'upstream')),
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits > 0),
    PRIMARY KEY (receipt_id, dataset_id, organization_id)
);
CREATE INDEX receipt_parts_by_organization ON exchange.receipt_parts (organization_id);
CREATE TRIGGER receipt_parts_stay BEFORE UPDATE OR DELETE ON exchange.receipt_parts
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change();
CREATE TRIGGER receipt_parts_are_kept BEFORE TRUNCATE ON exchange.receipt_parts
    FOR EACH STATEMENT EXECUTE FUNCTION policies.refuse_change();
