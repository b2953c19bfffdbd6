"""Finding: facets, hits, suggestions, comparing and saved searches, each reader only their own."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from catalog import find
from catalog.curation.themes import create_theme, put_under
from catalog.directory import RecordAudience
from catalog.theme import Theme, ThemeId
from policies.terms import Text
from portal.wiring import Wiring
from quality.notice_late import notice_late
from tests.exchange.city import City, later
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.stocked import SECRET, described
from tests.portal.visitor import Visitor


@pytest.fixture
def visitor(stocked: City, browser_of: OpenBrowser) -> Visitor:
    """Somebody who is not signed in."""
    return browser_of()


def facet(page: str, value: str) -> int | None:
    """The number beside a value of a facet; None where it is not offered."""
    found = re.search(
        rf'id="facet-[^>]*>(?:(?!</li>).)*</span>{re.escape(value)}(?:(?!</li>).)*?'
        r'class="of">([\d,]+)<',
        page,
        re.DOTALL,
    )
    return int(found.group(1).replace(",", "")) if found else None


def count(page: str) -> int:
    """How many datasets the page says that there are."""
    found = re.search(r"<strong>([\d,]+) datasets?</strong>", page)
    assert found is not None
    return int(found.group(1))


def test_facets_count_exactly_and_follow_each_click(visitor: Visitor) -> None:
    everything = visitor.page("/dataset")

    assert count(everything) == 4
    assert facet(everything, "交通") == 2
    assert facet(everything, "CSV") == 2
    assert facet(everything, "Yearly") == 1
    assert facet(everything, "Free") == 1

    one = visitor.page("/dataset?tag=交通")

    assert count(one) == 2
    assert facet(one, "CSV") == 1
    assert facet(one, "Yearly") is None
    assert facet(one, "天气") == 1, "what choosing this keyword too would add"
    assert "(take this filter out)" in one
    assert "Clear all" in one

    two = visitor.page("/dataset?tag=交通&tag=天气&format=CSV")

    assert count(two) == 1
    assert facet(two, "交通") == 1
    assert 'href="/dataset?tag=%E4%BA%A4%E9%80%9A&tag=%E5%A4%A9%E6%B0%94"' in two
    assert count(visitor.page("/dataset?price=1&price=0.01")) == 1
    assert count(visitor.page("/dataset?organization=transport")) == 3
    assert count(visitor.page("/dataset?tag=unknown")) == 0


def test_a_long_facet_is_looked_through_in_both_scripts(
    stocked: City, browser_of: OpenBrowser
) -> None:
    stocked.publish(
        "words",
        by=stocked.publisher,
        approver=stocked.approver,
        entry=described(Text(en="Words"), *(f"word-{number:02}" for number in range(30))),
    )
    visitor = browser_of()

    page = visitor.page("/dataset")
    assert "Look through: Keyword" in page
    assert facet(page, "word-29") is None

    page = visitor.page("/dataset?within=tag&holding=WORD-29")
    assert facet(page, "word-29") == 1
    assert facet(page, "交通") is None
    assert facet(visitor.page("/dataset?within=tag&holding=停车"), "停車") == 1
    assert "No value holds these words" in visitor.page("/dataset?within=tag&holding=飞碟")
    assert "Shared without conditions" in visitor.page("/dataset?within=nothing&holding=x")


def test_a_card_says_what_it_is_and_why_it_was_found(visitor: Visitor) -> None:
    for typed in ("停车场", "tcc", "parking"):
        page = visitor.page(f"/dataset?q={typed}")
        assert "臺北市停車場資訊" in page
        assert f"for “{typed}”" in page, typed
    assert count(page) == 1
    for shown in ("臺北市", "General data", "40 rows × 3 columns", "CSV Parquet JSON", "Monthly"):
        assert shown in page
    zh = visitor.page("/dataset?q=metro&lang=zh")
    assert "地铁客流" in zh
    assert '<p class="other" lang="en">Metro riders</p>' in zh


def test_order_form_and_page_stand_in_the_address(stocked: City, browser_of: OpenBrowser) -> None:
    stocked.query("SELECT * FROM lots", stocked.buyer)
    visitor = browser_of()

    def order(query: str) -> list[str]:
        page = visitor.page(f"/dataset?{query}")
        return re.findall(r'<h3><a href="/dataset/([\w-]+)"', page)

    assert order("sort=used")[0] == "lots"
    assert sorted(order("sort=used")) == sorted(order("sort=newest"))
    assert order("sort=title&lang=en")[-1] == "lots"
    assert order("sort=best&q=metro") == ["metro"]
    rows = visitor.page("/dataset?view=rows&tag=交通")
    assert "<table" in rows
    assert "view=rows" in rows.split("Most used")[0]
    beyond = visitor.page("/dataset?page=9")
    assert "The list ends before this page" in beyond
    assert 'href="/dataset"' in beyond


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=two",
        "page=999999999",
        "sort=price",
        "view=map",
        "q=" + "x" * 201,
        "tag=" + "x" * 301,
        "tag=",
        "tag=%00",
        "&".join(f"tag=t{number}" for number in range(21)),
        "&".join(f"compare=t{number}" for number in range(5)),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(query: str, browser_of: OpenBrowser) -> None:
    answer = browser_of().get(f"/dataset?{query}")

    assert answer.status_code in (400, 422)
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%22", "q=tag:x+AND+(", "q=%EF%BF%BD", "q=*", "q=the"]
)
def test_strange_words_find_what_they_find(query: str, visitor: Visitor) -> None:
    assert "<h1>" in visitor.page(f"/dataset?{query}&organization=%2e%2e&topic=x&licence=y&price=z")
    assert "<h1>" in visitor.page(f"/dataset?{query}")


def test_nothing_found_helps_on(visitor: Visitor) -> None:
    misspelt = visitor.page("/dataset?q=wether")
    assert "Nothing found" in misspelt
    assert 'href="/dataset?q=weather"' in misspelt

    same_sound = visitor.page("/dataset?q=停车厂")
    assert re.search(r'href="/dataset\?q=[^"]*">停车场</a>', same_sound)

    too_much = visitor.page("/dataset?q=metro&tag=天气&cycle=yearly")
    assert "Without “Keyword”" not in too_much, "it would still find nothing"
    assert "Without any filter" in too_much
    assert "All datasets" in too_much

    nothing = visitor.page("/dataset?q=飞碟")
    assert "Ask the city for this data" in nothing
    assert "q%3D%25E9%25A3%259E%25E7%25A2%259F" in nothing


def test_suggestions_come_in_groups_for_both_scripts_readings_and_english(
    stocked: City, visitor: Visitor
) -> None:
    with stocked.pool.connection() as tx:
        theme = Theme(ThemeId(uuid4()), "movement", Text(zh="出行", en="Getting about"), stocked.at)
        create_theme(tx, theme, by=stocked.bureau, at=stocked.at)
        for slug in ("lots", "metro", SECRET):
            dataset = find.dataset_named(tx, slug, by=stocked.publisher)
            put_under(tx, theme, dataset.id, by=stocked.bureau, at=stocked.at)

    for typed in ("停车", "停車", "tcc", "parking", "tingche"):
        assert "/dataset/lots" in visitor.page(f"/dataset/suggest?q={typed}"), typed
    assert "/organization/transport" in visitor.page("/dataset/suggest?q=transp")
    assert 'href="/dataset?tag=%E4%BA%A4%E9%80%9A"' in visitor.page("/dataset/suggest?q=jt")
    for typed in ("出行", "cx", "getting", "movem"):
        page = visitor.page(f"/dataset/suggest?q={typed}")
        assert 'href="/dataset?topic=movement"' in page, typed
        assert "2 datasets" in re.sub(r"<[^>]+>", "", page), typed
    assert "href" not in visitor.page("/dataset/suggest?q=")

    told = visitor.get("/api/v1/suggest?q=tcc").json()

    assert [one["href"] for one in told["datasets"]] == ["/dataset/lots"]
    assert "tcc" in told["datasets"][0]["reason"]
    assert set(told) == {"datasets", "departments", "topics", "columns"}
    assert visitor.get("/api/v1/suggest?q=name").json()["columns"][0]["label"] == "name"
    assert visitor.get("/api/v1/suggest").status_code == 422
    assert visitor.get("/api/v1/suggest?q=x&limit=1000").status_code == 422


def test_what_one_may_not_see_shows_nowhere(stocked: City, browser_of: OpenBrowser) -> None:
    citizen, officer = browser_of(), browser_of(stocked.officer)

    pages = {
        who: [
            visitor.page("/dataset"),
            visitor.page("/dataset?q=停车"),
            visitor.page("/dataset?within=tag&holding=机密"),
            visitor.page("/dataset?q=jimici"),
            visitor.page("/dataset/suggest?q=jmc"),
            visitor.page("/dataset/suggest?q=police"),
            visitor.page(f"/compare?dataset={SECRET}&dataset=lots"),
            visitor.page("/dataset?q=polise"),
            visitor.page("/"),
        ]
        for who, visitor in (("citizen", citizen), ("officer", officer))
    }

    for page in pages["citizen"]:
        for word in ("机密词", "Police lots", "内部停車場", "禁区", f"/dataset/{SECRET}"):
            assert word not in page
    for page in pages["officer"][:7]:
        assert "机密词" in page or "Police lots" in page
    assert count(pages["citizen"][0]) == 4
    assert count(pages["officer"][0]) == 5
    assert facet(pages["citizen"][0], "停車") == 1
    assert facet(pages["officer"][0], "停車") == 2
    assert facet(pages["citizen"][0], "Important data") is None
    hidden = citizen.page(f"/dataset?compare={SECRET}")
    assert "To compare" not in hidden
    absent = citizen.page("/compare?dataset=never-there&dataset=lots")
    assert absent == pages["citizen"][6].replace(SECRET, "never-there")


def test_datasets_are_put_side_by_side(visitor: Visitor) -> None:
    page = visitor.page("/dataset?compare=lots&tag=交通")
    assert "Add one more" in page
    assert "compare=lots&compare=metro" in page

    page = visitor.page("/dataset?compare=lots&compare=sold-stops")
    assert 'href="/compare?dataset=lots&dataset=sold-stops"' in page

    page = visitor.page("/compare?dataset=lots&dataset=sold-stops&dataset=metro")
    assert "3 columns are in several of them" in page
    assert "0.001 credits" in page
    assert 'href="/compare?dataset=lots&dataset=metro"' in page
    assert "Nothing to compare yet" in visitor.page("/compare")
    assert visitor.get("/compare?" + "&".join(["dataset=x"] * 5)).status_code in (400, 422)


def test_a_saved_search_tells_its_owner_what_is_new(stocked: City, browser_of: OpenBrowser) -> None:
    buyer, other = browser_of(stocked.buyer), browser_of(stocked.seller)
    assert "/my/searches/new?query=" in buyer.page("/dataset?q=metro")
    form = "/my/searches/new?query=tag%3D%E4%BA%A4%E9%80%9A"
    assert "交通" in buyer.page(form)

    kept = buyer.submit("/my/searches", on=form, query="tag=交通&page=3&x=1", name="Traffic")

    assert kept.status_code == 303
    desk = buyer.page("/my")
    assert "Traffic" in desk
    assert 'href="/dataset?tag=%E4%BA%A4%E9%80%9A"' in desk
    assert "new dataset" not in desk
    assert "Traffic" not in other.page("/my")

    stocked.at += timedelta(hours=1)
    stocked.publish(
        "buses",
        by=stocked.publisher,
        approver=stocked.approver,
        entry=described(Text(en="Buses"), "交通"),
    )
    stocked.publish(
        "hidden-buses",
        by=stocked.publisher,
        approver=stocked.approver,
        entry=described(Text(en="Vans"), "交通", audience=RecordAudience.DEPARTMENTS),
    )
    desk = buyer.page("/my")
    assert "1 new dataset" in desk
    (search_id,) = re.findall(r"/my/searches/([\w-]+)/open", desk)

    foreign = other.submit(f"/my/searches/{search_id}/open", on="/my")
    assert foreign.status_code == 404
    assert other.submit(f"/my/searches/{search_id}/delete", on="/my").status_code == 404
    stocked.at += timedelta(minutes=1)
    opened = buyer.submit(f"/my/searches/{search_id}/open", on="/my")
    assert opened.headers["Location"] == "/dataset?tag=%E4%BA%A4%E9%80%9A"
    assert "1 new dataset" not in buyer.page("/my")

    assert buyer.submit(f"/my/searches/{search_id}/delete", on="/my").status_code == 303
    assert "No saved searches yet" in buyer.page("/my")


def test_what_cannot_be_saved_is_refused_with_the_reason(
    stocked: City, browser_of: OpenBrowser
) -> None:
    buyer = browser_of(stocked.buyer)
    form = "/my/searches/new?query=q%3Dmetro"

    nameless = buyer.submit("/my/searches", on=form, query="q=metro", name=" ")
    everything = buyer.submit("/my/searches", on=form, query="sort=used", name="All")

    assert nameless.status_code == 400
    assert "Name the search" in nameless.text
    assert everything.status_code == 400
    assert browser_of().get(form).status_code in (302, 303, 401)
    for number in range(50):
        sent = buyer.submit("/my/searches", on=form, query=f"q=w{number}", name=f"n{number}")
        assert sent.status_code == 303
    assert buyer.submit("/my/searches", on=form, query="q=w51", name="n").status_code == 409
    assert buyer.submit("/my/searches", on=form, query="q=w1", name="renamed").status_code == 303
    assert "renamed" in buyer.page("/my")


def test_the_start_page_leads_to_topics_wishes_and_says_how_all_runs(visitor: Visitor) -> None:
    page = visitor.page("/")

    assert 'href="/dataset?tag=%E4%BA%A4%E9%80%9A"' in page
    assert "/requests-for-data" in page
    assert "How the service runs" in page
    for door in ("/publish", "/dataset", "/audit", "/group"):
        assert f'href="{door}"' in page


def test_a_promise_that_breaks_as_time_passes_is_found_and_shown_as_late(
    city: City, wiring: Wiring, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    visitor = browser_of()
    with wiring.pool.connection() as tx:
        assert notice_late(tx, at=city.at) == 0
    before = visitor.page("/dataset")
    assert (facet(before, "On time"), facet(before, "Late")) == (1, None)
    assert "Late: new data was due" not in visitor.page("/dataset/stops")

    later(city, days=5)
    with wiring.pool.connection() as tx:
        noticed = [notice_late(tx, at=city.at), notice_late(tx, at=city.at)]

    after = visitor.page("/dataset")
    assert noticed == [1, 0], "once for each day"
    assert (facet(after, "On time"), facet(after, "Late")) == (None, 1)
    assert count(visitor.page("/dataset?late=late")) == 1
    assert "Late: new data was due" in visitor.page("/dataset/stops")

    with wiring.pool.connection() as tx:
        (stops,) = find.listed(tx, by=city.publisher, limit=10).datasets
        fresh = city.add_version(tx, stops, by=city.publisher, select="SELECT 1 AS id")
        tx.execute(
            """
            UPDATE catalog.versions
               SET state = 'published', published_by = %s, published_at = created_at
             WHERE id = %s
            """,
            (city.approver.user_id, fresh.id),
        )
    assert facet(browser_of().page("/dataset"), "On time") == 1
