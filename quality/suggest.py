"""Rules that a table's own data suggests: candidates drawn from its profile, before any is checked.

A candidate is a rule like any other. The gate's engine then asks it of this version and of older
ones, and `is_worth_proposing` says whether the counts speak for it. Known pairs, such as fine and
coarse particles, are proposed although some rows break them: those rows are the finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from quality.check import Column, Family, Kind
from quality.outcome import RuleOutcome, Status
from quality.profile import ColumnProfile, Profile
from quality.rule import Rule
from quality.rule_format import parse_rule

ProposalId = NewType("ProposalId", UUID)

ROWS_MIN = 20
CANDIDATES_MAX = 100
OLDER_VERSIONS_MAX = 3
LISTED_VALUES_MAX = 50
EMPTY_PERMILLE_MAX = 50
PAIRED_COLUMNS_MAX = 20
WHOLE_STEPS_MAX = 400
SHAPE_CHARACTERS_MAX = 40

_PASS_PERMILLE = {
    Kind.NOT_NULL: 1000,
    Kind.UNIQUE: 1000,
    Kind.BETWEEN: 1000,
    Kind.IN_SET: 999,
    Kind.REGEX: 990,
    Kind.PAIR_GREATER: 900,
}
_NO_MEASURE = re.compile(
    r"code|(?:^|_)(?:id|no|year)$|Id$|代码|编码|编号|年份|年度|序号|^年$", re.I
)
"""Numbers that only name something, or that grow with time: their range says nothing."""
_UNALIKE_PAIR_PERMILLE = 999
"""What a pair must reach that nothing but the data speaks for."""


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the profile does not tell and candidates need."""

    values: Mapping[str, tuple[tuple[str, int], ...]]
    """Per text column of few values: each with its count, the most frequent first."""
    shapes: Mapping[str, tuple[str, int]]
    """Per text column: its most frequent shape (9 for a digit, A for a letter) and its count."""
    pairs: tuple[tuple[str, str, int, int], ...]
    """Upper column, lower column, rows that have both, rows that break it."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How a candidate fares in one version."""

    version: int
    element_count: int
    unexpected_count: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule with what speaks for it."""

    rule: Rule
    evidence: Tried
    """In the version that it was drawn from."""
    older: tuple[Tried, ...]
    """In older versions, newest first: what it would have found there."""

    @property
    def key(self) -> str:
        """Tells proposals of a dataset apart whatever their bounds, so that no is no."""
        return f"{self.rule.check.kind.value}:{':'.join(self.rule.columns)}"


def candidates(profile: Profile, measured: Measured) -> list[Rule]:
    """The rules worth trying, those about pairs first; none for a table of a few rows."""
    if profile.row_count < ROWS_MIN:
        return []
    bodies = [_pair(upper, lower) for upper, lower, _, _ in _worthy_pairs(measured)]
    for column in profile.columns:
        bodies += _about_one(column, profile.row_count, measured)
    return [
        parse_rule(body, rule_id=f"proposal-{number}")
        for number, body in enumerate(bodies[:CANDIDATES_MAX])
    ]


def is_worth_proposing(outcome: RuleOutcome) -> bool:
    """Whether the counts speak for a candidate that was asked of the version it comes from."""
    if outcome.status not in (Status.PASSED, Status.FAILED) or not outcome.element_count:
        return False
    if outcome.rule.check.kind is Kind.NOT_NULL:
        return outcome.status is Status.PASSED
    least = _PASS_PERMILLE[outcome.rule.check.kind]
    return 1000 - outcome.unexpected_permille >= least


def are_alike(upper: str, lower: str) -> bool:
    """Whether the names of two columns say that the first is never below the second."""
    for high, low in _KNOWN_PAIRS:
        if re.fullmatch(high, upper, re.IGNORECASE) and re.fullmatch(low, lower, re.IGNORECASE):
            return True
    for high, low in _PAIRED_WORDS:
        if high in upper.lower() and upper.lower().replace(high, low) == lower.lower():
            return True
    return False


_KNOWN_PAIRS = (
    (r"pm_?10.*|可吸入颗粒物.*", r"pm_?2[._]?5.*|细颗粒物.*"),
    (r"temp(?:erature)?|气温", r"dewp|dew_?point|露点(?:温度)?"),
)
_PAIRED_WORDS = (
    *(("max", "min"), ("最高", "最低"), ("最大", "最小"), ("upper", "lower"), ("high", "low")),
    *(("end", "start"), ("end", "begin"), ("结束", "开始"), ("截止", "起始"), ("总", "剩余")),
    *(("total", "free"), ("total", "available")),
)


def _worthy_pairs(measured: Measured) -> list[tuple[str, str, int, int]]:
    worthy = []
    for upper, lower, both, broken in measured.pairs:
        least = (
            _PASS_PERMILLE[Kind.PAIR_GREATER] if are_alike(upper, lower) else _UNALIKE_PAIR_PERMILLE
        )
        if both >= ROWS_MIN and 1000 * (both - broken) >= least * both:
            worthy.append((upper, lower, both, broken))
    return sorted(worthy, key=lambda pair: not are_alike(pair[0], pair[1]))


def _pair(upper: str, lower: str) -> dict[str, object]:
    return {"expect": {"kind": "pair_greater"}, "columns": [upper, lower]}


def _about_one(column: ColumnProfile, rows: int, measured: Measured) -> list[dict[str, object]]:
    values = rows - column.null_count
    if not values:
        return []
    made = [_not_null(column, rows)]
    if _may_be_key(column, values):
        made.append({"expect": {"kind": "unique"}, "columns": [column.name]})
    else:
        made.append(_range(column, values))
    listed = _listed(measured.values.get(column.name, ()), values)
    made.append(_code_list(column, listed) if listed else _pattern(column, values, measured))
    return [body for body in made if body is not None]


def _not_null(column: ColumnProfile, rows: int) -> dict[str, object] | None:
    """Never empty, or empty in no larger a share than now, with half as much again to spare."""
    body: dict[str, object] = {"expect": {"kind": "not_null"}, "columns": [column.name]}
    empty = -(-1000 * column.null_count // rows)
    if empty > EMPTY_PERMILLE_MAX:
        return None
    if column.null_count:
        body["mostly_permille"] = 1000 - -(-3 * empty // 2)
    return body


def _may_be_key(column: ColumnProfile, values: int) -> bool:
    """Estimated counts are a few percent off; the engine counts exactly afterwards."""
    is_whole = column.type in ("VARCHAR", "BIGINT", "INTEGER", "DATE", "TIMESTAMP")
    return is_whole and values >= ROWS_MIN and 100 * column.distinct_count >= 95 * values


def _range(column: ColumnProfile, values: int) -> dict[str, object] | None:
    if Column(column.name, column.type).family is not Family.NUMBER or column.minimum is None:
        return None
    if _NO_MEASURE.search(column.name):
        return None
    assert column.maximum is not None, "a column with a lowest value has a highest one"
    low, high = Decimal(column.minimum), Decimal(column.maximum)
    if low == high or not (low.is_finite() and high.is_finite()):
        return None
    steps = high - low + 1
    is_scale = "INT" in column.type and steps <= WHOLE_STEPS_MAX
    if not (is_scale and 20 * column.distinct_count >= 19 * steps and values >= 5 * steps):
        spare = (high - low) / 5
        low = Decimal(0) if 0 <= low < spare else _rounded(low - spare, ROUND_FLOOR)
        high = _rounded(high + spare, ROUND_CEILING)
    bounds = {"at_least": _plain(low), "at_most": _plain(high)}
    return {"expect": {"kind": "between", **bounds}, "columns": [column.name]}


def _rounded(value: Decimal, way: str) -> Decimal:
    """To two significant digits, away from the data."""
    if not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - 1), rounding=way)


def _plain(value: Decimal) -> object:
    return int(value) if value == value.to_integral_value() else {"decimal": f"{value:f}"}


def _listed(counts: Sequence[tuple[str, int]], values: int) -> list[str]:
    """The values that make up 99.9 % of all, if they are few and each of them is frequent."""
    listed: list[str] = []
    covered = 0
    for value, count in counts:
        if 1000 * covered >= 999 * values:
            break
        listed.append(value)
        covered += count
    is_few = len(listed) <= LISTED_VALUES_MAX and values >= 10 * len(listed)
    return listed if is_few and 1000 * covered >= 999 * values else []


def _code_list(column: ColumnProfile, listed: list[str]) -> dict[str, object]:
    return {"expect": {"kind": "in_set", "values": list(listed)}, "columns": [column.name]}


def _pattern(column: ColumnProfile, values: int, measured: Measured) -> dict[str, object] | None:
    shape, count = measured.shapes.get(column.name, ("", 0))
    if not shape or 100 * count < 99 * values or not re.search("[9A]", shape):
        return None
    pattern = ""
    for run in re.finditer(r"9+|A+|.", shape):
        text = run.group()
        digits = {"9": "[0-9]", "A": "[A-Za-z]"}.get(text[0], _literal(text[0]))
        pattern += digits + (f"{{{len(text)}}}" if len(text) > 1 else "")
    return {"expect": {"kind": "regex", "pattern": f"^{pattern}$"}, "columns": [column.name]}


def _literal(character: str) -> str:
    return f"\\{character}" if character in r".^$*+?{}[]\|()" else character
