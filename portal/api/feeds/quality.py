"""The quality of a dataset's versions as RDF (Data Quality Vocabulary) and as JSON.

Whoever the version exists for reads its report; without a number it is the newest one that exists
for the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.dataset import Dataset, Distribution
from catalog.errors import VersionNotFound
from catalog.formats.graph import Triple
from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm
from catalog.version import Version
from policies.database import Tx
from policies.party import ANONYMOUS, Actor
from portal.api.feeds.answer import rdf_answer
from portal.pages.dataset.reader import look_at, report_for
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.dqv import Judged, report_triples, summary_triples
from quality.errors import NotAssessed
from quality.report import Report, report_as_json
from quality.rules import read_report

ENDINGS: Final = {
    "ttl": RdfForm.TURTLE,
    "rdf": RdfForm.RDF_XML,
    "jsonld": RdfForm.JSON_LD,
    "nt": RdfForm.N_TRIPLES,
}
NUMBER_MAX: Final = 2**31 - 1

router = APIRouter(tags=["quality"])

Table = Annotated[
    str, Query(max_length=200, description="The distribution's name; empty: the first one.")
]
Number = Annotated[
    int | None, Query(ge=1, le=NUMBER_MAX, description="The version; none: the newest one.")
]


@router.get("/dataset/{name}/quality.json")
def show_report(
    request: Request, name: str, distribution: Table = "", version: Number = None
) -> dict[str, Any]:
    """The quality report of a version, with every example masked."""
    _, report = _judged(request, name, distribution, version)
    return report_as_json(report)


def _graph_route(form: RdfForm) -> Callable[..., Response]:
    def read_quality(
        request: Request, name: str, distribution: Table = "", version: Number = None
    ) -> Response:
        """The quality report of a version in the words of the Data Quality Vocabulary."""
        judged, report = _judged(request, name, distribution, version)
        site = wiring_of(request).settings.site_url
        return rdf_answer(request, report_triples(judged, report, site), form)

    return read_quality


for _ending, _form in ENDINGS.items():
    router.add_api_route(
        f"/dataset/{{name}}/quality.{_ending}",
        _graph_route(_form),
        operation_id=f"quality_{_ending}",
        responses={200: {"content": {MEDIA_TYPES[_form]: {}}}},
        response_class=Response,
    )


def quality_links(tx: Tx, dataset: Dataset, site_url: str) -> list[Triple]:
    """What a public record says of the quality of the data that everybody reads."""
    said: list[Triple] = []
    for distribution in find.distributions_of(tx, dataset):
        newest = find.newest_readable(tx, distribution, by=ANONYMOUS)
        if newest is None:
            continue
        try:
            report = read_report(tx, newest.id).report
        except NotAssessed:
            continue
        judged = Judged(dataset.id, distribution.id, newest.number)
        said += summary_triples(judged, report, site_url)
    return said


def _judged(request: Request, name: str, table: str, number: int | None) -> tuple[Judged, Report]:
    """A version's report, as far as the caller may know it.

    Raises: DatasetNotFound, DistributionNotFound, VersionNotFound, NotAssessed.
    """
    wiring, actor = wiring_of(request), actor_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, name, by=actor)
        if table:
            distributions = [find.distribution_named(tx, dataset, table)]
        else:
            distributions = find.distributions_of(tx, dataset)[:1]
        for distribution in distributions:
            version = _version(tx, dataset, distribution, number, by=actor)
            if version is not None:
                look = look_at(tx, name, by=actor, at=wiring.now())
                whole = read_report(tx, version.id).report
                report = report_for(tx, look, version, whole, by=actor)
                return Judged(dataset.id, distribution.id, version.number), report
    raise VersionNotFound


def _version(
    tx: Tx, dataset: Dataset, distribution: Distribution, number: int | None, *, by: Actor
) -> Version | None:
    if number is None:
        return find.newest_readable(tx, distribution, by=by)
    held = find.versions_of(tx, dataset, [distribution.id], by=by)
    return next((one for one in held if one.number == number), None)
