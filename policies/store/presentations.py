"""How organisations and people present themselves, and the rows that go when one is purged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.party import UNOWNED, Organization, OrganizationKind, User
from policies.presentation import (
    OrganizationPresentation,
    Parent,
    PresentedOrganization,
    PresentedUser,
    UserPresentation,
)
from policies.terms import OrganizationId, Text, UserId


def insert_organization(tx: Tx, organization: Organization) -> bool:
    """Keep a new organisation; False where another one has its id, name or credit code."""
    added = tx.execute(
        """
        INSERT INTO policies.organizations (id, slug, kind, title, credit_code, created_at)
        VALUES (%(id)s, %(slug)s, %(kind)s, %(title)s, %(credit_code)s, %(created_at)s)
        ON CONFLICT DO NOTHING
        """,
        {**_columns(organization), "created_at": organization.created_at},
    )
    return added.rowcount == 1


def update_organization(tx: Tx, organization: Organization) -> None:
    """Replace the name, kind, title and credit code; that they are free was checked before."""
    tx.execute(
        """
        UPDATE policies.organizations
           SET slug = %(slug)s, kind = %(kind)s, title = %(title)s, credit_code = %(credit_code)s
         WHERE id = %(id)s
        """,
        _columns(organization),
    )


def organization_with_credit_code(tx: Tx, credit_code: str) -> OrganizationId | None:
    """Whose credit code it is."""
    row = tx.execute(
        """
        SELECT id
          FROM policies.organizations
         WHERE credit_code = %(credit_code)s
        """,
        {"credit_code": credit_code},
    ).fetchone()
    return row["id"] if row else None


def upsert_organization_presentation(
    tx: Tx, organization_id: OrganizationId, presentation: OrganizationPresentation
) -> None:
    """Keep what an organisation says of itself, its parents aside."""
    tx.execute(
        """
        INSERT INTO policies.organization_presentations
               (organization_id, description, image_url, type_name, approval_status, extras,
                is_titled, is_removed)
        VALUES (%(organization_id)s, %(description)s, %(image_url)s, %(type_name)s,
                %(approval_status)s, %(extras)s, %(is_titled)s, %(is_removed)s)
        ON CONFLICT (organization_id) DO UPDATE
           SET description = EXCLUDED.description, image_url = EXCLUDED.image_url,
               type_name = EXCLUDED.type_name, approval_status = EXCLUDED.approval_status,
               extras = EXCLUDED.extras, is_titled = EXCLUDED.is_titled,
               is_removed = EXCLUDED.is_removed
        """,
        {
            "organization_id": organization_id,
            "description": Jsonb(presentation.description.as_map()),
            "image_url": presentation.image_url,
            "type_name": presentation.type_name,
            "approval_status": presentation.approval_status,
            "extras": _stored_extras(presentation.extras),
            "is_titled": presentation.is_titled,
            "is_removed": presentation.is_removed,
        },
    )


def replace_parents(tx: Tx, organization_id: OrganizationId, parents: Sequence[Parent]) -> None:
    """Say which organisations this one stands under."""
    tx.execute(
        """
        DELETE FROM policies.organization_parents
         WHERE organization_id = %(organization_id)s
        """,
        {"organization_id": organization_id},
    )
    tx.execute(
        """
        INSERT INTO policies.organization_parents (organization_id, parent_id, capacity)
        SELECT %(organization_id)s, parent_id, capacity
          FROM unnest(%(parent_ids)s::uuid[], %(capacities)s::text[]) AS named (parent_id, capacity)
        """,
        {
            "organization_id": organization_id,
            "parent_ids": [parent.organization_id for parent in parents],
            "capacities": [parent.capacity for parent in parents],
        },
    )


def ancestors_of(tx: Tx, organization_ids: Sequence[OrganizationId]) -> list[OrganizationId]:
    """Everything that these stand under, at any distance."""
    rows = tx.execute(
        """
        WITH RECURSIVE above (id) AS (
            SELECT parent_id
              FROM policies.organization_parents
             WHERE organization_id = ANY (%(ids)s)
             UNION
            SELECT tie.parent_id
              FROM above
              JOIN policies.organization_parents AS tie ON tie.organization_id = above.id
        )
        SELECT id
          FROM above
         ORDER BY id
        """,
        {"ids": list(organization_ids)},
    )
    return [row["id"] for row in rows]


def presented_organizations(
    tx: Tx, organization_ids: Sequence[OrganizationId]
) -> list[PresentedOrganization]:
    """These organisations, removed ones too, by name."""
    rows = tx.execute(
        """
        SELECT organization.id, organization.slug, organization.kind, organization.title,
               organization.credit_code, organization.created_at, shown.description,
               shown.image_url, shown.type_name, shown.approval_status, shown.extras,
               shown.is_titled, shown.is_removed,
               (SELECT array_agg(ARRAY[tie.parent_id::text, tie.capacity] ORDER BY parent.slug)
                  FROM policies.organization_parents AS tie
                  JOIN policies.organizations AS parent ON parent.id = tie.parent_id
                 WHERE tie.organization_id = organization.id) AS parents
          FROM policies.organizations AS organization
          LEFT JOIN policies.organization_presentations AS shown
            ON shown.organization_id = organization.id
         WHERE organization.id = ANY (%(ids)s)
         ORDER BY organization.slug
        """,
        {"ids": list(organization_ids)},
    )
    return [_presented(row) for row in rows]


def listed_organizations(
    tx: Tx, *, type_name: str | None, containing: str, slugs: Sequence[str] | None, limit: int
) -> list[PresentedOrganization]:
    """Organisations that are not removed, by name; of these names only, where any are given."""
    rows = tx.execute(
        """
        SELECT organization.id, organization.slug, organization.kind, organization.title,
               organization.credit_code, organization.created_at, shown.description,
               shown.image_url, shown.type_name, shown.approval_status, shown.extras,
               shown.is_titled, shown.is_removed,
               (SELECT array_agg(ARRAY[tie.parent_id::text, tie.capacity] ORDER BY parent.slug)
                  FROM policies.organization_parents AS tie
                  JOIN policies.organizations AS parent ON parent.id = tie.parent_id
                 WHERE tie.organization_id = organization.id) AS parents
          FROM policies.organizations AS organization
          LEFT JOIN policies.organization_presentations AS shown
            ON shown.organization_id = organization.id
         WHERE organization.id <> %(unowned)s
           AND NOT coalesce(shown.is_removed, false)
           AND (%(type_name)s::text IS NULL
                OR coalesce(shown.type_name, 'organization') = %(type_name)s)
           AND (%(slugs)s::text[] IS NULL OR organization.slug = ANY (%(slugs)s))
           AND (%(containing)s = ''
                OR strpos(lower(organization.slug), lower(%(containing)s)) > 0
                OR strpos(lower(organization.title ->> 'zh'), lower(%(containing)s)) > 0
                OR strpos(lower(organization.title ->> 'en'), lower(%(containing)s)) > 0
                OR strpos(lower(shown.description ->> 'zh'), lower(%(containing)s)) > 0
                OR strpos(lower(shown.description ->> 'en'), lower(%(containing)s)) > 0)
         ORDER BY organization.slug
         LIMIT %(limit)s
        """,
        {
            "unowned": UNOWNED,
            "type_name": type_name,
            "slugs": None if slugs is None else list(slugs),
            "containing": containing,
            "limit": limit,
        },
    )
    return [_presented(row) for row in rows]


def has_live_agreement(tx: Tx, organization_id: OrganizationId) -> bool:
    """Whether the organisation is a party of an agreement that has not ended."""
    row = tx.execute(
        """
        SELECT EXISTS (
            SELECT FROM policies.agreements
             WHERE (provider_id = %(id)s OR consumer_id = %(id)s)
               AND state <> 'ended'
        ) AS found
        """,
        {"id": organization_id},
    ).fetchone()
    assert row is not None
    return bool(row["found"])


def delete_organization(tx: Tx, organization_id: OrganizationId) -> bool:
    """Remove it with its roles; False, and nothing is changed, where anything else names it."""
    try:
        with tx.transaction():
            tx.execute(
                """
                UPDATE policies.sessions
                   SET organization_id = NULL
                 WHERE organization_id = %(id)s
                """,
                {"id": organization_id},
            )
            tx.execute(
                "DELETE FROM policies.memberships WHERE organization_id = %(id)s",
                {"id": organization_id},
            )
            tx.execute(
                "DELETE FROM policies.organizations WHERE id = %(id)s", {"id": organization_id}
            )
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


def insert_user(
    tx: Tx, *, user_id: UserId | None, name: str, password_hash: str | None, at: datetime
) -> User | None:
    """The new user; None where another one has the id or the name."""
    row = tx.execute(
        """
        INSERT INTO policies.users (id, name, password_hash, created_at, password_changed_at)
        VALUES (coalesce(%(id)s::uuid, uuidv7()), %(name)s, %(password_hash)s, %(at)s,
                CASE WHEN %(password_hash)s::text IS NULL THEN NULL ELSE %(at)s END)
        ON CONFLICT DO NOTHING
        RETURNING id, name, is_active, created_at
        """,
        {"id": user_id, "name": name, "password_hash": password_hash, "at": at},
    ).fetchone()
    return _user(row) if row else None


def update_user_name(tx: Tx, user_id: UserId, name: str) -> None:
    """Rename a user; that the name is free was checked before."""
    tx.execute(
        """
        UPDATE policies.users
           SET name = %(name)s
         WHERE id = %(id)s
        """,
        {"id": user_id, "name": name},
    )


def upsert_user_presentation(tx: Tx, user_id: UserId, presentation: UserPresentation) -> None:
    """Keep what a person says of themselves."""
    tx.execute(
        """
        INSERT INTO policies.user_presentations
               (user_id, full_name, email, about, image_url, extras)
        VALUES (%(user_id)s, %(full_name)s, %(email)s, %(about)s, %(image_url)s, %(extras)s)
        ON CONFLICT (user_id) DO UPDATE
           SET full_name = EXCLUDED.full_name, email = EXCLUDED.email, about = EXCLUDED.about,
               image_url = EXCLUDED.image_url, extras = EXCLUDED.extras
        """,
        {
            "user_id": user_id,
            "full_name": presentation.full_name,
            "email": presentation.email,
            "about": presentation.about,
            "image_url": presentation.image_url,
            "extras": Jsonb(dict(presentation.extras)),
        },
    )


def users_in(tx: Tx, user_ids: Sequence[UserId]) -> list[PresentedUser]:
    """These users, closed accounts too, by name."""
    rows = tx.execute(
        """
        SELECT person.id, person.name, person.is_active, person.created_at, shown.full_name,
               shown.email, shown.about, shown.image_url, shown.extras,
               EXISTS (SELECT FROM policies.memberships AS held
                        WHERE held.user_id = person.id AND held.role = 'admin'
                          AND held.organization_id IS NULL) AS is_administrator,
               (SELECT max(session.last_seen_at) FROM policies.sessions AS session
                 WHERE session.user_id = person.id) AS last_seen_at
          FROM policies.users AS person
          LEFT JOIN policies.user_presentations AS shown ON shown.user_id = person.id
         WHERE person.id = ANY (%(ids)s)
         ORDER BY lower(person.name)
        """,
        {"ids": list(user_ids)},
    )
    return [_presented_user(row) for row in rows]


def open_users(tx: Tx, *, containing: str, email: str | None, limit: int) -> list[PresentedUser]:
    """Open accounts by name, whose name or full name contains a text, or that have an address."""
    rows = tx.execute(
        """
        SELECT person.id, person.name, person.is_active, person.created_at, shown.full_name,
               shown.email, shown.about, shown.image_url, shown.extras,
               EXISTS (SELECT FROM policies.memberships AS held
                        WHERE held.user_id = person.id AND held.role = 'admin'
                          AND held.organization_id IS NULL) AS is_administrator,
               (SELECT max(session.last_seen_at) FROM policies.sessions AS session
                 WHERE session.user_id = person.id) AS last_seen_at
          FROM policies.users AS person
          LEFT JOIN policies.user_presentations AS shown ON shown.user_id = person.id
         WHERE person.is_active
           AND (%(containing)s = ''
                OR strpos(lower(person.name), lower(%(containing)s)) > 0
                OR strpos(lower(shown.full_name), lower(%(containing)s)) > 0)
           AND (%(email)s::text IS NULL OR lower(shown.email) = lower(%(email)s))
         ORDER BY lower(person.name)
         LIMIT %(limit)s
        """,
        {"containing": containing, "email": email, "limit": limit},
    )
    return [_presented_user(row) for row in rows]


def _columns(organization: Organization) -> dict[str, object]:
    return {
        "id": organization.id,
        "slug": organization.slug,
        "kind": organization.kind,
        "title": Jsonb(organization.title.as_map()),
        "credit_code": organization.credit_code,
    }


def _stored_extras(extras: tuple[tuple[str, str], ...]) -> Jsonb:
    return Jsonb([{"key": key, "value": value} for key, value in extras])


def _presented(row: dict[str, Any]) -> PresentedOrganization:
    organization = Organization(
        id=row["id"],
        slug=row["slug"],
        kind=OrganizationKind(row["kind"]),
        title=Text.from_map(row["title"]),
        credit_code=row["credit_code"],
        created_at=row["created_at"],
    )
    parents = tuple(
        Parent(OrganizationId(UUID(parent_id)), capacity)
        for parent_id, capacity in row["parents"] or ()
    )
    if row["type_name"] is None:
        return PresentedOrganization(organization, OrganizationPresentation(parents=parents))
    return PresentedOrganization(
        organization,
        OrganizationPresentation(
            description=Text.from_map(row["description"]),
            image_url=row["image_url"],
            type_name=row["type_name"],
            approval_status=row["approval_status"],
            extras=tuple((pair["key"], pair["value"]) for pair in row["extras"]),
            is_titled=row["is_titled"],
            is_removed=row["is_removed"],
            parents=parents,
        ),
    )


def _user(row: dict[str, Any]) -> User:
    return User(
        id=row["id"], name=row["name"], is_active=row["is_active"], created_at=row["created_at"]
    )


def _presented_user(row: dict[str, Any]) -> PresentedUser:
    presentation = (
        UserPresentation()
        if row["full_name"] is None
        else UserPresentation(
            full_name=row["full_name"],
            email=row["email"],
            about=row["about"],
            image_url=row["image_url"],
            extras=row["extras"],
        )
    )
    return PresentedUser(_user(row), presentation, row["is_administrator"], row["last_seen_at"])
