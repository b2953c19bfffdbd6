"""Answers as JSON, large ones page by page: what is written already takes a fraction of the memory
of the objects that it was written from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import orjson

from catalog.view import Json


class WrittenList(Sequence[Json]):
    """A list that is JSON already; its items are read again where somebody asks for them."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def _items(self) -> list[Json]:
        items: list[Json] = json.loads(self.text)
        return items

    def __len__(self) -> int:
        return len(self._items())

    @overload
    def __getitem__(self, index: int) -> Json: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Json]: ...

    def __getitem__(self, index: int | slice) -> Json:
        return self._items()[index]

    def __iter__(self) -> Iterator[Json]:
        return iter(self._items())


def write_list(pages: Iterable[Iterable[Json]]) -> WrittenList:
    """A list whose items come a page at a time; no two pages are in memory together."""
    written = (b",".join(write(item) for item in page) for page in pages)
    return WrittenList(b"[" + b",".join(page for page in written if page) + b"]")


def write(content: object) -> bytes:
    """An answer, or a part of one."""
    try:
        return orjson.dumps(content, default=_spliced)
    except TypeError:
        # A number of more than 64 bits, or half of a pair of surrogates, which can only be an echo
        # of what was sent.
        text = json.dumps(content, ensure_ascii=False, default=_read_again)
        return text.encode("utf-8", "replace")


def _spliced(part: object) -> orjson.Fragment:
    if isinstance(part, WrittenList):
        return orjson.Fragment(part.text)
    raise TypeError


def _read_again(part: object) -> list[Json]:
    if isinstance(part, WrittenList):
        return list(part)
    raise TypeError
