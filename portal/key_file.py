"""Secrets of the installation, kept as the signing keys are, each made once.

Under the sealing key passwords and keys of connections lie at rest: whoever has it and the database
has those. Without it they are entered again.
"""

from __future__ import annotations

from typing import Final

from portal.wiring import Wiring

SEALING_KEY_NAME: Final = "connections.key"
NONCE_KEY_NAME: Final = "nonce.key"
LINK_KEY_NAME: Final = "links.key"


def nonce_key(wiring: Wiring) -> bytes:
    """The secret from which nonces of DPoP proofs are made; with another one, older ones fail."""
    return wiring.keys.secret(wiring.pool, NONCE_KEY_NAME)


def link_key(wiring: Wiring) -> bytes:
    """The secret that makes download links good; with another one, older links open nothing."""
    return wiring.keys.secret(wiring.pool, LINK_KEY_NAME)


def sealing_key(wiring: Wiring) -> bytes:
    """The secret, made once."""
    return wiring.keys.secret(wiring.pool, SEALING_KEY_NAME)
