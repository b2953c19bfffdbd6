from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from httpx import Response

from catalog import ingest
from catalog.connections import begin, carry_out
from catalog.connections.carry_out import Place
from catalog.connections.connection_run import ConnectionRunId
from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.harvest.reach import IpNetwork
from catalog.version import Upload
from policies.terms import Text
from portal import connection_jobs
from portal.key_file import sealing_key
from portal.wiring import Wiring
from tests.catalog.city import ENTRY
from tests.catalog.connections.sftp_server import PASSWORD, USER, sftp_server
from tests.catalog.harvest.simulator import Reply, simulated
from tests.catalog.harvest.taking_in import LOOPBACK
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor, api_token

PAGE = "/publish/bus-stops/connection"
API = "/api/v1/datasets/bus-stops/distributions/data/connection"
SECRET = "Bearer s3cret-of-the-source"
DAILY = {"every": "day", "time": "02:00", "day": "1"}


class Web:
    """A source whose content a test changes."""

    def __init__(self) -> None:
        self.content, self.status = b"id,name\n1,a\n2,b\n", 200
        self.seen: list[Mapping[str, str]] = []

    def __call__(self, path: str, headers: Mapping[str, str]) -> Reply:
        self.seen.append(headers)
        return Reply(self.content, status=self.status)


@pytest.fixture
def dataset(city: City) -> Dataset:
    with city.pool.connection() as tx:
        made = describe.create(
            tx, "bus-stops", ENTRY, publisher_id=city.transport.id, by=city.publisher, at=city.at
        )
        describe.add_distribution(
            tx, made.id, "data", Text(en="Stops"), by=city.publisher, at=city.at
        )
    return made


def work(wiring: Wiring, allowed: tuple[IpNetwork, ...] = LOOPBACK) -> int:
    """What the worker does about the jobs that wait; says how many runs there were."""
    place = Place(
        wiring.folders,
        wiring.settings.results_folder,
        sealing_key(wiring),
        allowed,
    )
    with wiring.pool.connection() as tx:
        rows = tx.execute(
            "DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'connection_run' RETURNING args"
        ).fetchall()
    sent: list[Upload] = []
    for row in rows:
        run_id = ConnectionRunId(UUID(row["args"]["run_id"]))
        for _ in range(2):
            # A job that is done twice, as after kill -9, does nothing the second time.
            carry_out.carry_out(
                wiring.pool,
                wiring.confinement,
                place,
                run_id,
                accept=lambda _tx, upload: sent.append(upload),
                now=wiring.now,
            )
    for upload in sent:
        ingest.ingest(wiring.pool, wiring.confinement, wiring.folders, upload.id, now=wiring.now)
        with wiring.pool.connection() as tx:
            carry_out.settle(tx, upload.id, at=wiring.now())
    return len(rows)


def tick(wiring: Wiring) -> int:
    """What the clock of the worker does; says how many runs it began."""
    with wiring.pool.connection() as tx:
        begun = begin.begin_due(tx, at=wiring.now())
        for run_id in begun:
            connection_jobs.ask(tx, run_id)
    return len(begun)


def connect(visitor: Visitor, address: str, **fields: str) -> None:
    form = f"{PAGE}/change?kind=url"
    answer = visitor.submit(
        f"{PAGE}/change", on=form, kind="url", address=address, **{**DAILY, **fields}
    )
    assert answer.status_code == 303, unescape(answer.text)


def save(visitor: Visitor, on: str, fields: Mapping[str, str]) -> Response:
    """Send the form of a source."""
    token = visitor.form_token(on)
    answer: Response = visitor.post(f"{PAGE}/change", data={**fields, "csrf_token": token})
    return answer


def act(visitor: Visitor, name: str) -> int:
    return visitor.submit(f"{PAGE}/{name}", on=PAGE).status_code


def versions(city: City, dataset: Dataset) -> list[int]:
    with city.pool.connection() as tx:
        rows = tx.execute(
            """
            SELECT v.row_count FROM catalog.versions AS v
              JOIN catalog.distributions AS d ON d.id = v.distribution_id
             WHERE d.dataset_id = %s ORDER BY v.number
            """,
            (dataset.id,),
        )
        return [row["row_count"] for row in rows]


