"""Set webhooks up, try them, call them, and read how the calls went.

Every call goes through the door of `catalog.harvest.fetch`: public hosts only, and networks that
the operator allows; redirects are not followed.

Source: OWASP SSRF Prevention Cheat Sheet; Standard Webhooks 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from catalog.connections.connection import ConnectionId
from catalog.connections.errors import SecretUnreadable
from catalog.connections.sealed import seal, unseal
from catalog.harvest.fetch import Fetcher
from catalog.harvest.reach import IpNetwork
from exchange.notices import webhook_store as store
from exchange.notices.errors import TooManyWebhooks, WebhookNotFound, WebhooksClosed
from exchange.notices.webhook import (
    ATTEMPTS_MAX,
    WAITS_S,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    check_url,
    headers_of,
    new_secret,
)
from policies.database import Pool, Tx
from policies.errors import Refusal
from policies.events import moment_text
from policies.party import Actor, Role
from policies.terms import OrganizationId, UserId

WEBHOOKS_MAX: Final = 10
LOG_SHOWN: Final = 50
BATCH: Final = 10
ANSWER_BYTES_MAX: Final = 1 << 16
CALL_S_MAX: Final = 15
CLAIM: Final = timedelta(minutes=10)
_SUCCESS: Final = range(200, 300)


def set_up(tx: Tx, url: str, *, sealing_key: bytes, by: Actor, at: datetime) -> tuple[Webhook, str]:
    """Name an address of the organisation that `by` acts for; the secret is shown this once.

    Raises: WebhooksClosed, MalformedWebhook, TooManyWebhooks.
    """
    organization_id, user_id = _sets_up(by)
    url = check_url(url)
    if store.count_of(tx, organization_id) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(WEBHOOKS_MAX)
    webhook_id, secret = uuid4(), new_secret()
    sealed = seal(sealing_key, secret, ConnectionId(webhook_id))
    webhook = Webhook(webhook_id, organization_id, url, sealed, is_active=True, created_at=at)
    store.insert_webhook(tx, webhook, created_by=user_id)
    return webhook, secret


def take_down(tx: Tx, webhook_id: UUID, *, by: Actor) -> None:
    """Call an address no more.

    Raises: WebhooksClosed, WebhookNotFound.
    """
    store.delete_webhook(tx, _own(tx, webhook_id, by).id)


def try_out(tx: Tx, webhook_id: UUID, *, by: Actor, at: datetime) -> None:
    """Have an address called with a test.

    Raises: WebhooksClosed, WebhookNotFound.
    """
    webhook = _own(tx, webhook_id, by)
    body = {"type": "webhook.test", "at": moment_text(at), "facts": {}}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    store.insert_delivery(tx, webhook.id, None, text, at=at)


def own_webhooks(tx: Tx, *, by: Actor) -> list[tuple[Webhook, list[WebhookDelivery]]]:
    """The addresses of the organisation that `by` acts for, each with its latest calls.

    Raises: WebhooksClosed.
    """
    organization_id, _ = _sets_up(by)
    return [
        (webhook, store.deliveries_of(tx, webhook.id, limit=LOG_SHOWN))
        for webhook in store.active_of(tx, organization_id)
    ]


def can_set_up(by: Actor) -> bool:
    """Whether `by` sets webhooks up for the organisation that they act for."""
    organization = by.organization
    return (
        organization is not None
        and by.user_id is not None
        and by.agreement_id is None
        and any(
            by.holds(role, organization.id) for role in (Role.ADMIN, Role.PUBLISHER, Role.BUYER)
        )
    )


def call_due(
    pool: Pool,
    *,
    sealing_key: bytes,
    allowed: tuple[IpNetwork, ...],
    now: Callable[[], datetime],
) -> int:
    """Call what is due, each outside any transaction; how many calls were made."""
    with pool.connection() as tx:
        taken = store.claim_deliveries(tx, now(), until=now() + CLAIM, limit=BATCH)
        webhooks = {one.webhook_id: store.get_webhook(tx, one.webhook_id) for one in taken}
    for delivery in taken:
        webhook = webhooks[delivery.webhook_id]
        if webhook is None:
            continue
        status, error = _call(webhook, delivery, sealing_key, allowed, now())
        with pool.connection() as tx:
            _settle(tx, delivery, status, error, now())
    return len(taken)


def _call(
    webhook: Webhook,
    delivery: WebhookDelivery,
    sealing_key: bytes,
    allowed: tuple[IpNetwork, ...],
    at: datetime,
) -> tuple[int | None, str]:
    try:
        secret = unseal(sealing_key, webhook.sealed_secret, ConnectionId(webhook.id))
    except SecretUnreadable:
        return None, "secret-unreadable"
    headers = headers_of(delivery, secret, at)
    try:
        with Fetcher(allowed, bytes_max=ANSWER_BYTES_MAX, seconds_max=CALL_S_MAX) as fetcher:
            return fetcher.post(webhook.url, delivery.body.encode(), headers), ""
    except Refusal as refusal:
        # The kind alone: an address is not to be explored through the words of failures.
        return None, type(refusal).__name__


def _settle(
    tx: Tx, delivery: WebhookDelivery, status: int | None, error: str, at: datetime
) -> None:
    if status in _SUCCESS:
        state, wait_s = DeliveryState.DELIVERED, 0
    elif delivery.attempts >= ATTEMPTS_MAX:
        state, wait_s = DeliveryState.FAILED, 0
    else:
        state = DeliveryState.DUE
        wait_s = WAITS_S[min(delivery.attempts, len(WAITS_S)) - 1]
    store.settle_delivery(
        tx,
        delivery.id,
        state=state,
        next_at=at + timedelta(seconds=wait_s),
        status=status,
        error=error,
    )


def _own(tx: Tx, webhook_id: UUID, by: Actor) -> Webhook:
    organization_id, _ = _sets_up(by)
    webhook = store.get_webhook(tx, webhook_id)
    if webhook is None or webhook.organization_id != organization_id:
        raise WebhookNotFound
    return webhook


def _sets_up(by: Actor) -> tuple[OrganizationId, UserId]:
    if not can_set_up(by) or by.organization is None or by.user_id is None:
        raise WebhooksClosed
    return by.organization.id, by.user_id
