"""Table `catalog.harvested_records`, and datasets as a harvest finds, writes and restores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from catalog.dataset import Distribution
from catalog.harvest.changes import KnownRecord
from catalog.harvest.remote_record import RemoteRecord
from catalog.harvest.source import SourceId
from catalog.view import Json
from policies.database import Tx
from policies.terms import DatasetId


def known_records(tx: Tx, source_id: SourceId) -> list[KnownRecord]:
    """What a source said last of each of its records, by identifier."""
    rows = tx.execute(
        """
        SELECT dataset_id, remote, gone_at
          FROM catalog.harvested_records
         WHERE source_id = %(source_id)s
         ORDER BY identifier, dataset_id
        """,
        {"source_id": source_id},
    )
    return [
        KnownRecord(
            row["dataset_id"], RemoteRecord.from_json(row["remote"]), row["gone_at"] is not None
        )
        for row in rows
    ]


def known_record(tx: Tx, dataset_id: DatasetId) -> KnownRecord | None:
    """What its source said last of a dataset; None where it was not harvested."""
    row = tx.execute(
        """
        SELECT dataset_id, remote, gone_at
          FROM catalog.harvested_records
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    if row is None:
        return None
    return KnownRecord(
        row["dataset_id"], RemoteRecord.from_json(row["remote"]), row["gone_at"] is not None
    )


def identifiers_elsewhere(
    tx: Tx, source_id: SourceId, identifiers: Sequence[str]
) -> list[tuple[str, DatasetId, str]]:
    """Which of these identifiers other sources brought: identifier, dataset and its name."""
    rows = tx.execute(
        """
        SELECT held.identifier, held.dataset_id, dataset.slug
          FROM catalog.harvested_records AS held
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE md5(held.identifier) IN (SELECT md5(asked) FROM unnest(%(asked)s::text[]) AS asked)
           AND held.identifier = ANY (%(asked)s)
           AND held.source_id <> %(source_id)s
           AND held.gone_at IS NULL
         ORDER BY held.identifier, held.dataset_id
        """,
        {"asked": list(identifiers), "source_id": source_id},
    )
    return [(row["identifier"], row["dataset_id"], row["slug"]) for row in rows]


def count_known(tx: Tx, source_id: SourceId) -> int:
    """How many records of a source are here and not gone."""
    row = tx.execute(
        """
        SELECT count(*) AS records
          FROM catalog.harvested_records
         WHERE source_id = %(source_id)s
           AND gone_at IS NULL
        """,
        {"source_id": source_id},
    ).fetchone()
    assert row is not None
    return int(row["records"])


def write_distributions(
    tx: Tx, dataset_id: DatasetId, distributions: Sequence[Distribution], *, at: datetime
) -> None:
    """Write distributions by their names, in one statement: new ones, and those that are there."""
    tx.execute(
        """
        INSERT INTO catalog.distributions AS held
               (id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
                access_url, format, media_type, kind, position, details)
        SELECT id, %(dataset_id)s, slug, title, '{}', %(at)s, %(at)s, description,
               access_url, format, media_type, kind, position, details
          FROM jsonb_populate_recordset(NULL::catalog.distributions, %(given)s)
            ON CONFLICT (dataset_id, slug) DO UPDATE
           SET title = excluded.title,
               description = excluded.description,
               access_url = excluded.access_url,
               format = excluded.format,
               media_type = excluded.media_type,
               kind = excluded.kind,
               position = excluded.position,
               details = excluded.details,
               is_removed = false,
               modified_at = excluded.modified_at
        """,
        {
            "dataset_id": dataset_id,
            "at": at,
            "given": Jsonb([_plain(one) for one in distributions]),
        },
    )


