"""What users' SQL runs for ends when they go, at every door that takes a statement."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from catalog.errors import QueryCancelled
from portal.app import create_app
from portal.wiring import Wiring
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)
from tests.portal.visitor import api_token

ENDLESS = "SELECT count(*) FROM stops a, stops b, range(100000000) c, range(1000000) d"
Asked = tuple[str, bytes, str]


def _json(path: str, **body: str) -> Asked:
    return path, json.dumps(body).encode(), "application/json"


def _form(path: str, **fields: str) -> Asked:
    return path, urlencode(fields).encode(), "application/x-www-form-urlencoded"


DOORS: dict[str, Callable[[str], Asked]] = {
    "api": lambda _: _json("/api/v1/query", sql=ENDLESS),
    "ckan": lambda table: _json(
        "/api/3/action/datastore_search_sql",
        sql=f'SELECT count(*) FROM "{table}" a, "{table}" b, "{table}" c, "{table}" d, '
        f'"{table}" e, "{table}" f, "{table}" g, "{table}" h',
    ),
    "page": lambda _: _form("/dataset/stops/use", sql=ENDLESS, step="run"),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_statement_ends_when_its_reader_goes(
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
    door: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = city.open_stops()
    browser_of()
    with wiring.pool.connection() as tx:
        row = tx.execute(
            "SELECT id FROM catalog.distributions WHERE dataset_id = %s", [dataset.id]
        ).fetchone()
    assert row is not None
    ended: list[type[BaseException]] = []
    run_query = type(wiring.confinement).run_query

    def watched(*given: Any, **named: Any) -> Any:
        try:
            return run_query(*given, **named)
        except BaseException as end:
            ended.append(type(end))
            raise

    monkeypatch.setattr(type(wiring.confinement), "run_query", watched)

    # In a thread of its own: a browser of other tests keeps a loop in this one.
    with ThreadPoolExecutor(1) as apart:
        asked = _ask_and_go(wiring, *DOORS[door](str(row["id"])))
        apart.submit(asyncio.run, asked).result()

    assert ended == [QueryCancelled]


async def _ask_and_go(wiring: Wiring, path: str, body: bytes, kind: str) -> None:  # noqa: F811
    token = api_token(wiring, "wen")
    words = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, object]:
        # The body, and then word that the client has hung up.
        return next(words, {"type": "http.disconnect"})

    async def send(message: object) -> None:
        del message

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", f"Bearer {token}".encode()),
        ],
        "client": ("10.9.9.9", 40_000),
        "server": ("testserver", 80),
    }
    await create_app(wiring)(scope, receive, send)
