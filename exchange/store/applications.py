"""Applications: what was asked for, and how it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.view import View
from exchange.application import (
    Application,
    ApplicationState,
    Extension,
    Handing,
    Manner,
    Request,
)
from policies.calendar import DueDate
from policies.canonical import from_plain, to_plain
from policies.database import Tx
from policies.decision.clause import Judgement
from policies.terms import AgreementId, DatasetId, ListingId, OrganizationId, Purpose, UserId

Row = dict[str, Any]

APPLICATIONS_PAGE_MAX = 200
CLOCKS_MAX = 5_000
"""Requests whose clocks one round looks at."""


def insert_application(tx: Tx, application: Application) -> None:
    """Add an application."""
    tx.execute(
        """
        INSERT INTO exchange.applications
               (id, listing_id, applicant_id, applied_by, purpose, duty, scenario, manner, ends_on,
                pledged, wanted_columns, is_flow_back, state, profile_id, profile_hash, judgement,
                submitted_at, due_on, is_due_provisional)
        VALUES (%(id)s, %(listing_id)s, %(applicant_id)s, %(applied_by)s, %(purpose)s, %(duty)s,
                %(scenario)s, %(manner)s, %(ends_on)s, %(pledged)s, %(wanted_columns)s,
                %(is_flow_back)s, %(state)s, %(profile_id)s, %(profile_hash)s, %(judgement)s,
                %(submitted_at)s, %(due_on)s, %(is_due_provisional)s)
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
               times_returned = %(times_returned)s,
               wanted_columns = %(wanted_columns)s,
               is_flow_back = %(is_flow_back)s,
               reason_code = %(reason_code)s,
               assigned_to = %(assigned_to)s,
               extension_days = %(extension_days)s,
               extension_reason = %(extension_reason)s,
               extension_asked_by = %(extension_asked_by)s,
               extension_asked_at = %(extension_asked_at)s,
               extension_consented_by = %(extension_consented_by)s,
               extension_consented_at = %(extension_consented_at)s,
               reminded_days = %(reminded_days)s,
               escalated_at = %(escalated_at)s,
               is_part_granted = %(is_part_granted)s,
               delivery_due_on = %(delivery_due_on)s,
               is_delivery_provisional = %(is_delivery_provisional)s,
               delivery_reminded_days = %(delivery_reminded_days)s,
               delivery_escalated_at = %(delivery_escalated_at)s,
               delivered_at = %(delivered_at)s,
               times_disputed = %(times_disputed)s
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


def provisional(tx: Tx) -> list[Application]:
    """Open requests whose day is provisional, for a change in this transaction."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'submitted'
           AND is_due_provisional
         ORDER BY id
           FOR UPDATE
        """
    )
    return [_application(row) for row in rows]


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
    tx: Tx,
    provider_ids: Sequence[OrganizationId],
    user_id: UserId | None,
    *,
    limit: int = APPLICATIONS_PAGE_MAX,
) -> list[Application]:
    """What waits for the providers' answer and is in no colleague's hand, the most urgent first."""
    rows = tx.execute(
        """
        SELECT application.*
          FROM exchange.applications AS application
          JOIN exchange.listings AS listing ON listing.id = application.listing_id
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE application.state = 'submitted'
           AND dataset.publisher_id = ANY(%(ids)s)
           AND (application.assigned_to IS NULL OR application.assigned_to = %(user_id)s)
         ORDER BY application.due_on, application.submitted_at, application.id
         LIMIT %(limit)s
        """,
        {"ids": list(provider_ids), "user_id": user_id, "limit": limit},
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


def waiting(tx: Tx, *, limit: int = CLOCKS_MAX) -> list[Application]:
    """Every request without an answer, locked for this transaction, the oldest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'submitted'
           AND escalated_at IS NULL
         ORDER BY due_on, id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
        """,
        {"limit": limit},
    )
    return [_application(row) for row in rows]


def undelivered(tx: Tx, *, limit: int = CLOCKS_MAX) -> list[Application]:
    """What was granted and cannot be read yet, locked for this transaction, the oldest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'granted'
           AND delivery_due_on IS NOT NULL
           AND delivered_at IS NULL
         ORDER BY delivery_due_on, id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
        """,
        {"limit": limit},
    )
    return [_application(row) for row in rows]


def extensions_asked(tx: Tx, *, limit: int = APPLICATIONS_PAGE_MAX) -> list[Application]:
    """Requests for which more days are asked, for the share authority, the most urgent first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'submitted'
           AND extension_days IS NOT NULL
           AND extension_consented_by IS NULL
         ORDER BY due_on, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [_application(row) for row in rows]


def unmet(tx: Tx, *, limit: int = APPLICATIONS_PAGE_MAX) -> list[Application]:
    """Requests that were refused or ran out of time, the newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.applications
         WHERE state = 'refused'
            OR (state = 'submitted' AND escalated_at IS NOT NULL)
         ORDER BY submitted_at DESC, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [_application(row) for row in rows]