def remove_distributions(
    tx: Tx, dataset_id: DatasetId, slugs: Sequence[str], *, at: datetime
) -> None:
    """Take distributions away by their names."""
    tx.execute(
        """
        UPDATE catalog.distributions
           SET is_removed = true,
               modified_at = %(at)s
         WHERE dataset_id = %(dataset_id)s
           AND slug = ANY (%(slugs)s)
           AND NOT is_removed
        """,
        {"dataset_id": dataset_id, "slugs": list(slugs), "at": at},
    )


def _plain(one: Distribution) -> dict[str, Json]:
    return {
        "id": str(one.id),
        "slug": one.slug,
        "title": one.title.as_map(),
        "description": one.description.as_map(),
        "access_url": one.access_url,
        "format": one.format,
        "media_type": one.media_type,
        "kind": one.kind,
        "position": one.position,
        "details": dict(one.details),
    }


def write_known(
    tx: Tx,
    source_id: SourceId,
    dataset_id: DatasetId,
    record: RemoteRecord,
    *,
    gone_at: datetime | None,
) -> None:
    """Keep what the source says now of a dataset."""
    tx.execute(
        """
        INSERT INTO catalog.harvested_records (source_id, dataset_id, identifier, remote, gone_at)
        VALUES (%(source_id)s, %(dataset_id)s, %(identifier)s, %(remote)s, %(gone_at)s)
            ON CONFLICT (source_id, dataset_id) DO UPDATE
           SET identifier = excluded.identifier,
               remote = excluded.remote,
               gone_at = excluded.gone_at
        """,
        {
            "source_id": source_id,
            "dataset_id": dataset_id,
            "identifier": record.identifier,
            "remote": Jsonb(record.as_json()),
            "gone_at": gone_at,
        },
    )


def image(tx: Tx, dataset_id: DatasetId) -> Mapping[str, Json] | None:
    """Everything that a harvest may change of a dataset; None where there is none."""
    row = tx.execute(
        """
        SELECT jsonb_build_object(
                   'dataset', to_jsonb(dataset),
                   'distributions',
                   coalesce((SELECT jsonb_agg(to_jsonb(held) ORDER BY held.position, held.id)
                               FROM catalog.distributions AS held
                              WHERE held.dataset_id = dataset.id), '[]'),
                   'known', (SELECT to_jsonb(known)
                               FROM catalog.harvested_records AS known
                              WHERE known.dataset_id = dataset.id)) AS image
          FROM catalog.datasets AS dataset
         WHERE dataset.id = %(id)s
        """,
        {"id": dataset_id},
    ).fetchone()
    return None if row is None else row["image"]


def mark(tx: Tx, dataset_id: DatasetId) -> str | None:
    """A digest of a dataset but for its time, to see later whether somebody changed it."""
    row = tx.execute(
        """
        SELECT md5((to_jsonb(dataset) - 'modified_at' - 'issued')::text
                   || coalesce((SELECT string_agg(
                                    (to_jsonb(held) - 'modified_at' - 'created_at')::text, ','
                                    ORDER BY held.position, held.id)
                                  FROM catalog.distributions AS held
                                 WHERE held.dataset_id = dataset.id
                                   AND NOT held.is_removed), '')) AS mark
          FROM catalog.datasets AS dataset
         WHERE dataset.id = %(id)s
        """,
        {"id": dataset_id},
    ).fetchone()
    return None if row is None else str(row["mark"])


def has_versions(tx: Tx, dataset_id: DatasetId) -> bool:
    """Whether data of the dataset lies here too."""
    row = tx.execute(
        """
        SELECT EXISTS (SELECT
                         FROM catalog.uploads AS upload
                         JOIN catalog.distributions AS held ON held.id = upload.distribution_id
                        WHERE held.dataset_id = %(id)s) AS there
        """,
        {"id": dataset_id},
    ).fetchone()
    assert row is not None
    return bool(row["there"])


