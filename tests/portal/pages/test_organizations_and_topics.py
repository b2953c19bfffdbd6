"""The pages of the departments and of the topics, as their readers see them."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from catalog.curation.themes import create_theme, put_under, remove_theme, theme_with_id
from catalog.find import dataset_named
from catalog.theme import Theme, ThemeId
from policies.identity.organize import (
    change_organization,
    presented_organization,
    remove_organization,
)
from policies.identity.people import organization_named
from policies.party import ANONYMOUS
from policies.presentation import OrganizationPresentation
from policies.roles import SYSTEM
from policies.terms import Text
from portal.wiring import Wiring
from tests.exchange.city import City
from tests.people import AT, found
from tests.portal.pages.conftest import OpenBrowser


def test_a_department_says_what_it_is_and_how_to_reach_it(
    wiring: Wiring, city: City, browser_of: OpenBrowser
) -> None:
    del city
    with wiring.pool.connection() as tx:
        presented = presented_organization(tx, organization_named(tx, "transport").id)
        presentation = OrganizationPresentation(
            description=Text(zh="管路 <b>", en="Keeps the roads"),
            image_url=f"{'a' * 64}.png",
            extras=(("电话", "0755-12345"), ("uscc", "hidden here"), ("x", "<i>")),
        )
        change_organization(tx, presented.organization, presentation, by=SYSTEM, at=AT)

    page = browser_of().page("/organization/transport")

    assert "Keeps the roads" in page
    assert "0755-12345" in page
    assert "hidden here" not in page
    assert f'src="/uploads/group/{"a" * 64}.png"' in page
    assert "/oai?verb=ListRecords&metadataPrefix=oai_dc&set=org%3Atransport" in page
    assert "<i>" not in browser_of().get("/organization/transport").text
    chinese = browser_of().get("/organization/transport?lang=zh").text
    assert "管路 &lt;b&gt;" in chinese
    assert "联系方式" in chinese


def test_a_removed_department_is_not_found_and_not_listed(
    wiring: Wiring, city: City, browser_of: OpenBrowser
) -> None:
    del city
    with wiring.pool.connection() as tx:
        gone = found(tx, "short-lived")
    assert "Short-Lived" in browser_of().page("/organization")

    with wiring.pool.connection() as tx:
        remove_organization(tx, gone.id, by=SYSTEM, at=AT)

    assert "Short-Lived" not in browser_of().page("/organization")
    browser_of().page("/organization/short-lived", status=404)
    browser_of().page("/organization/unowned", status=404)


def test_a_topic_gathers_datasets_of_many_departments(
    wiring: Wiring, city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    theme = Theme(
        ThemeId(uuid4()), "mobility", Text(zh="出行", en="Mobility"), AT, Text(en="How we move")
    )
    bare = Theme(ThemeId(uuid4()), "bare-topic", Text(), AT)
    with wiring.pool.connection() as tx:
        create_theme(tx, theme, by=SYSTEM, at=AT)
        create_theme(tx, bare, by=SYSTEM, at=AT)
        dataset = dataset_named(tx, "stops", by=ANONYMOUS)
        put_under(tx, theme, dataset.id, by=SYSTEM, at=AT)

    listed = browser_of().page("/group")
    shown = browser_of().page("/group/mobility")

    assert "Mobility" in listed
    assert "bare-topic" in listed
    assert "How we move" in shown
    assert "/dataset/stops" in shown
    assert "Nothing here yet" in browser_of().page("/group/bare-topic")
    with wiring.pool.connection() as tx:
        remove_theme(tx, replace(theme_with_id(tx, theme.id)), by=SYSTEM, at=AT)
    browser_of().page("/group/mobility", status=404)
    browser_of().page("/group/never-was", status=404)


def test_the_bureau_makes_changes_and_takes_away_a_topic_on_its_pages(
    city: City, browser_of: OpenBrowser
) -> None:
    bureau = browser_of(city.bureau)

    made = bureau.submit(
        "/group/new", on="/group/new", slug="roads", title_zh="道路", title_en="Roads"
    )
    below = bureau.submit(
        "/group/new", on="/group/new", slug="kerbs", title_zh="路沿", parent="roads"
    )
    again = bureau.submit("/group/new", on="/group/new", slug="roads", title_en="Roads")
    nameless = bureau.submit("/group/new", on="/group/new", slug="lanes")
    told = {"title_zh": "路沿", "title_en": "Kerbs", "parent": "roads"}
    changed = bureau.submit("/group/kerbs/edit", on="/group/kerbs/edit", **told)

    assert [one.headers.get("Location") for one in (made, below, changed)] == [
        "/group/roads",
        "/group/kerbs",
        "/group/kerbs",
    ]
    assert again.status_code == 409
    assert "There is already a theme “roads”." in again.text
    assert nameless.status_code == 422
    assert 'href="#field-title_zh"' in nameless.text
    page = bureau.page("/group/kerbs")
    assert "Kerbs" in page
    assert 'href="/group/roads"' in page
    in_circle = bureau.submit(
        "/group/roads/edit", on="/group/roads/edit", title_zh="道路", parent="kerbs"
    )
    assert in_circle.status_code in (400, 409, 422)
    bureau.submit("/group/kerbs/remove", on="/group/kerbs/edit")
    assert bureau.get("/group/kerbs").status_code == 404


def test_nobody_else_makes_topics(city: City, browser_of: OpenBrowser) -> None:
    browser_of(city.bureau).submit("/group/new", on="/group/new", slug="roads", title_en="Roads")

    for actor in (city.publisher, city.buyer):
        visitor = browser_of(actor)
        assert "New topic" not in visitor.page("/group")
        assert visitor.get("/group/new").status_code == 403
        assert visitor.get("/group/roads/edit").status_code == 403
        refused = visitor.submit("/group/roads/remove", on="/my")
        assert refused.status_code == 403
    assert "Roads" in browser_of().page("/group")
