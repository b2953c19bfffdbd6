"""Following: what happened to a dataset, a department or a topic reaches those who follow it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from catalog import find
from catalog.curation import describe
from catalog.directory import RecordAudience
from policies.party import Actor
from policies.terms import Text
from tests.exchange.city import City, later
from tests.portal.pages.conftest import OpenBrowser


def rename(city: City, slug: str, **changes: object) -> None:
    with city.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=city.publisher)
        told = replace(dataset.entry, **changes)  # type: ignore[arg-type]
        describe.change(tx, dataset.id, told, by=city.publisher, at=city.at)


def test_the_news_of_a_followed_department_and_dataset_are_told_until_they_are_seen(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    reader: Actor = city.officer
    visitor = browser_of(reader)
    visitor.submit("/organization/transport/follow", on="/organization/transport")
    visitor.submit("/dataset/stops/follow", on="/dataset/stops/talk")
    visitor.submit("/my/follows/seen", on="/my/follows")
    later(city, minutes=5)
    assert "Nothing is new since you looked." in visitor.page("/my/follows")

    rename(city, "stops", title=Text(zh="站点", en="Every stop"))

    page = visitor.page("/my/follows")
    assert "1 thing is new." in page
    assert page.count("1 new") == 2, "at the dataset and at its department"
    assert "Every stop" in page
    assert "What I follow: 1 new" in visitor.page("/my")
    later(city, minutes=5)
    visitor.submit("/my/follows/seen", on="/my/follows")
    assert "Nothing is new since you looked." in visitor.page("/my/follows")
    assert "What I follow: " not in visitor.page("/my")


def test_what_a_follower_may_no_longer_see_is_no_news(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of(city.buyer)
    visitor.submit("/dataset/stops/follow", on="/dataset/stops/talk")
    visitor.submit("/organization/transport/follow", on="/organization/transport")
    later(city, minutes=5)

    rename(city, "stops", audience=RecordAudience.OWN, title=Text(zh="密", en="A secret name"))

    page = visitor.page("/my/follows")
    assert "A secret name" not in page
    assert "/dataset/stops" not in page
    assert "Nothing is new since you looked." in page


def test_one_stops_following_with_one_press(city: City, browser_of: OpenBrowser) -> None:
    stops = city.open_stops()
    visitor = browser_of(city.officer)
    visitor.submit("/dataset/stops/follow", on="/dataset/stops/talk")

    ended = [
        visitor.submit("/my/follows/end", on="/my/follows", kind="dataset", id=str(stops.id)),
        visitor.submit("/my/follows/end", on="/my/follows", kind="dataset", id=str(UUID(int=1))),
    ]

    assert [one.status_code for one in ended] == [303, 303]
    assert "Follow a dataset, a department or a topic" in visitor.page("/my/follows")
    assert browser_of().get("/my/follows").status_code in (303, 401)
