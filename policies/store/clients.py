"""Keys of programs, what they spent a day, and statements that count once."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from policies.client import Client
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId, UserId


def insert_client(tx: Tx, client: Client, secret_hash: bytes | None) -> None:
    """Keep a new key."""
    tx.execute(
        """
        INSERT INTO policies.clients
               (id, organization_id, agreement_id, name, held_by, created_at, ends_at, secret_hash,
                public_jwk, daily_cap_microcredits, secret_changed_at)
        VALUES (%(id)s, %(organization_id)s, %(agreement_id)s, %(name)s, %(held_by)s,
                %(created_at)s, %(ends_at)s, %(secret_hash)s, %(public_jwk)s, %(daily_cap)s,
                %(created_at)s)
        """,
        {
            "id": client.id,
            "organization_id": client.organization_id,
            "agreement_id": client.agreement_id,
            "name": client.name,
            "held_by": client.held_by,
            "created_at": client.created_at,
            "ends_at": client.ends_at,
            "secret_hash": secret_hash,
            "public_jwk": Jsonb(dict(client.public_jwk)) if client.public_jwk else None,
            "daily_cap": client.daily_cap,
        },
    )


def get_client(tx: Tx, client_id: UUID) -> tuple[Client, bytes | None] | None:
    """A key and the hash of its secret, live or not."""
    row = tx.execute(
        """
        SELECT id, organization_id, agreement_id, name, held_by, created_at, ends_at, secret_hash,
               public_jwk, daily_cap_microcredits, secret_changed_at, copied_at, last_used_at,
               revoked_at
          FROM policies.clients
         WHERE id = %(id)s
        """,
        {"id": client_id},
    ).fetchone()
    return (_client(row), row["secret_hash"]) if row else None


def clients_of_organization(tx: Tx, organization_id: OrganizationId, *, limit: int) -> list[Client]:
    """The keys of an organisation, those that can be used first, then the newest."""
    rows = tx.execute(
        """
        SELECT id, organization_id, agreement_id, name, held_by, created_at, ends_at,
               public_jwk, daily_cap_microcredits, secret_changed_at, copied_at, last_used_at,
               revoked_at
          FROM policies.clients
         WHERE organization_id = %(organization_id)s
         ORDER BY revoked_at IS NOT NULL, created_at DESC, id
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [_client(row) for row in rows]


def count_live_clients(tx: Tx, organization_id: OrganizationId, at: datetime) -> int:
    """How many keys of the organisation can be used at that moment."""
    row = tx.execute(
        """
        SELECT count(*) AS live
          FROM policies.clients
         WHERE organization_id = %(organization_id)s
           AND revoked_at IS NULL
           AND ends_at > %(at)s
        """,
        {"organization_id": organization_id, "at": at},
    ).fetchone()
    assert row is not None
    live: int = row["live"]
    return live


def update_client_secret(
    tx: Tx, client_id: UUID, secret_hash: bytes, *, held_by: UserId, at: datetime
) -> None:
    """Put a new secret in place of the old one, which opens nothing from then on."""
    tx.execute(
        """
        UPDATE policies.clients
           SET secret_hash = %(secret_hash)s,
               held_by = %(held_by)s,
               secret_changed_at = %(at)s,
               copied_at = NULL
         WHERE id = %(id)s
        """,
        {"id": client_id, "secret_hash": secret_hash, "held_by": held_by, "at": at},
    )


def update_client_cap(tx: Tx, client_id: UUID, daily_cap: MicroCredits | None) -> None:
    """Bound what a key's tokens may spend a day; None takes the bound away."""
    tx.execute(
        """
        UPDATE policies.clients
           SET daily_cap_microcredits = %(daily_cap)s
         WHERE id = %(id)s
        """,
        {"id": client_id, "daily_cap": daily_cap},
    )


def update_client_copied(tx: Tx, client_id: UUID, at: datetime) -> None:
    """Note that somebody copied the secret."""
    tx.execute(
        """
        UPDATE policies.clients
           SET copied_at = COALESCE(copied_at, %(at)s)
         WHERE id = %(id)s
        """,
        {"id": client_id, "at": at},
    )


def update_client_used(tx: Tx, client_id: UUID, at: datetime) -> None:
    """Note a use; whoever used it has copied it."""
    tx.execute(
        """
        UPDATE policies.clients
           SET last_used_at = %(at)s,
               copied_at = COALESCE(copied_at, %(at)s)
         WHERE id = %(id)s
        """,
        {"id": client_id, "at": at},
    )


def revoke_client(tx: Tx, client_id: UUID, at: datetime) -> bool:
    """Revoke a key; False where it was revoked before."""
    revoked = tx.execute(
        """
        UPDATE policies.clients
           SET revoked_at = %(at)s
         WHERE id = %(id)s
           AND revoked_at IS NULL
        """,
        {"id": client_id, "at": at},
    )
    return revoked.rowcount == 1


def spent_on(tx: Tx, client_id: UUID, day: date) -> MicroCredits:
    """What the tokens of a key spent on a day."""
    row = tx.execute(
        """
        SELECT spent_microcredits
          FROM policies.client_days
         WHERE client_id = %(client_id)s
           AND day = %(day)s
        """,
        {"client_id": client_id, "day": day},
    ).fetchone()
    return MicroCredits(row["spent_microcredits"] if row else 0)


def add_spent(tx: Tx, client_id: UUID, day: date, amount: MicroCredits) -> MicroCredits:
    """Count what a key's token spent; what its tokens spent on that day, this included."""
    row = tx.execute(
        """
        INSERT INTO policies.client_days AS held (client_id, day, spent_microcredits)
        VALUES (%(client_id)s, %(day)s, %(amount)s)
            ON CONFLICT (client_id, day)
            DO UPDATE SET spent_microcredits = held.spent_microcredits + EXCLUDED.spent_microcredits
        RETURNING spent_microcredits
        """,
        {"client_id": client_id, "day": day, "amount": amount},
    ).fetchone()
    assert row is not None
    return MicroCredits(row["spent_microcredits"])


def insert_used_proof(tx: Tx, signer: str, jti_hash: bytes, forgotten_at: datetime) -> bool:
    """Note that a statement was used; False where it was used before."""
    inserted = tx.execute(
        """
        INSERT INTO policies.used_proofs (signer, jti_hash, forgotten_at)
        VALUES (%(signer)s, %(jti_hash)s, %(forgotten_at)s)
            ON CONFLICT DO NOTHING
        """,
        {"signer": signer, "jti_hash": jti_hash, "forgotten_at": forgotten_at},
    )
    return inserted.rowcount == 1


def delete_used_proofs(tx: Tx, before: datetime) -> int:
    """Forget statements that are too old to be used anyway; how many."""
    return tx.execute(
        """
        DELETE FROM policies.used_proofs
         WHERE forgotten_at < %(before)s
        """,
        {"before": before},
    ).rowcount


def _client(row: DictRow) -> Client:
    return Client(
        id=row["id"],
        organization_id=row["organization_id"],
        agreement_id=row["agreement_id"],
        name=row["name"],
        held_by=row["held_by"],
        created_at=row["created_at"],
        ends_at=row["ends_at"],
        public_jwk=row["public_jwk"],
        daily_cap=row["daily_cap_microcredits"],
        secret_changed_at=row["secret_changed_at"],
        copied_at=row["copied_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
