"""The catalogue and its datasets as RDF: by the ending of the address, or by the Accept header.

Source: DCAT-AP 3.0.1; Hydra Core Vocabulary; the addresses and parameters of ckanext-dcat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from catalog.errors import DatasetNotFound
from catalog.find import dataset_with_id
from catalog.formats import dcat
from catalog.formats.graph import Triple
from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm
from catalog.interchange import (
    PAGE_DATASETS,
    CataloguePage,
    catalogue_page,
    catalogue_page_among,
    projection_named,
    projections_of,
)
from catalog.interchange_errors import MalformedMoment, NoSuchCataloguePage
from catalog.search.labels import labels_for
from catalog.search.lucene import read_filter, read_query
from catalog.search.query import ROWS_MAX, Search
from policies.database import Tx
from policies.party import Actor
from policies.terms import DatasetId
from portal.api.feeds.answer import rdf_answer
from portal.api.feeds.negotiation import WhereRdfIsWanted, wanted_form
from portal.api.feeds.quality import quality_links
from portal.open_files import given_of
from portal.sign_in import actor_of
from portal.wiring import Wiring, wiring_of

PAGE_NUMBER_MAX: Final = 1_000_000
FOUND_MAX: Final = 20_000
"""Records of a search whose pages are handed out."""
ENDINGS: Final = {
    "ttl": RdfForm.TURTLE,
    "rdf": RdfForm.RDF_XML,
    "xml": RdfForm.RDF_XML,
    "jsonld": RdfForm.JSON_LD,
    "nt": RdfForm.N_TRIPLES,
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPES[form]: {} for form in RdfForm}}
}

router = APIRouter(tags=["feeds"])
negotiated = APIRouter(tags=["feeds"], route_class=WhereRdfIsWanted)

Page = Annotated[int, Query(ge=1, le=PAGE_NUMBER_MAX)]
Since = Annotated[
    str | None, Query(max_length=40, description="Only datasets changed at or after this time.")
]
Profiles = Annotated[
    str | None, Query(max_length=500, description="Accepted; there is one profile, DCAT-AP 3.")
]


Words = Annotated[
    str | None, Query(max_length=2000, description="Words, or a query as Solr has it.")
]
Filter = Annotated[str | None, Query(max_length=5000, description="A filter as Solr has it.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of the catalogue is asked for."""

    page: int = 1
    since: str | None = None
    profiles: str | None = None
    q: str | None = None
    fq: str | None = None


def _catalogue_route(ending: str) -> Callable[..., Response]:
    def read_catalogue(
        request: Request,
        page: Page = 1,
        modified_since: Since = None,
        profiles: Profiles = None,
        q: Words = None,
        fq: Filter = None,
    ) -> Response:
        """A page of the whole catalogue, or of what a search finds, with links to the others."""
        asked = Asked(page, modified_since, profiles, q, fq)
        return catalogue_answer(request, ENDINGS[ending], asked)

    return read_catalogue


def _dataset_route(ending: str) -> Callable[..., Response]:
    def read_dataset(request: Request, name: str, profiles: Profiles = None) -> Response:  # noqa: ARG001
        """One dataset by its id or name."""
        return dataset_answer(request, name, ENDINGS[ending])

    return read_dataset


for _ending in ENDINGS:
    for _name, _path, _route in (
        ("catalogue", f"/catalog.{_ending}", _catalogue_route(_ending)),
        ("dataset", f"/dataset/{{name}}.{_ending}", _dataset_route(_ending)),
    ):
        router.add_api_route(
            _path,
            _route,
            operation_id=f"{_name}_{_ending}",
            responses=_ANSWERS,
            response_class=Response,
        )
        router.add_api_route(_path, _route, methods=["HEAD"], include_in_schema=False)


@negotiated.get("/catalog", include_in_schema=False)
def negotiate_catalogue(
    request: Request,
    page: Page = 1,
    modified_since: Since = None,
    profiles: Profiles = None,
    q: Words = None,
    fq: Filter = None,
) -> Response:
    """The catalogue in the form that the client prefers."""
    form = wanted_form(request.headers.get("accept", ""))
    assert form is not None
    return catalogue_answer(request, form, Asked(page, modified_since, profiles, q, fq))


