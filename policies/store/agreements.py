# ruff: noqa: S608  What statements are put together with is `_AGREEMENT`, a text of this file.
"""Agreements."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from policies.access import Action
from policies.agreement import Agreement, AgreementState, Suspension
from policies.database import Tx
from policies.terms import Purpose, Regime

_AGREEMENT = (
    "id, regime, listing_id, dataset_id, provider_id, consumer_id, purpose, actions, terms, "
    "profile_id, profile_hash, state, starts_at, ends_at, concluded_at, accepted_by, ended_at, "
    "end_reason, suspended_at, suspended_by, suspension_reason, is_suspended_by_supervisor"
)
"""What `_agreement` reads of `policies.agreements`."""


def insert_agreement(tx: Tx, agreement: Agreement) -> None:
    """Insert an agreement that was just concluded."""
    tx.execute(
        """
        INSERT INTO policies.agreements
            (id, regime, listing_id, dataset_id, provider_id, consumer_id, purpose, actions, terms,
             terms_sha256, profile_id, profile_hash, state, starts_at, ends_at, concluded_at,
             accepted_by)
        VALUES
            (%(id)s, %(regime)s, %(listing_id)s, %(dataset_id)s, %(provider_id)s, %(consumer_id)s,
             %(purpose)s, %(actions)s, %(terms)s, %(terms_sha256)s, %(profile_id)s,
             %(profile_hash)s, %(state)s, %(starts_at)s, %(ends_at)s, %(concluded_at)s,
             %(accepted_by)s)
        """,
        {
            "id": agreement.id,
            "regime": agreement.regime,
            "listing_id": agreement.listing_id,
            "dataset_id": agreement.dataset_id,
            "provider_id": agreement.provider_id,
            "consumer_id": agreement.consumer_id,
            "purpose": agreement.purpose,
            "actions": sorted(agreement.actions),
            "terms": agreement.terms,
            "terms_sha256": agreement.terms_sha256,
            "profile_id": agreement.profile_id,
            "profile_hash": agreement.profile_hash,
            "state": agreement.state,
            "starts_at": agreement.starts_at,
            "ends_at": agreement.ends_at,
            "concluded_at": agreement.concluded_at,
            "accepted_by": agreement.accepted_by,
        },
    )


def get_agreement(tx: Tx, agreement_id: UUID) -> Agreement | None:
    """The agreement of that id; None where there is none."""
    row = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE id = %(id)s
        """,
        {"id": agreement_id},
    ).fetchone()
    return _agreement(row) if row else None


def lock_agreement(tx: Tx, agreement_id: UUID) -> Agreement | None:
    """The agreement of that id, held until the transaction ends; None where there is none."""
    row = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": agreement_id},
    ).fetchone()
    return _agreement(row) if row else None


def agreements_of_party(tx: Tx, organization_id: UUID, *, limit: int) -> list[Agreement]:
    """Agreements in which an organisation provides or consumes, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE %(organization_id)s IN (provider_id, consumer_id)
         ORDER BY concluded_at DESC, id
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [_agreement(row) for row in rows]


def agreements_in_force(
    tx: Tx, consumer_id: UUID, dataset_id: UUID, at: datetime
) -> list[Agreement]:
    """Agreements that give a consumer a dataset's data now, the one ending last first."""
    rows = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE consumer_id = %(consumer_id)s
           AND dataset_id = %(dataset_id)s
           AND state = 'active'
           AND starts_at <= %(at)s
           AND ends_at > %(at)s
         ORDER BY ends_at DESC, id
        """,
        {"consumer_id": consumer_id, "dataset_id": dataset_id, "at": at},
    )
    return [_agreement(row) for row in rows]


def agreements_in_time(
    tx: Tx, consumer_id: UUID, dataset_id: UUID, at: datetime
) -> list[Agreement]:
    """Agreements of a consumer on a dataset whose time runs, those in force first."""
    rows = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE consumer_id = %(consumer_id)s
           AND dataset_id = %(dataset_id)s
           AND state IN ('active', 'suspended')
           AND starts_at <= %(at)s
           AND ends_at > %(at)s
         ORDER BY state, ends_at DESC, id
        """,
        {"consumer_id": consumer_id, "dataset_id": dataset_id, "at": at},
    )
    return [_agreement(row) for row in rows]


