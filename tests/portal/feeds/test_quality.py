"""The quality of a version in the words of the Data Quality Vocabulary, read by another library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, RDF, SKOS, XSD, Namespace

from catalog.dataset import DistributionId
from catalog.find import overview
from catalog.formats.oxigraph import RdfForm, write
from policies.terms import DatasetId
from quality.dimension import Dimension
from quality.dqv import Judged, report_triples, summary_triples
from quality.outcome import RuleOutcome, Status, SuiteOutcome
from quality.report import Report, report_of
from quality.rule_format import parse_rule
from tests.exchange.city import STOPS, City
from tests.people import AT
from tests.portal.feeds.test_rdf import FORMS, SITE, read, violations
from tests.portal.pages.conftest import OpenBrowser

DQV = Namespace("http://www.w3.org/ns/dqv#")
OA = Namespace("http://www.w3.org/ns/oa#")
AT_ID = UUID(int=7)
KINDS = ("not_null", "unique", "not_blank")


def report(outcomes: Sequence[tuple[str, str, Status, int, int]]) -> Report:
    """A report of rules: kind, column, status, elements, broken ones."""
    held = tuple(
        RuleOutcome(
            parse_rule({"expect": {"kind": kind}, "columns": [column]}, rule_id=f"r.{kind}"),
            status,
            elements,
            broken,
        )
        for kind, column, status, elements, broken in outcomes
    )
    suite = SuiteOutcome(held, 10, "a" * 64, "[]", "b" * 64, "engine 1")
    return report_of(suite, started_at=AT, finished_at=AT + timedelta(seconds=1))


def test_every_form_of_a_versions_quality_is_one_graph(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    graphs = [
        read(visitor.get(f"/dataset/stops/quality.{ending}").text, form)
        for ending, form in FORMS.items()
        if ending != "xml"
    ]
    told = visitor.get("/dataset/stops/quality.json").json()

    assert all(isomorphic(graphs[0], one) for one in graphs)
    with city.pool.connection() as tx:
        (held,) = overview(tx, "stops", by=city.publisher).distributions
    place = f"{SITE}/dataset/{dataset.id}/resource/{held.distribution.id}/version/1"
    version = URIRef(place)
    score = graphs[0].value(URIRef(f"{place}#score"), DQV.value)
    assert score == Literal(told["score"]["total"], datatype=XSD.integer)
    dimensions = {str(one).rsplit("-", 1)[1] for one in graphs[0].subjects(RDF.type, DQV.Dimension)}
    assert dimensions <= {one.value for one in Dimension}
    measured = set(graphs[0].objects(version, DQV.hasQualityMeasurement))
    assert measured == set(graphs[0].subjects(RDF.type, DQV.QualityMeasurement))
    assert measured == set(graphs[0].subjects(DQV.computedOn, version))
    for measurement in measured:
        metric = graphs[0].value(measurement, DQV.isMeasurementOf)
        assert (metric, RDF.type, DQV.Metric) in graphs[0]


def test_the_record_links_the_quality_of_its_data(
    city: City, browser_of: OpenBrowser, official_shapes: Graph
) -> None:
    city.open_stops()
    visitor = browser_of()

    graph = read(visitor.get("/dataset/stops.ttl").text)
    whole = read(visitor.get("/dataset/stops/quality.ttl").text)

    (distribution,) = graph.subjects(RDF.type, DCAT.Distribution)
    linked = set(graph.objects(distribution, DQV.hasQualityMeasurement))
    (certificate,) = graph.objects(distribution, DQV.hasQualityAnnotation)
    assert linked
    for measurement in linked:
        value = graph.value(measurement, DQV.value)
        assert value is not None
        assert value == whole.value(measurement, DQV.value)
    grade = graph.value(certificate, OA.hasBody)
    assert whole.value(grade, SKOS.notation) == graph.value(grade, SKOS.notation)
    assert violations(graph, official_shapes) == []


def test_who_does_not_read_a_version_does_not_read_its_quality(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        city.add_version(tx, dataset, by=city.publisher, select=STOPS)
    own, others = browser_of(city.publisher), browser_of(city.buyer)

    for ending in ("ttl", "json"):
        path = f"/dataset/stops/quality.{ending}"
        assert own.get(f"{path}?version=2").status_code == 200
        assert others.get(f"{path}?version=2").status_code == 404
        assert others.get(f"{path}?version=1").status_code == 200
        assert others.get(f"{path}?version=0").status_code == 422
        assert others.get(f"{path}?distribution=gone").status_code == 404
        assert others.get(f"/dataset/gone/quality.{ending}").status_code == 404
    assert "/version/2" in own.get("/dataset/stops/quality.ttl").text
    assert "/version/2" not in others.get("/dataset/stops/quality.ttl").text
    assert "/version/2" not in own.get("/dataset/stops.ttl").text


@settings(max_examples=25, deadline=None)
@given(
    outcomes=st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.text(min_size=1, max_size=8),
            st.sampled_from(Status),
            st.integers(1, 10**9),
            st.integers(0, 10**9),
        ),
        max_size=5,
        unique_by=lambda one: one[:2],
    )
)
def test_any_report_is_one_graph_in_every_form_and_says_what_it_counted(
    outcomes: list[tuple[str, str, Status, int, int]],
) -> None:
    counted = [
        (kind, column, status, elements, min(broken, elements))
        for kind, column, status, elements, broken in outcomes
    ]
    judged = Judged(DatasetId(AT_ID), DistributionId(AT_ID), 3)
    made = report(counted)

    graphs = []
    for form, name in ((RdfForm.TURTLE, "turtle"), (RdfForm.JSON_LD, "json-ld")):
        triples = report_triples(judged, made, SITE)
        graphs.append(read(write(triples, form).decode(), name))

    assert isomorphic(*graphs)
    asked = [one for one in counted if one[2] in (Status.PASSED, Status.FAILED)]
    shares = sorted(
        value
        for one in graphs[0].subjects(RDF.type, DQV.QualityMeasurement)
        if "#rule-" in str(one)
        for value in [Decimal(str(graphs[0].value(one, DQV.value)))]
    )
    expected = sorted(1 - Decimal(broken) / elements for *_, elements, broken in asked)
    assert len(shares) == len(expected)
    for share, exact in zip(shares, expected, strict=True):
        assert share <= exact < share + Decimal("0.000002")
    summary = read(write(summary_triples(judged, made, SITE), RdfForm.TURTLE).decode())
    for subject in summary.subjects(RDF.type, DQV.QualityMeasurement):
        assert set(summary.objects(subject, DQV.value)) == set(
            graphs[0].objects(subject, DQV.value)
        )


@pytest.mark.parametrize("status", [Status.ERROR, Status.NOT_CHECKED])
def test_what_was_not_checked_has_no_measurement(status: Status) -> None:
    triples = report_triples(
        Judged(DatasetId(AT_ID), DistributionId(AT_ID), 1),
        report([("not_null", "a", status, 0, 0)]),
        SITE,
    )

    graph = read(write(triples, RdfForm.TURTLE).decode())

    (only,) = graph.subjects(RDF.type, DQV.QualityMeasurement)
    assert str(only).endswith("#coverage")
    assert graph.value(only, DQV.value) == Literal("0", datatype=XSD.decimal)
    assert (None, DQV.hasQualityAnnotation, None) not in graph
