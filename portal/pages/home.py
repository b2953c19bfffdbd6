"""The start page, finding datasets, and the departments with what they publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from catalog import find, holdings
from catalog.demand import unmet
from catalog.search.index import Term
from catalog.search.labels import labels_for
from catalog.search.suggest import suggest as suggest_for
from exchange.usage import deliveries_since
from policies.party import OrganizationKind
from policies.people import list_organizations, organization_named
from portal.pages.dataset_cards import cards_of
from portal.pages.rendering import render
from portal.pages.river import Flow, draw_river
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = 20
NEWEST: Final = 6
SUGGESTED: Final = 6
QUERY_LENGTH_CHARACTERS: Final = 200
RIVER_DAYS: Final = 30
EXAMPLES: Final = 3

Words = Annotated[str, Query(max_length=QUERY_LENGTH_CHARACTERS)]


@router.get("/")
def show_home(request: Request) -> Response:
    """The start page: the search box, three doors, the city's numbers, what is new."""
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
    keywords = dict.fromkeys(word for dataset in newest for word in dataset.entry.keywords)
    return render(
        request,
        "home.html",
        river=draw_river([Flow(regime, count) for regime, count in flows.items()]),
        numbers=numbers,
        newest=cards,
        examples=list(keywords)[:EXAMPLES],
        is_first_run=not newest,
    )


@router.get("/dataset")
def search(
    request: Request,
    q: Words = "",
    organization: str | None = None,
    cursor: str | None = None,
    first: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """Datasets by words; `first` is the place of the page's first hit, for the reader alone."""
    actor, say = actor_of(request), speech_of(request)
    began = perf_counter()
    with wiring_of(request).pool.connection() as tx:
        publisher = None if organization is None else organization_named(tx, organization)
        found = find.search(
            tx,
            wiring_of(request).search,
            q,
            by=actor,
            publisher_id=publisher.id if publisher else None,
            cursor=cursor,
            limit=PAGE,
        )
        cards = cards_of(tx, found.datasets, by=actor, language=say.language)
        others = find.listed(tx, by=actor, limit=1).count if not found.count else 0
        if q and not found.count and publisher is None:
            unmet.count_unmet(tx, q, at=wiring_of(request).now())
    kept = {"q": q} if q else {}
    filters = {**kept, **({"organization": organization} if organization else {})}
    after = first + len(found.datasets)
    chips = [(say.text(publisher.title), _href(kept))] if publisher else []
    return render(
        request,
        "search.html",
        query=q,
        total=found.count,
        took_ms=round((perf_counter() - began) * 1000),
        datasets=cards,
        facets=[],
        chips=chips,
        clear_href="/dataset",
        sorts=[],
        previous_href=_href(filters) if cursor else None,
        next_href=(
            _href({**filters, "cursor": found.next_cursor, "first": str(after)})
            if found.next_cursor
            else None
        ),
        first=first if found.datasets else 0,
        last=after - 1,
        near=[(say.gettext("All datasets"), "/dataset", others)] if others else [],
    )


@router.get("/dataset/suggest")
def suggest(request: Request, q: Words = "") -> Response:
    """What the search box offers while somebody types."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        offered = suggest_for(tx, wiring.search, q, labels_for(actor), limit=SUGGESTED)
        datasets = find.datasets_with_ids(tx, offered.dataset_ids, by=actor)
        named = {term.value for term in offered.departments}
        typed = q.strip().lower()
        departments = [
            one
            for one in list_organizations(tx)
            if typed
            and (
                one.slug in named or typed in one.title.zh.lower() or typed in one.title.en.lower()
            )
        ]
    groups = [
        (
            say.gettext("Datasets"),
            [(say.text(one.entry.title), f"/dataset/{one.slug}", "") for one in datasets],
        ),
        (
            say.gettext("Departments"),
            [
                (say.text(one.title), f"/organization/{one.slug}", "")
                for one in departments[:SUGGESTED]
            ],
        ),
        (say.gettext("Topics"), _words_to_search(offered.topics, say)),
        (say.gettext("Columns"), _words_to_search(offered.columns, say)),
    ]
    return render(
        request,
        "suggestions.html",
        groups=[
            {
                "label": label,
                "choices": [
                    {"label": shown, "href": href, "reason": reason}
                    for shown, href, reason in choices
                ],
            }
            for label, choices in groups
            if choices
        ],
    )


def _words_to_search(terms: Sequence[Term], say: Speech) -> list[tuple[str, str, str]]:
    return [
        (term.value, f"/dataset?{urlencode({'q': term.value})}", say.number(term.count))
        for term in terms
    ]


@router.get("/organization")
def list_departments(request: Request) -> Response:
    """Every organisation that publishes or may, with how many datasets it has published."""
    actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        organizations = list_organizations(tx)
        published = holdings.published_by_organization(tx)
    kinds = (OrganizationKind.DEPARTMENT, OrganizationKind.OPERATOR)
    shown = [
        {
            "href": f"/organization/{one.slug}",
            "title": one.title,
            "kind": one.kind,
            "datasets": published.get(one.id, 0),
        }
        for one in organizations
        if one.kind in kinds or one.id in published
    ]
    shown.sort(key=lambda entry: -int(str(entry["datasets"])))
    return render(request, "organization/list.html", organizations=shown)


@router.get("/organization/{slug}")
def show_department(
    request: Request,
    slug: str,
    cursor: str | None = None,
    first: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """One organisation with the datasets of it that exist for the reader."""
    actor, say = actor_of(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        organization = organization_named(tx, slug)
        found = find.listed(tx, by=actor, publisher_id=organization.id, cursor=cursor, limit=PAGE)
        cards = cards_of(tx, found.datasets, by=actor, language=say.language)
    here = f"/organization/{organization.slug}"
    after = first + len(found.datasets)
    following = urlencode({"cursor": found.next_cursor or "", "first": after})
    return render(
        request,
        "organization/one.html",
        organization=organization,
        datasets=cards,
        total=found.count,
        previous_href=here if cursor else None,
        next_href=f"{here}?{following}" if found.next_cursor else None,
        first=first if found.datasets else 0,
        last=after - 1,
    )


def _href(parameters: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"/dataset?{urlencode(given)}" if given else "/dataset"
