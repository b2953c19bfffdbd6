"""Many who wait for a durable write share one: while one group commits, the next one gathers.

Whoever has the turn writes for all that wait, wakes them, and gives the turn to the first who came
meanwhile. There is no thread and nothing to end. Alone, one is a group of one and waits for nobody;
after a group of several the next one waits for as many, `FILL_S` at the most, since those who were
just answered often ask again.

Source: performance notes, metering: one durable commit a call costs milliseconds, a group
microseconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import psycopg

from policies.errors import Refusal

GROUP_MAX: Final = 128
FILL_S: Final = 0.002

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Write = Callable[[Sequence[_Item]], Sequence[_Result | Refusal]]
"""Writes a group in one transaction, with one result or refusal for each item."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_Item, _Result]):
    item: _Item
    names: frozenset[object]
    told: list[_Result | Refusal] = field(default_factory=list)
    """One element once it is known."""
    is_alone: bool = False
    """Whether it goes into no group, since one that it was in was undone."""
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when it is told, or has the turn."""


class Groups(Generic[_Item, _Result]):
    """What waits to be written; two that `names` gives a name in common never go into one group."""

    def __init__(self, *, names: Callable[[_Item], frozenset[object]]) -> None:
        self._names = names
        self._lock = threading.Lock()
        self._came = threading.Condition(self._lock)
        self._queue: deque[_Waiting[_Item, _Result]] = deque()
        self._is_turn_taken = False
        self._last_size = 1

    @property
    def waiting(self) -> int:
        """How many wait for the next group."""
        return len(self._queue)

    def commit(self, item: _Item, write: Write[_Item, _Result]) -> _Result:
        """The result of the item once it is durable.

        Raises: the item's refusal, and what `write` raises for a group of it alone.
        """
        waiting = _Waiting[_Item, _Result](item, self._names(item))
        with self._lock:
            self._queue.append(waiting)
            has_turn, self._is_turn_taken = not self._is_turn_taken, True
            self._came.notify()
        if not has_turn:
            waiting.woken.wait()
        if not waiting.told:
            try:
                self._write(waiting, write)
            finally:
                self._give_turn_on()
        (told,) = waiting.told
        if isinstance(told, Refusal):
            raise told
        return told

    def _give_turn_on(self) -> None:
        with self._lock:
            self._is_turn_taken = bool(self._queue)
            if self._queue:
                self._queue[0].woken.set()

    def _write(self, own: _Waiting[_Item, _Result], write: Write[_Item, _Result]) -> None:
        group = self._take(own)
        try:
            results = write([one.item for one in group])
        except BaseException as error:
            # Something of one of them undid the whole: each is tried alone, this one now and the
            # others by those who wait for them.
            self._put_back(group[1:])
            if len(group) == 1 or not isinstance(error, psycopg.DatabaseError | Refusal):
                raise
            results, group = write([own.item]), [own]
        for one, told in zip(group, results, strict=True):
            one.told.append(told)
            one.woken.set()

    def _take(self, own: _Waiting[_Item, _Result]) -> list[_Waiting[_Item, _Result]]:
        """The own item and those that came next; what may not go with them stays."""
        group, taken = [own], set(own.names)
        with self._lock:
            if not own.is_alone:
                self._wait_for_others()
            left: deque[_Waiting[_Item, _Result]] = deque()
            for one in self._queue:
                if one is own:
                    continue
                if (
                    len(group) < GROUP_MAX
                    and not (own.is_alone or one.is_alone)
                    and taken.isdisjoint(one.names)
                ):
                    group.append(one)
                    taken |= one.names
                else:
                    left.append(one)
            self._queue = left
            self._last_size = len(group)
        return group

    def _wait_for_others(self) -> None:
        ends = time.monotonic() + FILL_S
        while len(self._queue) < self._last_size and (left_s := ends - time.monotonic()) > 0:
            self._came.wait(left_s)

    def _put_back(self, others: Sequence[_Waiting[_Item, _Result]]) -> None:
        with self._lock:
            for one in others:
                one.is_alone = True
            self._queue.extendleft(reversed(others))
