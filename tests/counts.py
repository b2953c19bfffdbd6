"""How much is tried: little in `make test`, much in `make test-long`."""

from __future__ import annotations

import os

IS_LONG = os.environ.get("WEIR_TEST_COUNTS") == "long"


def examples(short: int, *, long: int) -> int:
    """How many examples a property is tried on."""
    return long if IS_LONG else short
