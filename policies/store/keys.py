"""Public halves of the signing keys."""

from __future__ import annotations

from psycopg.rows import DictRow

from policies.database import Tx
from policies.evidence.signing_key import KeyPurpose, KeyState, SigningKey


def current_key(tx: Tx, purpose: KeyPurpose) -> SigningKey | None:
    """The key that signs now; None before the first one."""
    row = tx.execute(
        """
        SELECT kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement
          FROM policies.signing_keys
         WHERE purpose = %(purpose)s
           AND state = 'current'
        """,
        {"purpose": purpose},
    ).fetchone()
    return _key(row) if row else None


def get_key(tx: Tx, kid: str) -> SigningKey | None:
    """The key of that name."""
    row = tx.execute(
        """
        SELECT kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement
          FROM policies.signing_keys
         WHERE kid = %(kid)s
        """,
        {"kid": kid},
    ).fetchone()
    return _key(row) if row else None


def insert_current_key(tx: Tx, key: SigningKey) -> bool:
    """Make `key` the current one of its purpose; False where another one is, which then stays.

    Waits for a transaction that is making one.
    """
    inserted = tx.execute(
        """
        INSERT INTO policies.signing_keys
            (kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement)
        VALUES
            (%(kid)s, %(purpose)s, %(public_key)s, 'current', %(created_at)s, %(retire_at)s,
             %(endorsed_by)s, %(endorsement)s)
        ON CONFLICT DO NOTHING
        """,
        {
            "kid": key.kid,
            "purpose": key.purpose,
            "public_key": key.public_key,
            "created_at": key.created_at,
            "retire_at": key.retire_at,
            "endorsed_by": key.endorsed_by,
            "endorsement": key.endorsement,
        },
    )
    return inserted.rowcount == 1


def insert_next_key(tx: Tx, key: SigningKey) -> bool:
    """Make `key` the next one of its purpose; False where another one is."""
    inserted = tx.execute(
        """
        INSERT INTO policies.signing_keys
            (kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement)
        VALUES
            (%(kid)s, %(purpose)s, %(public_key)s, 'next', %(created_at)s, %(retire_at)s,
             %(endorsed_by)s, %(endorsement)s)
        ON CONFLICT DO NOTHING
        """,
        {
            "kid": key.kid,
            "purpose": key.purpose,
            "public_key": key.public_key,
            "created_at": key.created_at,
            "retire_at": key.retire_at,
            "endorsed_by": key.endorsed_by,
            "endorsement": key.endorsement,
        },
    )
    return inserted.rowcount == 1


def move_key(tx: Tx, kid: str, before: KeyState, after: KeyState) -> bool:
    """Move a key on in its life; False where it no longer stands where it did."""
    updated = tx.execute(
        """
        UPDATE policies.signing_keys
           SET state = %(after)s
         WHERE kid = %(kid)s
           AND state = %(before)s
        """,
        {"kid": kid, "before": before, "after": after},
    )
    return updated.rowcount == 1


def retire_current_key(tx: Tx, kid: str) -> bool:
    """Let a key sign no more; False where it is not current, or no longer."""
    updated = tx.execute(
        """
        UPDATE policies.signing_keys
           SET state = 'old'
         WHERE kid = %(kid)s
           AND state = 'current'
        """,
        {"kid": kid},
    )
    return updated.rowcount == 1


def lock_secrets(tx: Tx) -> None:
    """Wait until nobody else makes a secret; held until the transaction ends."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('policies.secrets', 0))")


def wrapped_key(tx: Tx, name: str) -> bytes | None:
    """What is kept sealed under a name; None where there is nothing."""
    row = tx.execute(
        """
        SELECT wrapped
          FROM policies.wrapped_keys
         WHERE name = %(name)s
        """,
        {"name": name},
    ).fetchone()
    return bytes(row["wrapped"]) if row else None


def insert_wrapped_key(tx: Tx, name: str, wrapped: bytes) -> None:
    """Keep something sealed, unless something is kept under the name; that then stays.

    Waits for a transaction that keeps the same name.
    """
    tx.execute(
        """
        INSERT INTO policies.wrapped_keys (name, wrapped)
        VALUES (%(name)s, %(wrapped)s)
            ON CONFLICT (name) DO NOTHING
        """,
        {"name": name, "wrapped": wrapped},
    )


def all_keys(tx: Tx) -> list[SigningKey]:
    """Every key there ever was, oldest first; a few a year."""
    rows = tx.execute(
        """
        SELECT kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement
          FROM policies.signing_keys
         ORDER BY created_at, kid
        """
    )
    return [_key(row) for row in rows]


def first_log_kid(tx: Tx) -> str | None:
    """The name of the log's first key, which is the one that vouched for itself."""
    row = tx.execute(
        """
        SELECT kid
          FROM policies.signing_keys
         WHERE purpose = 'log'
           AND endorsed_by = kid
        """
    ).fetchone()
    return str(row["kid"]) if row else None


def _key(row: DictRow) -> SigningKey:
    return SigningKey(
        kid=row["kid"],
        purpose=KeyPurpose(row["purpose"]),
        public_key=row["public_key"],
        state=KeyState(row["state"]),
        created_at=row["created_at"],
        retire_at=row["retire_at"],
        endorsed_by=row["endorsed_by"],
        endorsement=row["endorsement"],
    )
