"""Rules that look at a table of another dataset: written over HTTP, decided anew at each check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from httpx import Response

from catalog.directory import RecordAudience
from catalog.find import dataset_named, overview, stored_version
from catalog.version import Verdict, Version
from exchange.look_beside import other_tables
from policies.party import Actor, Role
from policies.roles import SYSTEM
from policies.terms import OpenType, ShareType
from quality.assess import assess
from quality.engine.open_table import Limits
from quality.outcome import Reason, Status
from quality.quarantine_rows import quarantine_rows
from quality.report import Report
from quality.take_down import Subject
from quality.wording import sentence_for
from tests.exchange.city import STOPS, City, entry, later
from tests.people import acting
from tests.portal.pages.conftest import OpenBrowser

LIMITS = Limits(memory_bytes=500_000_000, threads=1)
RULES = "/api/v1/datasets/trips/rules"
KEYS = {"kind": "in_other_table", "table": "stops", "column": "line"}


@pytest.fixture
def hua(city: City) -> Actor:
    """Who publishes for the health department, and its data: trips with a line each."""
    with city.pool.connection() as tx:
        hua = acting(tx, "hua", (Role.PUBLISHER, city.health))
    city.publish("trips", by=hua, approver=city.head, entry=entry(licence="CC-BY-4.0"))
    return hua


def ask(
    browser_of: OpenBrowser, by: Actor, expect: Mapping[str, object], **more: object
) -> Response:
    visitor = browser_of(by)
    token = {"X-CSRF-Token": visitor.form_token("/publish/trips"), "Accept-Language": "en"}
    body = {"expect": dict(expect), "columns": ["line"], "gate": "block", **more}
    answer: Response = visitor.post(RULES, json=body, headers=token)
    return answer


def next_version(city: City, by: Actor, select: str) -> Version:
    with city.pool.connection() as tx:
        dataset = dataset_named(tx, "trips", by=by)
        return city.add_version(tx, dataset, by=by, select=select)


def check(city: City, version: Version) -> Report:
    with city.pool.connection() as tx:
        held = stored_version(tx, version.id)
    folders = city.parts.folders
    return assess(
        city.pool,
        Subject(
            version.id,
            held.dataset.id,
            held.dataset.publisher_id,
            tuple(held.checked_paths(folders)),
            version.number,
        ),
        by=SYSTEM,
        clock=city.now,
        limits=LIMITS,
        on_progress=lambda _permille: None,
        look_up=lambda rules: other_tables(city.pool, folders, held.dataset, rules, at=city.at),
    )


def test_a_foreign_key_holds_back_what_does_not_occur_there(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    city.open_stops()

    made = ask(browser_of, hua, KEYS)
    report = check(city, next_version(city, hua, STOPS.replace("% 4", "% 5")))

    assert made.status_code == 201, made.text
    assert made.json()["rule"]["title"]["en"] == "“line” occurs in another table"
    assert report.verdict is Verdict.BLOCKED
    (failed,) = report.blocking
    assert failed.sentence.zh == "40 行中有 8 行的“line”在另一张表里找不到。"
    assert failed.against
    assert (failed.against.table, failed.against.number) == ("stops", 1)
    assert len(failed.examples) == 5


def test_bad_rows_are_set_aside_by_the_version_that_the_report_names(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    dataset = city.open_stops()
    assert ask(browser_of, hua, KEYS, gate="quarantine").status_code == 201
    version = next_version(city, hua, STOPS.replace("% 4", "% 5"))
    check(city, version)
    with city.pool.connection() as tx:
        city.add_version(tx, dataset, by=city.publisher, select=STOPS.replace("% 4", "% 9"))

    sifted = quarantine_rows(city.pool, city.parts.folders, version.id, at=city.at, limits=LIMITS)

    assert sifted
    assert sifted.row_count == 32


def test_totals_are_told_to_differ_without_telling_them(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    city.open_stops()
    total = {"kind": "same_total", "table": "stops", "column": "id", "by": ["line"]}
    assert ask(browser_of, hua, total, columns=["id"]).status_code == 201
    more = f"SELECT id + (id = 7)::BIGINT AS id, name, line FROM ({STOPS})"

    good = check(city, next_version(city, hua, STOPS))
    bad = check(city, next_version(city, hua, more))

    assert good.blocking == ()
    (failed,) = bad.blocking
    assert failed.sentence.en == (
        "In 1 of 4 groups by “line” the total of “id” differs from that of the other table."
    )


@pytest.mark.parametrize("table", ["nothing", "sold-stops", "shared-stops", "hidden"])
def test_what_the_department_may_not_read_is_refused_as_what_is_not_there(
    city: City, browser_of: OpenBrowser, hua: Actor, table: str
) -> None:
    city.sold_stops()
    city.shared_stops()
    hidden = entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN)
    city.publish(
        "hidden",
        by=city.publisher,
        approver=city.approver,
        entry=replace(hidden, audience=RecordAudience.OWN),
    )

    refused = ask(browser_of, hua, KEYS | {"table": table})

    assert refused.status_code == 403
    assert table in refused.json()["detail"]
    assert browser_of(hua).get(RULES).json() == []


@pytest.mark.parametrize(
    ("expect", "columns", "words"),
    [
        (KEYS | {"column": "gone"}, ["line"], "gone"),
        (KEYS | {"column": "name"}, ["line"], "name"),
        (KEYS | {"table": "no such; name"}, ["line"], "expect.table"),
        ({"kind": "in_other_table", "table": "stops"}, ["line"], "expect.column"),
        (KEYS | {"by": ["line"]}, ["line"], "expect.by"),
        (KEYS | {"kind": "same_total", "by": ["line", "line"]}, ["line"], "expect.by"),
        (KEYS | {"kind": "same_total", "by": ["gone"]}, ["line"], "gone"),
        (KEYS | {"kind": "same_total", "tolerance_permille": 1001}, ["line"], "tolerance"),
        (KEYS | {"kind": "same_total"}, ["name"], "name"),
        ({"kind": "steady", "aspect": "weather"}, [], "expect.aspect"),
    ],
)
def test_a_mistake_in_such_a_rule_is_named(
    city: City,
    browser_of: OpenBrowser,
    hua: Actor,
    expect: dict[str, object],
    columns: list[str],
    words: str,
) -> None:
    city.open_stops()

    refused = ask(browser_of, hua, expect, columns=columns)

    assert refused.status_code == 400, refused.text
    assert words in refused.json()["detail"]


def test_a_table_that_is_shared_is_read_until_its_agreement_ends(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    agreement = city.ask_for(city.shared_stops())
    assert ask(browser_of, hua, KEYS | {"table": "shared-stops"}).status_code == 201
    version = next_version(city, hua, STOPS)

    before = check(city, version)
    city.at = agreement.ends_at
    later(city, seconds=1)
    after = check(city, version)

    assert before.blocking == ()
    assert after.verdict is Verdict.BLOCKED
    assert [(one.status, one.sentence) for one in after.blocking] == [
        (Status.ERROR, sentence_for(Reason.OTHER_TABLE, ("line",)))
    ]
    assert after.others == frozenset()


def test_only_who_knows_of_the_other_table_is_told_its_name(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    secret = city.publish(
        "secret-lines",
        by=hua,
        approver=city.head,
        entry=replace(entry(), audience=RecordAudience.OWN),
    )
    assert ask(browser_of, hua, KEYS | {"table": "secret-lines"}).status_code == 201
    with city.pool.connection() as tx:
        newest = overview(tx, "trips", by=hua).distributions[0].newest
    assert newest
    later(city, minutes=1)
    publisher, nobody = browser_of(hua), browser_of(None)
    readers = [browser_of(city.buyer), browser_of(city.publisher)]
    check(city, newest)
    report = "/api/v1/datasets/trips/distributions/data/versions/1/report"

    own = publisher.get(report).json()["findings"]
    others = nobody.get(report)

    named = [one["against"] for one in own if one["against"]]
    assert [one["dataset_id"] for one in named] == [str(secret.id)]
    assert others.status_code == 200
    assert {one["against"] for one in others.json()["findings"]} == {None}
    assert "secret" not in others.text
    for path in (report, RULES, "/api/v1/datasets/trips/contract"):
        assert "secret" in publisher.get(path).text, path
        for reader in readers:
            assert reader.get(path).status_code == 200
            assert "secret" not in reader.get(path).text, path


def test_the_line_of_quality_is_told_of_the_versions_that_one_reads(
    city: City, browser_of: OpenBrowser, hua: Actor
) -> None:
    path = "/api/v1/datasets/trips/quality/history"
    later(city, days=1)
    unpublished = next_version(city, hua, STOPS.replace("% 4", "% 5"))
    own, others = browser_of(hua), browser_of(city.buyer)
    later(city, minutes=1)
    report = check(city, unpublished)

    line = own.get(path).json()
    seen = others.get(path).json()

    assert [one["number"] for one in line] == [2, 1]
    assert [one["number"] for one in seen] == [1]
    newest = line[0]
    assert (newest["score"], newest["grade"]) == (report.score.total, report.score.grade)
    assert newest["coverage_permille"] == 1000 * newest["checked"] // newest["rules"]
    assert sum(one["rules"] for one in newest["dimensions"]) == newest["rules"]
    assert others.get(f"{path}?distribution=gone").status_code == 404
    assert others.get("/api/v1/datasets/gone/quality/history").status_code == 404
