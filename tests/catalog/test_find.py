from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import describe, find
from catalog.errors import DatasetNotFound, MalformedPageMark, VersionNotFound
from catalog.folders import Folders
from catalog.search_words import document_words
from catalog.version import VersionState
from policies.database import Tx
from policies.party import ANONYMOUS, Actor
from policies.terms import Text
from tests.catalog.city import (
    ENTRY,
    City,
    add_dataset,
    add_version,
    found_city,
    judge,
    publish_all,
)
from tests.people import AT

WRITABLE = st.characters(codec="utf-8", exclude_characters="\0")


def slugs(tx: Tx, query: str, by: Actor) -> list[str]:
    found = find.search(tx, query, by=by)
    assert found.count == len(found.datasets)
    return [dataset.slug for dataset in found.datasets]


def publish_one(tx: Tx, city: City, folders: Folders, slug: str, title: Text) -> None:
    dataset, distribution = add_dataset(tx, city, slug, replace(ENTRY, title=title))
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("", True),
        ("公交站点", True),
        ("交站", True),
        ("站", True),
        ("置", True),
        ("公共交通", True),
        ("公站", False),
        ("stops", True),
        ("STOP", True),
        ("Bus  stops", True),
        ("bus trains", False),
        ("公交 stops", True),
        ("transport", True),
        ("bus-stops", True),
        ("' & | ! :* \\", False),
        ("bus') | ('x", False),
    ],
)
def test_a_dataset_is_found_by_its_words(tx: Tx, query: str, is_found: bool) -> None:
    city = found_city(tx)
    add_dataset(tx, city)

    assert slugs(tx, query, city.publisher) == (["bus-stops"] if is_found else [])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(max_size=40), title=st.text(WRITABLE))
def test_any_text_can_be_entered_and_asked_for(tx: Tx, query: str, title: str) -> None:
    words = document_words(
        slug="x", title=Text(zh=title), keywords=(title,), summary=Text(), publisher=Text()
    )

    tx.execute("SELECT %s::tsvector", (words,))
    find.search(tx, query, by=ANONYMOUS)


def test_the_title_counts_more_than_the_summary(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    summary = replace(ENTRY, title=Text(en="Roads"), summary=Text(en="near parking"), keywords=())
    add_dataset(tx, city, "in-title", replace(ENTRY, title=Text(en="Parking")))
    add_dataset(tx, city, "in-summary", summary)

    assert slugs(tx, "parking", city.publisher) == ["in-title", "in-summary"]


def test_a_changed_title_is_found_and_the_old_one_is_not(tx: Tx) -> None:
    city = found_city(tx)
    dataset, _ = add_dataset(tx, city)
    entry = replace(ENTRY, title=Text(zh="地铁口"), summary=Text(), keywords=())

    describe.change(tx, dataset.id, entry, by=city.publisher, at=AT)

    assert slugs(tx, "地铁", city.publisher) == ["bus-stops"]
    assert slugs(tx, "公交", city.publisher) == []


def test_drafts_exist_for_their_publisher_and_for_supervisors_only(tx: Tx) -> None:
    city = found_city(tx)
    add_dataset(tx, city)

    for insider in (city.publisher, city.approver, city.bureau, city.regulator):
        assert slugs(tx, "公交", insider) == ["bus-stops"]
        assert find.dataset_named(tx, "bus-stops", by=insider)
    for outsider in (city.neighbour, ANONYMOUS):
        assert slugs(tx, "公交", outsider) == []
        with pytest.raises(DatasetNotFound):
            find.dataset_named(tx, "bus-stops", by=outsider)


def test_published_datasets_exist_for_everybody(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    publish_one(tx, city, folders, "open-one", Text(zh="公交站点"))
    add_dataset(tx, city, "draft-one")

    assert slugs(tx, "公交", ANONYMOUS) == ["open-one"]
    assert set(slugs(tx, "公交", city.publisher)) == {"open-one", "draft-one"}


def test_pages_follow_each_other_without_gap_or_repeat(tx: Tx) -> None:
    city = found_city(tx)
    names = {f"set-{number}" for number in range(7)}
    for name in names:
        add_dataset(tx, city, name)

    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page = find.search(tx, "公交", by=city.publisher, cursor=cursor, limit=2)
        assert page.count == 7
        seen += [dataset.slug for dataset in page.datasets]
        cursor = page.next_cursor

    assert cursor is None
    assert len(seen) == 7
    assert set(seen) == names


@pytest.mark.parametrize("cursor", ["", "x", "W10=", "WzEsICJ4Il0=", "bnVsbA=="])
def test_a_cursor_of_ones_own_making_is_refused(tx: Tx, cursor: str) -> None:
    with pytest.raises(MalformedPageMark):
        find.search(tx, "", by=ANONYMOUS, cursor=cursor)


def test_nobody_but_the_publisher_sees_an_unpublished_version(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    first = judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)
    second = add_version(tx, city, distribution, folders)

    for outsider in (city.neighbour, city.bureau, city.regulator, ANONYMOUS):
        overview = find.overview(tx, "bus-stops", by=outsider)
        (one,) = overview.distributions
        assert [version.id for version in one.versions] == [first.id]
        assert one.newest is not None
        assert one.newest.state is VersionState.PUBLISHED
        assert one.uploads == ()
        assert not overview.may_change
        newest = find.newest_readable(tx, distribution, by=outsider)
        assert newest is not None
        assert newest.id == first.id
        with pytest.raises(VersionNotFound):
            find.version_with_id(tx, second.id, by=outsider)
    own = find.overview(tx, "bus-stops", by=city.publisher).distributions[0]
    assert [version.id for version in own.versions] == [second.id, first.id]
    assert len(own.uploads) == 2
    newest_published = find.newest_published(tx, distribution.id)
    assert newest_published is not None
    assert newest_published.id == first.id


def test_an_input_that_the_reader_may_not_see_is_not_named(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    hidden, _ = add_dataset(tx, city, "hidden")
    dataset, distribution = add_dataset(tx, city)
    describe.name_inputs(tx, dataset.id, [hidden.id], by=city.publisher, at=AT)
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)

    assert find.overview(tx, "bus-stops", by=ANONYMOUS).inputs == ()
    assert len(find.overview(tx, "bus-stops", by=city.publisher).inputs) == 1
