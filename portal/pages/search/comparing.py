"""Up to four datasets side by side: what each is, costs and holds, and their columns in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound
from policies.decision.profile import profile_in_force
from policies.terms import Text
from portal.pages.dataset_cards import DatasetCard, cards_of
from portal.pages.rendering import render
from portal.pages.search.state import (
    COMPARED_MAX,
    PATH,
    VALUE_LENGTH_CHARACTERS,
    SearchState,
    compare_href,
)
from portal.pages.speech import speech_of
from portal.search_documents import compose
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

COLUMNS_SHOWN_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Compared:
    """One dataset of the table."""

    card: DatasetCard
    licence: str
    keywords: tuple[str, ...]
    columns: frozenset[str]
    """Those that every reader of the record may know of."""
    remove_href: str


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column and which datasets have it, in their order."""

    name: str
    held: tuple[bool, ...]
    is_common: bool
    """At least two have it."""


@router.get("/compare")
def compare(
    request: Request,
    dataset: Annotated[
        list[Annotated[str, Query(max_length=VALUE_LENGTH_CHARACTERS)]],
        Query(max_length=COMPARED_MAX),
    ] = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Datasets side by side; what does not exist for the reader is counted as not found."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    names = list(dict.fromkeys(dataset))
    with wiring.pool.connection() as tx:
        found: list[Dataset] = []
        for slug in names:
            try:
                found.append(find.dataset_named(tx, slug, by=actor))
            except DatasetNotFound:
                continue
        cards = cards_of(tx, found, by=actor, language=say.language)
        documents = {one.id: one for one in compose(tx, [one.id for one in found], at=wiring.now())}
    licences = {one.id: one.title for one in profile_in_force(wiring.now()).licences}
    slugs = [one.slug for one in found]
    compared = [
        Compared(
            card=card,
            licence=say.text(licences.get(one.entry.licence, Text())) or one.entry.licence,
            keywords=one.entry.keywords,
            columns=frozenset(documents[one.id].columns if one.id in documents else ()),
            remove_href=compare_href(slug for slug in slugs if slug != one.slug),
        )
        for one, card in zip(found, cards, strict=True)
    ]
    lines = column_lines([one.columns for one in compared])
    return render(
        request,
        "search/compare.html",
        compared=compared,
        missing=len(names) - len(found),
        lines=lines[:COLUMNS_SHOWN_MAX],
        lines_left_out=max(0, len(lines) - COLUMNS_SHOWN_MAX),
        common=sum(line.is_common for line in lines),
        back_href=SearchState(compared=tuple(slugs)).href if slugs else PATH,
    )


def column_lines(columns: Sequence[frozenset[str]]) -> list[ColumnLine]:
    """Every column once, those that most datasets have first."""
    lines = [
        ColumnLine(name, held, sum(held) > 1)
        for name in set().union(*columns)
        for held in [tuple(name in one for one in columns)]
    ]
    return sorted(lines, key=lambda line: (-sum(line.held), line.name))
