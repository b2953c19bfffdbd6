"""The exchange over HTTP: offer, ask, buy, query, download, prove, trace, freeze."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import pyarrow.ipc
import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from catalog.row_store import ASKED_BEFORE_BUILDING, ROWS_NAME
from catalog.warehouse import Warehouse
from policies import agree
from policies.database import Pool
from policies.errors import UnreadableProof
from policies.evidence.agreement_proof import SECTIONS, verify_agreement_file
from policies.evidence.proof import verify_receipt_file
from policies.evidence.verification import CheckName
from policies.terms import AgreementId, Language, ShareType
from portal import verify
from portal.app import create_app
from portal.handing_out import parts_of
from portal.settings import create_folders, settings_from
from portal.wiring import Wiring
from tests.catalog.conftest import Zygote, start_zygote
from tests.exchange.city import City, make_city
from tests.portal.visitor import api_token

REQUEST = {
    "purpose": "statutory_duty",
    "duty": "Emergency care act, item 4",
    "scenario": "Plan ambulance routes",
    "manner": "download",
    "ends_on": "2026-12-31",
    "pledged": True,
}


@dataclass
class Desk:
    """The application over a city, and clients of its people."""

    city: City
    wiring: Wiring

    def client(self, name: str | None = None, *, token: str | None = None) -> TestClient:
        """A program that speaks for somebody."""
        headers = {"Accept-Language": "en"}
        if name is not None:
            token = api_token(self.wiring, name)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return TestClient(create_app(self.wiring), headers=headers)


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One zygote for these tests."""
    started = start_zygote(tmp_path_factory.mktemp("api-zygote"))
    yield started
    started.process.terminate()
    started.process.wait(timeout=30)


@pytest.fixture
def desk(pool: Pool, tmp_path: Path, zygote: Zygote) -> Iterator[Desk]:
    """A city with an API."""
    settings = settings_from({"WEIR_SITE_URL": "http://testserver"}, data=tmp_path)
    create_folders(settings)
    warehouse = Warehouse()
    city = make_city(pool, settings.private_folder, zygote.confinement, warehouse)
    wiring = Wiring(
        settings=settings,
        pool=pool,
        keys=city.parts.keys,
        confinement=zygote.confinement,
        warehouse=warehouse,
        now=city.now,
    )
    yield Desk(city, wiring)
    warehouse.close()


