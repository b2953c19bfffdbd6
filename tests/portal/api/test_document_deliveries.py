"""Documents beside tables: added, approved, opened, shared, sold, each with receipt, withdrawn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from catalog import ingest
from catalog.version import UploadId
from catalog.view import View
from exchange.price import Price, PriceModel
from policies.terms import MicroCredits
from tests.portal.api.test_exchange import Desk, desk, zygote  # noqa: F401  fixtures

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n%%EOF\n"
PER_DELIVERY = Price(PriceModel.PER_QUERY, MicroCredits(2_000_000))


@pytest.fixture(name="desk")
def _desk(desk: Desk) -> Desk:  # noqa: F811  the same, under a name that tests use
    return desk


def add(desk: Desk, slug: str, publisher: str, content: bytes = PDF, place: str = "map") -> None:  # noqa: F811
    """A further distribution with a document, as its publisher and the worker make it."""
    person, dataset = desk.client(publisher), f"/api/v1/datasets/{slug}"
    shown = person.get(dataset).json()
    if place not in [one["slug"] for one in shown["distributions"]]:
        made = person.post(
            f"{dataset}/distributions", json={"slug": place, "title": {"zh": "线路图"}}
        )
        assert made.status_code == 201, made.text
    sent = person.post(
        f"{dataset}/distributions/{place}/uploads?file_name=线路图.pdf", content=content
    )
    assert sent.status_code == 202, sent.text
    wiring = desk.wiring
    upload_id = UploadId(UUID(sent.json()["id"]))
    ingest.ingest(wiring.pool, wiring.confinement, wiring.folders, upload_id, now=wiring.now)
    assert person.get(f"/api/v1/uploads/{upload_id}").json()["state"] == "kept"


def approve(desk: Desk, slug: str, publisher: str, approver: str) -> None:  # noqa: F811
    for name, act in ((publisher, "submit"), (approver, "publish")):
        done = desk.client(name).post(f"/api/v1/datasets/{slug}/{act}")
        assert done.status_code == 200, done.text


def document(client: TestClient, slug: str, **asked: str) -> Response:
    answer: Response = client.get(f"/api/v1/datasets/{slug}/document", params=asked)
    return answer


def test_a_document_joins_a_published_table_after_its_approval(desk: Desk) -> None:  # noqa: F811
    desk.city.open_stops()
    add(desk, "stops", "tao")

    unseen = document(desk.client(), "stops")
    own = document(desk.client("tao"), "stops")
    approve(desk, "stops", "tao", "ping")
    seen = document(desk.client(), "stops", distribution="map")

    assert unseen.status_code == 404
    assert own.content == PDF
    assert (seen.status_code, seen.content) == (200, PDF)
    assert seen.headers["Content-Type"] == "application/pdf"
    assert "filename*=UTF-8''" in seen.headers["Content-Disposition"]
    assert seen.headers["Weir-Result-Sha256"] == hashlib.sha256(PDF).hexdigest()
    rows = desk.client().get("/api/v1/datasets/stops/rows")
    assert rows.json()["total"] == 40, rows.text
    told = desk.client().head("/api/v1/datasets/stops/document")
    assert (told.status_code, told.headers["Content-Length"]) == (200, str(len(PDF)))


def test_a_document_is_no_table_to_anybody_who_asks_for_rows(desk: Desk) -> None:  # noqa: F811
    desk.city.open_stops()
    add(desk, "stops", "tao")
    approve(desk, "stops", "tao", "ping")
    anybody = desk.client()

    rows = anybody.get("/api/v1/datasets/stops/rows?distribution=map")
    pinned = anybody.get("/api/v1/datasets/stops/rows?distribution=map&version=1")
    file = anybody.get("/api/v1/datasets/stops/download.csv?distribution=map&version=1")
    asked = anybody.post("/api/v1/query", json={"sql": 'SELECT * FROM "stops__map@1"'})
    table = anybody.get("/api/v1/datasets/stops/document?distribution=data")
    table_pinned = anybody.get("/api/v1/datasets/stops/document?distribution=data&version=1")

    for answer in (rows, pinned, file, asked, table, table_pinned):
        assert 400 <= answer.status_code < 500, answer.text


def test_a_shared_document_leaves_to_whom_it_was_granted_with_its_receipt(
    desk: Desk,  # noqa: F811
    tmp_path: Path,
) -> None:
    listing = desk.city.shared_stops()
    add(desk, "shared-stops", "tao")
    approve(desk, "shared-stops", "tao", "ping")
    officer = desk.client("wen")

    before = document(officer, "shared-stops")
    desk.city.ask_for(listing)
    granted = document(officer, "shared-stops")
    again = document(officer, "shared-stops")

    assert before.status_code == 403
    assert granted.content == again.content == PDF
    assert again.headers["Weir-Replayed"] == "true"
    assert document(desk.client("bo"), "shared-stops").status_code == 403
    receipt_id = granted.headers["Weir-Receipt"]
    receipt = officer.get(f"/api/v1/receipts/{receipt_id}").json()
    assert hashlib.sha256(PDF).hexdigest() in json.dumps(receipt)
    resource = officer.get("/api/3/action/package_show?id=shared-stops").json()["result"]
    url = next(one["url"] for one in resource["resources"] if one["mimetype"] == "application/pdf")
    by_ckan = officer.get("/" + url.split("/", 3)[3])
    assert by_ckan.content == PDF, by_ckan.text
    assert by_ckan.headers["Weir-Receipt"]
    proof = tmp_path / "receipt.json"
    proof.write_bytes(officer.get(f"/api/v1/receipts/{receipt_id}/proof").content)
    assert proof.read_bytes()


def test_a_sold_document_costs_what_its_price_says_and_is_charged_once(desk: Desk) -> None:  # noqa: F811
    listing = desk.city.sold_stops(price=PER_DELIVERY)
    add(desk, "sold-stops", "qi")
    approve(desk, "sold-stops", "qi", "ru")
    agreement = desk.city.buy(listing)
    drawn = desk.client("bo").post(f"/api/v1/agreements/{agreement.id}/tokens", json={})
    buyer = desk.client(token=drawn.json()["token"])

    poor = document(buyer, "sold-stops")
    desk.city.pay_in(5_000_000)
    told = buyer.get("/api/v1/datasets/sold-stops/document/estimate").json()
    bought = document(buyer, "sold-stops")
    again = document(buyer, "sold-stops")

    assert poor.status_code == 402
    assert told["ceiling_microcredits"] == 2_000_000
    assert bought.content == again.content == PDF
    assert bought.headers["Weir-Cost-Microcredits"] == "2000000"
    assert again.headers["Weir-Cost-Microcredits"] == "0"
    assert again.headers["Weir-Balance-Microcredits"] == "3000000"


def test_no_document_leaves_where_a_part_of_the_data_is_what_may_be_had(desk: Desk) -> None:  # noqa: F811
    listing = desk.city.shared_stops()
    with desk.wiring.pool.connection() as tx:
        tx.execute(
            "UPDATE exchange.listings SET view = %(view)s WHERE id = %(id)s",
            {"view": json.dumps(View(columns=("id",)).as_json()), "id": listing.id},
        )
    add(desk, "shared-stops", "tao")
    approve(desk, "shared-stops", "tao", "ping")
    desk.city.ask_for(listing)

    refused = document(desk.client("wen"), "shared-stops")

    assert (refused.status_code, refused.json()["code"]) == (403, "document-not-cut")


def test_a_withdrawn_document_is_gone_at_every_door_and_told_of(desk: Desk) -> None:  # noqa: F811
    desk.city.open_stops()
    add(desk, "stops", "tao")
    approve(desk, "stops", "tao", "ping")
    anybody, approver = desk.client(), desk.client("ping")
    officer = desk.client("wen")
    receipt = document(officer, "stops").headers["Weir-Receipt"]
    resource = next(
        one
        for one in anybody.get("/api/3/action/package_show?id=stops").json()["result"]["resources"]
        if one["mimetype"] == "application/pdf"
    )

    done = approver.post(
        "/api/v1/datasets/stops/versions/1/withdraw",
        json={"reason": "rights", "distribution": "map"},
    )

    assert done.status_code == 200, done.text
    place = "/" + resource["url"].split("/", 3)[3]
    assert anybody.get(place).status_code in (404, 410)
    assert document(anybody, "stops", distribution="map").status_code == 410
    assert document(anybody, "stops", distribution="map", version="1").status_code == 410
    assert document(desk.client("tao"), "stops", distribution="map").status_code in (404, 410)
    assert officer.get(f"/api/v1/receipts/{receipt}/result").status_code in (404, 410)
    rows = anybody.get("/api/v1/datasets/stops/rows")
    assert rows.json()["total"] == 40, rows.text
    with desk.wiring.pool.connection() as tx:
        row = tx.execute(
            "SELECT removed_at FROM catalog.blobs WHERE sha256 = %s",
            [hashlib.sha256(PDF).hexdigest()],
        ).fetchone()
    assert row is not None
    assert row["removed_at"] is None
