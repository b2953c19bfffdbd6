"""Hostile files against a live server: each ends in a clear word, and others read on meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from catalog import ingest
from catalog.version import UploadId
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.catalog.conftest import Zygote, zygote  # noqa: F401  a fixture
from tests.catalog.files.hostile_files import KEPT, PARTED, READ, Hostile, hostile_files
from tests.counts import IS_LONG
from tests.portal.api.test_datasets import STOPS, Site
from tests.portal.visitor import api_token

PLACE = "/api/v1/datasets/bus-stops/distributions/data/uploads"
ANSWER_TIMEOUT_S = 60
READERS = 2
"""Files that are read at once, as by two workers."""


def test_hostile_files_end_in_clear_words_while_others_read(
    wiring: Wiring,
    zygote: Zygote,  # noqa: F811  the fixture
) -> None:
    site = Site(replace(wiring, confinement=zygote.confinement))
    assert site.publisher.post("/api/v1/datasets", json=STOPS).status_code == 201
    files = hostile_files(is_whole=IS_LONG)
    token = api_token(site.wiring)

    with serving(site.app) as address:
        ends, answers = threading.Event(), list[int]()
        reader = threading.Thread(target=keep_reading, args=(address, token, ends, answers))
        reader.start()
        try:
            headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh"}
            with (
                httpx.Client(base_url=address, headers=headers, timeout=60) as client,
                ThreadPoolExecutor(READERS) as readings,
            ):
                ends_of = readings.map(lambda file: end_of(site, client, file), files)
                wrong = {
                    file.name: end
                    for file, end in zip(files, ends_of, strict=True)
                    if end not in file.ends_in
                }
        finally:
            ends.set()
            reader.join(ANSWER_TIMEOUT_S)

    assert wrong == {}
    assert set(answers) == {200}
    assert len(answers) > len(files)


def end_of(site: Site, client: httpx.Client, file: Hostile) -> str:
    """What a file ends in: the name of the refusal, or that it was read."""
    sent = client.post(PLACE, params={"file_name": file.name}, content=file.content)
    assert sent.status_code == 202, sent.text
    upload_id = sent.json()["id"]
    wiring = site.wiring
    made = ingest.ingest(
        wiring.pool,
        wiring.confinement,
        wiring.folders,
        UploadId(upload_id),
        now=wiring.now,
    )
    told = client.get(f"/api/v1/uploads/{upload_id}").json()
    if made is not None:
        assert told["state"] == "ingested"
        return READ
    if told["state"] in (PARTED, KEPT):
        return str(told["state"])
    assert told["state"] == "failed", (file.name, told)
    assert told["failure"]["detail"], file.name
    return "".join(word.capitalize() for word in told["failure"]["code"].split("-"))


def keep_reading(address: str, token: str, ends: threading.Event, answers: list[int]) -> None:
    """Read as another user does, until told to end."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=ANSWER_TIMEOUT_S) as client:
        while not ends.is_set():
            answers.append(client.get("/api/v1/datasets/bus-stops").status_code)
