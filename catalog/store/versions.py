# ruff: noqa: S608  What statements are put together with is `VERSION`, a text of this file.
"""Tables `catalog.versions` and `catalog.version_files`."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from catalog.version import (
    Column,
    Reading,
    UploadId,
    Verdict,
    Version,
    VersionFile,
    VersionKind,
    VersionState,
    WithdrawalReason,
)
from catalog.way_in import Change
from policies.database import Tx
from policies.terms import UserId, VersionId

VERSION = (
    "version.id, version.distribution_id, version.number, version.upload_id, "
    "version.delta_version, version.digest, version.columns, version.reading, "
    "version.row_count, version.size_bytes, version.created_at, version.verdict, "
    "version.report_id, version.assessed_at, version.state, version.state_reason, "
    "version.submitted_by, version.submitted_at, version.published_by, "
    "version.published_under, version.published_at, version.kind, version.parent_id, "
    "version.offered_under, version.is_dropped, version.withdrawal_reason, "
    "version.withdrawn_at, version.removed_at, version.change"
)
"""What `version_of` reads of `catalog.versions AS version`: a new column is listed here alone."""


def insert_version(tx: Tx, version: Version) -> None:
    """Add a version that was not assessed yet."""
    tx.execute(
        """
        INSERT INTO catalog.versions
               (id, distribution_id, number, upload_id, delta_version, digest, columns, reading,
                row_count, size_bytes, created_at, state, kind, parent_id, offered_under,
                change)
        VALUES (%(id)s, %(distribution_id)s, %(number)s, %(upload_id)s, %(delta_version)s,
                %(digest)s, %(columns)s, %(reading)s, %(row_count)s, %(size_bytes)s,
                %(created_at)s, %(state)s, %(kind)s, %(parent_id)s, %(offered_under)s,
                %(change)s)
        """,
        {
            "id": version.id,
            "distribution_id": version.distribution_id,
            "number": version.number,
            "upload_id": version.upload_id,
            "delta_version": version.delta_version,
            "digest": version.digest,
            "columns": Jsonb([column.as_json() for column in version.columns]),
            "reading": Jsonb(version.reading.as_json()),
            "row_count": version.row_count,
            "size_bytes": version.size_bytes,
            "created_at": version.created_at,
            "state": version.state,
            "kind": version.kind,
            "parent_id": version.parent_id,
            "offered_under": version.offered_under,
            "change": None if version.change is None else Jsonb(version.change.as_json()),
        },
    )


def insert_files(tx: Tx, version_id: VersionId, files: Sequence[VersionFile]) -> None:
    """Add the files of a version, in the order of its rows."""
    tx.execute(
        """
        INSERT INTO catalog.version_files
               (version_id, position, path, sha256, size_bytes, row_count)
        SELECT %(version_id)s, position, path, sha256, size_bytes, row_count
          FROM unnest(%(paths)s::text[], %(sha256s)s::text[], %(sizes)s::bigint[],
                      %(row_counts)s::bigint[])
               WITH ORDINALITY AS file (path, sha256, size_bytes, row_count, position)
        """,
        {
            "version_id": version_id,
            "paths": [file.path for file in files],
            "sha256s": [file.sha256 for file in files],
            "sizes": [file.size_bytes for file in files],
            "row_counts": [file.row_count for file in files],
        },
    )


def files_of(tx: Tx, version_id: VersionId) -> list[VersionFile]:
    """The files of a version, in the order of its rows."""
    rows = tx.execute(
        """
        SELECT path, sha256, size_bytes, row_count
          FROM catalog.version_files
         WHERE version_id = %(version_id)s
         ORDER BY position
        """,
        {"version_id": version_id},
    )
    return [
        VersionFile(row["path"], row["sha256"], row["size_bytes"], row["row_count"]) for row in rows
    ]


def paths_kept(tx: Tx, distribution_id: DistributionId) -> set[str]:
    """Paths of every file that some version of the distribution consists of."""
    rows = tx.execute(
        """
        SELECT DISTINCT path
          FROM catalog.version_files AS file
          JOIN catalog.versions AS version ON version.id = file.version_id
         WHERE distribution_id = %(distribution_id)s
         ORDER BY path
        """,
        {"distribution_id": distribution_id},
    )
    return {row["path"] for row in rows}


def distributions_with_versions(tx: Tx) -> list[DistributionId]:
    """Every distribution that an upload or a step was ever read into."""
    rows = tx.execute(
        """
        SELECT distribution_id FROM catalog.versions
         UNION
        SELECT distribution_id FROM catalog.uploads
         ORDER BY distribution_id
        """
    )
    return [row["distribution_id"] for row in rows]


def delta_versions_kept(tx: Tx, distribution_id: DistributionId) -> list[int]:
    """Delta versions of the distribution's versions whose bytes are kept."""
    rows = tx.execute(
        """
        SELECT DISTINCT delta_version
          FROM catalog.versions
         WHERE distribution_id = %(distribution_id)s
           AND removed_at IS NULL
           AND kind <> 'document'
         ORDER BY delta_version
        """,
        {"distribution_id": distribution_id},
    )
    return [row["delta_version"] for row in rows]


