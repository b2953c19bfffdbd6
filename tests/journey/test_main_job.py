"""The main job, end to end, through the command line and HTTP of a whole installation.

File in, checked version, decision under a standard, metered delivery, receipt that proves itself.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.installation import installation
from tests.journey.city import City, answered

STOPS = "code,name,district\n" + "".join(
    f"{number:06d},站点{number},{('金凤区', '兴庆区')[number % 2]}\n" for number in range(1, 501)
)
FLIGHTS = "flight,carrier,delay\n" + "".join(
    f"F{number:05d},{'UA' if number % 3 else 'AA'},{number % 60}\n" for number in range(2000)
)
UNIT = 1_000


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    folder = Path(tempfile.mkdtemp(prefix="weir-journey-"))
    with installation(folder) as made:
        made.start()
        lived_in = City(made)
        lived_in.settle_in()
        lived_in.register("publisher", "stops")
        lived_in.publish("publisher", "approver", "stops", STOPS.encode())
        lived_in.register(
            "airport-publisher",
            "flights",
            open_type="not_open",
            open_basis="Operator's own data; commercial secret.",
            share_type="conditional",
        )
        lived_in.publish("airport-publisher", "airport-approver", "flights", FLIGHTS.encode())
        yield lived_in
        made.stop()
        assert made.left_running() == []
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def open_stops(city: City) -> str:
    return city.list_free("publisher", "approver", "stops", "open")


@pytest.fixture(scope="module")
def trade(city: City) -> dict[str, object]:
    listing = city.list_for_money("flights", unit_microcredits=UNIT)
    return city.buy(listing)


def test_codes_keep_their_zeros(city: City, open_stops: str) -> None:
    page = city.get("", "/datasets/stops/rows?limit=2&sort=code")

    assert page["rows"][0]["code"] == "000001"
    assert page["total"] == 500


def test_anyone_asks_open_data_in_sql_and_gets_a_receipt(city: City, open_stops: str) -> None:
    answer = city.of("").post(
        "/api/v1/query",
        json={"sql": "SELECT district, count(*) AS n FROM stops GROUP BY ALL ORDER BY ALL"},
    )

    assert answer.status_code == 200, answer.text
    assert answer.headers["Weir-Cost-Microcredits"] == "0"
    assert answer.headers["Weir-Receipt"]
    assert "兴庆区" in answer.text


def test_a_department_is_granted_shared_data_at_once(city: City) -> None:
    listing = city.list_free("publisher", "approver", "stops", "share")

    told = city.post(
        "police-buyer",
        f"/listings/{listing}/applications",
        {
            "purpose": "statutory_duty",
            "duty": "Road safety, art. 5",
            "scenario": "Checking bus lanes",
            "manner": "query",
            "ends_on": str(datetime.now(UTC).date() + timedelta(days=90)),
            "pledged": True,
        },
        expect=201,
    )

    assert told["state"] == "granted"
    assert told["is_by_standing_release"]
    answer = city.of("police-buyer").post(
        "/api/v1/query", json={"sql": "SELECT count(*) AS n FROM stops"}
    )
    assert answer.status_code == 200, answer.text


def test_an_empty_balance_is_refused_at_once_and_in_words(
    city: City, trade: dict[str, object]
) -> None:
    buyer = city.bound_client(str(trade["id"]))

    refused = buyer.post(
        "/api/v1/query",
        json={"sql": "SELECT * FROM flights LIMIT 10"},
        headers={"Accept-Language": "zh"},
    )

    assert refused.status_code == 402
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "积分" in refused.json()["detail"]


def test_a_purchase_is_charged_exactly_and_proves_itself_offline(
    city: City, trade: dict[str, object], tmp_path: Path
) -> None:
    city.top_up(5)
    before = city.get("buyer", "/balance")["available_microcredits"]
    buyer = city.bound_client(str(trade["id"]))
    old_head = tmp_path / "head.json"
    old_head.write_bytes(httpx.get(f"{city.installation.address}/log/head").content)
    known_size = json.loads(json.loads(old_head.read_bytes())["head"]["body"])["tree_size"]

    bought = buyer.post(
        "/api/v1/query", json={"sql": "SELECT flight FROM flights WHERE carrier = 'UA' LIMIT 100"}
    )

    assert bought.status_code == 200, bought.text
    assert int(bought.headers["Weir-Cost-Microcredits"]) == 100 * UNIT
    assert int(bought.headers["Weir-Balance-Microcredits"]) == before - 100 * UNIT
    receipt = bought.headers["Weir-Receipt"]
    proof = city.of("buyer").get(
        f"/api/v1/receipts/{receipt}/proof", params={"known_size": known_size}
    )
    assert proof.status_code == 200, proof.text
    file = tmp_path / "receipt.json"
    file.write_bytes(proof.content)
    assert verified(file, "--head", str(old_head)) == 0
    file.write_bytes(proof.content.replace(b"100000", b"100001"))
    assert verified(file) == 1


def test_the_same_key_charges_once(city: City, trade: dict[str, object]) -> None:
    city.top_up(1)
    buyer = city.bound_client(str(trade["id"]))
    question = {"sql": "SELECT delay FROM flights LIMIT 7"}

    answers = [
        buyer.post("/api/v1/query", json=question, headers={"Idempotency-Key": "march"})
        for _ in range(3)
    ]
    other = buyer.post(
        "/api/v1/query",
        json={"sql": "SELECT delay FROM flights LIMIT 8"},
        headers={"Idempotency-Key": "march"},
    )

    assert {answer.headers["Weir-Receipt"] for answer in answers} == {
        answers[0].headers["Weir-Receipt"]
    }
    assert [int(answer.headers["Weir-Cost-Microcredits"]) for answer in answers] == [
        7 * UNIT,
        0,
        0,
    ]
    assert other.status_code in (400, 409), other.text


def test_the_regulator_walks_from_a_receipt_to_the_uploaded_file(
    city: City, trade: dict[str, object]
) -> None:
    city.top_up(1)
    buyer = city.bound_client(str(trade["id"]))
    receipt = buyer.get("/api/v1/datasets/flights/rows?limit=3").headers["Weir-Receipt"]

    told = json.dumps(city.get("auditor", f"/audit/receipts/{receipt}"))

    for word in ("trade", "cn-2025", "airport", str(trade["id"])):
        assert word in told


def test_a_freeze_stops_the_next_read_and_says_why(city: City, trade: dict[str, object]) -> None:
    city.top_up(1)
    buyer = city.bound_client(str(trade["id"]))
    assert buyer.get("/api/v1/datasets/flights/rows?limit=1").status_code == 200
    before = city.get("buyer", "/balance")["available_microcredits"]

    placed = city.post(
        "auditor",
        "/audit/freezes",
        {
            "target_kind": "organization",
            "target_id": city.get("auditor", "/organizations/skyline")["id"],
            "reason": "Drew far too much",
        },
        expect=201,
    )
    refused = buyer.get("/api/v1/datasets/flights/rows?limit=1")

    assert refused.status_code == 403
    assert city.get("buyer", "/balance")["available_microcredits"] == before
    city.post("second-auditor", f"/audit/freezes/{placed['id']}/lift", {"reason": "Explained"})
    assert buyer.get("/api/v1/datasets/flights/rows?limit=1").status_code == 200


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("SELECT 1; SELECT 2", 400),
        ("DELETE FROM stops", 400),
        ("SELECT * FROM flights", 403),
        ("SELECT * FROM nowhere", 404),
        ("SELECT * FROM read_csv('/etc/passwd')", 400),
        ("SELEC 1", 400),
    ],
)
def test_sql_that_is_not_a_permitted_select_is_a_problem_in_words(
    city: City, open_stops: str, sql: str, status: int
) -> None:
    answer = city.of("").post("/api/v1/query", json={"sql": sql})

    assert answer.status_code in (status, 404 if status == 403 else status), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_file_that_is_no_table_is_refused_in_words(city: City) -> None:
    city.register("publisher", "broken")

    upload = city.upload("publisher", "broken", b"PK\x03\x04" + bytes(range(256)) * 40)

    told = city.wait_until_read("publisher", upload["id"])
    assert told["state"] == "failed"
    assert told["failure"]["detail"]


def test_unknown_fields_and_foreign_tokens_are_refused(city: City) -> None:
    answered(
        city.of("publisher").post("/api/v1/datasets", json={"slug": "x", "colour": "red"}), 422
    )
    forged = httpx.get(
        f"{city.installation.address}/api/v1/balance",
        headers={"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    )
    assert forged.status_code == 401


def test_everything_that_must_hold_holds(city: City, trade: dict[str, object]) -> None:
    assert "see above" not in city.installation.command("doctor")


def verified(file: Path, *more: str) -> int:
    """Exit status of `weir verify`, run with no server and no account."""
    done = subprocess.run(
        [sys.executable, "-m", "portal", "verify", str(file), *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 40, b'code,name\n1,"never closed\n2,b\n', b""],
    ids=["binary", "cut short", "empty"],
)
def test_a_broken_file_is_refused_in_the_callers_language(city: City, content: bytes) -> None:
    if city.of("publisher").get("/api/v1/datasets/broken").status_code == 404:
        city.register("publisher", "broken")
    answer = city.of("publisher").put(
        "/api/v1/datasets/broken/distributions/data/uploads/broken.csv",
        content=content,
        headers={"Accept-Language": "zh"},
    )
    if answer.status_code == 202:
        upload_id = answer.json()["id"]
        city.wait_until_read("publisher", upload_id)
        told = city.of("publisher").get(
            f"/api/v1/uploads/{upload_id}", headers={"Accept-Language": "zh"}
        )
        words = told.json()["failure"]["detail"]
    else:
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        words = answer.json()["detail"]

    assert re.search("[\u4e00-\u9fff]{4}", words), words


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sql": "SELECT 1", "surprise": True}, 422),
        ({"sql": 7}, 422),
        ({"sql": "DELETE FROM stops"}, 400),
        ({"sql": "SELECT 1; SELECT 2"}, 400),
        ({"sql": "SELECT * FROM nowhere"}, 404),
        ({"sql": "SELECT * FROM flights"}, 403),
    ],
    ids=["unknown field", "wrong type", "no SELECT", "two statements", "no table", "not granted"],
)
def test_a_question_that_cannot_be_asked_is_refused_in_the_callers_language(
    city: City, body: dict[str, object], status: int
) -> None:
    for language, letters in (("zh", "[\u4e00-\u9fff]{4}"), ("en", "^[ -~“”’…–]+$")):
        answer = city.of("police-buyer").post(
            "/api/v1/query", json=body, headers={"Accept-Language": language}
        )

        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert re.search(letters, answer.json()["detail"]), answer.text


def test_a_foreign_token_is_refused_in_the_callers_language(city: City) -> None:
    foreign = "eyJhbGciOiJFZERTQSIsImtpZCI6IngiLCJ0eXAiOiJhdCtqd3QifQ.e30.AAAA"
    answer = httpx.get(
        f"{city.installation.address}/api/v1/balance",
        headers={"Authorization": f"Bearer {foreign}", "Accept-Language": "zh"},
    )

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert re.search("[\u4e00-\u9fff]{4}", answer.json()["detail"])
