"""Addresses of data elsewhere are asked in turn, and what does not answer becomes a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.links.link import Outcome
from catalog.links.look import LINKS_PER_HOST_MAX, look_at_links
from catalog.links.read import count_broken, link_checks_of
from policies.database import Pool, Tx
from policies.terms import Text
from tests.catalog.city import ENTRY, City, found_city
from tests.catalog.harvest.simulator import Reply, simulated
from tests.catalog.harvest.taking_in import LOOPBACK
from tests.people import AT


class Clock:
    """The time of a test."""

    at = AT

    def __call__(self) -> datetime:
        return self.at


def published_with(tx: Tx, city: City, *addresses: str) -> Dataset:
    dataset = describe.create(
        tx, "elsewhere", ENTRY, publisher_id=city.transport.id, by=city.publisher, at=AT
    )
    for number, address in enumerate(addresses):
        made = describe.add_distribution(
            tx, dataset.id, f"d{number}", Text(en="There"), by=city.publisher, at=AT
        )
        tx.execute(
            "UPDATE catalog.distributions SET access_url = %s, position = %s WHERE id = %s",
            (address, number, made.id),
        )
    tx.execute(
        "UPDATE catalog.datasets SET state = 'published', issued = created_at WHERE id = %s",
        (dataset.id,),
    )
    return dataset


def test_what_answers_and_what_does_not_is_noted_and_asked_again_in_time(pool: Pool) -> None:
    replies = {"/here.csv": Reply(b"a,b\n" * 100_000), "/busy": Reply(status=429)}
    asked: list[str] = []

    def answering(path: str, _headers: Mapping[str, str]) -> Reply:
        asked.append(path)
        return replies.get(path, Reply(status=404))

    clock = Clock()
    with simulated(answering) as site:
        with pool.connection() as tx:
            dataset = published_with(
                tx,
                found_city(tx),
                *(f"{site}/here.csv", f"{site}/gone.csv", f"{site}/busy", "ftp://files/x"),
            )

        first = look_at_links(pool, allowed=LOOPBACK, now=clock)

        with pool.connection() as tx:
            found = link_checks_of(tx, dataset.id)
            assert count_broken(tx, [dataset.id]) == {dataset.id: 1}, "one bad moment is none"
        assert first == 3
        assert [(one.outcome, one.status) for one in found] == [
            (Outcome.ANSWERED, 200),
            (Outcome.SILENT, 404),
            (Outcome.REFUSED, None),
        ]
        assert sorted(asked) == ["/busy", "/gone.csv", "/here.csv"]
        asked.clear()
        assert look_at_links(pool, allowed=LOOPBACK, now=clock) == 0
        assert asked == ["/busy"], "who asked for patience is asked again, the others are left be"

        clock.at += timedelta(days=2)
        asked.clear()
        look_at_links(pool, allowed=LOOPBACK, now=clock)
        assert "/gone.csv" in asked
        assert "/here.csv" not in asked
        with pool.connection() as tx:
            assert count_broken(tx, [dataset.id]) == {dataset.id: 2}

        replies["/gone.csv"] = Reply(b"back")
        clock.at += timedelta(days=2)
        look_at_links(pool, allowed=LOOPBACK, now=clock)
        with pool.connection() as tx:
            assert count_broken(tx, [dataset.id]) == {dataset.id: 1}
            assert link_checks_of(tx, dataset.id)[1].answers


def test_an_address_inside_the_network_is_never_opened(pool: Pool) -> None:
    asked: list[str] = []

    def answering(path: str, _headers: Mapping[str, str]) -> Reply:
        asked.append(path)
        return Reply(b"secret")

    with simulated(answering) as site:
        with pool.connection() as tx:
            dataset = published_with(tx, found_city(tx), f"{site}/inside")

        look_at_links(pool, now=Clock())

    with pool.connection() as tx:
        (check,) = link_checks_of(tx, dataset.id)
    assert asked == []
    assert check.outcome is Outcome.REFUSED
    assert check.is_broken


def test_no_server_is_flooded(pool: Pool) -> None:
    asked: list[str] = []

    def answering(path: str, _headers: Mapping[str, str]) -> Reply:
        asked.append(path)
        return Reply(b"x")

    with simulated(answering) as site:
        with pool.connection() as tx:
            many = [f"{site}/{number}" for number in range(LINKS_PER_HOST_MAX + 5)]
            published_with(tx, found_city(tx), *many)

        look_at_links(pool, allowed=LOOPBACK, now=Clock())
        assert len(asked) == LINKS_PER_HOST_MAX

        look_at_links(pool, allowed=LOOPBACK, now=Clock())
    assert len(set(asked)) == LINKS_PER_HOST_MAX + 5
