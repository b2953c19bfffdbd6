"""The start page."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from catalog import holdings
from catalog.curation.themes import counts_by_theme, listed_themes
from catalog.demand import board
from catalog.demand.data_request import DataRequestState
from catalog.search.errors import IndexNotReady
from exchange.usage import deliveries_since
from policies.database import Tx
from policies.party import Actor
from policies.terms import Language
from portal.pages.dataset_cards import cards_of
from portal.pages.drawing.river import Flow, draw_river
from portal.pages.rendering import render
from portal.pages.search.facets import count_facets
from portal.pages.search.finding import counting_for
from portal.pages.search.state import SearchState
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import Wiring, wiring_of

router = APIRouter()

PAGE: Final = 20
NEWEST: Final = 6
RIVER_DAYS: Final = 30
EXAMPLES: Final = 3
TOPICS: Final = 12
KEYWORDS: Final = 16
WISHES: Final = 3


@router.get("/")
def show_home(request: Request) -> Response:
    """The start page: search, three doors, topics, what is new, what is asked for."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        flows = deliveries_since(tx, wiring.now() - timedelta(days=RIVER_DAYS))
        newest = holdings.newest_published(tx, limit=NEWEST)
        publishing = holdings.published_by_organization(tx)
        numbers = [
            (say.gettext("Datasets"), say.number(sum(publishing.values()))),
            (say.gettext("Publishing departments"), say.number(len(publishing))),
            (say.gettext("Rows"), say.number(holdings.published_rows(tx))),
            (
                say.gettext("Deliveries, 30 days"),
                say.number(sum(flows.values())),
            ),
        ]
        cards = cards_of(tx, newest, by=actor, language=say.language)
        wishes = board.board(tx, states=(DataRequestState.OPEN,), limit=WISHES, by=actor)
        topics = _topics(tx, say, by=actor)
        keywords, is_search_ready = _keywords(wiring, tx, by=actor, say=say)
    return render(
        request,
        "home.html",
        river=draw_river([Flow(regime, count) for regime, count in flows.items()]),
        numbers=numbers,
        newest=cards,
        examples=keywords[:EXAMPLES],
        topics=topics,
        keywords=keywords,
        wishes=[
            {
                "href": f"/requests-for-data/{wish.id}",
                "title": wish.title,
                "joined": wish.joined,
                "due": wish.due.day,
            }
            for wish in wishes.requests
        ],
        wishes_total=wishes.total,
        is_search_ready=is_search_ready,
        is_first_run=not newest,
    )


def _topics(tx: Tx, say: Speech, *, by: Actor) -> list[tuple[str, str, int]]:
    """Themes with the address of their datasets and how many the reader sees, the largest first."""
    counts = counts_by_theme(tx, by=by)
    held = [theme for theme in listed_themes(tx) if counts.get(theme.id)]
    held.sort(key=lambda theme: (-counts[theme.id], theme.slug))
    return [
        (
            say.text(theme.title) or theme.slug,
            SearchState(chosen={"topic": (theme.slug,)}).href,
            counts[theme.id],
        )
        for theme in held[:TOPICS]
    ]


def _keywords(
    wiring: Wiring, tx: Tx, *, by: Actor, say: Speech
) -> tuple[list[tuple[str, str]], bool]:
    """The most frequent keywords with their addresses, and whether the search answers."""
    counting = counting_for(wiring, tx, by=by, say=say)
    try:
        counted = count_facets(counting, SearchState())["tag"]
    except IndexNotReady:
        return [], False
    # Datasets carry keywords of both languages; the reader's own stand first.
    own_first = sorted(counted, key=lambda word: word.isascii() is (say.language is Language.ZH))
    return [
        (word, SearchState(chosen={"tag": (word,)}).href) for word in own_first[:KEYWORDS]
    ], True
