"""kill -9 of a whole installation while a table is fed: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.installation import Installation, installation
from tests.portal.ckan.client import Client, Refused

KILLS = 2
BATCH = 20


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path, WEIR_PUBLICATION="direct") as made:
        made.start()
        yield made


def test_every_acknowledged_batch_is_there_once_and_no_batch_is_there_in_part(
    fed: Installation,
) -> None:
    token = fed.token("admin")
    client = Client(fed.address, token)
    client("organization_create", name="water", title="Water")
    package = client("package_create", name="levels", title="Levels", owner_org="water")
    resource_id = client(
        "datastore_create",
        resource={"package_id": package["id"]},
        fields=[{"id": "batch", "type": "int"}, {"id": "n", "type": "int"}],
    )["resource_id"]
    acknowledged: set[int] = set()
    sent = 0
    for _ in range(KILLS):
        enough = threading.Event()

        def feed(start: int, enough: threading.Event = enough) -> None:
            nonlocal sent
            for batch in range(start, start + 1_000):
                sent = batch + 1
                try:
                    client(
                        "datastore_upsert",
                        resource_id=resource_id,
                        method="insert",
                        records=[{"batch": batch, "n": n} for n in range(BATCH)],
                    )
                except (httpx.TransportError, ValueError, Refused):
                    return
                acknowledged.add(batch)
                if len(acknowledged) % 6 == 0:
                    enough.set()

        feeder = threading.Thread(target=feed, args=(sent,))
        feeder.start()
        enough.wait(60)
        fed.kill()
        feeder.join()
        fed.start()

    found = client("datastore_search", resource_id=resource_id, limit=32_000)

    counts: dict[int, int] = {}
    for row in found["records"]:
        counts[row["batch"]] = counts.get(row["batch"], 0) + 1
    assert acknowledged <= counts.keys()
    assert set(counts.values()) == {BATCH}
    ids = [row["_id"] for row in found["records"]]
    assert ids == sorted(set(ids))
    client("datastore_upsert", resource_id=resource_id, method="insert", records=[{"n": 1}])
    assert client("datastore_search", resource_id=resource_id)["total"] == len(ids) + 1
