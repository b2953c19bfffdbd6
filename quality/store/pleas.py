"""Table `quality.pleas`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.version import ReportId
from policies.database import Tx
from policies.terms import DatasetId, UserId, VersionId
from quality.plea import Plea, PleaId, PleaKind, PleaState

PLEAS_PER_VERSION_MAX = 100


def insert_plea(tx: Tx, plea: Plea) -> None:
    """Keep an open plea."""
    tx.execute(
        """
        INSERT INTO quality.pleas
            (id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at, state)
        VALUES
            (%(id)s, %(version_id)s, %(report_id)s, %(kind)s, %(rule_keys)s, %(reason)s,
             %(ends_on)s, %(by)s, %(at)s, 'open')
        """,
        {
            "id": plea.id,
            "version_id": plea.version_id,
            "report_id": plea.report_id,
            "kind": plea.kind,
            "rule_keys": list(plea.rule_keys),
            "reason": plea.reason,
            "ends_on": plea.ends_on,
            "by": plea.asked_by,
            "at": plea.asked_at,
        },
    )


def get_plea(tx: Tx, plea_id: PleaId) -> Plea | None:
    """One plea; None where there is none of that id."""
    row = tx.execute(
        """
        SELECT id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
               state, answer, decided_by, decided_at
          FROM quality.pleas
         WHERE id = %(id)s
        """,
        {"id": plea_id},
    ).fetchone()
    return None if row is None else _plea(row)


def pleas_of(tx: Tx, version_id: VersionId) -> list[Plea]:
    """The pleas for a version, the newest first."""
    rows = tx.execute(
        """
        SELECT id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
               state, answer, decided_by, decided_at
          FROM quality.pleas
         WHERE version_id = %(version_id)s
         ORDER BY asked_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": PLEAS_PER_VERSION_MAX},
    )
    return [_plea(row) for row in rows]


def decide_plea(
    tx: Tx, plea_id: PleaId, state: PleaState, *, answer: str, by: UserId, at: datetime
) -> Plea | None:
    """Take down what became of an open plea; None where it is not open."""
    row = tx.execute(
        """
        UPDATE quality.pleas
           SET state = %(state)s, answer = %(answer)s, decided_by = %(by)s, decided_at = %(at)s
         WHERE id = %(id)s
           AND state = 'open'
        RETURNING id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
                  state, answer, decided_by, decided_at
        """,
        {"id": plea_id, "state": state, "answer": answer, "by": by, "at": at},
    ).fetchone()
    return None if row is None else _plea(row)


def open_pleas(tx: Tx, *, limit: int) -> list[tuple[Plea, DatasetId]]:
    """The pleas that wait for an answer, with the dataset each is about, the oldest first."""
    rows = tx.execute(
        """
        SELECT plea.id, plea.version_id, plea.report_id, plea.kind, plea.rule_keys, plea.reason,
               plea.ends_on, plea.asked_by, plea.asked_at, plea.state, plea.answer,
               plea.decided_by, plea.decided_at, distribution.dataset_id
          FROM quality.pleas AS plea
          JOIN catalog.versions AS version ON version.id = plea.version_id
          JOIN catalog.distributions AS distribution ON distribution.id = version.distribution_id
         WHERE plea.state = 'open'
           AND version.state = 'created'
         ORDER BY plea.asked_at, plea.id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [(_plea(row), DatasetId(row["dataset_id"])) for row in rows]


def _plea(row: Mapping[str, Any]) -> Plea:
    return Plea(
        id=PleaId(row["id"]),
        version_id=VersionId(row["version_id"]),
        report_id=ReportId(row["report_id"]),
        kind=PleaKind(row["kind"]),
        rule_keys=tuple(row["rule_keys"]),
        reason=row["reason"],
        ends_on=row["ends_on"],
        asked_by=UserId(row["asked_by"]),
        asked_at=row["asked_at"],
        state=PleaState(row["state"]),
        answer=row["answer"],
        decided_by=None if row["decided_by"] is None else UserId(row["decided_by"]),
        decided_at=row["decided_at"],
    )
