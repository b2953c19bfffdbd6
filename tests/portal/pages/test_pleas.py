"""A version that is held back goes on only when somebody else lets it, and says so for ever."""

from __future__ import annotations

from datetime import timedelta

from psycopg.types.json import Jsonb

from catalog.find import overview, stored_version
from catalog.publish import publish
from catalog.version import Verdict, Version
from policies.roles import SYSTEM
from quality.outcome import RuleOutcome, Status, SuiteOutcome
from quality.report import report_as_json, report_of
from quality.rule_format import parse_rule
from quality.take_down import Subject, take_down
from tests.exchange.city import STOPS, City
from tests.portal.pages.conftest import REPORT, OpenBrowser
from tests.portal.visitor import Visitor

PAGE = "/publish/stops/plea"
REASON = "Two instruments; <see> the station's note"


def held_back(city: City) -> Version:
    """A new version of the stops that a rule of its publisher's blocks."""
    dataset = city.open_stops()
    rule = parse_rule(
        {"expect": {"kind": "not_null"}, "columns": ["name"], "gate": "block"}, rule_id="named"
    )
    suite = SuiteOutcome(
        (RuleOutcome(rule, Status.FAILED, 40, 3),), 40, "a" * 64, "[]", "b" * 64, "engine"
    )
    with city.pool.connection() as tx:
        made = city.add_version(tx, dataset, by=city.publisher, select=STOPS)
        whole = Jsonb(report_as_json(REPORT))
        tx.execute("UPDATE quality.reports SET body = %s WHERE body = '{}'", (whole,))
        subject = Subject(made.id, dataset.id, dataset.publisher_id, ())
        report = report_of(suite, started_at=city.at, finished_at=city.at + timedelta(seconds=1))
        take_down(tx, subject, report, suite, (), by=SYSTEM)
        return stored_version(tx, made.id).version


def newest(city: City) -> Version:
    with city.pool.connection() as tx:
        held = overview(tx, "stops", by=city.publisher).distributions[0].newest
    assert held
    return held


def ask(visitor: Visitor, city: City, kind: str = "known_issue", days: int = 30) -> int:
    until = (city.at + timedelta(days=days)).date().isoformat()
    fields = {"kind": kind, "reason": REASON, "ends_on": until}
    return visitor.submit(PAGE, on=PAGE, **fields).status_code


def plea_in_inbox(visitor: Visitor) -> str:
    page = visitor.page("/inbox?lang=en")
    start = page.index("/inbox/plea/")
    return page[start : page.index('"', start)]


def test_a_known_issue_is_published_by_a_named_approver_and_never_green(
    city: City, browser_of: OpenBrowser
) -> None:
    # Opening a browser gives every report of the city a body, so that comes first.
    publisher, approver = browser_of(city.publisher), browser_of(city.approver)
    reader = browser_of()
    held_back(city)

    assert publisher.submit("/publish/stops/submit", on="/publish/stops").status_code == 409
    assert PAGE in publisher.page("/publish/stops?lang=en")
    assert "3 of 40 rows have an empty" in publisher.page(f"{PAGE}?lang=en")
    assert ask(publisher, city, days=0) == 400
    assert ask(publisher, city) == 303
    assert ask(publisher, city) == 409
    where = plea_in_inbox(approver)
    assert "&lt;see&gt;" in approver.get(f"{where}?lang=zh").text
    assert approver.submit(where, on=where, said="grant", answer="").status_code == 400
    assert newest(city).verdict is Verdict.BLOCKED
    assert approver.submit(where, on=where, said="grant", answer="Until August").status_code == 303
    assert newest(city).verdict is Verdict.KNOWN_ISSUE

    assert publisher.submit("/publish/stops/submit", on="/publish/stops").status_code == 303
    with city.pool.connection() as tx:
        dataset = overview(tx, "stops", by=city.publisher).dataset
        publish(tx, dataset.id, by=city.approver, at=city.at)
    for language, words in (("en", "Known issue"), ("zh", "已知问题")):
        page = reader.get(f"/dataset/stops/quality?lang={language}").text
        assert words in page
        assert "&lt;see&gt;" in page
        assert city.approver.name in page


def test_an_appeal_is_answered_by_somebody_else_or_not_at_all(
    city: City, browser_of: OpenBrowser
) -> None:
    publisher, buyer = browser_of(city.publisher), browser_of(city.buyer)
    approver = browser_of(city.approver)
    held_back(city)

    assert ask(publisher, city, "appeal") == 303
    where = plea_in_inbox(approver)
    assert buyer.get(where).status_code == 404
    assert publisher.get(where).status_code == 404
    assert buyer.get(PAGE).status_code in (403, 404)
    assert approver.submit(where, on=where, said="refuse", answer="It is wrong").status_code == 303

    assert newest(city).verdict is Verdict.BLOCKED
    assert "It is wrong" in publisher.page(f"{PAGE}?lang=en")
    assert ask(publisher, city, "appeal") == 303
    where = plea_in_inbox(approver)
    approver.submit(where, on=where, said="grant", answer="Yes")
    assert newest(city).verdict is Verdict.PASSED_WITH_WARNINGS