def hold_version(tx: Tx, version_id: VersionId) -> None:
    """Have the version's bytes kept until the transaction ends, so that a receipt can name it."""
    tx.execute(
        """
        SELECT 1
          FROM catalog.versions
         WHERE id = %(id)s
           FOR KEY SHARE
        """,
        {"id": version_id},
    )


def get_version(tx: Tx, version_id: VersionId) -> Version | None:
    """The version; None where there is none."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE id = %(id)s
        """,
        {"id": version_id},
    ).fetchone()
    return None if row is None else version_of(row)


def lock_version(tx: Tx, version_id: VersionId) -> Version | None:
    """The version, which nobody else changes until the transaction ends."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": version_id},
    ).fetchone()
    return None if row is None else version_of(row)


def version_of_upload(tx: Tx, upload_id: UploadId) -> Version | None:
    """The version that an upload became; None while there is none."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE upload_id = %(upload_id)s
        """,
        {"upload_id": upload_id},
    ).fetchone()
    return None if row is None else version_of(row)


def child_of_kind(tx: Tx, version_id: VersionId, kind: VersionKind) -> Version | None:
    """The version of that kind that was made of another one; None while there is none."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE parent_id = %(version_id)s
           AND kind = %(kind)s
         ORDER BY number
         LIMIT 1
        """,
        {"version_id": version_id, "kind": kind},
    ).fetchone()
    return None if row is None else version_of(row)


def versions_of(tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int) -> list[Version]:
    """Versions of tables, newest first; of the steps only what is newest of all."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = ANY (%(distribution_ids)s)
           AND NOT is_dropped
           AND kind <> 'document'
           AND (kind <> 'step'
                OR number = (SELECT max(newest.number)
                               FROM catalog.versions AS newest
                              WHERE newest.distribution_id = version.distribution_id))
         ORDER BY created_at DESC, number DESC, id
         LIMIT %(limit)s
        """,
        {"distribution_ids": list(distribution_ids), "limit": limit},
    )
    return [version_of(row) for row in rows]


def published_versions_of(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int
) -> list[Version]:
    """Published versions of the tables of these distributions, newest first."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = ANY (%(distribution_ids)s)
           AND state = 'published'
           AND NOT is_dropped
           AND kind <> 'document'
         ORDER BY created_at DESC, number DESC, id
         LIMIT %(limit)s
        """,
        {"distribution_ids": list(distribution_ids), "limit": limit},
    )
    return [version_of(row) for row in rows]


def lock_newest_versions(tx: Tx, distribution_ids: Sequence[DistributionId]) -> list[Version]:
    """The newest version of each distribution that has one, locked; steps do not count."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = ANY (%(distribution_ids)s)
           AND kind <> 'step'
           AND NOT is_dropped
           AND NOT EXISTS (SELECT 1
                             FROM catalog.versions AS newer
                            WHERE newer.distribution_id = version.distribution_id
                              AND newer.kind <> 'step'
                              AND newer.number > version.number)
         ORDER BY distribution_id
           FOR UPDATE
        """,
        {"distribution_ids": list(distribution_ids)},
    )
    return [version_of(row) for row in rows]


def lock_versions_in(
    tx: Tx, distribution_ids: Sequence[DistributionId], state: VersionState
) -> list[Version]:
    """The versions of these distributions that are in a state, locked."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = ANY (%(distribution_ids)s)
           AND state = %(state)s
         ORDER BY distribution_id, number
           FOR UPDATE
        """,
        {"distribution_ids": list(distribution_ids), "state": state},
    )
    return [version_of(row) for row in rows]


def newest_version(tx: Tx, distribution_id: DistributionId) -> Version | None:
    """The newest version, whoever may read it; None where there is none or the table is gone."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND kind <> 'document'
         ORDER BY number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None or row["is_dropped"] else version_of(row)


