"""Tables `catalog.data_requests`, `data_request_joins`, `duties` and `unmet_queries`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from psycopg.rows import DictRow

from catalog.demand.data_request import DataRequest, DataRequestId, DataRequestState
from policies.calendar import DueDate
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId, UserId


def insert_data_request(
    tx: Tx,
    *,
    title: str,
    folded: str,
    detail: str,
    department_id: OrganizationId | None,
    due: DueDate,
    by: UserId,
    at: datetime,
) -> DataRequestId | None:
    """Add a wish; None where an open one asks for the same."""
    row = tx.execute(
        """
        INSERT INTO catalog.data_requests
               (title, folded, detail, asked_by, asked_at, department_id, due_on,
                is_due_provisional)
        VALUES (%(title)s, %(folded)s, %(detail)s, %(by)s, %(at)s, %(department_id)s, %(due_on)s,
                %(is_provisional)s)
            ON CONFLICT (folded) WHERE state = 'open' AND hidden_reason = '' DO NOTHING
        RETURNING id
        """,
        {
            "title": title,
            "folded": folded,
            "detail": detail,
            "by": by,
            "at": at,
            "department_id": department_id,
            "due_on": due.day,
            "is_provisional": due.is_provisional,
        },
    ).fetchone()
    return None if row is None else DataRequestId(row["id"])


def open_id_of(tx: Tx, folded: str) -> DataRequestId | None:
    """The open wish that asks for this; None where there is none."""
    row = tx.execute(
        """
        SELECT id
          FROM catalog.data_requests
         WHERE folded = %(folded)s
           AND state = 'open'
           AND hidden_reason = ''
        """,
        {"folded": folded},
    ).fetchone()
    return None if row is None else DataRequestId(row["id"])


def get_data_request(tx: Tx, request_id: DataRequestId) -> DataRequest | None:
    """The wish; None where there is none."""
    row = tx.execute(
        """
        SELECT asked.*,
               (SELECT count(*) FROM catalog.data_request_joins WHERE request_id = asked.id)
                   AS joined
          FROM catalog.data_requests AS asked
         WHERE asked.id = %(id)s
        """,
        {"id": request_id},
    ).fetchone()
    return None if row is None else _data_request(row)


def lock_data_request(tx: Tx, request_id: DataRequestId) -> DataRequest | None:
    """The wish, which nobody else changes until the transaction ends."""
    row = tx.execute(
        """
        SELECT asked.*,
               (SELECT count(*) FROM catalog.data_request_joins WHERE request_id = asked.id)
                   AS joined
          FROM catalog.data_requests AS asked
         WHERE asked.id = %(id)s
           FOR UPDATE OF asked
        """,
        {"id": request_id},
    ).fetchone()
    return None if row is None else _data_request(row)


def ranked(
    tx: Tx,
    *,
    states: Sequence[DataRequestState],
    department_id: OrganizationId | None,
    with_hidden: bool,
    offset: int,
    limit: int,
) -> list[DataRequest]:
    """Wishes in these states, those that most ask for first; None: of all departments."""
    rows = tx.execute(
        """
        SELECT asked.*, wanted.joined
          FROM catalog.data_requests AS asked
          CROSS JOIN LATERAL (SELECT count(*) AS joined
                                FROM catalog.data_request_joins
                               WHERE request_id = asked.id) AS wanted
         WHERE asked.state = ANY (%(states)s)
           AND (%(department_id)s::uuid IS NULL OR asked.department_id = %(department_id)s)
           AND (%(with_hidden)s OR asked.hidden_reason = '')
         ORDER BY wanted.joined DESC, asked.asked_at, asked.id
        OFFSET %(offset)s
         LIMIT %(limit)s
        """,
        {
            "states": list(states),
            "department_id": department_id,
            "with_hidden": with_hidden,
            "offset": offset,
            "limit": limit,
        },
    )
    return [_data_request(row) for row in rows]


def count(
    tx: Tx,
    *,
    states: Sequence[DataRequestState],
    department_id: OrganizationId | None,
    with_hidden: bool,
) -> int:
    """How many wishes `ranked` would give on all pages."""
    row = tx.execute(
        """
        SELECT count(*) AS requests
          FROM catalog.data_requests
         WHERE state = ANY (%(states)s)
           AND (%(department_id)s::uuid IS NULL OR department_id = %(department_id)s)
           AND (%(with_hidden)s OR hidden_reason = '')
        """,
        {"states": list(states), "department_id": department_id, "with_hidden": with_hidden},
    ).fetchone()
    assert row is not None
    requests: int = row["requests"]
    return requests


def waiting_at(
    tx: Tx, department_ids: Sequence[OrganizationId], *, with_unrouted: bool, limit: int
) -> list[DataRequest]:
    """Open wishes that these departments, or (unrouted) nobody yet, has to answer; by day due."""
    rows = tx.execute(
        """
        SELECT asked.*,
               (SELECT count(*) FROM catalog.data_request_joins WHERE request_id = asked.id)
                   AS joined
          FROM catalog.data_requests AS asked
         WHERE asked.state = 'open'
           AND asked.hidden_reason = ''
           AND (asked.department_id = ANY (%(department_ids)s)
                OR (%(with_unrouted)s AND asked.department_id IS NULL))
         ORDER BY asked.due_on, asked.id
         LIMIT %(limit)s
        """,
        {
            "department_ids": list(department_ids),
            "with_unrouted": with_unrouted,
            "limit": limit,
        },
    )
    return [_data_request(row) for row in rows]


def update_data_request(tx: Tx, request: DataRequest, *, by: UserId | None) -> None:
    """Write the answer, the department and whether it is hidden."""
    tx.execute(
        """
        UPDATE catalog.data_requests
           SET department_id = %(department_id)s,
               state = %(state)s,
               answer = %(answer)s,
               legal_basis = %(legal_basis)s,
               dataset_id = %(dataset_id)s,
               promised_on = %(promised_on)s,
               answered_by = coalesce(answered_by, %(by)s),
               answered_at = %(answered_at)s,
               hidden_reason = %(hidden_reason)s
         WHERE id = %(id)s
        """,
        {
            "id": request.id,
            "department_id": request.department_id,
            "state": request.state,
            "answer": request.answer,
            "legal_basis": request.legal_basis,
            "dataset_id": request.dataset_id,
            "promised_on": request.promised_on,
            "by": by,
            "answered_at": request.answered_at,
            "hidden_reason": request.hidden_reason,
        },
    )


def insert_join(tx: Tx, request_id: DataRequestId, *, by: UserId, at: datetime) -> bool:
    """Add somebody to those who ask for it; False where they do already."""
    inserted = tx.execute(
        """
        INSERT INTO catalog.data_request_joins (request_id, user_id, joined_at)
        VALUES (%(request_id)s, %(by)s, %(at)s)
            ON CONFLICT DO NOTHING
        """,
        {"request_id": request_id, "by": by, "at": at},
    )
    return inserted.rowcount == 1


def delete_join(tx: Tx, request_id: DataRequestId, *, by: UserId) -> None:
    """Take somebody out of those who ask for it."""
    tx.execute(
        """
        DELETE FROM catalog.data_request_joins
         WHERE request_id = %(request_id)s
           AND user_id = %(by)s
        """,
        {"request_id": request_id, "by": by},
    )


def joined_by(
    tx: Tx, user_id: UserId, request_ids: Sequence[DataRequestId]
) -> frozenset[DataRequestId]:
    """Those of these wishes that somebody asks for."""
    rows = tx.execute(
        """
        SELECT request_id
          FROM catalog.data_request_joins
         WHERE user_id = %(user_id)s
           AND request_id = ANY (%(request_ids)s)
         ORDER BY request_id
        """,
        {"user_id": user_id, "request_ids": list(request_ids)},
    )
    return frozenset(DataRequestId(row["request_id"]) for row in rows)


def asked_since(tx: Tx, user_id: UserId, since: datetime) -> int:
    """How many wishes somebody made after `since`."""
    row = tx.execute(
        """
        SELECT count(*) AS requests
          FROM catalog.data_requests
         WHERE asked_by = %(user_id)s
           AND asked_at > %(since)s
        """,
        {"user_id": user_id, "since": since},
    ).fetchone()
    assert row is not None
    requests: int = row["requests"]
    return requests


def duties(tx: Tx) -> list[tuple[OrganizationId, str]]:
    """Every department's duties, in their order."""
    rows = tx.execute(
        """
        SELECT organization_id, words
          FROM catalog.duties
         ORDER BY organization_id, position
        """
    )
    return [(row["organization_id"], row["words"]) for row in rows]


