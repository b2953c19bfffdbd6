"""Tests of `exchange.groups`: who waits gets the own result, and one who fails fails alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from exchange.groups import GROUP_MAX, Groups
from policies.errors import Refusal


class Odd(Refusal):
    """The number is odd."""


class Writer:
    """Doubles numbers; the first group waits until the test lets it go."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.groups: list[list[int]] = []

    def write(self, numbers: Sequence[int]) -> list[int | Refusal]:
        self.groups.append(list(numbers))
        self.begun.set()
        assert self.may_end.wait(60)
        if 13 in numbers:
            raise psycopg.DataError("thirteen")
        return [2 * number if number % 2 == 0 else Odd() for number in numbers]


def _ask(groups: Groups[int, int], number: int, writer: Writer) -> int | str:
    try:
        return groups.commit(number, writer.write)
    except (Refusal, psycopg.DataError) as error:
        return type(error).__name__


def _ask_at_once(writer: Writer, numbers: Sequence[int], *, same: bool = False) -> list[int | str]:
    """All but the first wait until the first group is being written."""
    groups = Groups[int, int](names=lambda number: frozenset({number} if same else ()))
    with ThreadPoolExecutor(len(numbers)) as threads:
        first = threads.submit(_ask, groups, numbers[0], writer)
        assert writer.begun.wait(60)
        others = [threads.submit(_ask, groups, number, writer) for number in numbers[1:]]
        while groups.waiting < len(numbers) - 1:
            os.sched_yield()
        writer.may_end.set()
        return [one.result() for one in (first, *others)]


def test_all_that_wait_share_the_next_group() -> None:
    writer = Writer()

    told = _ask_at_once(writer, [0, 2, 3, 4, 6])

    assert told == [0, 4, "Odd", 8, 12]
    assert [len(group) for group in writer.groups] == [1, 4]


def test_what_spoils_a_group_fails_alone() -> None:
    writer = Writer()

    told = _ask_at_once(writer, [0, 2, 13, 4])

    assert told == [0, 4, "DataError", 8]


def test_the_same_is_never_asked_twice_in_one_group() -> None:
    writer = Writer()

    told = _ask_at_once(writer, [0, 2, 2, 4], same=True)

    assert told == [0, 4, 4, 8]
    assert all(len(group) == len(set(group)) for group in writer.groups)


def test_a_group_has_a_bound() -> None:
    writer = Writer()

    _ask_at_once(writer, [0] * (GROUP_MAX + 3))

    assert max(len(group) for group in writer.groups) == GROUP_MAX


def test_alone_one_waits_for_nobody() -> None:
    writer = Writer()
    writer.may_end.set()

    groups = Groups[int, int](names=lambda _: frozenset())

    assert groups.commit(4, writer.write) == 8
    with pytest.raises(Odd):
        groups.commit(5, writer.write)


def test_who_was_told_does_not_wait_for_the_next_group() -> None:
    begun, may_end = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]
    turns = iter(range(2))

    def write(numbers: Sequence[int]) -> Sequence[int]:
        turn = next(turns)
        begun[turn].set()
        assert may_end[turn].wait(60)
        return numbers

    groups = Groups[int, int](names=lambda _: frozenset())
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(groups.commit, 1, write)
        assert begun[0].wait(60)
        second = threads.submit(groups.commit, 2, write)
        while not groups.waiting:
            os.sched_yield()
        may_end[0].set()
        assert begun[1].wait(60)

        told = first.result(60)

        may_end[1].set()
        assert (told, second.result(60)) == (1, 2)


def test_what_nobody_foresaw_leaves_nobody_waiting() -> None:
    writer = Writer()

    def write(numbers: Sequence[int]) -> list[int | Refusal]:
        told = writer.write(numbers)
        if len(numbers) > 1:
            raise MemoryError
        return told

    groups = Groups[int, int](names=lambda _: frozenset())
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(groups.commit, 0, write)
        assert writer.begun.wait(60)
        others = [threads.submit(groups.commit, number, write) for number in (2, 4)]
        while groups.waiting < 2:
            os.sched_yield()
        writer.may_end.set()
        failed = [one.exception(60) for one in others]

        assert first.result(60) == 0
        assert sorted(type(one) is MemoryError for one in failed) == [False, True]
