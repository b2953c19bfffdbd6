from __future__ import annotations

from io import BytesIO
from uuid import UUID

from httpx import Response
from openpyxl import Workbook
from psycopg.types.json import Jsonb

from catalog import ingest
from catalog.errors import DatasetNotFound
from catalog.find import dataset_named, distributions_of
from catalog.publish import return_to_publisher, submit
from catalog.store.versions import lock_newest_versions
from catalog.version import UploadId
from policies.terms import OpenType
from portal.pages.publish.publishing_terms import credits_in
from portal.wiring import Wiring
from quality.report import report_as_json
from tests.catalog.city import judge
from tests.exchange.city import STOPS, City, entry, later
from tests.portal.pages.conftest import REPORT, OpenBrowser
from tests.portal.visitor import Visitor

NEW = {
    "slug": "bus-lines",
    "title_zh": "公交线路",
    "title_en": "Bus lines",
    "grade": "1",
    "share_type": "conditional",
    "open_type": "unconditional",
    "update_cycle": "monthly",
    "licence": "CC-BY-4.0",
    "keywords": "bus，公交、line",
}


def registered(visitor: Visitor) -> None:
    answer = visitor.submit("/publish/new", on="/publish/new", **NEW)
    assert answer.headers["Location"] == "/publish/bus-lines/upload?done=created"


def with_a_checked_file(city: City) -> None:
    with city.pool.connection() as tx:
        dataset = dataset_named(tx, "bus-lines", by=city.publisher)
        city.add_version(tx, dataset, by=city.publisher, select=STOPS)


def number_of(wiring: Wiring, what: str) -> int:
    with wiring.pool.connection() as tx:
        row = tx.execute(f"SELECT count(*) AS number FROM {what}").fetchone()
    assert row is not None
    return int(row["number"])


