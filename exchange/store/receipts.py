"""Receipts, what each covers, their chains, and the result files that belong to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.receipt import Receipt, ResultFile, StoredReceipt
from policies.database import Tx
from policies.terms import AgreementId, DatasetId, MicroCredits, OrganizationId, VersionId

Row = dict[str, Any]

RECEIPTS_PAGE_MAX = 500


def lock_agreements(tx: Tx, agreement_ids: Collection[AgreementId]) -> None:
    """Hold the agreements until the transaction ends: none is ended or suspended meanwhile.

    In one order, and before any account, so that two deliveries never wait in a ring.
    """
    tx.execute(
        """
        SELECT id
          FROM policies.agreements
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR SHARE
        """,
        {"ids": sorted(agreement_ids)},
    )


def lock_chains(tx: Tx, agreement_ids: Collection[AgreementId]) -> dict[AgreementId, str]:
    """The hash of the last receipt of each agreement that has one; the next comes after it."""
    held = _lock_begun_chains(tx, agreement_ids)
    if len(held) < len(set(agreement_ids)):
        _begin_chains(tx, agreement_ids)
        held = _lock_begun_chains(tx, agreement_ids)
    return {agreement_id: last for agreement_id, last in held.items() if last}


def _begin_chains(tx: Tx, agreement_ids: Collection[AgreementId]) -> None:
    tx.execute(
        """
        INSERT INTO exchange.receipt_chains (agreement_id, last_sha256)
        SELECT id, ''
          FROM unnest(%(ids)s::uuid[]) AS id
         ORDER BY id
            ON CONFLICT (agreement_id) DO NOTHING
        """,
        {"ids": sorted(agreement_ids)},
    )


def _lock_begun_chains(tx: Tx, agreement_ids: Collection[AgreementId]) -> dict[AgreementId, str]:
    """Hold these chains, if all have begun; else none."""
    rows = tx.execute(
        """
        SELECT agreement_id, last_sha256
          FROM exchange.receipt_chains
         WHERE agreement_id = ANY(%(ids)s)
           AND (SELECT count(*)
                  FROM exchange.receipt_chains
                 WHERE agreement_id = ANY(%(ids)s)) = %(count)s
         ORDER BY agreement_id
           FOR UPDATE
        """,
        {"ids": sorted(agreement_ids), "count": len(set(agreement_ids))},
    )
    return {row["agreement_id"]: row["last_sha256"] for row in rows}


def advance_chains(tx: Tx, agreement_ids: Collection[AgreementId], body_sha256: str) -> None:
    """Make this the last receipt of the agreements."""
    tx.execute(
        """
        UPDATE exchange.receipt_chains
           SET last_sha256 = %(body_sha256)s
         WHERE agreement_id = ANY(%(ids)s)
        """,
        {"ids": sorted(agreement_ids), "body_sha256": body_sha256},
    )


def insert_receipt(
    tx: Tx,
    receipt: Receipt,
    body: str,
    body_sha256: str,
    *,
    kid: str,
    signature: bytes,
    event_id: int,
) -> None:
    """Add a signed receipt."""
    tx.execute(
        """
        INSERT INTO exchange.receipts
               (id, created_at, action, user_id, consumer_id, row_count, size_bytes,
                question_sha256, result_sha256, charge_microcredits, body, body_sha256, kid,
                signature, event_id)
        VALUES (%(id)s, %(created_at)s, %(action)s, %(user_id)s, %(consumer_id)s, %(row_count)s,
                %(size_bytes)s, %(question_sha256)s, %(result_sha256)s, %(charge)s, %(body)s,
                %(body_sha256)s, %(kid)s, %(signature)s, %(event_id)s)
        """,
        {
            "id": receipt.id,
            "created_at": receipt.created_at,
            "action": receipt.action,
            "user_id": receipt.user_id,
            "consumer_id": receipt.consumer_id,
            "row_count": receipt.row_count,
            "size_bytes": receipt.size_bytes,
            "question_sha256": receipt.question_sha256,
            "result_sha256": receipt.result_sha256,
            "charge": receipt.charge,
            "body": body,
            "body_sha256": body_sha256,
            "kid": kid,
            "signature": signature,
            "event_id": event_id,
        },
    )


def insert_items(tx: Tx, receipt: Receipt) -> None:
    """Add what the receipt covers."""
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO exchange.receipt_items
                   (receipt_id, decision_id, dataset_id, version_id, listing_id, agreement_id,
                    regime, charge_microcredits, fee_microcredits)
            VALUES (%(receipt_id)s, %(decision_id)s, %(dataset_id)s, %(version_id)s,
                    %(listing_id)s, %(agreement_id)s, %(regime)s, %(charge)s, %(fee)s)
            """,
            [
                {
                    "receipt_id": receipt.id,
                    "decision_id": item.decision_id,
                    "dataset_id": item.dataset_id,
                    "version_id": item.version_id,
                    "listing_id": item.listing_id,
                    "agreement_id": item.agreement_id,
                    "regime": item.regime,
                    "charge": item.charge,
                    "fee": item.fee,
                }
                for item in receipt.items
            ],
        )