def duties_of(tx: Tx, organization_id: OrganizationId) -> list[str]:
    """One department's duties, in their order."""
    rows = tx.execute(
        """
        SELECT words
          FROM catalog.duties
         WHERE organization_id = %(organization_id)s
         ORDER BY position
        """,
        {"organization_id": organization_id},
    )
    return [row["words"] for row in rows]


def set_duties(tx: Tx, organization_id: OrganizationId, lines: Sequence[str]) -> None:
    """Replace a department's duties."""
    tx.execute(
        """
        DELETE FROM catalog.duties
         WHERE organization_id = %(organization_id)s
        """,
        {"organization_id": organization_id},
    )
    tx.execute(
        """
        INSERT INTO catalog.duties (organization_id, position, words)
        SELECT %(organization_id)s, position, words
          FROM unnest(%(lines)s::text[]) WITH ORDINALITY AS line (words, position)
        """,
        {"organization_id": organization_id, "lines": list(lines)},
    )


def words_held(tx: Tx, words: Sequence[str]) -> Mapping[OrganizationId, int]:
    """How many of these words stand in what each department publishes for everybody."""
    rows = tx.execute(
        """
        SELECT publisher_id, count(DISTINCT word) AS words
          FROM catalog.datasets AS dataset
          JOIN unnest(%(words)s::text[]) AS word
            ON position(word IN lower(concat_ws(
                   ' ', dataset.title ->> 'zh', dataset.title ->> 'en',
                   array_to_string(dataset.keywords, ' '),
                   (SELECT string_agg(concat_ws(' ', theme.title ->> 'zh', theme.title ->> 'en'),
                                      ' ' ORDER BY theme.slug)
                      FROM catalog.dataset_themes AS held
                      JOIN catalog.themes AS theme ON theme.id = held.theme_id
                     WHERE held.dataset_id = dataset.id
                       AND NOT theme.is_removed)))) > 0
         WHERE dataset.state = 'published'
           AND dataset.audience = 'public'
         GROUP BY publisher_id
         ORDER BY publisher_id
        """,
        {"words": list(words)},
    )
    return {row["publisher_id"]: row["words"] for row in rows}