def restore_dataset(
    tx: Tx, dataset_id: DatasetId, before: Mapping[str, Json], *, at: datetime
) -> None:
    """Write a dataset back as an image has it; its time goes on, so that readers notice."""
    tx.execute(
        """
        UPDATE catalog.datasets AS dataset
           SET title = held.title,
               summary = held.summary,
               grade = held.grade,
               share_type = held.share_type,
               share_basis = held.share_basis,
               open_type = held.open_type,
               open_basis = held.open_basis,
               update_cycle = held.update_cycle,
               licence = held.licence,
               keywords = held.keywords,
               audience = held.audience,
               directory = held.directory,
               state = held.state,
               state_reason = held.state_reason,
               modified_at = %(at)s
          FROM jsonb_populate_record(NULL::catalog.datasets, %(before)s) AS held
         WHERE dataset.id = %(id)s
        """,
        {"id": dataset_id, "before": Jsonb(before["dataset"]), "at": at},
    )


def restore_distributions(
    tx: Tx, dataset_id: DatasetId, before: Mapping[str, Json], *, at: datetime
) -> None:
    """Write a dataset's distributions back as an image has them."""
    tx.execute(
        """
        UPDATE catalog.distributions AS one
           SET title = held.title,
               description = held.description,
               access_url = held.access_url,
               format = held.format,
               media_type = held.media_type,
               kind = held.kind,
               position = held.position,
               details = held.details,
               is_removed = held.is_removed,
               modified_at = %(at)s
          FROM jsonb_populate_recordset(NULL::catalog.distributions, %(before)s) AS held
         WHERE one.id = held.id
           AND one.dataset_id = %(id)s
        """,
        {"id": dataset_id, "before": Jsonb(before["distributions"]), "at": at},
    )


def remove_other_distributions(
    tx: Tx, dataset_id: DatasetId, before: Mapping[str, Json], *, at: datetime
) -> None:
    """Take away distributions that an image does not have."""
    tx.execute(
        """
        UPDATE catalog.distributions
           SET is_removed = true,
               modified_at = %(at)s
         WHERE dataset_id = %(id)s
           AND id NOT IN (SELECT held.id
                            FROM jsonb_populate_recordset(
                                     NULL::catalog.distributions, %(before)s) AS held)
        """,
        {"id": dataset_id, "before": Jsonb(before["distributions"]), "at": at},
    )


def restore_known(tx: Tx, before: Mapping[str, Json]) -> None:
    """Write back what the source had said before."""
    tx.execute(
        """
        INSERT INTO catalog.harvested_records (source_id, dataset_id, identifier, remote, gone_at)
        SELECT source_id, dataset_id, identifier, remote, gone_at
          FROM jsonb_populate_record(NULL::catalog.harvested_records, %(before)s)
            ON CONFLICT (source_id, dataset_id) DO UPDATE
           SET identifier = excluded.identifier,
               remote = excluded.remote,
               gone_at = excluded.gone_at
        """,
        {"before": Jsonb(before["known"])},
    )


def delete_known(tx: Tx, dataset_id: DatasetId) -> None:
    """Forget that a dataset was harvested."""
    tx.execute(
        """
        DELETE FROM catalog.harvested_records
         WHERE dataset_id = %(id)s
        """,
        {"id": dataset_id},
    )


def delete_dataset(tx: Tx, dataset_id: DatasetId, *, at: datetime) -> bool:
    """Remove a dataset for good, with a tombstone; False where something was built on it."""
    values = {"id": dataset_id, "at": at}
    try:
        with tx.transaction():
            tx.execute(
                """
                INSERT INTO catalog.tombstones
                       (dataset_id, slug, publisher_id, was_public, removed_at)
                SELECT id, slug, publisher_id, issued IS NOT NULL AND audience = 'public', %(at)s
                  FROM catalog.datasets
                 WHERE id = %(id)s
                    ON CONFLICT (dataset_id) DO NOTHING
                """,
                values,
            )
            tx.execute("DELETE FROM catalog.distributions WHERE dataset_id = %(id)s", values)
            tx.execute("DELETE FROM catalog.datasets WHERE id = %(id)s", values)
    except ForeignKeyViolation:
        return False
    return True
