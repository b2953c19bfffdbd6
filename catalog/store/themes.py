"""Table `catalog.themes`: which datasets they hold, who keeps them, what they stand under."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.audience import Audience
from catalog.theme import Keeper, Term, Theme, ThemeId, ThemeParent
from policies.database import Tx
from policies.roles import Capacity
from policies.terms import DatasetId, OrganizationId, Text, UserId


def themes_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[tuple[DatasetId, Theme]]:
    """Each dataset's themes, by name."""
    rows = tx.execute(
        """
        SELECT held.dataset_id, theme.id, theme.slug, theme.title, theme.description,
               theme.image_url, theme.kind, theme.extras, theme.is_removed, theme.created_by,
               theme.created_at
          FROM catalog.dataset_themes AS held
          JOIN catalog.themes AS theme ON theme.id = held.theme_id
         WHERE held.dataset_id = ANY (%(dataset_ids)s)
           AND NOT theme.is_removed
         ORDER BY held.dataset_id, theme.slug
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [(row["dataset_id"], theme_of(row)) for row in rows]


def terms_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[tuple[DatasetId, Term]]:
    """Each dataset's controlled terms, by vocabulary and name."""
    rows = tx.execute(
        """
        SELECT held.dataset_id, term.id, term.vocabulary_id, term.name
          FROM catalog.dataset_terms AS held
          JOIN catalog.terms AS term ON term.id = held.term_id
         WHERE held.dataset_id = ANY (%(dataset_ids)s)
         ORDER BY held.dataset_id, term.vocabulary_id, term.name
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [(row["dataset_id"], Term(row["id"], row["vocabulary_id"], row["name"])) for row in rows]


def theme_of(row: DictRow) -> Theme:
    """The theme in a row that has all its columns."""
    return Theme(
        id=row["id"],
        slug=row["slug"],
        title=Text.from_map(row["title"]),
        created_at=row["created_at"],
        description=Text.from_map(row["description"]),
        image_url=row["image_url"],
        kind=row["kind"],
        extras=tuple((pair["key"], pair["value"]) for pair in row["extras"]),
        is_removed=row["is_removed"],
        created_by=row["created_by"],
    )


def insert_theme(tx: Tx, theme: Theme) -> bool:
    """Keep a new theme; False where another one has its id or name."""
    added = tx.execute(
        """
        INSERT INTO catalog.themes
               (id, slug, title, description, image_url, kind, extras, is_removed, created_by,
                created_at)
        VALUES (%(id)s, %(slug)s, %(title)s, %(description)s, %(image_url)s, %(kind)s, %(extras)s,
                %(is_removed)s, %(created_by)s, %(created_at)s)
        ON CONFLICT DO NOTHING
        """,
        {**_columns(theme), "created_by": theme.created_by, "created_at": theme.created_at},
    )
    return added.rowcount == 1


def update_theme(tx: Tx, theme: Theme) -> None:
    """Replace what is said of a theme; that its name is free was checked before."""
    tx.execute(
        """
        UPDATE catalog.themes
           SET slug = %(slug)s, title = %(title)s, description = %(description)s,
               image_url = %(image_url)s, kind = %(kind)s, extras = %(extras)s,
               is_removed = %(is_removed)s
         WHERE id = %(id)s
        """,
        _columns(theme),
    )


def delete_theme(tx: Tx, theme_id: ThemeId) -> None:
    """Remove a theme with all its ties; its datasets stay."""
    tx.execute(
        "DELETE FROM catalog.dataset_themes WHERE theme_id = %(theme_id)s", {"theme_id": theme_id}
    )
    tx.execute("DELETE FROM catalog.themes WHERE id = %(theme_id)s", {"theme_id": theme_id})


def get_theme(tx: Tx, theme_id: ThemeId) -> Theme | None:
    """The theme of that id, removed or not."""
    row = tx.execute(
        """
        SELECT id, slug, title, description, image_url, kind, extras, is_removed, created_by,
               created_at
          FROM catalog.themes
         WHERE id = %(id)s
        """,
        {"id": theme_id},
    ).fetchone()
    return theme_of(row) if row else None


def find_theme(tx: Tx, slug: str) -> Theme | None:
    """The theme of that name, removed or not."""
    row = tx.execute(
        """
        SELECT id, slug, title, description, image_url, kind, extras, is_removed, created_by,
               created_at
          FROM catalog.themes
         WHERE slug = %(slug)s
        """,
        {"slug": slug},
    ).fetchone()
    return theme_of(row) if row else None


def themes(
    tx: Tx, *, kind: str | None, containing: str, slugs: Sequence[str] | None, limit: int
) -> list[Theme]:
    """Themes that are not removed, by name; of these names only, where any are given."""
    rows = tx.execute(
        """
        SELECT id, slug, title, description, image_url, kind, extras, is_removed, created_by,
               created_at
          FROM catalog.themes
         WHERE NOT is_removed
           AND (%(kind)s::text IS NULL OR kind = %(kind)s)
           AND (%(slugs)s::text[] IS NULL OR slug = ANY (%(slugs)s))
           AND (%(containing)s = ''
                OR strpos(lower(slug), lower(%(containing)s)) > 0
                OR strpos(lower(title ->> 'zh'), lower(%(containing)s)) > 0
                OR strpos(lower(title ->> 'en'), lower(%(containing)s)) > 0
                OR strpos(lower(description ->> 'zh'), lower(%(containing)s)) > 0
                OR strpos(lower(description ->> 'en'), lower(%(containing)s)) > 0)
         ORDER BY slug
         LIMIT %(limit)s
        """,
        {
            "kind": kind,
            "containing": containing,
            "slugs": None if slugs is None else list(slugs),
            "limit": limit,
        },
    )
    return [theme_of(row) for row in rows]


def insert_held(tx: Tx, theme_id: ThemeId, dataset_id: DatasetId) -> bool:
    """Put a dataset under a theme; False where it was there."""
    added = tx.execute(
        """
        INSERT INTO catalog.dataset_themes (dataset_id, theme_id)
        VALUES (%(dataset_id)s, %(theme_id)s)
        ON CONFLICT DO NOTHING
        """,
        {"theme_id": theme_id, "dataset_id": dataset_id},
    )
    return added.rowcount == 1


def delete_held(tx: Tx, theme_id: ThemeId, dataset_id: DatasetId) -> bool:
    """Take a dataset from under a theme; False where it was not there."""
    taken = tx.execute(
        """
        DELETE FROM catalog.dataset_themes
         WHERE dataset_id = %(dataset_id)s
           AND theme_id = %(theme_id)s
        """,
        {"theme_id": theme_id, "dataset_id": dataset_id},
    )
    return taken.rowcount == 1


def datasets_under(tx: Tx, theme_id: ThemeId) -> list[DatasetId]:
    """Every dataset under a theme, whoever sees it, by id."""
    rows = tx.execute(
        """
        SELECT dataset_id
          FROM catalog.dataset_themes
         WHERE theme_id = %(theme_id)s
         ORDER BY dataset_id
        """,
        {"theme_id": theme_id},
    )
    return [row["dataset_id"] for row in rows]


def published_under(
    tx: Tx, theme_id: ThemeId, audience: Audience, *, offset: int, limit: int
) -> list[DatasetId]:
    """Published datasets under a theme that the audience sees, the last changed first."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.dataset_themes AS held
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE held.theme_id = %(theme_id)s
           AND dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.modified_at DESC, dataset.id
        OFFSET %(offset)s
         LIMIT %(limit)s
        """,
        {"theme_id": theme_id, "offset": offset, "limit": limit, **audience_values(audience)},
    )
    return [row["id"] for row in rows]


def published_by(
    tx: Tx, publisher_id: OrganizationId, audience: Audience, *, offset: int, limit: int
) -> list[DatasetId]:
    """Published datasets of an organisation that the audience sees, the last changed first."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.datasets AS dataset
         WHERE dataset.publisher_id = %(publisher_id)s
           AND dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.modified_at DESC, dataset.id
        OFFSET %(offset)s
         LIMIT %(limit)s
        """,
        {
            "publisher_id": publisher_id,
            "offset": offset,
            "limit": limit,
            **audience_values(audience),
        },
    )
    return [row["id"] for row in rows]


def counts_by_theme(tx: Tx, audience: Audience) -> dict[UUID, int]:
    """How many published datasets the audience sees under each theme; themes without are absent."""
    rows = tx.execute(
        """
        SELECT held.theme_id, count(*) AS datasets
          FROM catalog.dataset_themes AS held
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         GROUP BY held.theme_id
         ORDER BY held.theme_id
        """,
        audience_values(audience),
    )
    return {row["theme_id"]: row["datasets"] for row in rows}


def counts_by_publisher(tx: Tx, audience: Audience) -> dict[UUID, int]:
    """How many published datasets of each organisation the audience sees; without: absent."""
    rows = tx.execute(
        """
        SELECT dataset.publisher_id, count(*) AS datasets
          FROM catalog.datasets AS dataset
         WHERE dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         GROUP BY dataset.publisher_id
         ORDER BY dataset.publisher_id
        """,
        audience_values(audience),
    )
    return {row["publisher_id"]: row["datasets"] for row in rows}


def counts_by_creator(tx: Tx, user_ids: Sequence[UserId], audience: Audience) -> dict[UserId, int]:
    """How many datasets that the audience sees each of these users registered; without: absent."""
    rows = tx.execute(
        """
        SELECT dataset.created_by, count(*) AS datasets
          FROM catalog.datasets AS dataset
         WHERE dataset.created_by = ANY (%(user_ids)s)
           AND dataset.state <> 'withdrawn'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         GROUP BY dataset.created_by
         ORDER BY dataset.created_by
        """,
        {"user_ids": list(user_ids), **audience_values(audience)},
    )
    return {row["created_by"]: row["datasets"] for row in rows}


def created_by(tx: Tx, user_id: UserId, audience: Audience, *, limit: int) -> list[DatasetId]:
    """Datasets that a user registered and the audience sees, the last changed first."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.datasets AS dataset
         WHERE dataset.created_by = %(user_id)s
           AND dataset.state <> 'withdrawn'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.modified_at DESC, dataset.id
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit, **audience_values(audience)},
    )
    return [row["id"] for row in rows]


