"""One search answered: a page in order, the number of all, and the counts of its facets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from catalog.search import words
from catalog.search.compile import Compiler, Purpose
from catalog.search.encode import UNIT, dynamic_key
from catalog.search.engine import EngineQuery, Hit, ValueCounts, View, alike, all_of
from catalog.search.fields import Kind, facet_kind
from catalog.search.found import FacetCount, Term
from catalog.search.query import (
    FACET_FIELDS_MAX,
    FACET_LIMIT_MAX,
    ROWS_MAX,
    START_MAX,
    Everything,
    Facet,
    Search,
    SortKey,
)
from policies.terms import DatasetId

TIES_MAX: Final = 20_000
"""Hits of one value that are put in order by the next key of the sort; more stay as they come."""
SCORE_TIES_MAX: Final = 1_000
"""The same for hits of one score."""
VALUES_MAX: Final = 200_000
"""Different values of a field that are counted."""
SUGGESTED_TERMS_MAX: Final = 200
DEEP_START: Final = 10_000
TIED_COUNTS: Final = 50
"""Values beyond a facet's limit that are read too, so that ties at its end are cut by value."""
_WIDER_HITS: Final = 500
"""How far ties are looked for at first."""

Facets = dict[str, tuple[FacetCount, ...]]


class Answer:
    """One search being answered."""

    def __init__(self, view: View, wanted: Search) -> None:
        assert len(wanted.facets) <= FACET_FIELDS_MAX
        self._view = view
        self._wanted = wanted
        self._is_scored = not isinstance(wanted.query, Everything)

    def page(self) -> tuple[tuple[DatasetId, ...], int]:
        """The ids of the page in order, and how many records are found in all."""
        rows = min(max(self._wanted.rows, 0), ROWS_MAX)
        start = min(max(self._wanted.start, 0), START_MAX)
        hits, count = self._hits(start, rows)
        return tuple(DatasetId(UUID(self._view.stored(hit.address, "id"))) for hit in hits), count

    def facets(self) -> Facets:
        """The counts of each facet that is wanted."""
        wanted = {
            facet.field: ValueCounts(
                _place(facet.field),
                limit=_facet_limit(facet) + TIED_COUNTS,
                least=max(1, facet.mincount),
                values_max=VALUES_MAX,
            )
            for facet in self._wanted.facets
            if _facet_limit(facet)
        }
        counted = self._view.counts(self._query(Purpose.COUNT), wanted) if wanted else {}
        return {
            facet.field: _cut(counted.get(facet.field, []), _facet_limit(facet))
            for facet in self._wanted.facets
        }

    def _query(self, purpose: Purpose) -> EngineQuery:
        compiler = Compiler(self._view, self._wanted.labels, purpose)
        counting = Compiler(self._view, self._wanted.labels, Purpose.COUNT)
        clauses = [compiler.permitted]
        if self._is_scored:
            clauses.append(compiler.compile(self._wanted.query))
        clauses += [
            alike(counting.compile(one), 0.0)
            for one in self._wanted.filters
            if not isinstance(one, Everything)
        ]
        return all_of(clauses)

    def _hits(self, start: int, rows: int) -> tuple[list[Hit], int]:
        keys = [key for key in self._wanted.sort if key.field != "score" or self._is_scored]
        if not any(key.field == "id" for key in keys):
            keys.append(SortKey("id", is_descending=False))
        if rows == 0 or start > DEEP_START:
            count = self._view.count(self._query(Purpose.COUNT))
            if rows == 0 or start >= count:
                return [], count
        end = start + rows
        limit = end + 1
        first = self._reader(keys[0])
        ties_max = _ties_max(keys)
        hits, count = first(limit)
        while len(hits) > end and hits[end - 1].value == hits[end].value:
            wider = min(count, max(limit * 4, _WIDER_HITS), end + ties_max + 1)
            if wider <= limit:
                break
            limit = wider
            hits, count = first(limit)
        return self._in_order(hits, keys, start, end)[start:end], count

    def _reader(self, key: SortKey) -> Callable[[int], tuple[list[Hit], int]]:
        """What reads the first hits of an order, given how many."""
        view = self._view
        if key.field != "score":
            counting = self._query(Purpose.COUNT)
            return lambda limit: view.sorted_by(
                counting, key.field, limit, is_descending=key.is_descending
            )
        ranking = self._query(Purpose.RANK)
        if key.is_descending:
            return lambda limit: view.best(ranking, limit)

        def worst_first(limit: int) -> tuple[list[Hit], int]:
            count = view.count(ranking)
            hits, _ = view.best(ranking, max(1, min(count, TIES_MAX)))
            return hits[::-1][:limit], count

        return worst_first

    def _in_order(
        self, hits: list[Hit], keys: Sequence[SortKey], start: int, end: int
    ) -> list[Hit]:
        """The hits with those of one value put in order by the next keys, where the page lies."""
        if len(keys) == 1:
            return hits
        ordered: list[Hit] = []
        while len(ordered) < len(hits):
            first = len(ordered)
            last = first + 1
            while last < len(hits) and hits[last].value == hits[first].value:
                last += 1
            group = hits[first:last]
            # Whatever the page, a large group is left as it is, so that pages fit together.
            if 1 < len(group) <= _ties_max(keys) and first < end and last > start:
                group = self._by_next(group, keys[1:], start - first, end - first)
            ordered += group
        return ordered

    def _by_next(
        self, group: list[Hit], keys: Sequence[SortKey], start: int, end: int
    ) -> list[Hit]:
        key = keys[0]
        values = self._view.values(key.field, [hit.address for hit in group])
        valued = [Hit(value, hit.address) for value, hit in zip(values, group, strict=True)]
        missing = [hit for hit in valued if hit.value is None]
        given = [hit for hit in valued if hit.value is not None]
        given.sort(key=lambda hit: hit.value, reverse=key.is_descending)  # type: ignore[arg-type,return-value]
        return self._in_order(given + missing, keys, start, end)


def offered_terms(view: View, kind: str, prefix: str, labels: frozenset[str]) -> list[Term]:
    """Words of a kind that begin so, in any script or reading, that a caller may know of."""
    tokens = view.terms(
        "suggested",
        f"{kind}{UNIT}{words.fold(prefix.strip())}",
        limit=SUGGESTED_TERMS_MAX,
        among=Compiler(view, labels, Purpose.COUNT).permitted,
    )
    best: dict[str, int] = {}
    for token, count in tokens:
        shown = token.rsplit(UNIT, 1)[1]
        best[shown] = max(best.get(shown, 0), count)
    return [
        Term(shown, count)
        for shown, count in sorted(best.items(), key=lambda item: (-item[1], item[0]))
    ]


def _ties_max(keys: Sequence[SortKey]) -> int:
    return SCORE_TIES_MAX if keys[0].field == "score" else TIES_MAX


def _place(field: str) -> str:
    """Where the values of a facet stand in the index."""
    return f"dynamic_values.{dynamic_key(field)}" if facet_kind(field) is Kind.DYNAMIC else field


def _facet_limit(facet: Facet) -> int:
    return FACET_LIMIT_MAX if facet.limit < 0 else min(facet.limit, FACET_LIMIT_MAX)


def _cut(counted: Sequence[tuple[str, int]], limit: int) -> tuple[FacetCount, ...]:
    counts = sorted(
        (FacetCount(value, count) for value, count in counted),
        key=lambda one: (-one.count, one.value),
    )
    return tuple(counts[:limit])
