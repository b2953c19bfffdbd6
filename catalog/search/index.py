"""The index of one node as a process reads it, with the counts of facets that were already made."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from catalog.search.answer import Answer, Facets, offered_terms
from catalog.search.engine import Opened
from catalog.search.errors import IndexNotReady
from catalog.search.found import Found, Term
from catalog.search.generations import current_generation
from catalog.search.query import Search

CACHED_COUNTS_MAX: Final = 256


class Index:
    """The index of one node as one process reads it; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._counted: OrderedDict[object, Facets] = OrderedDict()

    def refresh(self) -> None:
        """See what was committed last.

        Raises: IndexNotReady where there is no index, or none that can be read.
        """
        with self._lock:
            name = current_generation(self.folder)
            if name is None:
                self._opened = None
                raise IndexNotReady
            if self._opened is None or self._opened.name != name:
                self._opened = Opened(self.folder, name)
            if self._opened.refresh():
                self._counted = OrderedDict()

    @property
    def position(self) -> str:
        """How far the index follows the database, as its writer said.

        Raises: IndexNotReady.
        """
        return self._reading().position

    @property
    def documents(self) -> int:
        """How many records it holds.

        Raises: IndexNotReady.
        """
        return self._reading().records

    def clear_counts(self) -> None:
        """Forget counts of facets that were already made, to measure what they cost."""
        self._counted.clear()

    def search(self, wanted: Search) -> Found:
        """One page, the number of all hits, and the counts of the facets.

        Raises: IndexNotReady, TooManyValues, UnknownSearchField, QueryForbidden.
        """
        # Counts belong to the state that they were made of: whoever sees a newer one has others.
        counted, opened = self._counted, self._reading()
        with opened.reading():
            answer = Answer(opened.view(), wanted)
            ids, count = answer.page()
            return Found(ids, count, _facets(answer, wanted, counted))

    def terms(self, kind: str, prefix: str, labels: frozenset[str]) -> list[Term]:
        """Words of a kind that begin so, in any script or reading, that a caller may know of.

        Raises: IndexNotReady.
        """
        opened = self._reading()
        with opened.reading():
            return offered_terms(opened.view(), kind, prefix, labels)

    def _reading(self) -> Opened:
        opened = self._opened
        if opened is None:
            raise IndexNotReady
        return opened


def _facets(answer: Answer, wanted: Search, counted: OrderedDict[object, Facets]) -> Facets:
    if not wanted.facets:
        return {}
    key = (wanted.labels, wanted.query, wanted.filters, wanted.facets)
    known = counted.get(key)
    if known is None:
        known = answer.facets()
        counted[key] = known
        while len(counted) > CACHED_COUNTS_MAX:
            with contextlib.suppress(KeyError):
                counted.popitem(last=False)
    return known