def test_a_source_is_tried_switched_on_read_and_only_what_is_new_makes_a_version(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, web = browser_of(city.publisher), Web()
    with simulated(web) as address:
        connect(publisher, f"{address}/stops.csv", password=SECRET)
        assert act(publisher, "switch-on") == 409
        assert act(publisher, "try") == 303
        assert "The source is being read" in publisher.page(PAGE) or "Queued" in publisher.page(
            PAGE
        )
        work(wiring)

        tried = publisher.page(PAGE)
        assert re.search(r"<th scope=\"col\">name</th>", tried)
        assert "<td>b</td>" in tried
        assert versions(city, dataset) == []

        assert act(publisher, "switch-on") == 303
        assert act(publisher, "run") == 303
        assert act(publisher, "run") == 409
        work(wiring)
        assert versions(city, dataset) == [2]
        assert "2 rows" in publisher.page(PAGE)

        act(publisher, "run")
        work(wiring)
        assert "Nothing new at the source" in publisher.page(PAGE)
        web.content += b"3,c\n"
        act(publisher, "run")
        work(wiring)
    assert versions(city, dataset) == [2, 3]
    assert web.seen[0]["Authorization"] == SECRET


def test_a_missed_schedule_is_caught_up_once_and_failures_wait_longer_each_time(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, web = browser_of(city.publisher), Web()
    with simulated(web) as address:
        connect(publisher, f"{address}/stops.csv")
        act(publisher, "try")
        work(wiring)
        act(publisher, "switch-on")
        assert tick(wiring) == 0

        city.at += timedelta(days=5)
        assert tick(wiring) == 1
        assert tick(wiring) == 0
        work(wiring)
        assert versions(city, dataset) == [2]
        city.at += timedelta(hours=1)
        assert tick(wiring) == 0

        web.status = 503
        city.at += timedelta(days=1)
        assert (tick(wiring), work(wiring)) == (1, 1)
        waits = []
        for _ in range(3):
            minutes = 0
            while tick(wiring) == 0:
                city.at += timedelta(minutes=5)
                minutes += 5
            work(wiring)
            waits.append(minutes)

    assert waits == [10, 20, 40]
    publisher = browser_of(city.publisher)
    page = publisher.page(PAGE)
    assert "The source answered with status 503." in page
    assert "its source could not be read" in publisher.page("/publish")
    assert "The source answered with status 503." in publisher.page("/publish/bus-stops")
    with city.pool.connection() as tx:
        rows = tx.execute("SELECT body FROM policies.events WHERE kind = 'connection.failed'")
        assert len(rows.fetchall()) == 4
    assert act(publisher, "pause") == 303
    city.at += timedelta(days=30)
    assert tick(wiring) == 0


def test_a_file_that_is_refused_is_told_in_the_log_and_tried_again(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, web = browser_of(city.publisher), Web()
    with simulated(web) as address:
        connect(publisher, f"{address}/stops.csv")
        act(publisher, "try")
        work(wiring)
        act(publisher, "switch-on")
        web.content = b""
        for _ in range(2):
            act(publisher, "run")
            work(wiring)

    assert versions(city, dataset) == []
    assert len(re.findall(r"See its file", publisher.page(PAGE))) == 3
    assert "Failed in a row" in publisher.page(PAGE)


def test_the_secret_is_sealed_and_shown_nowhere(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser, tmp_path: Path
) -> None:
    publisher = browser_of(city.publisher)
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / "a.csv").write_bytes(b"id\n1\n")
    with sftp_server(tmp_path / "remote") as place:
        fields = {
            "kind": "sftp", "host": "127.0.0.1", "port": str(place.port), "user": USER,
            "path": "/a.csv", **DAILY,
        }  # fmt: skip
        form = f"{PAGE}/change?kind=sftp"
        refused = save(publisher, form, fields)
        assert refused.status_code == 400
        assert "#field-password" in refused.text
        save(publisher, form, {**fields, "password": PASSWORD})
        act(publisher, "try")
        work(wiring)
        page = publisher.page(PAGE)
        assert "SHA256:" in page
        told = publisher.get(API).json()
        assert (told["has_secret"], told["host_key"][:7]) == (True, "SHA256:")

        # Another host gets no secret that was given for this one.
        moved = save(publisher, PAGE, {**fields, "host": "localhost"})
        assert moved.status_code == 400
        kept = save(publisher, PAGE, {**fields, "path": "/b.csv"})
        assert kept.status_code == 303
        act(publisher, "try")
        work(wiring)
    pages = [publisher.page(PAGE), publisher.page(f"{PAGE}/change"), publisher.get(API).text]
    pages.append(publisher.get(f"{API}/runs").text)
    assert "/b.csv" in pages[0]
    with wiring.pool.connection() as tx:
        for table in ("catalog.connections", "catalog.connection_runs", "policies.events"):
            rows = tx.execute(f"SELECT t::text AS row FROM {table} AS t").fetchall()
            pages += [row["row"] for row in rows]
        sealed = tx.execute("SELECT sealed_secret FROM catalog.connections").fetchone()
    assert sealed is not None
    assert PASSWORD.encode() not in bytes(sealed["sealed_secret"])
    assert not any(PASSWORD in page or PASSWORD.encode().hex() in page for page in pages)


def test_nobody_else_sees_or_touches_a_connection(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher = browser_of(city.publisher)
    with simulated(Web()) as address:
        connect(publisher, address, password=SECRET)

    for other in (city.seller, city.buyer, city.regulator):
        visitor = browser_of(other)
        assert visitor.get(PAGE).status_code in (403, 404)
        assert visitor.get(API).status_code in (403, 404)
    assert browser_of().get(PAGE).status_code in (303, 401, 404)


def test_a_private_place_is_refused_unless_the_operator_allows_it(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, web = browser_of(city.publisher), Web()
    with simulated(web) as address:
        connect(publisher, address)
        act(publisher, "try")
        work(wiring, allowed=())

    assert web.seen == []
    assert "WEIR_CONNECT_ALLOW" in publisher.page(PAGE)


def test_a_program_connects_tries_and_takes_away(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    client = browser_of()
    headers = {"Authorization": f"Bearer {api_token(wiring, 'tao')}", "Accept": "*/*"}
    with simulated(Web()) as address:
        body = {"kind": "url", "address": address, "rhythm": {"every": "week", "day": 7}}
        made = client.put(API, json=body, headers=headers)
        begun = client.post(f"{API}/try", headers=headers)
        again = client.post(f"{API}/try", headers=headers)
        work(wiring)

    assert made.status_code == 200, made.text
    assert made.json()["state"] == "draft"
    assert begun.status_code == 202
    assert again.status_code == 409
    run = client.get(f"{API}/runs/{begun.json()['number']}", headers=headers).json()
    assert run["state"] == "tried"
    assert run["look"]["columns"] == ["id", "name"]
    assert client.post(f"{API}/switch-on", headers=headers).json()["next_at"] is not None
    wrong = {"kind": "postgresql", "host": "db", "database": "a", "user": "b", "secret": "c"}
    refused = client.put(API, json={**wrong, "statement": "DROP TABLE a"}, headers=headers)
    assert refused.json()["code"] == "statement-is-not-one-select"
    assert client.delete(API, headers=headers).status_code == 204
    assert client.get(API, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "url", "address": "file:///etc/passwd"}, "address"),
        ({"kind": "url", "address": "https://example.org/", "time": "25:00"}, "time"),
        ({"kind": "url", "address": "https://example.org/", "every": "week", "day": "8"}, "day"),
        ({"kind": "sftp", "host": "a b", "user": "x", "path": "/a", "password": "p"}, "host"),
        ({"kind": "mysql", "host": "h", "port": "x", "user": "u", "statement": "SELECT 1"}, "port"),
        (
            {"kind": "mysql", "host": "h", "user": "u", "database": "d", "password": "p",
             "statement": "DELETE FROM a"},
            "statement",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_what_was_typed(
    city: City, dataset: Dataset, browser_of: OpenBrowser, fields: dict[str, str], wrong: str
) -> None:
    publisher = browser_of(city.publisher)
    form = f"{PAGE}/change?kind={fields['kind']}"

    answer = save(publisher, form, {**DAILY, **fields})

    assert answer.status_code in (400, 422)
    assert f'href="#field-{wrong}"' in answer.text


def test_what_comes_is_added_or_changes_rows_by_key_as_the_connection_says(
    city: City, dataset: Dataset, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    publisher, web = browser_of(city.publisher), Web()
    with simulated(web) as address:
        form = f"{PAGE}/change?kind=url"
        fields = {"kind": "url", "address": f"{address}/stops.csv", **DAILY}
        no_key = save(publisher, form, {**fields, "way": "upsert"})
        save(publisher, form, {**fields, "way": "append"})
        act(publisher, "try")
        work(wiring)
        act(publisher, "switch-on")
        for content in (b"id,name\n1,a\n2,b\n", b"id,name\n3,c\n"):
            web.content = content
            act(publisher, "run")
            work(wiring)

    assert no_key.status_code == 400
    assert 'href="#field-way"' in no_key.text
    assert "Add to the table" in publisher.page(PAGE)
    assert versions(city, dataset) == [2, 3]
