"""The standards, decisions made again, drafts tried, and the calendar: as people see them."""

from __future__ import annotations

import argparse
import io
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from exchange import apply, replay
from exchange.store import decisions as decision_store
from policies.database import Pool
from policies.decision.profile import profile_named
from policies.identity.people import user_with_id
from policies.party import Role
from portal.app import create_app
from portal.commands import calendar as calendar_commands
from portal.commands.context import CommandFailed
from portal.wiring import Wiring
from tests.exchange.city import City, request
from tests.people import PASSWORD, enrol
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor, api_token

CALENDAR = "day,kind\n" + "".join(
    f"2027-{day},off\n"
    for day in ("01-01", "02-05", "02-08", "02-09", "02-10", "02-11", "02-12", "04-05", "05-03")
)
CALENDAR += "2027-02-06,work\n"


def decisions(city: City) -> list[str]:
    with city.pool.connection() as tx:
        found = decision_store.search_decisions(
            tx,
            dataset_id=None,
            organization_id=None,
            is_allowed=None,
            before=datetime(2099, 1, 1, tzinfo=UTC),
            limit=500,
        )
    return [str(one.id) for one in found]


def busy(city: City) -> None:
    """Data sold, read and refused."""
    city.pay_in(50_000_000)
    token = city.token(city.buy(city.sold_stops()))
    city.query('SELECT * FROM "sold-stops" LIMIT 10', token)


