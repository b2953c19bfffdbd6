"""Organisations, users and the roles that join them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.party import UNOWNED, Member, Membership, Organization, OrganizationKind, Role, User
from policies.terms import OrganizationId, Text, UserId


def insert_organization(
    tx: Tx,
    *,
    slug: str,
    kind: OrganizationKind,
    title: Text,
    credit_code: str | None,
    at: datetime,
) -> Organization | None:
    """The new organisation; None where another one has its slug or its credit code."""
    row = tx.execute(
        """
        INSERT INTO policies.organizations (slug, kind, title, credit_code, created_at)
        VALUES (%(slug)s, %(kind)s, %(title)s, %(credit_code)s, %(at)s)
        ON CONFLICT DO NOTHING
        RETURNING id, slug, kind, title, credit_code, created_at
        """,
        {
            "slug": slug,
            "kind": kind,
            "title": Jsonb(title.as_map()),
            "credit_code": credit_code,
            "at": at,
        },
    ).fetchone()
    return _organization(row) if row else None


def get_organization(tx: Tx, organization_id: OrganizationId) -> Organization | None:
    """The organisation with that id."""
    row = tx.execute(
        """
        SELECT id, slug, kind, title, credit_code, created_at
          FROM policies.organizations
         WHERE id = %(id)s
        """,
        {"id": organization_id},
    ).fetchone()
    return _organization(row) if row else None


def get_organization_by_slug(tx: Tx, slug: str) -> Organization | None:
    """The organisation with that name in its address."""
    row = tx.execute(
        """
        SELECT id, slug, kind, title, credit_code, created_at
          FROM policies.organizations
         WHERE slug = %(slug)s
        """,
        {"slug": slug},
    ).fetchone()
    return _organization(row) if row else None


def organizations(
    tx: Tx, *, kind: OrganizationKind | None, after: str, limit: int
) -> list[Organization]:
    """Organisations by slug, those after `after`; of every kind where `kind` is None."""
    rows = tx.execute(
        """
        SELECT id, slug, kind, title, credit_code, created_at
          FROM policies.organizations
         WHERE slug > %(after)s
           AND (%(kind)s::text IS NULL OR kind = %(kind)s)
           AND id <> %(unowned)s
           AND NOT EXISTS (SELECT FROM policies.organization_presentations AS shown
                            WHERE shown.organization_id = organizations.id
                              AND shown.is_removed)
         ORDER BY slug
         LIMIT %(limit)s
        """,
        {"kind": kind, "after": after, "limit": limit, "unowned": UNOWNED},
    )
    return [_organization(row) for row in rows]


def organizations_in(
    tx: Tx, organization_ids: Sequence[OrganizationId]
) -> dict[OrganizationId, Organization]:
    """The organisations of these ids."""
    rows = tx.execute(
        """
        SELECT id, slug, kind, title, credit_code, created_at
          FROM policies.organizations
         WHERE id = ANY (%(ids)s)
         ORDER BY id
        """,
        {"ids": list(organization_ids)},
    )
    return {row["id"]: _organization(row) for row in rows}


def insert_user(tx: Tx, *, name: str, password_hash: str | None, at: datetime) -> User | None:
    """The new user; None where another one has the name."""
    row = tx.execute(
        """
        INSERT INTO policies.users (name, password_hash, created_at, password_changed_at)
        VALUES (%(name)s, %(password_hash)s, %(at)s,
                CASE WHEN %(password_hash)s::text IS NULL THEN NULL ELSE %(at)s END)
        ON CONFLICT DO NOTHING
        RETURNING id, name, is_active, created_at
        """,
        {"name": name, "password_hash": password_hash, "at": at},
    ).fetchone()
    return _user(row) if row else None


def get_user(tx: Tx, user_id: UserId) -> User | None:
    """The user with that id."""
    row = tx.execute(
        """
        SELECT id, name, is_active, created_at
          FROM policies.users
         WHERE id = %(id)s
        """,
        {"id": user_id},
    ).fetchone()
    return _user(row) if row else None


def get_user_by_name(tx: Tx, name: str) -> User | None:
    """The user with that name, upper and lower case alike."""
    row = tx.execute(
        """
        SELECT id, name, is_active, created_at
          FROM policies.users
         WHERE lower(name) = lower(%(name)s)
        """,
        {"name": name},
    ).fetchone()
    return _user(row) if row else None


def get_password_hash(tx: Tx, user_id: UserId) -> str | None:
    """The password's hash; None where the user has no password yet, or does not exist."""
    row = tx.execute(
        """
        SELECT password_hash
          FROM policies.users
         WHERE id = %(id)s
        """,
        {"id": user_id},
    ).fetchone()
    return row["password_hash"] if row else None


def users(tx: Tx, *, containing: str, after: str, limit: int) -> list[User]:
    """Users by folded name, those after `after` whose names contain a text."""
    rows = tx.execute(
        """
        SELECT id, name, is_active, created_at
          FROM policies.users
         WHERE lower(name) > lower(%(after)s)
           AND strpos(lower(name), lower(%(containing)s)) > 0
         ORDER BY lower(name)
         LIMIT %(limit)s
        """,
        {"containing": containing, "after": after, "limit": limit},
    )
    return [_user(row) for row in rows]


