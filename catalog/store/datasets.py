"""Tables `catalog.datasets`, `catalog.dataset_inputs` and `catalog.distributions`."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId, Entry
from catalog.directory import Directory, RecordAudience
from policies.database import Tx
from policies.terms import (
    DatasetId,
    Grade,
    OpenType,
    OrganizationId,
    ShareType,
    Text,
    UpdateCycle,
)


def new_dataset_id(tx: Tx) -> DatasetId:
    """An id that sorts by time, so that lists without words come newest first."""
    row = tx.execute("SELECT uuidv7() AS id").fetchone()
    assert row is not None
    return DatasetId(row["id"])


def insert_dataset(tx: Tx, dataset: Dataset) -> bool:
    """Add a dataset; False where its slug is taken."""
    entry = dataset.entry
    inserted = tx.execute(
        """
        INSERT INTO catalog.datasets
               (id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
                open_basis, update_cycle, licence, keywords, state, created_by, created_at,
                modified_at, audience, directory)
        VALUES (%(id)s, %(slug)s, %(title)s, %(summary)s, %(publisher_id)s, %(grade)s,
                %(share_type)s, %(share_basis)s, %(open_type)s, %(open_basis)s, %(update_cycle)s,
                %(licence)s, %(keywords)s, %(state)s, %(created_by)s, %(created_at)s,
                %(modified_at)s, %(audience)s, %(directory)s)
            ON CONFLICT (slug) DO NOTHING
        """,
        {
            "id": dataset.id,
            "slug": dataset.slug,
            "title": Jsonb(entry.title.as_map()),
            "summary": Jsonb(entry.summary.as_map()),
            "publisher_id": dataset.publisher_id,
            "grade": entry.grade,
            "share_type": entry.share_type,
            "share_basis": entry.share_basis,
            "open_type": entry.open_type,
            "open_basis": entry.open_basis,
            "update_cycle": entry.update_cycle,
            "licence": entry.licence,
            "keywords": list(entry.keywords),
            "audience": entry.audience,
            "directory": Jsonb(entry.directory.as_json()),
            "state": dataset.state,
            "created_by": dataset.created_by,
            "created_at": dataset.created_at,
            "modified_at": dataset.modified_at,
        },
    )
    return inserted.rowcount == 1


def update_entry(tx: Tx, dataset: Dataset) -> None:
    """Write what the publisher says of the dataset now."""
    entry = dataset.entry
    tx.execute(
        """
        UPDATE catalog.datasets
           SET title = %(title)s,
               summary = %(summary)s,
               grade = %(grade)s,
               share_type = %(share_type)s,
               share_basis = %(share_basis)s,
               open_type = %(open_type)s,
               open_basis = %(open_basis)s,
               update_cycle = %(update_cycle)s,
               licence = %(licence)s,
               keywords = %(keywords)s,
               audience = %(audience)s,
               directory = %(directory)s,
               modified_at = %(modified_at)s
         WHERE id = %(id)s
        """,
        {
            "id": dataset.id,
            "title": Jsonb(entry.title.as_map()),
            "summary": Jsonb(entry.summary.as_map()),
            "grade": entry.grade,
            "share_type": entry.share_type,
            "share_basis": entry.share_basis,
            "open_type": entry.open_type,
            "open_basis": entry.open_basis,
            "update_cycle": entry.update_cycle,
            "licence": entry.licence,
            "keywords": list(entry.keywords),
            "audience": entry.audience,
            "directory": Jsonb(entry.directory.as_json()),
            "modified_at": dataset.modified_at,
        },
    )


def update_state(tx: Tx, dataset: Dataset) -> None:
    """Write how far the dataset has come."""
    tx.execute(
        """
        UPDATE catalog.datasets
           SET state = %(state)s,
               state_reason = %(state_reason)s,
               issued = %(issued)s,
               submitted_by = %(submitted_by)s,
               reviewed_by = %(reviewed_by)s,
               reviewed_at = %(reviewed_at)s,
               modified_at = %(modified_at)s
         WHERE id = %(id)s
        """,
        {
            "id": dataset.id,
            "state": dataset.state,
            "state_reason": dataset.state_reason,
            "issued": dataset.issued,
            "submitted_by": dataset.submitted_by,
            "reviewed_by": dataset.reviewed_by,
            "reviewed_at": dataset.reviewed_at,
            "modified_at": dataset.modified_at,
        },
    )


def get_dataset(tx: Tx, dataset_id: DatasetId) -> Dataset | None:
    """The dataset; None where there is none."""
    row = tx.execute(
        """
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged
          FROM catalog.datasets
         WHERE id = %(id)s
        """,
        {"id": dataset_id},
    ).fetchone()
    return None if row is None else dataset_of(row)


def find_dataset(tx: Tx, slug: str) -> Dataset | None:
    """The dataset of that name; None where there is none."""
    row = tx.execute(
        """
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged
          FROM catalog.datasets
         WHERE slug = %(slug)s
        """,
        {"slug": slug},
    ).fetchone()
    return None if row is None else dataset_of(row)


def lock_dataset(tx: Tx, dataset_id: DatasetId) -> Dataset | None:
    """The dataset, which nobody else changes until the transaction ends."""
    row = tx.execute(
        """
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged
          FROM catalog.datasets
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": dataset_id},
    ).fetchone()
    return None if row is None else dataset_of(row)


