"""A hundred hostile statements sent to a served portal, while somebody else goes on working.

Each ends in a clear refusal or a right answer, tells nothing of the machine, and leaves the server
to its other users. The short run brings every statement that is no bomb and some of the bombs.

Source: specs of the locked engine: probes of the lock-down, bombs.
"""

from __future__ import annotations

import json
import os
import queue
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from catalog.warehouse import Warehouse
from policies.database import Pool
from portal.app import create_app
from portal.settings import create_folders, settings_from
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.catalog.conftest import Zygote
from tests.catalog.test_confine import BOMBS, REFUSED
from tests.exchange.city import City, make_city
from tests.portal.api.test_exchange import zygote
from tests.portal.visitor import api_token

__all__ = ["zygote"]

IS_LONG = os.environ.get("WEIR_TEST_COUNTS") == "long"
BOMBS_SHORT = ("cross joins", "endless recursion", "a large list", "padding", "levenshtein",
               "unions", "calls", "a large sort")  # fmt: skip
ATTACKERS = 2
"""As many as statements run at once."""
TIMEOUT_S = 60.0
LEAKS = re.compile(
    r"/(?:tmp|home|root|proc|usr|etc|work)/|root:|attached_\d|\.duckdb|\.parquet|site-packages"
    r"|Traceback|\.py\b|psycopg|PGPASS|LockedEngine"
)
SMUGGLED = [
    "SELECT * FROM stops; DROP VIEW stops",
    "SELECT 1 FROM stops) ; COPY (SELECT 1",
    "SELECT * FROM stops -- \n; ATTACH 'x'",
    "/* SELECT */ PRAGMA database_list /* FROM stops */",
    "SELECT * FROM stops WHERE name = '\\'; DROP TABLE x; --'",
    "SELECT current_setting('temp_directory') FROM stops",
    "SELECT * FROM duckdb_settings(), stops",
    "SELECT * FROM duckdb_views(), stops",
    "SELECT getenv('HOME') FROM stops",
    "SELECT * FROM pragma_database_list(), stops",
    "SELECT * FROM query('SELECT 1'), stops",
    "SELECT * FROM query_table('stops'), stops",
    "SELECT json_execute_serialized_sql('x') FROM stops",
    "SELECT nextval('x') FROM stops",
    "SELECT * FROM enable_logging(storage='file'), stops",
    "SELECT * FROM stops AT (VERSION => 1)",
    "SELECT * FROM attached_0.data",
    "SELECT * FROM attached_0.main.data, stops",
    "SELECT * FROM system.main.duckdb_tables, stops",
    "SELECT * FROM information_schema.tables, stops",
    "SELECT main.upper('x') FROM stops",
    "SELECT CAST(name AS system.main.INTEGER) FROM stops",
    "SELECT CAST('/etc/passwd' AS INTEGER) FROM stops",
    "SELECT error('/proc/self/environ') FROM stops",
    "SELECT * FROM stops ORDER BY (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT COLUMNS(c -> c LIKE '%') FROM read_csv('/etc/*')",
]
STATEMENTS = {
    **{f"refused {at}": sql for at, (sql, _) in enumerate(REFUSED)},
    **{f"smuggled {at}": sql for at, sql in enumerate(SMUGGLED)},
    **{f"bomb: {name}": sql for name, sql in BOMBS.items() if IS_LONG or name in BOMBS_SHORT},
}


@dataclass
class Served:
    """A served portal, whom attacks it and who works."""

    address: str
    city: City
    attacker: dict[str, str]
    worker: dict[str, str]


def _serve(pool: Pool, tmp_path: Path, zygote: Zygote, query_s: int) -> Iterator[Served]:
    settings = settings_from({"WEIR_QUERY_SECONDS": str(query_s)}, data=tmp_path)
    create_folders(settings)
    warehouse = Warehouse()
    city = make_city(pool, settings.private_folder, zygote.confinement, warehouse)
    wiring = Wiring(
        settings=settings,
        pool=pool,
        keys=city.parts.keys,
        confinement=zygote.confinement,
        warehouse=warehouse,
        now=city.now,
    )
    city.open_stops()
    tokens = {
        name: {"Authorization": f"Bearer {api_token(wiring, name)}"} for name in ("bo", "wen")
    }
    with serving(create_app(wiring)) as address:
        yield Served(address, city, tokens["bo"], tokens["wen"])
    warehouse.close()


