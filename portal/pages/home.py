"""The start page, finding datasets, and the departments with what they publish."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from time import perf_counter
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from catalog import find, holdings
from exchange.usage import deliveries_since
from policies.party import OrganizationKind
from policies.people import list_organizations, organization_named
from portal.pages.dataset_cards import cards_of
from portal.pages.rendering import render
from portal.pages.river import Flow, draw_river
from portal.pages.speech import speech_of
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
            q,
            by=actor,
            publisher_id=publisher.id if publisher else None,
            cursor=cursor,
            limit=PAGE,
        )
        cards = cards_of(tx, found.datasets, by=actor, language=say.language)
        others = find.search(tx, "", by=actor, limit=1).count if not found.count else 0
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
        ask_href=None,
    )


@router.get("/dataset/suggest")
def suggest(request: Request, q: Words = "") -> Response:
    """What the search box offers while somebody types."""
    actor, say = actor_of(request), speech_of(request)
    groups = []
    wanted = q.strip().lower()
    with wiring_of(request).pool.connection() as tx:
        datasets = find.search(tx, q, by=actor, limit=SUGGESTED).datasets if wanted else ()
        departments = [
            one
            for one in list_organizations(tx)
            if wanted and (wanted in one.title.zh.lower() or wanted in one.title.en.lower())
        ]
    if datasets:
        groups.append(
            {
                "label": say.gettext("Datasets"),
                "choices": [
                    {
                        "label": say.text(dataset.entry.title),
                        "href": f"/dataset/{dataset.slug}",
                        "reason": "",
                    }
                    for dataset in datasets
                ],
            }
        )
    if departments:
        groups.append(
            {
                "label": say.gettext("Departments"),
                "choices": [
                    {
                        "label": say.text(one.title),
                        "href": f"/organization/{one.slug}",
                        "reason": "",
                    }
                    for one in departments[:SUGGESTED]
                ],
            }
        )
    return render(request, "suggestions.html", groups=groups)


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
        found = find.search(
            tx, "", by=actor, publisher_id=organization.id, cursor=cursor, limit=PAGE
        )
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