def test_what_is_wrong_with_a_description_is_said_at_once_and_nothing_typed_is_lost(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(city.publisher)

    answer = visitor.submit(
        "/publish/new",
        on="/publish/new",
        **{**NEW, "slug": "Bus Lines", "title_zh": "", "title_en": " ", "share_type": "not_shared"},
        summary_en="Kept <words>",
    )

    assert answer.status_code == 422
    assert "3 things need another look" in answer.text
    for field in ("slug", "title_zh", "share_law"):
        assert f'href="#field-{field}"' in answer.text
    assert "Kept &lt;words&gt;" in answer.text
    assert 'value="Bus Lines"' in answer.text


def test_a_name_that_is_taken_is_said_beside_its_field(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)

    answer = visitor.submit("/publish/new", on="/publish/new", **NEW)

    assert answer.status_code == 409
    assert 'href="#field-slug"' in answer.text


def test_a_description_is_read_into_its_parts(city: City, browser_of: OpenBrowser) -> None:
    registered(browser_of(city.publisher))

    with city.pool.connection() as tx:
        found = dataset_named(tx, "bus-lines", by=city.publisher)

    assert found.entry.keywords == ("bus", "公交", "line")
    assert found.entry.open_type is OpenType.UNCONDITIONAL


def test_a_file_goes_in_by_form_and_its_reading_is_shown(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)
    token = visitor.form_token("/publish/bus-lines/upload")

    sent = visitor.post(
        "/publish/bus-lines/upload",
        data={"csrf_token": token},
        files={"file": ("lines.csv", b"id,name\n1,a\n")},
    )

    assert sent.status_code == 303
    place = sent.headers["Location"]
    page = visitor.page(place)
    assert "lines.csv" in page
    assert "Look again" in page
    part = visitor.get(place, headers={"HX-Request-Type": "partial"}).text
    assert "<html" not in part
    assert "hx-get" in part
    assert number_of(wiring, "jobs.procrastinate_jobs") == 1


def test_a_file_that_another_site_makes_a_browser_send_is_not_taken(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)

    for data, headers in (({"csrf_token": "made up"}, {}), ({}, {"Origin": "https://evil.test"})):
        answer = visitor.post(
            "/publish/bus-lines/upload",
            data=data,
            files={"file": ("lines.csv", b"id\n1\n")},
            headers=headers,
        )
        assert answer.status_code == 403
    assert number_of(wiring, "catalog.uploads") == 0


def test_a_form_without_a_file_says_so(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)
    token = visitor.form_token("/publish/bus-lines/upload")

    answer = visitor.post(
        "/publish/bus-lines/upload",
        data={"csrf_token": token},
        files={"file": ("", b"", "application/octet-stream")},
    )

    assert answer.status_code == 400
    assert "There is no file in this request" in answer.text


def test_only_the_publishers_of_the_organisation_work_on_it(
    city: City, browser_of: OpenBrowser
) -> None:
    registered(browser_of(city.publisher))

    for path in ("", "/describe", "/upload"):
        browser_of(city.seller).page(f"/publish/bus-lines{path}", status=404)
        browser_of(city.regulator).page(f"/publish/bus-lines{path}", status=403)
        browser_of(city.approver).page(f"/publish/bus-lines{path}", status=403)
        browser_of().page(f"/publish/bus-lines{path}", status=401)
    browser_of(city.buyer).page("/publish", status=403)


def test_a_checked_file_is_handed_in_once_and_comes_back_with_its_reason(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)
    with_a_checked_file(city)
    visitor = browser_of(city.publisher)
    assert "passed its check" in visitor.page("/publish")

    first = visitor.submit("/publish/bus-lines/submit", on="/publish/bus-lines")
    assert first.headers["Location"] == "/publish/bus-lines?done=submitted"
    assert "The approver has it now." in visitor.page(first.headers["Location"])
    again = visitor.submit("/publish/bus-lines/submit", on="/publish/bus-lines")
    assert again.status_code == 409

    with city.pool.connection() as tx:
        dataset = dataset_named(tx, "bus-lines", by=city.approver)
        return_to_publisher(
            tx, dataset.id, reason="Name the column “line”.", by=city.approver, at=city.at
        )
    assert "Name the column “line”." in visitor.page("/publish")
    assert "Name the column “line”." in visitor.page("/publish/bus-lines")


def test_rules_of_ones_own_come_and_go(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)
    with_a_checked_file(city)
    on, visitor = "/publish/bus-lines", browser_of(city.publisher)

    refused = visitor.submit(f"{on}/rules", on=on, kind="between", rule_columns="no", at_most="3")
    assert refused.status_code == 400
    assert "has no column “no”" in refused.text
    assert 'value="3"' in refused.text

    added = visitor.submit(
        f"{on}/rules", on=on, kind="between", rule_columns="line", at_least="0", gate="block"
    )
    assert added.status_code == 303
    page = visitor.page(on)
    rule = page.split('name="rule" value="')[1].split('"')[0]
    visitor.submit(f"{on}/rules/remove", on=on, rule=rule)
    assert 'name="rule" value="' not in visitor.page(on)


def test_a_proposed_listing_names_the_clauses_against_it(
    city: City, browser_of: OpenBrowser
) -> None:
    city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())
    on, visitor = "/publish/stops", browser_of(city.publisher)

    wrong = visitor.submit(
        f"{on}/listings", on=on, regime="trade", price_model="per_row", unit="0.0x", term_days="-1",
        terms_en="Kept words",
    )  # fmt: skip
    assert wrong.status_code == 422
    assert "Kept words" in wrong.text

    proposed = visitor.submit(
        f"{on}/listings", on=on, regime="trade", price_model="per_row", unit="0.02",
        lawful_basis="statutory_duty", term_days="365",
    )  # fmt: skip
    assert proposed.status_code == 303
    assert "Clauses stand against it" in visitor.page(on)


def test_credits_are_read_exactly() -> None:
    assert credits_in("0.02") == 20_000
    assert credits_in("1,234.5") == 1_234_500_000
    assert credits_in("") == 0
    for wrong in ("-1", "0.0000001", "x", "NaN", "Infinity", "1e400"):
        assert credits_in(wrong) is None, wrong


