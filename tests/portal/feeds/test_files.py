from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import httpx
import mlcroissant
import pytest
from frictionless import Package, system
from rdflib import URIRef
from rdflib.namespace import DCAT

from catalog.curation import describe
from catalog.view import View
from exchange.list_product import Proposal
from exchange.prepare_copies import prepare_copies
from policies.terms import Regime, Text
from tests.exchange.city import LAWFUL, City, entry
from tests.portal.feeds.test_rdf import read
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

SPDX = "http://spdx.org/rdf/terms#"


def saved(visitor: Visitor, folder: Path, path: str) -> Path:
    """A description whose addresses are files beside it, for readers that cannot reach the test."""
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    text = answer.text
    served = visitor.get("/api/v1/datasets/stops/download.csv")
    (folder / "data.csv").write_bytes(served.content)
    text = text.replace("http://testserver/api/v1/datasets/stops/download.csv", "data.csv")
    place = folder / path.rsplit("/", 1)[1]
    place.write_text(text)
    return place


def test_the_croissant_of_open_data_loads_and_its_digest_is_that_of_the_served_bytes(
    city: City, browser_of: OpenBrowser, tmp_path: Path
) -> None:
    city.open_stops()
    visitor = browser_of()

    place = saved(visitor, tmp_path, "/dataset/stops/croissant.jsonld")
    dataset = mlcroissant.Dataset(str(place))
    rows = list(dataset.records("data"))

    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    assert len(rows) == 40
    assert rows[3]["data/name"] == "站点3".encode()
    (file,) = json.loads(place.read_text())["distribution"]
    served = visitor.get("/api/v1/datasets/stops/download.csv").content
    assert file["sha256"] == hashlib.sha256(served).hexdigest()
    assert file["contentSize"] == f"{len(served)} B"


def test_the_data_package_of_open_data_is_valid_with_its_data(
    city: City, browser_of: OpenBrowser, tmp_path: Path
) -> None:
    city.open_stops()
    visitor = browser_of()

    place = saved(visitor, tmp_path, "/dataset/stops/datapackage.json")
    with system.use_context(trusted=True):
        report = Package(str(place)).validate()

    assert report.valid, report.flatten(["type", "note"])
    assert report.stats["errors"] == 0


def test_the_package_as_a_file_is_valid_where_it_is_unpacked(
    city: City, browser_of: OpenBrowser, tmp_path: Path
) -> None:
    city.open_stops()
    visitor = browser_of()

    answer: httpx.Response = visitor.get("/dataset/stops/datapackage.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    report = Package(str(tmp_path / "datapackage.json")).validate()

    assert report.valid, report.flatten(["type", "note"])
    assert (tmp_path / "data" / "data.csv").read_text().count("\n") == 41


@pytest.mark.parametrize("ending", ["croissant.jsonld", "datapackage.json", "datapackage.zip"])
def test_what_is_not_open_is_not_described(
    city: City, browser_of: OpenBrowser, ending: str
) -> None:
    city.sold_stops()
    visitor = browser_of()

    sold = visitor.get(f"/dataset/sold-stops/{ending}", headers={"Accept": "*/*"})
    unknown = visitor.get(f"/dataset/nothing/{ending}", headers={"Accept": "*/*"})

    assert (sold.status_code, sold.json()["code"]) == (404, "no-open-file")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "dataset-not-found")


@pytest.mark.parametrize("ending", ["croissant.jsonld", "datapackage.json"])
def test_a_column_that_is_not_open_is_not_named(
    city: City, browser_of: OpenBrowser, ending: str
) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    narrow = Proposal(Regime.OPEN, declared=LAWFUL, view=View(columns=("id", "name")))
    city.list(dataset, narrow, by=city.publisher, opener=city.approver)
    visitor = browser_of()

    told = visitor.get(f"/dataset/stops/{ending}").json()

    assert '"name"' in json.dumps(told)
    assert '"line"' not in json.dumps(told)


def test_the_catalogue_tells_size_and_digest_of_what_its_addresses_serve(
    city: City, browser_of: OpenBrowser
) -> None:
    stops = city.open_stops()
    prepare_copies(
        city.pool, city.parts.folders, stops.id, mask_key=city.parts.mask_key, now=city.now
    )
    visitor = browser_of()

    graph = read(visitor.get("/dataset/stops.ttl").text, "turtle")
    served = visitor.get("/api/v1/datasets/stops/download.csv").content

    assert [int(str(size)) for size in graph.objects(None, DCAT.byteSize)] == [len(served)]
    (digest,) = graph.objects(None, URIRef(f"{SPDX}checksumValue"))
    assert str(digest) == hashlib.sha256(served).hexdigest()
    told = json.loads(visitor.get("/dataset/stops/datapackage.json").text)["resources"][0]
    assert (told["bytes"], told["hash"]) == (len(served), f"sha256:{digest}")


@pytest.mark.parametrize(
    "path",
    [
        "/data.json",
        "/dataset/stops/croissant.jsonld",
        "/dataset/stops/datapackage.json",
        "/dataset/stops/datapackage.zip",
    ],
)
def test_who_has_a_feed_gets_it_again_only_when_it_changed(
    city: City, browser_of: OpenBrowser, path: str
) -> None:
    stops = city.open_stops()
    visitor = browser_of()
    first = visitor.get(path)
    held = {"If-None-Match": first.headers["ETag"]}

    again = visitor.get(path, headers=held)

    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    renamed = replace(stops.entry, title=Text(zh="站点", en="All stops"))
    with city.pool.connection() as tx:
        describe.change(tx, stops.id, renamed, by=city.publisher, at=city.at)
    assert visitor.get(path, headers=held).status_code == 200