def test_a_product_is_listed_bought_read_proved_and_frozen(desk: Desk) -> None:
    city = desk.city
    city.publish("sold-stops", by=city.seller, approver=city.seller_head, entry=_closed())
    seller, bureau, buyer = desk.client("qi"), desk.client("ju"), desk.client("bo")
    listing = _ok(
        seller.post(
            "/api/v1/datasets/sold-stops/listings",
            json={
                "regime": "trade",
                "price": {"model": "per_row", "unit_microcredits": 1000},
                "terms": {"zh": "仅限自用"},
                "declaration": {"lawful_basis": "own_production"},
            },
        ),
        201,
    )
    place = f"/api/v1/listings/{listing['id']}"
    assert bureau.post(f"{place}/open", json={}).status_code == 403
    _ok(desk.client("si").post(f"{place}/assess", json={"report_sha256": "a" * 64}))
    assert _ok(bureau.post(f"{place}/open", json={}))["state"] == "listed"
    offer = _ok(buyer.get(place))["offer_sha256"]
    wrong = buyer.post(
        f"{place}/agreements", json={"offer_sha256": "0" * 64, "purpose": "analysis"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (409, "terms-changed")
    agreement = _ok(
        buyer.post(f"{place}/agreements", json={"offer_sha256": offer, "purpose": "analysis"}), 201
    )
    token = _ok(buyer.post(f"/api/v1/agreements/{agreement['id']}/tokens", json={}), 201)["token"]
    program = desk.client(token=token)
    sql = {"sql": "SELECT id, name FROM sold_stops WHERE line = 1 ORDER BY id"}

    assert program.post("/api/v1/query", json=sql).status_code == 402
    paid = {"amount_microcredits": 1_000_000, "reference": "P-1", "paid_on": "2026-03-01"}
    assert buyer.post("/api/v1/organizations/acme/payments", json=paid).status_code == 403
    recorded = _ok(desk.client("cai").post("/api/v1/organizations/acme/payments", json=paid), 201)
    assert program.post("/api/v1/query", json=sql).status_code == 402
    _ok(bureau.post(f"/api/v1/payments/{recorded['id']}/confirm"))
    told = _ok(program.post("/api/v1/query/estimate", json=sql))
    assert (told["ceiling_microcredits"], told["is_covered"]) == (40_000, True)
    answer = program.post("/api/v1/query", json=sql, headers={"Idempotency-Key": "k"})
    again = program.post("/api/v1/query", json=sql, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 200
    assert answer.json()["row_count"] == 10
    assert answer.headers["Weir-Cost-Microcredits"] == "10000"
    assert answer.headers["Weir-Balance-Microcredits"] == "990000"
    assert again.content == answer.content
    assert again.headers["Weir-Cost-Microcredits"] == "0"
    assert again.headers["Weir-Receipt"] == answer.headers["Weir-Receipt"]
    receipt_id = answer.headers["Weir-Receipt"]
    proof = buyer.get(f"/api/v1/receipts/{receipt_id}/proof")
    verified = verify_receipt_file(proof.content)
    assert {check.name for check in verified.checks if not check.is_passed} <= {"trust"}
    assert _ok(buyer.get("/api/v1/receipts"))[0]["charge_microcredits"] == 10_000
    spent = _ok(
        buyer.get(
            "/api/v1/statement",
            params={"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
        )
    )
    assert spent["spent_microcredits"] == 10_000
    traced = _ok(desk.client("jian").get(f"/api/v1/audit/receipts/{receipt_id}"))
    assert traced["items"][0]["file_name"] == "stops.csv"
    frozen = _ok(
        desk.client("jian").post(
            "/api/v1/audit/freezes",
            json={
                "target_kind": "dataset",
                "target_id": agreement["dataset_id"],
                "reason": "leak",
            },
        ),
        201,
    )
    refused = program.post("/api/v1/query", json=sql)
    assert (refused.status_code, refused.json()["code"]) == (403, "access-denied")
    assert refused.json()["rule_ids"] == ["frozen-dataset"]
    assert refused.json()["reasons"][0]["zh"]
    lift = f"/api/v1/audit/freezes/{frozen['id']}/lift"
    assert desk.client("jian").post(lift, json={"reason": "x"}).status_code == 403
    _ok(desk.client("ju").post(lift, json={"reason": "checked"}))
    assert program.post("/api/v1/query", json=sql).status_code == 200


def test_shared_data_is_asked_for_and_granted(desk: Desk) -> None:
    listing = desk.city.shared_stops()
    officer, approver = desk.client("wen"), desk.client("ping")
    place = f"/api/v1/listings/{listing.id}/applications"

    incomplete = officer.post(place, json={"purpose": "statutory_duty"})
    assert incomplete.status_code == 400
    assert {one["clause_id"] for one in incomplete.json()["failed"]} == {"X014", "X034", "X130"}
    asked = _ok(officer.post(place, json=REQUEST, headers={"Idempotency-Key": "a"}), 201)
    same = _ok(officer.post(place, json=REQUEST, headers={"Idempotency-Key": "a"}), 201)
    assert same == asked
    assert [one["id"] for one in _ok(approver.get("/api/v1/applications/inbox"))] == [asked["id"]]
    granted = _ok(approver.post(f"/api/v1/applications/{asked['id']}/grant", json={}))
    assert granted["state"] == "granted"

    rows = officer.get("/api/v1/datasets/shared-stops/rows", params={"limit": 3})
    assert rows.status_code == 200
    assert rows.json()["total"] == 40
    assert rows.headers["Weir-Receipt"]
    assert desk.client("bo").get("/api/v1/datasets/shared-stops/rows").status_code == 403


def test_a_refusal_names_a_reason_of_the_closed_list(desk: Desk) -> None:
    listing = desk.city.shared_stops()
    officer, approver = desk.client("wen"), desk.client("ping")
    asked = _ok(officer.post(f"/api/v1/listings/{listing.id}/applications", json=REQUEST), 201)
    place = f"/api/v1/applications/{asked['id']}/refuse"
    words = {"reason": "Law says so", "legal_basis_id": "data-security-law"}

    invented = approver.post(place, json={"reason_code": "no_mood", **words})
    named = _ok(approver.post(place, json={"reason_code": "law_forbids", **words}))

    assert 400 <= invented.status_code < 500
    assert "law_forbids" in invented.text
    assert named["state"] == "refused"


def test_a_suspended_agreement_opens_nothing_until_it_is_taken_up_again(desk: Desk) -> None:
    city = desk.city
    agreement = city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    buyer, head = desk.client("bo"), desk.client("ru")
    place, rows = f"/api/v1/agreements/{agreement.id}", "/api/v1/datasets/sold-stops/rows?limit=2"
    token = _ok(buyer.post(f"{place}/tokens", json={}), 201)["token"]
    program = desk.client(token=token)
    assert program.get(rows).status_code == 200

    by_buyer = buyer.post(f"{place}/suspend", json={"reason": "no"})
    suspended = _ok(desk.client("jian").post(f"{place}/suspend", json={"reason": "misuse"}))
    refused = [reader.get(rows) for reader in (program, buyer)]
    drawn = buyer.post(f"{place}/tokens", json={})
    by_provider = head.post(f"{place}/resume", json={"reason": "we want to sell"})
    resumed = _ok(desk.client("jian").post(f"{place}/resume", json={"reason": "cured"}))

    assert by_buyer.status_code == 403
    assert (suspended["state"], suspended["suspension_reason"]) == ("suspended", "misuse")
    assert [answer.status_code for answer in refused] == [403, 403]
    assert all("agreement-not-active" in answer.text for answer in refused)
    assert drawn.status_code == 409
    assert by_provider.status_code == 403
    assert (resumed["state"], resumed["suspended_at"]) == ("active", None)
    assert program.get(rows).status_code == 200
    again = head.post(f"{place}/resume", json={"reason": "once more"})
    assert again.status_code == 409
    assert again.json()["type"].endswith("agreement-not-suspended")


def test_open_rows_are_filtered_sorted_and_paged_for_anybody(desk: Desk) -> None:
    desk.city.open_stops()
    anybody = desk.client()

    page = _ok(
        anybody.get(
            "/api/v1/datasets/stops/rows",
            params={
                "filters": json.dumps({"line": [1, 2]}),
                "sort": "id desc",
                "limit": 2,
                "columns": "id,line",
            },
        )
    )
    following = _ok(
        anybody.get(
            "/api/v1/datasets/stops/rows",
            params={
                "filters": json.dumps({"line": [1, 2]}),
                "sort": "id desc",
                "limit": 2,
                "columns": "id,line",
                "cursor": page["next"],
            },
        )
    )

    assert page["total"] == 20
    assert page["columns"] == [{"name": "id", "type": "BIGINT"}, {"name": "line", "type": "BIGINT"}]
    assert [row["id"] for row in page["rows"] + following["rows"]] == [39, 38, 35, 34]


@pytest.mark.parametrize(
    "params",
    [
        {"filters": "{"},
        {"filters": "3"},
        {"filters": '{"line": {"a": 1}}'},
        {"sort": ","},
        {"filters": '[{"column": "line", "operator": "like", "value": 1}]'},
        {"columns": "salary"},
        {"limit": "-1"},
        {"cursor": "x"},
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(desk: Desk, params: dict[str, str]) -> None:
    desk.city.open_stops()

    answer = desk.client().get("/api/v1/datasets/stops/rows", params=params)

    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_page_has_a_bound(desk: Desk) -> None:
    desk.city.open_stops()

    answer = desk.client().get("/api/v1/datasets/stops/rows", params={"limit": 10_001})

    assert (answer.status_code, answer.json()["code"]) == (413, "page-too-large")


def test_a_download_has_ranges_a_digest_and_a_chinese_name(desk: Desk) -> None:
    desk.city.open_stops()
    anybody, place = desk.client(), "/api/v1/datasets/stops/download.csv"

    whole = anybody.get(place)
    part = anybody.get(place, headers={"Range": "bytes=5-9"})
    beyond = anybody.get(place, headers={"Range": "bytes=999999-"})
    known = anybody.get(place, headers={"If-None-Match": whole.headers["ETag"]})
    head = anybody.head(place)

    assert whole.status_code == 200
    assert whole.text.splitlines()[0] == "id,name,line"
    assert (
        "filename*=UTF-8''%E5%85%AC%E4%BA%A4%E7%AB%99%E7%82%B9.csv"
        in whole.headers["Content-Disposition"]
    )
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part.headers["ETag"] == whole.headers["ETag"]
    assert "Weir-Receipt" not in part.headers
    assert beyond.status_code == 416
    assert known.status_code == 304
    assert head.status_code == 200
    assert head.headers["Content-Length"] == str(len(whole.content))


def test_the_proxy_in_front_sends_files_where_it_is_told_to(desk: Desk) -> None:
    desk.city.open_stops()
    place = "/api/v1/datasets/stops/download.csv"
    whole = desk.client().get(place)
    settings = replace(desk.wiring.settings, accel_prefix="/weir-private/")
    proxied = TestClient(create_app(replace(desk.wiring, settings=settings)))

    answer = proxied.get(place)

    assert (answer.status_code, answer.content) == (200, b"")
    named = answer.headers["X-Accel-Redirect"]
    assert named.startswith("/weir-private/results/")
    file = settings.private_folder / named.removeprefix("/weir-private/")
    assert file.read_bytes() == whole.content
    assert answer.headers["Weir-Result-Sha256"] == whole.headers["Weir-Result-Sha256"]
    assert answer.headers["Content-Disposition"] == whole.headers["Content-Disposition"]


def test_a_page_of_open_data_is_the_same_however_it_was_come_by(desk: Desk) -> None:
    desk.city.open_stops()
    parts, anybody = parts_of(desk.wiring), desk.client()
    place = "/api/v1/datasets/stops/rows?limit=7&offset=3"

    by_engine = anybody.get(place)
    kept = anybody.get(place)
    for number in range(ASKED_BEFORE_BUILDING):
        anybody.get(f"/api/v1/datasets/stops/rows?limit=1&offset={number}")
    parts.row_stores.finish()
    written_out = anybody.get(place)

    assert list(desk.wiring.settings.serving_folder.rglob(ROWS_NAME))
    assert by_engine.json() == kept.json() == written_out.json()
    assert [row["id"] for row in written_out.json()["rows"]] == [*range(4, 11)]
    following = anybody.get(place, params={"limit": 7, "cursor": written_out.json()["next"]})
    assert [row["id"] for row in following.json()["rows"]] == [*range(11, 18)]


def test_a_token_that_is_revoked_is_refused_at_once(desk: Desk) -> None:
    desk.city.open_stops()
    program = desk.client("bo")
    place = "/api/v1/datasets/stops/rows?limit=2"
    assert [program.get(place).status_code for _ in range(3)] == [200] * 3
    made_before = _ok(program.get("/api/v1/tokens"))
    keeper = desk.client("bo")

    for token in made_before:
        assert keeper.delete(f"/api/v1/tokens/{token['id']}").status_code == 204

    assert keeper.get(place).status_code == 200
    assert program.get(place).status_code == 401


def test_a_download_that_is_paid_for_is_paid_once(desk: Desk) -> None:
    city = desk.city
    agreement = city.buy(city.sold_stops())
    city.pay_in(40_000)
    buyer = desk.client("bo")
    token = _ok(buyer.post(f"/api/v1/agreements/{agreement.id}/tokens", json={}), 201)["token"]
    program, place = desk.client(token=token), "/api/v1/datasets/sold-stops/download.parquet"

    head = program.head(place)
    first = program.get(place)
    rest = program.get(place, headers={"Range": "bytes=100-"})

    assert head.status_code == 200
    assert first.headers["Weir-Cost-Microcredits"] == "40000"
    assert rest.status_code == 206
    assert rest.headers["Weir-Cost-Microcredits"] == "0"
    assert first.content[100:] == rest.content
    assert _ok(buyer.get("/api/v1/balance"))["available_microcredits"] == 0


ACCEPTED = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _numbers(form: str, data: bytes) -> list[int]:
    """The ids in an answer of any form."""
    match form:
        case "json":
            return [row["id"] for row in json.loads(data)["rows"]]
        case "ndjson":
            return [json.loads(line)["id"] for line in data.splitlines()]
        case "csv" | "tsv":
            lines = data.decode().splitlines()
            rows = csv.DictReader(lines, delimiter="\t" if form == "tsv" else ",")
            return [int(row["id"]) for row in rows]
        case "parquet":
            return list(pyarrow.parquet.read_table(io.BytesIO(data))["id"].to_pylist())
        case "arrow":
            return list(pyarrow.ipc.open_stream(data).read_all()["id"].to_pylist())
        case _:
            sheet = openpyxl.load_workbook(io.BytesIO(data)).active
            assert sheet is not None
            return [int(str(row[0])) for row in sheet.iter_rows(min_row=2, values_only=True)]


@pytest.mark.parametrize("form", list(ACCEPTED))
def test_the_same_rows_come_in_every_form_however_it_is_asked_for(desk: Desk, form: str) -> None:
    desk.city.open_stops()
    anybody, place = desk.client(), "/api/v1/datasets/stops"
    asked = {"filters": json.dumps({"line": [1, 2]}), "sort": "id desc", "columns": "id,line"}
    page = {**asked, "limit": "3", "offset": "1"}

    by_name = anybody.get(f"{place}/rows", params={**page, "format": form})
    by_accept = anybody.get(f"{place}/rows", params=page, headers={"Accept": ACCEPTED[form]})
    by_ending = anybody.get(f"{place}/rows.{form}", params=page)
    whole = anybody.get(f"{place}/download.{form}", params=asked)
    sql = "SELECT id, line FROM stops WHERE line IN (1, 2) ORDER BY id DESC"
    query = anybody.post(
        "/api/v1/query", json={"sql": sql}, headers={"Accept": f"{ACCEPTED[form]}, */*;q=0.1"}
    )

    for answer in (by_name, by_accept, by_ending):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == ACCEPTED[form]
        assert _numbers(form, answer.content) == [38, 35, 34]
    expected = sorted((n for n in range(40) if n % 4 in (2, 3)), reverse=True)
    for answer in (whole, query):
        assert answer.headers["Weir-Rows"] == "20"
        assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
        assert _numbers(form, answer.content) == expected, expected


def test_a_part_of_a_view_is_sent_as_a_range_of_the_same_bytes(desk: Desk) -> None:
    desk.city.open_stops()
    anybody = desk.client()
    place = '/api/v1/datasets/stops/download.csv?filters={"line":1}&bom=true&guard=true'

    whole = anybody.get(place)
    tag = whole.headers["ETag"]
    part = anybody.get(place, headers={"Range": "bytes=3-7", "If-Range": tag})
    changed = anybody.get(place, headers={"Range": "bytes=3-7", "If-Range": '"another"'})
    beyond = anybody.get(place, headers={"Range": "bytes=99999-"})
    head = anybody.head(place)

    assert whole.content.startswith(codecs.BOM_UTF8)
    assert (part.status_code, part.content) == (206, whole.content[3:8])
    assert part.headers["Content-Range"] == f"bytes 3-7/{len(whole.content)}"
    assert (changed.status_code, changed.content) == (200, whole.content)
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole.content)}"
    assert head.status_code == 200
    assert "Weir-Receipt" not in head.headers
    assert "filename*=UTF-8''" in head.headers["Content-Disposition"]


def test_a_mark_has_no_place_in_a_form_of_rows_alone(desk: Desk) -> None:
    desk.city.open_stops()
    place = "/api/v1/datasets/stops/rows"
    mark = _ok(desk.client().get(place, params={"limit": "3"}))["next"]

    answer = desk.client().get(place, params={"cursor": mark, "format": "csv"})

    assert (answer.status_code, answer.json()["code"]) == (400, "mark-needs-json")


def test_a_view_is_paid_for_by_the_rows_it_leaves(desk: Desk) -> None:
    city = desk.city
    agreement = city.buy(city.sold_stops())
    city.pay_in(12_000)
    buyer = desk.client("bo")
    token = _ok(buyer.post(f"/api/v1/agreements/{agreement.id}/tokens", json={}), 201)["token"]
    program = desk.client(token=token)
    place = '/api/v1/datasets/sold-stops/download.xlsx?filters={"line":1}'

    price = _ok(program.get(place.replace(".xlsx", ".xlsx/estimate")))
    first = program.get(place)
    again = program.get(place)

    assert (price["rows_at_most"], price["ceiling_microcredits"]) == (10, 10_000)
    assert first.headers["Weir-Cost-Microcredits"] == "10000"
    assert again.headers["Weir-Replayed"] == "true"
    assert again.content == first.content
    assert _ok(buyer.get("/api/v1/balance"))["available_microcredits"] == 2_000


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "tsv", "parquet", "arrow"])
def test_a_query_answers_in_every_form(desk: Desk, form: str) -> None:
    desk.city.open_stops()

    answer = desk.client().post(
        "/api/v1/query", json={"sql": "SELECT * FROM stops LIMIT 2", "format": form}
    )

    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{answer.headers["Weir-Result-Sha256"]}"'


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("SELECT 1", 400),
        ("DROP TABLE stops", 400),
        ("SELECT * FROM stops; SELECT 1", 400),
        ("SELECT * FROM nowhere", 404),
        ("SELECT nothing FROM stops", 400),
        ("SELECT * FROM policies.users", 404),
        ("SELECT * FROM read_csv('/etc/passwd')", 400),
    ],
)
def test_what_is_no_question_is_refused(desk: Desk, sql: str, status: int) -> None:
    desk.city.open_stops()

    answer = desk.client().post("/api/v1/query", json={"sql": sql})

    assert answer.status_code == status, answer.text


