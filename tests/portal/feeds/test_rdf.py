from __future__ import annotations

import pytest
from rdflib import Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, RDF, Namespace

from catalog.formats import shacl
from catalog.formats.shape_finding import Severity, ShapeFinding
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
FORMS = {"ttl": "turtle", "rdf": "xml", "xml": "xml", "jsonld": "json-ld", "nt": "nt"}
SITE = "http://testserver"


def read(text: str, form: str = "turtle") -> Graph:
    graph = Graph()
    graph.parse(data=text, format=form)
    return graph


def violations(graph: Graph, official: Graph) -> list[ShapeFinding]:
    triples = graph.serialize(format="nt", encoding="utf-8")
    found = [*shacl.check(triples), *shacl.check_with(triples, official)]
    return [one for one in found if one.severity is Severity.VIOLATION]


def test_all_forms_of_the_catalogue_are_one_graph_without_violations(
    city: City, browser_of: OpenBrowser, official_shapes: Graph
) -> None:
    city.open_stops()
    city.sold_stops()
    visitor = browser_of()

    graphs = {
        ending: read(visitor.get(f"/catalog.{ending}").text, form) for ending, form in FORMS.items()
    }

    page = URIRef(f"{SITE}/catalog.nt?page=1")
    for ending, graph in graphs.items():
        here = URIRef(f"{SITE}/catalog.{ending}?page=1")
        renamed = Graph()
        for triple in graph:
            s, p, o = (page if part == here else part for part in triple)
            if p not in (HYDRA.first, HYDRA.last, HYDRA.firstPage, HYDRA.lastPage):
                renamed.add((s, p, o))
        graphs[ending] = renamed
    assert all(isomorphic(graphs["nt"], graph) for graph in graphs.values())
    assert len(set(graphs["nt"].subjects(RDF.type, DCAT.Distribution))) == 2
    assert violations(graphs["nt"], official_shapes) == []


@pytest.mark.parametrize(("ending", "form"), FORMS.items())
def test_a_dataset_is_found_by_name_and_by_id_in_every_form(
    city: City, browser_of: OpenBrowser, ending: str, form: str
) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    by_name = read(visitor.get(f"/dataset/stops.{ending}").text, form)
    by_id = read(visitor.get(f"/dataset/{dataset.id}.{ending}").text, form)

    assert isomorphic(by_name, by_id)
    assert (URIRef(f"{SITE}/dataset/{dataset.id}"), RDF.type, DCAT.Dataset) in by_name


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/turtle", "turtle"),
        ("application/rdf+xml;q=0.9, text/html;q=0.1", "xml"),
        ("application/ld+json, */*;q=0.1", "json-ld"),
    ],
)
def test_the_address_of_a_dataset_answers_in_the_form_that_is_wanted(
    city: City, browser_of: OpenBrowser, accept: str, form: str
) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    answer = visitor.get(f"/dataset/{dataset.id}", headers={"Accept": accept})

    assert answer.status_code == 200
    assert len(read(answer.text, form)) > 10
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*", ""])
def test_a_browser_comes_to_the_page(city: City, browser_of: OpenBrowser, accept: str) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    named = visitor.get("/dataset/stops", headers={"Accept": accept})
    by_id = visitor.get(f"/dataset/{dataset.id}", headers={"Accept": accept})
    whole = visitor.get("/catalog", headers={"Accept": accept})

    assert "<html" in named.text
    assert by_id.headers["Location"] == "/dataset/stops"
    assert whole.headers["Location"] == "/dataset"


def test_only_open_data_has_a_download_address_and_it_answers(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    city.sold_stops()
    visitor = browser_of()

    graph = read(visitor.get("/catalog.ttl").text)

    (address,) = graph.objects(None, DCAT.downloadURL)
    assert visitor.get(str(address)).status_code == 200


def test_a_graph_that_did_not_change_is_not_sent_again(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()
    tag = visitor.get("/catalog.ttl").headers["ETag"]

    again = visitor.get("/catalog.ttl", headers={"If-None-Match": tag})

    assert again.status_code == 304


def test_pages_lead_through_the_whole_catalogue(
    city: City, browser_of: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("catalog.interchange", "portal.api.feeds.rdf"):
        monkeypatch.setattr(f"{name}.PAGE_DATASETS", 1)
    ids = {str(city.open_stops(name).id) for name in ("one", "two", "three")}
    visitor = browser_of()

    address: str | None = f"{SITE}/catalog.jsonld"
    seen = []
    while address:
        graph = read(visitor.get(address).text, "json-ld")
        seen += [str(one).rsplit("/", 1)[1] for one in graph.objects(None, DCAT.dataset)]
        (total,) = set(graph.objects(None, HYDRA.totalItems))
        assert int(str(total)) == 3
        links = [*graph.objects(None, HYDRA.next), *graph.objects(None, HYDRA.nextPage)]
        assert len({str(link) for link in links}) <= 1
        address = str(links[0]) if links else None

    assert sorted(seen) == sorted(ids)
    assert visitor.get("/catalog.ttl?page=4", headers={"Accept": "*/*"}).status_code == 404


def test_only_what_changed_since_a_moment_is_told(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    before = read(visitor.get("/catalog.ttl?modified_since=2026-03-01").text)
    after = read(visitor.get("/catalog.ttl?modified_since=2026-03-03T00:00:00Z").text)
    wrong = visitor.get("/catalog.ttl?modified_since=yesterday", headers={"Accept": "*/*"})

    assert len(list(before.objects(None, DCAT.dataset))) == 1
    assert list(after.objects(None, DCAT.dataset)) == []
    assert wrong.status_code == 400


def test_titles_carry_their_languages(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.open_stops()
    visitor = browser_of()

    graph = read(visitor.get("/dataset/stops.ttl").text)

    titles = graph.objects(URIRef(f"{SITE}/dataset/{dataset.id}"), DCTERMS.title)
    assert {(str(one), getattr(one, "language", "")) for one in titles} == {
        ("公交站点", "zh"),
        ("Bus stops", "en"),
    }


def test_what_is_not_there_is_not_found_in_any_form(browser_of: OpenBrowser) -> None:
    visitor = browser_of()

    for path in ("/dataset/nothing.ttl", "/dataset/00000000-0000-0000-0000-00000000000a.rdf"):
        answer = visitor.get(path, headers={"Accept": "text/turtle"})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_search_is_handed_out_as_a_graph(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    city.sold_stops()
    visitor = browser_of()

    by_words = read(visitor.get("/catalog.ttl?q=公交").text)
    by_name = read(visitor.get("/catalog.ttl?fq=name:stops").text)
    nothing = read(visitor.get("/catalog.ttl?q=nothingofthiskind").text)

    assert len(list(by_words.objects(None, DCAT.dataset))) == 2
    assert len(list(by_name.objects(None, DCAT.dataset))) == 1
    assert list(nothing.objects(None, DCAT.dataset)) == []


def test_clients_of_ckanext_dcat_get_the_same_graphs(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    told = visitor.get("/api/3/action/dcat_dataset_show?id=stops&format=ttl").json()
    page = visitor.get("/api/3/action/dcat_catalog_search?format=jsonld").json()

    assert told["success"]
    assert isomorphic(read(told["result"]), read(visitor.get("/dataset/stops.ttl").text))
    assert len(list(read(page["result"], "json-ld").objects(None, DCAT.dataset))) == 1
