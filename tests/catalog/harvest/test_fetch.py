from __future__ import annotations

import gzip
from collections.abc import Mapping

import pytest

from catalog.harvest.errors import (
    AddressRefused,
    AnswerTooLarge,
    MalformedAddress,
    SourceAnswered,
    SourceUnreachable,
)
from catalog.harvest.fetch import Fetcher
from catalog.harvest.source import Validators
from tests.catalog.harvest.simulator import Reply, simulated
from tests.catalog.harvest.taking_in import LOOPBACK


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://224.0.0.1/",
        "http://192.0.2.1:22/",
    ],
)
def test_what_lies_inside_a_network_is_not_fetched_from(address: str) -> None:
    with Fetcher() as fetcher, pytest.raises(AddressRefused):
        fetcher.get(address)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/", "http://", "x"])
def test_what_is_no_address_of_the_web_is_refused(address: str) -> None:
    with Fetcher() as fetcher, pytest.raises(MalformedAddress):
        fetcher.get(address)


def test_every_redirect_passes_the_same_door() -> None:
    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        targets = {
            "/inside": "http://169.254.169.254/",
            "/file": "file:///etc/passwd",
            "/circle": "/circle",
            "/once": "/there",
        }
        if path in targets:
            return Reply(status=302, headers={"Location": targets[path]})
        return Reply(b"there")

    with simulated(answering) as address, Fetcher(LOOPBACK) as fetcher:
        assert fetcher.get(f"{address}/once").content == b"there"
        with pytest.raises(AddressRefused):
            fetcher.get(f"{address}/inside")
        with pytest.raises(MalformedAddress):
            fetcher.get(f"{address}/file")
        with pytest.raises(SourceUnreachable):
            fetcher.get(f"{address}/circle")


def test_a_token_is_not_shown_to_the_host_that_a_redirect_leads_to() -> None:
    seen: list[Mapping[str, str]] = []

    def second(path: str, headers: Mapping[str, str]) -> Reply:
        seen.append(headers)
        return Reply(b"file")

    with (
        simulated(second) as other,
        simulated(lambda *_: Reply(status=302, headers={"Location": other})) as first,
        Fetcher(LOOPBACK) as fetcher,
    ):
        assert b"".join(fetcher.pieces(first, {"Authorization": "secret"})) == b"file"
    assert "Authorization" not in seen[0]


def test_answers_are_bounded_once_unpacked_and_broken_ones_are_not_taken_for_whole() -> None:
    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        if path == "/bomb":
            return Reply(gzip.compress(b"0" * (8 << 20)), headers={"Content-Encoding": "gzip"})
        if path == "/cut":
            return Reply(b"half", headers={"Content-Length": "100", "Connection": "close"})
        return Reply(status=503)

    with simulated(answering) as address, Fetcher(LOOPBACK, bytes_max=1 << 20) as fetcher:
        with pytest.raises(AnswerTooLarge):
            fetcher.get(f"{address}/bomb")
        with pytest.raises(SourceAnswered):
            fetcher.get(f"{address}/down")
    with (
        simulated(answering) as address,
        Fetcher(LOOPBACK, seconds_max=2) as fetcher,
        pytest.raises(SourceUnreachable),
    ):
        fetcher.get(f"{address}/cut")


def test_an_answer_that_is_known_is_not_sent_again() -> None:
    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        if headers.get("If-None-Match") == '"a"':
            return Reply(status=304)
        return Reply(b"new", headers={"ETag": '"a"'} if path == "/tagged" else {})

    with simulated(answering) as address, Fetcher(LOOPBACK) as fetcher:
        for path in ("/tagged", "/plain"):
            first = fetcher.get(address + path)
            assert first.content == b"new"
            assert fetcher.get(address + path, known=first.validators).content is None
        assert fetcher.get(f"{address}/plain", known=Validators(etag='"b"')).content == b"new"