def upsert_keeper(tx: Tx, theme_id: ThemeId, user_id: UserId, capacity: Capacity) -> bool:
    """Let a user look after a theme; False where they did so in the same capacity."""
    changed = tx.execute(
        """
        INSERT INTO catalog.theme_members AS held (theme_id, user_id, capacity)
        VALUES (%(theme_id)s, %(user_id)s, %(capacity)s)
        ON CONFLICT (theme_id, user_id) DO UPDATE SET capacity = EXCLUDED.capacity
         WHERE held.capacity <> EXCLUDED.capacity
        """,
        {"theme_id": theme_id, "user_id": user_id, "capacity": capacity},
    )
    return changed.rowcount == 1


def delete_keeper(tx: Tx, theme_id: ThemeId, user_id: UserId) -> bool:
    """No longer let a user look after a theme; False where they did not."""
    taken = tx.execute(
        """
        DELETE FROM catalog.theme_members
         WHERE theme_id = %(theme_id)s
           AND user_id = %(user_id)s
        """,
        {"theme_id": theme_id, "user_id": user_id},
    )
    return taken.rowcount == 1


def delete_keeper_everywhere(tx: Tx, user_id: UserId) -> None:
    """Take every theme from a user whose account is closed."""
    tx.execute(
        """
        DELETE FROM catalog.theme_members
         WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )


def keepers_of(tx: Tx, theme_ids: Sequence[ThemeId]) -> list[tuple[ThemeId, Keeper]]:
    """Who looks after each of these themes."""
    rows = tx.execute(
        """
        SELECT theme_id, user_id, capacity
          FROM catalog.theme_members
         WHERE theme_id = ANY (%(theme_ids)s)
         ORDER BY theme_id, user_id
        """,
        {"theme_ids": list(theme_ids)},
    )
    return [(row["theme_id"], Keeper(row["user_id"], Capacity(row["capacity"]))) for row in rows]


def kept_by(tx: Tx, user_id: UserId) -> dict[ThemeId, Capacity]:
    """The themes that a user looks after."""
    rows = tx.execute(
        """
        SELECT theme_id, capacity
          FROM catalog.theme_members
         WHERE user_id = %(user_id)s
         ORDER BY theme_id
        """,
        {"user_id": user_id},
    )
    return {row["theme_id"]: Capacity(row["capacity"]) for row in rows}


def replace_parents(tx: Tx, theme_id: ThemeId, parents: Sequence[ThemeParent]) -> None:
    """Say which themes this one stands under."""
    tx.execute(
        "DELETE FROM catalog.theme_parents WHERE theme_id = %(theme_id)s", {"theme_id": theme_id}
    )
    tx.execute(
        """
        INSERT INTO catalog.theme_parents (theme_id, parent_id, capacity)
        SELECT %(theme_id)s, parent_id, capacity
          FROM unnest(%(parent_ids)s::uuid[], %(capacities)s::text[]) AS named (parent_id, capacity)
        """,
        {
            "theme_id": theme_id,
            "parent_ids": [parent.theme_id for parent in parents],
            "capacities": [parent.capacity for parent in parents],
        },
    )


def parents_of(tx: Tx, theme_ids: Sequence[ThemeId]) -> list[tuple[ThemeId, ThemeParent]]:
    """What each of these themes stands under, by name."""
    rows = tx.execute(
        """
        SELECT tie.theme_id, tie.parent_id, tie.capacity
          FROM catalog.theme_parents AS tie
          JOIN catalog.themes AS parent ON parent.id = tie.parent_id
         WHERE tie.theme_id = ANY (%(theme_ids)s)
           AND NOT parent.is_removed
         ORDER BY tie.theme_id, parent.slug
        """,
        {"theme_ids": list(theme_ids)},
    )
    return [(row["theme_id"], ThemeParent(row["parent_id"], row["capacity"])) for row in rows]


def ancestors_of(tx: Tx, theme_ids: Sequence[ThemeId]) -> set[UUID]:
    """Everything that these stand under, at any distance."""
    rows = tx.execute(
        """
        WITH RECURSIVE above (id) AS (
            SELECT parent_id
              FROM catalog.theme_parents
             WHERE theme_id = ANY (%(ids)s)
             UNION
            SELECT tie.parent_id
              FROM above
              JOIN catalog.theme_parents AS tie ON tie.theme_id = above.id
        )
        SELECT id
          FROM above
         ORDER BY id
        """,
        {"ids": list(theme_ids)},
    )
    return {row["id"] for row in rows}


def themes_in(tx: Tx, theme_ids: Sequence[ThemeId]) -> list[Theme]:
    """These themes that are not removed, by name."""
    rows = tx.execute(
        """
        SELECT id, slug, title, description, image_url, kind, extras, is_removed, created_by,
               created_at
          FROM catalog.themes
         WHERE id = ANY (%(ids)s)
           AND NOT is_removed
         ORDER BY slug
        """,
        {"ids": list(theme_ids)},
    )
    return [theme_of(row) for row in rows]


def audience_values(audience: Audience) -> dict[str, object]:
    """The parameters of `catalog.is_seen`."""
    return {
        "member_of": list(audience.member_of),
        "oversees": audience.oversees,
        "departments": audience.is_department,
        "reader": audience.user_id,
    }


def _columns(theme: Theme) -> dict[str, object]:
    return {
        "id": theme.id,
        "slug": theme.slug,
        "title": Jsonb(theme.title.as_map()),
        "description": Jsonb(theme.description.as_map()),
        "image_url": theme.image_url,
        "kind": theme.kind,
        "extras": Jsonb([{"key": key, "value": value} for key, value in theme.extras]),
        "is_removed": theme.is_removed,
    }
