"""Applications: what was asked for, and how it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from exchange.application import Application, ApplicationState, Manner, Request
from policies.canonical import from_plain, to_plain
from policies.database import Tx
from policies.decision.clause import Judgement
from policies.terms import AgreementId, ListingId, OrganizationId, Purpose, UserId

Row = dict[str, Any]

APPLICATIONS_PAGE_MAX = 200


def insert_application(tx: Tx, application: Application) -> None:
    """Add an application."""
    tx.execute(
        """
        INSERT INTO exchange.applications
               (id, listing_id, applicant_id, applied_by, purpose, duty, scenario, manner, ends_on,
                pledged, state, profile_id, profile_hash, judgement, submitted_at, due_on,
                is_due_provisional)
        VALUES (%(id)s, %(listing_id)s, %(applicant_id)s, %(applied_by)s, %(purpose)s, %(duty)s,
                %(scenario)s, %(manner)s, %(ends_on)s, %(pledged)s, %(state)s, %(profile_id)s,
                %(profile_hash)s, %(judgement)s, %(submitted_at)s, %(due_on)s,
                %(is_due_provisional)s)
        """,
        _values(application),
    )


def update_application(tx: Tx, application: Application) -> None:
    """Write an application's present state."""
    tx.execute(
        """
        UPDATE exchange.applications
           SET purpose = %(purpose)s,
               duty = %(duty)s,
               scenario = %(scenario)s,
               manner = %(manner)s,
               ends_on = %(ends_on)s,
               pledged = %(pledged)s,
               state = %(state)s,
               profile_id = %(profile_id)s,
               profile_hash = %(profile_hash)s,
               judgement = %(judgement)s,
               submitted_at = %(submitted_at)s,
               due_on = %(due_on)s,
               is_due_provisional = %(is_due_provisional)s,
               decided_by = %(decided_by)s,
               decided_at = %(decided_at)s,
               decision_reason = %(decision_reason)s,
               legal_basis = %(legal_basis)s,
               agreement_id = %(agreement_id)s,
               times_returned = %(times_returned)s
         WHERE id = %(id)s
        """,
        _values(application),
    )


def get_application(tx: Tx, application_id: UUID) -> Application | None:
    """The application of that id; None where there is none."""
    row = tx.execute(
        "SELECT * FROM exchange.applications WHERE id = %(id)s", {"id": application_id}
    ).fetchone()
    return _application(row) if row else None


def lock_application(tx: Tx, application_id: UUID) -> Application | None:
    """The application of that id, for a change in this transaction; None where there is none."""
    row = tx.execute(
        "SELECT * FROM exchange.applications WHERE id = %(id)s FOR UPDATE", {"id": application_id}
    ).fetchone()
    return _application(row) if row else None


def open_application(
    tx: Tx, listing_id: ListingId, applicant_id: OrganizationId
) -> Application | None:
    """The applicant's request on the listing that waits for somebody; None where none does."""
    row = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE listing_id = %(listing_id)s
           AND applicant_id = %(applicant_id)s
           AND state IN ('submitted', 'returned')
         ORDER BY submitted_at DESC
         LIMIT 1
        """,
        {"listing_id": listing_id, "applicant_id": applicant_id},
    ).fetchone()
    return _application(row) if row else None


def count_decided_otherwise(tx: Tx, application: Application, *, is_granted: bool) -> int:
    """Earlier answers on the same listing to the same wish that were the other one."""
    row = tx.execute(
        """
        SELECT count(*) AS found
          FROM exchange.applications
         WHERE listing_id = %(listing_id)s
           AND id <> %(id)s
           AND purpose = %(purpose)s
           AND manner = %(manner)s
           AND state = %(other)s
        """,
        {
            "listing_id": application.listing_id,
            "id": application.id,
            "purpose": application.request.purpose,
            "manner": application.request.manner or "",
            "other": ApplicationState.REFUSED if is_granted else ApplicationState.GRANTED,
        },
    ).fetchone()
    assert row is not None
    return int(row["found"])


def applications_of(
    tx: Tx, applicant_ids: Sequence[OrganizationId], *, limit: int = APPLICATIONS_PAGE_MAX
) -> list[Application]:
    """What the organisations asked for, newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE applicant_id = ANY(%(ids)s)
         ORDER BY submitted_at DESC, id
         LIMIT %(limit)s
        """,
        {"ids": list(applicant_ids), "limit": limit},
    )
    return [_application(row) for row in rows]


def inbox_of(
    tx: Tx, provider_ids: Sequence[OrganizationId], *, limit: int = APPLICATIONS_PAGE_MAX
) -> list[Application]:
    """What waits for the providers' answer, the most urgent first."""
    rows = tx.execute(
        """
        SELECT application.*
          FROM exchange.applications AS application
          JOIN exchange.listings AS listing ON listing.id = application.listing_id
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE application.state = 'submitted'
           AND dataset.publisher_id = ANY(%(ids)s)
         ORDER BY application.due_on, application.submitted_at, application.id
         LIMIT %(limit)s
        """,
        {"ids": list(provider_ids), "limit": limit},
    )
    return [_application(row) for row in rows]


def overdue(tx: Tx, day: date, *, limit: int = APPLICATIONS_PAGE_MAX) -> list[Application]:
    """What was to be answered before `day` and was not, the oldest first; for the bureau."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'submitted'
           AND due_on < %(day)s
           AND NOT is_due_provisional
         ORDER BY due_on, submitted_at, id
         LIMIT %(limit)s
        """,
        {"day": day, "limit": limit},
    )
    return [_application(row) for row in rows]


def _values(application: Application) -> Row:
    request = application.request
    return {
        "id": application.id,
        "listing_id": application.listing_id,
        "applicant_id": application.applicant_id,
        "applied_by": application.applied_by,
        "purpose": request.purpose,
        "duty": request.duty,
        "scenario": request.scenario,
        "manner": request.manner or "",
        "ends_on": request.ends_on,
        "pledged": request.is_pledged,
        "state": application.state,
        "profile_id": application.judgement.profile_id,
        "profile_hash": application.judgement.profile_hash,
        "judgement": Jsonb(to_plain(application.judgement)),
        "submitted_at": application.submitted_at,
        "due_on": application.due_on,
        "is_due_provisional": application.is_due_provisional,
        "decided_by": application.decided_by,
        "decided_at": application.decided_at,
        "decision_reason": application.decision_reason,
        "legal_basis": application.legal_basis,
        "agreement_id": application.agreement_id,
        "times_returned": application.times_returned,
    }


def _application(row: Row) -> Application:
    return Application(
        id=row["id"],
        listing_id=ListingId(row["listing_id"]),
        applicant_id=OrganizationId(row["applicant_id"]),
        applied_by=UserId(row["applied_by"]),
        request=Request(
            purpose=Purpose(row["purpose"]),
            duty=row["duty"],
            scenario=row["scenario"],
            manner=Manner(row["manner"]) if row["manner"] else None,
            ends_on=row["ends_on"],
            is_pledged=row["pledged"],
        ),
        state=ApplicationState(row["state"]),
        judgement=from_plain(Judgement, row["judgement"]),
        submitted_at=row["submitted_at"],
        due_on=row["due_on"],
        is_due_provisional=row["is_due_provisional"],
        decided_by=UserId(row["decided_by"]) if row["decided_by"] else None,
        decided_at=row["decided_at"],
        decision_reason=row["decision_reason"],
        legal_basis=row["legal_basis"],
        agreement_id=AgreementId(row["agreement_id"]) if row["agreement_id"] else None,
        times_returned=row["times_returned"],
    )
