"""Table `exchange.faults`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from exchange.faults.fault import Fault, FaultId, FaultState
from policies.calendar import DueDate
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId, UserId, VersionId

Row = dict[str, Any]


def insert_fault(tx: Tx, fault: Fault) -> None:
    """Insert a new ticket."""
    tx.execute(
        """
        INSERT INTO exchange.faults
               (id, dataset_id, version_id, column_name, place, claim, asked_by, asker_id, asked_at,
                due_on, is_due_provisional, state)
        VALUES (%(id)s, %(dataset_id)s, %(version_id)s, %(column)s, %(place)s, %(claim)s,
                %(asked_by)s, %(asker_id)s, %(asked_at)s, %(due_on)s, %(is_due_provisional)s,
                %(state)s)
        """,
        {
            "id": fault.id,
            "dataset_id": fault.dataset_id,
            "version_id": fault.version_id,
            "column": fault.column,
            "place": fault.place,
            "claim": fault.claim,
            "asked_by": fault.asked_by,
            "asker_id": fault.asker_id,
            "asked_at": fault.asked_at,
            "due_on": fault.due.day,
            "is_due_provisional": fault.due.is_provisional,
            "state": fault.state,
        },
    )


def lock_asker(tx: Tx, user_id: UserId) -> None:
    """Let one person's tickets come one after the other, so that they can be counted."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('faults:' || %(id)s::text, 0))",
        {"id": user_id},
    )


def running_counts(tx: Tx, user_id: UserId, dataset_id: DatasetId) -> tuple[int, int]:
    """How many tickets of one person wait: in all, and about one dataset."""
    row = tx.execute(
        """
        SELECT count(*) AS in_all,
               count(*) FILTER (WHERE dataset_id = %(dataset_id)s) AS of_dataset
          FROM exchange.faults
         WHERE asked_by = %(user_id)s
           AND state IN ('open', 'accepted')
        """,
        {"user_id": user_id, "dataset_id": dataset_id},
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row["in_all"]), int(row["of_dataset"])


def update_answer(tx: Tx, fault: Fault) -> None:
    """Write what the department says."""
    tx.execute(
        """
        UPDATE exchange.faults
           SET state = %(state)s,
               answer = %(answer)s,
               answered_by = %(answered_by)s,
               answered_at = %(answered_at)s,
               corrected_version_id = %(corrected_version_id)s
         WHERE id = %(id)s
        """,
        {
            "id": fault.id,
            "state": fault.state,
            "answer": fault.answer,
            "answered_by": fault.answered_by,
            "answered_at": fault.answered_at,
            "corrected_version_id": fault.corrected_version_id,
        },
    )


def get_fault(tx: Tx, fault_id: FaultId) -> Fault | None:
    """The ticket of that id; None where there is none."""
    row = tx.execute(
        """
        SELECT fault.*, version.number AS version_number, newer.number AS corrected_number
          FROM exchange.faults AS fault
          JOIN catalog.versions AS version ON version.id = fault.version_id
          LEFT JOIN catalog.versions AS newer ON newer.id = fault.corrected_version_id
         WHERE fault.id = %(id)s
        """,
        {"id": fault_id},
    ).fetchone()
    return _fault(row) if row else None


def lock_fault(tx: Tx, fault_id: FaultId) -> None:
    """Hold one ticket for a change in this transaction."""
    tx.execute("SELECT id FROM exchange.faults WHERE id = %(id)s FOR UPDATE", {"id": fault_id})


def faults_of_dataset(tx: Tx, dataset_id: DatasetId, *, limit: int) -> list[Fault]:
    """Tickets about a dataset, newest first; at most `limit`."""
    rows = tx.execute(
        """
        SELECT fault.*, version.number AS version_number, newer.number AS corrected_number
          FROM exchange.faults AS fault
          JOIN catalog.versions AS version ON version.id = fault.version_id
          LEFT JOIN catalog.versions AS newer ON newer.id = fault.corrected_version_id
         WHERE fault.dataset_id = %(dataset_id)s
         ORDER BY fault.asked_at DESC, fault.id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "limit": limit},
    )
    return [_fault(row) for row in rows]


def faults_of_person(tx: Tx, user_id: UserId, *, limit: int) -> list[Fault]:
    """What one person asked, newest first; at most `limit`."""
    rows = tx.execute(
        """
        SELECT fault.*, version.number AS version_number, newer.number AS corrected_number
          FROM exchange.faults AS fault
          JOIN catalog.versions AS version ON version.id = fault.version_id
          LEFT JOIN catalog.versions AS newer ON newer.id = fault.corrected_version_id
         WHERE fault.asked_by = %(user_id)s
         ORDER BY fault.asked_at DESC, fault.id
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit},
    )
    return [_fault(row) for row in rows]


