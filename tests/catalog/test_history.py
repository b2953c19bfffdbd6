from __future__ import annotations

from dataclasses import replace

from catalog import publish
from catalog.curation import describe
from catalog.directory import Directory, RecordAudience
from catalog.find import dataset_with_id
from catalog.history import history_of
from policies.database import Tx
from policies.party import ANONYMOUS, Actor
from policies.terms import DatasetId, Text
from tests.catalog.city import ENTRY, found_city
from tests.catalog.records_city import draft, published
from tests.people import AT


def fields_seen(tx: Tx, dataset_id: DatasetId, by: Actor) -> list[str]:
    dataset = dataset_with_id(tx, dataset_id, by=by)
    return [change.field for one in history_of(tx, dataset, by=by) for change in one.changes]


def test_each_changed_field_is_told_with_before_and_after(tx: Tx) -> None:
    city = found_city(tx)
    made = draft(tx, city)
    entry = replace(
        ENTRY,
        title=Text(zh="公交站", en="Bus stops"),
        keywords=("bus",),
        directory=Directory(spatial="310000"),
    )
    describe.change(tx, made.id, entry, by=city.publisher, at=AT)

    newest = history_of(tx, made, by=city.publisher)[0]

    assert {(one.field, one.before, one.after) for one in newest.changes} == {
        ("title.zh", "公交站点", "公交站"),
        ("keywords", ("bus", "公共交通"), ("bus",)),
        ("directory.spatial", None, "310000"),
    }
    assert newest.by == city.publisher.user_id


def test_outsiders_learn_no_names_no_share_fields_and_nothing_from_before_it_was_out(
    tx: Tx,
) -> None:
    city = found_city(tx)
    made = draft(tx, city)
    secret = replace(ENTRY, summary=Text(zh="草稿里的话"))
    describe.change(tx, made.id, secret, by=city.publisher, at=AT)
    describe.change(tx, made.id, ENTRY, by=city.publisher, at=AT)
    publish.submit(tx, made.id, by=city.publisher, at=AT)
    publish.publish(tx, made.id, by=city.approver, at=AT)
    out = replace(
        ENTRY, licence="CC-BY-4.0", directory=Directory(share_condition="for patrols only")
    )
    describe.change(tx, made.id, out, by=city.publisher, at=AT)

    dataset = dataset_with_id(tx, made.id, by=ANONYMOUS)
    told = history_of(tx, dataset, by=ANONYMOUS)

    assert [one.kind for one in told] == ["dataset.changed", "dataset.published"]
    assert [change.field for change in told[0].changes] == ["licence"]
    assert {one.by for one in told} == {None}
    assert "directory.share_condition" in fields_seen(tx, made.id, city.neighbour)
    assert "summary.zh" not in fields_seen(tx, made.id, city.neighbour)
    assert "summary.zh" in fields_seen(tx, made.id, city.publisher)


def test_what_was_said_while_only_departments_saw_it_stays_with_them(tx: Tx) -> None:
    city = found_city(tx)
    entry = replace(ENTRY, audience=RecordAudience.DEPARTMENTS)
    made = published(tx, city, entry=entry)
    inside = replace(entry, summary=Text(zh="只给部门看的话"))
    describe.change(tx, made.id, inside, by=city.publisher, at=AT)
    wide = replace(inside, audience=RecordAudience.PUBLIC, summary=Text(zh="给大家看的话"))
    describe.change(tx, made.id, wide, by=city.publisher, at=AT)
    describe.change(tx, made.id, replace(wide, licence="CC0-1.0"), by=city.publisher, at=AT)

    assert fields_seen(tx, made.id, ANONYMOUS) == ["licence"]
    assert "summary.zh" in fields_seen(tx, made.id, city.neighbour)


def test_whom_to_ask_never_stands_in_the_history(tx: Tx) -> None:
    city = found_city(tx)
    made = draft(tx, city)
    entry = replace(ENTRY, directory=Directory(maintainer="Somebody", contact_phone="123"))
    describe.change(tx, made.id, entry, by=city.publisher, at=AT)

    assert "directory.maintainer" not in fields_seen(tx, made.id, city.publisher)


def test_why_it_came_back_is_for_its_own_people(tx: Tx) -> None:
    city = found_city(tx)
    made = published(tx, city)
    publish.withdraw(tx, made.id, reason="Wrong columns", by=city.approver, at=AT)
    publish.take_up(tx, made.id, reason="Mended", by=city.publisher, at=AT)

    told = history_of(tx, made, by=city.publisher)

    assert [one.reason for one in told[:2]] == ["Mended", "Wrong columns"]
