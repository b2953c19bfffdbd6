"""What metering costs: the check of a token, a decision, a page that is paid for, settlements.

    python bench/exchange.py

The paid page is measured beside the same page of open data, at 1 and 8 connections, each page
another question, so that each is paid for. Settlements are made durable on one buyer's account by
32 clients: in groups as the server makes them; each by one call of one database function that
writes the same rows (receipt, item, decision, event, hold, posting, result) and commits; and each
by one call of one function of bare double entry (a transfer, two balances), which proves nothing.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.measuring import Client, Tree, cost_at_once, cost_of, cpu_s, idle_share
from bench.settling import Ledger
from bench.spine import flights
from exchange.allow import Ask, allow
from exchange.delivery import PageQuestion
from policies.identity.authenticate import actor_of_token
from portal.handing_out import parts_of
from portal.postgres import running_url
from portal.settings import settings_from
from portal.wiring import wire
from tests.installation import Installation, installation
from tests.journey.city import City

CALLS = 240
CLIENTS = 8
UNIT = 1
SETTLING_CLIENTS = 32
SETTLEMENTS = 960


def main() -> None:
    """Load, measure, print."""
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        with installation(folder) as made:
            made.start()
            _measure(made)
    finally:
        shutil.rmtree(folder)


def _measure(made: Installation) -> None:
    city = City(made)
    city.settle_in()
    for slug, changes in (
        ("flights", {}),
        ("priced", {"open_type": "not_open", "open_basis": "commercial secret"}),
    ):
        city.register("airport-publisher", slug, **changes)
        city.of("airport-publisher").patch(
            f"/api/v1/datasets/{slug}/distributions/data", json={"key_columns": ["tailnum"]}
        )
        city.publish("airport-publisher", "airport-approver", slug, flights())
    city.list_free("airport-publisher", "airport-approver", "flights", "open")
    agreement = city.buy(city.list_for_money("priced", unit_microcredits=UNIT))
    city.top_up(100_000)
    token = str(city.bound_client(str(agreement["id"])).headers["Authorization"])
    tree: Tree = made.processes
    warm = Client(made.address, {"Authorization": token})
    numbers = itertools.count()
    for _ in range(80):
        warm.get(_path("flights", next(numbers)))
        warm.get(_path("priced", next(numbers)))
    time.sleep(5)
    idle = idle_share(tree)
    print(f"idle {idle * 1000:.1f} ms CPU a second, taken off", flush=True)

    def reading(slug: str) -> Callable[[], Callable[[], bytes]]:
        def client() -> Callable[[], bytes]:
            own = Client(made.address, {"Authorization": token})
            return lambda: own.get(_path(slug, next(numbers)))

        return client

    for clients in (1, CLIENTS):
        free = cost_at_once(reading("flights"), CALLS, clients, tree, idle=idle)
        paid = cost_at_once(reading("priced"), CALLS, clients, tree, idle=idle)
        print(f"page, open, {clients} connections      {free}")
        print(f"page, paid for, {clients} connections  {paid}")
        print(f"    metering {paid.cpu_ms - free.cpu_ms:+.2f} ms CPU a page", flush=True)
    _measure_inside(made, token.partition(" ")[2])


def _measure_inside(made: Installation, token: str) -> None:
    """The pieces in this process, on the same database."""
    assert made.process is not None
    url = running_url(made.data / "postgres")
    assert url is not None
    wiring = wire(settings_from({}, data=made.data), url, pool_size=SETTLING_CLIENTS + 4)
    own: Tree = _all_with_us(made)
    with wiring.pool.connection() as tx:
        buyer = actor_of_token(tx, token, address="", at=wiring.now())
    parts = parts_of(wiring)
    question = PageQuestion(limit=10)

    def check() -> None:
        with wiring.pool.connection() as tx:
            actor_of_token(tx, token, address="", at=wiring.now())

    print(f"token, looked up          {cost_of(check, 200, own)}")
    known = cost_of(lambda: allow(parts, ("priced",), question, Ask(buyer), None), 500, own)
    print(f"decision, remembered      {known}")

    def anew() -> None:
        wiring.pool.standing.change()
        allow(parts, ("priced",), question, Ask(buyer), None)

    print(f"decision, made anew       {cost_of(anew, 200, own)}", flush=True)
    books = Ledger(parts, buyer)
    ways = {
        "in groups": books.settle_in_groups,
        "one call each, same rows": books.settle_by_call,
        "one call each, bare": books.settle_bare,
    }
    books.prepare(SETTLEMENTS + 1)
    for name, settle in ways.items():
        settle(0)
        before, begun = cpu_s(own()), time.perf_counter()
        with ThreadPoolExecutor(SETTLING_CLIENTS) as threads:
            list(threads.map(settle, range(1, SETTLEMENTS + 1)))
        wall, cpu = time.perf_counter() - begun, cpu_s(own()) - before
        print(
            f"settlements, {name:26s}{SETTLEMENTS / wall:8.0f} a second "
            f"{cpu * 1000 / SETTLEMENTS:6.2f} ms CPU each",
            flush=True,
        )
    wiring.pool.close()


def _all_with_us(made: Installation) -> Tree:
    """The installation with this process."""
    return lambda: [psutil.Process(), *made.processes()]


def _path(slug: str, number: int) -> str:
    return f"/api/v1/datasets/{slug}/rows?limit=100&offset={number * 7}"


if __name__ == "__main__":
    main()
