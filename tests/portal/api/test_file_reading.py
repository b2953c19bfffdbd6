from __future__ import annotations

import io
from dataclasses import replace

import pytest
from openpyxl import Workbook

from portal.wiring import Wiring
from tests.catalog.conftest import Zygote, zygote  # noqa: F401  a fixture
from tests.portal.api.test_datasets import STOPS, Site

PLACE = "/api/v1/datasets/bus-stops/distributions/data/uploads"


def workbook() -> bytes:
    book = Workbook()
    fields = book.active
    assert fields is not None
    fields.title = "字段说明"
    fields.append(["名称", "含义"])
    fields.append(["id", "编号"])
    data = book.create_sheet("数据")
    data.append(["2026年站点表"])
    data.append(["id", "站名"])
    data.append(["001", "东华门"])
    data.append(["002", "西单"])
    data.append(["003", None])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@pytest.fixture
def site(wiring: Wiring, zygote: Zygote) -> Site:  # noqa: F811  the fixture
    made = Site(replace(wiring, confinement=zygote.confinement))
    assert made.publisher.post("/api/v1/datasets", json=STOPS).status_code == 201
    return made


def held(site: Site, content: bytes) -> str:
    answer = site.publisher.post(f"{PLACE}?file_name=站点.xlsx&hold=true", content=content)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "held"
    return str(answer.json()["id"])


def jobs(site: Site) -> int:
    with site.wiring.pool.connection() as tx:
        row = tx.execute(
            "SELECT count(*) AS n FROM jobs.procrastinate_jobs WHERE task_name = 'ingest'"
        ).fetchone()
    assert row is not None
    return int(row["n"])


def test_a_held_file_is_shown_and_read_only_once_its_publisher_says_how(site: Site) -> None:
    upload_id = held(site, workbook())
    assert jobs(site) == 0

    guess = site.publisher.post(f"/api/v1/uploads/{upload_id}/look", json={}).json()
    chosen = site.publisher.post(
        f"/api/v1/uploads/{upload_id}/look", json={"part": "字段说明"}
    ).json()
    loaded = site.publisher.post(f"/api/v1/uploads/{upload_id}/load", json={"part": "数据"})
    again = site.publisher.post(f"/api/v1/uploads/{upload_id}/load", json={})

    assert guess["columns"] == ["id", "站名"]
    assert guess["rows"] == [["001", "东华门"], ["002", "西单"], ["003", None]]
    assert guess["reading"]["parts"] == ["字段说明", "数据"]
    assert guess["reading"]["notes"] == ["2026年站点表"]
    assert chosen["rows"] == [["id", "编号"]]
    assert loaded.status_code == 202
    assert loaded.json()["state"] == "queued"
    assert again.status_code == 409
    assert jobs(site) == 1


def test_the_page_shows_the_guess_and_takes_the_choices(site: Site) -> None:
    upload_id = held(site, workbook())
    here = f"/publish/bus-stops/upload/{upload_id}/reading"

    page = site.publisher.get(f"{here}?lang=zh")
    other = site.publisher.get(f"{here}?part=字段说明&lang=en")
    wrong = site.publisher.get(f"{here}?part=Sheet9&lang=en")

    assert page.status_code == other.status_code == 200, page.text
    assert "东华门" in page.text
    assert "工作簿" in page.text
    assert "编号" in other.text
    assert "东华门" not in other.text
    assert wrong.status_code == 400
    assert "Sheet9" in wrong.text


def test_only_the_publishers_people_look_into_a_file(site: Site) -> None:
    upload_id = held(site, workbook())

    assert (
        site.client("chief").post(f"/api/v1/uploads/{upload_id}/look", json={}).status_code == 404
    )
    assert (
        site.client("chief").get(f"/publish/bus-stops/upload/{upload_id}/reading").status_code
        == 404
    )


def test_a_file_that_was_read_can_be_read_in_another_way(site: Site) -> None:
    sent = site.publisher.post(f"{PLACE}?file_name=a.csv", content=b"a|b,c\n1|2,3\n").json()

    again = site.publisher.post(f"/api/v1/uploads/{sent['id']}/read-again", json={"delimiter": "|"})
    unknown = site.publisher.post(f"/api/v1/uploads/{sent['id']}/read-again", json={"x": 1})

    assert again.status_code == 202
    assert again.json()["sha256"] == sent["sha256"]
    assert again.json()["id"] != sent["id"]
    assert unknown.status_code == 422


def test_the_type_of_a_column_is_chosen_by_page_and_program(site: Site) -> None:
    by_page, by_program = held(site, workbook()), held(site, workbook())
    here = f"/publish/bus-stops/upload/{by_page}/reading"

    page = site.publisher.get(f"{here}?lang=zh").text
    chosen = {"columns": ["id", "站名"], "types": ["integer", ""]}
    sent = site.publisher.post(here, data=chosen, follow_redirects=False)
    loaded = site.publisher.post(
        f"/api/v1/uploads/{by_program}/load", json={"types": {"id": "integer"}}
    )
    wrong = site.publisher.post(f"/api/v1/uploads/{by_program}/look", json={"types": {"id": "x"}})

    assert page.count('name="types"') == 2
    assert (sent.status_code, loaded.status_code, wrong.status_code) == (303, 202, 422), sent.text
    with site.wiring.pool.connection() as tx:
        wishes = tx.execute("SELECT wish FROM catalog.uploads").fetchall()
    assert [row["wish"] for row in wishes] == [{"types": {"id": "integer"}}] * 2
