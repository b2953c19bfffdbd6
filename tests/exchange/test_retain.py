"""Random histories of versions, receipts, withdrawals and sweeps."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import tables
from catalog.errors import VersionRemoved, VersionWithdrawn
from catalog.examine import examine
from catalog.retain import set_retention
from catalog.retention import Retention
from exchange import retain
from exchange.allow import Ask
from exchange.deliver import deliver_page
from exchange.delivery import PageQuestion
from policies.party import ANONYMOUS
from tests.exchange.city import STOPS, City
from tests.exchange.test_compare import next_version, withdraw

EXAMPLES = 100 if os.environ.get("WEIR_TEST_COUNTS") == "long" else 4

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 40)),
        st.tuples(st.just("buy"), st.integers(0, 9)),
        st.tuples(st.just("withdraw"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("sweep"), st.integers(1, 3)),
    ),
    min_size=4,
    max_size=10,
)


@pytest.fixture(autouse=True)
def files_have_had_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GARBAGE_AGE_S_MIN", -60)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=STEPS)
def test_no_history_loses_what_a_receipt_refers_to_or_breaks_a_reader(
    city: City, history: list[tuple[str, int]]
) -> None:
    slug = f"stops-{os.urandom(6).hex()}"
    dataset = city.open_stops(slug)
    rows = {1: 40}
    ended: set[int] = set()
    referred: set[int] = set()

    for act, number in history:
        left = [one for one in rows if one not in ended]
        match act:
            case "publish":
                made = next_version(city, dataset, f"SELECT * FROM ({STOPS}) WHERE id <= {number}")
                rows[made] = number
            case "buy" if left:
                chosen = left[number % len(left)]
                with_receipt = city.query(f'SELECT * FROM "{slug}@{chosen}"', city.buyer)
                assert with_receipt.row_count == rows[chosen]
                referred.add(chosen)
            case "withdraw" if left:
                chosen = left[number % len(left)]
                withdraw(city, dataset, chosen)
                ended.add(chosen)
            case "wait":
                city.at += timedelta(days=number)
            case "sweep":
                before = retain.look(city.pool, Retention(number, 30), city.at)
                swept = retain.sweep(city.pool, city.parts.folders, Retention(number, 30), city.at)
                assert swept.versions == before.versions
                with city.pool.connection() as tx:
                    gone = {
                        row["number"]
                        for row in tx.execute(
                            "SELECT number FROM catalog.versions AS version "
                            "JOIN catalog.distributions AS place "
                            "  ON place.id = version.distribution_id "
                            "WHERE dataset_id = %s AND removed_at IS NOT NULL",
                            (dataset.id,),
                        )
                    }
                assert not gone & referred
                ended |= gone
        newest = max((one for one in rows if one not in ended), default=None)
        if newest is not None:
            assert pages(city, slug) == rows[newest]

    for one, count in rows.items():
        if one not in ended:
            assert pages(city, f"{slug}@{one}") == count
            continue
        with pytest.raises((VersionWithdrawn, VersionRemoved)):
            pages(city, f"{slug}@{one}")
    files = kept_files(city, referred, dataset.id)
    assert all((path.exists() and path.name.startswith(sha256)) for path, sha256 in files)
    assert len(referred) <= len(files)


def pages(city: City, name: str) -> int:
    """How many rows a stranger reads."""
    got = deliver_page(city.parts, name, PageQuestion(limit=100), Ask(ANONYMOUS))
    assert isinstance(got, bytes)
    return got.count(b'"id":')


def kept_files(city: City, numbers: set[int], dataset_id: object) -> list[tuple[Path, str]]:
    """Files of these versions and their digests."""
    with city.pool.connection() as tx:
        found = tx.execute(
            "SELECT version.distribution_id, file.path, file.sha256 "
            "  FROM catalog.version_files AS file "
            "  JOIN catalog.versions AS version ON version.id = file.version_id "
            "  JOIN catalog.distributions AS place ON place.id = version.distribution_id "
            " WHERE dataset_id = %s AND number = ANY (%s)",
            (dataset_id, list(numbers)),
        ).fetchall()
    tables_folder = city.parts.folders.tables
    return [
        (tables_folder / str(row["distribution_id"]) / row["path"], row["sha256"]) for row in found
    ]


def test_a_dry_run_changes_nothing_and_says_what_the_sweep_then_does(city: City) -> None:
    dataset = city.open_stops()
    for count in (3, 5, 7):
        next_version(city, dataset, f"SELECT * FROM ({STOPS}) WHERE id <= {count}")
    city.query('SELECT * FROM "stops@2"', city.buyer)
    city.at += timedelta(days=100)
    rule = Retention(1, 10)

    told = retain.look(city.pool, rule, city.at)
    assert pages(city, "stops@1") == 40
    swept = retain.sweep(city.pool, city.parts.folders, rule, city.at)

    assert (told.versions, told.kept_for_receipts) == (2, 1)
    assert (swept.versions, swept.kept_for_receipts, swept.files) == (2, 1, 2)
    with pytest.raises(VersionRemoved) as gone:
        pages(city, "stops@1")
    assert gone.value.replaced_by == 4
    with city.pool.connection() as tx:
        events = tx.execute(
            "SELECT count(*) AS n FROM policies.events WHERE kind = 'versions.removed'"
        ).fetchone()
        broken = [
            found for rule_, found in examine(tx, city.parts.folders) if "every version" in rule_
        ]
    assert events == {"n": 1}
    assert broken == [[]]
    assert retain.sweep(city.pool, city.parts.folders, rule, city.at).versions == 0


def test_a_dataset_may_keep_more_than_the_installation_does(city: City) -> None:
    kept, other = city.open_stops("kept"), city.open_stops("other")
    for dataset in (kept, other):
        for count in (3, 5):
            next_version(city, dataset, f"SELECT * FROM ({STOPS}) WHERE id <= {count}")
    with city.pool.connection() as tx:
        set_retention(tx, kept.id, Retention(10, 0), by=city.approver, at=city.at)
    city.at += timedelta(days=100)

    retain.sweep(city.pool, city.parts.folders, Retention(1, 0), city.at)

    assert pages(city, "kept@1") == 40
    with pytest.raises(VersionRemoved):
        pages(city, "other@1")
