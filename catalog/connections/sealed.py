"""Passwords and keys as they lie at rest: AES-GCM under the installation's key.

What is sealed for one connection opens for that one alone: its id is bound in.

Source: NIST SP 800-38D; a fresh 96-bit nonce for each sealing.
"""

from __future__ import annotations

from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catalog.connections.connection import ConnectionId
from catalog.connections.errors import SecretUnreadable

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def seal(key: bytes, secret: str, connection_id: ConnectionId) -> bytes:
    """What may be stored of a secret."""
    nonce = token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), connection_id.bytes)


def unseal(key: bytes, sealed: bytes, connection_id: ConnectionId) -> str:
    """The secret.

    Raises: SecretUnreadable.
    """
    nonce, closed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, closed, connection_id.bytes).decode()
    except (InvalidTag, ValueError):
        raise SecretUnreadable from None
