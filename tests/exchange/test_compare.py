from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import publish
from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.errors import ApproverNeeded, NotPublished, ReasonMissing, VersionWithdrawn
from catalog.find import dataset_with_id, distributions_of
from catalog.mask import Mask, MaskKind
from catalog.pinned import known_version, neighbours_of
from catalog.version import Column, ColumnType, VersionState, WithdrawalReason
from catalog.view import View
from catalog.withdraw_version import withdraw_version
from exchange.allow import Ask
from exchange.compare import compare_columns, compare_rows
from exchange.deliver import deliver_page
from exchange.delivery import PageQuestion
from exchange.difference import Change, Difference
from exchange.errors import AccessDenied, NoSuchData
from exchange.list_product import Proposal
from exchange.read_again import read_again
from policies.party import ANONYMOUS, Actor
from policies.terms import Regime
from tests.exchange.city import LAWFUL, STOP_COLUMNS, STOPS, City, entry

EXAMPLES = 100 if os.environ.get("WEIR_TEST_COUNTS") == "long" else 6

Table = dict[int, tuple[str | None, int | None]]

_CELLS = st.tuples(
    st.none() | st.sampled_from(["a", "b", "'", "站"]), st.none() | st.integers(0, 3)
)
TABLES = st.dictionaries(st.integers(1, 8), _CELLS, min_size=1, max_size=8)


def select(table: Table) -> str:
    """A statement that gives these rows."""
    rows = [
        f"({id_}::BIGINT, {text(name)}::VARCHAR, {text(line)}::BIGINT)"
        for id_, (name, line) in table.items()
    ]
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS t (id, name, line)"


