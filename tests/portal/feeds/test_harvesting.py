from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator
from lxml import etree
from rdflib import Graph
from rdflib.namespace import DCAT, RDF
from referencing import Registry
from referencing.jsonschema import DRAFT4
from sickle import Sickle
from sickle.iterator import OAIItemIterator
from sickle.oaiexceptions import (
    BadArgument,
    BadResumptionToken,
    CannotDisseminateFormat,
    IdDoesNotExist,
    NoRecordsMatch,
)
from sickle.response import OAIResponse

from catalog import publish
from policies import log
from portal.wiring import Wiring
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

OAI = "{http://www.openarchives.org/OAI/2.0/}"


class Harvester(Sickle):  # type: ignore[misc]  # it has no types
    """The real client, whose requests go to the application under test."""

    def __init__(self, visitor: Visitor, method: str = "GET") -> None:
        super().__init__("http://testserver/oai", http_method=method)
        self.visitor = visitor

    def _request(self, kwargs: dict[str, str]) -> Any:
        if self.http_method == "GET":
            return _Answer(self.visitor.get("/oai", params=kwargs))
        return _Answer(self.visitor.post("/oai", data=kwargs))

    def harvest(self, **kwargs: str) -> OAIResponse:
        return OAIResponse(self._request(kwargs), params=kwargs)


class _Answer:
    def __init__(self, answer: Any) -> None:
        self.text, self.content, self.status_code = answer.text, answer.content, answer.status_code
        assert self.status_code == 200


@pytest.fixture(params=["GET", "POST"])
def harvester(city: City, browser_of: OpenBrowser, request: pytest.FixtureRequest) -> Harvester:
    return Harvester(browser_of(), request.param)


def withdraw(city: City, dataset: Any) -> None:
    with city.pool.connection() as tx:
        publish.withdraw(tx, dataset.id, reason="moved", by=city.approver, at=city.at)


def test_a_harvester_gets_every_public_record_and_learns_what_went(
    city: City, harvester: Harvester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.api.feeds.oai.PAGE_RECORDS", 2)
    kept = [city.open_stops(f"stops-{n}") for n in range(4)]
    gone = city.open_stops("gone")
    withdraw(city, gone)

    records = list(harvester.ListRecords(metadataPrefix="oai_dc"))

    assert {one.header.identifier for one in records} == {
        f"oai:testserver:{one.id}" for one in [*kept, gone]
    }
    assert [one.header.identifier for one in records if one.deleted] == [
        f"oai:testserver:{gone.id}"
    ]
    assert records[0].metadata["title"] == ["公交站点", "Bus stops"]


def test_all_six_verbs_answer(city: City, harvester: Harvester) -> None:
    dataset = city.open_stops()
    name = f"oai:testserver:{dataset.id}"

    identify = harvester.Identify()
    formats = [one.metadataPrefix for one in harvester.ListMetadataFormats(identifier=name)]
    sets = [one.setSpec for one in harvester.ListSets()]
    headers = list(harvester.ListIdentifiers(metadataPrefix="dcat", set=sets[0]))
    record = harvester.GetRecord(identifier=name, metadataPrefix="dcat")

    assert identify.deletedRecord == "persistent"
    assert formats == ["oai_dc", "dcat"]
    assert sets == [f"org:{city.transport.slug}"]
    assert [one.identifier for one in headers] == [name]
    (graph_text,) = record.xml.find(f"{OAI}metadata")
    graph = Graph()
    graph.parse(data=etree.tostring(graph_text), format="xml")
    assert list(graph.subjects(RDF.type, DCAT.Dataset))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"verb": "ListRecords"}, BadArgument),
        ({"verb": "Identify", "x": "1"}, BadArgument),
        ({"verb": "ListRecords", "metadataPrefix": "marc"}, CannotDisseminateFormat),
        ({"verb": "ListRecords", "resumptionToken": "x" * 50}, BadResumptionToken),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2999-01-01"}, NoRecordsMatch),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "yesterday"}, BadArgument),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "none"}, NoRecordsMatch),
        ({"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": "x"}, IdDoesNotExist),
    ],
)
def test_a_wrong_request_is_answered_with_its_code(
    city: City, browser_of: OpenBrowser, arguments: dict[str, str], fault: type[Exception]
) -> None:
    city.open_stops()

    with pytest.raises(fault):
        next(iter(OAIItemIterator(Harvester(browser_of()), arguments)))


def test_an_unknown_verb_is_answered_with_its_code(browser_of: OpenBrowser) -> None:
    told = ElementTree.fromstring(browser_of().get("/oai?verb=Nonsense").content)

    (error,) = told.iter(f"{OAI}error")
    assert error.get("code") == "badVerb"