def clear_inputs(tx: Tx, dataset_id: DatasetId) -> None:
    """Forget the datasets that this one was made from."""
    tx.execute(
        """
        DELETE FROM catalog.dataset_inputs
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    )


def insert_inputs(tx: Tx, dataset_id: DatasetId, input_ids: Sequence[DatasetId]) -> None:
    """Add datasets that this one was made from."""
    tx.execute(
        """
        INSERT INTO catalog.dataset_inputs (dataset_id, input_id)
        SELECT %(dataset_id)s, unnest(%(input_ids)s::uuid[])
        """,
        {"dataset_id": dataset_id, "input_ids": list(input_ids)},
    )


def inputs_of(tx: Tx, dataset_id: DatasetId) -> list[Dataset]:
    """The datasets that this one was made from, by name."""
    rows = tx.execute(
        """
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged
          FROM catalog.datasets
         WHERE id IN (SELECT input_id
                        FROM catalog.dataset_inputs
                       WHERE dataset_id = %(dataset_id)s)
         ORDER BY slug
        """,
        {"dataset_id": dataset_id},
    )
    return [dataset_of(row) for row in rows]


def with_submitted_versions(
    tx: Tx, publisher_ids: Sequence[OrganizationId], *, limit: int
) -> list[Dataset]:
    """Datasets of these publishers of which something lies with an approver, oldest first."""
    rows = tx.execute(
        """
        SELECT dataset.*
          FROM catalog.datasets AS dataset
          LEFT JOIN (SELECT held.dataset_id, min(version.submitted_at) AS waits_since
                  FROM catalog.versions AS version
                  JOIN catalog.distributions AS held ON held.id = version.distribution_id
                 WHERE version.state = 'submitted'
                 GROUP BY held.dataset_id) AS submitted ON submitted.dataset_id = dataset.id
         WHERE dataset.publisher_id = ANY (%(publisher_ids)s)
           AND (submitted.waits_since IS NOT NULL OR dataset.state IN ('submitted', 'reviewed'))
         ORDER BY coalesce(submitted.waits_since, dataset.modified_at), dataset.id
         LIMIT %(limit)s
        """,
        {"publisher_ids": list(publisher_ids), "limit": limit},
    )
    return [dataset_of(row) for row in rows]


def insert_distribution(tx: Tx, distribution: Distribution) -> bool:
    """Add a distribution; False where the dataset has one of that slug."""
    inserted = tx.execute(
        """
        INSERT INTO catalog.distributions
               (id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
                access_url, format, media_type, kind, position, details)
        VALUES (%(id)s, %(dataset_id)s, %(slug)s, %(title)s, %(key_columns)s, %(created_at)s,
                %(modified_at)s, %(description)s, %(access_url)s, %(format)s, %(media_type)s,
                %(kind)s, %(position)s, %(details)s)
            ON CONFLICT (dataset_id, slug) DO NOTHING
        """,
        {
            "id": distribution.id,
            "dataset_id": distribution.dataset_id,
            "slug": distribution.slug,
            "title": Jsonb(distribution.title.as_map()),
            "key_columns": list(distribution.key_columns),
            "created_at": distribution.created_at,
            "modified_at": distribution.modified_at,
            "description": Jsonb(distribution.description.as_map()),
            "access_url": distribution.access_url,
            "format": distribution.format,
            "media_type": distribution.media_type,
            "kind": distribution.kind,
            "position": distribution.position,
            "details": Jsonb(dict(distribution.details)),
        },
    )
    return inserted.rowcount == 1


def update_distribution(tx: Tx, distribution: Distribution) -> None:
    """Write what is said of a distribution, and whether it was removed."""
    tx.execute(
        """
        UPDATE catalog.distributions
           SET title = %(title)s,
               key_columns = %(key_columns)s,
               modified_at = %(modified_at)s,
               description = %(description)s,
               access_url = %(access_url)s,
               format = %(format)s,
               media_type = %(media_type)s,
               kind = %(kind)s,
               position = %(position)s,
               details = %(details)s,
               is_removed = %(is_removed)s
         WHERE id = %(id)s
        """,
        {
            "id": distribution.id,
            "title": Jsonb(distribution.title.as_map()),
            "key_columns": list(distribution.key_columns),
            "modified_at": distribution.modified_at,
            "description": Jsonb(distribution.description.as_map()),
            "access_url": distribution.access_url,
            "format": distribution.format,
            "media_type": distribution.media_type,
            "kind": distribution.kind,
            "position": distribution.position,
            "details": Jsonb(dict(distribution.details)),
            "is_removed": distribution.is_removed,
        },
    )


def get_distribution(tx: Tx, distribution_id: DistributionId) -> Distribution | None:
    """The distribution; None where there is none."""
    row = tx.execute(
        """
        SELECT id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
               access_url, format, media_type, kind, position, details, is_removed
          FROM catalog.distributions
         WHERE id = %(id)s
        """,
        {"id": distribution_id},
    ).fetchone()
    return None if row is None else distribution_of(row)


def lock_distribution(tx: Tx, distribution_id: DistributionId) -> Distribution | None:
    """The distribution, to which nobody else adds a version until the transaction ends."""
    row = tx.execute(
        """
        SELECT id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
               access_url, format, media_type, kind, position, details, is_removed
          FROM catalog.distributions
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": distribution_id},
    ).fetchone()
    return None if row is None else distribution_of(row)


