"""The quality of a dataset's versions as RDF (Data Quality Vocabulary) and as JSON.

Whoever the version exists for reads its report; without a number it is the newest one that exists
for the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.dataset import Dataset
from catalog.errors import VersionNotFound
from catalog.formats.graph import Triple
from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm
from policies.database import Tx
from policies.party import ANONYMOUS, Actor
from portal.api.feeds.answer import rdf_answer
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.dqv import Judged, report_triples, summary_triples
from quality.errors import NotAssessed
from quality.report import Report, known_to, report_as_json
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
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        _, report = _judged(tx, name, distribution, version, by=actor)
        known = find.datasets_with_ids(tx, sorted(report.others), by=actor)
    return report_as_json(known_to(report, frozenset(one.id for one in known)))


def _graph_route(form: RdfForm) -> Callable[..., Response]:
    def read_quality(
        request: Request, name: str, distribution: Table = "", version: Number = None
    ) -> Response:
        """The quality report of a version in the words of the Data Quality Vocabulary."""
        wiring, actor = wiring_of(request), actor_of(request)
        with wiring.pool.connection() as tx:
            judged, report = _judged(tx, name, distribution, version, by=actor)
        return rdf_answer(request, report_triples(judged, report, wiring.settings.site_url), form)

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


def _judged(
    tx: Tx, name: str, table: str, number: int | None, *, by: Actor
) -> tuple[Judged, Report]:
    """Raises: DatasetNotFound, DistributionNotFound, VersionNotFound, NotAssessed."""
    dataset = find.dataset_named(tx, name, by=by)
    if table:
        distributions = [find.distribution_named(tx, dataset, table)]
    else:
        distributions = find.distributions_of(tx, dataset)[:1]
    for distribution in distributions:
        if number is None:
            version = find.newest_readable(tx, distribution, by=by)
        else:
            held = find.versions_of(tx, dataset, [distribution.id], by=by)
            version = next((one for one in held if one.number == number), None)
        if version is not None:
            report = read_report(tx, version.id).report
            return Judged(dataset.id, distribution.id, version.number), report
    raise VersionNotFound