def test_the_answer_is_the_same_xml_whatever_stands_in_a_record(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()

    text = browser_of().get("/oai?verb=ListRecords&metadataPrefix=oai_dc").content

    assert ElementTree.fromstring(text).tag == f"{OAI}OAI-PMH"


def test_data_json_follows_its_schema(city: City, browser_of: OpenBrowser, standards: Path) -> None:
    city.open_stops()
    city.sold_stops()
    schemas = {
        one.name: json.loads(one.read_text()) for one in (standards / "data-json-v1.1").iterdir()
    }
    registry: Any = Registry().with_resources(
        [
            (f"{base}{name}", DRAFT4.create_resource(schema))
            for name, schema in schemas.items()
            for base in ("", "https://project-open-data.cio.gov/v1.1/schema/")
        ]
    )

    told = browser_of().get("/data.json").json()

    required = schemas["dataset.json"]["required"]
    # Codes of bureaus and programmes belong to one government alone.
    schemas["dataset.json"]["required"] = [
        name for name in required if name not in ("bureauCode", "programCode")
    ]
    validator = Draft4Validator(schemas["dataset.json"], registry=registry)
    problems = [error.message for one in told["dataset"] for error in validator.iter_errors(one)]
    assert problems == []
    assert [one["accessLevel"] for one in told["dataset"]] == ["public", "non-public"]


def changes(visitor: Visitor, cursor: int = 0) -> Iterator[dict[str, Any]]:
    while True:
        page = visitor.get(f"/api/v1/changes?cursor={cursor}&limit=3").json()
        yield from page["changes"]
        cursor = page["cursor"]
        if not page["more"]:
            return


def test_the_feed_of_changes_tells_what_came_and_what_went(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    kept, gone = city.open_stops("kept"), city.open_stops("gone")
    withdraw(city, gone)
    with wiring.pool.connection() as tx:
        log.sequence(tx)

    told = {one["dataset_id"]: one["kind"] for one in changes(browser_of())}

    assert told == {str(kept.id): "changed", str(gone.id): "deleted"}


def test_a_question_in_sparql_is_answered_over_public_records_alone(
    city: City, browser_of: OpenBrowser
) -> None:
    open_data = city.open_stops()
    hidden = city.open_stops("hidden")
    withdraw(city, hidden)
    visitor = browser_of()
    query = "SELECT ?s WHERE { ?s a <http://www.w3.org/ns/dcat#Dataset> }"

    first = visitor.get("/sparql", params={"query": query}).json()
    later = city.open_stops("later")
    again = visitor.post("/sparql", data={"query": query}).json()

    def names(answer: Any) -> set[str]:
        return {one["s"]["value"].rsplit("/", 1)[1] for one in answer["results"]["bindings"]}

    assert names(first) == {str(open_data.id)}
    assert names(again) == {str(open_data.id), str(later.id)}


@pytest.mark.parametrize(
    "query",
    [
        "DELETE WHERE { ?s ?p ?o }",
        "LOAD <http://example.com/>",
        "SELECT * WHERE { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * WHERE { ?s ?p ?o } # unfinished } { ",
        "",
        "SELECT * WHERE { SERVICE SILENT ?x { ?s ?p ?o } }",
    ],
)
def test_nothing_but_reading_here_is_done(city: City, browser_of: OpenBrowser, query: str) -> None:
    answer = browser_of().get("/sparql", params={"query": query}, headers={"Accept": "*/*"})

    if "unfinished" in query:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-sparql")


def test_a_question_without_end_is_stopped(
    city: City, browser_of: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.graphs.SECONDS_MAX", 1)
    city.open_stops()
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"

    answer = browser_of().get("/sparql", params={"query": query}, headers={"Accept": "*/*"})

    assert (answer.status_code, answer.json()["code"]) == (413, "sparql-too-costly")


def test_a_foreign_graph_is_checked(browser_of: OpenBrowser) -> None:
    visitor = browser_of()
    graph = "<http://x.org/d> a <http://www.w3.org/ns/dcat#Dataset> ."

    report = visitor.post(
        "/api/validate/dcat-ap", content=graph, headers={"Content-Type": "text/turtle"}
    ).json()
    wrong = visitor.post(
        "/api/validate/dcat-ap", content="<", headers={"Content-Type": "text/turtle"}
    )
    other = visitor.post("/api/validate/dcat-ap", json={})

    assert not report["conforms"]
    assert report["violations"] == 2
    assert {re.sub(r".*[/#]", "", one["path"]) for one in report["findings"][:2]} == {
        "title",
        "description",
    }
    assert wrong.status_code == other.status_code == 400
