"""The report of a version on its page and for programs: whole, and no more than the reader sees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from psycopg.types.json import Jsonb

from catalog.version import Verdict
from catalog.view import View
from exchange.list_product import Proposal
from policies.terms import Regime, Text
from quality.dimension import Dimension
from quality.outcome import Status
from quality.report import Finding, MaskedRow, Report, report_as_json
from quality.rule import Gate, Severity
from quality.score import DimensionScore, Score, ScoreGrade
from tests.exchange.city import LAWFUL, City, entry
from tests.portal.pages.conftest import REPORT, OpenBrowser

PAGE = "/dataset/stops/versions/1/report"
API = "/api/v1/datasets/stops/distributions/data/versions/1/report"


def finding(column: str, status: Status, *, broken: int = 0) -> Finding:
    failed = status is Status.FAILED
    return Finding(
        rule_id=f"rule.{column}",
        columns=(column,),
        title=Text(f"{column}有值", f"{column} has a value"),
        explanation=Text(),
        dimension=Dimension.COMPLETENESS,
        clause="GB/T 36344-2018, 0201",
        severity=Severity.WARNING,
        gate=Gate.WARN,
        status=status,
        element_count=40,
        unexpected_count=broken,
        unexpected_permille=25 * broken,
        sentence=Text(f"{column}有空值", f"{column} has gaps") if failed else Text(),
        fix=Text("补齐", f"Fill {column}") if failed else Text(),
        examples=(MaskedRow(7, ((column, f"seven-{column}"),)),) if failed else (),
    )


def dimensions(*scores: int | None) -> tuple[DimensionScore, ...]:
    given = (*scores, *(None,) * len(Dimension))
    return tuple(
        DimensionScore(one, score, 0 if score is None else 1, 0 if score is None else 2)
        for one, score in zip(Dimension, given, strict=False)
    )


CHECKED = replace(
    REPORT,
    verdict=Verdict.PASSED_WITH_WARNINGS,
    score=Score(88, ScoreGrade.B, dimensions(88), checked=3, rules=5),
    findings=(
        finding("id", Status.FAILED, broken=1),
        finding("name", Status.FAILED, broken=2),
        finding("line", Status.PASSED),
    ),
)
UNRATED = replace(REPORT, score=Score(None, None, dimensions(), checked=0, rules=5))


def keep(city: City, report: Report) -> None:
    with city.pool.connection() as tx:
        tx.execute("UPDATE quality.reports SET body = %s", (Jsonb(report_as_json(report)),))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("What to do", "Fill id", "3 of 5 rules asked", "seven-id", "Not rated")),
        ("zh", ("怎么办", "补齐", "5条规则已检查3条", "seven-id", "未评分")),
    ],
)
def test_a_report_is_whole_on_one_page(
    city: City, browser_of: OpenBrowser, language: str, words: tuple[str, ...]
) -> None:
    city.open_stops()
    visitor = browser_of()
    keep(city, CHECKED)

    page = visitor.page(f"{PAGE}?lang={language}")
    for told in (*words, "GB/T 36344-2018, 0201", CHECKED.gx_result_sha256):
        assert told in page
    assert "are left out; the score counts them" not in page
    assert "其规则未列出" not in page
    said = visitor.get(f"{PAGE}.json").json()
    assert (said["score"]["total"], said["version"], len(said["findings"])) == (88, 1, 3)
    assert visitor.get("/dataset/stops/versions/2/report").status_code == 404
    assert visitor.get("/dataset/stops/versions/2/report.json").status_code == 404


def test_what_was_not_checked_is_not_rated(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()
    keep(city, UNRATED)

    for path in (PAGE, "/dataset/stops/quality"):
        page = visitor.page(f"{path}?lang=en")
        assert "Not rated" in page
        assert "0 of 5 rules asked" in page


def test_what_a_reader_may_not_see_is_in_no_report(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    proposal = Proposal(Regime.OPEN, view=View(columns=("id",)), declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)
    reader, publisher = browser_of(), browser_of(city.publisher)
    keep(city, CHECKED)

    for path in (PAGE, f"{PAGE}.json", API, "/dataset/stops/quality"):
        told = reader.get(path, headers={"Accept-Language": "en"}).text
        assert "seven-id" in told
        assert ("are left out; the score counts them" in told) == (path == PAGE)
        assert "seven-name" not in told
        assert "name has gaps" not in told
        assert "line has a value" not in told
        assert "seven-name" in publisher.get(path, headers={"Accept-Language": "en"}).text


def test_values_of_what_costs_are_in_no_report(city: City, browser_of: OpenBrowser) -> None:
    city.sold_stops("stops")
    reader = browser_of()
    keep(city, CHECKED)

    for path in (PAGE, f"{PAGE}.json", API):
        told = reader.get(path, headers={"Accept-Language": "en"}).text
        assert "id has gaps" in told
        assert "seven-id" not in told