def test_unknown_fields_are_named(desk: Desk) -> None:
    answer = desk.client().post("/api/v1/query", json={"sql": "SELECT 1", "cache": True})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cache"


def test_the_audit_is_closed_to_others(desk: Desk) -> None:
    for place in ("overview", "decisions", "events", "freezes"):
        assert desk.client("bo").get(f"/api/v1/audit/{place}").status_code == 403
        assert desk.client("jian").get(f"/api/v1/audit/{place}").status_code == 200


def test_lineage_is_there_for_everybody_as_far_as_they_may_see(desk: Desk) -> None:
    desk.city.open_stops()

    graph = _ok(desk.client().get("/api/v1/datasets/stops/lineage"))

    assert {node["kind"] for node in graph["nodes"]} == {"dataset", "version"}
    assert len(graph["edges"]) == 1


def _ok(answer: Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def _closed() -> Any:
    from policies.terms import OpenType, ShareType
    from tests.exchange.city import entry

    return entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN)


def test_answers_with_open_data_tell_what_is_left_of_the_day(desk: Desk) -> None:
    desk.city.open_stops()
    nobody, buyer = desk.client(), desk.client("bo")
    body = {"sql": "SELECT * FROM stops"}

    free, more = (one.post("/api/v1/query", json=body) for one in (nobody, buyer))
    with desk.city.pool.connection() as tx:
        tx.execute("UPDATE exchange.fair_use SET queries = 100000000")
    spent = nobody.post("/api/v1/query", json=body)

    assert free.headers["RateLimit-Policy"] == '"open-anonymous";q=10000;w=86400'
    assert free.headers["RateLimit"] == '"open-anonymous";r=9999;t=28800'
    assert more.headers["RateLimit"] == '"open-registered";r=99999;t=28800'
    assert spent.status_code == 429
    assert spent.headers["RateLimit"] == '"open-anonymous";r=0;t=28800'
    assert spent.headers["Retry-After"] == "28800"
    assert "Try again tomorrow, or sign in" in spent.json()["detail"]


