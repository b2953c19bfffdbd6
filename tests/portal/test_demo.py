"""The demo city, loaded once for this file: cut short by Ctrl-C, and then taken up again."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from policies.party import check_credit_code
from portal.demo.cast import ORGANIZATIONS, PEOPLE
from portal.demo.progress import MARKER
from tests.installation import Installation, free_port, installation

FLIGHTS = 2_000
END_TIMEOUT_S = 60


@dataclass
class Demo:
    """A served installation with the demo in it, and what `weir demo --json` said."""

    at: Installation
    told: dict[str, Any]
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def get(self, name: str, path: str) -> Any:
        if name not in self.clients:
            self.clients[name] = self.at.client(name)
        answer = self.clients[name].get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with installation(tmp_path_factory.mktemp("demo")) as made:
        _load_a_little(made)
        told = made.command(*_asked(made), "--json")
        made.start()
        demo = Demo(made, json.loads(told.splitlines()[-1]))
        yield demo
        for client in demo.clients.values():
            client.close()


def _asked(made: Installation) -> list[str]:
    return ["demo", "--flights", str(FLIGHTS), "--port", str(made.port)]


def _load_a_little(made: Installation) -> None:
    """Start as `make run` does, and press Ctrl-C once something has been published."""
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", *_asked(made), "--serve", "--data", str(made.data)],
        stdout=subprocess.PIPE,
        env=os.environ | made.environment,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if " publish flights 1" in line:
            break
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(END_TIMEOUT_S) == 130, "".join(lines)


def test_everybody_signs_in_with_the_password_that_was_printed(demo: Demo) -> None:
    printed = {each["name"]: each["password"] for each in demo.told["sign_ins"]}

    assert set(printed) == {person.name for person in PEOPLE}
    assert len(set(printed.values())) == len(printed)
    for name, password in printed.items():
        with httpx.Client(base_url=demo.at.address, timeout=60) as browser:
            page = browser.get("/user/login").text
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert found is not None
            form = {"login": name, "password": password, "csrf_token": found.group(1)}
            assert browser.post("/user/login", data=form).status_code == 303


def test_passwords_lie_in_one_file_that_only_its_owner_reads(demo: Demo) -> None:
    file = demo.at.data / "private" / "demo-sign-ins.json"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_organisation_has_a_credit_code_of_the_right_form(demo: Demo) -> None:
    listed = demo.get("regulator", "/organizations")

    assert len(ORGANIZATIONS) == len({each.credit_code for each in ORGANIZATIONS})
    for organization in ORGANIZATIONS:
        assert check_credit_code(organization.credit_code) == organization.credit_code
        assert organization.slug in json.dumps(listed)


def test_the_catalogue_holds_what_was_published_and_no_more(demo: Demo) -> None:
    with httpx.Client(base_url=demo.at.address) as visitor:
        found = visitor.get("/api/v1/datasets").json()["items"]

    assert {each["slug"] for each in found} == {
        "flights",
        "punctuality",
        "weather",
        "airports",
        "airlines",
        "divisions",
        "holidays",
    }
    for each in found:
        assert each["title"].keys() == {"zh", "en"}
        assert each["summary"].keys() == {"zh", "en"}


def test_one_dataset_waits_for_its_approver_and_one_is_held_back_by_the_gate(demo: Demo) -> None:
    waiting = demo.get("office-publisher", "/datasets/make-up-workdays")
    held = demo.get("airport-publisher", "/datasets/aircraft")

    assert waiting["state"] == "submitted"
    assert held["state"] == "draft"
    assert held["distributions"][0]["newest"]["verdict"] == "blocked"


def test_a_draft_for_trade_waits_for_the_assessor(demo: Demo) -> None:
    listing = demo.get("assessor", "/datasets/punctuality/listings")[0]

    assert (listing["regime"], listing["state"]) == ("trade", "draft")
    assert listing["assessed_on"] is None


def test_usage_decisions_and_purchases_are_there_for_the_regulator(demo: Demo) -> None:
    seen = demo.get("regulator", "/audit/overview")
    refused = demo.get("regulator", "/audit/decisions?is_allowed=false&limit=100")

    assert seen["deliveries"] > 80
    assert seen["charged_microcredits"] > 0
    assert seen["agreements_in_force"] == 7
    assert seen["applications_open"] >= 1
    assert seen["listings_to_open"] >= 1
    assert len(refused) >= 5


def test_every_decision_of_the_demo_is_made_again_with_the_old_answer(demo: Demo) -> None:
    decisions = demo.get("regulator", "/audit/decisions?limit=200")

    again = [demo.get("regulator", f"/audit/decisions/{one['id']}/replay") for one in decisions]

    assert len(again) > 1
    assert {one["is_allowed"] for one in again} == {True, False}
    for one in again:
        assert one["is_same"], one
        assert bool(one["would_refuse"]) is one["is_allowed"], one


def test_every_way_to_answer_a_request_occurs(demo: Demo) -> None:
    asked = [
        *demo.get("tourism-officer", "/applications"),
        *demo.get("emergency-officer", "/applications"),
        *demo.get("lantern-buyer", "/applications"),
        *demo.get("civil-publisher", "/applications"),
    ]
    refused = next(each for each in asked if each["state"] == "refused")

    assert {each["state"] for each in asked} == {"granted", "refused", "returned", "submitted"}
    assert {each["is_by_standing_release"] for each in asked} == {True, False}
    assert refused["legal_basis"]
    assert len(demo.get("weather-approver", "/applications/inbox")) == 1


def test_the_small_firm_has_less_left_than_a_result_costs(demo: Demo) -> None:
    balance = demo.get("lantern-buyer", "/balance")

    assert 0 < balance["available_microcredits"] < 50_000
    assert balance["held_microcredits"] == 0


def test_a_receipt_leads_back_to_the_file_that_was_sent(demo: Demo) -> None:
    receipt = demo.get("skyline-buyer", "/receipts?limit=1")[0]

    traced = demo.get("regulator", f"/audit/receipts/{receipt['id']}")
    graph = demo.get("regulator", f"/audit/lineage?asset=receipt:{receipt['id']}&depth=10")

    assert any(item["file_name"] == "flights.csv" for item in traced["items"])
    assert traced["transfers"]
    assert {node["kind"] for node in graph["nodes"]} >= {"receipt", "version", "upload"}


def test_the_freeze_that_was_tried_is_lifted_again(demo: Demo) -> None:
    agreements = demo.get("harbour-buyer", "/agreements")
    events = [
        event["kind"]
        for agreement in agreements
        for event in demo.get("regulator", f"/audit/events?subject_id={agreement['id']}")
    ]

    assert demo.get("regulator", "/audit/freezes") == []
    assert {"freeze.placed", "freeze.lifted"} <= set(events)


def test_everything_that_must_always_hold_does(demo: Demo) -> None:
    told = demo.at.command("doctor", "--json")

    assert all(not each["broken_by"] for each in json.loads(told))


def test_a_second_loading_changes_nothing(demo: Demo) -> None:
    before = _events(demo)

    again = json.loads(demo.at.command(*_asked(demo.at), "--json").splitlines()[-1])

    assert _events(demo) == before
    assert again["sign_ins"] == demo.told["sign_ins"]
    assert again["address"] == demo.at.address


def _events(demo: Demo) -> int:
    """How many events tell of the demo's data and people; looking is itself told of."""
    newest: int = demo.get("regulator", f"/audit/events?dataset_id={_flights_id(demo)}")[0]["id"]
    return newest