def find_distribution(tx: Tx, dataset_id: DatasetId, slug: str) -> Distribution | None:
    """The dataset's distribution of that name; None where there is none."""
    row = tx.execute(
        """
        SELECT id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
               access_url, format, media_type, kind, position, details, is_removed
          FROM catalog.distributions
         WHERE dataset_id = %(dataset_id)s
           AND slug = %(slug)s
        """,
        {"dataset_id": dataset_id, "slug": slug},
    ).fetchone()
    return None if row is None else distribution_of(row)


def distributions_of(tx: Tx, dataset_id: DatasetId) -> list[Distribution]:
    """The dataset's distributions in their order, without removed ones."""
    rows = tx.execute(
        """
        SELECT id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
               access_url, format, media_type, kind, position, details, is_removed
          FROM catalog.distributions
         WHERE dataset_id = %(dataset_id)s
           AND NOT is_removed
         ORDER BY position, created_at, id
        """,
        {"dataset_id": dataset_id},
    )
    return [distribution_of(row) for row in rows]


def dataset_of(row: DictRow) -> Dataset:
    """The dataset in a row that has all its columns."""
    return Dataset(
        id=row["id"],
        slug=row["slug"],
        publisher_id=row["publisher_id"],
        entry=Entry(
            title=Text.from_map(row["title"]),
            grade=Grade(row["grade"]),
            share_type=ShareType(row["share_type"]),
            open_type=OpenType(row["open_type"]),
            update_cycle=UpdateCycle(row["update_cycle"]),
            summary=Text.from_map(row["summary"]),
            share_basis=row["share_basis"],
            open_basis=row["open_basis"],
            licence=row["licence"],
            keywords=tuple(row["keywords"]),
            audience=RecordAudience(row["audience"]),
            directory=Directory.from_json(row["directory"]),
        ),
        state=DatasetState(row["state"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        state_reason=row["state_reason"],
        issued=row["issued"],
        reader_ids=frozenset(row["reader_ids"]),
        editor_ids=frozenset(row["editor_ids"]),
        submitted_by=row["submitted_by"],
        reviewed_by=row["reviewed_by"],
        reviewed_at=row["reviewed_at"],
        is_purged=row["is_purged"],
    )


def distribution_of(row: DictRow) -> Distribution:
    """The distribution in a row that has all its columns."""
    return Distribution(
        id=row["id"],
        dataset_id=row["dataset_id"],
        slug=row["slug"],
        title=Text.from_map(row["title"]),
        key_columns=tuple(row["key_columns"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        description=Text.from_map(row["description"]),
        access_url=row["access_url"],
        format=row["format"],
        media_type=row["media_type"],
        kind=row["kind"],
        position=row["position"],
        details=row["details"],
        is_removed=row["is_removed"],
    )