def _signed_file(desk: Desk) -> tuple[UUID, bytes]:
    agreement = desk.city.buy(desk.city.sold_stops())
    answer = desk.client("bo").get(f"/api/v1/agreements/{agreement.id}/document")
    assert answer.status_code == 200, answer.text
    assert f"weir-agreement-{agreement.id}.json" in answer.headers["content-disposition"]
    return agreement.id, answer.content


def test_an_agreement_is_signed_by_both_sides_and_checked_offline(
    desk: Desk, tmp_path: Path
) -> None:
    agreement_id, file = _signed_file(desk)
    path, out = tmp_path / "agreement.json", io.StringIO()
    path.write_bytes(file)

    status = verify.run(path, language=Language.EN, out=out)

    assert status == 0, out.getvalue()
    assert "The provider signed this agreement, word for word." in out.getvalue()
    assert "The consumer signed this agreement, word for word." in out.getvalue()
    shown = _ok(desk.client("bo").get(f"/api/v1/agreements/{agreement_id}"))
    body = json.loads(json.loads(file)["agreement"]["body"])
    assert body["terms_sha256"] == shown["terms_sha256"]
    assert body["sections"].keys() == SECTIONS
    assert body["sections"]["roles"]["accepted_by"] == str(desk.city.buyer.user_id)
    assert body["sections"]["roles"]["consumer"]["id"] == str(desk.city.acme.id)
    path.write_bytes(file.replace(b"delete", b"keep", 1))
    assert verify.run(path, language=Language.EN, out=io.StringIO()) == 1


