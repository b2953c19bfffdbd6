"""The installation's secret under which listings hash columns: equal values stay equal, here only.

It is kept as the signing keys are, and made when it is first needed. Whoever has it could try out
values, so it never leaves the machines of the installation; with another one, copies are built
anew.
"""

from __future__ import annotations

from typing import Final

from portal.wiring import Wiring

MASK_KEY_NAME: Final = "mask.key"


def mask_key(wiring: Wiring) -> bytes:
    """The secret, made once."""
    return wiring.keys.secret(wiring.pool, MASK_KEY_NAME)