def text(value: str | int | None) -> str:
    """A value in SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def next_version(
    city: City, dataset: Dataset, sql: str, columns: tuple[Column, ...] = STOP_COLUMNS
) -> int:
    """Another version, published; its number."""
    with city.pool.connection() as tx:
        version = city.add_version(tx, dataset, by=city.publisher, select=sql, columns=columns)
        publish.submit(tx, dataset.id, by=city.publisher, at=city.at)
        publish.publish(tx, dataset.id, by=city.approver, at=city.at)
    return version.number


def declare_key(city: City, dataset: Dataset, *key: str) -> None:
    with city.pool.connection() as tx:
        (distribution,) = distributions_of(tx, dataset)
        describe.change_distribution(
            tx,
            distribution,
            title=distribution.title,
            key_columns=key,
            by=city.publisher,
            at=city.at,
        )


def withdraw(city: City, dataset: Dataset, number: int, words: str = "") -> None:
    with city.pool.connection() as tx:
        (distribution,) = distributions_of(tx, dataset)
        withdraw_version(
            tx,
            distribution,
            number,
            reason=WithdrawalReason.WRONG,
            words=words,
            by=city.approver,
            at=city.at,
        )


def rows_at(city: City, name: str, by: Actor = ANONYMOUS) -> bytes:
    """A page of open rows."""
    got = deliver_page(city.parts, name, PageQuestion(limit=1000), Ask(by))
    assert isinstance(got, bytes)
    return got


def compared(city: City, before: int | str, after: int | str, by: Actor = ANONYMOUS) -> Difference:
    return compare_rows(city.parts, "stops", str(before), str(after), Ask(by), examples=50)


@pytest.fixture
def stops(city: City) -> Dataset:
    return city.open_stops()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=TABLES, after=TABLES, is_keyed=st.booleans())
def test_rows_differ_as_two_tables_differ(
    city: City, before: Table, after: Table, is_keyed: bool
) -> None:
    with city.pool.connection() as tx:
        is_new = not tx.execute("SELECT 1 FROM catalog.datasets WHERE slug = 'stops'").fetchone()
    if is_new:
        city.open_stops()
    with city.pool.connection() as tx:
        row = tx.execute("SELECT id FROM catalog.datasets WHERE slug = 'stops'").fetchone()
        assert row is not None
        dataset = dataset_with_id(tx, row["id"], by=city.publisher)
    declare_key(city, dataset, *(["id"] if is_keyed else []))
    first, second = (
        next_version(city, dataset, select(before)),
        next_version(city, dataset, select(after)),
    )

    told = compared(city, first, second).rows

    assert told is not None
    if not is_keyed:
        was = Counter((id_, *cells) for id_, cells in before.items())
        now = Counter((id_, *cells) for id_, cells in after.items())
        assert told.key == ()
        assert (told.added, told.gone, told.changed) == (
            (now - was).total(),
            (was - now).total(),
            0,
        )
        return
    both = before.keys() & after.keys()
    changed = {id_ for id_ in both if before[id_] != after[id_]}
    assert told.key == ("id",)
    assert (told.added, told.gone, told.changed) == (
        len(after.keys() - both),
        len(before.keys() - both),
        len(changed),
    )
    by_column = {
        "name": sum(before[id_][0] != after[id_][0] for id_ in both),
        "line": sum(before[id_][1] != after[id_][1] for id_ in both),
    }
    assert told.changes_by_column == {name: n for name, n in by_column.items() if n}
    shown = {
        change: {
            int(str((one.after or one.before)["id"]))
            for one in told.examples
            if one.change is change
        }
        for change in Change
    }
    assert shown == {
        Change.ADDED: set(after.keys() - both),
        Change.GONE: set(before.keys() - both),
        Change.CHANGED: changed,
    }
    for one in told.examples:
        if one.change is Change.CHANGED:
            id_ = int(str(one.after["id"]))
            was_cells, now_cells = before[id_], after[id_]
            assert set(one.changed_columns) == {
                name
                for place, name in enumerate(("name", "line"))
                if was_cells[place] != now_cells[place]
            }


def test_examples_come_a_page_at_a_time(city: City, stops: Dataset) -> None:
    declare_key(city, stops, "id")
    later = next_version(city, stops, f"SELECT id, name || '!' AS name, line FROM ({STOPS})")

    seen: list[int] = []
    for skipped in range(0, 40, 15):
        told = compare_rows(
            city.parts, "stops", "1", str(later), Ask(ANONYMOUS), examples=15, skipped=skipped
        ).rows
        assert told is not None
        assert told.more == (skipped + 15 < 40)
        seen += [int(str(one.after["id"])) for one in told.examples]

    assert seen == list(range(1, 41))


def test_where_two_rows_share_a_key_rows_are_compared_whole(city: City, stops: Dataset) -> None:
    declare_key(city, stops, "line")
    later = next_version(city, stops, f"SELECT * FROM ({STOPS}) WHERE id > 1")

    told = compared(city, 1, later).rows

    assert told is not None
    assert (told.key, told.added, told.gone) == ((), 0, 1)


def test_columns_that_came_went_and_changed_their_type_are_told(city: City, stops: Dataset) -> None:
    declare_key(city, stops, "id")
    columns = (
        Column("id", ColumnType.INTEGER),
        Column("line", ColumnType.TEXT),
        Column("开通", ColumnType.INTEGER),
    )
    later = next_version(
        city, stops, f"SELECT id, line::VARCHAR AS line, 1::BIGINT AS 开通 FROM ({STOPS})", columns
    )

    told = compare_columns(city.parts, "stops", "1", str(later), Ask(ANONYMOUS))
    rows = compared(city, 1, later).rows

    assert told.rows is None
    assert (told.columns.added, told.columns.gone) == (("开通",), ("name",))
    assert [(one.name, one.before, one.after) for one in told.columns.retyped] == [
        ("line", "integer", "text")
    ]
    assert rows is not None
    assert (rows.added, rows.gone, rows.changed) == (0, 0, 0)


def test_what_a_view_hides_shows_in_no_comparison(city: City) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    declare_key(city, dataset, "id")
    view = View(columns=("id", "line"), masks={"line": Mask(MaskKind.PARTIAL)})
    city.list(
        dataset,
        Proposal(Regime.OPEN, view=view, declared=LAWFUL),
        by=city.publisher,
        opener=city.approver,
    )
    later = next_version(
        city, dataset, f"SELECT id, name || '!' AS name, line + 4 AS line FROM ({STOPS})"
    )

    stranger, own = compared(city, 1, later), compared(city, 1, later, city.publisher)

    assert stranger.rows is not None
    assert own.rows is not None
    assert stranger.rows.changed == 0
    assert "name" not in str(stranger)
    assert own.rows.changed == 40
    assert own.rows.changes_by_column == {"name": 40, "line": 40}


def test_versions_that_do_not_exist_for_a_reader_are_not_compared(
    city: City, stops: Dataset
) -> None:
    with city.pool.connection() as tx:
        select = f"SELECT * FROM ({STOPS}) WHERE id < 9"
        hidden = city.add_version(tx, stops, by=city.publisher, select=select)

    with pytest.raises(NoSuchData):
        compared(city, 1, hidden.number)
    with pytest.raises(NoSuchData):
        compared(city, 1, hidden.digest)
    assert compared(city, 1, hidden.number, city.publisher).rows is not None


def test_comparing_what_is_not_open_leaves_receipts_and_needs_leave(city: City) -> None:
    listing = city.shared_stops("stops")
    with city.pool.connection() as tx:
        dataset = dataset_with_id(tx, listing.dataset_id, by=city.publisher)
    later = next_version(city, dataset, STOPS)

    with pytest.raises(AccessDenied):
        compared(city, 1, later, city.officer)
    city.ask_for(listing)
    told = compared(city, 1, later, city.officer)

    assert len(told.receipt_ids) == 2
    with city.pool.connection() as tx:
        held = tx.execute(
            "SELECT count(*) AS n FROM exchange.receipts WHERE id = ANY (%s)",
            (list(told.receipt_ids),),
        ).fetchone()
    assert held == {"n": 2}


def test_a_version_is_read_by_its_number_and_digest_whatever_came_since(
    city: City, stops: Dataset
) -> None:
    first = rows_at(city, "stops")
    number = next_version(city, stops, f"SELECT * FROM ({STOPS}) WHERE id < 3")
    with city.pool.connection() as tx:
        (distribution,) = distributions_of(tx, stops)
        version = known_version(tx, stops, distribution, "1", by=ANONYMOUS)
        around = neighbours_of(tx, stops, version, by=ANONYMOUS)

    assert rows_at(city, "stops@1") == first
    assert rows_at(city, f"stops@{version.digest}") == first
    assert rows_at(city, f"stops@{number}") == rows_at(city, "stops") != first
    assert (around.latest, around.predecessor, around.successor) == (number, None, number)
    sql = 'SELECT (SELECT count(*) FROM "stops@1") - count(*) AS n FROM "Stops@2"'
    assert b'"n":38' in city.query(sql, city.buyer).path.read_bytes().replace(b" ", b"")


@pytest.mark.parametrize("reference", ["0", "3", "9" * 30, "", "x", "1 ", "-1", "a" * 64, "1@2"])
def test_what_names_no_version_is_not_found(city: City, stops: Dataset, reference: str) -> None:
    with pytest.raises(NoSuchData):
        rows_at(city, f"stops@{reference}")


def test_a_pinned_version_shows_no_column_that_its_listing_does_not_offer_now(
    city: City, stops: Dataset
) -> None:
    columns = (Column("id", ColumnType.INTEGER), Column("line", ColumnType.INTEGER))
    next_version(city, stops, f"SELECT id, line FROM ({STOPS})", columns)

    assert b'"name":"name"' not in rows_at(city, "stops@1").replace(b" ", b"")
    assert "站点".encode() not in rows_at(city, "stops@1")
    own = deliver_page(city.parts, "stops@1", PageQuestion(limit=5), Ask(city.publisher))
    assert not isinstance(own, bytes)
    assert "站点".encode() in own.path.read_bytes()


def test_a_withdrawn_version_is_gone_for_everybody_and_says_why_and_what_instead(
    city: City, stops: Dataset
) -> None:
    number = next_version(city, stops, f"SELECT * FROM ({STOPS}) WHERE id < 3")
    delivered = city.query(f'SELECT * FROM "stops@{number}"', city.buyer)
    withdraw(city, stops, number, "Line 3 was doubled.")

    for by in (ANONYMOUS, city.buyer, city.publisher):
        with pytest.raises(VersionWithdrawn) as gone:
            deliver_page(city.parts, f"stops@{number}", PageQuestion(limit=5), Ask(by))
        assert (gone.value.reason, gone.value.replaced_by) == ("wrong", 1)
        assert "Line 3 was doubled." in str(gone.value)
    assert rows_at(city, "stops") == rows_at(city, "stops@1")
    with pytest.raises(VersionWithdrawn):
        read_again(city.parts, delivered.receipt_id, Ask(city.buyer))
    with city.pool.connection() as tx:
        told = tx.execute(
            "SELECT body FROM policies.events WHERE kind = 'version.withdrawn'"
        ).fetchall()
        held = tx.execute("SELECT count(*) AS n FROM exchange.receipt_items").fetchone()
    assert len(told) == 1
    assert held == {"n": 1}


def test_where_nothing_is_left_the_dataset_itself_says_so(city: City, stops: Dataset) -> None:
    withdraw(city, stops, 1)

    with pytest.raises(VersionWithdrawn) as gone:
        rows_at(city, "stops")
    assert gone.value.replaced_by is None
    next_version(city, stops, STOPS)
    city.at += timedelta(seconds=10)
    with pytest.raises(VersionWithdrawn) as gone:
        rows_at(city, "stops@1")
    assert gone.value.replaced_by == 2
    assert rows_at(city, "stops")


def test_only_an_approver_withdraws_and_only_what_is_published(city: City, stops: Dataset) -> None:
    with city.pool.connection() as tx:
        (distribution,) = distributions_of(tx, stops)
        waiting = city.add_version(tx, stops, by=city.publisher, select=STOPS)

    def act(number: int, by: Actor, **more: Any) -> VersionState:
        wanted = {"reason": WithdrawalReason.RIGHTS, "words": "", **more}
        with city.pool.connection() as tx:
            return withdraw_version(tx, distribution, number, by=by, at=city.at, **wanted).state

    with pytest.raises(ApproverNeeded):
        act(1, city.publisher)
    with pytest.raises(NotPublished):
        act(waiting.number, city.approver)
    with pytest.raises(ReasonMissing):
        act(1, city.approver, reason=WithdrawalReason.OTHER)
    assert act(1, city.approver) is VersionState.WITHDRAWN
    with pytest.raises(NotPublished):
        act(1, city.approver)