def insert_parts(tx: Tx, receipt: Receipt) -> None:
    """Add what of its charges went to others than the providers."""
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO exchange.receipt_parts
                   (receipt_id, dataset_id, organization_id, role, amount_microcredits)
            VALUES (%(receipt_id)s, %(dataset_id)s, %(organization_id)s, %(role)s, %(amount)s)
            """,
            [
                {
                    "receipt_id": receipt.id,
                    "dataset_id": item.dataset_id,
                    "organization_id": part.organization_id,
                    "role": part.role,
                    "amount": part.amount,
                }
                for item in receipt.items
                for part in item.parts
                if part.amount
            ],
        )


def insert_result(tx: Tx, result: ResultFile) -> None:
    """Say where the result of a receipt lies."""
    tx.execute(
        """
        INSERT INTO exchange.results (receipt_id, path, media_type, readable_until)
        VALUES (%(receipt_id)s, %(path)s, %(media_type)s, %(readable_until)s)
        """,
        {
            "receipt_id": result.receipt_id,
            "path": result.path,
            "media_type": result.media_type,
            "readable_until": result.readable_until,
        },
    )


def get_receipt(tx: Tx, receipt_id: UUID) -> StoredReceipt | None:
    """The receipt of that id; None where there is none."""
    row = tx.execute(
        """
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, result_sha256,
               charge_microcredits, body, body_sha256, kid, signature, event_id
          FROM exchange.receipts
         WHERE id = %(id)s
        """,
        {"id": receipt_id},
    ).fetchone()
    return receipt_of_row(row) if row else None


def versions_with_receipts(tx: Tx, version_ids: Sequence[VersionId]) -> set[VersionId]:
    """Those of these versions that some receipt refers to."""
    rows = tx.execute(
        """
        SELECT DISTINCT version_id
          FROM exchange.receipt_items
         WHERE version_id = ANY (%(ids)s)
        """,
        {"ids": list(version_ids)},
    )
    return {row["version_id"] for row in rows}


def get_result(tx: Tx, receipt_id: UUID, at: datetime) -> ResultFile | None:
    """Where the result of a receipt lies; None where it is no longer kept."""
    row = tx.execute(
        """
        SELECT receipt_id, path, media_type, readable_until
          FROM exchange.results
         WHERE receipt_id = %(receipt_id)s
           AND readable_until > %(at)s
        """,
        {"receipt_id": receipt_id, "at": at},
    ).fetchone()
    return ResultFile(**row) if row else None


def receipt_of_question(
    tx: Tx,
    question_sha256: str,
    *,
    user_id: UUID,
    consumer_id: UUID | None,
    at: datetime,
) -> StoredReceipt | None:
    """The newest receipt for the same question of the same caller whose result is still kept."""
    row = tx.execute(
        """
        SELECT receipt.id, receipt.created_at, receipt.action, receipt.user_id,
               receipt.consumer_id, receipt.row_count, receipt.size_bytes, receipt.result_sha256,
               receipt.charge_microcredits, receipt.body, receipt.body_sha256, receipt.kid,
               receipt.signature, receipt.event_id
          FROM exchange.receipts AS receipt
          JOIN exchange.results AS result ON result.receipt_id = receipt.id
         WHERE receipt.question_sha256 = %(question_sha256)s
           AND receipt.user_id = %(user_id)s
           AND receipt.consumer_id IS NOT DISTINCT FROM %(consumer_id)s
           AND result.readable_until > %(at)s
         ORDER BY receipt.created_at DESC
         LIMIT 1
        """,
        {
            "question_sha256": question_sha256,
            "user_id": user_id,
            "consumer_id": consumer_id,
            "at": at,
        },
    ).fetchone()
    return receipt_of_row(row) if row else None


def receipts_of_consumers(
    tx: Tx, consumer_ids: Sequence[OrganizationId], *, before: datetime, limit: int
) -> list[StoredReceipt]:
    """What was delivered to the organisations before a moment, newest first."""
    rows = tx.execute(
        """
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, result_sha256,
               charge_microcredits, body, body_sha256, kid, signature, event_id
          FROM exchange.receipts
         WHERE consumer_id = ANY(%(ids)s)
           AND created_at < %(before)s
         ORDER BY created_at DESC, id
         LIMIT %(limit)s
        """,
        {"ids": list(consumer_ids), "before": before, "limit": min(limit, RECEIPTS_PAGE_MAX)},
    )
    return [receipt_of_row(row) for row in rows]


def receipts_of_result(tx: Tx, result_sha256: str) -> list[StoredReceipt]:
    """The deliveries of just these bytes, newest first; at most a page."""
    rows = tx.execute(
        """
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, result_sha256,
               charge_microcredits, body, body_sha256, kid, signature, event_id
          FROM exchange.receipts
         WHERE result_sha256 = %(result_sha256)s
         ORDER BY created_at DESC, id
         LIMIT %(limit)s
        """,
        {"result_sha256": result_sha256, "limit": RECEIPTS_PAGE_MAX},
    )
    return [receipt_of_row(row) for row in rows]


def receipts_of_user(tx: Tx, user_id: UUID, *, before: datetime, limit: int) -> list[StoredReceipt]:
    """What was delivered to a person before a moment, newest first."""
    rows = tx.execute(
        """
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, result_sha256,
               charge_microcredits, body, body_sha256, kid, signature, event_id
          FROM exchange.receipts
         WHERE user_id = %(user_id)s
           AND created_at < %(before)s
         ORDER BY created_at DESC, id
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": before, "limit": min(limit, RECEIPTS_PAGE_MAX)},
    )
    return [receipt_of_row(row) for row in rows]


