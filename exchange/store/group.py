"""Many deliveries written at once: one statement for each kind of row, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from exchange.credit import Account, AccountKind, Asset
from exchange.receipt import StoredReceipt
from exchange.store.ledger import account_of_row
from exchange.store.receipts import receipt_of_row
from policies.access import Decision
from policies.canonical import Plain, compact, to_plain
from policies.database import Tx
from policies.party import Actor
from policies.terms import AgreementId

Row = Mapping[str, Any]


def lock_active_agreements(
    tx: Tx, agreement_ids: Collection[AgreementId], at: datetime
) -> set[AgreementId]:
    """Hold the agreements until the transaction ends, in one order; those in force at `at`."""
    rows = tx.execute(
        """
        SELECT id, state = 'active' AND starts_at <= %(at)s AND ends_at > %(at)s AS is_in_force
          FROM policies.agreements
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR SHARE
        """,
        {"ids": sorted(agreement_ids), "at": at},
    )
    return {row["id"] for row in rows if row["is_in_force"]}


def receipts_of_questions(
    tx: Tx, asked: Sequence[tuple[str, UUID, UUID | None]], at: datetime
) -> dict[tuple[str, UUID, UUID | None], StoredReceipt]:
    """For each question of a user for an organisation: its newest receipt with a kept result."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (receipt.question_sha256, receipt.user_id, receipt.consumer_id)
               receipt.id, receipt.created_at, receipt.action, receipt.user_id,
               receipt.consumer_id, receipt.row_count, receipt.size_bytes, receipt.result_sha256,
               receipt.charge_microcredits, receipt.body, receipt.body_sha256, receipt.kid,
               receipt.signature, receipt.event_id, receipt.question_sha256
          FROM unnest(%(questions)s::text[], %(users)s::uuid[], %(consumers)s::uuid[])
                   AS asked (question_sha256, user_id, consumer_id)
          JOIN exchange.receipts AS receipt
            ON receipt.question_sha256 = asked.question_sha256
           AND receipt.user_id = asked.user_id
           AND receipt.consumer_id IS NOT DISTINCT FROM asked.consumer_id
          JOIN exchange.results AS result ON result.receipt_id = receipt.id
         WHERE result.readable_until > %(at)s
         ORDER BY receipt.question_sha256, receipt.user_id, receipt.consumer_id,
                  receipt.created_at DESC
        """,
        {
            "questions": [question for question, _, _ in asked],
            "users": [user_id for _, user_id, _ in asked],
            "consumers": [consumer_id for _, _, consumer_id in asked],
            "at": at,
        },
    )
    return {
        (row["question_sha256"], row["user_id"], row["consumer_id"]): receipt_of_row(row)
        for row in rows
    }


def owners_with_account(
    tx: Tx, owners: Collection[tuple[UUID | None, AccountKind]]
) -> set[tuple[UUID | None, AccountKind]]:
    """Those of the owners whose credit account of that kind was opened."""
    rows = tx.execute(
        """
        SELECT account.owner_id, account.kind
          FROM exchange.accounts AS account
          JOIN unnest(%(owners)s::uuid[], %(kinds)s::text[]) AS wanted (owner_id, kind)
            ON wanted.owner_id IS NOT DISTINCT FROM account.owner_id
           AND wanted.kind = account.kind
         WHERE account.asset = %(asset)s
         ORDER BY account.id
        """,
        {
            "owners": [owner for owner, _ in owners],
            "kinds": [kind.value for _, kind in owners],
            "asset": Asset.CREDIT,
        },
    )
    return {(row["owner_id"], AccountKind(row["kind"])) for row in rows}


def lock_accounts_of(
    tx: Tx, owners: Collection[tuple[UUID | None, AccountKind]]
) -> dict[tuple[UUID | None, AccountKind], Account]:
    """The credit accounts of these owners, held until the transaction ends; none of them where one
    was not opened yet.
    """
    rows = tx.execute(
        """
        SELECT account.id, account.owner_id, account.asset, account.kind, account.has_floor,
               account.debits_pending, account.debits_posted, account.credits_pending,
               account.credits_posted
          FROM exchange.accounts AS account
          JOIN unnest(%(owners)s::uuid[], %(kinds)s::text[]) AS wanted (owner_id, kind)
            ON wanted.owner_id IS NOT DISTINCT FROM account.owner_id
           AND wanted.kind = account.kind
         WHERE account.asset = %(asset)s
           AND (SELECT count(*)
                  FROM exchange.accounts AS opened
                  JOIN unnest(%(owners)s::uuid[], %(kinds)s::text[]) AS asked (owner_id, kind)
                    ON asked.owner_id IS NOT DISTINCT FROM opened.owner_id
                   AND asked.kind = opened.kind
                 WHERE opened.asset = %(asset)s) = %(count)s
         ORDER BY account.id
           FOR UPDATE OF account
        """,
        {
            "count": len(owners),
            "owners": [owner for owner, _ in owners],
            "kinds": [kind.value for _, kind in owners],
            "asset": Asset.CREDIT,
        },
    )
    accounts = [account_of_row(row) for row in rows]
    return {(account.owner_id, account.kind): account for account in accounts}


def decision_row(decision: Decision, actor: Actor) -> dict[str, Plain]:
    """An allowed decision in the words of `insert_decisions`, but for its id."""
    asked = decision.facts
    return {
        "at": decision.at.isoformat(),
        "user_id": str(actor.user_id) if actor.user_id else None,
        "organization_id": str(actor.organization.id) if actor.organization else None,
        "token_id": actor.token_id,
        "action": asked.action.value,
        "dataset_id": asked.asset.dataset_id,
        "listing_id": asked.face.listing_id if asked.face else None,
        "agreement_id": asked.grant.agreement_id if asked.grant else None,
        "rule_ids": [*decision.rule_ids],
        "reasons": to_plain(decision.reasons),
        "facts": to_plain(asked),
        "profile_id": decision.profile_id,
        "profile_hash": decision.profile_hash,
        "policy_hash": decision.policy_hash,
    }


def insert_decisions(tx: Tx, decisions: Sequence[Row]) -> None:
    """Write down decisions under the ids that they were given."""
    tx.execute(
        """
        INSERT INTO exchange.decisions
               (id, at, user_id, organization_id, token_id, action, dataset_id, listing_id,
                agreement_id, is_allowed, rule_ids, reasons, facts, profile_id, profile_hash,
                policy_hash)
        SELECT id, at, user_id, organization_id, token_id, action, dataset_id, listing_id,
               agreement_id, true, rule_ids, reasons, facts, profile_id, profile_hash, policy_hash
          FROM jsonb_to_recordset(%(decisions)s)
               AS told (id uuid, at timestamptz, user_id uuid, organization_id uuid,
                        token_id uuid, action text, dataset_id uuid, listing_id uuid,
                        agreement_id uuid, rule_ids text[], reasons jsonb, facts jsonb,
                        profile_id text, profile_hash text, policy_hash text)
        """,
        {"decisions": Jsonb(list(decisions), compact)},
    )


def insert_receipts(tx: Tx, receipts: Sequence[Row]) -> None:
    """Add signed receipts, each with the event that tells of it."""
    tx.execute(
        """
        INSERT INTO exchange.receipts
               (id, created_at, action, user_id, consumer_id, row_count, size_bytes,
                question_sha256, result_sha256, charge_microcredits, body, body_sha256, kid,
                signature, event_id)
        SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes,
               question_sha256, result_sha256, charge_microcredits, body, body_sha256, kid,
               decode(signature, 'hex'), event_id
          FROM jsonb_to_recordset(%(receipts)s)
               AS told (id uuid, created_at timestamptz, action text, user_id uuid,
                        consumer_id uuid, row_count bigint, size_bytes bigint,
                        question_sha256 text, result_sha256 text, charge_microcredits bigint,
                        body text, body_sha256 text, kid text, signature text, event_id bigint)
        """,
        {"receipts": Jsonb(list(receipts), compact)},
    )


def insert_items(tx: Tx, items: Sequence[Row]) -> None:
    """Add what the receipts cover."""
    tx.execute(
        """
        INSERT INTO exchange.receipt_items
               (receipt_id, decision_id, dataset_id, version_id, listing_id, agreement_id,
                regime, charge_microcredits, fee_microcredits)
        SELECT receipt_id, decision_id, dataset_id, version_id, listing_id, agreement_id,
               regime, charge_microcredits, fee_microcredits
          FROM jsonb_to_recordset(%(items)s)
               AS told (receipt_id uuid, decision_id uuid, dataset_id uuid, version_id uuid,
                        listing_id uuid, agreement_id uuid, regime text,
                        charge_microcredits bigint, fee_microcredits bigint)
        """,
        {"items": Jsonb(list(items), compact)},
    )


def insert_parts(tx: Tx, parts: Sequence[Row]) -> None:
    """Add what of the charges went to others than the providers."""
    tx.execute(
        """
        INSERT INTO exchange.receipt_parts
               (receipt_id, dataset_id, organization_id, role, amount_microcredits)
        SELECT receipt_id, dataset_id, organization_id, role, amount_microcredits
          FROM jsonb_to_recordset(%(parts)s)
               AS told (receipt_id uuid, dataset_id uuid, organization_id uuid, role text,
                        amount_microcredits bigint)
        """,
        {"parts": Jsonb(list(parts), compact)},
    )


def insert_transfers(tx: Tx, transfers: Sequence[Row]) -> None:
    """Hold, post and move in one statement; the ledger's rules hold for all of it together."""
    tx.execute(
        """
        INSERT INTO exchange.transfers
               (id, kind, pending_id, debit_account_id, credit_account_id, asset, amount, reason,
                receipt_id, expires_at, created_at)
        SELECT id, kind, pending_id, debit_account_id, credit_account_id, 'credit', amount,
               reason, receipt_id, expires_at, created_at
          FROM jsonb_to_recordset(%(transfers)s)
               AS told (id uuid, kind text, pending_id uuid, debit_account_id uuid,
                        credit_account_id uuid, amount bigint, reason text, receipt_id uuid,
                        expires_at timestamptz, created_at timestamptz)
        """,
        {"transfers": Jsonb(list(transfers), compact)},
    )


def insert_results(tx: Tx, results: Sequence[Row]) -> None:
    """Say where the results of the receipts lie."""
    tx.execute(
        """
        INSERT INTO exchange.results (receipt_id, path, media_type, readable_until)
        SELECT receipt_id, path, media_type, readable_until
          FROM jsonb_to_recordset(%(results)s)
               AS told (receipt_id uuid, path text, media_type text, readable_until timestamptz)
        """,
        {"results": Jsonb(list(results), compact)},
    )


def advance_chains_to(tx: Tx, last: Mapping[AgreementId, str]) -> None:
    """Make these the last receipts of their agreements."""
    tx.execute(
        """
        UPDATE exchange.receipt_chains AS chain
           SET last_sha256 = told.last_sha256
          FROM unnest(%(ids)s::uuid[], %(hashes)s::text[]) AS told (agreement_id, last_sha256)
         WHERE chain.agreement_id = told.agreement_id
        """,
        {"ids": list(last), "hashes": list(last.values())},
    )
