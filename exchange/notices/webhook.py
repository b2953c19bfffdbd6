"""A webhook: an address of an organisation's program, called with what happened to it.

Each call is signed as Standard Webhooks asks, so that its receiver knows that it came from here,
whole, just now, and not twice.

Source: Standard Webhooks 1.0, "Signature scheme" (v1, HMAC-SHA256).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from secrets import token_bytes
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from exchange.notices.errors import MalformedWebhook
from policies.terms import OrganizationId

SECRET_BYTES: Final = 32
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how such secrets begin
URL_LENGTH_CHARACTERS: Final = 1_000
ATTEMPTS_MAX: Final = 8
WAITS_S: Final = (10, 60, 300, 1_800, 7_200, 18_000, 36_000)
"""Before the second attempt, the third, ..."""


class DeliveryState(StrEnum):
    """How a call stands."""

    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up after `ATTEMPTS_MAX` attempts."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address."""

    id: UUID
    organization_id: OrganizationId
    url: str
    sealed_secret: bytes
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One call and how it went."""

    id: UUID
    webhook_id: UUID
    event_id: int | None
    """None for a test."""
    body: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    status: int | None
    """Of the last answer; None where there was none."""
    error: str
    created_at: datetime


def new_secret() -> str:
    """A secret in the form that receivers' libraries take."""
    return SECRET_PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode()


def headers_of(delivery: WebhookDelivery, secret: str, at: datetime) -> dict[str, str]:
    """What makes a call checkable; the id is the same at each attempt, so that it counts once."""
    stamp = str(int(at.timestamp()))
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery.id}.{stamp}.{delivery.body}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.id),
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }


def check_url(url: str) -> str:
    """The address, if it can be called.

    Raises: MalformedWebhook.
    """
    try:
        parts = urlsplit(url.strip())
        is_right = (
            parts.scheme in ("https", "http")
            and bool(parts.hostname)
            and parts.username is None
            and parts.password is None
            and len(url) <= URL_LENGTH_CHARACTERS
            and url.strip().isprintable()
            and " " not in url.strip()
        )
        _ = parts.port
    except ValueError:
        is_right = False
    if not is_right:
        raise MalformedWebhook
    return url.strip()