def newest_left(tx: Tx, distribution_id: DistributionId) -> Version | None:
    """The newest version that was neither withdrawn by itself nor removed; None where none is."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND withdrawn_at IS NULL
           AND removed_at IS NULL
           AND NOT is_dropped
           AND kind <> 'document'
         ORDER BY number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else version_of(row)


def newest_in_effect(tx: Tx, distribution_id: DistributionId) -> Version | None:
    """The newest version that was neither withdrawn nor held back by the gate; None for none."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND withdrawn_at IS NULL
           AND removed_at IS NULL
           AND NOT is_dropped
           AND kind <> 'document'
           AND state <> 'withdrawn'
           AND verdict IS DISTINCT FROM 'blocked'
         ORDER BY number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else version_of(row)


def newest_offered(tx: Tx, distribution_id: DistributionId) -> Version | None:
    """The newest version left that a profile lets everybody read unchecked; None where none is."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND offered_under IS NOT NULL
           AND withdrawn_at IS NULL
           AND removed_at IS NULL
           AND NOT is_dropped
           AND kind <> 'document'
         ORDER BY number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else version_of(row)


def take_back_offers(tx: Tx, distribution_id: DistributionId) -> None:
    """Let nobody read what is not published, by whatever profile they could."""
    tx.execute(
        """
        UPDATE catalog.versions
           SET offered_under = NULL
         WHERE distribution_id = %(distribution_id)s
           AND offered_under IS NOT NULL
           AND state <> 'published'
        """,
        {"distribution_id": distribution_id},
    )


def version_numbered(tx: Tx, distribution_id: DistributionId, number: int) -> Version | None:
    """The version of that number; None where there is none."""
    row = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND number = %(number)s
        """,
        {"distribution_id": distribution_id, "number": number},
    ).fetchone()
    return None if row is None else version_of(row)


def versions_with_digest(
    tx: Tx, distribution_id: DistributionId, digest: str, *, limit: int
) -> list[Version]:
    """Versions of that content, newest first."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = %(distribution_id)s
           AND digest = %(digest)s
         ORDER BY number DESC
         LIMIT %(limit)s
        """,
        {"distribution_id": distribution_id, "digest": digest, "limit": limit},
    )
    return [version_of(row) for row in rows]


