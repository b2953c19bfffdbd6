"""The secret under which passwords and keys of connections lie at rest.

It is kept as the signing keys are. Whoever has it and the database has those passwords. Without it
they are entered again.
"""

from __future__ import annotations

from typing import Final

from portal.wiring import Wiring

SEALING_KEY_NAME: Final = "connections.key"


def sealing_key(wiring: Wiring) -> bytes:
    """The secret, made once."""
    return wiring.keys.secret(wiring.pool, SEALING_KEY_NAME)
