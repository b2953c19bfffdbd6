"""Ed25519 through `cryptography`, and private keys as files that only their owner reads.

Source: RFC 8032; RFC 8410 (the form of the files).
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PUBLIC_KEY_LENGTH_BYTES = 32
SIGNATURE_LENGTH_BYTES = 64

PrivateKey = Ed25519PrivateKey


def generate() -> PrivateKey:
    """A new private key."""
    return Ed25519PrivateKey.generate()


def public_half(key: PrivateKey) -> bytes:
    """The 32 bytes that others verify with."""
    return key.public_key().public_bytes_raw()


def is_signed(body: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` over `body` was made with the private half of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except (InvalidSignature, ValueError):
        return False
    return True


def to_pem(key: PrivateKey) -> bytes:
    """The key as its file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def save(content: bytes, path: Path) -> None:
    """Write a secret to `path`, mode 0600, whole or not at all, and lasting once this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = mkstemp(dir=path.parent, prefix=".new-")  # mode 0600 from the start
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def from_pem(pem: bytes) -> PrivateKey:
    """Read a key.

    Raises: ValueError where it is something else.
    """
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("this is no Ed25519 key")  # noqa: TRY004 (wrong content)
    return key


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