def receipts_of_dataset(
    tx: Tx, dataset_id: DatasetId, *, before: datetime, limit: int
) -> list[StoredReceipt]:
    """What of a dataset was delivered before a moment, newest first."""
    rows = tx.execute(
        """
        SELECT DISTINCT receipt.id, receipt.created_at, receipt.action, receipt.user_id,
               receipt.consumer_id, receipt.row_count, receipt.size_bytes, receipt.result_sha256,
               receipt.charge_microcredits, receipt.body, receipt.body_sha256, receipt.kid,
               receipt.signature, receipt.event_id
          FROM exchange.receipts AS receipt
          JOIN exchange.receipt_items AS item ON item.receipt_id = receipt.id
         WHERE item.dataset_id = %(dataset_id)s
           AND receipt.created_at < %(before)s
         ORDER BY receipt.created_at DESC, receipt.id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "before": before, "limit": min(limit, RECEIPTS_PAGE_MAX)},
    )
    return [receipt_of_row(row) for row in rows]


def providers_of_receipt(tx: Tx, receipt_id: UUID) -> list[OrganizationId]:
    """Whose data a receipt covers."""
    rows = tx.execute(
        """
        SELECT DISTINCT dataset.publisher_id
          FROM exchange.receipt_items AS item
          JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
         WHERE item.receipt_id = %(receipt_id)s
         ORDER BY dataset.publisher_id
        """,
        {"receipt_id": receipt_id},
    )
    return [row["publisher_id"] for row in rows]


def delete_ended_results(tx: Tx, at: datetime, *, limit: int) -> list[str]:
    """Forget results whose time has passed, and give the paths of their files."""
    rows = tx.execute(
        """
        DELETE FROM exchange.results
         WHERE receipt_id IN (SELECT receipt_id
                                FROM exchange.results
                               WHERE readable_until <= %(at)s
                               ORDER BY readable_until
                               LIMIT %(limit)s
                                 FOR UPDATE SKIP LOCKED)
        RETURNING path
        """,
        {"at": at, "limit": limit},
    )
    return [row["path"] for row in rows]


def known_paths(tx: Tx, paths: Sequence[str]) -> set[str]:
    """Those of `paths` that belong to a receipt."""
    rows = tx.execute(
        """
        SELECT path
          FROM exchange.results
         WHERE path = ANY(%(paths)s)
         ORDER BY path
        """,
        {"paths": list(paths)},
    )
    return {row["path"] for row in rows}


def receipts_of_consumer(
    tx: Tx,
    organization_id: OrganizationId,
    since: datetime,
    until: datetime,
    *,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[StoredReceipt]:
    """Receipts of what the organisation took in a period, after one of them, oldest first."""
    rows = tx.execute(
        """
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, result_sha256,
               charge_microcredits, body, body_sha256, kid, signature, event_id
          FROM exchange.receipts
         WHERE consumer_id = %(organization_id)s
           AND created_at >= %(since)s
           AND created_at < %(until)s
           AND (created_at, id) > (%(after_at)s, %(after_id)s)
         ORDER BY created_at, id
         LIMIT %(limit)s
        """,
        {
            "organization_id": organization_id,
            "since": since,
            "until": until,
            "after_at": after[0],
            "after_id": after[1],
            "limit": limit,
        },
    )
    return [receipt_of_row(row) for row in rows]


def receipt_of_row(row: Row) -> StoredReceipt:
    """A receipt as its columns say."""
    return StoredReceipt(
        id=row["id"],
        created_at=row["created_at"],
        action=row["action"],
        user_id=row["user_id"],
        consumer_id=row["consumer_id"],
        row_count=row["row_count"],
        size_bytes=row["size_bytes"],
        result_sha256=row["result_sha256"],
        charge=MicroCredits(row["charge_microcredits"]),
        body=row["body"],
        body_sha256=row["body_sha256"],
        kid=row["kid"],
        signature=bytes(row["signature"]),
        event_id=row["event_id"],
    )
