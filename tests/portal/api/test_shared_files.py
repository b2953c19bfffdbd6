"""Every real file of the shared folder goes in by upload, with the rows that its list names."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from catalog import ingest
from catalog.version import UploadId
from portal.wiring import Wiring
from tests.catalog.conftest import Zygote, zygote  # noqa: F401  a fixture
from tests.portal.api.test_datasets import STOPS, Site

_LINE = re.compile(r"\| (?P<name>\w+/[\w.-]+) \| [^|]* \| (?P<rows>[\d,]+) \|")


def listed(folder: Path) -> dict[str, int]:
    """The files that the folder's own list names, with their rows."""
    lines = _LINE.finditer((folder / "README.md").read_text())
    return {line["name"]: int(line["rows"].replace(",", "")) for line in lines}


def rows_of(site: Site, started: Zygote, path: Path, place: str) -> int:
    """Send a file as a publisher does, have it read as the worker does, and count its rows."""
    wiring, publisher = site.wiring, site.publisher
    made = publisher.post(
        "/api/v1/datasets/bus-stops/distributions",
        json={"slug": place, "title": {"en": path.stem}},
    )
    assert made.status_code == 201, made.text
    sent = publisher.post(
        f"/api/v1/datasets/bus-stops/distributions/{place}/uploads?file_name={path.name}",
        content=path.read_bytes(),
    )
    assert sent.status_code == 202, sent.text
    waiting, rows = [UploadId(UUID(sent.json()["id"]))], 0
    while waiting:
        upload_id = waiting.pop()
        version = ingest.ingest(
            wiring.pool, started.confinement, wiring.folders, upload_id, now=wiring.now
        )
        told = publisher.get(f"/api/v1/uploads/{upload_id}").json()
        assert told["failure"] is None, (path.name, told["failure"])
        rows += version.row_count if version is not None else 0
        with wiring.pool.connection() as tx:
            waiting += ingest.parts_to_read(tx, upload_id)
    return rows


def test_every_shared_file_goes_in_by_upload_with_the_rows_that_its_list_names(
    wiring: Wiring,
    zygote: Zygote,  # noqa: F811  the fixture
    shared_data: Path,
) -> None:
    site, expected = Site(wiring), listed(shared_data)
    assert site.publisher.post("/api/v1/datasets", json=STOPS).status_code == 201
    there = {
        str(path.relative_to(shared_data)) for path in shared_data.glob("*/*") if path.is_file()
    }

    # The list counts the line of the headings of this sheet too.
    expected["tables/toronto_subway_delays_messy.xlsx"] -= 1

    found = {
        name: rows_of(site, zygote, shared_data / name, f"file-{number}")
        for number, name in enumerate(sorted(expected))
    }

    assert set(expected) == there
    assert found == expected
