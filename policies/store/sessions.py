"""Sessions, failures to sign in, and one-time links."""

from __future__ import annotations

from datetime import datetime

from policies.database import Tx
from policies.party import User
from policies.session import Failures, Session
from policies.terms import OrganizationId, UserId


def insert_session(tx: Tx, session: Session) -> None:
    """Keep a new session."""
    tx.execute(
        """
        INSERT INTO policies.sessions
               (secret_hash, user_id, organization_id, created_at, last_seen_at, expires_at)
        VALUES (%(secret_hash)s, %(user_id)s, %(organization_id)s, %(created_at)s,
                %(last_seen_at)s, %(expires_at)s)
        """,
        {
            "secret_hash": session.secret_hash,
            "user_id": session.user_id,
            "organization_id": session.organization_id,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
        },
    )


def get_session(tx: Tx, secret_hash: bytes, at: datetime) -> tuple[Session, User] | None:
    """The session of that secret and its user, if it has not ended and the account is open."""
    row = tx.execute(
        """
        SELECT session.secret_hash, session.user_id, session.organization_id,
               session.created_at, session.last_seen_at, session.expires_at,
               person.name, person.created_at AS user_created_at
          FROM policies.sessions AS session
          JOIN policies.users AS person ON person.id = session.user_id
         WHERE session.secret_hash = %(secret_hash)s
           AND session.expires_at > %(at)s
           AND person.is_active
        """,
        {"secret_hash": secret_hash, "at": at},
    ).fetchone()
    if row is None:
        return None
    session = Session(
        secret_hash=row["secret_hash"],
        user_id=row["user_id"],
        organization_id=row["organization_id"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
    )
    return session, User(
        id=row["user_id"], name=row["name"], is_active=True, created_at=row["user_created_at"]
    )


def update_session_seen(
    tx: Tx, secret_hash: bytes, *, last_seen_at: datetime, expires_at: datetime
) -> None:
    """Move the end of a session that is in use."""
    tx.execute(
        """
        UPDATE policies.sessions
           SET last_seen_at = %(last_seen_at)s, expires_at = %(expires_at)s
         WHERE secret_hash = %(secret_hash)s
           AND last_seen_at < %(last_seen_at)s
        """,
        {"secret_hash": secret_hash, "last_seen_at": last_seen_at, "expires_at": expires_at},
    )


def update_session_organization(
    tx: Tx, secret_hash: bytes, organization_id: OrganizationId
) -> None:
    """Set the organisation that the session acts for."""
    tx.execute(
        """
        UPDATE policies.sessions
           SET organization_id = %(organization_id)s
         WHERE secret_hash = %(secret_hash)s
        """,
        {"secret_hash": secret_hash, "organization_id": organization_id},
    )


def delete_session(tx: Tx, secret_hash: bytes) -> None:
    """End one session."""
    tx.execute(
        """
        DELETE FROM policies.sessions
         WHERE secret_hash = %(secret_hash)s
        """,
        {"secret_hash": secret_hash},
    )


def delete_sessions_of_user(tx: Tx, user_id: UserId) -> None:
    """End every session of the user."""
    tx.execute(
        """
        DELETE FROM policies.sessions
         WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )


def delete_oldest_sessions(tx: Tx, user_id: UserId, *, keep: int) -> None:
    """End all sessions of the user but the `keep` newest."""
    tx.execute(
        """
        DELETE FROM policies.sessions
         WHERE secret_hash IN (
               SELECT secret_hash
                 FROM policies.sessions
                WHERE user_id = %(user_id)s
                ORDER BY created_at DESC, secret_hash
               OFFSET %(keep)s)
        """,
        {"user_id": user_id, "keep": keep},
    )


def delete_ended_sessions(tx: Tx, *, before: datetime) -> None:
    """Drop sessions that ended before then."""
    tx.execute(
        """
        DELETE FROM policies.sessions
         WHERE expires_at < %(before)s
        """,
        {"before": before},
    )


def delete_forgotten_failures(tx: Tx, *, before: datetime) -> None:
    """Drop failures whose last one was before then."""
    tx.execute(
        """
        DELETE FROM policies.sign_in_failures
         WHERE last_failure_at < %(before)s
        """,
        {"before": before},
    )


def count_failure(
    tx: Tx, subject: str, *, at: datetime, forgotten_before: datetime
) -> Failures | None:
    """Count one failure and return what was known before it; None where nothing was.

    The row stays locked to the end of the transaction, so that attempts come one after the other.
    """
    row = tx.execute(
        """
        INSERT INTO policies.sign_in_failures AS known (subject, failures, last_failure_at)
        VALUES (%(subject)s, 1, %(at)s)
        ON CONFLICT (subject) DO UPDATE
           SET failures = CASE WHEN known.last_failure_at < %(forgotten_before)s THEN 1
                               ELSE known.failures + 1 END,
               last_failure_at = %(at)s
        RETURNING old.failures, old.last_failure_at
        """,
        {"subject": subject, "at": at, "forgotten_before": forgotten_before},
    ).fetchone()
    if row is None or row["failures"] is None:
        return None
    return Failures(number=row["failures"], last_at=row["last_failure_at"])


def uncount_failure(tx: Tx, subject: str) -> None:
    """Take back the last failure counted: it was none."""
    tx.execute(
        """
        UPDATE policies.sign_in_failures
           SET failures = greatest(failures - 1, 0)
         WHERE subject = %(subject)s
        """,
        {"subject": subject},
    )


def delete_failures(tx: Tx, subject: str) -> None:
    """Forget the failures of an account."""
    tx.execute(
        """
        DELETE FROM policies.sign_in_failures
         WHERE subject = %(subject)s
        """,
        {"subject": subject},
    )


def insert_link(
    tx: Tx,
    secret_hash: bytes,
    *,
    user_id: UserId,
    created_by: UserId | None,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Keep a new one-time link."""
    tx.execute(
        """
        INSERT INTO policies.password_links
               (secret_hash, user_id, created_by, created_at, expires_at)
        VALUES (%(secret_hash)s, %(user_id)s, %(created_by)s, %(at)s, %(expires_at)s)
        """,
        {
            "secret_hash": secret_hash,
            "user_id": user_id,
            "created_by": created_by,
            "at": at,
            "expires_at": expires_at,
        },
    )


def get_usable_link(tx: Tx, secret_hash: bytes, at: datetime) -> UserId | None:
    """Whose password the link may set now; None where it may set none."""
    row = tx.execute(
        """
        SELECT link.user_id
          FROM policies.password_links AS link
          JOIN policies.users AS person ON person.id = link.user_id
         WHERE link.secret_hash = %(secret_hash)s
           AND link.used_at IS NULL
           AND link.expires_at > %(at)s
           AND person.is_active
        """,
        {"secret_hash": secret_hash, "at": at},
    ).fetchone()
    return row["user_id"] if row else None


def use_link(tx: Tx, secret_hash: bytes, at: datetime) -> bool:
    """Mark the link as used; False where another request was first."""
    used = tx.execute(
        """
        UPDATE policies.password_links
           SET used_at = %(at)s
         WHERE secret_hash = %(secret_hash)s
           AND used_at IS NULL
           AND expires_at > %(at)s
        """,
        {"secret_hash": secret_hash, "at": at},
    )
    return used.rowcount == 1


def use_links_of_user(tx: Tx, user_id: UserId, at: datetime) -> None:
    """Make every open link of the user useless."""
    tx.execute(
        """
        UPDATE policies.password_links
           SET used_at = %(at)s
         WHERE user_id = %(user_id)s
           AND used_at IS NULL
        """,
        {"user_id": user_id, "at": at},
    )
