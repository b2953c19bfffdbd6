"""Tables `exchange.webhooks` and `exchange.webhook_deliveries`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.notices.webhook import DeliveryState, Webhook, WebhookDelivery
from policies.database import Tx
from policies.terms import OrganizationId, UserId


def insert_webhook(tx: Tx, webhook: Webhook, *, created_by: UserId) -> None:
    """Add an address."""
    tx.execute(
        """
        INSERT INTO exchange.webhooks
               (id, organization_id, url, sealed_secret, is_active, created_by, created_at)
        VALUES (%(id)s, %(organization_id)s, %(url)s, %(sealed_secret)s, %(is_active)s,
                %(created_by)s, %(created_at)s)
        """,
        {
            "id": webhook.id,
            "organization_id": webhook.organization_id,
            "url": webhook.url,
            "sealed_secret": webhook.sealed_secret,
            "is_active": webhook.is_active,
            "created_by": created_by,
            "created_at": webhook.created_at,
        },
    )


def delete_webhook(tx: Tx, webhook_id: UUID) -> None:
    """Take an address away, with the log of its calls."""
    tx.execute("DELETE FROM exchange.webhooks WHERE id = %(id)s", {"id": webhook_id})


def get_webhook(tx: Tx, webhook_id: UUID) -> Webhook | None:
    """The address of that id; None where there is none."""
    row = tx.execute(
        "SELECT * FROM exchange.webhooks WHERE id = %(id)s", {"id": webhook_id}
    ).fetchone()
    return _webhook(row) if row else None


def active_of(tx: Tx, organization_id: UUID) -> list[Webhook]:
    """The addresses of an organisation, the oldest first; there are few."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.webhooks
         WHERE organization_id = %(organization_id)s
           AND is_active
         ORDER BY created_at, id
        """,
        {"organization_id": organization_id},
    )
    return [_webhook(row) for row in rows]


def count_of(tx: Tx, organization_id: OrganizationId) -> int:
    """How many addresses an organisation has."""
    row = tx.execute(
        """
        SELECT count(*) AS held
          FROM exchange.webhooks
         WHERE organization_id = %(organization_id)s
        """,
        {"organization_id": organization_id},
    ).fetchone()
    return int(row["held"]) if row else 0


def insert_delivery(
    tx: Tx, webhook_id: UUID, event_id: int | None, body: str, *, at: datetime
) -> None:
    """Have an address called; of one event once."""
    tx.execute(
        """
        INSERT INTO exchange.webhook_deliveries
               (webhook_id, event_id, body, state, next_at, created_at)
        VALUES (%(webhook_id)s, %(event_id)s, %(body)s, 'due', %(at)s, %(at)s)
            ON CONFLICT (webhook_id, event_id) DO NOTHING
        """,
        {"webhook_id": webhook_id, "event_id": event_id, "body": body, "at": at},
    )


def claim_deliveries(tx: Tx, at: datetime, *, until: datetime, limit: int) -> list[WebhookDelivery]:
    """Take calls that are due, for one caller; those of a killed one come back after `until`."""
    rows = tx.execute(
        """
        UPDATE exchange.webhook_deliveries
           SET attempts = attempts + 1,
               next_at = %(until)s
         WHERE id IN (SELECT id
                        FROM exchange.webhook_deliveries
                       WHERE state = 'due'
                         AND next_at <= %(at)s
                       ORDER BY next_at, id
                       LIMIT %(limit)s
                         FOR UPDATE SKIP LOCKED)
        RETURNING *
        """,
        {"at": at, "until": until, "limit": limit},
    )
    return sorted((_delivery(row) for row in rows), key=lambda one: one.id)


def settle_delivery(
    tx: Tx,
    delivery_id: UUID,
    *,
    state: DeliveryState,
    next_at: datetime,
    status: int | None,
    error: str,
) -> None:
    """Write how a call went."""
    tx.execute(
        """
        UPDATE exchange.webhook_deliveries
           SET state = %(state)s,
               next_at = %(next_at)s,
               status = %(status)s,
               error = %(error)s
         WHERE id = %(id)s
        """,
        {
            "id": delivery_id,
            "state": state,
            "next_at": next_at,
            "status": status,
            "error": error,
        },
    )


def deliveries_of(tx: Tx, webhook_id: UUID, *, limit: int) -> list[WebhookDelivery]:
    """The calls of an address, the newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.webhook_deliveries
         WHERE webhook_id = %(webhook_id)s
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"webhook_id": webhook_id, "limit": limit},
    )
    return [_delivery(row) for row in rows]


def _webhook(row: dict[str, Any]) -> Webhook:
    return Webhook(
        id=row["id"],
        organization_id=OrganizationId(row["organization_id"]),
        url=row["url"],
        sealed_secret=bytes(row["sealed_secret"]),
        is_active=row["is_active"],
        created_at=row["created_at"],
    )


def _delivery(row: dict[str, Any]) -> WebhookDelivery:
    return WebhookDelivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        event_id=row["event_id"],
        body=row["body"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_at=row["next_at"],
        status=row["status"],
        error=row["error"],
        created_at=row["created_at"],
    )