def _flights_id(demo: Demo) -> str:
    found: str = demo.get("regulator", "/datasets/flights")["id"]
    return found


def test_a_folder_that_is_served_or_is_no_demo_is_not_removed(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    other = Installation(tmp_path, free_port())

    demo.at.command("demo", "--remove", "--yes", expect=1)
    other.command("demo", "--remove", "--yes", expect=1)

    assert (demo.at.data / MARKER).exists()
    assert (tmp_path / "something").exists()


def test_an_installation_with_organisations_of_its_own_is_left_alone(tmp_path: Path) -> None:
    own = Installation(tmp_path / "data", free_port())
    own.data.mkdir()
    own.command("org", "add", "transport", "--kind", "department", "--title", "Transport")

    own.command(*_asked(own), expect=1)
    own.command("demo", "--remove", "--yes", expect=1)

    assert json.loads(own.command("doctor", "--json"))


def test_removing_asks_first(tmp_path: Path) -> None:
    made = Installation(tmp_path / "data", free_port())
    made.data.mkdir()
    (made.data / MARKER).write_text('{"is_complete": false, "done": []}')

    made.command("demo", "--remove", stdin="n\n", expect=1)
    was_kept = made.data.exists()
    made.command("demo", "--remove", stdin="y\n")

    assert was_kept
    assert not made.data.exists()
