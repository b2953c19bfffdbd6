"""Our shapes, held against the official ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rdflib import RDF, BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, SH, SKOS, XSD

from catalog.formats import shacl
from catalog.formats.dcat import catalogue_triples, complete, dataset_triples
from catalog.formats.oxigraph import RdfForm, triples_of, write
from catalog.formats.shacl import SHAPES
from catalog.formats.shape_finding import Severity, ShapeFinding
from catalog.projection import Face, Projection, project
from catalog.record import Record
from policies.terms import Text
from tests.catalog.formats.records import real_records, rich_record

SITE = "https://weir.example"
SPDX = Namespace("http://spdx.org/rdf/terms#")
BATCH = 50


def projected(record: Record, face: Face = Face.DEPARTMENT) -> Projection:
    made = project(record, face, licences={}, files={}, links={})
    assert made is not None
    return made


def whole(records: list[Projection]) -> Graph:
    triples = [
        *catalogue_triples(SITE, [one.id for one in records], modified_at=records[0].modified_at),
        *(triple for one in records for triple in dataset_triples(one, SITE)),
    ]
    graph = Graph()
    graph.parse(data=write(dict.fromkeys(triples), RdfForm.N_TRIPLES), format="nt")
    return graph


def found_by_ours(graph: Graph) -> list[ShapeFinding]:
    return shacl.check(graph.serialize(format="nt", encoding="utf-8"))


def violations(found: list[ShapeFinding]) -> set[tuple[str, str, str]]:
    return {(one.node, one.path, one.value) for one in found if one.severity is Severity.VIOLATION}


def copies(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """The graph, each time with one thing wrong with it."""
    for triple in sorted(graph, key=str):
        subject, predicate, value = triple
        name = f"{subject} {predicate} {value}"
        without = Graph()
        for each in graph:
            if each != triple:
                without.add(each)
        yield f"without {name}", without
        if predicate == RDF.type:
            continue
        for words, instead in (
            ("as text", Literal("words")),
            ("as a number", Literal(7)),
            ("as a link", URIRef("https://elsewhere.example/x")),
            ("as a node", BNode()),
        ):
            if type(instead) is type(value) and words != "as a link":
                continue
            changed = Graph()
            for each in without:
                changed.add(each)
            changed.add((subject, predicate, instead))
            yield f"{name} {words}", changed
        doubled = Graph()
        for each in graph:
            doubled.add(each)
        doubled.add((subject, predicate, URIRef("https://elsewhere.example/second")))
        yield f"twice {name}", doubled


def shown(graph: Graph) -> bytes:
    return graph.serialize(format="nt", encoding="utf-8")


def test_our_shapes_are_themselves_readable_shapes() -> None:
    graph = Graph()
    graph.parse(SHAPES, format="turtle")

    assert len(set(graph.subjects(RDF.type, SH.NodeShape))) >= 14
    for shape in graph.subjects(RDF.type, SH.PropertyShape):
        languages = {getattr(one, "language", "") for one in graph.objects(shape, SH.message)}
        assert languages == {"zh", "en"}, shape


def test_a_record_with_every_field_has_no_violation(official_shapes: Graph) -> None:
    graph = whole([complete(projected(rich_record()))])

    assert violations(found_by_ours(graph)) == set()
    assert violations(shacl.check_with(shown(graph), official_shapes)) == set()


@pytest.mark.long
def test_ours_find_whatever_the_official_ones_find_in_broken_records(
    official_shapes: Graph,
) -> None:
    graph = whole([complete(projected(rich_record()))])

    missed = {}
    tried = 0
    for name, broken in copies(graph):
        tried += 1
        official = violations(shacl.check_with(shown(broken), official_shapes))
        if not official:
            continue
        ours = violations(found_by_ours(broken))
        # Nodes without names get new ones at each reading.
        ours_places = {(node, path) for node, path, _ in ours}
        lost = {(node, path) for node, path, _ in official} - ours_places
        if lost:
            missed[name] = lost

    assert tried > 300
    assert missed == {}


def test_ours_find_what_the_official_ones_find_in_classes_that_we_do_not_write(
    official_shapes: Graph,
) -> None:
    graph = Graph()
    here = Namespace("https://x.example/")
    vocabularies = {
        "Relationship": DCAT.Relationship,
        "CatalogRecord": DCAT.CatalogRecord,
        "DataService": DCAT.DataService,
        "Concept": SKOS.Concept,
        "Scheme": SKOS.ConceptScheme,
        "Agent": FOAF.Agent,
        "Checksum": SPDX.Checksum,
        "Series": DCAT.DatasetSeries,
        "Catalog": DCAT.Catalog,
        "Distribution": DCAT.Distribution,
    }
    for name, kind in vocabularies.items():
        graph.add((here[name], RDF.type, kind))
    graph.add((here.Checksum, SPDX.checksumValue, Literal("ab")))
    graph.add((here.CatalogRecord, FOAF.primaryTopic, here.Agent))
    graph.add((here.Relationship, DCTERMS.relation, here.Agent))
    graph.add((here.Series, DCTERMS.issued, Literal("soon", datatype=XSD.string)))

    official = violations(shacl.check_with(shown(graph), official_shapes))
    ours = violations(found_by_ours(graph))

    assert len(official) > 15
    assert {(node, path) for node, path, _ in official} <= {(node, path) for node, path, _ in ours}


def test_what_is_missing_is_found_before_it_is_stood_in_for() -> None:
    record = projected(rich_record())
    bare = replace(record, summary=Text())

    strict = violations(found_by_ours(whole([bare])))
    stood_in = violations(found_by_ours(whole([complete(bare)])))

    assert [path for _, path, _ in strict] == [str(DCTERMS.description)]
    assert stood_in == set()


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_real_records_have_no_violation(
    shared_data: Path, official_shapes: Graph, count: int
) -> None:
    records = [
        complete(projected(one, Face.PUBLIC)) for one in real_records(shared_data, limit=count)
    ]
    assert len(records) == count

    for first in range(0, len(records), BATCH):
        graph = whole(records[first : first + BATCH])
        assert violations(found_by_ours(graph)) == set()
        if first % (4 * BATCH) == 0:
            assert violations(shacl.check_with(shown(graph), official_shapes)) == set()


def test_real_records_are_one_graph_in_every_form(shared_data: Path) -> None:
    for one in real_records(shared_data, limit=200):
        triples = dataset_triples(complete(projected(one, Face.PUBLIC)), SITE)
        read = {
            form: frozenset(triples_of(write(triples, form), form).splitlines()) for form in RdfForm
        }
        assert len(set(read.values())) == 1, one.dataset.slug
