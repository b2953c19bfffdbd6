"""Ids that sort by their time, made here where a row's id is signed before the row is there.

Source: RFC 9562 s. 5.7 (UUID version 7), s. 6.2 method 1 (a counter in `rand_a`).
"""

from __future__ import annotations

from datetime import datetime
from secrets import randbits
from typing import Final
from uuid import UUID

IDS_AT_ONCE_MAX: Final = 1 << 12
_VERSION, _VARIANT = 0x7, 0x2


def ids_at(at: datetime, count: int) -> list[UUID]:
    """So many ids of one moment, in the order in which they sort."""
    assert count <= IDS_AT_ONCE_MAX
    milliseconds = int(at.timestamp() * 1000)
    return [
        UUID(
            int=(milliseconds & (1 << 48) - 1) << 80
            | _VERSION << 76
            | counter << 64
            | _VARIANT << 62
            | randbits(62)
        )
        for counter in range(count)
    ]