def withdrawn_versions_of(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int
) -> list[Version]:
    """Versions that everybody read before they were withdrawn by themselves, newest first."""
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
         WHERE distribution_id = ANY (%(distribution_ids)s)
           AND withdrawn_at IS NOT NULL
           AND published_at IS NOT NULL
         ORDER BY created_at DESC, number DESC, id
         LIMIT %(limit)s
        """,
        {"distribution_ids": list(distribution_ids), "limit": limit},
    )
    return [version_of(row) for row in rows]


def neighbours(
    tx: Tx, distribution_id: DistributionId, number: int, *, with_unpublished: bool
) -> tuple[int | None, int | None, int | None]:
    """Numbers of the newest version, of the one before `number` and of the one after it.

    Only versions whose rows are left count, and steps only where they are the newest.
    """
    row = tx.execute(
        """
        SELECT max(number) AS latest,
               max(number) FILTER (WHERE number < %(number)s AND kind <> 'step') AS before,
               min(number) FILTER (WHERE number > %(number)s AND kind <> 'step') AS after
          FROM catalog.versions
         WHERE distribution_id = %(distribution_id)s
           AND withdrawn_at IS NULL
           AND removed_at IS NULL
           AND NOT is_dropped
           AND (%(with_unpublished)s OR state = 'published')
        """,
        {
            "distribution_id": distribution_id,
            "number": number,
            "with_unpublished": with_unpublished,
        },
    ).fetchone()
    assert row is not None
    return row["latest"], row["before"], row["after"]


def withdraw_version(tx: Tx, version: Version, *, by: UserId | None) -> None:
    """Write that a version was withdrawn by itself."""
    assert version.withdrawal is not None
    tx.execute(
        """
        UPDATE catalog.versions
           SET state = %(state)s,
               state_reason = %(state_reason)s,
               withdrawal_reason = %(reason)s,
               withdrawn_at = %(at)s,
               withdrawn_by = %(by)s
         WHERE id = %(id)s
        """,
        {
            "id": version.id,
            "state": version.state,
            "state_reason": version.state_reason,
            "reason": version.withdrawal,
            "at": version.withdrawn_at,
            "by": by,
        },
    )


def newest_number(tx: Tx, distribution_id: DistributionId) -> int:
    """Number of the newest version; 0 where there is none."""
    row = tx.execute(
        """
        SELECT coalesce(max(number), 0) AS number
          FROM catalog.versions
         WHERE distribution_id = %(distribution_id)s
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    assert row is not None
    number: int = row["number"]
    return number


def update_version(tx: Tx, version: Version) -> None:
    """Write a version's verdict and state; everything else of it never changes."""
    tx.execute(
        """
        UPDATE catalog.versions
           SET verdict = %(verdict)s,
               report_id = %(report_id)s,
               assessed_at = %(assessed_at)s,
               state = %(state)s,
               state_reason = %(state_reason)s,
               submitted_by = %(submitted_by)s,
               submitted_at = %(submitted_at)s,
               published_by = %(published_by)s,
               published_under = %(published_under)s,
               published_at = %(published_at)s
         WHERE id = %(id)s
        """,
        {
            "id": version.id,
            "verdict": version.verdict,
            "report_id": version.report_id,
            "assessed_at": version.assessed_at,
            "state": version.state,
            "state_reason": version.state_reason,
            "submitted_by": version.submitted_by,
            "submitted_at": version.submitted_at,
            "published_by": version.published_by,
            "published_under": version.published_under,
            "published_at": version.published_at,
        },
    )


def version_of(row: DictRow) -> Version:
    """The version in a row that has all its columns."""
    return Version(
        id=row["id"],
        distribution_id=row["distribution_id"],
        number=row["number"],
        upload_id=row["upload_id"],
        delta_version=row["delta_version"],
        digest=row["digest"],
        columns=tuple(Column.from_json(column) for column in row["columns"]),
        reading=Reading.from_json(row["reading"]),
        row_count=row["row_count"],
        size_bytes=row["size_bytes"],
        created_at=row["created_at"],
        state=VersionState(row["state"]),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        report_id=row["report_id"],
        assessed_at=row["assessed_at"],
        state_reason=row["state_reason"],
        submitted_by=row["submitted_by"],
        submitted_at=row["submitted_at"],
        published_by=row["published_by"],
        published_under=row["published_under"],
        published_at=row["published_at"],
        kind=VersionKind(row["kind"]),
        parent_id=row["parent_id"],
        offered_under=row["offered_under"],
        is_dropped=row["is_dropped"],
        withdrawal=None
        if row["withdrawal_reason"] is None
        else WithdrawalReason(row["withdrawal_reason"]),
        withdrawn_at=row["withdrawn_at"],
        removed_at=row["removed_at"],
        change=None if row["change"] is None else Change.from_json(row["change"]),
    )
