"""Table `catalog.public_records`, and pages of the records that a feed hands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.audience import Audience
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


@dataclass(frozen=True, slots=True)
class PublicRecord:
    """A record that everybody was told of, and whether they still may know it."""

    dataset_id: DatasetId
    is_public: bool
    changed_at: datetime


def published_page(
    tx: Tx, audience: Audience, *, since: datetime | None, offset: int, limit: int
) -> list[DatasetId]:
    """Ids of the published records that the audience sees, in their order."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.datasets AS dataset
         WHERE dataset.state = 'published'
           AND coalesce(dataset.directory ->> 'is_classified', 'false') <> 'true'
           AND (%(since)s::timestamptz IS NULL OR dataset.modified_at >= %(since)s)
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.id
        OFFSET %(offset)s
         LIMIT %(limit)s
        """,
        {"since": since, "offset": offset, "limit": limit, **_of(audience)},
    )
    return [row["id"] for row in rows]


def published_count(
    tx: Tx, audience: Audience, *, since: datetime | None
) -> tuple[int, datetime | None]:
    """How many published records the audience sees, and when the last of them changed."""
    row = tx.execute(
        """
        SELECT count(*) AS total,
               max(dataset.modified_at) AS modified_at
          FROM catalog.datasets AS dataset
         WHERE dataset.state = 'published'
           AND coalesce(dataset.directory ->> 'is_classified', 'false') <> 'true'
           AND (%(since)s::timestamptz IS NULL OR dataset.modified_at >= %(since)s)
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
        """,
        {"since": since, **_of(audience)},
    ).fetchone()
    assert row is not None
    return row["total"], row["modified_at"]


def public_state(tx: Tx) -> tuple[int, datetime | None]:
    """How many records are public, and when one last changed, came or went."""
    row = tx.execute(
        """
        SELECT count(*) FILTER (WHERE is_public) AS total,
               max(changed_at) AS changed_at
          FROM catalog.public_records
        """
    ).fetchone()
    assert row is not None
    return row["total"], row["changed_at"]


def published_among(
    tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience, *, since: datetime | None
) -> list[tuple[DatasetId, datetime]]:
    """Those of these that are published and that the audience sees, in the order of ids, with the
    times when they changed.
    """
    rows = tx.execute(
        """
        SELECT dataset.id, dataset.modified_at
          FROM catalog.datasets AS dataset
         WHERE dataset.id = ANY (%(ids)s)
           AND dataset.state = 'published'
           AND coalesce(dataset.directory ->> 'is_classified', 'false') <> 'true'
           AND (%(since)s::timestamptz IS NULL OR dataset.modified_at >= %(since)s)
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.id
        """,
        {"ids": list(dataset_ids), "since": since, **_of(audience)},
    )
    return [(row["id"], row["modified_at"]) for row in rows]


def public_ids_after(tx: Tx, after: DatasetId | None, *, limit: int) -> list[DatasetId]:
    """Ids of the records that everybody may know, in their order, those after `after`."""
    rows = tx.execute(
        """
        SELECT dataset_id
          FROM catalog.public_records
         WHERE is_public
           AND (%(after)s::uuid IS NULL OR dataset_id > %(after)s)
         ORDER BY dataset_id
         LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
    )
    return [row["dataset_id"] for row in rows]


def public_records_of(tx: Tx, dataset_ids: Sequence[UUID]) -> dict[UUID, PublicRecord]:
    """What everybody was told of these; those that nobody was told of are left out."""
    rows = tx.execute(
        """
        SELECT dataset_id, is_public, changed_at
          FROM catalog.public_records
         WHERE dataset_id = ANY (%(ids)s)
         ORDER BY dataset_id
        """,
        {"ids": list(dataset_ids)},
    )
    return {row["dataset_id"]: _record(row) for row in rows}


def public_records_between(
    tx: Tx,
    *,
    since: datetime | None,
    until: datetime | None,
    publisher_slug: str | None,
    after: tuple[datetime, DatasetId] | None,
    limit: int,
) -> list[PublicRecord]:
    """What everybody was told of and changed in that time, in the order of the changes.

    Times are whole seconds, `until` with all of its second. A publisher's are those still public.
    """
    changed_at, last_id = after if after is not None else (None, None)
    rows = tx.execute(
        """
        SELECT told.dataset_id, told.is_public, told.changed_at
          FROM catalog.public_records AS told
         WHERE (%(since)s::timestamptz IS NULL OR told.changed_at >= %(since)s)
           AND (%(until)s::timestamptz IS NULL
                OR told.changed_at < %(until)s::timestamptz + INTERVAL '1 second')
           AND (%(last_id)s::uuid IS NULL
                OR (told.changed_at, told.dataset_id) > (%(changed_at)s, %(last_id)s))
           AND (%(publisher)s::text IS NULL
                OR (told.is_public
                    AND EXISTS (SELECT 1
                                  FROM catalog.datasets AS dataset
                                  JOIN policies.organizations AS publisher
                                    ON publisher.id = dataset.publisher_id
                                 WHERE dataset.id = told.dataset_id
                                   AND publisher.slug = %(publisher)s)))
         ORDER BY told.changed_at, told.dataset_id
         LIMIT %(limit)s
        """,
        {
            "since": since,
            "until": until,
            "publisher": publisher_slug,
            "changed_at": changed_at,
            "last_id": last_id,
            "limit": limit,
        },
    )
    return [_record(row) for row in rows]


def earliest_change(tx: Tx) -> datetime | None:
    """When the first of all that everybody was told of changed; None where there is nothing."""
    row = tx.execute("SELECT min(changed_at) AS changed_at FROM catalog.public_records").fetchone()
    assert row is not None
    found: datetime | None = row["changed_at"]
    return found


def publishers_of_public(tx: Tx, *, limit: int) -> list[OrganizationId]:
    """The organisations that publish what everybody may know, by name."""
    rows = tx.execute(
        """
        SELECT publisher.id
          FROM policies.organizations AS publisher
         WHERE EXISTS (SELECT 1
                         FROM catalog.datasets AS dataset
                        WHERE dataset.publisher_id = publisher.id
                          AND catalog.is_public(dataset))
           AND publisher.id <> '00000000-0000-0000-0000-000000000000'
         ORDER BY publisher.slug
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [row["id"] for row in rows]


def _record(row: dict[str, Any]) -> PublicRecord:
    return PublicRecord(row["dataset_id"], row["is_public"], row["changed_at"])


def _of(audience: Audience) -> dict[str, object]:
    return {
        "member_of": list(audience.member_of),
        "oversees": audience.oversees,
        "departments": audience.is_department,
        "reader": audience.user_id,
    }
