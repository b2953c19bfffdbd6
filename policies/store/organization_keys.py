"""Public halves of the keys that sign in the name of organisations."""

from __future__ import annotations

from psycopg.rows import DictRow

from policies.database import Tx
from policies.evidence.organization_key import OrganizationKey
from policies.terms import OrganizationId


def current_key(tx: Tx, organization_id: OrganizationId) -> OrganizationKey | None:
    """The key that signs for an organisation now; None before the first one."""
    row = tx.execute(
        """
        SELECT kid, organization_id, public_key, created_at, retire_at, endorsed_by, endorsement
          FROM policies.organization_keys
         WHERE organization_id = %(organization_id)s
           AND is_current
        """,
        {"organization_id": organization_id},
    ).fetchone()
    return _key(row) if row else None


def get_key(tx: Tx, kid: str) -> OrganizationKey | None:
    """The key of that name."""
    row = tx.execute(
        """
        SELECT kid, organization_id, public_key, created_at, retire_at, endorsed_by, endorsement
          FROM policies.organization_keys
         WHERE kid = %(kid)s
        """,
        {"kid": kid},
    ).fetchone()
    return _key(row) if row else None


def insert_current_key(tx: Tx, key: OrganizationKey) -> bool:
    """Make `key` the current one of its organisation; False where another one is.

    Waits for a transaction that is making one.
    """
    inserted = tx.execute(
        """
        INSERT INTO policies.organization_keys
            (kid, organization_id, public_key, is_current, created_at, retire_at, endorsed_by,
             endorsement)
        VALUES
            (%(kid)s, %(organization_id)s, %(public_key)s, true, %(created_at)s, %(retire_at)s,
             %(endorsed_by)s, %(endorsement)s)
        ON CONFLICT DO NOTHING
        """,
        {
            "kid": key.kid,
            "organization_id": key.organization_id,
            "public_key": key.public_key,
            "created_at": key.created_at,
            "retire_at": key.retire_at,
            "endorsed_by": key.endorsed_by,
            "endorsement": key.endorsement,
        },
    )
    return inserted.rowcount == 1


def retire_key(tx: Tx, kid: str) -> None:
    """Let a key sign no more; what it signed stays good."""
    tx.execute(
        """
        UPDATE policies.organization_keys
           SET is_current = false
         WHERE kid = %(kid)s
        """,
        {"kid": kid},
    )


def _key(row: DictRow) -> OrganizationKey:
    return OrganizationKey(
        kid=row["kid"],
        organization_id=row["organization_id"],
        public_key=row["public_key"],
        created_at=row["created_at"],
        retire_at=row["retire_at"],
        endorsed_by=row["endorsed_by"],
        endorsement=row["endorsement"],
    )