def count_in_force(tx: Tx, at: datetime) -> int:
    """How many agreements are in force."""
    row = tx.execute(
        """
        SELECT count(*) AS found
          FROM policies.agreements
         WHERE state = 'active'
           AND starts_at <= %(at)s
           AND ends_at > %(at)s
        """,
        {"at": at},
    ).fetchone()
    assert row is not None
    return int(row["found"])


def in_force_after(tx: Tx, after: UUID | None, *, at: datetime, limit: int) -> list[Agreement]:
    """Agreements in force, by id, behind one of them; None begins."""
    rows = tx.execute(
        f"""
        SELECT {_AGREEMENT}
          FROM policies.agreements
         WHERE state = 'active'
           AND starts_at <= %(at)s
           AND ends_at > %(at)s
           AND (%(after)s::uuid IS NULL OR id > %(after)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"after": after, "at": at, "limit": limit},
    )
    return [_agreement(row) for row in rows]


def end_agreement(tx: Tx, agreement_id: UUID, *, ended_at: datetime, reason: str) -> None:
    """Let an agreement hold no longer."""
    tx.execute(
        """
        UPDATE policies.agreements
           SET state = 'ended',
               ended_at = %(ended_at)s,
               end_reason = %(reason)s
         WHERE id = %(id)s
        """,
        {"id": agreement_id, "ended_at": ended_at, "reason": reason},
    )


def suspend_agreement(tx: Tx, agreement_id: UUID, suspension: Suspension) -> None:
    """Let nothing be read under an agreement until it is taken up again."""
    tx.execute(
        """
        UPDATE policies.agreements
           SET state = 'suspended',
               suspended_at = %(at)s,
               suspended_by = %(by)s,
               suspension_reason = %(reason)s,
               is_suspended_by_supervisor = %(is_by_supervisor)s
         WHERE id = %(id)s
        """,
        {
            "id": agreement_id,
            "at": suspension.at,
            "by": suspension.by,
            "reason": suspension.reason,
            "is_by_supervisor": suspension.is_by_supervisor,
        },
    )


def resume_agreement(tx: Tx, agreement_id: UUID) -> None:
    """Take a suspended agreement up again."""
    tx.execute(
        """
        UPDATE policies.agreements
           SET state = 'active',
               suspended_at = NULL,
               suspended_by = NULL,
               suspension_reason = NULL,
               is_suspended_by_supervisor = NULL
         WHERE id = %(id)s
        """,
        {"id": agreement_id},
    )


def _agreement(row: DictRow) -> Agreement:
    return Agreement(
        id=row["id"],
        regime=Regime(row["regime"]),
        listing_id=row["listing_id"],
        dataset_id=row["dataset_id"],
        provider_id=row["provider_id"],
        consumer_id=row["consumer_id"],
        purpose=Purpose(row["purpose"]),
        actions=frozenset(Action(action) for action in row["actions"]),
        terms=row["terms"],
        profile_id=row["profile_id"],
        profile_hash=row["profile_hash"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        concluded_at=row["concluded_at"],
        accepted_by=row["accepted_by"],
        state=AgreementState(row["state"]),
        ended_at=row["ended_at"],
        end_reason=row["end_reason"] or "",
        suspension=_suspension(row),
    )


def _suspension(row: DictRow) -> Suspension | None:
    if row["suspended_at"] is None:
        return None
    return Suspension(
        at=row["suspended_at"],
        by=row["suspended_by"],
        reason=row["suspension_reason"],
        is_by_supervisor=row["is_suspended_by_supervisor"],
    )
