"""Records through the pages: described, reviewed, published, talked about, asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from uuid import uuid4

from catalog.curation import deposit
from catalog.curation.deposit import Deposit
from catalog.dataset import Distribution, DistributionId
from catalog.directory import Directory
from catalog.find import dataset_named
from policies.decision.profile import profile_in_force
from policies.terms import Text
from portal.wiring import Wiring
from tests.exchange.city import City, entry
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

RECORD = {
    "slug": "parking",
    "title_zh": "公共停车场",
    "title_en": "Public car parks",
    "grade": "1",
    "audience": "public",
    "share_type": "not_shared",
    "share_law": "data-security-law",
    "share_basis": "第21条",
    "open_type": "conditional",
    "open_condition": "Say who you are",
    "update_cycle": "monthly",
    "gov_code": "301005/00012",
    "class_code": "301005",
    "spatial": "310000",
    "maintainer": "Data office",
    "without_data": "yes",
}


def registered(visitor: Visitor) -> None:
    answer = visitor.submit("/publish/new", on="/publish/new", **RECORD)
    assert answer.headers["Location"] == "/publish/parking?done=registered", answer.text


def submitted(visitor: Visitor) -> None:
    answer = visitor.submit("/publish/parking/submit", on="/publish/parking")
    assert answer.headers["Location"] == "/publish/parking?done=submitted", answer.text


def published(city: City, browser_of: OpenBrowser) -> None:
    desk = browser_of(city.publisher)
    registered(desk)
    submitted(desk)
    browser_of(city.approver).submit(
        "/inbox/dataset/parking", on="/inbox/dataset/parking", decision="publish"
    )


def test_a_record_without_data_goes_from_form_to_public(
    city: City, browser_of: OpenBrowser
) -> None:
    desk, head = browser_of(city.publisher), browser_of(city.approver)
    registered(desk)
    assert "Hand to the approver" in desk.page("/publish/parking")
    preview = desk.page("/publish/parking/preview")
    assert "None: it is not shared" in preview
    submitted(desk)
    assert "It lies with the approver" in desk.page("/publish/parking/describe")

    assert "Public car parks" in head.page("/inbox")
    page = head.page("/inbox/dataset/parking")
    assert "Data Security Law 第21条" in page
    head.submit("/inbox/dataset/parking", on="/inbox/dataset/parking", decision="review")
    assert "Approved" in head.page("/inbox?done=reviewed")
    head.submit("/inbox/dataset/parking", on="/inbox/dataset/parking", decision="publish")

    public = browser_of()
    assert "Public car parks" in public.page("/dataset/parking")
    history = public.page("/dataset/parking/history")
    assert "A dataset was published" in history
    assert "tao" not in history
    assert "tao" in desk.page("/dataset/parking/history")

    refused = head.submit(
        "/inbox/dataset/parking", on="/inbox/dataset/parking", decision="withdraw", reason=" "
    )
    assert refused.status_code == 400
    head.submit(
        "/inbox/dataset/parking", on="/inbox/dataset/parking", decision="withdraw", reason="Wrong"
    )
    public.page("/dataset/parking", status=404)
    again = desk.submit("/publish/parking/take-up", on="/publish/parking", reason="Mended")
    assert again.headers["Location"] == "/publish/parking?done=taken-up"


def test_a_record_is_read_back_into_its_form_without_loss(
    city: City, browser_of: OpenBrowser
) -> None:
    desk = browser_of(city.publisher)
    registered(desk)
    with city.pool.connection() as tx:
        before = dataset_named(tx, "parking", by=city.publisher).entry
    assert before.share_basis == "《数据安全法》第21条"

    page = desk.page("/publish/parking/describe")
    fields = {name: value for name, value in RECORD.items() if name not in ("slug", "without_data")}
    for name in ("gov_code", "spatial", "share_basis", "open_condition", "maintainer"):
        assert f'name="{name}" value="{RECORD[name]}"' in page
    assert re.search(r'value="data-security-law" selected', page)
    desk.submit("/publish/parking/describe", on="/publish/parking/describe", **fields)

    with city.pool.connection() as tx:
        assert dataset_named(tx, "parking", by=city.publisher).entry == before


def test_not_shared_without_a_law_says_so_and_keeps_what_was_typed_even_after_leaving(
    city: City, browser_of: OpenBrowser
) -> None:
    desk = browser_of(city.publisher)
    wrong = {**RECORD, "share_law": "", "share_basis": "", "temporal_start": "soon"}

    answer = desk.submit("/publish/new", on="/publish/new", **wrong)

    assert answer.status_code == 422
    assert 'href="#field-share_law"' in answer.text
    assert 'href="#field-temporal_start"' in answer.text
    again = browser_of(city.publisher).page("/publish/new")
    assert "This is your draft" in again
    assert 'value="soon"' in again
    assert "公共停车场" in again
    desk.submit("/publish/new/discard", on="/publish/new")
    assert "公共停车场" not in desk.page("/publish/new")


def test_points_rise_while_one_types(city: City, browser_of: OpenBrowser) -> None:
    desk = browser_of(city.publisher)
    token = desk.form_token("/publish/new")

    def points(**typed: str) -> int:
        part = desk.post(
            "/publish/new/draft",
            data={"csrf_token": token, **typed},
            headers={"HX-Request-Type": "partial"},
        )
        assert part.status_code == 200
        assert "<html" not in part.text
        found = re.search(r"<strong>(\d+) of 405</strong>", part.text)
        assert found is not None
        return int(found.group(1))

    bare = points(title_en="Parking")
    fuller = points(title_en="Parking", keywords="car,park", spatial="310000")
    assert fuller == bare + 50
    assert "This is your draft" in desk.page("/publish/new")


def test_a_filing_fault_is_named_and_mended_with_one_click(
    city: City, browser_of: OpenBrowser
) -> None:
    desk = browser_of(city.publisher)
    desk.submit(
        "/publish/new",
        on="/publish/new",
        **{**RECORD, "format_class": "file", "share_channel": "database"},
    )
    assert "does not fit the kind of format" in desk.page("/publish/parking/describe")

    desk.submit("/publish/parking/mend", on="/publish/parking/describe", fault="channel-misfits")

    assert "does not fit the kind of format" not in desk.page("/publish/parking/describe")


def test_a_series_is_chosen_in_the_form_and_lists_its_datasets(
    city: City, browser_of: OpenBrowser
) -> None:
    desk = browser_of(city.publisher)
    desk.submit(
        "/publish/new",
        on="/publish/new",
        **{**RECORD, "slug": "all-years", "type_name": "series", "gov_code": ""},
    )
    answer = desk.submit("/publish/new", on="/publish/new", **{**RECORD, "series": "all-years"})

    assert answer.status_code == 303
    assert "Public car parks" in desk.page("/publish/all-years")


def test_readers_ask_the_department_answers_and_both_are_escaped(
    city: City, browser_of: OpenBrowser
) -> None:
    published(city, browser_of)
    talk = "/dataset/parking/talk"
    reader, desk = browser_of(city.buyer), browser_of(city.publisher)
    assert "To ask or answer you need an account" in browser_of().page(talk)

    reader.submit(f"{talk}/questions", on=talk, question="<script>alert(1)</script> why?")
    page = reader.get(talk).text
    assert "&lt;script&gt;" in page
    found = re.search(r"/talk/questions/([0-9a-f-]{36})/answers", page)
    assert found is not None
    desk.submit(f"{talk}/questions/{found.group(1)}/answers", on=talk, answer="Because.")
    assert "Answer of the department" in browser_of().page(talk)
    empty = reader.submit(f"{talk}/questions", on=talk, question=" ")
    assert empty.status_code == 400
    assert 'href="#field-question"' in empty.text

    named = reader.submit(
        f"{talk}/reuses", on=talk, title="A map", link="https://example.org/", maker="A school"
    )
    assert named.status_code == 303
    assert 'rel="nofollow ugc noopener noreferrer"' in reader.page(talk)
    wrong = reader.submit(f"{talk}/reuses", on=talk, title="X", link="javascript:1", maker="Y")
    assert wrong.status_code == 400
    assert 'href="#field-link"' in wrong.text
    desk.submit(
        f"{talk}/moderate", on=talk, kind="question", id=found.group(1), reason="Not a question"
    )
    assert "why?" not in browser_of().page(talk)
    reader.submit("/dataset/parking/follow", on=talk, decision="follow")
    assert "1 person follows this dataset." in reader.page(talk)


def test_a_picture_is_shown_with_its_reuse_and_nothing_else_is_taken(
    city: City, browser_of: OpenBrowser
) -> None:
    published(city, browser_of)
    talk = "/dataset/parking/talk"
    reader = browser_of(city.buyer)
    token = reader.form_token(talk)
    fields = {"csrf_token": token, "title": "Map", "link": "https://a.example/", "maker": "Me"}

    def send(content: bytes) -> int:
        answer = reader.post(
            f"{talk}/reuses", data=fields, files={"picture": ("p.png", content, "image/png")}
        )
        return int(answer.status_code)

    assert send(b"<svg/>") == 400
    assert send(b"\x89PNG\r\n\x1a\n....") == 303
    found = re.search(r'src="(/dataset/parking/talk/pictures/[0-9a-f-]+)"', reader.get(talk).text)
    assert found is not None
    picture = browser_of().get(found.group(1))
    assert picture.headers["Content-Type"] == "image/png"


def test_a_search_in_vain_becomes_a_wish_that_the_department_answers(
    city: City, browser_of: OpenBrowser
) -> None:
    desk, reader, other = (
        browser_of(actor) for actor in (city.publisher, city.buyer, city.officer)
    )
    desk.submit("/publish/demand", on="/publish/demand", duties="充电桩 charging points")
    asked = reader.submit(
        "/requests-for-data", on="/requests-for-data/new?q=充电桩空位", title="充电桩空位"
    )
    place = asked.headers["Location"].partition("?")[0]
    assert "Transport" in reader.page(place)
    other.submit(f"{place}/join", on=place, decision="join")
    assert "2 people ask" in browser_of().page("/requests-for-data")
    assert "充电桩空位" in browser_of(city.approver).page("/inbox")

    wrong = desk.submit(f"{place}/answer", on=place, decision="refuse", words="No")
    assert wrong.status_code == 400
    assert 'href="#field-legal_basis"' in wrong.text
    no_day = desk.submit(f"{place}/answer", on=place, decision="promise", promised_on="soon")
    assert no_day.status_code == 422
    desk.submit(f"{place}/answer", on=place, decision="promise", promised_on="2026-06-01")
    assert "It will be published by" in browser_of().page(place)
    published(city, browser_of)
    desk.submit(
        f"{place}/answer", on=place, decision="point", dataset="http://testserver/dataset/parking"
    )
    assert "Public car parks" in browser_of().page(place)


def test_everything_about_a_strangers_draft_is_not_found(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    registered(browser_of(city.publisher))
    stranger = browser_of(city.seller)

    for path in (
        *("/publish/parking/describe", "/publish/parking/preview", "/dataset/parking/history"),
        "/dataset/parking/talk",
    ):
        stranger.page(path, status=404)
    stranger.page("/requests-for-data/00000000-0000-0000-0000-000000000000", status=404)


def elsewhere(city: City, *addresses: str) -> None:
    """A public record whose data its publisher keeps at these addresses."""
    directory = Directory(
        class_code="301005",
        spatial="310000",
        maintainer="Data office",
        maintainer_email="data@example.org",
        contact_phone="0310-5550100",
        share_condition="For law enforcement",
        landing_page="javascript:alert(1)",
        temporal_start=date(2020, 1, 1),
    )
    with city.pool.connection() as tx:
        dataset_id = deposit.new_id(tx)
        files = tuple(
            Distribution(
                id=DistributionId(uuid4()),
                dataset_id=dataset_id,
                slug=f"file-{place}",
                title=Text(en=f"File {place}"),
                access_url=address,
                key_columns=(),
                created_at=city.at,
                modified_at=city.at,
                format="CSV",
            )
            for place, address in enumerate(addresses)
        )
        told = Deposit("parking", city.transport.id, replace(entry(), directory=directory), files)
        deposit.deposit(tx, dataset_id, told, by=city.publisher, at=city.at)
        deposit.put_out(tx, dataset_id, profile_id=profile_in_force(city.at).id, at=city.at)


def test_data_at_its_publisher_is_reached_from_its_page(
    city: City, browser_of: OpenBrowser
) -> None:
    elsewhere(city, "https://files.example.org/a.csv", "javascript:alert(1)")

    page = browser_of().page("/dataset/parking")

    assert page.count('href="https://files.example.org/a.csv"') == 2
    assert "Get it from its publisher" in page
    assert "As its publisher states" in page
    assert "None set" not in page
    assert "files.example.org" in page
    assert 'href="javascript' not in page
    assert "301005" in page
    assert "Shanghai" in page
    assert 'href="mailto:data@example.org"' in page
    assert 'href="/dataset/parking/croissant.jsonld"' in page


def test_what_departments_are_told_of_a_record_is_on_their_page_alone(
    city: City, browser_of: OpenBrowser
) -> None:
    elsewhere(city, "https://files.example.org/a.csv")

    pages = {
        name: browser_of(actor).page("/dataset/parking")
        for name, actor in {"all": None, "buyer": city.buyer, "office": city.officer}.items()
    }

    told = {name for name, page in pages.items() if "0310-5550100" in page}
    assert told == {"office"}
    assert {name for name, page in pages.items() if "For law enforcement" in page} == told
