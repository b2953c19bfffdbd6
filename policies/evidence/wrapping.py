"""Seal private keys for keeping in the database: AES-256-GCM through `cryptography`.

A second file beside `ed25519.py` imports that library: sealing and signing share nothing else.

Source: NIST SP 800-38D (AES-GCM); RFC 5869 (HKDF).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_LENGTH_CHARACTERS_MIN: Final = 32
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_USE: Final = b"weir: keys kept in the database"


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Seals and opens; the key is derived from a secret that the operators chose."""

    key: bytes = field(repr=False)

    @classmethod
    def under(cls, secret: str) -> Wrapping:
        """The sealing under a secret text.

        Raises: ValueError where it is too short to be one.
        """
        if len(secret) < SECRET_LENGTH_CHARACTERS_MIN:
            raise ValueError(
                f"WEIR_KEY_SECRET has {len(secret)} characters; it needs "
                f"{SECRET_LENGTH_CHARACTERS_MIN} random ones, as `openssl rand -base64 32` gives"
            )
        derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_USE)
        return cls(derived.derive(secret.encode()))

    def wrap(self, name: str, content: bytes) -> bytes:
        """Seal `content` so that it can only be opened under this name."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, content, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes | None:
        """What was sealed; None where it was under another secret or name, or was changed."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, sealed, name.encode())
        except InvalidTag:
            return None
