"""API tokens and access tokens; a token is good only while its row says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from policies.database import Tx
from policies.party import User
from policies.terms import UserId
from policies.token import Token, TokenKind


def insert_token(tx: Tx, token: Token) -> None:
    """Keep the row of a token that is about to be handed out."""
    tx.execute(
        """
        INSERT INTO policies.tokens
               (id, kind, user_id, organization_id, agreement_id, name, issuer, kid, issued_at,
                expires_at)
        VALUES (%(id)s, %(kind)s, %(user_id)s, %(organization_id)s, %(agreement_id)s, %(name)s,
                %(issuer)s, %(kid)s, %(issued_at)s, %(expires_at)s)
        """,
        {
            "id": token.id,
            "kind": token.kind,
            "user_id": token.user_id,
            "organization_id": token.organization_id,
            "agreement_id": token.agreement_id,
            "name": token.name,
            "issuer": token.issuer,
            "kid": token.kid,
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
        },
    )


def get_token(tx: Tx, token_id: UUID) -> tuple[Token, User] | None:
    """The token with that id and its owner, live or not."""
    row = tx.execute(
        """
        SELECT token.id, token.kind, token.user_id, token.organization_id, token.agreement_id,
               token.name, token.issuer, token.kid, token.issued_at, token.expires_at,
               COALESCE(token.revoked_at, agreement.ended_at) AS revoked_at, token.last_used_at,
               person.name AS user_name, person.is_active,
               person.created_at AS user_created_at
          FROM policies.tokens AS token
          JOIN policies.users AS person ON person.id = token.user_id
          LEFT JOIN policies.agreements AS agreement ON agreement.id = token.agreement_id
         WHERE token.id = %(id)s
        """,
        {"id": token_id},
    ).fetchone()
    if row is None:
        return None
    return _token(row), User(
        id=row["user_id"],
        name=row["user_name"],
        is_active=row["is_active"],
        created_at=row["user_created_at"],
    )


def tokens_of_user(tx: Tx, user_id: UserId, *, limit: int) -> list[Token]:
    """The user's tokens, newest first, live or not."""
    rows = tx.execute(
        """
        SELECT token.id, token.kind, token.user_id, token.organization_id, token.agreement_id,
               token.name, token.issuer, token.kid, token.issued_at, token.expires_at,
               COALESCE(token.revoked_at, agreement.ended_at) AS revoked_at, token.last_used_at
          FROM policies.tokens AS token
          LEFT JOIN policies.agreements AS agreement ON agreement.id = token.agreement_id
         WHERE token.user_id = %(user_id)s
         ORDER BY token.issued_at DESC, token.id DESC
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit},
    )
    return [_token(row) for row in rows]


def count_live_api_tokens(tx: Tx, user_id: UserId, at: datetime) -> int:
    """How many API tokens of the user can be used at that moment."""
    row = tx.execute(
        """
        SELECT count(*) AS live
          FROM policies.tokens
         WHERE user_id = %(user_id)s
           AND kind = 'api'
           AND revoked_at IS NULL
           AND expires_at > %(at)s
        """,
        {"user_id": user_id, "at": at},
    ).fetchone()
    assert row is not None
    live: int = row["live"]
    return live


def update_token_used(tx: Tx, token_id: UUID, *, at: datetime, not_since: datetime) -> None:
    """Note a use, unless one was noted after `not_since`."""
    tx.execute(
        """
        UPDATE policies.tokens
           SET last_used_at = %(at)s
         WHERE id = %(id)s
           AND (last_used_at IS NULL OR last_used_at <= %(not_since)s)
        """,
        {"id": token_id, "at": at, "not_since": not_since},
    )


def revoke_token(tx: Tx, token_id: UUID, at: datetime) -> bool:
    """Revoke one token; False where it was revoked before."""
    revoked = tx.execute(
        """
        UPDATE policies.tokens
           SET revoked_at = %(at)s
         WHERE id = %(id)s
           AND revoked_at IS NULL
        """,
        {"id": token_id, "at": at},
    )
    return revoked.rowcount == 1


def revoke_tokens_of_user(tx: Tx, user_id: UserId, at: datetime) -> int:
    """Revoke every live token of the user; how many there were."""
    revoked = tx.execute(
        """
        UPDATE policies.tokens
           SET revoked_at = %(at)s
         WHERE user_id = %(user_id)s
           AND revoked_at IS NULL
           AND expires_at > %(at)s
        """,
        {"user_id": user_id, "at": at},
    )
    return revoked.rowcount


def _token(row: dict[str, Any]) -> Token:
    return Token(
        id=row["id"],
        kind=TokenKind(row["kind"]),
        user_id=row["user_id"],
        organization_id=row["organization_id"],
        agreement_id=row["agreement_id"],
        name=row["name"],
        issuer=row["issuer"],
        kid=row["kid"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