def open_requests(
    tx: Tx, since: datetime, until: datetime, *, limit: int
) -> list[tuple[Application, DatasetId, str]]:
    """Requests for conditional open data of published datasets, with the applicant's kind."""
    rows = tx.execute(
        """
        SELECT application.*, listing.dataset_id, applicant.kind AS applicant_kind
          FROM exchange.applications AS application
          JOIN exchange.listings AS listing ON listing.id = application.listing_id
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
          JOIN policies.organizations AS applicant ON applicant.id = application.applicant_id
         WHERE listing.regime = 'open'
           AND listing.access_class = 'conditional'
           AND dataset.state = 'published'
           AND dataset.audience = 'public'
           AND application.submitted_at >= %(since)s
           AND application.submitted_at < %(until)s
           AND application.state <> 'withdrawn'
         ORDER BY application.submitted_at, application.id
         LIMIT %(limit)s
        """,
        {"since": since, "until": until, "limit": limit},
    )
    return [
        (_application(row), DatasetId(row["dataset_id"]), row["applicant_kind"]) for row in rows
    ]


def insert_view(tx: Tx, agreement_id: AgreementId, view: View) -> None:
    """Keep what an agreement lets out, where that is less than its listing offers."""
    tx.execute(
        """
        INSERT INTO exchange.agreement_views (agreement_id, view)
        VALUES (%(agreement_id)s, %(view)s)
        """,
        {"agreement_id": agreement_id, "view": Jsonb(view.as_json())},
    )


def view_of_agreement(tx: Tx, agreement_id: AgreementId) -> View | None:
    """What an agreement lets out; None where it is all that its listing offers."""
    row = tx.execute(
        "SELECT view FROM exchange.agreement_views WHERE agreement_id = %(agreement_id)s",
        {"agreement_id": agreement_id},
    ).fetchone()
    return View.from_json(row["view"]) if row else None


def was_read(tx: Tx, agreement_id: AgreementId) -> bool:
    """Whether anything was delivered under an agreement."""
    row = tx.execute(
        """
        SELECT EXISTS (SELECT 1
                         FROM exchange.receipt_items
                        WHERE agreement_id = %(agreement_id)s) AS was_read
        """,
        {"agreement_id": agreement_id},
    ).fetchone()
    return bool(row and row["was_read"])


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
        "wanted_columns": list(request.wanted_columns) if request.wanted_columns else None,
        "is_flow_back": request.is_flow_back,
        "reason_code": application.reason_code,
        "assigned_to": application.assigned_to,
        "reminded_days": application.reminded_days,
        "escalated_at": application.escalated_at,
        "is_part_granted": application.is_part_granted,
        "times_disputed": application.times_disputed,
        **_extension_values(application.extension),
        **_handing_values(application.handing),
    }


def _extension_values(extension: Extension | None) -> Row:
    return {
        "extension_days": extension.working_days if extension else None,
        "extension_reason": extension.reason if extension else "",
        "extension_asked_by": extension.asked_by if extension else None,
        "extension_asked_at": extension.asked_at if extension else None,
        "extension_consented_by": extension.consented_by if extension else None,
        "extension_consented_at": extension.consented_at if extension else None,
    }


def _handing_values(handing: Handing | None) -> Row:
    return {
        "delivery_due_on": handing.due.day if handing else None,
        "is_delivery_provisional": handing is not None and handing.due.is_provisional,
        "delivery_reminded_days": handing.reminded_days if handing else 0,
        "delivery_escalated_at": handing.escalated_at if handing else None,
        "delivered_at": handing.delivered_at if handing else None,
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
            wanted_columns=tuple(row["wanted_columns"]) if row["wanted_columns"] else None,
            is_flow_back=row["is_flow_back"],
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
        reason_code=row["reason_code"],
        assigned_to=UserId(row["assigned_to"]) if row["assigned_to"] else None,
        extension=_extension(row),
        reminded_days=row["reminded_days"],
        escalated_at=row["escalated_at"],
        is_part_granted=row["is_part_granted"],
        handing=_handing(row),
        times_disputed=row["times_disputed"],
    )


def _extension(row: Row) -> Extension | None:
    if row["extension_days"] is None:
        return None
    consented_by = row["extension_consented_by"]
    return Extension(
        working_days=row["extension_days"],
        reason=row["extension_reason"],
        asked_by=UserId(row["extension_asked_by"]),
        asked_at=row["extension_asked_at"],
        consented_by=UserId(consented_by) if consented_by else None,
        consented_at=row["extension_consented_at"],
    )


def _handing(row: Row) -> Handing | None:
    if row["delivery_due_on"] is None:
        return None
    return Handing(
        due=DueDate(row["delivery_due_on"], row["is_delivery_provisional"]),
        delivered_at=row["delivered_at"],
        reminded_days=row["delivery_reminded_days"],
        escalated_at=row["delivery_escalated_at"],
    )