def test_one_altered_byte_of_a_signed_agreement_is_found(desk: Desk) -> None:
    _, file = _signed_file(desk)
    assert verify_agreement_file(file).is_valid

    @given(st.integers(0, len(file) - 1), st.integers(1, 255))
    def look(place: int, change: int) -> None:
        altered = bytearray(file)
        altered[place] ^= change
        try:
            assert not verify_agreement_file(bytes(altered)).is_valid
        except UnreadableProof:
            return

    look()


@pytest.mark.parametrize("body", ["[]", "{", "[" * 100_000, '{"format":"weir-agreement-body/1"}'])
def test_a_file_that_says_something_else_than_an_agreement_does_not_hold(
    desk: Desk, tmp_path: Path, body: str
) -> None:
    _, file = _signed_file(desk)
    told, path = json.loads(file), tmp_path / "agreement.json"
    told["agreement"]["body"] = body
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    out = io.StringIO()

    assert verify.run(path, language=Language.EN, out=out) == 1
    assert "Do not rely on this file." in out.getvalue()


def test_a_key_that_retires_before_time_began_is_no_key(desk: Desk) -> None:
    _, file = _signed_file(desk)
    told = json.loads(file)
    told["keys"][0]["retire_at"] = "0001-01-01T00:00:00+14:00"

    with pytest.raises(UnreadableProof):
        verify_agreement_file(json.dumps(told).encode())


