"""Searching right after a write, through a real database and a real index."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.curation import describe
from catalog.search.engine import writing
from catalog.search.errors import IndexWriterBusy
from catalog.search.follow import rebuild
from catalog.search.generations import current_generation
from catalog.search.labels import labels_for
from catalog.search.live import LiveIndex
from catalog.search.lucene import read_filter, read_query
from catalog.search.query import Facet, Search, Words
from policies.database import Pool
from policies.party import ANONYMOUS, Actor
from policies.terms import Text
from portal.pool import utc_now
from portal.search_documents import composer
from tests.catalog.city import ENTRY, City, add_dataset, add_version, folders_in, found_city, judge
from tests.catalog.city import publish_all as publish_dataset
from tests.people import AT


@pytest.fixture
def live(pool: Pool, tmp_path: Path) -> LiveIndex:
    return LiveIndex(tmp_path / "search", pool, composer(utc_now))


@pytest.fixture
def city(pool: Pool) -> City:
    with pool.connection() as tx:
        return found_city(tx)


def found(pool: Pool, live: LiveIndex, query: str, by: Actor) -> int:
    with pool.connection() as tx:
        return live.search(tx, Search(labels_for(by), read_query(query, at=AT))).count


def test_a_write_is_seen_by_the_next_search(pool: Pool, live: LiveIndex, city: City) -> None:
    assert found(pool, live, "公交", city.publisher) == 0

    with pool.connection() as tx:
        dataset, _ = add_dataset(tx, city)

    assert found(pool, live, "公交", city.publisher) == 1
    with pool.connection() as tx:
        described = replace(dataset.entry, title=Text(zh="地铁站", en="Metro"), keywords=())
        described = replace(described, summary=Text())
        describe.change(tx, dataset.id, described, by=city.publisher, at=AT)
    assert found(pool, live, "title:公交", city.publisher) == 0
    assert found(pool, live, "subway", city.publisher) == 1


def test_a_draft_is_found_by_its_own_people_only(pool: Pool, live: LiveIndex, city: City) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)

    assert found(pool, live, "公交", city.publisher) == 1
    assert found(pool, live, "公交", city.bureau) == 1
    assert found(pool, live, "公交", city.neighbour) == 0
    assert found(pool, live, "公交", ANONYMOUS) == 0


def test_what_is_published_is_found_by_all_with_its_facets(
    pool: Pool, live: LiveIndex, city: City, tmp_path: Path
) -> None:
    with pool.connection() as tx:
        dataset, distribution = add_dataset(tx, city)
        judge(tx, add_version(tx, city, distribution, folders_in(tmp_path)))
        publish_dataset(tx, city, dataset.id)

    with pool.connection() as tx:
        page = live.search(
            tx,
            Search(
                labels_for(ANONYMOUS),
                filters=(read_filter(f"organization:{city.transport.slug}", at=AT),),
                facets=(Facet("organization"), Facet("tags"), Facet("workflow")),
            ),
        )
    assert page.ids == (dataset.id,)
    assert [(one.value, one.count) for one in page.facets["organization"]] == [
        (city.transport.slug, 1)
    ]
    assert {one.value for one in page.facets["tags"]} == set(ENTRY.keywords)


def test_a_lost_index_is_built_again(pool: Pool, live: LiveIndex, city: City) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)
    assert found(pool, live, "公交", city.publisher) == 1

    shutil.rmtree(live.folder)

    assert found(pool, live, "公交", city.publisher) == 1


def test_a_damaged_index_is_built_again(pool: Pool, live: LiveIndex, city: City) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)
    assert found(pool, live, "公交", city.publisher) == 1

    generation = current_generation(live.folder)
    assert generation is not None
    (live.folder / generation / "meta.json").write_text("{")

    assert found(pool, LiveIndex(live.folder, pool, composer(utc_now)), "公交", city.publisher) == 1


def test_an_index_of_another_database_is_not_believed(
    pool: Pool, live: LiveIndex, city: City
) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)
    assert found(pool, live, "公交", city.publisher) == 1

    with pool.connection() as tx:
        tx.execute("UPDATE catalog.search_feed SET id = gen_random_uuid()")

    assert found(pool, live, "公交", city.publisher) == 1


def test_an_index_that_lost_touch_is_built_again(pool: Pool, live: LiveIndex, city: City) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)
    assert found(pool, live, "公交", city.publisher) == 1

    with pool.connection() as tx:
        add_dataset(tx, city, "bus-lines")
    with pool.connection() as tx:
        tx.execute("DELETE FROM catalog.search_changes")
        tx.execute("UPDATE catalog.search_feed SET forgotten_to = pg_current_xact_id()")

    assert found(pool, live, "公交", city.publisher) == 2


def test_a_second_writer_is_refused(pool: Pool, live: LiveIndex, city: City) -> None:
    assert found(pool, live, "公交", city.publisher) == 0

    with writing(live.folder), pytest.raises(IndexWriterBusy), writing(live.folder):
        pass


def test_what_changes_while_the_index_is_built_is_not_missed(
    pool: Pool, live: LiveIndex, city: City
) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)

    names = iter(["bus-lines"])

    def write_meanwhile(_: int) -> None:
        for name in names:
            with pool.connection() as tx:
                add_dataset(tx, city, name)

    rebuild(pool.connection, live.folder, composer(utc_now), progress=write_meanwhile)

    assert found(pool, live, "公交", city.publisher) == 2


def test_many_searches_at_once_see_what_was_written_before(
    pool: Pool, live: LiveIndex, city: City
) -> None:
    def write_and_search(number: int) -> int:
        with pool.connection() as tx:
            add_dataset(tx, city, f"bus-stops-{number}")
        return found(pool, live, f"name:bus-stops-{number}", city.publisher)

    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(write_and_search, range(8)))

    assert seen == [1] * 8


def test_a_write_that_is_rolled_back_is_never_found(
    pool: Pool, live: LiveIndex, city: City
) -> None:
    with pool.connection() as tx:
        add_dataset(tx, city)
        with pool.connection() as other:
            page = live.search(other, Search(labels_for(city.publisher), Words("公交")))
        tx.rollback()

    assert page.count == 0
    assert found(pool, live, "公交", city.publisher) == 0
