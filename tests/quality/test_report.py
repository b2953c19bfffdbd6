"""Reports: verdicts, sentences, masked examples."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.version import Verdict
from quality.check import Kind
from quality.outcome import Cell, ExampleRow, Reason, RuleOutcome, Status, SuiteOutcome
from quality.report import mask, report_as_json, report_from_json, report_of, verdict_of
from quality.rule import Rule
from quality.rule_format import parse_rule

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)

EXPECTS: dict[Kind, dict[str, object]] = {
    Kind.ROW_COUNT_BETWEEN: {"at_least": 1, "at_most": 5},
    Kind.COLUMN_NAMES_AVOID: {"pattern": "x"},
    Kind.TYPE_IS: {"family": "number"},
    Kind.IN_SET: {"values": ["a", "b"]},
    Kind.NOT_IN_SET: {"values": ["a", "b"]},
    Kind.BETWEEN: {"at_least": 0.5},
    Kind.REGEX: {"pattern": "^x$"},
    Kind.LENGTH_BETWEEN: {"at_most": 5},
    Kind.CHECK_CHARACTER: {"scheme": "plate"},
    Kind.EVENLY_SPACED: {"seconds": 900},
    Kind.NEWEST_WITHIN: {"days": 3},
    Kind.IN_OTHER_TABLE: {"table": "other", "column": "n"},
    Kind.SAME_TOTAL: {"table": "other", "column": "n", "by": ["street"]},
    Kind.STEADY: {"aspect": "keys"},
}
COLUMNS: dict[Kind, list[str]] = {
    Kind.ROW_COUNT_BETWEEN: [],
    Kind.COLUMN_NAMES_AVOID: [],
    Kind.PAIR_GREATER: ["PM10", "PM2.5"],
    Kind.UNIQUE_TOGETHER: ["a", "b"],
    Kind.STEADY: [],
}


def rule(kind: Kind = Kind.NOT_NULL, **more: object) -> Rule:
    expect = {"kind": kind.value, **EXPECTS.get(kind, {})}
    columns = COLUMNS.get(kind, ["PM2.5"])
    return parse_rule({"id": "r", "expect": expect, "columns": columns, **more})


def suite(*outcomes: RuleOutcome) -> SuiteOutcome:
    return SuiteOutcome(outcomes, 35064, "a" * 64, "[]", "b" * 64, "engine 1")


def test_the_sentence_says_how_many_rows_of_how_many() -> None:
    outcome = RuleOutcome(rule(), Status.FAILED, 35064, 14)

    (finding,) = report_of(suite(outcome), started_at=AT, finished_at=AT).findings

    assert finding.sentence.en == "14 of 35,064 rows have an empty “PM2.5”."
    assert finding.sentence.zh == "35,064 行中有 14 行的“PM2.5”为空。"


def test_the_sentence_says_what_share_is_allowed() -> None:
    outcome = RuleOutcome(rule(mostly_permille=995), Status.FAILED, 1000, 14)

    (finding,) = report_of(suite(outcome), started_at=AT, finished_at=AT).findings

    assert finding.sentence.en == "14 of 1,000 rows have an empty “PM2.5”; 0.5% are allowed."


@pytest.mark.parametrize("kind", Kind)
def test_every_check_has_its_sentence_in_both_languages(kind: Kind) -> None:
    is_number = kind in (Kind.ROW_COUNT_BETWEEN, Kind.UNIQUE_TOGETHER)
    observed: tuple[str, ...] = ("0",) if is_number else ("VARCHAR",)
    if kind is Kind.STEADY:
        observed = ("少了。", "Fewer.")
    outcome = RuleOutcome(rule(kind), Status.FAILED, 10, 3, observed)

    (finding,) = report_of(suite(outcome), started_at=AT, finished_at=AT).findings

    assert finding.sentence.zh.endswith("。")
    assert finding.sentence.en.endswith(".")
    assert finding.title.zh
    assert finding.title.en
    if kind.is_counted:
        assert "3" in finding.sentence.zh
        rows = "steps" if kind is Kind.EVENLY_SPACED else "rows"
        assert f"3 of 10 {rows}" in finding.sentence.en


@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.REJECTED_EARLY])
def test_a_rule_that_could_not_be_asked_says_why(reason: Reason) -> None:
    outcome = RuleOutcome(rule(), Status.ERROR, reason=reason)

    (finding,) = report_of(suite(outcome), started_at=AT, finished_at=AT).findings

    assert finding.sentence.zh.startswith("未能检查")
    assert finding.sentence.en.startswith("Could not be checked")


@pytest.mark.parametrize(
    ("status", "gate", "verdict"),
    [
        (Status.PASSED, "block", Verdict.PASSED),
        (Status.FAILED, "warn", Verdict.PASSED_WITH_WARNINGS),
        (Status.FAILED, "block", Verdict.BLOCKED),
        (Status.ERROR, "warn", Verdict.PASSED_WITH_WARNINGS),
        (Status.ERROR, "block", Verdict.BLOCKED),
        (Status.NOT_CHECKED, "block", Verdict.PASSED),
    ],
)
def test_the_verdict_follows_the_gate_of_the_rule(
    status: Status, gate: str, verdict: Verdict
) -> None:
    reason = Reason.ENGINE if status is Status.ERROR else None
    asked = RuleOutcome(rule(gate=gate), status, 1, 0, reason=reason)
    seen = RuleOutcome(rule(), Status.PASSED, 1, 0)

    assert verdict_of([asked, seen]) is verdict


def test_what_nobody_looked_at_does_not_pass() -> None:
    assert verdict_of([]) is Verdict.BLOCKED
    assert verdict_of([RuleOutcome(rule(), Status.NOT_CHECKED)]) is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (None, None),
        (True, "true"),
        (284.0, "284"),
        (-12.5, "-12.5"),
        (110101, "110101"),
        (13800138000, "1•••••••••0"),
        ("13800138000", "1•••••••••0"),
        ("110101199003077774", "1••••••••••••4"),
        ("张三", "张•"),
        ("欧阳修", "欧•修"),
        ("x", "•"),
        ("", ""),
        ("2013-03-01 05:00:00", "2013-••-••"),
        ("2013-03-01", "2013-••-••"),
    ],
)
def test_a_cell_is_masked(value: Cell, masked: str | None) -> None:
    assert mask(value, is_sensitive=False) == masked


@given(st.text(min_size=3))
def test_no_inner_character_of_a_text_is_shown(text: str) -> None:
    shown = mask(text, is_sensitive=False)

    assert shown is not None
    assert set(shown[1:-1]) <= {"•"} or shown == f"{text[:4]}-••-••"


@given(st.integers(10**6) | st.text(min_size=1) | st.booleans() | st.floats())
def test_of_a_sensitive_column_nothing_is_shown_but_that_there_is_a_value(value: Cell) -> None:
    assert mask(value, is_sensitive=True) == "•••"


def test_no_raw_example_reaches_the_report() -> None:
    row = ExampleRow(7, (("name", "13912345678"), ("PM2.5", None), ("id", 5)))
    outcome = RuleOutcome(rule(), Status.FAILED, 10, 1, examples=(row,))

    report = report_of(
        suite(outcome), started_at=AT, finished_at=AT, sensitive_columns=frozenset({"id"})
    )

    assert report.findings[0].examples[0].cells == (
        ("name", "1•••••••••8"),
        ("PM2.5", None),
        ("id", "•••"),
    )
    assert "13912345678" not in json.dumps(report_as_json(report))


def test_a_report_reads_back_as_it_was_written() -> None:
    report = report_of(
        suite(
            RuleOutcome(rule(), Status.PASSED, 10, 0),
            RuleOutcome(
                rule(Kind.PAIR_GREATER), Status.FAILED, 10, 3,
                examples=(ExampleRow(None, (("PM10", 1.5),)),),
            ),
            RuleOutcome(rule(Kind.UNIQUE, gate="block"), Status.ERROR, reason=Reason.ENGINE),
        ),
        started_at=AT,
        finished_at=AT,
    )  # fmt: skip

    assert report_from_json(json.loads(json.dumps(report_as_json(report)))) == report
    assert [finding.status for finding in report.findings] == ["error", "failed", "passed"]
    assert len(report.failures) == 2
