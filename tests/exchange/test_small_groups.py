"""Small groups: counted right, never told by value, and publication waits for the answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from catalog import publish
from catalog.errors import GateBlocked
from catalog.find import stored_version
from catalog.mask import Suppression
from catalog.version import Verdict, Version
from catalog.view import EVERYTHING, View
from exchange import list_product
from exchange.answer_groups import answer_groups, declare_and_count
from exchange.list_product import Proposal
from policies.terms import Regime
from quality.answer_sensitive import hidden_view
from quality.groups.count import count_groups
from quality.groups.declare import count_declared
from quality.groups.errors import (
    GroupReasonNeeded,
    MalformedGroups,
    NothingCounted,
    OfferShowsGroups,
)
from quality.groups.group import CountState, Declared, GroupAnswer
from quality.report import report_as_json
from tests.counts import examples
from tests.exchange.city import LAWFUL, STOPS, City
from tests.portal.pages.conftest import REPORT

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["m", "f", None]), st.integers(0, 3), st.sampled_from(["flu", "cold"])
    ),
    min_size=1,
    max_size=40,
)
BY_LINE = Declared(("line",), 11)
"""Each of the four lines of the stops has ten."""


@given(rows=ROWS, least=st.integers(2, 6))
@settings(
    max_examples=examples(25, long=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_sizes_are_those_of_a_plain_count(
    tmp_path: Path, rows: list[tuple[str | None, int, str]], least: int
) -> None:
    path = tmp_path / "in.parquet"
    names = ("sex", "age", "illness")
    pyarrow.parquet.write_table(
        pyarrow.table({name: [row[at] for row in rows] for at, name in enumerate(names)}), path
    )

    counted = count_groups([path], Declared(("sex", "age"), least, "illness"))

    groups = Counter(row[:2] for row in rows)
    kinds = {group: {row[2] for row in rows if row[:2] == group} for group in groups}
    small = [count for count in groups.values() if count < least]
    assert counted is not None
    assert (counted.row_count, counted.group_count) == (len(rows), len(groups))
    assert counted.smallest == min(groups.values())
    assert (counted.small_groups, counted.small_rows) == (len(small), sum(small))
    assert counted.uniform_groups == sum(len(held) == 1 for held in kinds.values())


def with_version(city: City) -> Version:
    """A new version of open stops, not handed in."""
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        version = city.add_version(tx, dataset, by=city.publisher, select=STOPS)
        tx.execute(
            "UPDATE quality.reports SET body = %s",
            (Jsonb(report_as_json(REPORT)),),
        )
    return version


def declare(city: City, version: Version, declared: Declared) -> CountState | None:
    return declare_and_count(
        city.pool, city.parts.folders, version.id, declared, by=city.publisher, at=city.at
    )


def verdict_of(city: City, version: Version) -> Verdict | None:
    with city.pool.connection() as tx:
        return stored_version(tx, version.id).version.verdict


def test_publication_waits_for_the_answer_to_small_groups(city: City) -> None:
    version = with_version(city)
    with city.pool.connection() as tx:
        dataset_id = stored_version(tx, version.id).dataset.id

    state = declare(city, version, BY_LINE)

    assert state is not None
    assert (state.counted.small_groups, state.counted.small_rows, state.is_waiting) == (4, 40, True)
    assert verdict_of(city, version) is Verdict.BLOCKED
    with city.pool.connection() as tx, pytest.raises(GateBlocked):
        publish.submit(tx, dataset_id, by=city.publisher, at=city.at)
    with city.pool.connection() as tx:
        with pytest.raises(GroupReasonNeeded):
            answer_groups(tx, version.id, GroupAnswer.KEPT, " ", by=city.publisher, at=city.at)
        answer_groups(
            tx, version.id, GroupAnswer.KEPT, "Stops, no persons", by=city.publisher, at=city.at
        )
        publish.submit(tx, dataset_id, by=city.publisher, at=city.at)


def test_an_answer_holds_for_later_versions_that_are_no_worse(city: City, tmp_path: Path) -> None:
    version = with_version(city)
    declare(city, version, BY_LINE)
    with city.pool.connection() as tx:
        answer_groups(tx, version.id, GroupAnswer.KEPT, "Stops", by=city.publisher, at=city.at)
        held = stored_version(tx, version.id)
        same = city.add_version(tx, held.dataset, by=city.publisher, select=STOPS)
        worse = city.add_version(
            tx, held.dataset, by=city.publisher, select=f"SELECT * FROM ({STOPS}) WHERE id < 33"
        )
        paths = {
            one.id: stored_version(tx, one.id).checked_paths(city.parts.folders)
            for one in (same, worse)
        }

    states = [count_declared(city.pool, one.id, paths[one.id], at=city.at) for one in (same, worse)]

    assert [state.is_waiting for state in states if state] == [False, True]


def test_what_is_to_be_left_empty_stands_in_no_offer(city: City) -> None:
    version = with_version(city)
    declare(city, version, BY_LINE)

    with city.pool.connection() as tx, pytest.raises(OfferShowsGroups):
        answer_groups(tx, version.id, GroupAnswer.BLANKED, "", by=city.publisher, at=city.at)

    with city.pool.connection() as tx:
        dataset_id = stored_version(tx, version.id).dataset.id
        (listing,) = list_product.listings_of(tx, dataset_id, by=city.publisher)
        list_product.withdraw(tx, listing.id, reason="masks", by=city.publisher, at=city.at)
        answer_groups(tx, version.id, GroupAnswer.BLANKED, "", by=city.publisher, at=city.at)
        again = list_product.propose(
            tx, dataset_id, Proposal(Regime.OPEN, declared=LAWFUL), by=city.publisher, at=city.at
        )
        stricter = View(suppression=Suppression(("line",), 50))
        kept = hidden_view(tx, dataset_id, stricter, ["id", "name", "line"])
    assert again.view == replace(EVERYTHING, suppression=Suppression(("line",), 11))
    assert kept == stricter


@pytest.mark.parametrize(
    "declared",
    [
        Declared((), 5),
        Declared(("nope",), 5),
        Declared(("line", "line"), 5),
        Declared(("line",), 1),
        Declared(("line",), 5, "line"),
        Declared(("line",), 5, "nope"),
    ],
)
def test_what_tells_no_group_is_refused(city: City, declared: Declared) -> None:
    version = with_version(city)

    with pytest.raises(MalformedGroups):
        declare(city, version, declared)
    with city.pool.connection() as tx, pytest.raises(NothingCounted):
        answer_groups(tx, version.id, GroupAnswer.KEPT, "x", by=city.publisher, at=city.at)