def test_drafts_are_found_by_nobody_else(city: City, browser_of: OpenBrowser) -> None:
    registered(browser_of(city.publisher))

    assert "bus-lines" not in browser_of(city.seller).page("/dataset?q=bus")
    assert "/dataset/bus-lines" in browser_of(city.publisher).page("/dataset?q=bus")
    with city.pool.connection() as tx:
        try:
            dataset_named(tx, "bus-lines", by=city.seller)
        except DatasetNotFound:
            return
    raise AssertionError("found")


def test_the_desk_warns_of_data_that_is_overdue(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of(city.publisher)
    assert "new data is" not in visitor.page("/publish")

    later(city, days=5)

    desk = browser_of(city.publisher).page("/publish")
    assert "new data is overdue" in desk
    assert "Send a file." in desk


def test_a_second_file_updates_the_table_and_both_sides_see_what_changes(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    visitor, place = browser_of(city.publisher), "/publish/bus-lines/upload"
    registered(visitor)
    assert "Update by key" not in visitor.page(place)

    def sent(content: bytes, **fields: str) -> Response:
        answer: Response = visitor.post(
            place,
            data={"csrf_token": visitor.form_token(place), **fields},
            files={"file": ("lines.csv", content)},
        )
        if answer.status_code == 303:
            upload_id = UploadId(UUID(answer.headers["Location"].rsplit("/", 1)[-1]))
            ingest.ingest(
                wiring.pool, wiring.confinement, wiring.folders, upload_id, now=wiring.now
            )
        return answer

    sent(b"id,name\n1,a\n2,b\n")
    assert "Update by key" in visitor.page(place)
    keyless = sent(b"id,name\n2,c\n", way="upsert")
    updated = sent(b"id,name\n2,c\n3,d\n", way="upsert", key="id")
    with city.pool.connection() as tx:
        dataset = dataset_named(tx, "bus-lines", by=city.publisher)
        (version,) = lock_newest_versions(tx, [one.id for one in distributions_of(tx, dataset)])
        judge(tx, version)
        tx.execute("UPDATE quality.reports SET body = %s", (Jsonb(report_as_json(REPORT)),))
        submit(tx, dataset.id, by=city.publisher, at=city.now())

    assert keyless.status_code == 400
    assert 'href="#field-key"' in keyless.text
    told = (
        "Update by key, compared with version 1, rows known by id",
        "Rows added",
        "Rows changed",
    )
    for page in (
        visitor.page(updated.headers["Location"]),
        visitor.page("/publish/bus-lines"),
        browser_of(city.approver).page("/inbox/dataset/bus-lines"),
    ):
        assert all(words in page for words in told)


def test_what_the_file_says_of_its_columns_is_taken_over_with_one_click(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    visitor = browser_of(city.publisher)
    registered(visitor)
    book, saved = Workbook(), BytesIO()
    told = book.active
    assert told is not None
    told.title = "Fields"
    for row in (["Field", "Description"], ["id", "Number of the line"], ["name", "线路名称"]):
        told.append(row)
    table = book.create_sheet("Data")
    for row in (["id", "name"], ["001", "a"], ["002", "b"], ["003", "c"], ["004", "d"]):
        table.append(row)
    book.save(saved)
    place = "/publish/bus-lines/upload"
    sent = visitor.post(
        place,
        data={"csrf_token": visitor.form_token(place)},
        files={"file": ("lines.xlsx", saved.getvalue())},
    )
    upload_id = UploadId(UUID(sent.headers["Location"].rsplit("/", 1)[-1]))
    ingest.ingest(wiring.pool, wiring.confinement, wiring.folders, upload_id, now=wiring.now)
    form = "/publish/bus-lines/columns"

    offered = visitor.page(form)
    taken = visitor.submit(f"{form}/from-file", on=form)
    kept = visitor.page(form)

    assert "The sheet “Fields” of the file says what 2 columns mean" in offered
    assert taken.status_code == 303
    assert "says what" not in kept
    assert 'value="Number of the line" aria-label="Meaning in English"' in kept
    assert 'value="线路名称" aria-label="Meaning in Chinese"' in kept
