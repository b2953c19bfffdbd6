"""Tests of `exchange/examine.py` and its likes: what is changed behind the rules is found.

Whoever has every right over the database takes a rule away and breaks a row; `weir doctor` must
name it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalog import examine as catalog_examine
from exchange import examine as exchange_examine
from policies import examine as log_examine
from policies.database import Tx
from policies.terms import ShareType
from portal import jobs
from tests.exchange.city import City

SOLD = "(SELECT receipt_id FROM exchange.receipt_items WHERE regime = 'trade')"


@pytest.fixture
def lived_in(city: City) -> City:
    """A city in which data was opened, shared, sold and read."""
    city.open_stops()
    city.ask_for(city.shared_stops(share_type=ShareType.CONDITIONAL))
    buyer = city.token(city.buy(city.sold_stops()))
    city.pay_in(1_000_000)
    city.query("SELECT * FROM sold_stops LIMIT 3", buyer)
    city.query("SELECT * FROM shared_stops LIMIT 3", city.officer)
    city.query("SELECT * FROM stops LIMIT 3", city.buyer)
    with city.pool.connection() as tx:  # whose files were never there
        tx.execute("UPDATE catalog.blobs SET removed_at = now()")
    return city


def broken_rules(city: City, tx: Tx) -> Iterator[str]:
    results = [
        *log_examine.examine(tx),
        *catalog_examine.examine(tx, city.parts.folders),
        *exchange_examine.examine(tx),
        *jobs.examine(tx),
    ]
    return (words for words, found in results if found)


BREACHES = [
    (
        "No account is below its floor",
        "ALTER TABLE exchange.accounts DROP CONSTRAINT above_the_floor",
        "UPDATE exchange.accounts SET has_floor = true WHERE kind = 'cash'",
    ),
    (
        "Every account adds up to its transfers",
        "UPDATE exchange.transfers SET amount = amount + 1 WHERE kind = 'direct'",
    ),
    (
        "All debits of an asset equal all its credits",
        "UPDATE exchange.accounts SET credits_posted = credits_posted + 1 WHERE kind = 'available'",
    ),
    (
        "Every hold was resolved at most once, within what it held",
        "UPDATE exchange.transfers SET amount = 1 WHERE kind = 'pending'",
    ),
    (
        "Every charge has its receipt, of the same amount",
        "UPDATE exchange.transfers SET receipt_id = uuidv7() WHERE kind = 'post'",
    ),
    (
        "Every receipt has a decision that names its rules",
        "UPDATE exchange.decisions SET is_allowed = false",
    ),
    (
        "Every receipt has a decision that names its rules",
        "UPDATE exchange.decisions SET profile_hash = ''",
    ),
    (
        "Money came in and went out by two people",
        "UPDATE exchange.payments SET amount_microcredits = amount_microcredits + 1",
    ),
    (
        "What was given back two people decided, within the charge",
        """
        INSERT INTO exchange.refunds
               (id, receipt_id, amount_microcredits, reason, state, proposed_by, proposed_at,
                settled_by, settled_at)
        SELECT receipt.id, receipt.id, 1, 'x', 'confirmed', receipt.user_id, now(), uuidv7(), now()
          FROM exchange.receipts AS receipt
         WHERE receipt.charge_microcredits > 0
        """,
    ),
    (
        "What others have of a charge is what its receipt says",
        """
        INSERT INTO exchange.receipt_parts
               (receipt_id, dataset_id, organization_id, role, amount_microcredits)
        SELECT item.receipt_id, item.dataset_id, receipt.consumer_id, 'upstream', 1
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
         WHERE item.regime = 'trade'
        """,
    ),
    (
        "Invoices have no gaps and come to what receipts say",
        "INSERT INTO exchange.invoice_years (year, last_serial) VALUES (2026, 1)",
    ),
    (
        "Invoices have no gaps and come to what receipts say",
        "INSERT INTO exchange.invoice_years (year, last_serial) VALUES (2026, 1)",
        """
        INSERT INTO exchange.invoices
               (id, year, serial, organization_id, month, amount_microcredits, body, kid, signature,
                issued_by, issued_at)
        SELECT receipt.id, 2026, 1, receipt.consumer_id, '2026-03-01', 1, '', '',
               decode(repeat('00', 64), 'hex'), receipt.user_id, now()
          FROM exchange.receipts AS receipt
         WHERE receipt.charge_microcredits > 0
        """,
    ),
    (
        "Whatever is handed out has its receipt",
        f"UPDATE exchange.results SET receipt_id = uuidv7() WHERE receipt_id = {SOLD}",
    ),
    (
        "Nothing was shared or sold outside its agreement",
        "UPDATE policies.agreements SET ended_at = '2026-01-01T00:00:00Z' WHERE regime = 'share'",
    ),
    (
        "Nothing was shared or sold outside its agreement",
        "UPDATE policies.agreements SET consumer_id = provider_id WHERE regime = 'share'",
    ),
    (
        "Nothing was delivered while it was frozen",
        """
        INSERT INTO policies.freezes
               (target_kind, target_id, reason, placed_by, placed_at, lapses_at)
        SELECT 'organization', consumer_id, 'leak', accepted_by, '2026-03-01T00:00:00Z',
               '2026-03-04T00:00:00Z'
          FROM policies.agreements
         WHERE regime = 'trade'
        """,
    ),
    (
        "No token outlives what it stands on",
        "UPDATE policies.tokens SET expires_at = expires_at + interval '30 years'",
    ),
    (
        "No one person settled alone a freeze or a change of keys",
        """
        INSERT INTO policies.key_acts
               (id, kind, purpose, kid, reason, proposed_by, proposed_at, state, settled_by,
                settled_at)
        SELECT uuidv7(), 'bury', purpose, kid, 'lost', (SELECT min(id::text)::uuid
                                                          FROM policies.users),
               now(), 'proposed', NULL, NULL
          FROM policies.signing_keys
         WHERE purpose = 'token'
        """,
        "ALTER TABLE policies.key_acts DROP CONSTRAINT takes_two_people",
        """
        UPDATE policies.key_acts
           SET state = 'confirmed', settled_by = proposed_by, settled_at = now()
        """,
    ),
    (
        "No core data is offered to the public or for money",
        """
        UPDATE catalog.datasets
           SET grade = 3
         WHERE slug = 'sold-stops'
        """,
    ),
    (
        "Nothing on offer is graded below what it was made from",
        """
        INSERT INTO catalog.dataset_inputs (dataset_id, input_id)
        SELECT made.id, input.id
          FROM catalog.datasets AS made, catalog.datasets AS input
         WHERE (made.slug, input.slug) = ('sold-stops', 'shared-stops')
        """,
        "UPDATE catalog.datasets SET grade = 2 WHERE slug = 'shared-stops'",
    ),
    (
        "Nobody decided alone what takes two people",
        "ALTER TABLE exchange.listings DROP CONSTRAINT opener_is_not_proposer",
        "UPDATE exchange.listings SET opened_by = proposed_by",
    ),
    (
        "No seller or buyer assessed what is traded",
        """
        UPDATE exchange.listings
           SET assessment = assessment || jsonb_build_object('assessor_id', consumer_id)
          FROM policies.agreements
         WHERE listing_id = listings.id
           AND listings.regime = 'trade'
        """,
    ),
    (
        "Sharing and opening moved no credits",
        "ALTER TABLE exchange.receipt_items DROP CONSTRAINT only_trade_costs",
        "UPDATE exchange.receipt_items SET charge_microcredits = 5 WHERE regime = 'share'",
    ),
    (
        "Every receipt is the one that was signed",
        """
        UPDATE exchange.receipts
           SET body = replace(body, '"row_count":3', '"row_count":2'),
               body_sha256 = encode(sha256(convert_to(
                   replace(body, '"row_count":3', '"row_count":2'), 'UTF8')), 'hex')
        """,
    ),
    (
        "Every receipt is the one that was signed",
        "UPDATE exchange.receipts SET row_count = 0",
    ),
    (
        "Every receipt is the one that was signed",
        "UPDATE exchange.receipts SET signature = decode(repeat('00', 64), 'hex')",
    ),
    (
        "Nothing is published that its gate did not let pass",
        "ALTER TABLE catalog.versions DROP CONSTRAINT gate_stands",
        "UPDATE catalog.versions SET verdict = 'blocked'",
    ),
    (
        "Nobody approved what they submitted",
        "ALTER TABLE catalog.versions DROP CONSTRAINT approver_is_not_submitter",
        "UPDATE catalog.versions SET published_by = submitted_by",
    ),
    (
        "Nothing hidden is told to everybody",
        "UPDATE catalog.datasets SET state = 'draft' WHERE slug = 'stops'",
    ),
    (
        "Every uploaded file is there, byte for byte",
        """
        INSERT INTO catalog.blobs (sha256, size_bytes, stored_at)
        VALUES (repeat('a', 64), 1, now())
        """,
    ),
    (
        "Every file of every version is there, byte for byte",
        "UPDATE catalog.version_files SET sha256 = repeat('a', 64)",
    ),
    (
        "Every accepted file was read, refused, or waits for its job",
        "UPDATE catalog.uploads SET state = 'queued'",
    ),
]


def test_what_is_broken_behind_the_rules_is_found(lived_in: City) -> None:
    missed = []
    with lived_in.pool.connection() as tx:
        assert list(broken_rules(lived_in, tx)) == []

        for words, *changes in BREACHES:
            for change in changes:
                # Without the triggers and foreign keys, as only a superuser can.
                tx.execute("SET LOCAL session_replication_role = replica")
                tx.execute(change.encode())
            if words not in broken_rules(lived_in, tx):
                missed.append((words, changes))
            tx.rollback()

    assert missed == []


def test_every_rule_of_books_and_papers_is_broken_here() -> None:
    rules = {words for words, _ in exchange_examine.RULES}

    assert rules - {words for words, *_ in BREACHES} == {
        # Each with tests beside what it counts.
        "What agreements used of a month is what receipts say",
        "What is spent of monthly budgets is what receipts say",
    }
