"""Many who wait for a durable write share one: while one group commits, the next one gathers.

Whoever has the turn writes for all that wait; the others find their result there. There is no
thread, no timer and nothing to end: alone, one is a group of one and waits for nobody.

Source: performance notes, metering: one durable commit a call costs milliseconds, a group
microseconds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import psycopg

from policies.errors import Refusal

GROUP_MAX: Final = 128

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Write = Callable[[Sequence[_Item]], Sequence[_Result | Refusal]]
"""Writes a group in one transaction, with one result or refusal for each item."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_Item, _Result]):
    item: _Item
    told: list[_Result | Refusal] = field(default_factory=list)
    """One element once it is known."""


class Groups(Generic[_Item, _Result]):
    """What waits to be written; `same` says which two never go into one group."""

    def __init__(self, *, same: Callable[[_Item, _Item], bool]) -> None:
        self._same = same
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._queue: deque[_Waiting[_Item, _Result]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for the next group."""
        return len(self._queue)

    def commit(self, item: _Item, write: Write[_Item, _Result]) -> _Result:
        """The result of the item once it is durable.

        Raises: the item's refusal, and what `write` raises for a group of it alone.
        """
        waiting = _Waiting[_Item, _Result](item)
        with self._lock:
            self._queue.append(waiting)
        with self._turn:
            if not waiting.told:
                self._write(waiting, write)
        (told,) = waiting.told
        if isinstance(told, Refusal):
            raise told
        return told

    def _write(self, own: _Waiting[_Item, _Result], write: Write[_Item, _Result]) -> None:
        group = self._take(own)
        try:
            results = write([one.item for one in group])
        except (psycopg.DatabaseError, Refusal):
            if len(group) == 1:
                raise
            # Something of one of them undid the whole: this one is tried alone, and the others
            # will be by those who wait for them.
            results, group = write([own.item]), [own]
        for one, told in zip(group, results, strict=True):
            one.told.append(told)

    def _take(self, own: _Waiting[_Item, _Result]) -> list[_Waiting[_Item, _Result]]:
        """The own item and those that came next; what may not go with them stays."""
        group = [own]
        with self._lock:
            left: deque[_Waiting[_Item, _Result]] = deque()
            for one in self._queue:
                if one is own:
                    continue
                if len(group) < GROUP_MAX and not any(
                    self._same(one.item, taken.item) for taken in group
                ):
                    group.append(one)
                else:
                    left.append(one)
            self._queue = left
        return group
