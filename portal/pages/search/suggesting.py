"""What the search box offers while somebody types: datasets, departments, topics and columns.

Only what the reader may know of is offered or counted; see `catalog.search.suggest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.curation.themes import listed_themes
from catalog.search.errors import IndexNotReady
from catalog.search.found import Term
from catalog.search.labels import labels_for
from catalog.search.suggest import OFFERED_MAX, suggest
from policies.database import Tx
from policies.errors import OrganizationNotFound
from policies.identity.people import organization_named
from policies.party import Actor, Organization
from policies.terms import DatasetId
from portal.pages.rendering import render
from portal.pages.search.reasons import reason_words, reasons_for
from portal.pages.search.state import WORDS_LENGTH_CHARACTERS, SearchState
from portal.pages.speech import Speech, speech_of
from portal.search_documents import compose
from portal.sign_in import actor_of
from portal.wiring import Wiring, wiring_of

router = APIRouter()

Typed = Annotated[str, Query(max_length=WORDS_LENGTH_CHARACTERS)]
DATASETS: Final = "datasets"
DEPARTMENTS: Final = "departments"
TOPICS: Final = "topics"
COLUMNS: Final = "columns"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that is offered."""

    label: str
    href: str
    reason: str = ""
    """Why it is offered, where its name does not show it."""
    number: int | None = None
    """How many datasets it leads to; None for a dataset itself."""


@router.get("/dataset/suggest")
def show_suggestions(request: Request, q: Typed = "") -> Response:
    """The piece of a page under the search box."""
    say = speech_of(request)
    groups = suggestions(wiring_of(request), q, by=actor_of(request), say=say)
    labels = {
        DATASETS: say.gettext("Datasets"),
        DEPARTMENTS: say.gettext("Departments"),
        TOPICS: say.gettext("Topics and keywords"),
        COLUMNS: say.gettext("Columns"),
    }
    return render(
        request,
        "suggestions.html",
        groups=[
            {"name": name, "label": labels[name], "choices": choices}
            for name, choices in groups.items()
            if choices
        ],
        total=sum(len(choices) for choices in groups.values()),
    )


def suggestions(
    wiring: Wiring, typed: str, *, by: Actor, say: Speech, limit: int = OFFERED_MAX
) -> dict[str, list[Choice]]:
    """What is offered, by group; nothing while the index is read for the first time."""
    typed = " ".join(typed.replace("\0", " ").split())
    with wiring.pool.connection() as tx:
        try:
            offered = suggest(tx, wiring.search, typed, labels_for(by), limit=limit)
        except IndexNotReady:
            return {}
        return {
            DATASETS: _datasets(tx, offered.dataset_ids, typed, by=by, at=wiring.now(), say=say),
            DEPARTMENTS: _departments(tx, offered.departments, say),
            TOPICS: [
                *_themes(tx, offered.themes, say),
                *(
                    Choice(term.value, _narrowed("tag", term.value), number=term.count)
                    for term in offered.topics
                ),
            ][:limit],
            COLUMNS: [
                Choice(term.value, SearchState(words=term.value).href, number=term.count)
                for term in offered.columns
            ],
        }


def _datasets(
    tx: Tx, ids: Sequence[DatasetId], typed: str, *, by: Actor, at: datetime, say: Speech
) -> list[Choice]:
    datasets = find.datasets_with_ids(tx, ids, by=by)
    documents = {one.id: one for one in compose(tx, [dataset.id for dataset in datasets], at=at)}
    return [
        Choice(
            say.text(dataset.entry.title),
            f"/dataset/{dataset.slug}",
            reason_words(reasons_for(typed, documents[dataset.id]), say)
            if dataset.id in documents
            else "",
        )
        for dataset in datasets
    ]


def _departments(tx: Tx, terms: Sequence[Term], say: Speech) -> list[Choice]:
    found: list[tuple[Organization, int]] = []
    for term in terms:
        try:
            found.append((organization_named(tx, term.value), term.count))
        except OrganizationNotFound:
            continue
    return [
        Choice(say.text(one.title), f"/organization/{one.slug}", number=count)
        for one, count in found
    ]


def _themes(tx: Tx, terms: Sequence[Term], say: Speech) -> list[Choice]:
    counts = {term.value: term.count for term in terms}
    themes = {theme.slug: theme for theme in listed_themes(tx, slugs=list(counts))}
    return [
        Choice(say.text(themes[slug].title) or slug, _narrowed("topic", slug), number=counts[slug])
        for slug in counts
        if slug in themes
    ]


def _narrowed(facet: str, value: str) -> str:
    return SearchState(chosen={facet: (value,)}).href
