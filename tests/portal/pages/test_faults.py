"""Reporting a fault and answering it, by page and by API."""

from __future__ import annotations

from exchange.allow import Ask
from exchange.deliver import deliver_query
from exchange.delivery import SqlQuestion
from exchange.faults.report_fault import own_faults
from tests.exchange.city import City
from tests.exchange.test_faults import newer
from tests.portal.pages.conftest import OpenBrowser

FORM = "/dataset/stops/fault"


def test_a_reader_asks_the_department_answers_and_receivers_are_told(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.open_stops()
    got = deliver_query(city.parts, SqlQuestion("SELECT * FROM stops"), Ask(city.officer))
    reader, department = browser_of(city.buyer), browser_of(city.publisher)
    assert f"{FORM}?version=1" in reader.page("/dataset/stops/quality?lang=en")
    assert "/fault" in reader.page("/dataset/stops/data?lang=en")

    empty = reader.submit(FORM, on=FORM, claim=" ", place="row 3", column="name")
    asked = reader.submit(FORM, on=FORM, claim="<b>It is closed</b>", place="row 3", column="name")

    assert empty.status_code == 400
    assert 'value="row 3"' in empty.text
    assert asked.status_code == 303
    ticket = asked.headers["location"].partition("?")[0]
    page = reader.page(f"{ticket}?lang=en")
    assert "Not answered yet" in page
    assert "<b>It is closed</b>" not in reader.get(ticket).text
    assert "纠错" in reader.page(f"{ticket}?lang=zh")
    assert ticket in department.page("/inbox?lang=en")
    assert browser_of(city.seller).get(ticket).status_code == 404
    assert reader.submit(ticket, on=FORM, said="refuse", words="no").status_code == 404

    newer(city, dataset)
    assert "1 receipt stands over this version" in department.page(f"{ticket}?lang=en")
    silent = department.submit(ticket, on=ticket, said="correct", version="2", words="")
    done = department.submit(ticket, on=ticket, said="correct", version="2", words="Mended")

    assert (silent.status_code, done.status_code) == (400, 303)
    assert "Corrected in version 2" in reader.page(f"{ticket}?lang=en")
    assert "Corrected in version 2" in reader.page("/my/faults?lang=en")
    receiver = browser_of(city.officer)
    assert "Version 1 was corrected in version 2" in receiver.page(
        f"/receipt/{got.receipt_id}?lang=en"
    )
    assert "known to be wrong" in receiver.page("/my/usage?lang=en")


def test_a_visitor_is_asked_to_sign_in(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    assert "Sign in to report a fault" in visitor.page(f"{FORM}?lang=en")
    answer = visitor.post(FORM, data={"claim": "x"})
    assert answer.status_code in (401, 403)


def test_the_same_by_api(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    reader, department = browser_of(city.buyer), browser_of(city.publisher)
    own = {"X-CSRF-Token": reader.form_token(FORM)}
    theirs = {"X-CSRF-Token": department.form_token("/publish/stops")}
    path = "/api/v1/datasets/stops/faults"

    asked = reader.post(path, json={"claim": "Wrong", "column": "line"}, headers=own)
    wrong = reader.post(path, json={"claim": "Wrong", "column": "nope"}, headers=own)
    ticket = f"/api/v1/faults/{asked.json()['id']}"
    refused = department.post(
        f"{ticket}/answer", json={"said": "refuse", "words": "It is right"}, headers=theirs
    )

    assert (asked.status_code, wrong.status_code, refused.status_code) == (201, 400, 200)
    assert reader.get(ticket).json()["state"] == "refused"
    assert [one["id"] for one in reader.get("/api/v1/faults").json()] == [asked.json()["id"]]
    assert [one["id"] for one in department.get(path).json()] == [asked.json()["id"]]
    assert browser_of(city.seller).get(ticket).status_code == 404
    with city.pool.connection() as tx:
        assert len(own_faults(tx, by=city.buyer)) == 1
