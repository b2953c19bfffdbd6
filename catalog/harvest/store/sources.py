"""Tables `catalog.harvest_sources` and `catalog.harvest_log`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.harvest.run import LogKind, LogLine, RunId
from catalog.harvest.source import (
    HarvestSource,
    Matching,
    Schedule,
    SourceId,
    SourceKind,
    Validators,
    Wishes,
)
from catalog.view import Json
from policies.database import Tx
from policies.terms import OrganizationId, Text, UserId


def insert_source(tx: Tx, source: HarvestSource) -> None:
    """Add a source."""
    tx.execute(
        """
        INSERT INTO catalog.harvest_sources
               (id, publisher_id, title, kind, address, schedule, matching, guard_permille,
                options, created_by, created_at, changed_by, modified_at, next_at)
        VALUES (%(id)s, %(publisher_id)s, %(title)s, %(kind)s, %(address)s, %(schedule)s,
                %(matching)s, %(guard_permille)s, %(options)s, %(created_by)s, %(created_at)s,
                %(changed_by)s, %(modified_at)s, %(next_at)s)
        """,
        {**_values(source), "created_by": source.created_by, "created_at": source.created_at},
    )


def update_source(tx: Tx, source: HarvestSource) -> None:
    """Write a source as it stands now."""
    tx.execute(
        """
        UPDATE catalog.harvest_sources
           SET title = %(title)s,
               kind = %(kind)s,
               address = %(address)s,
               blob_sha256 = %(blob_sha256)s,
               file_name = %(file_name)s,
               schedule = %(schedule)s,
               matching = %(matching)s,
               guard_permille = %(guard_permille)s,
               options = %(options)s,
               is_paused = %(is_paused)s,
               changed_by = %(changed_by)s,
               modified_at = %(modified_at)s,
               approved_by = %(approved_by)s,
               approved_at = %(approved_at)s,
               next_at = %(next_at)s,
               validators = %(validators)s,
               last_run_id = %(last_run_id)s
         WHERE id = %(id)s
        """,
        _values(source),
    )


def get_source(tx: Tx, source_id: SourceId) -> HarvestSource | None:
    """The source; None where there is none."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_sources
         WHERE id = %(id)s
        """,
        {"id": source_id},
    ).fetchone()
    return None if row is None else _source(row)


def lock_source(tx: Tx, source_id: SourceId) -> HarvestSource | None:
    """The source, which nobody else changes until the transaction ends."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_sources
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": source_id},
    ).fetchone()
    return None if row is None else _source(row)


def sources_of(
    tx: Tx, publisher_ids: Sequence[OrganizationId] | None, *, limit: int
) -> list[HarvestSource]:
    """Sources of these publishers, or (None) of all, newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_sources
         WHERE %(publisher_ids)s::uuid[] IS NULL
            OR publisher_id = ANY (%(publisher_ids)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {
            "publisher_ids": None if publisher_ids is None else list(publisher_ids),
            "limit": limit,
        },
    )
    return [_source(row) for row in rows]


def lock_due_sources(tx: Tx, at: datetime, *, limit: int) -> list[HarvestSource]:
    """Approved sources whose time has come and that no other scheduler holds, longest due first."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_sources
         WHERE next_at <= %(at)s
           AND approved_at IS NOT NULL
           AND NOT is_paused
         ORDER BY next_at, id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
        """,
        {"at": at, "limit": limit},
    )
    return [_source(row) for row in rows]


def insert_log(
    tx: Tx,
    source_id: SourceId,
    kind: LogKind,
    *,
    facts: Mapping[str, Json],
    run_id: RunId | None,
    by_user: UserId | None,
    at: datetime,
) -> None:
    """Add a line to a source's log."""
    tx.execute(
        """
        INSERT INTO catalog.harvest_log (source_id, run_id, at, kind, facts, by_user)
        VALUES (%(source_id)s, %(run_id)s, %(at)s, %(kind)s, %(facts)s, %(by_user)s)
        """,
        {
            "source_id": source_id,
            "run_id": run_id,
            "at": at,
            "kind": kind,
            "facts": Jsonb(dict(facts)),
            "by_user": by_user,
        },
    )


def log_of(tx: Tx, source_id: SourceId, *, limit: int) -> list[LogLine]:
    """What happened with a source, newest first."""
    rows = tx.execute(
        """
        SELECT log.at, log.kind, log.facts, log.run_id, run.number, log.by_user
          FROM catalog.harvest_log AS log
          LEFT JOIN catalog.harvest_runs AS run ON run.id = log.run_id
         WHERE log.source_id = %(source_id)s
         ORDER BY log.id DESC
         LIMIT %(limit)s
        """,
        {"source_id": source_id, "limit": limit},
    )
    return [
        LogLine(
            at=row["at"],
            kind=LogKind(row["kind"]),
            facts=row["facts"],
            run_id=row["run_id"],
            run_number=row["number"],
            by_user=row["by_user"],
        )
        for row in rows
    ]


def _values(source: HarvestSource) -> dict[str, object]:
    wishes = source.wishes
    return {
        "id": source.id,
        "publisher_id": source.publisher_id,
        "title": Jsonb(wishes.title.as_map()),
        "kind": wishes.kind,
        "address": wishes.address,
        "blob_sha256": source.blob_sha256,
        "file_name": source.file_name,
        "schedule": wishes.schedule,
        "matching": wishes.matching,
        "guard_permille": wishes.guard_permille,
        "options": Jsonb(dict(wishes.options)),
        "is_paused": source.is_paused,
        "changed_by": source.changed_by,
        "modified_at": source.modified_at,
        "approved_by": source.approved_by,
        "approved_at": source.approved_at,
        "next_at": source.next_at,
        "validators": Jsonb(source.validators.as_json()),
        "last_run_id": source.last_run_id,
    }


def _source(row: DictRow) -> HarvestSource:
    return HarvestSource(
        id=row["id"],
        publisher_id=row["publisher_id"],
        wishes=Wishes(
            title=Text.from_map(row["title"]),
            kind=SourceKind(row["kind"]),
            address=row["address"],
            schedule=Schedule(row["schedule"]),
            matching=Matching(row["matching"]),
            guard_permille=row["guard_permille"],
            options=row["options"],
        ),
        created_by=row["created_by"],
        created_at=row["created_at"],
        changed_by=row["changed_by"],
        modified_at=row["modified_at"],
        blob_sha256=row["blob_sha256"],
        file_name=row["file_name"],
        is_paused=row["is_paused"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        next_at=row["next_at"],
        validators=Validators.from_json(row["validators"]),
        last_run_id=row["last_run_id"],
    )
