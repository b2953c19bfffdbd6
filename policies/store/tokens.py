"""API tokens and access tokens; a token is good only while its row says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from policies.access import Action
from policies.database import Tx
from policies.party import User
from policies.terms import UserId
from policies.token import Bounds, Token, TokenKind


def insert_token(tx: Tx, token: Token) -> None:
    """Keep the row of a token that is about to be handed out."""
    tx.execute(
        """
        INSERT INTO policies.tokens
               (id, kind, user_id, organization_id, agreement_id, name, issuer, kid, issued_at,
                expires_at, client_id, parent_id, actions, rows_most, bytes_most, queries_most,
                actors, jkt)
        VALUES (%(id)s, %(kind)s, %(user_id)s, %(organization_id)s, %(agreement_id)s, %(name)s,
                %(issuer)s, %(kid)s, %(issued_at)s, %(expires_at)s, %(client_id)s, %(parent_id)s,
                %(actions)s, %(rows_most)s, %(bytes_most)s, %(queries_most)s, %(actors)s, %(jkt)s)
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
            "client_id": token.client_id,
            "parent_id": token.parent_id,
            "actions": None if token.bounds.actions is None else sorted(token.bounds.actions),
            "rows_most": token.bounds.rows_most,
            "bytes_most": token.bounds.bytes_most,
            "queries_most": token.bounds.queries_most,
            "actors": list(token.bounds.actors),
            "jkt": token.bounds.jkt,
        },
    )


def get_token(tx: Tx, token_id: UUID) -> tuple[Token, User] | None:
    """The token with that id and its owner, live or not."""
    row = tx.execute(
        """
        SELECT token.id, token.kind, token.user_id, token.organization_id, token.agreement_id,
               token.name, token.issuer, token.kid, token.issued_at, token.expires_at,
               COALESCE(token.revoked_at, agreement.ended_at) AS revoked_at, token.last_used_at,
               token.client_id, token.parent_id, token.actions, token.rows_most, token.bytes_most,
               token.queries_most, token.actors, token.jkt,
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
               COALESCE(token.revoked_at, agreement.ended_at) AS revoked_at, token.last_used_at,
               token.client_id, token.parent_id, token.actions, token.rows_most, token.bytes_most,
               token.queries_most, token.actors, token.jkt
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
    """Revoke a token and those narrower ones made of it; False where it was revoked before."""
    revoked = tx.execute(
        """
        UPDATE policies.tokens
           SET revoked_at = %(at)s
         WHERE id IN (
                WITH RECURSIVE below AS (
                    SELECT id
                      FROM policies.tokens
                     WHERE id = %(id)s
                     UNION
                    SELECT child.id
                      FROM below
                      JOIN policies.tokens AS child ON child.parent_id = below.id
                )
                SELECT id
                  FROM below)
           AND revoked_at IS NULL
        """,
        {"id": token_id, "at": at},
    )
    return revoked.rowcount > 0


def revoke_tokens_of_client(tx: Tx, client_id: UUID, at: datetime) -> int:
    """Revoke every live token that was drawn with a key, or is narrower than one of those."""
    revoked = tx.execute(
        """
        UPDATE policies.tokens
           SET revoked_at = %(at)s
         WHERE id IN (
                WITH RECURSIVE below AS (
                    SELECT id
                      FROM policies.tokens
                     WHERE client_id = %(client_id)s
                     UNION
                    SELECT child.id
                      FROM below
                      JOIN policies.tokens AS child ON child.parent_id = below.id
                )
                SELECT id
                  FROM below)
           AND revoked_at IS NULL
           AND expires_at > %(at)s
        """,
        {"client_id": client_id, "at": at},
    )
    return revoked.rowcount


def has_left(tx: Tx, token_id: UUID) -> bool:
    """Whether neither the token nor a wider one that it was made of is used up."""
    row = tx.execute(
        """
        WITH RECURSIVE above AS (
            SELECT id, parent_id, rows_most, rows_used, bytes_most, bytes_used, queries_most,
                   queries_used
              FROM policies.tokens
             WHERE id = %(id)s
             UNION
            SELECT wider.id, wider.parent_id, wider.rows_most, wider.rows_used, wider.bytes_most,
                   wider.bytes_used, wider.queries_most, wider.queries_used
              FROM above
              JOIN policies.tokens AS wider ON wider.id = above.parent_id
        )
        SELECT COALESCE(bool_and(COALESCE(rows_used < rows_most, TRUE)
                             AND COALESCE(bytes_used < bytes_most, TRUE)
                             AND COALESCE(queries_used < queries_most, TRUE)), FALSE) AS has_left
          FROM above
        """,
        {"id": token_id},
    ).fetchone()
    assert row is not None
    has_left: bool = row["has_left"]
    return has_left


def count_use(tx: Tx, token_id: UUID, *, rows: int, size_bytes: int, queries: int) -> bool:
    """Count a delivery against a token and those it is narrower than; False where one is spent."""
    lines = tx.execute(
        """
        WITH RECURSIVE above AS (
            SELECT id, parent_id
              FROM policies.tokens
             WHERE id = %(id)s
             UNION
            SELECT wider.id, wider.parent_id
              FROM above
              JOIN policies.tokens AS wider ON wider.id = above.parent_id
        ), counted AS (
            UPDATE policies.tokens AS token
               SET rows_used = rows_used + %(rows)s,
                   bytes_used = bytes_used + %(bytes)s,
                   queries_used = queries_used + %(queries)s
              FROM above
             WHERE token.id = above.id
               AND (rows_most IS NULL OR rows_used + %(rows)s <= rows_most)
               AND (bytes_most IS NULL OR bytes_used + %(bytes)s <= bytes_most)
               AND (queries_most IS NULL OR queries_used + %(queries)s <= queries_most)
            RETURNING token.id
        )
        SELECT (SELECT count(*) FROM above) = (SELECT count(*) FROM counted) AS is_within
        """,
        {"id": token_id, "rows": rows, "bytes": size_bytes, "queries": queries},
    ).fetchone()
    assert lines is not None
    is_within: bool = lines["is_within"]
    return is_within


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
        client_id=row["client_id"],
        parent_id=row["parent_id"],
        bounds=Bounds(
            actions=None
            if row["actions"] is None
            else frozenset(Action(action) for action in row["actions"]),
            rows_most=row["rows_most"],
            bytes_most=row["bytes_most"],
            queries_most=row["queries_most"],
            actors=tuple(row["actors"]),
            jkt=row["jkt"],
        ),
    )
