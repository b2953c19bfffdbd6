"""What must always hold in the books and receipts, as queries that find the rows for which it does
not. The constraints of the database make each of them impossible; these look whether somebody with
rights over the database went round them.
"""

from __future__ import annotations

from policies.database import Tx

FOUND_MAX = 20
"""Rows named for each rule; the first few say where to look."""


def accounts_that_do_not_add_up(tx: Tx) -> list[str]:
    """Accounts whose sums differ from a recount of their transfers."""
    return _found(
        tx,
        """
        WITH resolved AS (
            SELECT t.*, held.amount AS held_amount,
                   EXISTS (SELECT 1 FROM exchange.transfers r WHERE r.pending_id = t.id) AS is_done
              FROM exchange.transfers t
              LEFT JOIN exchange.transfers held ON held.id = t.pending_id
        ), recount AS (
            SELECT a.id,
                   coalesce(sum(r.amount) FILTER (
                       WHERE r.debit_account_id = a.id AND r.kind IN ('direct', 'post')), 0) AS dp,
                   coalesce(sum(r.amount) FILTER (
                       WHERE r.credit_account_id = a.id AND r.kind IN ('direct', 'post')), 0) AS cp,
                   coalesce(sum(r.amount) FILTER (
                       WHERE r.debit_account_id = a.id AND r.kind = 'pending'
                         AND NOT r.is_done), 0) AS dh,
                   coalesce(sum(r.amount) FILTER (
                       WHERE r.credit_account_id = a.id AND r.kind = 'pending'
                         AND NOT r.is_done), 0) AS ch
              FROM exchange.accounts a
              LEFT JOIN resolved r ON a.id IN (r.debit_account_id, r.credit_account_id)
             GROUP BY a.id
        )
        SELECT a.id::text AS found
          FROM exchange.accounts a
          JOIN recount c ON c.id = a.id
         WHERE (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
               IS DISTINCT FROM (c.dp, c.cp, c.dh, c.ch)
         ORDER BY a.id
         LIMIT %(limit)s
        """,
    )


def assets_out_of_balance(tx: Tx) -> list[str]:
    """Assets of which more was debited than credited, or less."""
    return _found(
        tx,
        """
        SELECT asset AS found
          FROM exchange.accounts
         GROUP BY asset
        HAVING sum(debits_posted) <> sum(credits_posted)
            OR sum(debits_pending) <> sum(credits_pending)
         ORDER BY asset
         LIMIT %(limit)s
        """,
    )


def accounts_below_their_floor(tx: Tx) -> list[str]:
    """Accounts that were spent beyond what they hold."""
    return _found(
        tx,
        """
        SELECT id::text AS found
          FROM exchange.accounts
         WHERE has_floor
           AND debits_pending + debits_posted > credits_posted
         ORDER BY id
         LIMIT %(limit)s
        """,
    )


def holds_resolved_wrongly(tx: Tx) -> list[str]:
    """Holds that were charged more than they held, or resolved twice."""
    return _found(
        tx,
        """
        SELECT held.id::text AS found
          FROM exchange.transfers held
          JOIN exchange.transfers done ON done.pending_id = held.id
         WHERE held.kind = 'pending'
         GROUP BY held.id, held.amount
        HAVING count(*) > 1 OR sum(done.amount) > held.amount
         ORDER BY held.id
         LIMIT %(limit)s
        """,
    )


def charges_without_receipt(tx: Tx) -> list[str]:
    """Charges for which no receipt stands, and receipts whose charges are not what they say."""
    return _found(
        tx,
        """
        SELECT t.id::text AS found
          FROM exchange.transfers t
          LEFT JOIN exchange.receipts r ON r.id = t.receipt_id
         WHERE t.kind = 'post'
           AND r.id IS NULL
         UNION ALL
        SELECT r.id::text
          FROM exchange.receipts r
          LEFT JOIN exchange.transfers t ON t.receipt_id = r.id AND t.kind = 'post'
         GROUP BY r.id, r.charge_microcredits
        HAVING coalesce(sum(t.amount), 0) <> r.charge_microcredits
         LIMIT %(limit)s
        """,
    )


