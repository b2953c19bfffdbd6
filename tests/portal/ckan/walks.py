"""Ways in which programs walk a whole catalogue; each returns how many datasets it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.etree import ElementTree

import httpx

Walk = Callable[[httpx.Client], int]

ROWS: Final = 1000
READY_TRIES_MAX: Final = 100
_OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
_DATASET: Final = "<http://www.w3.org/ns/dcat#Dataset> ."
_NEXT: Final = "<http://www.w3.org/ns/hydra/core#next> <"


def _ask(client: httpx.Client, action: str, **parameters: Any) -> Any:
    answer = client.post(f"/api/3/action/{action}", json=parameters)
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()["result"]


def wait_for_search(client: httpx.Client) -> None:
    """Ask until the index is built; each answer waits a moment for it."""
    for _ in range(READY_TRIES_MAX):
        answer = client.post("/api/3/action/package_search", json={"rows": 0})
        if answer.status_code == 200:
            return
    raise AssertionError(answer.text)


def _searched(client: httpx.Client, **parameters: Any) -> int:
    """`package_search` to its end, as `ckanapi search datasets` does it."""
    found: set[str] = set()
    while True:
        page = _ask(client, "package_search", rows=ROWS, start=len(found), **parameters)
        if not page["results"]:
            assert page["count"] == len(found)
            return len(found)
        before = len(found)
        found |= {one["id"] for one in page["results"]}
        assert len(found) == before + len(page["results"]), "a dataset came twice"


def whole(client: httpx.Client) -> int:
    """Whole packages, a thousand at a time."""
    return _searched(client, sort="id asc")


def fields(client: httpx.Client) -> int:
    """Three fields of each."""
    return _searched(client, sort="id asc", fl="id,name,metadata_modified")


def facets(client: httpx.Client) -> int:
    """The sum of a facet's counts, with four other facets beside it."""
    names = ["organization", "groups", "tags", "res_format", "license_id"]
    found = _ask(client, "package_search", rows=0, **{"facet.field": names, "facet.limit": -1})
    items: list[Mapping[str, Any]] = found["search_facets"]["organization"]["items"]
    assert all(item["display_name"] != item["name"] for item in items)
    return sum(item["count"] for item in items)


def names(client: httpx.Client) -> int:
    """All names at once."""
    return len(set(_ask(client, "package_list")))


def listed(client: httpx.Client) -> int:
    """Whole packages, the last changed first."""
    found: set[str] = set()
    while page := _ask(
        client, "current_package_list_with_resources", limit=ROWS, offset=len(found)
    ):
        found |= {one["id"] for one in page}
    return len(found)


def resources(client: httpx.Client) -> int:
    """Resources, two of each dataset."""
    return (
        int(_ask(client, "resource_search", query="url:data.example.org", limit=10)["count"]) // 2
    )


def triples(client: httpx.Client) -> int:
    """DCAT, page by page, in the form that is read line by line."""
    return _linked(client, "/catalog.nt")


def turtle(client: httpx.Client) -> int:
    """DCAT in Turtle, page by page."""
    found, number = 0, 1
    while True:
        answer = client.get("/catalog.ttl", params={"page": number})
        if answer.status_code == 404:
            return found
        found += answer.text.count("a dcat:Dataset") or answer.text.count(_DATASET[:-2])
        number += 1


def _linked(client: httpx.Client, path: str) -> int:
    found: set[str] = set()
    following: str | None = path
    while following:
        text = client.get(following).text
        found |= {line.split(" ", 1)[0] for line in text.splitlines() if line.endswith(_DATASET)}
        following = next(
            (line.partition(_NEXT)[2].split(">")[0] for line in text.splitlines() if _NEXT in line),
            None,
        )
    return len(found)


def data_json(client: httpx.Client) -> int:
    """One file of everything."""
    return len({one["identifier"] for one in client.get("/data.json").json()["dataset"]})


def oai(client: httpx.Client) -> int:
    """OAI-PMH by resumption tokens."""
    found: set[str] = set()
    asked = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    while True:
        tree = ElementTree.fromstring(client.get("/oai", params=asked).content)
        found |= {str(one.text) for one in tree.iter(f"{_OAI}identifier")}
        token = next((one.text for one in tree.iter(f"{_OAI}resumptionToken")), None)
        if not token:
            return len(found)
        asked = {"verb": "ListRecords", "resumptionToken": token}


WALKS: Final[Mapping[str, Walk]] = {
    "package_search, rows=1000": whole,
    "package_search, rows=1000, fl of three": fields,
    "package_search, 5 facets without limit": facets,
    "package_list": names,
    "current_package_list_with_resources": listed,
    "resource_search": resources,
    "/catalog.nt": triples,
    "/catalog.ttl": turtle,
    "/data.json": data_json,
    "/oai": oai,
}
