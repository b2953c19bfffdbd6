from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.harvest.entry import entry_of, links_of
from catalog.harvest.errors import UnreadableCatalogue
from catalog.harvest.fetch import Fetcher
from catalog.harvest.read_ckan import read_ckan, read_package
from catalog.harvest.read_csv_manifest import read_csv_manifest
from catalog.harvest.read_data_json import read_data_json
from catalog.harvest.read_dcat import page_of_file, read_dcat
from catalog.harvest.read_oai_pmh import read_oai_pmh
from catalog.harvest.remote_record import FindingKind, ReadRecord, RemoteRecord
from tests.catalog.harvest.simulator import Reply, simulated
from tests.catalog.harvest.taking_in import LOOPBACK

TURTLE = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
<http://x.example/d/{n}> a dcat:Dataset ; dct:title "Parking {n}"@en, "停车 {n}"@zh ;
  dcat:distribution [ a dcat:Distribution ; dcat:accessURL <http://x.example/{n}.csv> ] .
"""


def nothing(_: int) -> None:
    """No progress to tell."""


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("dcatus_bad_license_uri.json", 1),
        ("dcatus_multiple_invalid.json", 1),
        ("dcatus_with_none.json", 402),
        ("dc_datajson_2020-11-18.json", 1357),
    ],
)
def test_real_files_with_faults_are_read_and_fit_our_entries(
    shared_data: Path, name: str, count: int
) -> None:
    reading = read_data_json((shared_data / "catalogues" / name).read_bytes())

    assert len(reading.records) == count
    assert reading.refused == ()
    for read in reading.records:
        entry = entry_of(read.record)
        assert entry.directory.identifiers[0] == read.record.identifier
        assert len(links_of(read.record)) == len(read.record.distributions)
        assert RemoteRecord.from_json(read.record.as_json()) == read.record
    if count == 402:
        missing = [one for read in reading.records for one in read.findings]
        assert sum(one.kind is FindingKind.VALUE_MISSING for one in missing) == 391


def test_what_is_no_record_is_told_and_does_not_hold_the_others_up() -> None:
    given = [None, 7, {"title": "no name"}, {"identifier": "x"}, {"title": "A", "identifier": "a"}]

    reading = read_data_json(json.dumps({"dataset": given}).encode())

    assert [read.record.identifier for read in reading.records] == ["a"]
    assert [one.position for one in reading.refused] == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"", b"{}", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_catalogue_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableCatalogue):
        read_data_json(content)


@pytest.mark.parametrize(
    ("name", "count", "title"),
    [
        ("taipei_catalogue_big5.csv", 1127, "臺北捷運車站無障礙設施異常公告"),
        ("taoyuan_catalogue_utf8.csv", 1444, "桃園市臨時暨短期照顧服務之服務單位"),
    ],
)
def test_lists_of_cities_are_read_in_any_encoding(
    shared_data: Path, name: str, count: int, title: str
) -> None:
    content = (shared_data / "catalogues" / name).read_bytes()

    reading = read_csv_manifest(content, {})

    assert len(reading.records) == count
    assert reading.records[0].record.title == title
    assert all(entry_of(read.record) for read in reading.records)


def test_a_source_says_what_its_columns_mean() -> None:
    content = "番号;题;东西\n1;井盖;https://x.example/1.csv\n".encode("gb18030")

    reading = read_csv_manifest(
        content,
        {
            "encoding": "gb18030",
            "column:identifier": "番号",
            "column:title": "题",
            "column:url": "东西",
        },
    )

    record = reading.records[0].record
    assert (record.identifier, record.title) == ("1", "井盖")
    assert record.distributions[0].url == "https://x.example/1.csv"


def test_an_old_dump_of_a_ckan_is_read_package_by_package(shared_data: Path) -> None:
    dump = json.loads((shared_data / "catalogues" / "ckan_export_datacatalogs.json").read_bytes())

    for position, package in enumerate(dump["results"], start=1):
        read = read_package(package, position)
        assert isinstance(read, ReadRecord)
        assert read.record.identifier == package["id"]
        assert entry_of(read.record).directory.identifiers[0] == package["id"]


def test_a_live_ckan_is_read_to_its_first_empty_page() -> None:
    packages = [{"id": f"id-{n}", "name": f"n-{n}", "title": f"T {n}"} for n in range(250)]

    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        asked = parse_qs(urlsplit(path).query)
        start = int(asked["start"][0])
        found = packages[start : start + int(asked["rows"][0])]
        return Reply(json.dumps({"success": True, "result": {"results": found}}).encode())

    with simulated(answering) as address, Fetcher(LOOPBACK) as fetcher:
        reading = read_ckan(fetcher, address, {"organizations": "a -b"}, on_progress=nothing)

    assert [read.record.identifier for read in reading.records] == [one["id"] for one in packages]


def test_a_catalogue_in_rdf_is_followed_from_page_to_page() -> None:
    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        number = int(path.rpartition("=")[2]) if "=" in path else 1
        host = headers["Host"]
        onwards = (
            f"<http://{host}/?page={number}> hydra:next <http://{host}/?page={number + 1}> ."
            if number < 3
            else ""
        )
        body = TURTLE.replace("{n}", str(number)) + onwards
        return Reply(body.encode(), headers={"Content-Type": "text/turtle"})

    with simulated(answering) as address, Fetcher(LOOPBACK) as fetcher:
        reading = read_dcat(fetcher.get(address), fetcher, on_progress=nothing)

    titles = [(read.record.title, read.record.title_zh) for read in reading.records]
    assert titles == [(f"Parking {n}", f"停车 {n}") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "content",
    [
        b"<<<",
        b"{",
        b'{"@context": "http://127.0.0.1/", "@id": "a"}',
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
)
def test_rdf_that_is_none_or_asks_for_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableCatalogue):
        read_dcat(page_of_file(content, ""), None, on_progress=nothing)


def test_an_archive_tells_its_deletions_and_goes_on_with_its_token() -> None:
    def record(n: int, status: str = "") -> str:
        return (
            f"<record><header{status}><identifier>oai:x:{n}</identifier>"
            f"<datestamp>2026-01-0{n}</datestamp></header><metadata>"
            '<dc xmlns="http://purl.org/dc/elements/1.1/">'
            f"<title>T {n}</title><identifier>https://x.example/{n}</identifier></dc>"
            "</metadata></record>"
        )

    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        is_second = "resumptionToken" in path
        inner = record(3, ' status="deleted"') if is_second else record(1) + record(2)
        token = "" if is_second else "<resumptionToken>more</resumptionToken>"
        return Reply(
            (
                '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
                f"{inner}{token}</ListRecords></OAI-PMH>"
            ).encode()
        )

    with simulated(answering) as address, Fetcher(LOOPBACK) as fetcher:
        reading = read_oai_pmh(fetcher, address, {}, on_progress=nothing)

    assert [read.record.landing_page for read in reading.records] == [
        "https://x.example/1",
        "https://x.example/2",
    ]
    assert reading.removed == ("oai:x:3",)