def update_password(tx: Tx, user_id: UserId, *, password_hash: str, at: datetime) -> None:
    """Replace the password."""
    tx.execute(
        """
        UPDATE policies.users
           SET password_hash = %(password_hash)s, password_changed_at = %(at)s
         WHERE id = %(id)s
        """,
        {"id": user_id, "password_hash": password_hash, "at": at},
    )


def update_password_hash(tx: Tx, user_id: UserId, *, old_hash: str, new_hash: str) -> None:
    """Keep the same password under stronger parameters, unless it was changed meanwhile."""
    tx.execute(
        """
        UPDATE policies.users
           SET password_hash = %(new_hash)s
         WHERE id = %(id)s
           AND password_hash = %(old_hash)s
        """,
        {"id": user_id, "old_hash": old_hash, "new_hash": new_hash},
    )


def update_is_active(tx: Tx, user_id: UserId, *, is_active: bool) -> bool:
    """Close or reopen the account; False where it was so already."""
    changed = tx.execute(
        """
        UPDATE policies.users
           SET is_active = %(is_active)s
         WHERE id = %(id)s
           AND is_active <> %(is_active)s
        """,
        {"id": user_id, "is_active": is_active},
    )
    return changed.rowcount == 1


def insert_membership(
    tx: Tx,
    user_id: UserId,
    *,
    role: Role,
    organization_id: OrganizationId | None,
    at: datetime,
) -> bool:
    """Give the role; False where the user had it."""
    added = tx.execute(
        """
        INSERT INTO policies.memberships (user_id, organization_id, role, granted_at)
        VALUES (%(user_id)s, %(organization_id)s, %(role)s, %(at)s)
        ON CONFLICT DO NOTHING
        """,
        {"user_id": user_id, "organization_id": organization_id, "role": role, "at": at},
    )
    return added.rowcount == 1


def delete_membership(
    tx: Tx, user_id: UserId, *, role: Role, organization_id: OrganizationId | None
) -> bool:
    """Take the role; False where the user did not have it."""
    taken = tx.execute(
        """
        DELETE FROM policies.memberships
         WHERE user_id = %(user_id)s
           AND role = %(role)s
           AND organization_id IS NOT DISTINCT FROM %(organization_id)s
        """,
        {"user_id": user_id, "role": role, "organization_id": organization_id},
    )
    return taken.rowcount == 1


def memberships_of_user(tx: Tx, user_id: UserId) -> list[tuple[Membership, Organization | None]]:
    """The user's roles with their organisations, oldest first; None for the whole site."""
    rows = tx.execute(
        """
        SELECT held.role, organization.id, organization.slug, organization.kind,
               organization.title, organization.credit_code, organization.created_at
          FROM policies.memberships AS held
          LEFT JOIN policies.organizations AS organization
            ON organization.id = held.organization_id
         WHERE held.user_id = %(user_id)s
         ORDER BY held.granted_at, held.role
        """,
        {"user_id": user_id},
    )
    return [
        (Membership(Role(row["role"]), row["id"]), _organization(row) if row["id"] else None)
        for row in rows
    ]


def members(tx: Tx, organization_id: OrganizationId | None, *, limit: int) -> list[Member]:
    """Who holds which roles in the organisation, or (None) for the whole site; by name."""
    rows = tx.execute(
        """
        SELECT person.id, person.name, person.is_active, person.created_at,
               array_agg(held.role ORDER BY held.role) AS roles
          FROM policies.memberships AS held
          JOIN policies.users AS person ON person.id = held.user_id
         WHERE held.organization_id IS NOT DISTINCT FROM %(organization_id)s
         GROUP BY person.id
         ORDER BY lower(person.name)
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [
        Member(user=_user(row), roles=tuple(Role(role) for role in row["roles"])) for row in rows
    ]


def lock_site_administrators(tx: Tx) -> list[UserId]:
    """Active administrators of the whole site; nobody else changes their number meanwhile."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtext('policies.site_administrators'))")
    rows = tx.execute(
        """
        SELECT held.user_id
          FROM policies.memberships AS held
          JOIN policies.users AS person ON person.id = held.user_id
         WHERE held.role = 'admin'
           AND held.organization_id IS NULL
           AND person.is_active
         ORDER BY held.user_id
        """
    )
    return [row["user_id"] for row in rows]


def _organization(row: dict[str, Any]) -> Organization:
    return Organization(
        id=row["id"],
        slug=row["slug"],
        kind=OrganizationKind(row["kind"]),
        title=Text.from_map(row["title"]),
        credit_code=row["credit_code"],
        created_at=row["created_at"],
    )


def _user(row: dict[str, Any]) -> User:
    return User(
        id=row["id"], name=row["name"], is_active=row["is_active"], created_at=row["created_at"]
    )
