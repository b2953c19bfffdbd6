"""Whose data is late, told on the page, by the API and to the search."""

from __future__ import annotations

from dataclasses import replace

from catalog.curation import describe
from catalog.directory import RecordAudience
from catalog.find import dataset_named
from policies.terms import Text
from portal.search_documents import compose
from tests.exchange.city import STOPS, City, entry, later
from tests.portal.pages.conftest import OpenBrowser

PATH = "/api/v1/datasets/derived/freshness"


def made(city: City, *, audience: RecordAudience) -> None:
    """A dataset made from another that is twenty days older; both promise data every day."""
    title = Text(zh="来源", en="The source")
    source = city.publish(
        "source",
        by=city.publisher,
        approver=city.approver,
        entry=replace(entry(), title=title, audience=audience),
    )
    later(city, days=20)
    derived = city.publish("derived", by=city.publisher, approver=city.approver, entry=entry())
    with city.pool.connection() as tx:
        describe.name_inputs(tx, derived.id, [source.id], by=city.publisher, at=city.at)


def facet(city: City, slug: str) -> tuple[str, ...]:
    with city.pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=city.publisher)
        (document,) = compose(tx, [dataset.id], at=city.at)
    return document.facets.get("late", ())


def test_a_dataset_tells_that_its_source_is_late_and_is_not_late_itself(
    city: City, browser_of: OpenBrowser
) -> None:
    made(city, audience=RecordAudience.PUBLIC)
    visitor = browser_of()

    told = visitor.get(PATH).json()

    assert (told["state"], facet(city, "derived")) == ("late_source", ("late_source",))
    assert told["oldest_source"]["name"] == "source"
    assert told["as_of"] < told["came_at"]
    assert [one["name"] for one in told["late_sources"]] == ["source"]
    assert "来源“来源”已逾期未更新。" in visitor.page("/dataset/derived?lang=zh")
    assert "Made from “The source”, which is late." in visitor.page("/dataset/derived?lang=en")


def test_it_is_fresh_again_when_its_source_is(city: City, browser_of: OpenBrowser) -> None:
    made(city, audience=RecordAudience.PUBLIC)
    with city.pool.connection() as tx:
        row = tx.execute("SELECT max(number) AS n FROM catalog.search_changes").fetchone()
        assert row
        derived = dataset_named(tx, "derived", by=city.publisher)
    with city.pool.connection() as tx:
        source = dataset_named(tx, "source", by=city.publisher)
        version = city.add_version(tx, source, by=city.publisher, select=STOPS)
        tx.execute(
            """UPDATE catalog.versions
                  SET state = 'published', published_at = created_at, published_under = 'cn-2025'
                WHERE id = %s""",
            (version.id,),
        )
    with city.pool.connection() as tx:
        noted = tx.execute(
            "SELECT dataset_id FROM catalog.search_changes WHERE number > %s", (row["n"],)
        ).fetchall()

    assert derived.id in {one["dataset_id"] for one in noted}
    assert facet(city, "derived") == ("kept",)
    assert browser_of().get(PATH).json()["state"] == "kept"


def test_a_source_that_a_reader_does_not_know_of_ages_nothing_for_them(
    city: City, browser_of: OpenBrowser
) -> None:
    made(city, audience=RecordAudience.OWN)
    own, others = browser_of(city.publisher), browser_of(city.buyer)

    seen, unseen = own.get(PATH).json(), others.get(PATH).json()

    assert (seen["state"], seen["oldest_source"]["name"]) == ("late_source", "source")
    assert (unseen["state"], unseen["oldest_source"], unseen["late_sources"]) == ("kept", None, [])
    assert unseen["as_of"] == unseen["came_at"]
    assert facet(city, "derived") == ("kept",)
    assert "The source" not in others.page("/dataset/derived?lang=en")
    assert others.get("/api/v1/datasets/source/freshness").status_code == 404
