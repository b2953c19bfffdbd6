"""What a search box offers while somebody types: datasets, departments, topics and columns.

In both scripts, by readings and their initials: `tcc` offers 停车场. Only what the caller's labels
may know of is offered or counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.search.found import Term
from catalog.search.live import LiveIndex
from catalog.search.query import Search, Words
from policies.database import Tx
from policies.terms import DatasetId

OFFERED_MAX: Final = 6
"""Of each kind."""
TYPED_LENGTH_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is offered, the best first in each group."""

    dataset_ids: tuple[DatasetId, ...] = ()
    departments: tuple[Term, ...] = ()
    """By their names in addresses."""
    themes: tuple[Term, ...] = ()
    """By their names in addresses."""
    topics: tuple[Term, ...] = ()
    columns: tuple[Term, ...] = ()


NOTHING: Final = Suggestions()


def suggest(
    tx: Tx, live: LiveIndex, typed: str, labels: frozenset[str], *, limit: int = OFFERED_MAX
) -> Suggestions:
    """What may be meant by `typed`; nothing where nothing was typed.

    Raises: IndexNotReady.
    """
    typed = typed.strip()[:TYPED_LENGTH_CHARACTERS]
    if not typed:
        return NOTHING
    wanted = Search(labels, Words(typed, is_unfinished=True), rows=limit)
    departments, themes, topics, columns = (
        tuple(live.terms(tx, kind, typed, labels)[:limit])
        for kind in ("department", "theme", "topic", "column")
    )
    return Suggestions(live.search(tx, wanted).ids, departments, themes, topics, columns)