@pytest.fixture
def served(pool: Pool, tmp_path: Path, zygote: Zygote) -> Iterator[Served]:
    """Statements run a second."""
    yield from _serve(pool, tmp_path, zygote, 1)


@pytest.fixture
def patient(pool: Pool, tmp_path: Path, zygote: Zygote) -> Iterator[Served]:
    """Statements run as long as nobody would wait."""
    yield from _serve(pool, tmp_path, zygote, 600)


def test_there_are_a_hundred_of_them() -> None:
    assert len(REFUSED) + len(SMUGGLED) + len(BOMBS) >= 100


def test_hostile_statements_are_refused_and_hurt_nobody(served: Served) -> None:
    wanted: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    for each in STATEMENTS.items():
        wanted.put(each)
    answers: dict[str, httpx.Response] = {}
    over = threading.Event()
    with ThreadPoolExecutor(ATTACKERS + 1) as pool:
        working = pool.submit(_work, served, over)
        attacks = [pool.submit(_attack, served, wanted, answers) for _ in range(ATTACKERS)]
        for attack in attacks:
            attack.result()
        over.set()
        worked = working.result()

    assert set(answers) == set(STATEMENTS)
    for name, answer in answers.items():
        if name.startswith("bomb") and answer.status_code == 200:
            # Over so few rows some of them are small; then the answer is whole.
            assert answer.json()["row_count"] == len(answer.json()["rows"])
            continue
        assert 400 <= answer.status_code < 500, f"{name}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json", name
        told = answer.json()["detail"].replace(STATEMENTS[name], "")
        assert answer.json()["title"], name
        for leak in LEAKS.findall(told):
            assert leak in STATEMENTS[name], f"{name} tells {leak}: {told}"
    assert worked >= len(STATEMENTS) // 10
    after = httpx.post(
        f"{served.address}/api/v1/query", json={"sql": "SELECT count(*) AS n FROM stops"}
    )
    assert after.json()["rows"] == [{"n": 40}]


def test_who_goes_away_takes_no_place_from_others(patient: Served) -> None:
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i FROM stops UNION ALL SELECT i + 1 FROM n)"
    endless += " SELECT count(*) FROM n"
    for _ in range(ATTACKERS):
        line = _sent(patient, endless)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.close()

    answer = httpx.post(
        f"{patient.address}/api/v1/query",
        json={"sql": "SELECT max(id) AS n FROM stops"},
        headers=patient.worker,
        timeout=TIMEOUT_S,
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == [{"n": 40}]


def _attack(
    served: Served,
    wanted: queue.SimpleQueue[tuple[str, str]],
    answers: dict[str, httpx.Response],
) -> None:
    with httpx.Client(
        base_url=served.address, headers=served.attacker, timeout=TIMEOUT_S
    ) as client:
        while True:
            try:
                name, sql = wanted.get_nowait()
            except queue.Empty:
                return
            answers[name] = client.post("/api/v1/query", json={"sql": sql})


def _work(served: Served, over: threading.Event) -> int:
    """Ask small things again and again; how often it was answered, and never refused."""
    answered = 0
    with httpx.Client(base_url=served.address, headers=served.worker, timeout=TIMEOUT_S) as client:
        while not over.is_set():
            page = client.get("/api/v1/datasets/stops/rows", params={"limit": 5})
            assert page.status_code == 200, page.text
            assert len(page.json()["rows"]) == 5
            query = client.post("/api/v1/query", json={"sql": "SELECT min(id) AS n FROM stops"})
            assert query.status_code == 200, query.text
            assert query.json()["rows"] == [{"n": 1}]
            answered += 1
    return answered


def _sent(served: Served, sql: str) -> socket.socket:
    """A statement sent by hand on a line that can be dropped; a second later there is no answer."""
    place = urlsplit(served.address)
    assert place.hostname is not None
    assert place.port is not None
    line = socket.create_connection((place.hostname, place.port), timeout=1.0)
    body = json.dumps({"sql": sql}).encode()
    line.sendall(
        f"POST /api/v1/query HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Authorization: {served.attacker['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return line
