"""Signing keys as everybody may see them: public halves, their purpose, and who vouches for them.

A key is named by its thumbprint, so that pinning the name pins the key. Each key is endorsed by the
log's key of its day (the first one by itself): who trusts one key of the log can follow the
endorsements to every later key and to the keys of receipts and tokens.

Source: RFC 7638 (thumbprint), RFC 8037 s. 2 (Ed25519 as a JWK).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from policies.canonical import canonical_text
from policies.events import moment_text

KEY_FORMAT = "weir-key/1"
SIGNS_FOR = timedelta(days=365)
"""A key signs for so long; then a new one is minted when next something is to be signed."""
RETIRES_AFTER = timedelta(days=3 * 365)
"""Nothing that a key signed ends later, so that a token may live two years at the most."""


class KeyPurpose(StrEnum):
    """What a key signs; no key signs two kinds of thing."""

    TOKEN = "token"  # noqa: S105 (a purpose)
    LOG = "log"
    RECEIPT = "receipt"


class KeyState(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    """Made known, and not signing yet."""
    CURRENT = "current"
    OLD = "old"
    """Signs no more; what it signed stays good."""
    DEAD = "dead"
    """Was lost to others: what it signed is worth nothing by itself."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The public half of a key, and the endorsement by the log's key of its day."""

    kid: str
    purpose: KeyPurpose
    public_key: bytes
    """32 bytes, Ed25519."""
    state: KeyState
    created_at: datetime
    retire_at: datetime
    endorsed_by: str
    """`kid` of the log's key that vouches for this one; its own for the first key of the log."""
    endorsement: bytes

    def is_due_for_rotation(self, at: datetime) -> bool:
        """Whether the key has signed for long enough."""
        return at >= self.created_at + SIGNS_FOR

    def as_jwk(self) -> dict[str, str]:
        """The key as other programs read it. Source: RFC 8037 s. 2."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _base64url(self.public_key),
            "kid": self.kid,
            "use": "sig",
            "alg": "EdDSA",
        }


def kid_of(public_key: bytes) -> str:
    """The name of a key: its JWK thumbprint, 43 characters. Source: RFC 7638 s. 3."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public_key)}
    return _base64url(sha256(canonical_text({**members}).encode()).digest())


def endorsed_body(purpose: KeyPurpose, public_key: bytes, retire_at: datetime) -> bytes:
    """The bytes that an endorsement signs."""
    return canonical_text(
        {
            "format": KEY_FORMAT,
            "kid": kid_of(public_key),
            "purpose": purpose.value,
            "public_key": public_key.hex(),
            "retire_at": moment_text(retire_at),
        }
    ).encode()


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
