-- The ledger takes many transfers in one statement: their accounts are locked once, in one order,
-- and moved by the sum of what they bring. The rules are those of each transfer, as before.

CREATE FUNCTION exchange.apply_transfers() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    -- All rows in one order, so that two statements never wait for each other.
    PERFORM 1
       FROM exchange.accounts
      WHERE id IN (SELECT debit_account_id FROM added
                    UNION
                   SELECT credit_account_id FROM added)
      ORDER BY id
        FOR UPDATE;
    IF EXISTS (SELECT 1
                 FROM added
                WHERE NOT EXISTS (SELECT 1
                                    FROM exchange.accounts AS debited
                                    JOIN exchange.accounts AS credited
                                      ON credited.id = added.credit_account_id
                                    JOIN exchange.permitted_pairs AS pair
                                      ON pair.debit_kind = debited.kind
                                     AND pair.credit_kind = credited.kind
                                   WHERE debited.id = added.debit_account_id
                                     AND pair.is_charge = (added.kind <> 'direct'))) THEN
        RAISE EXCEPTION 'a transfer between these accounts is not permitted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'permitted_pair';
    END IF;
    IF EXISTS (SELECT 1
                 FROM added
                 JOIN exchange.accounts AS account
                   ON account.id IN (added.debit_account_id, added.credit_account_id)
                WHERE account.asset <> added.asset) THEN
        RAISE EXCEPTION 'a transfer stays within one asset'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_asset';
    END IF;
    IF EXISTS (SELECT 1
                 FROM added
                 LEFT JOIN exchange.transfers AS held ON held.id = added.pending_id
                WHERE added.kind IN ('post', 'void')
                  AND (held.id IS NULL
                       OR held.kind <> 'pending'
                       OR held.debit_account_id <> added.debit_account_id
                       OR held.credit_account_id <> added.credit_account_id
                       OR added.amount > held.amount
                       OR (added.kind = 'post' AND added.created_at >= held.expires_at)
                       OR (added.kind = 'void' AND added.amount <> 0))) THEN
        RAISE EXCEPTION 'a transfer does not resolve what it names'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'resolves_what_is_held';
    END IF;
    UPDATE exchange.accounts AS account
       SET debits_pending = account.debits_pending + moved.debits_pending,
           debits_posted = account.debits_posted + moved.debits_posted,
           credits_pending = account.credits_pending + moved.credits_pending,
           credits_posted = account.credits_posted + moved.credits_posted
      FROM (SELECT side.account_id,
                   coalesce(sum(side.pending) FILTER (WHERE side.is_debit), 0) AS debits_pending,
                   coalesce(sum(side.posted) FILTER (WHERE side.is_debit), 0) AS debits_posted,
                   coalesce(sum(side.pending) FILTER (WHERE NOT side.is_debit), 0)
                       AS credits_pending,
                   coalesce(sum(side.posted) FILTER (WHERE NOT side.is_debit), 0)
                       AS credits_posted
              FROM (SELECT both_sides.account_id, both_sides.is_debit,
                           CASE added.kind WHEN 'pending' THEN added.amount
                                           WHEN 'direct' THEN 0 ELSE -held.amount END AS pending,
                           CASE WHEN added.kind IN ('direct', 'post') THEN added.amount ELSE 0 END
                               AS posted
                      FROM added
                      LEFT JOIN exchange.transfers AS held ON held.id = added.pending_id
                     CROSS JOIN LATERAL (VALUES (added.debit_account_id, true),
                                                (added.credit_account_id, false))
                               AS both_sides (account_id, is_debit)) AS side
             GROUP BY side.account_id) AS moved
     WHERE account.id = moved.account_id;
    RETURN NULL;
END
$body$;

DROP TRIGGER moves_its_accounts ON exchange.transfers;
CREATE TRIGGER moves_its_accounts AFTER INSERT ON exchange.transfers
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.apply_transfers();
DROP FUNCTION exchange.apply_transfer();