@negotiated.get("/dataset/{name}", include_in_schema=False)
def negotiate_dataset(request: Request, name: str) -> Response:
    """A dataset in the form that the client prefers."""
    form = wanted_form(request.headers.get("accept", ""))
    assert form is not None
    return dataset_answer(request, name, form)


def catalogue_answer(request: Request, form: RdfForm, asked: Asked) -> Response:
    """A page of the catalogue.

    Raises: MalformedMoment, NoSuchCataloguePage; what a search refuses.
    """
    wiring, actor = wiring_of(request), actor_of(request)
    path = f"{wiring.settings.site_url}{request.url.path}"
    with wiring.pool.connection() as tx:
        triples = catalogue_graph(tx, wiring, asked, path, by=actor)
    return rdf_answer(request, triples, form)


def dataset_answer(request: Request, name: str, form: RdfForm) -> Response:
    """One dataset.

    Raises: DatasetNotFound.
    """
    wiring, actor = wiring_of(request), actor_of(request)
    with wiring.pool.connection() as tx:
        triples = dataset_graph(tx, wiring, name, by=actor)
    return rdf_answer(request, triples, form)


def catalogue_graph(tx: Tx, wiring: Wiring, asked: Asked, path: str, *, by: Actor) -> list[Triple]:
    """The graph of a page: the catalogue, its datasets, and where the other pages are.

    `path` is the address without parameters under which it is asked for.

    Raises: MalformedMoment, NoSuchCataloguePage; what a search refuses.
    """
    site = wiring.settings.site_url
    since = None if asked.since is None else moment_of(asked.since)
    if asked.q or asked.fq:
        found = _found(tx, wiring, asked, by)
        page = catalogue_page_among(tx, found, by=by, since=since, number=asked.page)
    else:
        page = catalogue_page(tx, by=by, since=since, number=asked.page)
    pages = max(1, -(-page.total // PAGE_DATASETS))
    if asked.page > pages:
        raise NoSuchCataloguePage(asked.page, pages)
    told = projections_of(tx, page.dataset_ids, given_of(wiring), by=by)
    return [
        *dcat.paging_triples(site, _paging(path, asked, page, pages)),
        *dcat.catalogue_triples(site, [one.id for one in told], modified_at=page.modified_at),
        *(triple for one in told for triple in dcat.dataset_triples(one, site)),
    ]


def dataset_graph(tx: Tx, wiring: Wiring, name: str, *, by: Actor) -> list[Triple]:
    """The graph of one dataset.

    Raises: DatasetNotFound.
    """
    told = projection_named(tx, name, given_of(wiring), by=by)
    if told is None:
        raise DatasetNotFound(name)
    site = wiring.settings.site_url
    dataset = dataset_with_id(tx, told.id, by=by)
    return [*dcat.dataset_triples(told, site), *quality_links(tx, dataset, site)]


def _found(tx: Tx, wiring: Wiring, asked: Asked, by: Actor) -> list[DatasetId]:
    """Every record that the search finds, at most `FOUND_MAX`."""
    at, ids = wiring.now(), list[DatasetId]()
    query = read_query(asked.q or "", at=at)
    filters = (read_filter(asked.fq or "", at=at),)
    while len(ids) < FOUND_MAX:
        wanted = Search(
            labels_for(by), query, filters, start=len(ids), rows=min(ROWS_MAX, FOUND_MAX - len(ids))
        )
        page = wiring.search.search(tx, wanted)
        ids += page.ids
        if not page.ids or len(ids) >= page.count:
            break
    return ids


def moment_of(text: str) -> datetime:
    """A time as ISO 8601 has it; without a zone it is UTC.

    Raises: MalformedMoment.
    """
    # In an address that nobody quoted, the plus of a zone has become a space.
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedMoment(text) from None


def _paging(path: str, asked: Asked, page: CataloguePage, pages: int) -> dcat.Paging:
    given = {
        "q": asked.q,
        "fq": asked.fq,
        "modified_since": asked.since,
        "profiles": asked.profiles,
    }

    def address(number: int) -> str:
        query = {name: value for name, value in given.items() if value is not None}
        return f"{path}?{urlencode({**query, 'page': number})}"

    return dcat.Paging(
        here=address(asked.page),
        first=address(1),
        last=address(pages),
        previous=address(asked.page - 1) if asked.page > 1 else None,
        next=address(asked.page + 1) if asked.page < pages else None,
        total=page.total,
        per_page=PAGE_DATASETS,
    )
