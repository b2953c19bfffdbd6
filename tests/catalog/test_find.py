from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import find
from catalog.curation import describe
from catalog.errors import DatasetNotFound, MalformedPageMark, VersionNotFound
from catalog.folders import Folders
from catalog.search.document import SearchDocument
from catalog.search.encode import encode
from catalog.search.live import LiveIndex
from catalog.version import VersionState
from policies.database import Pool, Tx
from policies.party import ANONYMOUS, Actor
from policies.terms import DatasetId, Text
from portal.pool import utc_now
from portal.search_documents import composer
from tests.catalog.city import (
    ENTRY,
    City,
    add_dataset,
    add_version,
    found_city,
    judge,
    publish_all,
)
from tests.counts import examples
from tests.people import AT

WRITABLE = st.characters(codec="utf-8", exclude_characters="\0")


@pytest.fixture
def live(pool: Pool, tmp_path: Path) -> LiveIndex:
    return LiveIndex(tmp_path / "search", pool, composer(utc_now))


@pytest.fixture
def town(pool: Pool) -> City:
    """A city whose people and datasets are committed, as an index needs them."""
    with pool.connection() as tx:
        return found_city(tx)


def slugs(pool: Pool, live: LiveIndex, query: str, by: Actor) -> list[str]:
    with pool.connection() as tx:
        found = find.search(tx, live, query, by=by)
    assert found.count == len(found.datasets)
    return [dataset.slug for dataset in found.datasets]


def publish_one(tx: Tx, city: City, folders: Folders, slug: str, title: Text) -> None:
    dataset, distribution = add_dataset(tx, city, slug, replace(ENTRY, title=title))
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)


def test_a_dataset_is_found_by_its_words(pool: Pool, live: LiveIndex, town: City) -> None:
    with pool.connection() as tx:
        add_dataset(tx, town)

    found = {query: slugs(pool, live, query, town.publisher) for query in FINDING}
    missed = {query: slugs(pool, live, query, town.publisher) for query in MISSING}

    assert found == {query: ["bus-stops"] for query in FINDING}
    assert missed == {query: [] for query in MISSING}


FINDING = (
    "",
    "公交站点",
    "公車站點",
    "交站",
    "站",
    "置",
    "公共交通",
    "stops",
    "STOP",
    "Bus  stops",
    "公交 stops",
    "公交 & stops",
    "transport",
    "bus-stops",
    "gjzd",
    "gongjiao",
)
MISSING = ("公站", "bus trains", "' & | ! :* \\", "zzz')")


@settings(
    max_examples=examples(20, long=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(query=st.text(max_size=40))
def test_any_text_can_be_asked_for(pool: Pool, live: LiveIndex, town: City, query: str) -> None:
    slugs(pool, live, query, ANONYMOUS)


@settings(
    max_examples=examples(15, long=40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(title=st.text(WRITABLE))
def test_any_text_can_be_a_title(title: str) -> None:
    text = Text(zh=title)
    document = SearchDocument(
        DatasetId(UUID(int=1)), "x", frozenset(), text, AT, AT, text, tags=(title,)
    )

    assert encode(document)["id"] == [str(UUID(int=1))]


def test_the_title_counts_more_than_the_summary(pool: Pool, live: LiveIndex, town: City) -> None:
    summary = replace(ENTRY, title=Text(en="Roads"), summary=Text(en="near parking"), keywords=())
    with pool.connection() as tx:
        add_dataset(tx, town, "in-title", replace(ENTRY, title=Text(en="Parking")))
        add_dataset(tx, town, "in-summary", summary)

    assert slugs(pool, live, "parking", town.publisher) == ["in-title", "in-summary"]


def test_a_changed_title_is_found_and_the_old_one_is_not(
    pool: Pool, live: LiveIndex, town: City
) -> None:
    with pool.connection() as tx:
        dataset, _ = add_dataset(tx, town)
    assert slugs(pool, live, "站点", town.publisher) == ["bus-stops"]

    with pool.connection() as tx:
        entry = replace(ENTRY, title=Text(zh="地铁口"), summary=Text(), keywords=())
        describe.change(tx, dataset.id, entry, by=town.publisher, at=AT)

    assert slugs(pool, live, "地铁", town.publisher) == ["bus-stops"]
    with pool.connection() as tx:
        assert find.search(tx, live, "title", by=town.publisher).count == 0


def test_drafts_exist_for_their_publisher_and_for_supervisors_only(
    pool: Pool, live: LiveIndex, town: City
) -> None:
    with pool.connection() as tx:
        add_dataset(tx, town)

    for insider in (town.publisher, town.approver, town.bureau, town.regulator):
        assert slugs(pool, live, "公交", insider) == ["bus-stops"]
        with pool.connection() as tx:
            assert find.dataset_named(tx, "bus-stops", by=insider)
    for outsider in (town.neighbour, ANONYMOUS):
        assert slugs(pool, live, "公交", outsider) == []
        with pool.connection() as tx, pytest.raises(DatasetNotFound):
            find.dataset_named(tx, "bus-stops", by=outsider)


def test_published_datasets_exist_for_everybody(
    pool: Pool, live: LiveIndex, town: City, folders: Folders
) -> None:
    with pool.connection() as tx:
        publish_one(tx, town, folders, "open-one", Text(zh="公交站点"))
        add_dataset(tx, town, "draft-one")

    assert slugs(pool, live, "公交", ANONYMOUS) == ["open-one"]
    assert set(slugs(pool, live, "公交", town.publisher)) == {"open-one", "draft-one"}


@pytest.mark.parametrize("query", ["公交", ""])
def test_pages_follow_each_other_without_gap_or_repeat(
    pool: Pool, live: LiveIndex, town: City, query: str
) -> None:
    names = {f"set-{number}" for number in range(7)}
    with pool.connection() as tx:
        for name in names:
            add_dataset(tx, town, name)

    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        with pool.connection() as tx:
            page = find.search(tx, live, query, by=town.publisher, cursor=cursor, limit=2)
        assert page.count == 7
        seen += [dataset.slug for dataset in page.datasets]
        cursor = page.next_cursor

    assert cursor is None
    assert len(seen) == 7
    assert set(seen) == names


@pytest.mark.parametrize("cursor", ["", "x", "W10=", "WzEsICJ4Il0=", "bnVsbA==", "WyItMSJd"])
@pytest.mark.parametrize("query", ["公交", ""])
def test_a_cursor_of_ones_own_making_is_refused(
    tx: Tx, pool: Pool, live: LiveIndex, cursor: str, query: str
) -> None:
    with pytest.raises(MalformedPageMark):
        find.search(tx, live, query, by=ANONYMOUS, cursor=cursor)


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
