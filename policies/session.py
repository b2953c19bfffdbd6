"""Sessions of signed-in people, one-time links, and how failures to sign in slow down.

A secret leaves the server once, in a cookie or a link; only its SHA-256 is kept. That is enough for
256 random bits, which no one can guess from a hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from policies.terms import OrganizationId, UserId

SECRET_BYTES: Final = 32
SECRET_MOST_CHARACTERS: Final = 200
"""What is longer than this is not looked up."""

SESSION_IDLE: Final = timedelta(hours=12)
"""A session ends when nothing came for this long."""
SESSION_LONGEST: Final = timedelta(days=7)
"""A session ends this long after sign-in, whatever came."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""The end of a session and the last use of a token are moved at most this often."""
SESSIONS_PER_USER: Final = 20
"""Signing in once more ends the oldest one."""
LINK_LIFE: Final = timedelta(hours=24)

FREE_FAILURES_PER_ACCOUNT: Final = 5
FREE_FAILURES_PER_ADDRESS: Final = 30
"""A whole office may share one address."""
LONGEST_WAIT_S: Final = 300
"""Bounded, so that nobody can lock another's account for long."""
FAILURES_FORGOTTEN_AFTER: Final = timedelta(hours=1)

_IPV6_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    secret_hash: bytes
    user_id: UserId
    organization_id: OrganizationId | None
    """The organisation chosen to act for; None where none was chosen."""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures to sign in, of one account or from one address, that are not forgotten yet."""

    number: int
    last_at: datetime


def new_secret() -> str:
    """256 random bits, for a cookie or a link."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret[:SECRET_MOST_CHARACTERS].encode()).digest()


def session_end(created_at: datetime, at: datetime) -> datetime:
    """When a session that was last used at `at` ends."""
    return min(at + SESSION_IDLE, created_at + SESSION_LONGEST)


def wait_s(failures: Failures | None, at: datetime, *, free: int) -> int:
    """How many whole seconds after `at` the next attempt may come; 0 for at once.

    Nothing for the first `free` failures, then 1, 2, 4 ... seconds, at most `LONGEST_WAIT_S`.
    """
    if failures is None or failures.number < free:
        return 0
    if at - failures.last_at >= FAILURES_FORGOTTEN_AFTER:
        return 0
    doublings = min(failures.number - free, LONGEST_WAIT_S.bit_length())
    pause_s = min(2**doublings, LONGEST_WAIT_S)
    left = failures.last_at + timedelta(seconds=pause_s) - at
    return max(0, -(-left // timedelta(seconds=1)))


def account_subject(name: str) -> str:
    """The key under which failures of an account are counted, known or not; of bounded length."""
    folded = name.strip().casefold().encode(errors="replace")
    return f"account:{hashlib.sha256(folded).hexdigest()}"


def address_subject(address: str) -> str:
    """The key under which failures from an address are counted; IPv6 by its /64 network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"address:{address[:SECRET_MOST_CHARACTERS]}"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        network = int(parsed) >> (128 - _IPV6_NETWORK_BITS) << (128 - _IPV6_NETWORK_BITS)
        return f"address:{IPv6Address(network)}/{_IPV6_NETWORK_BITS}"
    return f"address:{parsed}"
