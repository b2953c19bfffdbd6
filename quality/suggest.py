"""Rules that a table's own data suggests: candidates drawn from its profile, before any is checked.

A candidate is a rule like any other. The gate's engine then asks it of this version and of older
ones, and `is_worth_proposing` says whether the counts speak for it. Known pairs, such as fine and
coarse particles, are proposed although some rows break them: those rows are the finding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from quality.check import Column, Family, Kind, Scheme
from quality.outcome import RuleOutcome, Status
from quality.profile import ColumnProfile, Profile
from quality.rule import Rule
from quality.rule_format import COLUMNS_MAX, STEP_SECONDS_MAX, parse_rule

ProposalId = NewType("ProposalId", UUID)

ROWS_MIN = 20
CANDIDATES_MAX = 100
OLDER_VERSIONS_MAX = 3
LISTED_VALUES_MAX = 50
EMPTY_PERMILLE_MAX = 250
EVEN_PERMILLE_MIN = 950
VALID_PERMILLE_MIN = 950
REPEATED_PERMILLE_MAX = 10
FRESH_DAYS_MAX = 400
WAYS_MAX = 20
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
    Kind.CHECK_CHARACTER: 950,
    Kind.EVENLY_SPACED: 950,
    Kind.UNIQUE_TOGETHER: 980,
    Kind.NEWEST_WITHIN: 1000,
}
_NO_MEASURE = re.compile(
    r"code|(?:^|_)(?:id|no|year)$|Id$|代码|编码|编号|年份|年度|序号|^年$", re.I
)
"""Numbers that only name something, or that grow with time: their range says nothing."""
UNALIKE_PAIR_PERMILLE_MIN = 999
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
    schemes: Mapping[str, Scheme]
    """Per text column that holds identifiers: of which scheme."""
    steps: Mapping[str, int]
    """Per column of moments at even steps: the seconds from one to the next."""
    repeated_rows: int
    """Rows that are like an earlier one in every column."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule worth trying, and what is already known of it."""

    rule: Rule
    ways: tuple[tuple[str, int], ...] = ()
    """How the same thing is written in the column, each with its count; "" is an empty cell."""
    odd_count: int = 0
    """Rows written in another way than the rule asks: they are the finding, not against it."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How a candidate fares in one version."""

    version: int
    element_count: int
    unexpected_count: int
    repeated_count: int = 0
    """Of rows that must not repeat: how many are like an earlier one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule with what speaks for it."""

    rule: Rule
    evidence: Tried
    """In the version that it was drawn from."""
    older: tuple[Tried, ...]
    """In older versions, newest first: what it would have found there."""
    ways: tuple[tuple[str, int], ...] = ()
    """How the same thing is written in this version, where that is what the rule is about."""

    @property
    def key(self) -> str:
        """Tells proposals of a dataset apart whatever their bounds, so that no is no."""
        return f"{self.rule.check.kind.value}:{':'.join(self.rule.columns)}"


def candidates(profile: Profile, measured: Measured, *, at: datetime) -> list[Candidate]:
    """The rules worth trying, those about pairs first; none for a table of a few rows."""
    if profile.row_count < ROWS_MIN:
        return []
    drafts = [_Draft(_pair(upper, lower)) for upper, lower, _, _ in _worthy_pairs(measured)]
    drafts += _about_rows(profile, measured)
    for column in profile.columns:
        drafts += _about_one(column, profile.row_count, measured, at=at)
    return [
        Candidate(
            rule=parse_rule(draft.body, rule_id=f"proposal-{number}"),
            ways=draft.ways,
            odd_count=draft.odd_count,
        )
        for number, draft in enumerate(drafts[:CANDIDATES_MAX])
    ]


def is_worth_proposing(candidate: Candidate, outcome: RuleOutcome) -> bool:
    """Whether the counts speak for a candidate that was asked of the version it comes from."""
    if outcome.status not in (Status.PASSED, Status.FAILED) or not outcome.element_count:
        return False
    if outcome.rule.check.kind is Kind.NOT_NULL:
        return outcome.status is Status.PASSED
    least = _PASS_PERMILLE[outcome.rule.check.kind]
    broken = outcome.unexpected_count - candidate.odd_count
    return 1000 * (outcome.element_count - broken) >= least * outcome.element_count


def tried_of(version: int, outcome: RuleOutcome) -> Tried:
    """The counts of an outcome as evidence."""
    repeated = 0
    if outcome.rule.check.kind is Kind.UNIQUE_TOGETHER and outcome.observed:
        repeated = int(outcome.observed[0])
    return Tried(version, outcome.element_count, outcome.unexpected_count, repeated)


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
            _PASS_PERMILLE[Kind.PAIR_GREATER]
            if are_alike(upper, lower)
            else UNALIKE_PAIR_PERMILLE_MIN
        )
        if both >= ROWS_MIN and 1000 * (both - broken) >= least * both:
            worthy.append((upper, lower, both, broken))
    return sorted(worthy, key=lambda pair: not are_alike(pair[0], pair[1]))


