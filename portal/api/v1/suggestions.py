"""What may be meant by the beginning of a word: for search boxes of programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from catalog.search.suggest import OFFERED_MAX
from portal.pages.search.state import WORDS_LENGTH_CHARACTERS
from portal.pages.search.suggesting import (
    COLUMNS,
    DATASETS,
    DEPARTMENTS,
    TOPICS,
    Choice,
    suggestions,
)
from portal.pages.speech import speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/suggest", tags=["search"])


class SuggestionBody(BaseModel):
    """One thing that is offered."""

    label: str
    href: str
    reason: str
    """Why it is offered, where its name does not show it; else empty."""
    datasets: int | None
    """How many datasets it leads to; null for a dataset itself."""


class SuggestionsBody(BaseModel):
    """What is offered, the best first in each group."""

    datasets: list[SuggestionBody]
    departments: list[SuggestionBody]
    topics: list[SuggestionBody]
    columns: list[SuggestionBody]


@router.get("")
def suggest(
    request: Request,
    response: Response,
    q: Annotated[str, Query(max_length=WORDS_LENGTH_CHARACTERS)],
    limit: Annotated[int, Query(ge=1, le=20)] = OFFERED_MAX,
) -> SuggestionsBody:
    """Datasets, departments, topics and columns that `q` may mean, in either script or by pinyin.

    Names come in the language of `Accept-Language`.
    """
    groups = suggestions(
        wiring_of(request), q, by=actor_of(request), say=speech_of(request), limit=limit
    )
    response.headers["Cache-Control"] = "private, no-store"
    return SuggestionsBody(
        datasets=_bodies(groups.get(DATASETS, [])),
        departments=_bodies(groups.get(DEPARTMENTS, [])),
        topics=_bodies(groups.get(TOPICS, [])),
        columns=_bodies(groups.get(COLUMNS, [])),
    )


def _bodies(choices: list[Choice]) -> list[SuggestionBody]:
    return [
        SuggestionBody(label=one.label, href=one.href, reason=one.reason, datasets=one.number)
        for one in choices
    ]