def agreed_about_versions(tx: Tx, version_ids: Sequence[UUID], *, limit: int) -> list[Fault]:
    """Accepted and corrected tickets about any of these versions, newest first."""
    rows = tx.execute(
        """
        SELECT fault.*, version.number AS version_number, newer.number AS corrected_number
          FROM exchange.faults AS fault
          JOIN catalog.versions AS version ON version.id = fault.version_id
          LEFT JOIN catalog.versions AS newer ON newer.id = fault.corrected_version_id
         WHERE fault.version_id = ANY(%(version_ids)s)
           AND fault.state IN ('accepted', 'corrected')
         ORDER BY fault.answered_at DESC, fault.id
         LIMIT %(limit)s
        """,
        {"version_ids": list(version_ids), "limit": limit},
    )
    return [_fault(row) for row in rows]


def receipts_with_agreed(tx: Tx, receipt_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these receipts stand over a version that a department agreed to be wrong."""
    rows = tx.execute(
        """
        SELECT DISTINCT item.receipt_id
          FROM exchange.receipt_items AS item
          JOIN exchange.faults AS fault ON fault.version_id = item.version_id
         WHERE item.receipt_id = ANY(%(receipt_ids)s)
           AND fault.state IN ('accepted', 'corrected')
         ORDER BY item.receipt_id
        """,
        {"receipt_ids": list(receipt_ids)},
    )
    return {row["receipt_id"] for row in rows}


def running_of_publishers(
    tx: Tx, publisher_ids: Sequence[OrganizationId], *, limit: int
) -> list[Fault]:
    """Tickets that wait at these departments, the most urgent first."""
    rows = tx.execute(
        """
        SELECT fault.*, version.number AS version_number, newer.number AS corrected_number
          FROM exchange.faults AS fault
          JOIN catalog.versions AS version ON version.id = fault.version_id
          JOIN catalog.datasets AS dataset ON dataset.id = fault.dataset_id
          LEFT JOIN catalog.versions AS newer ON newer.id = fault.corrected_version_id
         WHERE dataset.publisher_id = ANY(%(publisher_ids)s)
           AND fault.state IN ('open', 'accepted')
         ORDER BY fault.due_on, fault.id
         LIMIT %(limit)s
        """,
        {"publisher_ids": list(publisher_ids), "limit": limit},
    )
    return [_fault(row) for row in rows]


def receipts_touched(tx: Tx, version_id: VersionId) -> int:
    """How many receipts were written over a version."""
    row = tx.execute(
        """
        SELECT count(DISTINCT receipt_id) AS touched
          FROM exchange.receipt_items
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row["touched"])


def _fault(row: Row) -> Fault:
    return Fault(
        id=FaultId(row["id"]),
        dataset_id=DatasetId(row["dataset_id"]),
        version_id=VersionId(row["version_id"]),
        version_number=row["version_number"],
        column=row["column_name"],
        place=row["place"],
        claim=row["claim"],
        asked_by=UserId(row["asked_by"]),
        asker_id=None if row["asker_id"] is None else OrganizationId(row["asker_id"]),
        asked_at=row["asked_at"],
        due=DueDate(row["due_on"], row["is_due_provisional"]),
        state=FaultState(row["state"]),
        answer=row["answer"],
        answered_by=None if row["answered_by"] is None else UserId(row["answered_by"]),
        answered_at=row["answered_at"],
        corrected_version_id=(
            None if row["corrected_version_id"] is None else VersionId(row["corrected_version_id"])
        ),
        corrected_number=row["corrected_number"],
    )
