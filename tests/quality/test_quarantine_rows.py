"""Rows that break a rule are set aside; the others go on as a version of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping

import duckdb
import pytest

from catalog import find, publish
from catalog.folders import Folders
from catalog.quarantine import counts, quarantines, values_of
from catalog.version import Verdict, Version, VersionKind
from policies.database import Pool
from policies.party import ANONYMOUS
from policies.roles import SYSTEM
from quality.assess import assess
from quality.engine.open_table import Limits
from quality.quarantine_rows import quarantine_rows
from quality.report import Report
from quality.rules import add_rule
from quality.take_down import Subject
from tests.catalog.conftest import Zygote, folders, zygote  # noqa: F401  fixtures
from tests.catalog.test_ingest import Desk
from tests.people import AT

LIMITS = Limits(memory_bytes=500_000_000, threads=1)
STATIONS = "id,level,kind\n1,5,a\n2,500,a\n3,7,zz\n4,9,b\n5,600,zz\n6,3,a\n"
RULES: tuple[Mapping[str, object], ...] = (
    {"expect": {"kind": "between", "at_most": 100}, "columns": ["level"], "gate": "quarantine"},
    {"expect": {"kind": "in_set", "values": ["a", "b"]}, "columns": ["kind"], "gate": "quarantine"},
)


@pytest.fixture
def desk(pool: Pool, zygote: Zygote, folders: Folders) -> Desk:  # noqa: F811  fixtures
    return Desk(pool, zygote.confinement, folders)


def arrived(desk: Desk, data: str, *rules: Mapping[str, object]) -> Version:
    """A version of a file, with rules of its dataset's own."""
    with desk.pool.connection() as tx:
        for rule in rules:
            add_rule(tx, desk.dataset.id, rule, (), by=desk.city.publisher, at=AT)
    version = desk.read(desk.send(data.encode()))
    assert version is not None
    return version


def check(desk: Desk, version: Version) -> Report:
    with desk.pool.connection() as tx:
        held = find.stored_version(tx, version.id)
    return assess(
        desk.pool,
        Subject(
            version.id,
            held.dataset.id,
            held.dataset.publisher_id,
            tuple(held.checked_paths(desk.folders)),
        ),
        by=SYSTEM,
        clock=lambda: AT,
        limits=LIMITS,
        on_progress=lambda _permille: None,
    )


def test_bad_rows_are_set_aside_and_the_good_ones_are_published(
    desk: Desk,
) -> None:
    place, city = desk.folders, desk.city
    version = arrived(desk, STATIONS, *RULES)

    before = check(desk, version)
    sifted = quarantine_rows(desk.pool, place, version.id, at=AT, limits=LIMITS)
    again = quarantine_rows(desk.pool, place, version.id, at=AT, limits=LIMITS)
    assert sifted is not None
    after = check(desk, sifted)

    assert before.verdict is Verdict.BLOCKED
    assert after.verdict.lets_pass
    assert again == sifted
    assert (sifted.kind, sifted.parent_id, sifted.row_count) == (
        VersionKind.SIFTED, version.id, 3,
    )  # fmt: skip
    with desk.pool.connection() as tx:
        held = quarantines(tx, sifted.id, by=city.publisher)
        aside = list(values_of(place, held))
        told = counts(tx, [sifted.id])[sifted.id]
        dataset_id = find.stored_version(tx, sifted.id).dataset.id
        publish.submit(tx, dataset_id, by=city.publisher, at=AT)
        publish.publish(tx, dataset_id, by=city.approver, at=AT)
        read, _ = find.version_with_id(tx, sifted.id, by=ANONYMOUS)
        rows = find.stored_version(tx, sifted.id).checked_paths(place)
    assert sorted((one.row_number, one.column, one.value) for one in aside if one.column) == [
        (2, "level", "500"),
        (3, "kind", "zz"),
        (5, "kind", "zz"),
        (5, "level", "600"),
    ]
    assert [json.loads(one.value or "") for one in aside if not one.column] == [
        {"id": 2, "level": 500, "kind": "a"},
        {"id": 3, "level": 7, "kind": "zz"},
        {"id": 5, "level": 600, "kind": "zz"},
    ]
    assert len({one.rule_id for one in aside}) == 2
    assert told.broken == len(aside)
    assert read.row_count == 3
    assert [row[0] for path in rows for row in duckdb.read_parquet(str(path)).fetchall()] == [
        1, 4, 6,
    ]  # fmt: skip


def test_what_is_mostly_bad_or_also_blocked_is_not_parted(
    desk: Desk,
) -> None:
    mostly_bad = "id,level\n" + "".join(f"{i},{500 if i < 3 else 1}\n" for i in range(4))
    version = arrived(desk, mostly_bad, RULES[0])

    check(desk, version)

    assert quarantine_rows(desk.pool, desk.folders, version.id, at=AT, limits=LIMITS) is None


def test_a_version_that_another_rule_blocks_is_not_parted(
    desk: Desk,
) -> None:
    blocking = {"expect": {"kind": "not_null"}, "columns": ["gone"], "gate": "block"}
    version = arrived(desk, STATIONS, *RULES, blocking)

    check(desk, version)

    assert quarantine_rows(desk.pool, desk.folders, version.id, at=AT, limits=LIMITS) is None