def provisional(tx: Tx) -> list[tuple[DataRequestId, datetime]]:
    """Open wishes whose day is provisional, with the start of their clocks; held for a change."""
    rows = tx.execute(
        """
        SELECT id, asked_at
          FROM catalog.data_requests
         WHERE state = 'open'
           AND is_due_provisional
         ORDER BY id
           FOR UPDATE
        """
    )
    return [(DataRequestId(row["id"]), row["asked_at"]) for row in rows]


def set_due(tx: Tx, request_id: DataRequestId, due: DueDate) -> None:
    """Write the day by which a wish is to be answered."""
    tx.execute(
        """
        UPDATE catalog.data_requests
           SET due_on = %(day)s,
               is_due_provisional = %(is_provisional)s
         WHERE id = %(id)s
        """,
        {"id": request_id, "day": due.day, "is_provisional": due.is_provisional},
    )


def overdue_count(tx: Tx, today: date) -> int:
    """Open wishes whose certain day is over."""
    row = tx.execute(
        """
        SELECT count(*) AS found
          FROM catalog.data_requests
         WHERE state = 'open'
           AND hidden_reason = ''
           AND NOT is_due_provisional
           AND due_on < %(today)s
        """,
        {"today": today},
    ).fetchone()
    assert row is not None
    return int(row["found"])


def count_unmet(tx: Tx, folded: str, *, at: datetime) -> None:
    """Count one more search that found nothing."""
    tx.execute(
        """
        INSERT INTO catalog.unmet_queries (folded, times, last_at)
        VALUES (%(folded)s, 1, %(at)s)
            ON CONFLICT (folded) DO UPDATE
           SET times = unmet_queries.times + 1,
               last_at = greatest(unmet_queries.last_at, excluded.last_at)
        """,
        {"folded": folded, "at": at},
    )


def forget_rarest(tx: Tx, *, kept: int) -> None:
    """Drop what was looked for least and longest ago, beyond `kept` queries."""
    tx.execute(
        """
        DELETE FROM catalog.unmet_queries
         WHERE folded IN (SELECT folded
                            FROM catalog.unmet_queries
                           ORDER BY times DESC, last_at DESC, folded
                          OFFSET %(kept)s)
        """,
        {"kept": kept},
    )


def unmet(tx: Tx, *, limit: int) -> list[tuple[str, int, datetime]]:
    """What was looked for in vain: words, how often, when last; the most frequent first."""
    rows = tx.execute(
        """
        SELECT folded, times, last_at
          FROM catalog.unmet_queries
         ORDER BY times DESC, last_at DESC, folded
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [(row["folded"], row["times"], row["last_at"]) for row in rows]


def _data_request(row: DictRow) -> DataRequest:
    promised_on: date | None = row["promised_on"]
    dataset_id = row["dataset_id"]
    return DataRequest(
        id=DataRequestId(row["id"]),
        title=row["title"],
        detail=row["detail"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        department_id=row["department_id"],
        due=DueDate(row["due_on"], row["is_due_provisional"]),
        state=DataRequestState(row["state"]),
        joined=row["joined"],
        answer=row["answer"],
        legal_basis=row["legal_basis"],
        dataset_id=None if dataset_id is None else DatasetId(dataset_id),
        promised_on=promised_on,
        answered_at=row["answered_at"],
        hidden_reason=row["hidden_reason"],
    )
