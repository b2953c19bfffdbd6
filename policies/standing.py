"""What a process may remember of decisions: until anything they rest on changes, and not for long.

Rights, prices and published versions change seldom and are asked for with every read. The database
tells of each change to what they rest on (`weir_standing`, migration 0029). A connection that makes
a change hears of it with its own commit, before whoever made it is answered; other processes hear
of it a moment later. Where nothing is heard at all, nothing is remembered for longer than
`REMEMBERED_FOR`, so that a freeze holds everywhere within five seconds.

Source: docs/decisions/0019-decisions-are-remembered-for-seconds.md.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

CHANNEL = "weir_standing"
REMEMBERED_FOR = timedelta(seconds=4)

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Standing:
    """How many changes this process has heard of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0

    @property
    def changes(self) -> int:
        """The count; read it before the transaction from which something is to be remembered."""
        return self._changes

    def change(self) -> None:
        """Something changed: what was remembered before counts no more."""
        with self._lock:
            self._changes += 1


class Remembered(Generic[_Key, _Value]):
    """A bounded number of values, each good until the next change and for `REMEMBERED_FOR`."""

    def __init__(self, standing: Standing, *, entries_max: int) -> None:
        self._standing = standing
        self._entries_max = entries_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[int, datetime, _Value]] = OrderedDict()

    def get(self, key: _Key, at: datetime) -> _Value | None:
        """The value of that key, if it still counts at this moment."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        changes, since, value = kept
        # A clock that was set back says nothing about how old the value is.
        if changes != self._standing.changes or not since <= at < since + REMEMBERED_FOR:
            return None
        return value

    def keep(self, key: _Key, value: _Value, *, changes: int, at: datetime) -> None:
        """Remember a value that was read after `changes` had been counted."""
        with self._lock:
            self._kept[key] = (changes, at, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries_max:
                self._kept.popitem(last=False)
