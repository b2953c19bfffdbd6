"""Tables `catalog.relationships` and `catalog.resource_views`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from catalog.relationship import Relationship, RelationshipKind
from catalog.resource_view import ResourceView
from policies.database import Tx
from policies.terms import DatasetId


def insert_relationship(tx: Tx, link: Relationship) -> None:
    """Link two datasets; a link that exists takes the new comment."""
    tx.execute(
        """
        INSERT INTO catalog.relationships (id, subject_id, object_id, kind, comment)
        VALUES (%(id)s, %(subject_id)s, %(object_id)s, %(kind)s, %(comment)s)
            ON CONFLICT (subject_id, object_id, kind) DO UPDATE
           SET comment = excluded.comment
        """,
        {
            "id": link.id,
            "subject_id": link.subject_id,
            "object_id": link.object_id,
            "kind": link.kind,
            "comment": link.comment,
        },
    )


def delete_relationship(
    tx: Tx, subject_id: DatasetId, object_id: DatasetId, kind: RelationshipKind
) -> bool:
    """Undo a link; False where there was none."""
    gone = tx.execute(
        """
        DELETE FROM catalog.relationships
         WHERE subject_id = %(subject_id)s
           AND object_id = %(object_id)s
           AND kind = %(kind)s
        """,
        {"subject_id": subject_id, "object_id": object_id, "kind": kind},
    )
    return gone.rowcount == 1


def relationships_of(tx: Tx, dataset_ids: Sequence[DatasetId], *, limit: int) -> list[Relationship]:
    """Links that begin or end at one of these datasets, oldest first."""
    rows = tx.execute(
        """
        SELECT id, subject_id, object_id, kind, comment
          FROM catalog.relationships
         WHERE subject_id = ANY (%(ids)s)
            OR object_id = ANY (%(ids)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"ids": list(dataset_ids), "limit": limit},
    )
    return [
        Relationship(
            row["id"],
            row["subject_id"],
            row["object_id"],
            RelationshipKind(row["kind"]),
            row["comment"],
        )
        for row in rows
    ]


def insert_view(tx: Tx, view: ResourceView) -> None:
    """Add a view."""
    tx.execute(
        """
        INSERT INTO catalog.resource_views
               (id, distribution_id, kind, title, description, position, settings)
        VALUES (%(id)s, %(distribution_id)s, %(kind)s, %(title)s, %(description)s, %(position)s,
                %(settings)s)
        """,
        _columns(view),
    )


def update_view(tx: Tx, view: ResourceView) -> None:
    """Write what a view shows and where it stands."""
    tx.execute(
        """
        UPDATE catalog.resource_views
           SET kind = %(kind)s,
               title = %(title)s,
               description = %(description)s,
               position = %(position)s,
               settings = %(settings)s
         WHERE id = %(id)s
        """,
        _columns(view),
    )


def delete_view(tx: Tx, view_id: UUID) -> None:
    """Take a view away."""
    tx.execute(
        """
        DELETE FROM catalog.resource_views
         WHERE id = %(id)s
        """,
        {"id": view_id},
    )


def delete_views_of_kinds(tx: Tx, kinds: Sequence[str]) -> None:
    """Take the views of these kinds away; of every kind where none is named."""
    tx.execute(
        """
        DELETE FROM catalog.resource_views
         WHERE cardinality(%(kinds)s::text[]) = 0
            OR kind = ANY (%(kinds)s)
        """,
        {"kinds": list(kinds)},
    )


def get_view(tx: Tx, view_id: UUID) -> ResourceView | None:
    """The view; None where there is none."""
    row = tx.execute(
        """
        SELECT id, distribution_id, kind, title, description, position, settings
          FROM catalog.resource_views
         WHERE id = %(id)s
        """,
        {"id": view_id},
    ).fetchone()
    return None if row is None else _view(row)


def views_of(tx: Tx, distribution_id: DistributionId, *, limit: int) -> list[ResourceView]:
    """The views of a distribution in their order."""
    rows = tx.execute(
        """
        SELECT id, distribution_id, kind, title, description, position, settings
          FROM catalog.resource_views
         WHERE distribution_id = %(distribution_id)s
         ORDER BY position, id
         LIMIT %(limit)s
        """,
        {"distribution_id": distribution_id, "limit": limit},
    )
    return [_view(row) for row in rows]


def _columns(view: ResourceView) -> dict[str, object]:
    return {
        "id": view.id,
        "distribution_id": view.distribution_id,
        "kind": view.kind,
        "title": view.title,
        "description": view.description,
        "position": view.position,
        "settings": Jsonb(dict(view.settings)),
    }


def _view(row: DictRow) -> ResourceView:
    return ResourceView(
        row["id"],
        row["distribution_id"],
        row["kind"],
        row["title"],
        row["description"],
        row["position"],
        row["settings"],
    )