def test_the_page_of_the_standards_shows_every_clause_and_says_what_is_not_covered(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(None)

    page = visitor.page("/standards")
    told = visitor.get("/api/v1/standards/cn-2025").json()
    chinese = visitor.get("/standards", headers={"Accept-Language": "zh"}).text

    assert all(f">{clause['id']}<" in page for clause in told["items"])
    assert told["version"] == 2
    assert told["covered"] == sum(one["is_covered"] for one in told["items"])
    assert 0 < told["covered"] < told["clauses"]
    assert all(one["is_proven"] for one in told["items"])
    assert "Nobody gives yet" in page
    assert "未覆盖" in chinese
    assert "Refused so far" not in page, "counts are for those who supervise"


def test_clauses_are_filtered_by_way_stage_and_coverage(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(None)

    page = visitor.page("/standards?regime=share&stage=decide&covered=yes")
    shown = set(re.findall(r'<tr role="row" id="([^"]+)"', page))

    clauses = {one.id: one for one in profile_named("cn-2025").clauses}
    assert {"X025", "X026"} <= shown
    assert all(clauses[name].stage.value == "decide" for name in shown)
    assert "X033" in shown
    assert "X048" not in shown
    assert "No clause like this" in visitor.page("/standards?regime=open&stage=withdraw")
    assert visitor.get("/standards?profile=nowhere").status_code == 404


def test_a_supervisor_sees_how_often_clauses_refused_and_how_the_exchange_stands(
    city: City, browser_of: OpenBrowser
) -> None:
    busy(city)

    page = browser_of(city.regulator).page("/standards")

    assert "How the exchange stands today" in page
    assert "Refused so far" in page
    assert "Clauses stand against it" not in page


def test_what_a_clause_refused_is_counted_though_it_left_nothing_behind(
    city: City, browser_of: OpenBrowser
) -> None:
    listing = city.shared_stops()
    asking = browser_of(city.officer)
    place = "/dataset/shared-stops/request"

    sent = asking.submit(
        place,
        on=place,
        purpose="statutory_duty",
        duty="Emergency care act, item 4",
        scenario="Plan ambulance routes",
        manner="page",
        ends_on="2020-01-01",
        pledge="yes",
    )
    page = browser_of(city.regulator).page("/standards?stage=apply")
    row = page.split('id="X130"')[1].split("</tr>")[0]

    assert sent.status_code == 400
    assert listing.is_listed
    assert 'data-label="Refused so far" class="number">1<' in row


def test_every_decision_made_again_under_the_law_of_its_day_gives_the_old_answer(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    busy(city)
    ids = decisions(city)

    with city.pool.connection() as tx:
        for decision_id in ids:
            told = replay.replay_decision(tx, UUID(decision_id), by=city.regulator, at=city.at)
            assert told.is_same
    page = browser_of(city.regulator).page(f"/audit/decision/{ids[0]}")

    assert ids
    assert "The law of its day gives the same answer" in page
    assert "The agreement has ended" in page, "what would have refused it"
    assert browser_of(city.buyer).get(f"/audit/decision/{ids[0]}").status_code == 403
    unknown = "/audit/decision/00000000-0000-0000-0000-000000000000"
    assert browser_of(city.regulator).get(unknown).status_code == 404


def test_a_draft_says_which_agreements_would_stop_and_what_they_are_worth(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    busy(city)
    visitor = browser_of(city.regulator)
    draft = (
        "id: draft-1\nextends: {id: cn-2025, version: 2}\nclauses:\n"
        "  - id: X105\n    source: weir\n    article: {zh: 草案, en: draft}\n    basis: D\n"
        "    regimes: [trade]\n    stage: list\n    test: service_level_is_published\n"
        "    severity: block\n    message: {zh: 请公布服务质量。, en: Publish the service level.}\n"
    )

    sent = visitor.submit("/audit/replays", on="/audit/replays", profile="", draft=draft)
    place = sent.headers["location"]
    waiting = visitor.page(place)
    replay_id = place.rsplit("/", 1)[1]
    replay.run_replay(wiring.pool, UUID(replay_id), now=city.now)
    page = visitor.page(place)
    told = visitor.get(f"/api/v1{place}").json()

    assert sent.status_code == 303
    assert "0 of 1 agreements" in waiting
    assert (told["total"], told["done"], told["stopped"]) == (1, 1, 1)
    (finding,) = told["findings"]
    assert [one["clause_id"] for one in finding["stops"]] == ["X105"]
    assert finding["worth_microcredits"] == told["worth_microcredits"] == 10_000
    assert "Publish the service level." in page
    with city.pool.connection() as tx:
        row = tx.execute("SELECT count(*) AS n FROM policies.agreements WHERE state = 'active'")
        assert row.fetchone() == {"n": 1}, "a draft stops nothing"


def test_the_law_in_force_as_a_draft_changes_nothing(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    busy(city)
    visitor = browser_of(city.bureau)

    sent = visitor.submit("/audit/replays", on="/audit/replays", profile="cn-2025.2", draft="")
    replay.run_replay(wiring.pool, UUID(sent.headers["location"][-36:]), now=city.now)

    assert "Nothing would change" in visitor.page(sent.headers["location"])


def test_a_draft_that_cannot_be_is_told_at_its_field(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.bureau)

    for draft in ("hello", "id: x\nextends: {id: nowhere}", "a: &b [1]"):
        sent = visitor.submit("/audit/replays", on="/audit/replays", profile="", draft=draft)
        assert sent.status_code == 400
        assert "cannot be used" in sent.text
    gone = visitor.submit("/audit/replays", on="/audit/replays", profile="mars.7", draft="")
    assert gone.status_code == 404
    assert browser_of(city.buyer).get("/audit/replays").status_code == 403


def test_the_bureau_loads_a_calendar_and_provisional_days_become_certain(
    city: City, browser_of: OpenBrowser
) -> None:
    city.at = datetime(2026, 12, 30, 4, tzinfo=UTC)
    with city.pool.connection() as tx:
        listing = city.shared_stops()
        asked = apply.submit(
            tx,
            city.parts.keys,
            listing.id,
            request(ends_on=date(2027, 6, 1)),
            by=city.officer,
            at=city.at,
        )
    assert asked.is_due_provisional
    visitor = browser_of(city.bureau)
    token = visitor.form_token("/standards/calendar")

    sent = visitor.post(
        "/standards/calendar",
        data={"csrf_token": token},
        files={"file": ("2027.csv", CALENDAR.encode(), "text/csv")},
    )
    page = visitor.page(sent.headers["location"])
    with city.pool.connection() as tx:
        row = tx.execute(
            "SELECT due_on, is_due_provisional FROM exchange.applications WHERE id = %s",
            (asked.id,),
        ).fetchone()
        kinds = tx.execute(
            "SELECT count(*) AS n FROM policies.events WHERE kind = 'calendar.loaded'"
        ).fetchone()

    assert sent.status_code == 303
    assert "The calendar of 2027 is loaded" in page
    assert row == {"due_on": date(2027, 1, 14), "is_due_provisional": False}
    assert kinds == {"n": 1}
    known = visitor.get("/api/v1/calendar").json()
    assert [one["year"] for one in known["loaded"]] == [2027]


def test_only_the_bureau_loads_a_calendar_and_a_bad_file_says_what_is_wrong(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(city.bureau)
    token = visitor.form_token("/standards/calendar")

    def send(content: bytes) -> tuple[int, str]:
        answer = visitor.post(
            "/standards/calendar",
            data={"csrf_token": token},
            files={"file": ("x.csv", content, "text/csv")},
        )
        return answer.status_code, answer.text

    for content, told in (
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "about one year"),
        (b"2027-01-01,off\n2028-01-01,off", "about one year"),
        (b"2027-01-01,off", "fewer than 7"),
        (b"2027-01-01,off\nsoon,off", "line 2"),
        (b"2027-01-01,off\n2027-01-01,off", "line 2"),
        (b"2027-01-01,off\n2027-01-04,work", "line 2"),
        (b"x" * 70_000, "65536"),
    ):
        assert send(content)[0] == 400, content[:30]
        assert told in send(content)[1], content[:30]
    assert send(CALENDAR.replace("2027", "2026").encode())[0] in (400, 409)
    buyer = browser_of(city.buyer)
    assert 'type="file"' not in buyer.page("/standards/calendar")


def test_an_agreement_of_ours_is_read_back_and_a_foreign_part_is_refused_by_name(
    city: City, wiring: Wiring
) -> None:
    agreement = city.buy(city.sold_stops())
    assert city.buyer.user_id is not None
    with wiring.pool.connection() as tx:
        name = user_with_id(tx, city.buyer.user_id).name
    visitor = Visitor(create_app(wiring))
    bearer = {"Authorization": f"Bearer {api_token(wiring, name)}", "Accept": "application/json"}
    policy = json.loads(agreement.terms)

    read = visitor.post("/api/v1/odrl", json=policy, headers=bearer)
    foreign = policy | {"conflict": "perm", "inheritFrom": "urn:x"}
    refused = visitor.post("/api/v1/odrl", json=foreign, headers=bearer)
    broken = visitor.post("/api/v1/odrl", json={"uid": 1.5}, headers=bearer)

    assert read.status_code == 200, read.text
    assert read.json()["actions"] == sorted(agreement.actions)
    assert read.json()["assignee"] == f"urn:uuid:{agreement.consumer_id}"
    assert refused.status_code == 400
    assert {"conflict", "inheritFrom"} <= set(refused.json()["parts"])
    assert broken.status_code == 400
    assert visitor.post("/api/v1/odrl", json=policy).status_code == 401


def test_the_command_loads_a_calendar_for_the_bureau_and_nobody_else(
    pool: Pool,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pool.connection() as tx:
        enrol(tx, "bureau", (Role.BUREAU, None), password=PASSWORD)
        enrol(tx, "chief", (Role.ADMIN, None), password=PASSWORD)
    file = tmp_path / "2027.csv"
    file.write_text(CALENDAR, encoding="utf-8")
    monkeypatch.setenv("WEIR_DATABASE_URL", database_url)

    def load(name: str, path: Path) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        calendar_commands.run_load(
            argparse.Namespace(data=str(tmp_path), json=True, name=name, file=path)
        )

    load("bureau", file)

    assert json.loads(capsys.readouterr().out) == {"year": 2027, "requests": 0, "wishes": 0}
    with pytest.raises(CommandFailed, match="Only the bureau"):
        load("chief", file)
    with pytest.raises(CommandFailed, match="cannot be read"):
        load("bureau", tmp_path / "none.csv")