def test_nobody_signs_an_agreement_with_the_key_of_another_organisation(desk: Desk) -> None:
    _, file = _signed_file(desk)
    told = json.loads(file)
    told["provider"] = told["consumer"]
    told["organization_keys"] = [
        key for key in told["organization_keys"] if key["kid"] == told["consumer"]["kid"]
    ]
    forged = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()

    failed = [check for check in verify_agreement_file(forged).checks if not check.is_passed]

    assert {check.name for check in failed} == {CheckName.PROVIDER}
    log_id = verify_agreement_file(file).log_id
    assert verify_agreement_file(file, trusted_kid=log_id).is_valid
    assert not verify_agreement_file(file, trusted_kid=told["consumer"]["kid"]).is_valid


def test_an_agreement_of_before_says_that_nobody_signed_it(desk: Desk) -> None:
    city = desk.city
    signed = city.buy(city.sold_stops())
    with city.pool.connection() as tx:
        old = agree.conclude(tx, replace(signed, id=AgreementId(uuid4())), by=city.buyer)
    buyer = desk.client("bo")

    answer = buyer.get(f"/api/v1/agreements/{old.id}/document")
    stranger = desk.client("wen").get(f"/api/v1/agreements/{signed.id}/document")

    assert answer.status_code == 404
    assert answer.json()["type"].endswith("agreement-not-signed")
    assert stranger.status_code == 404
    assert stranger.json()["type"].endswith("agreement-not-found")


def test_what_a_standing_release_grants_is_signed_with_the_word_of_who_released(
    desk: Desk,
) -> None:
    city, officer = desk.city, desk.client("wen")
    listing = city.shared_stops(share_type=ShareType.UNCONDITIONAL, has_standing_release=True)

    asked = _ok(officer.post(f"/api/v1/listings/{listing.id}/applications", json=REQUEST), 201)
    file = officer.get(f"/api/v1/agreements/{asked['agreement_id']}/document").content

    assert verify_agreement_file(file).is_valid
    roles = json.loads(json.loads(file)["agreement"]["body"])["sections"]["roles"]
    assert (roles["accepted_by"], roles["released_by"]) == (None, str(city.approver.user_id))