def _pair(upper: str, lower: str) -> dict[str, object]:
    return {"expect": {"kind": "pair_greater"}, "columns": [upper, lower]}


@dataclass(frozen=True, slots=True)
class _Draft:
    body: dict[str, object]
    ways: tuple[tuple[str, int], ...] = ()
    odd_count: int = 0


def _about_rows(profile: Profile, measured: Measured) -> list[_Draft]:
    """No row twice, where a few are."""
    repeated = measured.repeated_rows
    names = [column.name for column in profile.columns]
    if not repeated or 1000 * repeated > REPEATED_PERMILLE_MAX * profile.row_count:
        return []
    if not 2 <= len(names) <= COLUMNS_MAX:
        return []
    return [_Draft({"expect": {"kind": "unique_together"}, "columns": names})]


def _about_one(
    column: ColumnProfile, rows: int, measured: Measured, *, at: datetime
) -> list[_Draft]:
    values = rows - column.null_count
    if not values:
        return []
    bodies = [_not_null(column, rows)]
    if _may_be_key(column, values):
        bodies.append({"expect": {"kind": "unique"}, "columns": [column.name]})
    else:
        bodies.append(_range(column, values))
    bodies += [_even_steps(column, measured), _freshness(column, at)]
    scheme = measured.schemes.get(column.name)
    listed = _listed(column, measured.values.get(column.name, ()), values)
    if scheme is not None:
        expect = {"kind": "check_character", "scheme": scheme.value}
        bodies.append({"expect": expect, "columns": [column.name]})
    elif not listed:
        bodies.append(_pattern(column, values, measured))
    drafts = [_Draft(body) for body in bodies if body is not None]
    return [*drafts, listed] if listed and scheme is None else drafts


def _even_steps(column: ColumnProfile, measured: Measured) -> dict[str, object] | None:
    seconds = measured.steps.get(column.name)
    if seconds is None or seconds > STEP_SECONDS_MAX:
        return None
    return {"expect": {"kind": "evenly_spaced", "seconds": seconds}, "columns": [column.name]}


def _freshness(column: ColumnProfile, at: datetime) -> dict[str, object] | None:
    """At most as old as now, with half as much again and a day to spare; history has no age."""
    if Column(column.name, column.type).family is not Family.TIME or column.maximum is None:
        return None
    try:
        newest = datetime.fromisoformat(column.maximum)
    except ValueError:
        return None
    age = at - (newest if newest.tzinfo else newest.replace(tzinfo=UTC))
    if not timedelta(0) <= age <= timedelta(days=FRESH_DAYS_MAX):
        return None
    days = -(-3 * age // timedelta(days=2)) + 1
    return {"expect": {"kind": "newest_within", "days": days}, "columns": [column.name]}


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


def _listed(column: ColumnProfile, counts: Sequence[tuple[str, int]], values: int) -> _Draft | None:
    """The values that make up 99.9 % of all, each in the way it is written most often.

    None where they are many, or not each of them is frequent.
    """
    groups: dict[str, list[tuple[str, int]]] = {}
    for value, count in counts:
        groups.setdefault(_sense(column.name, value), []).append((value, count))
    listed: list[str] = []
    covered = odd = 0
    ways: list[tuple[str, int]] = []
    for sense, group in sorted(groups.items(), key=lambda one: -sum(n for _, n in one[1])):
        if 1000 * covered >= 999 * values:
            break
        listed.append(group[0][0])
        covered += sum(count for _, count in group)
        odd += sum(count for _, count in group[1:])
        if len(group) > 1:
            ways += group
            if sense == _FREE and column.null_count:
                ways.append(("", column.null_count))
    is_few = len(listed) <= LISTED_VALUES_MAX and values >= 10 * len(listed)
    if not is_few or 1000 * covered < 999 * values:
        return None
    body: dict[str, object] = {
        "expect": {"kind": "in_set", "values": list(listed)},
        "columns": [column.name],
    }
    return _Draft(body, tuple(ways[:WAYS_MAX]), odd)


_FREE = "free of charge"
_FREE_WORDS = frozenset({"免費", "免费", "無", "无", "無償", "无偿", "0", "free", "none"})
_ABOUT_MONEY = re.compile(r"費|费|价|價|fee|price|charge|cost", re.IGNORECASE)


def _sense(column: str, value: str) -> str:
    """What a value stands for, however wide, large or padded it is written."""
    sense = " ".join(unicodedata.normalize("NFKC", value).split()).casefold()
    return _FREE if sense in _FREE_WORDS and _ABOUT_MONEY.search(column) else sense


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