def money_without_two_people(tx: Tx) -> list[str]:
    """Transfers from or to the outside, or on their way there, without a payment or payout of that
    amount.
    """
    return _found(
        tx,
        """
        SELECT moved.id::text AS found
          FROM exchange.transfers AS moved
          JOIN exchange.accounts AS debited ON debited.id = moved.debit_account_id
          JOIN exchange.accounts AS credited ON credited.id = moved.credit_account_id
          LEFT JOIN exchange.payments AS payment
            ON payment.transfer_id = moved.id
           AND payment.amount_microcredits = moved.amount
           AND payment.organization_id = credited.owner_id
          LEFT JOIN exchange.payouts AS payout
            ON moved.id IN (payout.asked_transfer_id, payout.settled_transfer_id)
           AND payout.amount_microcredits = moved.amount
           AND payout.organization_id IN (debited.owner_id, credited.owner_id)
         WHERE (debited.kind IN ('cash', 'due') OR credited.kind IN ('cash', 'due'))
           AND moved.asset = 'credit'
           AND payment.id IS NULL
           AND payout.id IS NULL
         ORDER BY moved.id
         LIMIT %(limit)s
        """,
    )


def refunds_given_wrongly(tx: Tx) -> list[str]:
    """Receipts of which another amount was given back than two people decided, or too much."""
    return _found(
        tx,
        """
        WITH decided AS (
            SELECT receipt_id, sum(amount_microcredits) AS amount
              FROM exchange.refunds
             WHERE state = 'confirmed'
             GROUP BY receipt_id
        ), moved AS (
            SELECT transfer.receipt_id, sum(transfer.amount) AS amount
              FROM exchange.transfers AS transfer
              JOIN exchange.accounts AS debited ON debited.id = transfer.debit_account_id
              JOIN exchange.accounts AS credited ON credited.id = transfer.credit_account_id
             WHERE debited.kind IN ('payable', 'fee')
               AND credited.kind = 'available'
             GROUP BY transfer.receipt_id
        )
        SELECT coalesce(decided.receipt_id, moved.receipt_id)::text AS found
          FROM decided
          FULL JOIN moved ON moved.receipt_id = decided.receipt_id
          LEFT JOIN exchange.receipts AS receipt
            ON receipt.id = coalesce(decided.receipt_id, moved.receipt_id)
         WHERE decided.amount IS DISTINCT FROM moved.amount
            OR receipt.charge_microcredits IS NULL
            OR moved.amount > receipt.charge_microcredits
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def parts_paid_wrongly(tx: Tx) -> list[str]:
    """Receipts of which others have another part than they say, or none that moved."""
    return _found(
        tx,
        """
        WITH said AS (
            SELECT receipt_id, organization_id, sum(amount_microcredits) AS amount
              FROM exchange.receipt_parts
             GROUP BY receipt_id, organization_id
        ), moved AS (
            SELECT transfer.receipt_id, credited.owner_id AS organization_id,
                   sum(transfer.amount) AS amount
              FROM exchange.transfers AS transfer
              JOIN exchange.accounts AS debited ON debited.id = transfer.debit_account_id
              JOIN exchange.accounts AS credited ON credited.id = transfer.credit_account_id
             WHERE debited.kind = 'payable'
               AND credited.kind = 'payable'
             GROUP BY transfer.receipt_id, credited.owner_id
        )
        SELECT DISTINCT coalesce(said.receipt_id, moved.receipt_id)::text AS found
          FROM said
          FULL JOIN moved
            ON moved.receipt_id = said.receipt_id
           AND moved.organization_id = said.organization_id
         WHERE said.amount IS DISTINCT FROM moved.amount
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def receipts_without_decision(tx: Tx) -> list[str]:
    """Receipts that no allowing decision under a named profile and rule stands behind."""
    return _found(
        tx,
        """
        SELECT r.id::text AS found
          FROM exchange.receipts r
          LEFT JOIN exchange.receipt_items i ON i.receipt_id = r.id
          LEFT JOIN exchange.decisions d ON d.id = i.decision_id
         WHERE d.id IS NULL
            OR NOT d.is_allowed
            OR cardinality(d.rule_ids) = 0
            OR d.profile_hash = ''
         ORDER BY r.id
         LIMIT %(limit)s
        """,
    )


def free_regimes_that_cost(tx: Tx) -> list[str]:
    """Deliveries under share or open that moved credits."""
    return _found(
        tx,
        """
        SELECT receipt_id::text AS found
          FROM exchange.receipt_items
         WHERE regime <> 'trade'
           AND charge_microcredits <> 0
         ORDER BY receipt_id
         LIMIT %(limit)s
        """,
    )


def core_data_on_offer(tx: Tx) -> list[str]:
    """Listings that offer core data to the public or for money."""
    return _found(
        tx,
        """
        SELECT l.id::text AS found
          FROM exchange.listings l
          JOIN catalog.datasets d ON d.id = l.dataset_id
         WHERE d.grade = 3
           AND l.regime IN ('open', 'trade')
           AND l.state = 'listed'
         ORDER BY l.id
         LIMIT %(limit)s
        """,
    )


def sales_without_identity(tx: Tx) -> list[str]:
    """Paid deliveries of which one side has no verified identity."""
    return _found(
        tx,
        """
        SELECT DISTINCT i.receipt_id::text AS found
          FROM exchange.receipt_items i
          JOIN policies.agreements a ON a.id = i.agreement_id
          JOIN policies.organizations o ON o.id IN (a.provider_id, a.consumer_id)
         WHERE i.regime = 'trade'
           AND o.credit_code IS NULL
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def shared_without_check(tx: Tx) -> list[str]:
    """Shared listings of which no published version was ever checked."""
    return _found(
        tx,
        """
        SELECT l.id::text AS found
          FROM exchange.listings l
         WHERE l.regime = 'share'
           AND l.state = 'listed'
           AND NOT EXISTS (SELECT 1
                             FROM catalog.distributions d
                             JOIN catalog.versions v ON v.distribution_id = d.id
                            WHERE d.dataset_id = l.dataset_id
                              AND (v.assessed_at IS NOT NULL OR v.kind = 'document'))
         ORDER BY l.id
         LIMIT %(limit)s
        """,
    )


def invoices_issued_wrongly(tx: Tx) -> list[str]:
    """Years with a gap, invoices that are not their receipts, credit notes not their refunds."""
    return _found(
        tx,
        """
        SELECT 'year ' || years.year::text AS found
          FROM exchange.invoice_years AS years
         WHERE years.last_serial <> (SELECT count(*)
                                       FROM exchange.invoices AS issued
                                      WHERE issued.year = years.year
                                        AND issued.serial <= years.last_serial)
         UNION ALL
        SELECT invoice.id::text
          FROM exchange.invoices AS invoice
         WHERE invoice.corrects_id IS NULL
           AND invoice.amount_microcredits IS DISTINCT FROM
               (SELECT sum(receipt.charge_microcredits)
                  FROM exchange.receipts AS receipt
                 WHERE receipt.consumer_id = invoice.organization_id
                   AND receipt.created_at >= invoice.month::timestamp AT TIME ZONE 'Asia/Shanghai'
                   AND receipt.created_at < (invoice.month::timestamp + interval '1 month')
                                            AT TIME ZONE 'Asia/Shanghai')
         UNION ALL
        SELECT note.id::text
          FROM exchange.invoices AS note
         WHERE note.corrects_id IS NOT NULL
           AND note.amount_microcredits IS DISTINCT FROM
               (SELECT sum(refund.amount_microcredits)
                  FROM exchange.credited_refunds AS credited
                  JOIN exchange.refunds AS refund ON refund.id = credited.refund_id
                 WHERE credited.credit_note_id = note.id
                   AND refund.state = 'confirmed')
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def months_counted_wrongly(tx: Tx) -> list[str]:
    """Agreements whose use of a month is not what their receipts say."""
    return _found(
        tx,
        """
        SELECT used.agreement_id::text || ' ' || used.month::text AS found
          FROM exchange.month_use AS used
         WHERE used.deliveries <>
               (SELECT count(*)
                  FROM exchange.receipt_items AS item
                  JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
                 WHERE item.agreement_id = used.agreement_id
                   AND date_trunc('month', receipt.created_at AT TIME ZONE 'Asia/Shanghai')
                       = used.month)
         ORDER BY used.agreement_id, used.month
         LIMIT %(limit)s
        """,
    )


def budgets_counted_wrongly(tx: Tx) -> list[str]:
    """Organisations whose spending of a month is not what their receipts say."""
    return _found(
        tx,
        """
        SELECT spent.organization_id::text || ' ' || spent.month::text AS found
          FROM exchange.budget_months AS spent
         WHERE spent.spent_microcredits <>
               (SELECT coalesce(sum(receipt.charge_microcredits), 0)
                  FROM exchange.receipts AS receipt
                 WHERE receipt.consumer_id = spent.organization_id
                   AND date_trunc('month', receipt.created_at AT TIME ZONE 'Asia/Shanghai')
                       = spent.month)
         ORDER BY spent.organization_id, spent.month
         LIMIT %(limit)s
        """,
    )


def _found(tx: Tx, statement: str) -> list[str]:
    return [row["found"] for row in tx.execute(statement.encode(), {"limit": FOUND_MAX})]
