"""What an examination of deliveries, offers and people's parts in them reads, as queries that find
what must not be, and the receipts themselves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from exchange.receipt import StoredReceipt
from exchange.store.receipts import receipt_of_row
from policies.database import Tx

FOUND_MAX: Final = 20
"""Rows named for each rule; the first few say where to look."""
STOP_KNOWN_WITHIN: Final = timedelta(seconds=60)
"""How long a freeze or the end of an agreement may take to be known on every machine."""


def delivered_while_frozen(tx: Tx) -> list[str]:
    """Receipts of what was frozen when they were written, on either side of the delivery."""
    return _found(
        tx,
        """
        SELECT DISTINCT receipt.id::text AS found
          FROM exchange.receipts AS receipt
          JOIN exchange.receipt_items AS item ON item.receipt_id = receipt.id
          JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
          JOIN policies.freezes AS stop
            ON stop.target_id IN (receipt.consumer_id, dataset.publisher_id, item.dataset_id,
                                    item.listing_id, item.agreement_id)
         WHERE receipt.created_at > stop.placed_at + %(known_within)s
           AND receipt.created_at < coalesce(
                   stop.lifted_at,
                   CASE WHEN stop.confirmed_at IS NULL THEN stop.lapses_at END,
                   'infinity')
         ORDER BY found
         LIMIT %(limit)s
        """,
        known_within=STOP_KNOWN_WITHIN,
    )


def delivered_beyond_agreement(tx: Tx) -> list[str]:
    """Deliveries shared or sold without an agreement of the reader, on that dataset, that held."""
    return _found(
        tx,
        """
        SELECT DISTINCT receipt.id::text AS found
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
          LEFT JOIN policies.agreements AS agreement ON agreement.id = item.agreement_id
         WHERE item.regime IN ('share', 'trade')
           AND (agreement.id IS NULL
                OR agreement.dataset_id <> item.dataset_id
                OR agreement.consumer_id IS DISTINCT FROM receipt.consumer_id
                OR receipt.created_at < agreement.starts_at
                OR receipt.created_at >= agreement.ends_at
                OR receipt.created_at > agreement.ended_at + %(known_within)s)
         ORDER BY found
         LIMIT %(limit)s
        """,
        known_within=STOP_KNOWN_WITHIN,
    )


def handed_out_without_receipt(tx: Tx) -> list[str]:
    """Files and links that can be handed out, and parts of receipts, that no receipt stands for."""
    return _found(
        tx,
        """
        SELECT handed.receipt_id::text AS found
          FROM (SELECT receipt_id FROM exchange.results
                 UNION
                SELECT receipt_id FROM exchange.links
                 UNION
                SELECT receipt_id FROM exchange.receipt_items) AS handed
          LEFT JOIN exchange.receipts AS receipt ON receipt.id = handed.receipt_id
         WHERE receipt.id IS NULL
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def decided_by_one_person(tx: Tx) -> list[str]:
    """Listings, requests, longer clocks and disputes of which one person did both parts."""
    return _found(
        tx,
        """
        SELECT id::text AS found
          FROM exchange.listings
         WHERE opened_by = proposed_by
         UNION ALL
        SELECT id::text
          FROM exchange.applications
         WHERE decided_by = applied_by
            OR extension_consented_by = extension_asked_by
         UNION ALL
        SELECT application_id::text
          FROM exchange.dispute_steps
         WHERE closed_by = opened_by
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def assessed_by_a_side(tx: Tx) -> list[str]:
    """Trade listings assessed by their seller, or by who bought after that assessment."""
    return _found(
        tx,
        """
        SELECT DISTINCT listing.id::text AS found
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
          LEFT JOIN policies.agreements AS agreement
            ON agreement.listing_id = listing.id
           AND (agreement.concluded_at AT TIME ZONE 'Asia/Shanghai')::date
               >= (listing.assessment ->> 'assessed_on')::date
         WHERE listing.regime = 'trade'
           AND listing.assessment ->> 'assessor_id'
               IN (dataset.publisher_id::text, agreement.consumer_id::text)
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def graded_below_inputs(tx: Tx) -> list[str]:
    """Listings of datasets graded below what they were made from, without a signed regrading."""
    return _found(
        tx,
        """
        SELECT DISTINCT listing.id::text AS found
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
          JOIN catalog.dataset_inputs AS made ON made.dataset_id = dataset.id
          JOIN catalog.datasets AS input ON input.id = made.input_id
         WHERE listing.state = 'listed'
           AND dataset.grade < input.grade
           AND coalesce(listing.declaration ->> 'regrading_reference', '') = ''
         ORDER BY found
         LIMIT %(limit)s
        """,
    )


def receipts(tx: Tx, after: UUID, *, limit: int) -> list[tuple[StoredReceipt, bool]]:
    """Receipts by id behind one of them, and whether the log tells of each by its hash."""
    rows = tx.execute(
        """
        SELECT receipt.id, created_at, action, user_id, consumer_id, row_count, size_bytes,
               result_sha256, charge_microcredits, receipt.body, body_sha256, kid, signature,
               event_id,
               coalesce(event.subject_id = receipt.id
                        AND pg_input_is_valid(event.body, 'jsonb')
                        AND event.body::jsonb #>> '{facts,receipt_sha256}' = body_sha256,
                        false) AS is_logged
          FROM exchange.receipts AS receipt
          LEFT JOIN policies.events AS event ON event.id = receipt.event_id
         WHERE receipt.id > %(after)s
         ORDER BY receipt.id
         LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
    )
    return [(receipt_of_row(row), row["is_logged"]) for row in rows]


def _found(tx: Tx, statement: str, **values: timedelta) -> list[str]:
    rows = tx.execute(statement.encode(), {"limit": FOUND_MAX, **values})
    return [row["found"] for row in rows]
