"""Tables `quality.groups_declared` and `quality.groups_counted`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from policies.database import Tx
from policies.terms import DatasetId, UserId, VersionId
from quality.groups.group import Counted, CountState, Declared, GroupAnswer

Row = dict[str, Any]


def put_declared(
    tx: Tx, distribution_id: DistributionId, declared: Declared, *, by: UserId, at: datetime
) -> None:
    """Write what a publisher declares; it replaces what was declared before."""
    tx.execute(
        """
        INSERT INTO quality.groups_declared
               (distribution_id, columns, about, least, declared_by, declared_at)
        VALUES (%(id)s, %(columns)s, %(about)s, %(least)s, %(by)s, %(at)s)
            ON CONFLICT (distribution_id) DO UPDATE
           SET columns = excluded.columns,
               about = excluded.about,
               least = excluded.least,
               declared_by = excluded.declared_by,
               declared_at = excluded.declared_at
        """,
        {
            "id": distribution_id,
            "columns": list(declared.columns),
            "about": declared.about,
            "least": declared.least,
            "by": by,
            "at": at,
        },
    )


def get_declared(tx: Tx, distribution_id: DistributionId) -> Declared | None:
    """What is declared of a distribution; None where nothing is."""
    row = tx.execute(
        """
        SELECT columns, about, least
          FROM quality.groups_declared
         WHERE distribution_id = %(id)s
        """,
        {"id": distribution_id},
    ).fetchone()
    return None if row is None else Declared(tuple(row["columns"]), row["least"], row["about"])


def put_counted(tx: Tx, state: CountState, *, at: datetime) -> None:
    """Write what was counted in a version, with the answer that holds for it."""
    counted = state.counted
    tx.execute(
        """
        INSERT INTO quality.groups_counted
               (version_id, body, counted_at, answer, reason, answered_by, answered_at)
        VALUES (%(version_id)s, %(body)s, %(at)s, %(answer)s, %(reason)s, %(answered_by)s,
                %(answered_at)s)
            ON CONFLICT (version_id) DO UPDATE
           SET body = excluded.body,
               counted_at = excluded.counted_at,
               answer = excluded.answer,
               reason = excluded.reason,
               answered_by = excluded.answered_by,
               answered_at = excluded.answered_at
        """,
        {
            "version_id": state.version_id,
            "body": Jsonb(
                {
                    "columns": list(counted.declared.columns),
                    "least": counted.declared.least,
                    "about": counted.declared.about,
                    "row_count": counted.row_count,
                    "group_count": counted.group_count,
                    "smallest": counted.smallest,
                    "small_groups": counted.small_groups,
                    "small_rows": counted.small_rows,
                    "uniform_groups": counted.uniform_groups,
                }
            ),
            "at": at,
            "answer": state.answer or "",
            "reason": state.reason,
            "answered_by": state.answered_by,
            "answered_at": state.answered_at,
        },
    )


def get_counted(tx: Tx, version_id: VersionId) -> CountState | None:
    """What was counted in a version; None where nothing was declared when it was checked."""
    row = tx.execute(
        """
        SELECT version_id, body, answer, reason, answered_by, answered_at
          FROM quality.groups_counted
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    return _state(row) if row else None


def newest_answered(tx: Tx, distribution_id: DistributionId) -> CountState | None:
    """The newest answer about any version of a distribution; None where there is none."""
    row = tx.execute(
        """
        SELECT counted.version_id, counted.body, counted.answer, counted.reason,
               counted.answered_by, counted.answered_at
          FROM quality.groups_counted AS counted
          JOIN catalog.versions AS version ON version.id = counted.version_id
         WHERE version.distribution_id = %(distribution_id)s
           AND counted.answer <> ''
         ORDER BY counted.answered_at DESC, version.number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return _state(row) if row else None


def blanked_of_dataset(tx: Tx, dataset_id: DatasetId) -> list[Declared]:
    """What offers of a dataset leave empty, for each distribution whose newest answer says so."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (held.id) held.id, counted.body, counted.answer
          FROM quality.groups_counted AS counted
          JOIN catalog.versions AS version ON version.id = counted.version_id
          JOIN catalog.distributions AS held ON held.id = version.distribution_id
         WHERE held.dataset_id = %(dataset_id)s
           AND counted.answer <> ''
         ORDER BY held.id, counted.answered_at DESC, version.number DESC
        """,
        {"dataset_id": dataset_id},
    )
    return [
        Declared(tuple(row["body"]["columns"]), row["body"]["least"], row["body"]["about"])
        for row in rows
        if row["answer"] == GroupAnswer.BLANKED
    ]


def _state(row: Row) -> CountState:
    body = row["body"]
    declared = Declared(tuple(body["columns"]), body["least"], body["about"])
    return CountState(
        VersionId(row["version_id"]),
        Counted(
            declared,
            body["row_count"],
            body["group_count"],
            body["smallest"],
            body["small_groups"],
            body["small_rows"],
            body["uniform_groups"],
        ),
        GroupAnswer(row["answer"]) if row["answer"] else None,
        row["reason"],
        None if row["answered_by"] is None else UserId(row["answered_by"]),
        row["answered_at"],
    )
